//! The options of an analysis ([`Options`]) and its result ([`Report`]), as plain data: the page shows a report, `train
//! explain --json` prints it. Holds no tensor and computes nothing. The JSON is a contract (`octlens.report/1`).

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use crate::scan::note::{Laterality, Note};
use crate::scan::view::View;

#[cfg(test)]
pub(crate) mod made_up;

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
    /// Whether the answer is to be doubted, and why.
    #[serde(default)]
    pub warning: Warning,
    /// Which parts of the scan counted for the image head.
    pub heatmap: Heatmap,
    /// Which phrases counted for the text head.
    pub tokens: TokenReport,
    /// The baseline's answer about the same scan, if it was asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub baseline: Option<BaselineReport>,
    /// How the picture should be looked at instead, if it does not seem to be one upright B-scan and no view was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suggestion: Option<View>,
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

/// Whether an answer is to be doubted.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Warning {
    /// The gravest kind of the reasons; [`WarningKind::None`] without a reason.
    pub kind: WarningKind,
    /// Why, gravest first.
    pub reasons: Vec<Doubt>,
    /// How doubtful the answer is, 0…1, for sorting: 0.5 or more exactly where there is a reason.
    #[serde(default)]
    pub score: f32,
}

impl Warning {
    /// Whether there is anything to warn of.
    pub fn is_none(&self) -> bool {
        self.kind == WarningKind::None
    }
}

/// Kinds of warnings, from none to the gravest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WarningKind {
    /// Nothing speaks against the answer.
    #[default]
    None,
    /// The model knows such scans, and is not sure of this one.
    Unsure,
    /// A scan, but not of a kind that the model was trained to answer about.
    Unfamiliar,
    /// Not an OCT B-scan.
    NotAScan,
}

impl WarningKind {
    /// All of them, from none to the gravest.
    pub const ALL: [Self; 4] = [Self::None, Self::Unsure, Self::Unfamiliar, Self::NotAScan];

    /// As in a report.
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Unsure => "unsure",
            Self::Unfamiliar => "unfamiliar",
            Self::NotAScan => "not_a_scan",
        }
    }

    /// What it means for the answer, as an English heading; empty for [`WarningKind::None`].
    pub fn heading(self) -> &'static str {
        match self {
            Self::None => "",
            Self::Unsure => "Not sure of this answer",
            Self::Unfamiliar => "Unfamiliar scan: do not rely on this answer",
            Self::NotAScan => "No answer: not an OCT B-scan",
        }
    }
}

/// A reason to doubt an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Doubt {
    /// So few pixels that layers cannot be seen.
    TooSmall,
    /// One colour, or nearly.
    OneColour,
    /// The pixels of a column have nothing to do with each other.
    Noise,
    /// A colour photograph, such as one of the fundus.
    Colour,
    /// No band of layers runs across it.
    NoRetina,
    /// Far from every scan that the model was trained on.
    UnlikeTraining,
    /// It shows more than a B-scan, or another one beside it.
    MoreThanAScan,
    /// Its layers run from top to bottom.
    Turned,
    /// Its tissue is dark, its background bright.
    Inverted,
    /// It looks like a disease that is neither healthy nor AMD.
    AnotherDisease,
    /// The most probable class is not probable enough.
    LowProbability,
    /// The image head and the text head answer differently.
    HeadsDisagree,
    /// No caption is close to it.
    CaptionFar,
}

impl Doubt {
    /// All of them, gravest first.
    pub const ALL: [Self; 13] = [
        Self::TooSmall,
        Self::OneColour,
        Self::Noise,
        Self::Colour,
        Self::NoRetina,
        Self::UnlikeTraining,
        Self::MoreThanAScan,
        Self::Turned,
        Self::Inverted,
        Self::AnotherDisease,
        Self::LowProbability,
        Self::HeadsDisagree,
        Self::CaptionFar,
    ];

    /// The kind of warning that it gives.
    pub fn kind(self) -> WarningKind {
        match self {
            Self::TooSmall | Self::OneColour | Self::Noise | Self::Colour | Self::NoRetina => WarningKind::NotAScan,
            Self::UnlikeTraining | Self::MoreThanAScan | Self::Turned | Self::Inverted | Self::AnotherDisease => {
                WarningKind::Unfamiliar
            }
            Self::LowProbability | Self::HeadsDisagree | Self::CaptionFar => WarningKind::Unsure,
        }
    }

    /// What it is and what to do, as one English sentence.
    pub fn advice(self) -> &'static str {
        match self {
            Self::TooSmall => "The picture has too few pixels to show retinal layers: export the B-scan at full size.",
            Self::OneColour => "The picture is nearly one colour: choose a picture that shows a B-scan.",
            Self::Noise => "The picture is noise without layers: choose a picture that shows a B-scan.",
            Self::Colour => "This is a colour photograph, not an OCT B-scan: choose the B-scan of the same eye.",
            Self::NoRetina => {
                "No retina was found in the picture: choose a B-scan, and crop away what stands beside it."
            }
            Self::UnlikeTraining => {
                "The picture is unlike every scan this model was trained on: check that it is a whole B-scan, and do not rely on the answer."
            }
            Self::MoreThanAScan => {
                "The picture shows more than one B-scan, or something beside it: crop it to the scan that you ask about."
            }
            Self::Turned => "The layers run from top to bottom: turn the scan so that the vitreous is above.",
            Self::Inverted => "The scan seems to be black on white: export it with white tissue on black.",
            Self::AnotherDisease => {
                "The scan may show a disease that is neither healthy nor AMD: do not rely on the answer, and read the scan for other diseases."
            }
            Self::LowProbability => {
                "No class is probable enough: read the scan yourself, or take another scan of the eye."
            }
            Self::HeadsDisagree => {
                "The scan and its caption give different answers: compare both before relying on either."
            }
            Self::CaptionFar => "No caption describes the scan well: check the findings yourself.",
        }
    }
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
    fn kinds_and_doubts_are_ordered_by_gravity_and_named_as_reports_write_them() {
        let kinds = [WarningKind::None, WarningKind::Unsure, WarningKind::Unfamiliar, WarningKind::NotAScan];
        for kind in kinds {
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.name());
        }
        assert!(Doubt::ALL.is_sorted_by_key(|doubt| std::cmp::Reverse(doubt.kind())));
        assert_eq!(serde_json::to_value(Doubt::AnotherDisease).unwrap(), "another_disease");
    }

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
