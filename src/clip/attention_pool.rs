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
    n_heads: usize,
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
        Ok(Self {
            positional_embedding: vb.get((1 + n_cells, channels), "positional_embedding")?,
            q_proj: Linear::new(channels, channels, vb.pp("q_proj"))?,
            k_proj: Linear::new(channels, channels, vb.pp("k_proj"))?,
            v_proj: Linear::new(channels, channels, vb.pp("v_proj"))?,
            c_proj: Linear::new(channels, embed_dim, vb.pp("c_proj"))?,
            n_heads,
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
        let by_channel = feature_map.flatten_from(2)?;
        // Of contiguous rows: candle sums strided ones several times slower.
        let mean = by_channel.mean_keepdim(2)?.transpose(1, 2)?;
        let cells = Tensor::cat(&[&mean.contiguous()?, &by_channel.transpose(1, 2)?.contiguous()?], 1)?
            .broadcast_add(&self.positional_embedding)?;
        let (batch, _, channels) = cells.dims3()?;
        let head_dim = channels / self.n_heads;
        let query = (self.q_proj.forward(&cells.narrow(1, 0, 1)?.squeeze(1)?)? * (head_dim as f64).powf(-0.5))?;
        // A row for each attention head: (batch, n_heads, channels).
        let projected = self.k_proj.weight().transposed_product_by_head(&query, self.n_heads)?;
        let logits = product(self.compute, &projected, &cells, |a, b| a.matmul(&b.t()?))?;
        let offset = query.broadcast_mul(self.k_proj.bias())?.reshape((batch, self.n_heads, head_dim))?;
        let weights = candle_nn::ops::softmax(&logits.broadcast_add(&offset.sum_keepdim(D::Minus1)?)?, D::Minus1)?;
        let attended = product(self.compute, &weights, &cells, Tensor::matmul)?;
        let values = self.v_proj.weight().product_by_head(&attended)?.broadcast_add(self.v_proj.bias())?;
        self.c_proj.forward(&values)
    }

    /// What each cell adds to the embedding when it is attended to: its projected value (Zhou, Loy & Dai 2022, "MaskCLIP").
    /// Positions and biases are left out: they do not depend on the cell's activations, and GradCAM has no gradient for them.
    /// (batch, channels, rows, cols) → (batch, rows · cols, embed_dim), not normalised.
    pub(crate) fn cell_embeds(&self, feature_map: &Tensor) -> Result<Tensor> {
        let cells = feature_map.flatten_from(2)?.transpose(1, 2)?;
        self.c_proj.weight().product(&self.v_proj.weight().product(&cells)?)
    }
}
