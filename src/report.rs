//! The options of an analysis ([`Options`]) and its result ([`Report`]), as plain data: the page shows a report, `train
//! explain --json` prints it. Holds no tensor and computes nothing. The JSON is a contract (`octlens.report/1`).

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use crate::scan::note::{Laterality, Note};
use crate::scan::view::View;

mod faithfulness;
mod findings;
mod heatmap;
#[cfg(test)]
pub(crate) mod made_up;
mod saved;
mod warning;
mod words;

pub use faithfulness::{Curve, Fill, Mask, MaskPlan, MaskingCurves, RandomPart, WordFaithfulness};
pub use findings::{BeforeAfter, FindingChange, FindingReport, Hidden, Likeness};
pub use heatmap::{Heatmap, MapLayer, MapMethod};
pub use saved::SavedNote;
pub use warning::{Doubt, Warning, WarningKind};
pub use words::{TokenReport, Word, WordMethod, WordSum};

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
    /// The layer whose feature map is weighted, by methods that weigh one.
    #[serde(default)]
    pub layer: MapLayer,
    /// How words are scored.
    #[serde(default)]
    pub words: WordMethod,
    /// Whether the baseline answers too, if one is loaded.
    #[serde(default)]
    pub baseline: bool,
    /// How the picture is looked at, before anything else; none for the whole as it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub view: Option<View>,
}

impl Options {
    /// The view as a report says it: that the whole is looked at as it is needs no mention.
    pub fn shown_view(&self) -> Option<View> {
        self.view.filter(|view| !view.is_whole())
    }
}

/// One scan analysed by one model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// Always [`SCHEMA`].
    pub schema: String,
    /// When and by what it was saved; none of one that was not saved by a person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub saved: Option<SavedNote>,
    /// Which weights answered.
    pub model: ModelRef,
    /// Which scan was asked about.
    pub input: InputRef,
    /// Whether the answer is to be doubted, and why: before the answer, for who reads the file from its top.
    #[serde(default)]
    pub warning: Warning,
    /// The image head's answer.
    pub image: Prediction,
    /// The caption that the text head read.
    pub caption: CaptionReport,
    /// The text head's answer to that caption.
    pub text: Prediction,
    /// How far the answers of both heads agree. Both stem from one image embedding: agreement is no second opinion.
    pub agreement: Agreement,
    /// Which parts of the scan counted for the image head.
    pub heatmap: Heatmap,
    /// Which phrases counted for the text head.
    pub tokens: TokenReport,
    /// The findings that were asked about.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<FindingReport>,
    /// What changes when some regions are hidden, if that was asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hidden: Option<Hidden>,
    /// The baseline's answer about the same scan, if it was asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub baseline: Option<BaselineReport>,
    /// How the picture should be looked at instead, if it does not seem to be one upright B-scan and no view was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suggestion: Option<View>,
    /// How long each step took; left out where nothing was measured.
    #[serde(default, skip_serializing_if = "TimingsMs::is_unmeasured")]
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
    /// `png`, `jpeg`, `tiff`, `dicom`, `vol`, … ([`crate::scan::format`]).
    pub format: String,
    /// Columns of the scan, as it was looked at.
    pub width: usize,
    /// Rows of the scan, as it was looked at.
    pub height: usize,
    /// How the picture was looked at; none for the whole as it is. Everything else in pixels is about what it shows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub view: Option<View>,
    /// Which frame of the file, from 0.
    pub frame: usize,
    /// SHA-256 of the file, in hex.
    pub sha256: String,
    /// Micrometres per pixel, across and down, where the file says so.
    pub um_per_pixel: Option<[f64; 2]>,
    /// Which eye the scan shows, where the file says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub laterality: Option<Laterality>,
    /// Frames in the file.
    #[serde(default = "one")]
    pub n_frames: usize,
    /// What a person should know about how the file was read.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<Note>,
}

impl InputRef {
    /// What the names of a frame's results end with; of a file with one B-scan, nothing. As many digits as the largest number
    /// has, so that the files are listed in order.
    pub fn frame_suffix(&self) -> String {
        let digits = self.n_frames.to_string().len();
        if self.n_frames > 1 { format!("-frame-{:0digits$}", self.frame + 1) } else { String::new() }
    }
}

/// For reports that were written before files had several frames.
fn one() -> usize {
    1
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

impl TimingsMs {
    fn is_unmeasured(&self) -> bool {
        *self == Self::default()
    }
}
