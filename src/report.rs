//! The options of an analysis ([`Options`]) and its result ([`Report`]), as plain data: the page shows a report, `train
//! explain --json` prints it. Holds no tensor and computes nothing. The JSON is a contract (`octlens.report/1`).

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

/// The value of [`Report::schema`].
pub const SCHEMA: &str = "octlens.report/1";

/// What to explain, and how.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Options {
    /// The class to explain, or none for the image head's most probable one.
    pub target: Option<String>,
    /// A caption written by a person, or none for the retrieved one.
    pub caption: Option<String>,
    /// How the image is explained.
    #[serde(default)]
    pub map: MapMethod,
    /// How words are scored.
    #[serde(default)]
    pub words: WordMethod,
    /// Whether the baseline answers too, if one is loaded.
    #[serde(default)]
    pub baseline: bool,
}

/// One scan analysed by one model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// Always [`SCHEMA`].
    pub schema: String,
    /// Which weights answered.
    pub model: ModelRef,
    /// Which scan was asked about.
    pub input: InputRef,
    /// The image head's answer.
    pub image: Prediction,
    /// The caption that the text head read.
    pub caption: CaptionReport,
    /// The text head's answer to that caption.
    pub text: Prediction,
    /// How far the answers of both heads agree.
    pub agreement: Agreement,
    /// Which parts of the scan counted for the image head.
    pub heatmap: Heatmap,
    /// Which phrases counted for the text head.
    pub tokens: TokenReport,
    /// The baseline's answer about the same scan, if it was asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub baseline: Option<BaselineReport>,
    /// How long each step took.
    pub timings_ms: TimingsMs,
}

/// The answer of a network without a text tower, for comparison.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BaselineReport {
    /// Which weights answered.
    pub model: ModelRef,
    /// Its head's answer.
    pub image: Prediction,
    /// Which parts of the scan counted.
    pub heatmap: Heatmap,
}

/// Which weights answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelRef {
    /// The model's name.
    pub name: String,
    /// SHA-256 of the weights file, in hex.
    pub sha256: String,
}

/// Which scan was asked about.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct InputRef {
    /// The file's name, without its folder.
    pub name: String,
    /// `png`, `jpeg`, `tiff`, `bmp`, …
    pub format: String,
    /// Columns of the scan.
    pub width: usize,
    /// Rows of the scan.
    pub height: usize,
    /// Which frame of the file, from 0.
    pub frame: usize,
    /// SHA-256 of the file, in hex.
    pub sha256: String,
    /// Micrometres per pixel, across and down, where the file says so.
    pub um_per_pixel: Option<[f64; 2]>,
}

/// The answer of one head.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Prediction {
    /// The most probable class.
    pub label: String,
    /// Each class with its probability, in the order of the logits; they sum to 1.
    pub probabilities: IndexMap<String, f32>,
    /// The head's logits, in the same order.
    pub logits: Vec<f32>,
}

/// Where a caption came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CaptionSource {
    /// The training caption closest to the image.
    Retrieved,
    /// A person's.
    Edited,
}

/// The caption that the text head read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CaptionReport {
    /// The caption.
    pub text: String,
    /// Where it came from.
    pub source: CaptionSource,
    /// Cosine of its embedding with the image's, -1…1.
    pub similarity: f32,
    /// The closest training captions, best first.
    pub candidates: Vec<Candidate>,
}

/// A training caption and how close it lies to the image.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Candidate {
    /// The caption.
    pub text: String,
    /// Cosine with the image's embedding, -1…1.
    pub similarity: f32,
}

/// How far the answers of both heads agree.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Agreement {
    /// The most probable classes are equal.
    pub same_label: bool,
    /// Jensen–Shannon divergence of the two distributions in bits, 0…1.
    pub divergence: f32,
}

/// Which parts of the scan counted for a head.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Heatmap {
    /// How it was made.
    pub method: MapMethod,
    /// The class that is explained.
    pub target: String,
    /// The layer whose feature map is weighted.
    pub layer: String,
    /// Rows of the map.
    pub rows: usize,
    /// Columns of the map.
    pub cols: usize,
    /// Row by row, 0…1; the largest is 1 unless nothing counts for the class.
    pub values: Vec<f32>,
    /// The rectangle of the scan that the map covers: x, y, width, height in scan pixels.
    pub region: [f32; 4],
}

/// How a heatmap is made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MapMethod {
    /// The feature map's channels, weighted by their gradients (GradCAM, Selvaraju et al. 2017).
    #[default]
    GradCam,
}

impl MapMethod {
    /// All of them, the default first.
    pub const ALL: [Self; 1] = [Self::GradCam];

    /// As in a report.
    pub fn name(self) -> &'static str {
        match self {
            Self::GradCam => "grad_cam",
        }
    }

    /// The method of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|method| method.name() == name)
    }
}

/// Which phrases counted for the text head.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TokenReport {
    /// How they are scored.
    pub method: WordMethod,
    /// The class that is explained.
    pub target: String,
    /// The caption's words and phrases in order.
    pub words: Vec<Word>,
    /// What the scores add up to; only for [`WordMethod::Shapley`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sum: Option<WordSum>,
}

/// How the words of a caption are scored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WordMethod {
    /// By how much adding the phrase changes the class's log-odds, averaged over the orders in which the caption's phrases can
    /// be added (Shapley values).
    #[default]
    Shapley,
    /// Gradient × activation at the tokens (Cho, Park & Jeong).
    GradientXActivation,
}

impl WordMethod {
    /// All of them, the default first.
    pub const ALL: [Self; 2] = [Self::Shapley, Self::GradientXActivation];

    /// As in a report.
    pub fn name(self) -> &'static str {
        match self {
            Self::Shapley => "shapley",
            Self::GradientXActivation => "gradient_x_activation",
        }
    }

    /// The method of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|method| method.name() == name)
    }
}

/// What Shapley values add up to: [`Word::log_odds`] of all words is `caption` minus `empty`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct WordSum {
    /// The class's log-odds, `ln p / (1 − p)`, for an empty caption.
    pub empty: f32,
    /// The same for this caption.
    pub caption: f32,
    /// Captions that were evaluated: this one with some of its phrases.
    pub n_captions: usize,
    /// Whether every order of the phrases was evaluated; of a long caption only some are.
    pub is_exact: bool,
}

/// One phrase of the caption.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Word {
    /// As in the caption.
    pub text: String,
    /// Where it starts in the caption, in bytes.
    pub start: usize,
    /// Where it ends.
    pub end: usize,
    /// Its share, signed: for the class when positive, against it when negative; absolute values sum to 1
    /// over the whole caption.
    pub score: f32,
    /// By how much it changes the class's log-odds, if the method measures that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log_odds: Option<f32>,
}

/// How long each step took, in milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TimingsMs {
    /// File bytes to pixels.
    pub decode: f64,
    /// Pixels to the model's input.
    pub preprocess: f64,
    /// Input to image embedding.
    pub image_encoder: f64,
    /// Caption to text embedding.
    pub text_encoder: f64,
    /// Both explanations.
    pub explain: f64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn methods_are_named_as_reports_write_them() {
        for method in MapMethod::ALL {
            assert_eq!(serde_json::to_value(method).unwrap(), method.name());
            assert_eq!(MapMethod::from_name(method.name()), Some(method));
        }
        for method in WordMethod::ALL {
            assert_eq!(serde_json::to_value(method).unwrap(), method.name());
            assert_eq!(WordMethod::from_name(method.name()), Some(method));
        }
        assert_eq!((MapMethod::ALL[0], WordMethod::ALL[0]), (MapMethod::default(), WordMethod::default()));
    }
}
