//! Normalisations that pass gradients: layer norm over the last dimension, and scaling vectors to length one.

use candle_core::{D, Tensor};
use candle_nn::VarBuilder;

use super::standardize::standardize;
use crate::error::Result;

/// Added to a layer norm's variance: PyTorch's default, which CLIP uses.
const LAYER_NORM_EPS: f64 = 1e-5;
/// Added to a batch norm's variance: PyTorch's default, which CLIP and torchvision use.
pub const BATCH_NORM_EPS: f64 = 1e-5;

/// Layer norm over the last dimension.
#[derive(Clone, Debug)]
pub struct LayerNorm {
    weight: Tensor,
    bias: Tensor,
}

impl LayerNorm {
    /// `weight` and `bias` are (width).
    pub fn new(width: usize, vb: VarBuilder<'_>) -> Result<Self> {
        Ok(Self { weight: vb.get(width, "weight")?, bias: vb.get(width, "bias")? })
    }

    /// (…, width) → the same shape.
    pub fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let x = standardize(x, LAYER_NORM_EPS)?;
        Ok(x.broadcast_mul(&self.weight)?.broadcast_add(&self.bias)?)
    }
}

/// Scales each vector of the last dimension to length one.
pub fn l2_normalize(x: &Tensor) -> Result<Tensor> {
    // Keeps the gradient finite at the zero vector; far below the length of any real embedding.
    const TINY: f64 = 1e-12;
    Ok(x.broadcast_div(&(x.sqr()?.sum_keepdim(D::Minus1)? + TINY)?.sqrt()?)?)
}
