//! CLIP's attention pool: attention from the mean of the feature map to each of its cells (CLIP's `AttentionPool2d`).

use candle_core::{D, DType, Tensor};
use candle_nn::VarBuilder;

use crate::error::Result;
use crate::nn::conv::pointwise;
use crate::nn::linear::Linear;
use crate::nn::precision::product;
use crate::nn::weight::Weight;

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
    /// the mean. Each projection runs on one row per attention head instead of one row per cell. Positions are not added to cells
    /// either, as `p · (x + y) = p · x + p · y`: the feature map, by far the largest tensor here, is read where it lies.
    pub(crate) fn forward(&self, feature_map: &Tensor) -> Result<Tensor> {
        let (map, positions) = (feature_map.flatten_from(2)?, &self.positional_embedding);
        let (batch, channels, n_cells) = map.dims3()?;
        let (n_heads, head_dim) = (self.n_heads, channels / self.n_heads);
        let mean = map.mean_keepdim(D::Minus1)?.transpose(1, 2)?;
        let first = mean.broadcast_add(&positions.narrow(0, 0, 1)?)?.squeeze(1)?;
        let query = (self.q_proj.forward(&first)? * (head_dim as f64).powf(-0.5))?;
        // One row per attention head: (batch, n_heads, channels).
        let projected = self.k_proj.weight().transposed_product_by_head(&query, n_heads)?;
        let with_positions = |rows: &Tensor, n: usize, positions: &Tensor| -> Result<Tensor> {
            let rows = rows.reshape((batch * n_heads, ()))?;
            Ok(product(self.compute, &rows, positions, Tensor::matmul)?.reshape((batch, n_heads, n))?)
        };
        let of_mean = projected.broadcast_mul(&mean)?.sum_keepdim(D::Minus1)?;
        let of_cells = product(self.compute, &projected, &map, Tensor::matmul)?;
        let offset = query.broadcast_mul(self.k_proj.bias())?.reshape((batch, n_heads, head_dim))?;
        let logits =
            (Tensor::cat(&[of_mean, of_cells], 2)? + with_positions(&projected, 1 + n_cells, &positions.t()?)?)?;
        let weights = candle_nn::ops::softmax(&logits.broadcast_add(&offset.sum_keepdim(D::Minus1)?)?, D::Minus1)?;
        let of_mean = weights.narrow(2, 0, 1)?.broadcast_mul(&mean)?;
        let of_cells = weights.narrow(2, 1, n_cells)?.transpose(1, 2)?.contiguous()?;
        let of_cells = product(self.compute, &map, &of_cells, Tensor::matmul)?.transpose(1, 2)?;
        let mixed = ((of_cells + of_mean)? + with_positions(&weights, channels, positions)?)?;
        let values = self.v_proj.weight().product_by_head(&mixed)?.broadcast_add(self.v_proj.bias())?;
        self.c_proj.forward(&values)
    }

    /// What each cell adds to the embedding when it is attended to: its projected value (Zhou, Loy & Dai 2022, "MaskCLIP").
    /// Positions and biases are left out: they do not depend on the cell's activations, and GradCAM has no gradient for them.
    /// (batch, channels, rows, cols) → (batch, rows · cols, embed_dim), not normalised.
    pub(crate) fn cell_embeds(&self, feature_map: &Tensor) -> Result<Tensor> {
        let (v, c) = (self.v_proj.weight(), self.c_proj.weight());
        if let (Weight::Float(v, _), Weight::Float(c, _)) = (v, c) {
            // One product of the two matrices instead of one more with each cell.
            let both = product(self.compute, c, v, Tensor::matmul)?;
            return Ok(pointwise(feature_map, &both, self.compute)?.flatten_from(2)?.transpose(1, 2)?.contiguous()?);
        }
        let cells = feature_map.flatten_from(2)?.transpose(1, 2)?;
        c.product(&v.product(&cells)?)
    }
}
