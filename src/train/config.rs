//! What a run is made of: its settings, and the model it trains. Both are stored in the run's folder.

use clap::Args;
use serde::{Deserialize, Serialize};

use super::dataset::Dataset;
use crate::caption::{Caption, Vocabulary};
use crate::clip::ClipConfig;
use crate::error::{Error, Result};
use crate::head::HeadConfig;
use crate::preprocess::Preprocess;

/// Settings of a run; each is an option of the command line.
#[derive(Args, Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Settings {
    /// Model size: compact or rn50.
    #[arg(long, default_value = "compact")]
    pub model: String,
    /// Seeds weights, order, views and splits.
    #[arg(long, default_value_t = 42)]
    pub seed: u64,
    /// Passes over the training scans.
    #[arg(long, default_value_t = 40)]
    pub epochs: usize,
    /// Scans per step.
    #[arg(long, default_value_t = 32)]
    pub batch: usize,
    /// Peak learning rate of the towers.
    #[arg(long, default_value_t = 1e-3)]
    pub learning_rate: f64,
    /// Decoupled weight decay.
    #[arg(long, default_value_t = 0.05)]
    pub weight_decay: f64,
    /// Adam's first decay.
    #[arg(long, default_value_t = 0.9)]
    pub beta1: f64,
    /// Adam's second decay (0.98 in CLIP and in the paper).
    #[arg(long, default_value_t = 0.98)]
    pub beta2: f64,
    /// Adam's epsilon.
    #[arg(long, default_value_t = 1e-6)]
    pub eps: f64,
    /// Steps of linear warm-up.
    #[arg(long, default_value_t = 100)]
    pub warmup_steps: usize,
    /// Bound on the gradient's length.
    #[arg(long, default_value_t = 1.0)]
    pub clip_norm: f64,
    /// Decay of the running average of weights that is evaluated and exported.
    #[arg(long, default_value_t = 0.995)]
    pub ema_decay: f64,
    /// How often a caption loses its class word, so that the words must carry the reasons.
    #[arg(long, default_value_t = 0.3)]
    pub class_word_dropout: f64,
    /// Weight of the loss that tells the image tower where findings lie (boxes of phantoms and OCT5k).
    #[arg(long, default_value_t = 1.0)]
    pub local_weight: f64,
    /// Exponent on a caption's count when scans are drawn: 1 as they come, 0 every caption alike.
    #[arg(long, default_value_t = 0.7)]
    pub caption_balance: f64,
    /// How much of what is drawn is phantoms, where there are real scans beside them.
    #[arg(long, default_value_t = 0.4)]
    pub phantom_share: f64,
    /// Passes of the heads over the embeddings.
    #[arg(long, default_value_t = 60)]
    pub head_epochs: usize,
    /// Learning rate of the heads.
    #[arg(long, default_value_t = 1e-3)]
    pub head_learning_rate: f64,
    /// Hidden units of the heads.
    #[arg(long, default_value_t = 128)]
    pub head_hidden: usize,
    /// Random views of each training scan that the heads see.
    #[arg(long, default_value_t = 4)]
    pub head_views: usize,
}

/// Train, validation and test shares of patients.
pub const SPLIT_FRACTIONS: [f64; 3] = [0.7, 0.1, 0.2];

/// The model a run trains: all that its weights need to be read again.
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
    /// The distinct training captions, from which one is retrieved.
    pub captions: Vec<Caption>,
}

impl ModelSpec {
    /// The model that `settings` ask for, with the words of `dataset`; `vocab_size` is the tokenizer's.
    ///
    /// # Errors
    /// The model is not known.
    pub fn new(settings: &Settings, dataset: &Dataset, captions: Vec<Caption>, vocab_size: usize) -> Result<Self> {
        let clip = match settings.model.as_str() {
            "compact" => ClipConfig::compact(vocab_size),
            "rn50" => {
                let mut clip = ClipConfig::rn50();
                clip.text.vocab_size = vocab_size;
                clip
            }
            other => return Err(Error::config(format!("--model {other} is not known: use compact or rn50"))),
        };
        let vocabulary = dataset.vocabulary();
        Ok(Self {
            name: settings.model.clone(),
            head: HeadConfig {
                embed_dim: clip.embed_dim,
                hidden: settings.head_hidden,
                n_classes: vocabulary.labels.len(),
            },
            preprocess: Preprocess::b_scan(clip.vision.image_height, clip.vision.image_width),
            clip,
            vocabulary,
            captions,
        })
    }

    /// The class index of a label.
    ///
    /// # Errors
    /// The label is none of this model's.
    pub fn class_of(&self, label: &str) -> Result<usize> {
        self.vocabulary.labels.iter().position(|l| l == label).ok_or_else(|| {
            Error::data(format!("label {label} is none of this model's: {}", self.vocabulary.labels.join(", ")))
        })
    }
}
