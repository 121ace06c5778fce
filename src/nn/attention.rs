//! Scaled dot-product attention over several heads (Vaswani et al. 2017, eq. 1).

use candle_core::{D, DType, Tensor};
use candle_nn::VarBuilder;

use super::linear::Linear;
use super::precision::product;
use crate::error::Result;

/// (batch, n, width) → (batch, n_heads, n, width / n_heads).
fn split_heads(x: &Tensor, n_heads: usize) -> Result<Tensor> {
    let (batch, n, width) = x.dims3()?;
    Ok(x.reshape((batch, n, n_heads, width / n_heads))?.transpose(1, 2)?.contiguous()?)
}

/// Attends from `q` (batch, n_q, width) to `k` and `v` (batch, n_k, width). `mask`, if given, is (n_q, n_k) and is
/// added to the logits. Both products are computed in `compute`. Returns (batch, n_q, width).
pub(crate) fn attend([q, k, v]: [&Tensor; 3], n_heads: usize, mask: Option<&Tensor>, compute: DType) -> Result<Tensor> {
    let (batch, n_q, width) = q.dims3()?;
    let scale = ((width / n_heads) as f64).powf(-0.5);
    let q = (split_heads(q, n_heads)? * scale)?;
    let k = split_heads(k, n_heads)?;
    let v = split_heads(v, n_heads)?;
    let mut logits = product(compute, &q, &k.transpose(2, 3)?.contiguous()?, Tensor::matmul)?;
    if let Some(mask) = mask {
        logits = logits.broadcast_add(mask)?;
    }
    let weights = candle_nn::ops::softmax(&logits, D::Minus1)?;
    Ok(product(compute, &weights, &v, Tensor::matmul)?.transpose(1, 2)?.reshape((batch, n_q, width))?)
}

/// Queries, keys and values of all attention heads, and what is attended to with them: (batch, n, width) each.
#[derive(Clone, Debug)]
pub(crate) struct Attended {
    pub(crate) query: Tensor,
    pub(crate) key: Tensor,
    pub(crate) value: Tensor,
    pub(crate) output: Tensor,
}

/// Self-attention with PyTorch's packed projection (`in_proj_weight`, `in_proj_bias`, `out_proj`).
#[derive(Clone, Debug)]
pub(crate) struct SelfAttention {
    in_proj: Linear,
    out_proj: Linear,
    n_heads: usize,
    compute: DType,
}

impl SelfAttention {
    /// `in_proj_weight` is (3 · width, width): queries, keys, values.
    pub(crate) fn new(width: usize, n_heads: usize, vb: VarBuilder<'_>) -> Result<Self> {
        let in_proj = Linear::named(width, 3 * width, ("in_proj_weight", "in_proj_bias"), &vb)?;
        let out_proj = Linear::new(width, width, vb.pp("out_proj"))?;
        Ok(Self { in_proj, out_proj, n_heads, compute: vb.dtype() })
    }

    /// (batch, n, width) → (batch, n, width).
    pub(crate) fn forward(&self, x: &Tensor, mask: Option<&Tensor>) -> Result<Tensor> {
        self.project(&self.attended(x, mask)?.output)
    }

    /// The same before the output projection, and what it is made from.
    pub(crate) fn attended(&self, x: &Tensor, mask: Option<&Tensor>) -> Result<Attended> {
        let width = x.dim(D::Minus1)?;
        let qkv = self.in_proj.forward(x)?;
        let part = |i: usize| qkv.narrow(D::Minus1, i * width, width);
        let (query, key, value) = (part(0)?, part(1)?, part(2)?);
        let output = attend([&query, &key, &value], self.n_heads, mask, self.compute)?;
        Ok(Attended { query, key, value, output })
    }

    /// The output projection of (…, width).
    pub(crate) fn project(&self, x: &Tensor) -> Result<Tensor> {
        self.out_proj.forward(x)
    }
}
