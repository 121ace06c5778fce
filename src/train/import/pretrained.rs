//! Pretrained weights in memory, and what any of them must fulfil. Knows no file.

use std::collections::HashMap;

use candle_core::Tensor;

use super::manifest::Manifest;
use crate::clip::ClipConfig;
use crate::error::{Error, Result};
use crate::preprocess::Preprocess;
use crate::tokenizer::Tokenizer;
use crate::train::config::ModelSpec;
use crate::train::data::split::Splits;

/// A CLIP that was trained before, for a run to begin from.
#[derive(Debug)]
pub struct Pretrained {
    /// What it is.
    pub manifest: Manifest,
    /// Text → token ids.
    pub tokenizer: Tokenizer,
    /// Both towers and the temperature, 32-bit floats on the CPU, under the names that [`crate::clip::Clip`] asks for.
    pub towers: HashMap<String, Tensor>,
    /// The patients it was trained on, if octlens trained it.
    pub splits: Option<Splits>,
    /// Whether its batch norms are those that it was trained with; else their statistics must stay frozen.
    pub has_norms: bool,
}

impl Pretrained {
    /// Makes `spec` a model of this one's sizes, which sees pixels as this one was trained to.
    pub(crate) fn adapt(&self, spec: &mut ModelSpec) {
        let Manifest { name, clip, .. } = &self.manifest;
        spec.name.clone_from(name);
        spec.clip = clip.clone();
        spec.head.embed_dim = clip.embed_dim;
        spec.preprocess = Preprocess { cleaning: spec.preprocess.cleaning, ..self.manifest.preprocess() };
    }
}

/// Refuses a vocabulary of another size than the text tower's.
pub(super) fn check_vocabulary(tokenizer: &Tokenizer, clip: &ClipConfig) -> Result<()> {
    let (known, embedded) = (tokenizer.vocab_size(), clip.text.vocab_size);
    if known == embedded {
        return Ok(());
    }
    Err(Error::weights(format!(
        "the vocabulary has {known} tokens, the text tower {embedded}: give the vocabulary it was trained with"
    )))
}
