//! What a weights file records of its explanations: how faithful each method's heatmaps were on held-out patients, which
//! method a rule picked, and how large the evidence of a map usually is.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::interval::Interval;

/// How a model's heatmaps were measured. `train export` writes the peaks; `train eval --explanations --record` adds the rest.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ExplanationMetrics {
    /// A row for each method, data set and group of lesions; empty if they were not measured.
    #[serde(default)]
    pub methods: Vec<MethodMetrics>,
    /// How large the evidence of a map usually is, by method and class.
    #[serde(default)]
    pub peaks: Vec<PeakReference>,
    /// The method that the rule picked (`MapMethod::name`), or the program's default one if no figures were measured.
    pub default: String,
    /// The rule that picked it, as one English sentence; empty if no figures were measured.
    #[serde(default)]
    pub rule: String,
}

/// What was measured of one method, or of a control, on some scans of one data set.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MethodMetrics {
    /// The method (`MapMethod::name`), or [`RANDOM`] or [`CENTRE`] for a control.
    pub method: String,
    /// The layer whose feature map is explained; empty for a control.
    #[serde(default)]
    pub layer: String,
    /// The data set (`kermany`, `phantom`).
    pub set: String,
    /// The split that was measured (`test`), or `all`.
    pub split: String,
    /// Of which lesions: all, or a tercile by their size.
    #[serde(default)]
    pub lesions: LesionSize,
    /// The finding whose map was measured (`drusen`); none for maps of the scan's class.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finding: Option<String>,
    /// Scans.
    pub n_scans: usize,
    /// Patients.
    pub n_patients: usize,
    /// The figures; one that is not defined on these scans is missing.
    pub figures: BTreeMap<MapMeasure, MapFigure>,
}

/// [`MethodMetrics::method`] of a map of random values.
pub const RANDOM: &str = "random";
/// [`MethodMetrics::method`] of a map that is largest at the centre of the scan and falls off to its borders.
pub const CENTRE: &str = "centre";

/// Which scans with lesions: all, or a third of those of a data set, by the share of the scan that the lesions cover.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LesionSize {
    /// All.
    #[default]
    All,
    /// The third with the smallest lesions.
    Small,
    /// The third between.
    Middle,
    /// The third with the largest lesions.
    Large,
}

impl LesionSize {
    /// All of them, in the order in which they are shown.
    pub const ALL: [Self; 4] = [Self::All, Self::Small, Self::Middle, Self::Large];

    /// As in a weights file.
    pub fn name(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Small => "small",
            Self::Middle => "middle",
            Self::Large => "large",
        }
    }
}

/// A mean over scans, and its 95 % interval over draws of patients.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct MapFigure {
    /// The mean and its interval.
    #[serde(flatten)]
    pub interval: Interval,
    /// Scans on which it is defined.
    pub n_scans: usize,
}

/// What is measured of a heatmap. Those about lesions need an outline or a box; all are 0…1 but for the correlations (−1…1),
/// the curves, which are in the unit of the score, and the sensitivity (from 0).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MapMeasure {
    /// Share of maps whose peak lies in a lesion (Zhang et al. 2018).
    PointingGame,
    /// The same with lesions widened by half a cell of the paper's map.
    PointingGameHalfCell,
    /// Share of the map's values that lies in the rectangles around lesions (Wang et al. 2020).
    EnergyInBox,
    /// Intersection over union of the lesions and the hottest pixels, at the best threshold for the scan.
    BestIou,
    /// Share of the map's values that lies in lesions (Arras et al. 2022).
    RelevanceMass,
    /// Of as many of the hottest pixels as lesions have, the share that lies in them (Arras et al. 2022).
    RelevanceRank,
    /// Share of the map's values that lies in the retina.
    EnergyInRetina,
    /// Area under the probability of the class while the hottest parts are removed first (Petsiuk et al. 2018): lower is
    /// better.
    Deletion,
    /// The same while they are added to a blurred scan first: higher is better.
    Insertion,
    /// Area between both curves of a random order and the map's: insertion minus deletion, less the same of random orders.
    OverRandomOrder,
    /// Probability of the class lost by noisy linear imputation of the hottest parts rather than of the coldest, averaged
    /// over shares (ROAD, Rong et al. 2022): higher is better.
    Road,
    /// Largest relative change of the map under small changes of the scan (Yeh et al. 2019): lower is better.
    MaxSensitivity,
    /// Rank correlation of the map with that of the same model with a random head (Adebayo et al. 2018): lower is better.
    RandomHead,
    /// The same with a random head and a random last stage.
    RandomLastStage,
}

