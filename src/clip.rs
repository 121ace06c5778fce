//! CLIP (Radford et al. 2021): an image tower and a text tower that meet in one embedding space.
//! Key names are OpenAI's. Knows no class, no caption table and no file format.

pub(crate) mod attention_pool;
pub(crate) mod config;
pub(crate) mod modified_resnet;
pub(crate) mod text_transformer;
pub mod token_tree;

use candle_core::{D, Tensor};
use candle_nn::VarBuilder;

pub use config::{ClipConfig, TextConfig, VisionConfig};
use modified_resnet::ModifiedResNet;
use text_transformer::TextTransformer;

use crate::error::Result;
use crate::nn::Mode;
use crate::nn::norm::l2_normalize;

/// Both towers and the learned temperature.
#[derive(Clone, Debug)]
pub struct Clip {
    /// The image tower.
    pub visual: ModifiedResNet,
    /// The text tower.
    pub text: TextTransformer,
    logit_scale: Tensor,
}

/// CLIP caps the temperature's inverse at 100 (Radford et al. 2021, section 2.5).
const MAX_LOGIT_SCALE: f64 = 100.0;

impl Clip {
    /// Builds both towers from `vb`, whose root holds OpenAI's keys (`visual.conv1.weight`, …).
    pub fn new(config: &ClipConfig, vb: VarBuilder<'_>) -> Result<Self> {
        Ok(Self {
            visual: ModifiedResNet::new(&config.vision, config.embed_dim, vb.pp("visual"))?,
            text: TextTransformer::new(&config.text, config.embed_dim, vb.clone())?,
            logit_scale: vb.get((), "logit_scale")?,
        })
    }

    /// The factor on cosines, `exp(logit_scale)`, at most 100. A scalar tensor.
    pub fn logit_scale(&self) -> Result<Tensor> {
        Ok(self.logit_scale.exp()?.minimum(MAX_LOGIT_SCALE)?)
    }

    /// `pixel_values` (batch, 3, image_height, image_width), normalised → L2-normalised image embeddings (batch, D).
    pub fn image_embeds(&self, pixel_values: &Tensor) -> Result<Tensor> {
        l2_normalize(&self.visual.pool(&self.visual.feature_map(pixel_values, Mode::Eval)?)?)
    }

    /// `token_ids` (batch, n) → L2-normalised text embeddings (batch, D); `end[i]` is the position of text i's end token.
    pub fn text_embeds(&self, token_ids: &Tensor, end: &[usize]) -> Result<Tensor> {
        l2_normalize(&self.text.forward(token_ids, end)?)
    }

    /// How much more each cell of a feature map (batch, C, rows, cols) resembles each finding than the healthy text: what the loss
    /// of cells trains. `phrases` (n_findings + 1, D) are the findings' embeddings, then the healthy text's, normalised or not.
    /// Returns (batch, rows · cols, n_findings), in the unit of [`Clip::logits_per_image`].
    ///
    /// Cells are divided by their mean norm, not each by its own: GradCAM's peak depends on direction *and* magnitude.
    pub fn cell_logits(&self, feature_map: &Tensor, phrases: &Tensor) -> Result<Tensor> {
        let cells = self.visual.cell_embeds(feature_map)?;
        self.logits_of_cells(&cells, &cell_lengths(&cells)?.mean_all()?, phrases)
    }

    /// The same of `cells` (batch, rows · cols, D), `cell_embeds` of the image tower, divided by `mean_length`, a scalar: the mean
    /// of [`cell_lengths`] over all scans of a step, of which a process may have a part only.
    pub fn logits_of_cells(&self, cells: &Tensor, mean_length: &Tensor, phrases: &Tensor) -> Result<Tensor> {
        let cells = cells.broadcast_div(mean_length)?;
        let n_findings = phrases.dim(0)? - 1;
        let phrases = l2_normalize(phrases)?;
        let directions = phrases.narrow(0, 0, n_findings)?.broadcast_sub(&phrases.narrow(0, n_findings, 1)?)?;
        Ok(cells.broadcast_matmul(&directions.t()?)?.broadcast_mul(&self.logit_scale()?)?)
    }

    /// Scaled cosines of embeddings (n, D) and (m, D), normalised or not. Returns (n, m).
    pub fn logits_per_image(&self, image_embeds: &Tensor, text_embeds: &Tensor) -> Result<Tensor> {
        let cosines = l2_normalize(image_embeds)?.matmul(&l2_normalize(text_embeds)?.t()?)?;
        Ok(cosines.broadcast_mul(&self.logit_scale()?)?)
    }
}

/// The norms of cells (batch, rows · cols, D): (batch, rows · cols, 1).
pub fn cell_lengths(cells: &Tensor) -> Result<Tensor> {
    Ok((cells.sqr()?.sum_keepdim(D::Minus1)? + 1e-12)?.sqrt()?)
}
