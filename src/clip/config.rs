//! Sizes of both towers. `rn50` is exactly CLIP's RN50; `compact` is made for CPUs and a small download.

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::nn::conv::EXPANSION;

/// Sizes of both towers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClipConfig {
    /// Length of both embeddings.
    pub embed_dim: usize,
    /// The image tower.
    pub vision: VisionConfig,
    /// The text tower.
    pub text: TextConfig,
}

/// Sizes of the ModifiedResNet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VisionConfig {
    /// Rows of `pixel_values`.
    pub image_height: usize,
    /// Columns of `pixel_values`.
    pub image_width: usize,
    /// Bottlenecks in each of the four stages.
    pub layers: [usize; 4],
    /// Channels after the stem.
    pub width: usize,
    /// Pixels per cell of the last feature map: 32 as in CLIP, or 16, for a finer heatmap.
    pub output_stride: usize,
}

/// Sizes of the text transformer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TextConfig {
    /// The largest number of tokens.
    pub context_length: usize,
    /// Number of token ids.
    pub vocab_size: usize,
    /// Channels.
    pub width: usize,
    /// Attention heads.
    pub heads: usize,
    /// Residual blocks.
    pub layers: usize,
}

/// Channels of one attention head of the attention pool (CLIP's `model.py`).
const POOL_HEAD_DIM: usize = 64;

/// Whether an image tower can have an input of that many rows or columns.
pub(crate) fn is_input_side(pixels: usize) -> bool {
    pixels.is_multiple_of(32) && (32..=2048).contains(&pixels)
}

impl VisionConfig {
    /// Channels of the last feature map.
    pub fn feature_dim(&self) -> usize {
        self.width * 8 * EXPANSION
    }

    /// Attention heads of the attention pool.
    pub fn pool_heads(&self) -> usize {
        (self.feature_dim() / POOL_HEAD_DIM).max(1)
    }

    /// Rows and columns of the last feature map.
    pub fn feature_size(&self) -> (usize, usize) {
        (self.image_height / self.output_stride, self.image_width / self.output_stride)
    }
}

impl ClipConfig {
    /// CLIP's RN50.
    pub fn rn50() -> Self {
        Self {
            embed_dim: 1024,
            vision: VisionConfig {
                image_height: 224,
                image_width: 224,
                layers: [3, 4, 6, 3],
                width: 64,
                output_stride: 32,
            },
            text: TextConfig { context_length: 77, vocab_size: 49_408, width: 512, heads: 8, layers: 12 },
        }
    }

    /// Wide input, as B-scans are wide; a feature map of 8 × 16 cells; trains on two cores.
    pub fn compact(vocab_size: usize) -> Self {
        Self {
            embed_dim: 256,
            vision: VisionConfig {
                image_height: 128,
                image_width: 256,
                layers: [2, 2, 2, 1],
                width: 24,
                output_stride: 16,
            },
            text: TextConfig { context_length: 48, vocab_size, width: 192, heads: 4, layers: 3 },
        }
    }

    /// Refuses sizes that cannot be built, or that would take more memory than any real model.
    ///
    /// # Errors
    /// Names the first size that is wrong.
    pub fn check(&self) -> Result<()> {
        let (v, t) = (&self.vision, &self.text);
        let wrong = |what: &str| Err(Error::config(format!("model config: {what}")));
        if !(v.output_stride == 32 || v.output_stride == 16) {
            return wrong("output_stride must be 32 or 16");
        }
        if ![v.image_height, v.image_width].into_iter().all(is_input_side) {
            return wrong("image_height and image_width must be multiples of 32, at most 2048");
        }
        if v.width > 256 || self.embed_dim > 4096 {
            return wrong("the image tower is larger than any this program runs");
        }
        if v.width == 0 || v.width % 2 != 0 || v.layers.contains(&0) || v.layers.iter().any(|n| *n > 64) {
            return wrong("width must be even and each stage has 1 to 64 blocks");
        }
        if v.feature_dim() % v.pool_heads() != 0 || self.embed_dim == 0 {
            return wrong("the feature map's channels must divide into the pool's heads");
        }
        if t.heads == 0 || t.width == 0 || t.width % t.heads != 0 || t.width > 4096 || t.layers > 64 {
            return wrong("the text tower's width must divide into its heads");
        }
        if t.context_length < 2 || t.context_length > 4096 || t.vocab_size < 2 || t.vocab_size > 1 << 20 {
            return wrong("context_length or vocab_size is out of range");
        }
        Ok(())
    }
}
