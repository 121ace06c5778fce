//! The settings of a run: every option of its training, with the defaults of each preset.

use candle_core::DType;
use clap::{ArgAction, Args, ValueEnum};
use serde::{Deserialize, Serialize};

use super::appearance::Appearance;
use super::input_size::InputSize;
use super::number::{at_least_one, at_least_zero, decay, share, strength};
use crate::clip::ClipConfig;

/// A set of defaults; every setting may still be given on its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Preset {
    /// What works best on few scans; docs/results.md has what each choice gains.
    Octlens,
    /// The published settings (Cho, Park & Jeong): Adam with coupled weight decay, a constant rate, CLIP's own loss.
    /// The paper is silent on augmentation (none here) and batch norm (statistics frozen, as `clip.load` leaves them).
    Paper,
}

/// The size of a new model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum ModelSize {
    /// Small towers, to train from random weights and to run in a browser.
    Compact,
    /// CLIP's RN50, to train from pretrained weights.
    Rn50,
}

impl ModelSize {
    /// Its name in files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Compact => "compact",
            Self::Rn50 => "rn50",
        }
    }

    /// Sizes of both towers, for a tokenizer of `vocab_size` tokens.
    pub fn clip(self, vocab_size: usize) -> ClipConfig {
        match self {
            Self::Compact => ClipConfig::compact(vocab_size),
            Self::Rn50 => {
                let mut clip = ClipConfig::rn50();
                clip.text.vocab_size = vocab_size;
                clip
            }
        }
    }
}

/// How weight decay is applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Optimizer {
    /// Decoupled, matrices and kernels only (Loshchilov & Hutter 2019).
    Adamw,
    /// Added to the gradient of every parameter, as in PyTorch's `Adam(weight_decay=…)`.
    Adam,
}

/// The learning rate after the warm-up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Schedule {
    /// Half a cosine down to zero.
    Cosine,
    /// The peak rate.
    Constant,
}

/// Which captions a scan is contrasted with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Contrast {
    /// The distinct captions; all scans that share a caption are positives of it.
    Captions,
    /// The captions of all scans of the step, equal or not: CLIP's loss.
    Scans,
}

/// In which precision the towers multiply while they are trained; weights, norms and losses are always f32.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum TrainingPrecision {
    /// 32-bit floats.
    #[default]
    F32,
    /// bfloat16: mixed precision.
    Bf16,
}

impl TrainingPrecision {
    /// candle's name for it.
    pub fn dtype(self) -> DType {
        match self {
            Self::F32 => DType::F32,
            Self::Bf16 => DType::BF16,
        }
    }
}

const HEAD_WEIGHT_DECAY: f64 = 0.05;

/// For settings that were stored before the heads had a weight decay of their own.
fn head_weight_decay() -> f64 {
    HEAD_WEIGHT_DECAY
}

