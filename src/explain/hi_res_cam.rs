//! HiResCAM (Draelos & Carin 2020).

use candle_core::Tensor;

use super::cam_map::CamMap;
use super::gradient::{Gradient, gradient};
use crate::error::Result;

/// `ReLU(Σ_c g_c · A_c)`, cell by cell, with `g = ∂ score / ∂ A`: gradients are not averaged over cells as in GradCAM, so a cell
/// counts only by what it changes itself. `feature_map` A is (1, C, rows, cols); `score` takes it to the target's score (1).
///
/// # Errors
/// A cell is NaN or infinite.
pub fn hi_res_cam(feature_map: &Tensor, score: impl Fn(&Tensor) -> Result<Tensor>) -> Result<CamMap> {
    let Gradient { activations, gradient } = gradient(feature_map, score)?;
    CamMap::of_tensor(&(activations * gradient)?.sum(1)?.squeeze(0)?)
}

#[cfg(test)]
mod tests {
    use candle_core::Device;

    use super::*;

    #[test]
    fn a_cell_counts_by_its_own_gradient_only() {
        // Only the last cell has a gradient; GradCAM would spread it over all cells.
        let map = Tensor::new(&[[[[4f32, 2.], [3., 1.]]]], &Device::Cpu).unwrap();
        let last = |sign: f64| move |map: &Tensor| Ok((map.narrow(2, 1, 1)?.narrow(3, 1, 1)?.sum((1, 2, 3))? * sign)?);
        let cam = hi_res_cam(&map, last(3.)).unwrap();
        assert_eq!((cam.values, cam.peak), (vec![0., 0., 0., 1.], 3.));
        assert_eq!(hi_res_cam(&map, last(-3.)).unwrap(), CamMap::empty(2, 2));
    }
}
