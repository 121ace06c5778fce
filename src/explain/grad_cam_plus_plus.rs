//! GradCAM++ (Chattopadhay et al. 2018).

use candle_core::Tensor;

use super::cam_map::CamMap;
use super::gradient::{Gradient, gradient};
use crate::error::Result;

/// Keeps weights finite where gradients are tiny: pytorch-grad-cam's, so that both weigh alike.
const EPS: f32 = 1e-6;

/// `ReLU(Σ_c w_c A_c)` with `w_c = Σ_cells a ReLU(g)`, g the gradient and `a = g² / (2 g² + g³ Σ_cells A_c)` (eq. 11 and 19):
/// cells count by how steep the score is there, so that several small places weigh like one large one. `feature_map` A is
/// (1, C, rows, cols); `score` takes it to the target's score (1).
///
/// # Errors
/// A cell is NaN or infinite.
pub fn grad_cam_plus_plus(feature_map: &Tensor, score: impl Fn(&Tensor) -> Result<Tensor>) -> Result<CamMap> {
    let Gradient { activations, gradient } = gradient(feature_map, score)?;
    let (_, channels, rows, cols) = activations.dims4()?;
    let flat = |t: &Tensor| t.reshape((channels, rows * cols))?.to_vec2::<f32>();
    let weights: Vec<f32> = flat(&gradient)?
        .iter()
        .zip(flat(&activations)?)
        .map(|(gradient, activations)| weight(gradient, activations.iter().sum()))
        .collect();
    let weights = Tensor::from_vec(weights, (1, channels, 1, 1), activations.device())?;
    CamMap::of_tensor(&activations.broadcast_mul(&weights)?.sum(1)?.squeeze(0)?)
}

/// The weight of a channel whose activations sum to `total`. Where the gradient is not above 0, a cell adds nothing, whatever
/// the fraction before it.
fn weight(gradient: &[f32], total: f32) -> f32 {
    // NaN is kept, so that the map is refused.
    let counted = gradient.iter().filter(|g| **g > 0. || g.is_nan());
    counted.map(|g| g * g / (2. * g * g + total * g * g * g + EPS) * g).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_with_a_negative_gradient_adds_nothing() {
        let expected = 4. / (8. + 3. * 8. + EPS) * 2.;
        assert_eq!(weight(&[2., 0., -1.], 3.), expected);
        // 2 g² + g³ Σ A is 0 here.
        assert_eq!(weight(&[-1.], 2.), 0.);
        assert!(weight(&[f32::NAN], 1.).is_nan());
    }
}