/// Settings of a run; each is an option of the command line. Another default of `--preset paper` follows in brackets.
#[derive(Args, Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Settings {
    /// Set of defaults of the options below.
    #[arg(long, value_enum, default_value_t = Preset::Octlens)]
    pub preset: Preset,
    /// Size of a new model (rn50).
    #[arg(long, value_enum, default_value_t = ModelSize::Compact, default_value_if("preset", "paper", "rn50"))]
    pub model: ModelSize,
    /// Size of the image tower's input in pixels, multiples of 32; by default the model's own, or that of --init.
    #[arg(long, value_name = "HEIGHTxWIDTH")]
    #[serde(default)]
    pub input: Option<InputSize>,
    /// Seed of weights, sampling, augmentation and splits.
    #[arg(long, default_value_t = 42)]
    pub seed: u64,
    /// Class words of the scans to train on, or all.
    #[arg(long, value_delimiter = ',', default_value = "healthy,AMD")]
    pub classes: Vec<String>,
    /// Passes over the training scans; 0 keeps the initial weights (300).
    #[arg(long, default_value_t = 40, default_value_if("preset", "paper", "300"))]
    pub epochs: usize,
    /// Scans per batch.
    #[arg(long, value_parser = at_least_one(), default_value_t = 32)]
    pub batch: usize,
    /// Batches whose gradients are accumulated for one step.
    #[arg(long, value_parser = at_least_one(), default_value_t = 1)]
    pub accumulate: usize,
    /// Micro-batches of a batch: what goes through the towers at once, and whose gradients are added up in a fixed order. With the
    /// same number, any number of processes takes the same steps to the bit; by default each process has one. Needs
    /// --freeze-bn true.
    #[arg(long, value_name = "N", value_parser = at_least_one())]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub micro_batches: Option<usize>,
    /// Precision of the towers' products in training. bf16 is for GPUs, of compute capability 8.0 on NVIDIA's; on a CPU it
    /// rounds as they do, and is slower than f32.
    #[arg(long, value_enum, default_value_t = TrainingPrecision::F32)]
    #[serde(default)]
    pub precision: TrainingPrecision,
    /// How weight decay is applied: decoupled (adamw), or added to the gradient (adam).
    #[arg(long, value_enum, default_value_t = Optimizer::Adamw, default_value_if("preset", "paper", "adam"))]
    pub optimizer: Optimizer,
    /// Peak learning rate of the towers (5e-5).
    #[arg(long, value_parser = at_least_zero, default_value_t = 1e-3, default_value_if("preset", "paper", "5e-5"))]
    pub learning_rate: f64,
    /// Learning rate of each stage or block as a fraction of the next one's: below 1, the layers near the pixels and the
    /// tokens change least.
    #[arg(long, value_parser = at_least_zero, default_value_t = 1.0)]
    pub layer_decay: f64,
    /// Weight decay (0.2).
    #[arg(long, value_parser = at_least_zero, default_value_t = 0.05, default_value_if("preset", "paper", "0.2"))]
    pub weight_decay: f64,
    /// Adam's first decay.
    #[arg(long, value_parser = decay, default_value_t = 0.9)]
    pub beta1: f64,
    /// Adam's second decay.
    #[arg(long, value_parser = decay, default_value_t = 0.98)]
    pub beta2: f64,
    /// Adam's epsilon (1e-5).
    #[arg(long, value_parser = at_least_zero, default_value_t = 1e-6, default_value_if("preset", "paper", "1e-5"))]
    pub eps: f64,
    /// Learning rate after the warm-up (constant).
    #[arg(long, value_enum, default_value_t = Schedule::Cosine, default_value_if("preset", "paper", "constant"))]
    pub schedule: Schedule,
    /// Steps of linear warm-up (0).
    #[arg(long, default_value_t = 100, default_value_if("preset", "paper", "0"))]
    pub warmup_steps: usize,
    /// Bound on the gradient's norm, 0 for none (0).
    #[arg(long, value_parser = at_least_zero, default_value_t = 1.0, default_value_if("preset", "paper", "0"))]
    pub clip_norm: f64,
    /// Decay of the running average of weights, which is evaluated and exported; 0 for none (0).
    #[arg(long, value_parser = share, default_value_t = 0.995, default_value_if("preset", "paper", "0"))]
    pub ema_decay: f64,
    /// Keep the running statistics of batch norms, as pretrained weights need (true).
    #[arg(long, action = ArgAction::Set, default_value_t = false, default_value_if("preset", "paper", "true"))]
    pub freeze_bn: bool,
    /// Epochs without a lower validation loss after which training stops, 0 for never.
    #[arg(long, default_value_t = 0)]
    pub patience: usize,
    /// Which captions a scan is contrasted with (scans).
    #[arg(long, value_enum, default_value_t = Contrast::Captions, default_value_if("preset", "paper", "scans"))]
    pub contrast: Contrast,
    /// Probability that a caption loses its class word, so that its findings must suffice (0).
    #[arg(long, value_parser = share, default_value_t = 0.3, default_value_if("preset", "paper", "0"))]
    pub class_word_dropout: f64,
    /// Weight of the loss that compares each finding with the healthy text (0).
    #[arg(long, value_parser = at_least_zero, default_value_t = 1.0, default_value_if("preset", "paper", "0"))]
    pub finding_weight: f64,
    /// Weight of the loss of each cell of the feature map: where findings lie, by boxes if there are any (0).
    #[arg(long, value_parser = at_least_zero, default_value_t = 1.0, default_value_if("preset", "paper", "0"))]
    pub local_weight: f64,
    /// Exponent of a caption's count when scans are sampled: 1 samples scans alike, 0 captions alike (1).
    #[arg(long, value_parser = at_least_zero, default_value_t = 0.7, default_value_if("preset", "paper", "1"))]
    pub caption_balance: f64,
    /// The same exponent for a class's count within each source (1).
    // None in runs from before this option, which balanced the captions of all classes together.
    #[arg(long, value_parser = at_least_zero, default_value = "0.5", default_value_if("preset", "paper", "1"))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub class_balance: Option<f64>,
    /// Share of phantoms among the sampled scans, if there are real scans too.
    #[arg(long, value_parser = share, default_value_t = 0.4)]
    pub phantom_share: f64,
    /// Strength of the augmentation, 0 for none (0).
    #[arg(long, value_parser = strength, default_value_t = 1.0, default_value_if("preset", "paper", "0"))]
    pub augment: f32,
    /// Changes of appearance.
    #[command(flatten)]
    #[serde(default, skip_serializing_if = "Appearance::is_none")]
    pub appearance: Appearance,
    /// Reduce differences between scanners: wedges, overlays, noise floor, speckle (false).
    #[arg(long, action = ArgAction::Set, default_value_t = true, default_value_if("preset", "paper", "false"))]
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub clean: bool,
    /// Passes over the embeddings in the training of the heads.
    #[arg(long, default_value_t = 60)]
    pub head_epochs: usize,
    /// Learning rate of the heads.
    #[arg(long, value_parser = at_least_zero, default_value_t = 1e-3)]
    pub head_learning_rate: f64,
    /// Weight decay of the heads (0; the published 0.2 is for the towers, and would keep the heads at chance).
    #[arg(long, value_parser = at_least_zero, default_value_t = HEAD_WEIGHT_DECAY, default_value_if("preset", "paper", "0"))]
    #[serde(default = "head_weight_decay")]
    pub head_weight_decay: f64,
    /// Hidden units of the heads.
    #[arg(long, default_value_t = 128)]
    pub head_hidden: usize,
    /// Random views of each training scan that the heads see (1).
    #[arg(long, default_value_t = 12, default_value_if("preset", "paper", "1"))]
    pub head_views: usize,
}

