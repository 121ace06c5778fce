//! CLIP's attention pool: the mean of the feature map asks each of its cells (CLIP's `AttentionPool2d`).

use candle_core::Tensor;
use candle_nn::VarBuilder;

use crate::error::Result;
use crate::nn::attention::attend;
use crate::nn::linear::Linear;

/// Pools a feature map to one embedding.
#[derive(Clone, Debug)]
pub struct AttentionPool {
    positional_embedding: Tensor,
    q_proj: Linear,
    k_proj: Linear,
    v_proj: Linear,
    c_proj: Linear,
    n_heads: usize,
}

impl AttentionPool {
    /// `positional_embedding` is (1 + n_cells, channels); row 0 belongs to the mean.
    pub fn new(n_cells: usize, channels: usize, n_heads: usize, embed_dim: usize, vb: VarBuilder<'_>) -> Result<Self> {
        Ok(Self {
            positional_embedding: vb.get((1 + n_cells, channels), "positional_embedding")?,
            q_proj: Linear::new(channels, channels, vb.pp("q_proj"))?,
            k_proj: Linear::new(channels, channels, vb.pp("k_proj"))?,
            v_proj: Linear::new(channels, channels, vb.pp("v_proj"))?,
            c_proj: Linear::new(channels, embed_dim, vb.pp("c_proj"))?,
            n_heads,
        })
    }

    /// (batch, channels, rows, cols) → (batch, embed_dim), not normalised.
    pub fn forward(&self, feature_map: &Tensor) -> Result<Tensor> {
        let cells = feature_map.flatten_from(2)?.transpose(1, 2)?;
        let mean = cells.mean_keepdim(1)?;
        let cells = Tensor::cat(&[&mean, &cells], 1)?.broadcast_add(&self.positional_embedding)?;
        let query = self.q_proj.forward(&cells.narrow(1, 0, 1)?)?;
        let pooled = attend(&query, &self.k_proj.forward(&cells)?, &self.v_proj.forward(&cells)?, self.n_heads, None)?;
        Ok(self.c_proj.forward(&pooled)?.squeeze(1)?)
    }

    /// What each cell adds to the embedding when it is attended to: its projected value (Zhou, Loy & Dai 2022,
    /// "MaskCLIP"), without positions and biases, which no cell's activation can change and GradCAM does not see.
    /// (batch, channels, rows, cols) → (batch, rows · cols, embed_dim), not normalised.
    pub fn cell_embeds(&self, feature_map: &Tensor) -> Result<Tensor> {
        let cells = feature_map.flatten_from(2)?.transpose(1, 2)?;
        self.c_proj.linear_part(&self.v_proj.linear_part(&cells)?)
    }
}
