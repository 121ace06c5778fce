//! GradCAM (Selvaraju et al. 2017) at the last feature map.

use candle_core::{Tensor, Var};

use super::cam_map::CamMap;
use crate::error::Result;

/// `ReLU(Σ_c α_c A_c)` with `α_c` the mean over cells of `∂ logit[target] / ∂ A_c` (eq. 1 and 2), divided by its
/// largest value. `feature_map` A is (1, C, rows, cols); `tail` takes it to logits (1, n_classes). Only the tail runs
/// again: attention pool and head.
///
/// # Errors
/// A cell is NaN or infinite.
pub fn grad_cam(feature_map: &Tensor, tail: impl Fn(&Tensor) -> Result<Tensor>, target: usize) -> Result<CamMap> {
    let (_, _, rows, cols) = feature_map.dims4()?;
    let activations = Var::from_tensor(&feature_map.detach())?;
    let gradients = tail(&activations)?.get(0)?.get(target)?.backward()?;
    let Some(gradient) = gradients.get(&activations) else {
        // Nothing in the tail depends on the map, so no cell counts.
        return Ok(CamMap::empty(rows, cols));
    };
    let alpha = gradient.mean_keepdim((2, 3))?;
    let cam = activations.as_detached_tensor().broadcast_mul(&alpha)?.sum(1)?;
    CamMap::of_evidence(rows, cols, cam.flatten_all()?.to_vec1()?)
}

#[cfg(test)]
mod tests {
    use candle_core::Device;

    use super::*;

    #[test]
    fn a_gradient_that_is_not_finite_gives_no_map() {
        let map = Tensor::new(&[[[[1f32, 2.], [3., 4.]]]], &Device::Cpu).unwrap();
        let of = |factor: f64| grad_cam(&map, |map| Ok(map.mean((2, 3))?.affine(factor, 0.)?.broadcast_as((1, 1))?), 0);
        assert_eq!(of(2.).unwrap().values, [0.25, 0.5, 0.75, 1.]);
        for factor in [f64::NAN, f64::INFINITY] {
            assert!(of(factor).unwrap_err().to_string().contains("heatmaps that are not finite"));
        }
    }
}
