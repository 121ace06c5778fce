//! The losses that train classification heads: cross-entropy, and the paper's consistency loss.

use candle_core::{D, Tensor};

use crate::error::Result;
use crate::head::probabilities;

/// Mean over rows of `weights · (-Σ targets · log softmax(logits))`; `targets` (batch, K) sum to 1, `weights`
/// (batch) have mean 1. Returns a scalar.
pub fn cross_entropy(logits: &Tensor, targets: &Tensor, weights: &Tensor) -> Result<Tensor> {
    let log_probabilities = candle_nn::ops::log_softmax(logits, D::Minus1)?;
    let per_row = (log_probabilities * targets)?.sum(D::Minus1)?;
    Ok((per_row * weights)?.mean_all()?.neg()?)
}

/// The paper's consistency loss, `(CE(ŷi, y) + CE(ŷt, y) + CE(ŷi, ŷt)) / 3` (Cho, Park & Jeong).
/// `targets` is one-hot (batch, K); `weights` (batch) balance the classes. Returns a scalar.
pub fn consistency_loss(
    image_logits: &Tensor,
    text_logits: &Tensor,
    targets: &Tensor,
    weights: &Tensor,
) -> Result<Tensor> {
    let image = cross_entropy(image_logits, targets, weights)?;
    let text = cross_entropy(text_logits, targets, weights)?;
    let between = cross_entropy(image_logits, &probabilities(text_logits)?, weights)?;
    Ok(((image + text)? + between)?.affine(1. / 3., 0.)?)
}

#[cfg(test)]
mod tests {
    use candle_core::Device;

    use super::*;

    #[test]
    fn the_consistency_loss_is_the_papers_sum_of_three() {
        let device = Device::Cpu;
        let image = Tensor::new(&[[1f32, -1.]], &device).unwrap();
        let text = Tensor::new(&[[0f32, 2.]], &device).unwrap();
        let y = Tensor::new(&[[0f32, 1.]], &device).unwrap();
        let weights = Tensor::ones(1, candle_core::DType::F32, &device).unwrap();
        let loss = consistency_loss(&image, &text, &y, &weights).unwrap().to_scalar::<f32>().unwrap();
        // By hand: log-softmax of (1, -1) = (-0.126928, -2.126928), of (0, 2) = (-2.126928, -0.126928).
        let p = [(-2.126_928f32).exp(), (-0.126_928f32).exp()];
        let expected = (2.126_928 + 0.126_928 + p[0] * 0.126_928 + p[1] * 2.126_928) / 3.;
        assert!((loss - expected).abs() < 1e-5, "{loss} against {expected}");
    }
}
