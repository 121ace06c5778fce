//! What word methods need from a text tower and its head.

use candle_core::Tensor;

use crate::error::Result;

/// The last attention layer of a text tower, at the end token of one caption.
#[derive(Clone, Debug)]
pub struct LastAttention {
    /// The cosine of the end token's query with each token's key, both after the output projection: (n).
    pub query_key_cosines: Tensor,
    /// The tokens' values, of all attention heads: (n, width).
    pub values: Tensor,
    /// What the layer gives to the end token, before the output projection: (1, width).
    pub output: Tensor,
    /// The end token's representation that enters the block: (1, width).
    pub residual: Tensor,
}

/// A text tower and its head, asked about one class.
pub trait CaptionModel {
    /// The class's log-odds for each caption, given as token ids from start to end token.
    ///
    /// # Errors
    /// A caption is too long.
    fn log_odds(&self, captions: &[Vec<u32>]) -> Result<Vec<f64>>;

    /// The token representations (1, n, width) that enter the first block.
    ///
    /// # Errors
    /// The caption is too long.
    fn embed_tokens(&self, token_ids: &[u32]) -> Result<Tensor>;

    /// The part of the representations of a caption of `n` tokens that is the same for all captions: their positions (1, n, width).
    ///
    /// # Errors
    /// The caption is too long.
    fn positions(&self, n: usize) -> Result<Tensor>;

    /// Token representations (batch, n, width), the last of which is the end token → logits (batch, n_classes).
    ///
    /// # Errors
    /// A tensor operation fails.
    fn logits(&self, tokens: &Tensor) -> Result<Tensor>;

    /// What the last attention layer makes of token representations (1, n, width).
    ///
    /// # Errors
    /// A tensor operation fails.
    fn last_attention(&self, tokens: &Tensor) -> Result<LastAttention>;

    /// The last attention layer's output (1, width) for the end token, whose `residual` (1, width) is given → logits
    /// (1, n_classes).
    ///
    /// # Errors
    /// A tensor operation fails.
    fn logits_of_attention(&self, output: &Tensor, residual: &Tensor) -> Result<Tensor>;

    /// Index of the class.
    fn target(&self) -> usize;
}
