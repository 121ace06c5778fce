//! GradCAM (Selvaraju et al. 2017).

use candle_core::Tensor;

use super::cam_map::CamMap;
use super::gradient::{Gradient, gradient};
use crate::error::Result;

/// `ReLU(Σ_c α_c A_c)` with `α_c` the mean over cells of `∂ score / ∂ A_c` (eq. 1 and 2), divided by its largest value.
/// `feature_map` A is (1, C, rows, cols); `score` takes it to the target's score (1).
///
/// # Errors
/// A cell is NaN or infinite.
pub fn grad_cam(feature_map: &Tensor, score: impl Fn(&Tensor) -> Result<Tensor>) -> Result<CamMap> {
    let Gradient { activations, gradient } = gradient(feature_map, score)?;
    let alpha = gradient.mean_keepdim((2, 3))?;
    CamMap::of_tensor(&activations.broadcast_mul(&alpha)?.sum(1)?.squeeze(0)?)
}

#[cfg(test)]
mod tests {
    use candle_core::Device;

    use super::*;

    #[test]
    fn a_gradient_that_is_not_finite_gives_no_map() {
        let map = Tensor::new(&[[[[1f32, 2.], [3., 4.]]]], &Device::Cpu).unwrap();
        let of = |factor: f64| grad_cam(&map, |map| Ok(map.mean((2, 3))?.affine(factor, 0.)?.squeeze(1)?));
        assert_eq!(of(2.).unwrap().values, [0.25, 0.5, 0.75, 1.]);
        for factor in [f64::NAN, f64::INFINITY] {
            assert!(of(factor).unwrap_err().to_string().contains("heatmaps that are not finite"));
        }
    }

    #[test]
    fn the_peak_is_in_logits_per_cell() {
        // The score is twice the mean of the cells: the gradient of each of the four is a half.
        let map = Tensor::new(&[[[[1f32, 2.], [3., 4.]]]], &Device::Cpu).unwrap();
        let cam = grad_cam(&map, |map| Ok(map.mean((2, 3))?.affine(2., 0.)?.squeeze(1)?)).unwrap();
        assert_eq!(cam.peak, 2.);
    }
}
