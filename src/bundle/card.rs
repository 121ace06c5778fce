//! What a weights file records: how it was trained and what was measured. `train export` and `train baseline` write it;
//! evaluation, import and the page read it. Plain data: knows no tensor and no file.
//!
//! Sources of scans are keyed by their kind (`octdl`), which `train` knows. Optional records are `None` where a file was
//! written by an older version of this program.

mod answers;
mod explanations;
mod interval;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::caption::Vocabulary;
use crate::error::{Error, Result};
pub use answers::{AnswerBand, BAND_STARTS, band_of};
pub use explanations::{
    CENTRE, ExplanationMetrics, LesionSize, MapFigure, MapMeasure, MethodMetrics, PeakReference, RANDOM,
};
pub use interval::Interval;

/// The model card: what the page shows about a weights file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ModelCard {
    /// The model's name.
    pub name: String,
    /// A one-line description.
    pub title: String,
    /// SHA-256 of the file, in hex.
    pub sha256: String,
    /// Size of the file.
    pub bytes: u64,
    /// How its weights are stored.
    pub precision: WeightPrecision,
    /// The instructions that 8-bit layers run with (`kernels::Kernel::name`).
    pub kernels: String,
    /// Peak memory of the worker while it loaded the model; `None` outside of a browser.
    pub peak_bytes: Option<u64>,
    /// Its class words and findings.
    pub vocabulary: Vocabulary,
    /// How it sees a scan; none on cards from before this field.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input: Option<ModelInput>,
    /// The weights' licence.
    pub licence: String,
    /// Data and settings of its training.
    pub training: Training,
    /// Figures measured on held-out patients, if any were.
    pub metrics: Option<Metrics>,
    /// What was measured of its heatmaps; none in files from before this field.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub explanations: Option<ExplanationMetrics>,
}

/// What a scan is before a model sees it: cut to the retina, resized, its grey range stretched.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ModelInput {
    /// Rows.
    pub height: usize,
    /// Columns.
    pub width: usize,
    /// Percentiles of its grey that become black and white.
    pub contrast_percentiles: [f32; 2],
    /// Whether differences between scanners (bars, noise floor, speckle, overlays) are reduced.
    pub is_cleaned: bool,
}

/// How matrices and kernels are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum WeightPrecision {
    /// As 8-bit integers, with a scale per output channel.
    Int8,
    /// As 32-bit floats.
    Float,
}

impl WeightPrecision {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Int8, Self::Float];

    /// As in a weights file.
    pub fn name(self) -> &'static str {
        match self {
            Self::Int8 => "int8",
            Self::Float => "float",
        }
    }

    /// The precision of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|precision| precision.name() == name)
    }
}

/// How a model was trained.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Training {
    /// What calibration divided the heads' logits by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calibration: Option<Temperatures>,
    /// By source, what to cite.
    #[serde(default)]
    pub data: BTreeMap<String, String>,
    /// The run's settings.
    #[serde(default)]
    pub settings: SettingsRecord,
    /// Each patient's split: which were trained on, which were measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub splits: Option<Splits>,
    /// The pretrained weights that training began from; `None` for random weights.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start: Option<SourceFile>,
}

/// The settings of a run by name: the options of the version of `train` that wrote them.
pub type SettingsRecord = BTreeMap<String, serde_json::Value>;

/// `settings` by name.
///
/// # Errors
/// `settings` does not serialize to a map of named values.
pub fn settings_record(settings: &impl Serialize) -> Result<SettingsRecord> {
    let record = serde_json::to_value(settings).and_then(serde_json::from_value);
    record.map_err(|e| Error::config("the settings cannot be recorded").because(e))
}

/// How a baseline was trained.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct BaselineTraining {
    /// The seed of its run.
    pub seed: u64,
    /// How its head was trained.
    pub settings: SettingsRecord,
}

/// What calibration divided the heads' logits by (temperature scaling, Guo et al. 2017); `None` if the validation
/// scans have no best temperature.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Temperatures {
    /// The image head's.
    pub image: Option<f64>,
    /// The text head's, on retrieved captions.
    pub text: Option<f64>,
    /// Validation scans on which they were fitted: only real ones, if there are any.
    pub n_scans: usize,
}

/// A part of the data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Split {
    /// Weights are trained on it.
    Train,
    /// Settings are chosen on it.
    Val,
    /// Figures are measured on it.
    Test,
}

impl std::fmt::Display for Split {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Train => "train",
            Self::Val => "val",
            Self::Test => "test",
        })
    }
}

/// Each patient's split.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Splits {
    /// The seed of the shuffle.
    pub seed: u64,
    /// Shares of train, val and test.
    pub fractions: [f64; 3],
    /// `source/patient` → split.
    pub patients: BTreeMap<String, Split>,
}

/// A file that weights or a tokenizer were read from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceFile {
    /// Its name, without its folder.
    pub file: String,
    /// SHA-256, in hex.
    pub sha256: String,
    /// What sort of file it is.
    pub format: String,
}

/// What was measured on a model's held-out patients.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Metrics {
    /// How far 8-bit integers are from floats.
    pub drift: Drift,
    /// By source, in floats.
    pub float: BTreeMap<String, Figures>,
    /// By source, in 8-bit integers.
    pub int8: BTreeMap<String, Figures>,
    /// The split that was measured.
    pub split: Split,
}

impl Metrics {
    /// The figures by source of the model in a precision.
    pub fn at(&self, precision: WeightPrecision) -> &BTreeMap<String, Figures> {
        match precision {
            WeightPrecision::Int8 => &self.int8,
            WeightPrecision::Float => &self.float,
        }
    }

