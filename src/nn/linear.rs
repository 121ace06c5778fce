//! Affine maps of the last dimension.

use candle_core::Tensor;
use candle_nn::VarBuilder;

use super::weight::Weight;
use crate::error::Result;

/// `x · weightᵀ + bias`.
#[derive(Clone, Debug)]
pub struct Linear {
    weight: Weight,
    bias: Tensor,
}

impl Linear {
    /// `weight` is (n_out, n_in), `bias` (n_out).
    pub fn new(n_in: usize, n_out: usize, vb: VarBuilder<'_>) -> Result<Self> {
        Self::named(n_in, n_out, ("weight", "bias"), &vb)
    }

    /// From tensors that are stored under other names, as attention's packed `in_proj_weight` is.
    pub fn named(n_in: usize, n_out: usize, (weight, bias): (&str, &str), vb: &VarBuilder<'_>) -> Result<Self> {
        Ok(Self { weight: Weight::new(n_out, n_in, weight, vb)?, bias: vb.get(n_out, bias)? })
    }

    /// A copy with a random weight and the same bias.
    ///
    /// # Errors
    /// A tensor operation fails.
    pub fn randomized(&self, normal: &mut dyn FnMut() -> f32) -> Result<Self> {
        Ok(Self { weight: self.weight.randomized(normal)?, bias: self.bias.clone() })
    }

    /// (…, n_in) → (…, n_out).
    pub fn forward(&self, x: &Tensor) -> Result<Tensor> {
        self.weight.affine(x, &self.bias)
    }

    /// The weight alone.
    pub fn weight(&self) -> &Weight {
        &self.weight
    }

    /// The bias (n_out).
    pub fn bias(&self) -> &Tensor {
        &self.bias
    }
}
