//! How often answers like one turned out to be right on held-back patients: by what was answered, how probable it was, and
//! whether the page would have warned.

use serde::{Deserialize, Serialize};

/// Lower ends of the bands of probability; the last one ends at 1. Three, so that each holds scans enough to say something:
/// below the page's own “likely” (0.75), above it, and above what sounds sure (0.9).
pub const BAND_STARTS: [f32; 3] = [0., 0.75, 0.9];

/// Answers of the image head that are alike: the same class, in the same band of probability, with a warning or without.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AnswerBand {
    /// The class that was answered.
    pub label: String,
    /// Its probability, from and to; the end belongs to the next band, but 1 to the last.
    pub probability: [f32; 2],
    /// Whether there was a warning with it, of any kind.
    pub is_warned: bool,
    /// Scans that were answered so, of classes that the model knows.
    pub n_scans: usize,
    /// Of these, those that the answer was right about.
    pub n_right: usize,
    /// Patients of these scans.
    pub n_patients: usize,
    /// Scans of diseases that are no class of the model, and were answered so: all of these answers are wrong. None where no
    /// such scan was measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub n_other_diseases: Option<usize>,
}

/// The band of a probability: from and to.
pub fn band_of(probability: f32) -> [f32; 2] {
    let at = BAND_STARTS.iter().rposition(|start| probability >= *start).unwrap_or_default();
    [BAND_STARTS[at], BAND_STARTS.get(at + 1).copied().unwrap_or(1.)]
}

impl AnswerBand {
    /// Whether an answer is one of these.
    pub fn holds(&self, label: &str, probability: f32, is_warned: bool) -> bool {
        let [from, to] = self.probability;
        let is_inside = probability >= from && (probability < to || to >= 1.);
        self.label == label && self.is_warned == is_warned && is_inside
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_probability_lies_in_one_band() {
        assert_eq!([0., 0.5, 0.75, 0.89, 0.9, 1.].map(band_of).map(|[from, _]| from), [0., 0., 0.75, 0.75, 0.9, 0.9]);
        let bands = BAND_STARTS.map(|start| AnswerBand {
            label: "AMD".into(),
            probability: band_of(start),
            is_warned: false,
            n_scans: 1,
            n_right: 1,
            n_patients: 1,
            n_other_diseases: None,
        });
        for probability in [0., 0.3, 0.75, 0.8, 0.9, 0.95, 1.] {
            let n = bands.iter().filter(|band| band.holds("AMD", probability, false)).count();
            assert_eq!(n, 1, "{probability}");
        }
        assert!(!bands[2].holds("AMD", 0.95, true) && !bands[2].holds("healthy", 0.95, false));
    }

    #[test]
    fn a_band_is_written_as_it_was_read() {
        let written = json!({
            "label": "AMD", "probability": [0.75, 0.875], "is_warned": true, "n_scans": 4, "n_right": 3, "n_patients": 2,
            "n_other_diseases": 5,
        });
        let read: AnswerBand = serde_json::from_value(written.clone()).unwrap();
        assert_eq!(serde_json::to_value(read).unwrap(), written);
    }
}
