//! Activations of a feature map and the gradient of the target's score at them: what all CAM methods weigh.

use candle_core::{Tensor, Var};

use crate::error::Result;

/// A feature map, and how the score changes with each of its values.
pub(super) struct Gradient {
    /// A (1, C, rows, cols).
    pub(super) activations: Tensor,
    /// `∂ score / ∂ A`, of the same shape; all 0 where the score does not depend on A.
    pub(super) gradient: Tensor,
}

/// `score` takes `feature_map` (1, C, rows, cols) to the target's score (1).
pub(super) fn gradient(feature_map: &Tensor, score: impl Fn(&Tensor) -> Result<Tensor>) -> Result<Gradient> {
    let (activations, gradient) = (feature_map.detach(), gradient_at(feature_map, score)?);
    Ok(Gradient { activations, gradient })
}

/// `∂ Σ score(x) / ∂ x`, of x's shape: for independent rows, the gradient of each row's score.
pub(super) fn gradient_at(x: &Tensor, score: impl Fn(&Tensor) -> Result<Tensor>) -> Result<Tensor> {
    let x = Var::from_tensor(&x.detach())?;
    let gradient = score(&x)?.sum_all()?.backward()?.remove(&x);
    Ok(match gradient {
        Some(gradient) => gradient.detach(),
        None => x.zeros_like()?,
    })
}