impl MapMeasure {
    /// All of them, in the order in which they are shown.
    pub const ALL: [Self; 14] = [
        Self::PointingGame,
        Self::PointingGameHalfCell,
        Self::EnergyInBox,
        Self::BestIou,
        Self::RelevanceMass,
        Self::RelevanceRank,
        Self::EnergyInRetina,
        Self::Deletion,
        Self::Insertion,
        Self::OverRandomOrder,
        Self::Road,
        Self::MaxSensitivity,
        Self::RandomHead,
        Self::RandomLastStage,
    ];

    /// Whether a larger value is a better one.
    pub fn is_better_high(self) -> bool {
        !matches!(self, Self::Deletion | Self::MaxSensitivity | Self::RandomHead | Self::RandomLastStage)
    }
}

/// How large the evidence of a map usually is: what a scan's own peak is compared with, so that a map of almost no evidence
/// looks like one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PeakReference {
    /// The method (`MapMethod::name`).
    pub method: String,
    /// The class that was explained.
    pub target: String,
    /// 95th percentile of the map's largest value before it was normalised, in the method's own unit, over validation scans
    /// that were answered as that class.
    pub p95: f32,
    /// How many scans those are.
    pub n_scans: usize,
}

impl ExplanationMetrics {
    /// The row of a method, or of a control, for maps of the class on all lesions of a data set.
    pub fn overall(&self, method: &str, set: &str) -> Option<&MethodMetrics> {
        let is_it = |m: &&MethodMetrics| {
            m.method == method && m.set == set && m.lesions == LesionSize::All && m.finding.is_none()
        };
        self.methods.iter().find(is_it)
    }

    /// How large the evidence of `method` for class `target` usually is; none if it was not measured, or on no scan.
    pub fn peak(&self, method: &str, target: &str) -> Option<&PeakReference> {
        self.peaks.iter().find(|p| p.method == method && p.target == target && p.p95 > 0.)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_record_is_written_as_it_was_read() {
        let row = json!({
            "method": "grad_cam", "layer": "layer4", "set": "kermany", "split": "test", "lesions": "small",
            "n_scans": 3, "n_patients": 2,
            "figures": { "pointing_game": { "value": 0.5, "low": 0.25, "high": 0.75, "n_scans": 2 } },
        });
        let of_drusen = json!({
            "method": "grad_cam", "layer": "layer4", "set": "kermany", "split": "test", "lesions": "all",
            "finding": "drusen", "n_scans": 3, "n_patients": 2, "figures": {},
        });
        let peak = json!({ "method": "grad_cam", "target": "AMD", "p95": 2.5, "n_scans": 40 });
        let record =
            json!({ "methods": [row, of_drusen], "peaks": [peak], "default": "grad_cam", "rule": "The best one." });
        let read: ExplanationMetrics = serde_json::from_value(record.clone()).unwrap();
        assert_eq!(serde_json::to_value(&read).unwrap(), record);
        assert_eq!(read.overall("grad_cam", "kermany"), None, "one is of small lesions, one of a finding");
        assert_eq!(read.peak("grad_cam", "AMD").unwrap().n_scans, 40);
        assert_eq!(read.peak("grad_cam", "healthy"), None);
    }

    #[test]
    fn names_are_those_of_a_file_and_measures_are_in_order() {
        for size in LesionSize::ALL {
            assert_eq!(serde_json::to_value(size).unwrap(), size.name());
        }
        assert!(MapMeasure::ALL.is_sorted());
    }
}
