//! Image embeddings of samples, without augmentation and gradients.

use candle_core::{Device, Tensor};

use crate::clip::Clip;
use crate::error::Result;
use crate::train::config::ModelSpec;
use crate::train::data::samples::Sample;

/// Images per forward pass without gradients: enough to keep the cores busy, few enough for a small memory.
pub(crate) const IMAGES_PER_PASS: usize = 16;

/// Image embeddings of `samples`, without augmentation: (n, D), L2-normalised.
pub(crate) fn embed_images(clip: &Clip, spec: &ModelSpec, samples: &[Sample], device: &Device) -> Result<Tensor> {
    let mut embeds = Vec::new();
    for batch in samples.chunks(IMAGES_PER_PASS) {
        let grey = batch.iter().flat_map(|s| s.grey.iter().map(|v| f32::from(*v) / 255.)).collect();
        let pixel_values = spec.preprocess.pixel_values(grey, device)?;
        embeds.push(clip.image_embeds(&pixel_values)?.detach());
    }
    Ok(Tensor::cat(&embeds, 0)?)
}
