//! What both towers do on validation scans after each epoch.

use candle_core::{Device, Tensor};

use super::batches::text_batch;
use super::embed::embed_images;
use super::loss::contrastive_loss;
use crate::clip::Clip;
use crate::error::Result;
use crate::train::data::samples::Sample;
use crate::train::run::Prepared;

/// What a model does on validation scans.
pub(super) struct Validation {
    /// The contrastive loss over all scans and captions.
    pub(super) loss: f64,
    /// How often the retrieved caption names the right class.
    pub(super) label_accuracy: f64,
    /// How often it is the right caption, or one that is as true.
    pub(super) caption_accuracy: f64,
}

impl Validation {
    /// The values by their TensorBoard tag.
    pub(super) fn scalars(&self) -> [(&'static str, f64); 3] {
        [
            ("val/loss", self.loss),
            ("val/label_accuracy", self.label_accuracy),
            ("val/caption_accuracy", self.caption_accuracy),
        ]
    }
}

/// Measures `clip` on `samples`, whose captions are compared with all captions of the model. NaN where no sample has a
/// caption of the model.
pub(super) fn validate(clip: &Clip, prepared: &Prepared, samples: &[Sample], device: &Device) -> Result<Validation> {
    let Prepared { spec, tokenizer, .. } = prepared;
    // The loss is of scans whose caption can be retrieved: some training scan has it.
    let rows: Vec<u32> = (0u32..).zip(samples).filter(|(_, s)| s.caption.is_some()).map(|(i, _)| i).collect();
    if rows.is_empty() {
        return Ok(Validation { loss: f64::NAN, label_accuracy: f64::NAN, caption_accuracy: f64::NAN });
    }
    let texts: Vec<String> = spec.captions.iter().map(|c| c.text()).collect();
    let (token_ids, end) = text_batch(tokenizer, &texts, device)?;
    let captions = clip.text_embeds(&token_ids, &end)?.detach();
    let images = embed_images(clip, spec, samples, device)?;
    let logits = clip.logits_per_image(&images, &captions)?.detach();
    let nearest = logits.argmax(1)?.to_vec1::<u32>()?;
    let share = |right: &dyn Fn(&Sample, usize) -> bool| {
        let n = samples.iter().zip(&nearest).filter(|(s, c)| right(s, **c as usize)).count();
        n as f64 / samples.len() as f64
    };
    let label = |c: usize| spec.captions[c].label.as_deref();
    let positives: Vec<usize> = samples.iter().filter_map(|s| s.caption).collect();
    let of_known = logits.index_select(&Tensor::new(rows, device)?, 0)?;
    let known = samples.iter().filter(|s| s.caption.is_some()).enumerate();
    let undecided: Vec<_> = known.flat_map(|(i, s)| s.also_true.iter().map(move |c| (i, *c))).collect();
    Ok(Validation {
        loss: f64::from(contrastive_loss(&of_known, &positives, &undecided)?.to_scalar::<f32>()?),
        label_accuracy: share(&|s, c| label(c) == Some(spec.vocabulary.labels[s.class].as_str())),
        caption_accuracy: share(&|s, c| s.caption == Some(c) || s.also_true.contains(&c)),
    })
}