impl Settings {
    /// The class words to train on; none for all.
    pub fn labels(&self) -> &[String] {
        if self.classes == ["all"] { &[] } else { &self.classes }
    }

    /// The largest allowed norm of a gradient.
    pub fn gradient_bound(&self) -> f64 {
        if self.clip_norm > 0. { self.clip_norm } else { f64::INFINITY }
    }
}

/// Shares of patients for training, validation and test.
pub(crate) const SPLIT_FRACTIONS: [f64; 3] = [0.7, 0.1, 0.2];

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Only {
        #[command(flatten)]
        settings: Settings,
    }

    #[test]
    fn settings_that_older_runs_do_not_have_are_what_they_ran_with() {
        let settings = Only::parse_from(["settings"]).settings;
        let mut stored = serde_json::to_value(&settings).unwrap();
        assert_eq!(stored.as_object_mut().unwrap().remove("precision"), Some("f32".into()));
        assert_eq!(stored.as_object_mut().unwrap().remove("input"), Some(serde_json::Value::Null));
        let decay = stored.as_object_mut().unwrap().remove("head_weight_decay");
        assert_eq!(decay, Some(settings.weight_decay.into()));
        for option in ["appearance", "clean", "class_balance"] {
            assert!(stored.as_object_mut().unwrap().remove(option).is_some());
        }
        let before =
            Settings { appearance: Appearance::default(), clean: false, class_balance: None, ..settings.clone() };
        assert_eq!(serde_json::from_value::<Settings>(stored).unwrap(), before);
        assert_ne!(Only::parse_from(["settings", "--precision", "bf16"]).settings, settings);
    }

    #[test]
    fn the_settings_of_a_published_model_are_read_and_written_as_they_were() {
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/weights/compact.safetensors");
        let bytes = std::fs::read(file).unwrap();
        let (_, header) = safetensors::SafeTensors::read_metadata(&bytes).unwrap();
        let metadata: serde_json::Value =
            serde_json::from_str(&header.metadata().as_ref().unwrap()["octlens"]).unwrap();
        let stored = &metadata["training"]["settings"];
        let settings: Settings = serde_json::from_value(stored.clone()).unwrap();
        assert_eq!((settings.preset, settings.model), (Preset::Octlens, ModelSize::Compact));
        assert_eq!(serde_json::to_value(&settings).unwrap(), *stored);
    }
}