    /// The same, to change.
    pub fn at_mut(&mut self, precision: WeightPrecision) -> &mut BTreeMap<String, Figures> {
        match precision {
            WeightPrecision::Int8 => &mut self.int8,
            WeightPrecision::Float => &mut self.float,
        }
    }
}

/// What was measured on a baseline's held-out patients.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BaselineMetrics {
    /// By source, in floats.
    pub float: BTreeMap<String, HeadFigures>,
    /// The split that was measured.
    pub split: Split,
}

/// How far a model in 8-bit integers is from the float model that it was made from. Without drift, `auroc_change` is 0 and
/// the others are 1.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Drift {
    /// AUROC of the image head on OCTDL, the mean over classes, integers minus floats.
    pub auroc_change: Option<f64>,
    /// Median over scans of the correlation of both heatmaps for the scan's class.
    pub heatmap_pearson: Option<f64>,
    /// Share of scans with the same image label.
    pub label_agreement: f64,
    /// Rank correlation of the scores of all words of all captions, for each class.
    pub word_spearman: Option<f64>,
}

/// The figures of one source of scans that a weights file keeps: few, with stable names.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Figures {
    /// Scans.
    pub n_scans: usize,
    /// Patients.
    pub n_patients: usize,
    /// What the scans were recorded with; none in files from before this field.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<String>,
    /// The image head.
    pub image: HeadFigures,
    /// The text head, on the retrieved caption.
    pub text: HeadFigures,
    /// How often answers of the image head were right, by class, band of probability and warning; bands without a scan are left
    /// out. Empty in files from before this field.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub answers: Vec<AnswerBand>,
    /// How often the retrieved caption without its class word gets the same label as with it.
    pub findings_keep_label: f64,
    /// Mean share of the class word in the caption's attribution (absolute Shapley values).
    pub class_word_share: Option<f64>,
    /// OCTDL only: the caption's condition (healthy, drusen, suspected MNV, MNV).
    pub condition: Option<ConditionFigures>,
    /// Where lesions have boxes: what the caption names against what is there.
    pub lesions: Option<LesionFigures>,
}

/// The figures of one head.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct HeadFigures {
    /// Share of right labels.
    pub accuracy: Option<Interval>,
    /// Share of diseased scans called diseased.
    pub sensitivity: Option<Interval>,
    /// Share of healthy scans called healthy.
    pub specificity: Option<Interval>,
    /// Mean recall over classes.
    pub balanced_accuracy: Option<Interval>,
    /// Of one minus the probability of healthy.
    pub auroc: Option<Interval>,
    /// Mean over classes of each one's AUROC against the rest; of two classes it is [`HeadFigures::auroc`].
    #[serde(default)]
    pub macro_auroc: Option<Interval>,
}

/// A figure of a head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Measure {
    /// Area under the ROC curve of disease.
    Auroc,
    /// Mean over classes of each one's area against the rest.
    MacroAuroc,
    /// Mean recall over classes.
    BalancedAccuracy,
    /// Share of diseased scans called diseased.
    Sensitivity,
    /// Share of healthy scans called healthy.
    Specificity,
    /// Share of right labels.
    Accuracy,
}

impl Measure {
    /// All, in the order in which they are shown.
    pub const ALL: [Self; 6] =
        [Self::Auroc, Self::MacroAuroc, Self::BalancedAccuracy, Self::Sensitivity, Self::Specificity, Self::Accuracy];
}

impl HeadFigures {
    /// The figure of a measure.
    pub fn get(&self, measure: Measure) -> Option<Interval> {
        match measure {
            Measure::Auroc => self.auroc,
            Measure::MacroAuroc => self.macro_auroc,
            Measure::BalancedAccuracy => self.balanced_accuracy,
            Measure::Sensitivity => self.sensitivity,
            Measure::Specificity => self.specificity,
            Measure::Accuracy => self.accuracy,
        }
    }
}

/// The caption's condition, four ways.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ConditionFigures {
    /// Share of right conditions.
    pub accuracy: Option<Interval>,
    /// Mean recall over conditions.
    pub balanced_accuracy: Option<Interval>,
}

/// Lesions in captions and under the heatmap's peak.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LesionFigures {
    /// Over all findings of all scans.
    pub micro_f1: f64,
    /// Mean over lesions.
    pub macro_f1: f64,
    /// Of drusen and fluid of any kind, on scans with boxes or outlines.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub drusen_fluid_f1: Option<f64>,
    /// Share of diseased scans whose heatmap peaks inside a lesion's box, widened by one cell.
    pub pointing_game: Option<f64>,
    /// The same with the heatmap of another patient's scan.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pointing_game_chance: Option<f64>,
    /// As [`LesionFigures::pointing_game`], widened by half a cell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pointing_game_half_cell: Option<f64>,
    /// The same with the heatmap of another patient's scan.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pointing_game_half_cell_chance: Option<f64>,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn figures_of_older_files_are_written_as_they_were_read() {
        let value = json!({ "value": 0.5, "low": 0.25, "high": 0.75 });
        let head = json!({
            "accuracy": value, "sensitivity": null, "specificity": null, "balanced_accuracy": null, "auroc": value,
            "macro_auroc": null,
        });
        let older = json!({
            "n_scans": 2, "n_patients": 1, "image": head, "text": head, "findings_keep_label": 1.0,
            "class_word_share": null, "condition": null,
            "lesions": { "micro_f1": 0.5, "macro_f1": 0.25, "pointing_game": 0.75 },
        });
        let figures: Figures = serde_json::from_value(older.clone()).unwrap();
        assert!(figures.answers.is_empty());
        assert_eq!((figures.device.as_ref(), figures.lesions.as_ref().and_then(|l| l.drusen_fluid_f1)), (None, None));
        assert_eq!(serde_json::to_value(&figures).unwrap(), older);
    }
}
