//! CLIP's image tower, asked about a class of the image head or about a finding: the model that map methods explain.

use std::cell::OnceCell;

use candle_core::Tensor;

use crate::clip::Clip;
use crate::error::{Error, Result};
use crate::explain::ImageModel;
use crate::head::Head;
use crate::nn::Mode;
use crate::nn::norm::l2_normalize;
use crate::report::MapLayer;

/// What a scan is asked about.
pub(super) enum Target<'a> {
    /// A class, by the head and its index. The score is its logit.
    Class(&'a Head, usize),
    /// A finding, by L2-normalised text embeddings (2, D): the finding's and the healthy text's. The score is by how much the
    /// scan's cosine with the first exceeds that with the second, times CLIP's temperature: what the finding loss trains.
    Finding(Tensor),
}

/// The tower, a scan that it has seen, and what is asked.
pub(super) struct ImageClassifier<'a, P> {
    /// The towers.
    pub clip: &'a Clip,
    /// The scan's last feature map (1, C, rows, cols).
    pub feature_map: &'a Tensor,
    /// Makes the scan's `pixel_values`, which most methods do not need.
    pub preprocess: P,
    /// Those `pixel_values`, once they are made.
    pub pixel_values: OnceCell<Tensor>,
    /// What is asked.
    pub target: Target<'a>,
}

impl<P: Fn() -> Result<Tensor>> ImageClassifier<'_, P> {
    /// Embeddings (n, D), not normalised → scores (n).
    fn score_of_embeds(&self, embeds: &Tensor, guided: bool) -> Result<Tensor> {
        match &self.target {
            Target::Class(head, class) => {
                let logits = if guided { head.guided(embeds)? } else { head.forward(embeds)? };
                Ok(logits.narrow(1, *class, 1)?.squeeze(1)?)
            }
            Target::Finding(texts) => {
                let direction = (texts.get(0)? - texts.get(1)?)?.unsqueeze(1)?;
                let excess = l2_normalize(embeds)?.matmul(&direction)?.squeeze(1)?;
                Ok(excess.broadcast_mul(&self.clip.logit_scale()?)?)
            }
        }
    }
}

impl<P: Fn() -> Result<Tensor>> ImageModel for ImageClassifier<'_, P> {
    fn pixel_values(&self) -> Result<Tensor> {
        if let Some(pixel_values) = self.pixel_values.get() {
            return Ok(pixel_values.clone());
        }
        let made = (self.preprocess)()?;
        Ok(self.pixel_values.get_or_init(|| made).clone())
    }

    fn feature_map(&self, layer: MapLayer) -> Result<Tensor> {
        match layer {
            MapLayer::Layer4 => Ok(self.feature_map.clone()),
            _ => Ok(self.clip.visual.stage_map(layer.stage(), &self.pixel_values()?)?.detach()),
        }
    }

    fn score_of_map(&self, layer: MapLayer, map: &Tensor) -> Result<Tensor> {
        let visual = &self.clip.visual;
        self.score_of_embeds(&visual.pool(&visual.after_stage(layer.stage(), map)?)?, false)
    }

    fn score(&self, pixel_values: &Tensor) -> Result<Tensor> {
        let visual = &self.clip.visual;
        self.score_of_embeds(&visual.pool(&visual.feature_map(pixel_values, Mode::Eval)?)?, false)
    }

    fn guided_score(&self, pixel_values: &Tensor) -> Result<Tensor> {
        let visual = &self.clip.visual;
        self.score_of_embeds(&visual.pool(&visual.guided_feature_map(pixel_values)?)?, true)
    }

    fn cell_scores(&self) -> Result<Tensor> {
        let Target::Finding(texts) = &self.target else {
            return Err(Error::config("a local map is of a finding, not of a class: choose another method"));
        };
        let (_, _, rows, cols) = self.feature_map.dims4()?;
        Ok(self.clip.cell_logits(self.feature_map, texts)?.reshape((rows, cols))?)
    }
}

#[cfg(test)]
mod tests {
    use candle_core::{DType, Device};
    use candle_nn::VarBuilder;

    use super::super::fixture::load;
    use super::*;
    use crate::clip::{ClipConfig, TextConfig, VisionConfig};
    use crate::explain::guided_backpropagation::pixel_gradient;
    use crate::head::HeadConfig;

    /// The same sums through two dozen layers, in 32 bits and in 64, relative to the largest value.
    const TOLERANCE: f32 = 1e-3;

    #[test]
    fn guided_backpropagation_equals_pytorch_grad_cams() {
        let given = include_bytes!("../../tests/fixtures/clip_small.safetensors");
        let reference = include_bytes!("../../tests/fixtures/explanations.safetensors");
        let mut weights = load(given, "model.");
        weights.extend(load(given, "wide.model."));
        let layers = [2, 1, 2, 1];
        let config = ClipConfig {
            embed_dim: 16,
            vision: VisionConfig { image_height: 64, image_width: 96, layers, width: 4, output_stride: 32 },
            text: TextConfig { context_length: 16, vocab_size: 64, width: 32, heads: 4, layers: 2 },
        };
        let vb = |tensors| VarBuilder::from_tensors(tensors, DType::F32, &Device::Cpu);
        let clip = Clip::new(&config, vb(weights)).unwrap();
        let head = HeadConfig { embed_dim: 16, hidden: 8, n_classes: 2 };
        let head = Head::new(&head, vb(load(given, "mlp.head."))).unwrap();
        let scans = load(given, "wide.")["pixel_values"].clone();
        let expected = load(reference, "mlp.")["guided_backpropagation"].clone();
        for i in 0..2 {
            let scan = scans.narrow(0, i, 1).unwrap();
            let model = ImageClassifier {
                clip: &clip,
                feature_map: &clip.visual.feature_map(&scan, Mode::Eval).unwrap(),
                preprocess: || Ok(scan.clone()),
                pixel_values: OnceCell::new(),
                target: Target::Class(&head, 1),
            };
            let flat = |t: &Tensor| t.flatten_all().unwrap().to_vec1::<f32>().unwrap();
            let ours = pixel_gradient(&model.pixel_values().unwrap(), |x| model.guided_score(x)).unwrap();
            let (ours, expected) = (flat(&ours), flat(&expected.get(i).unwrap()));
            let largest = expected.iter().fold(0f32, |m, v| m.max(v.abs()));
            let off = ours.iter().zip(&expected).fold(0f32, |m, (a, b)| m.max((a - b).abs()));
            assert!(largest > 0. && off <= TOLERANCE * largest, "scan {i} is off by {off} of {largest}");
            // Guided and plain scores are the same; their gradients are not.
            let plain = pixel_gradient(&scan, |x| model.score(x)).unwrap();
            assert!(flat(&plain).iter().zip(&ours).any(|(a, b)| (a - b).abs() > 0.1 * largest));
            let (guided, score) = (model.guided_score(&scan).unwrap(), model.score(&scan).unwrap());
            assert!((flat(&guided)[0] - flat(&score)[0]).abs() < 1e-4);
        }
    }
}
