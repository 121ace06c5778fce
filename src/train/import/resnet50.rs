//! torchvision's ResNet-50 (He et al. 2016), as weights for a baseline: which tensors it has, and reading them.
//! Knows no layer.

use std::collections::HashMap;
use std::path::Path;

use candle_core::Tensor;

use super::shapes::{Shapes, compare};
use super::state_dict::{StateDict, refused};
use crate::error::Result;
use crate::nn::conv::EXPANSION;
use crate::resnet::ResNetConfig;

/// Every tensor of the backbone under torchvision's names, in its shape; without the classifier `fc`.
pub fn shapes() -> Shapes {
    let ResNetConfig { layers, width } = ResNetConfig::resnet50();
    let mut shapes = Shapes::new();
    let mut conv_bn = |conv: String, bn: String, c_in: usize, c_out: usize, kernel: usize| {
        shapes.insert(format!("{conv}.weight"), vec![c_out, c_in, kernel, kernel]);
        for part in ["weight", "bias", "running_mean", "running_var"] {
            shapes.insert(format!("{bn}.{part}"), vec![c_out]);
        }
    };
    conv_bn("conv1".into(), "bn1".into(), 3, width, 7);
    let mut c_in = width;
    for (i, n_blocks) in layers.into_iter().enumerate() {
        let planes = width << i;
        let c_out = planes * EXPANSION;
        for block in 0..n_blocks {
            let at = format!("layer{}.{block}", i + 1);
            conv_bn(format!("{at}.conv1"), format!("{at}.bn1"), c_in, planes, 1);
            conv_bn(format!("{at}.conv2"), format!("{at}.bn2"), planes, planes, 3);
            conv_bn(format!("{at}.conv3"), format!("{at}.bn3"), planes, c_out, 1);
            if block == 0 {
                conv_bn(format!("{at}.downsample.0"), format!("{at}.downsample.1"), c_in, c_out, 1);
            }
            c_in = c_out;
        }
    }
    shapes
}

/// Reads the backbone from torchvision's state dict (`resnet50-….pth`) or the same as safetensors: 32-bit floats on the
/// CPU, under torchvision's names. The classifier `fc` is for ImageNet's classes and is left out.
///
/// # Errors
/// The file is damaged or hostile, or tensors are missing, unknown or of another shape: all are named in one line.
pub fn read(path: &Path) -> Result<HashMap<String, Tensor>> {
    let read = || {
        let mut state_dict = StateDict::open(path)?;
        let expected = shapes();
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
            .iter()
            .filter(|(name, _)| !name.contains("running_"))
            .map(|(_, s)| s.iter().product::<usize>())
            .sum();
        // 25,557,032 with the classifier, which has 2048 · 1000 + 1000.
        assert_eq!(n, 25_557_032 - 2_049_000);
    }
}
