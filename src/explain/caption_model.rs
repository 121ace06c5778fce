//! What word methods need from a text tower and its head.

use candle_core::Tensor;

use crate::error::Result;

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

    /// Token representations (1, n, width) → logits (1, n_classes).
    ///
    /// # Errors
    /// A tensor operation fails.
    fn logits(&self, tokens: &Tensor) -> Result<Tensor>;

    /// Index of the class.
    fn target(&self) -> usize;
}
