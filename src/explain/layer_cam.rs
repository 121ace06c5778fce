//! LayerCAM (Jiang et al. 2021).

use candle_core::Tensor;

use super::cam_map::CamMap;
use super::gradient::{Gradient, gradient};
use crate::error::Result;

/// `ReLU(Σ_c ReLU(g_c) · A_c)`, cell by cell, with `g = ∂ score / ∂ A` (eq. 4 and 5): each activation by its own gradient, if that
/// is above 0. Made for earlier layers, whose maps are finer. `feature_map` A is (1, C, rows, cols); `score` takes it to the
/// target's score (1).
///
/// # Errors
/// A cell is NaN or infinite.
pub fn layer_cam(feature_map: &Tensor, score: impl Fn(&Tensor) -> Result<Tensor>) -> Result<CamMap> {
    let Gradient { activations, gradient } = gradient(feature_map, score)?;
    CamMap::of_tensor(&(activations * gradient.relu()?)?.sum(1)?.squeeze(0)?)
}

#[cfg(test)]
mod tests {
    use candle_core::Device;

    use super::*;

    #[test]
    fn what_speaks_against_takes_nothing_away() {
        // The second channel speaks against; where both are active, the first still counts whole.
        let map = Tensor::new(&[[[[2f32, 0.]], [[5., 1.]]]], &Device::Cpu).unwrap();
        let first_minus_second = |map: &Tensor| {
            let (first, second) = (map.narrow(1, 0, 1)?.sum((1, 2, 3))?, map.narrow(1, 1, 1)?.sum((1, 2, 3))?);
            Ok((first - second)?)
        };
        let cam = layer_cam(&map, first_minus_second).unwrap();
        assert_eq!((cam.values, cam.peak), (vec![1., 0.], 2.));
        let against = |map: &Tensor| Ok(map.sum((1, 2, 3))?.neg()?);
        assert_eq!(layer_cam(&map, against).unwrap(), CamMap::empty(1, 2));
    }
}
