//! The model that a run trains: what its weights need to be read again.

use serde::{Deserialize, Serialize};

use super::settings::Settings;
use crate::caption::{Caption, Vocabulary};
use crate::clip::ClipConfig;
use crate::error::{Error, Result};
use crate::head::HeadConfig;
use crate::preprocess::{Cleaning, Preprocess};

/// The model that a run trains.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ModelSpec {
    /// `compact` or `rn50`.
    pub name: String,
    /// Sizes of both towers.
    pub clip: ClipConfig,
    /// Sizes of both heads.
    pub head: HeadConfig,
    /// Scan → `pixel_values`.
    pub preprocess: Preprocess,
    /// Class words and findings.
    pub vocabulary: Vocabulary,
    /// The distinct training captions; one of them is retrieved for a scan.
    pub captions: Vec<Caption>,
}

impl ModelSpec {
    /// A new model of the size that `settings` ask for; `vocab_size` is the tokenizer's.
    pub fn new(settings: &Settings, vocabulary: Vocabulary, captions: Vec<Caption>, vocab_size: usize) -> Self {
        let mut clip = settings.model.clip(vocab_size);
        if let Some(input) = settings.input {
            input.set(&mut clip.vision);
        }
        Self {
            name: settings.model.name().to_owned(),
            head: HeadConfig {
                embed_dim: clip.embed_dim,
                hidden: settings.head_hidden,
                n_classes: vocabulary.labels.len(),
            },
            preprocess: Preprocess {
                cleaning: settings.clean.then(Cleaning::default),
                ..Preprocess::b_scan(clip.vision.image_height, clip.vision.image_width)
            },
            clip,
            vocabulary,
            captions,
        }
    }

    /// The class index of a label.
    ///
    /// # Errors
    /// The label is not one of this model's.
    pub fn class_of(&self, label: &str) -> Result<usize> {
        self.vocabulary.labels.iter().position(|l| l == label).ok_or_else(|| {
            Error::data(format!("label {label} is not one of this model's: {}", self.vocabulary.labels.join(", ")))
        })
    }
}
