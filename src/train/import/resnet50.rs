//! torchvision's ResNet-50 (He et al. 2016), as weights for a baseline: which tensors it has, and reading them.

use std::collections::HashMap;
use std::path::Path;

use candle_core::Tensor;

use super::shapes::{Shapes, compare, shapes_of};
use super::state_dict::{StateDict, refused};
use crate::error::Result;
use crate::resnet::{ResNet, ResNetConfig};

/// Every tensor of the backbone under torchvision's names, in its shape; without the classifier `fc`.
///
/// # Errors
/// A tensor operation fails.
pub fn shapes() -> Result<Shapes> {
    shapes_of(|vb| ResNet::new(&ResNetConfig::resnet50(), vb).map(drop))
}

/// Reads the backbone from torchvision's state dict (`resnet50-….pth`) or the same as safetensors: 32-bit floats on the
/// CPU, under torchvision's names. The classifier `fc` is for ImageNet's classes and is left out.
///
/// # Errors
/// The file is damaged or hostile, or tensors are missing, unknown or of another shape: all are named in one line.
pub fn read(path: &Path) -> Result<HashMap<String, Tensor>> {
    let read = || {
        let mut state_dict = StateDict::open(path)?;
        let expected = shapes()?;
        compare(&state_dict.shapes(), &expected, |name| name.starts_with("fc."))?;
        state_dict.floats(&expected)
    };
    read().map_err(|e| refused(path, e))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_has_as_many_parameters_as_torchvisions() {
        let n: usize = shapes()
            .unwrap()
            .iter()
            .filter(|(name, _)| !name.contains("running_"))
            .map(|(_, s)| s.iter().product::<usize>())
            .sum();
        // 25,557,032 with the classifier, which has 2048 · 1000 + 1000.
        assert_eq!(n, 25_557_032 - 2_049_000);
    }
}
