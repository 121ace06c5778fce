//! Affine maps of the last dimension.

use candle_core::Tensor;
use candle_nn::VarBuilder;

use crate::error::Result;

/// `x · weightᵀ + bias`.
#[derive(Clone, Debug)]
pub struct Linear {
    weight: Tensor,
    bias: Tensor,
}

impl Linear {
    /// `weight` is (n_out, n_in), `bias` (n_out).
    pub fn new(n_in: usize, n_out: usize, vb: VarBuilder<'_>) -> Result<Self> {
        Ok(Self { weight: vb.get((n_out, n_in), "weight")?, bias: vb.get(n_out, "bias")? })
    }

    /// From tensors that are stored under other names, as attention's packed `in_proj_weight` is.
    pub fn from_tensors(weight: Tensor, bias: Tensor) -> Self {
        Self { weight, bias }
    }

    /// (…, n_in) → (…, n_out).
    pub fn forward(&self, x: &Tensor) -> Result<Tensor> {
        Ok(self.linear_part(x)?.broadcast_add(&self.bias)?)
    }

    /// The same without the bias: (…, n_in) → (…, n_out).
    pub fn linear_part(&self, x: &Tensor) -> Result<Tensor> {
        let n_in = x.dim(candle_core::D::Minus1)?;
        let mut shape = x.dims().to_vec();
        let flat = x.contiguous()?.reshape(((), n_in))?;
        if let Some(last) = shape.last_mut() {
            *last = self.weight.dim(0)?;
        }
        Ok(flat.matmul(&self.weight.t()?)?.reshape(shape)?)
    }
}
