//! CLIP's attention pool: attention from the mean of the feature map to each of its cells (CLIP's `AttentionPool2d`).

use candle_core::{D, DType, Tensor};
use candle_nn::VarBuilder;

use crate::error::Result;
use crate::nn::linear::Linear;
use crate::nn::precision::product;

/// Pools a feature map to one embedding.
#[derive(Clone, Debug)]
pub(crate) struct AttentionPool {
    positional_embedding: Tensor,
    q_proj: Linear,
    k_proj: Linear,
    v_proj: Linear,
    c_proj: Linear,
    /// (n_heads, channels): 1 where a channel belongs to an attention head.
    head_masks: Tensor,
    compute: DType,
}

impl AttentionPool {
    /// `positional_embedding` is (1 + n_cells, channels); row 0 belongs to the mean.
    pub(crate) fn new(
        n_cells: usize,
        channels: usize,
        n_heads: usize,
        embed_dim: usize,
        vb: VarBuilder<'_>,
    ) -> Result<Self> {
        let head_dim = channels / n_heads;
        let belongs = |i: usize| if i % channels / head_dim == i / channels { 1f32 } else { 0. };
        let masks = (0..n_heads * channels).map(belongs).collect();
        Ok(Self {
            positional_embedding: vb.get((1 + n_cells, channels), "positional_embedding")?,
            q_proj: Linear::new(channels, channels, vb.pp("q_proj"))?,
            k_proj: Linear::new(channels, channels, vb.pp("k_proj"))?,
            v_proj: Linear::new(channels, channels, vb.pp("v_proj"))?,
            c_proj: Linear::new(channels, embed_dim, vb.pp("c_proj"))?,
            head_masks: Tensor::from_vec(masks, (n_heads, channels), vb.device())?,
            compute: vb.dtype(),
        })
    }

    /// A copy with random projections of the same scale; positions and biases stay.
    pub(crate) fn randomized(&self, normal: &mut dyn FnMut() -> f32) -> Result<Self> {
        Ok(Self {
            q_proj: self.q_proj.randomized(normal)?,
            k_proj: self.k_proj.randomized(normal)?,
            v_proj: self.v_proj.randomized(normal)?,
            c_proj: self.c_proj.randomized(normal)?,
            ..self.clone()
        })
    }

    /// (batch, channels, rows, cols) → (batch, embed_dim), not normalised.
    ///
    /// There is one query, so no cell is projected on its own: `q · (K x) = (q K) · x`, and the mean of values is the value of
    /// the mean. Each projection runs on one row per attention head instead of one row per cell.
    pub(crate) fn forward(&self, feature_map: &Tensor) -> Result<Tensor> {
        let cells = feature_map.flatten_from(2)?.transpose(1, 2)?;
        let mean = cells.mean_keepdim(1)?;
        let cells = Tensor::cat(&[&mean, &cells], 1)?.broadcast_add(&self.positional_embedding)?;
        let (n_heads, channels) = self.head_masks.dims2()?;
        let scale = ((channels / n_heads) as f64).powf(-0.5);
        // One row per attention head: (batch, n_heads, channels).
        let query = (self.q_proj.forward(&cells.narrow(1, 0, 1)?)? * scale)?.broadcast_mul(&self.head_masks)?;
        let projected = self.k_proj.weight().transposed_product(&query)?;
        let logits = product(self.compute, &projected, &cells.t()?.contiguous()?, Tensor::matmul)?;
        let offset = query.broadcast_mul(self.k_proj.bias())?.sum_keepdim(D::Minus1)?;
        let weights = candle_nn::ops::softmax(&logits.broadcast_add(&offset)?, D::Minus1)?;
        let values = self.v_proj.forward(&product(self.compute, &weights, &cells.contiguous()?, Tensor::matmul)?)?;
        self.c_proj.forward(&values.broadcast_mul(&self.head_masks)?.sum(1)?)
    }

    /// What each cell adds to the embedding when it is attended to: its projected value (Zhou, Loy & Dai 2022, "MaskCLIP").
    /// Positions and biases are left out: they do not depend on the cell's activations, and GradCAM has no gradient for them.
    /// (batch, channels, rows, cols) → (batch, rows · cols, embed_dim), not normalised.
    pub(crate) fn cell_embeds(&self, feature_map: &Tensor) -> Result<Tensor> {
        let cells = feature_map.flatten_from(2)?.transpose(1, 2)?;
        self.c_proj.weight().product(&self.v_proj.weight().product(&cells)?)
    }
}
