//! One answer for an eye of which a file holds several B-scans. Knows reports, no model and no file.
//!
//! The rule: of the frames that count, the mean of the three largest probabilities of disease, because a disease may show in few
//! B-scans, and one B-scan alone may be wrong. Frames that are no scan, or of a kind that the model does not know, do not count.
//! `docs/results.md` compares it with others.

use serde::{Deserialize, Serialize};

use crate::caption::Diagnosis;
use crate::report::{InputRef, Prediction, Report, WarningKind};

/// How many frames decide.
const N_DECIDING: usize = 3;
/// The value of [`EyeReport::schema`].
pub const SCHEMA: &str = "octlens.eye/1";

/// What the frames of a file say together.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EyeAnswer {
    /// The class: healthy, or the most probable disease where disease is at least as probable as none.
    pub label: String,
    /// Its probability by the rule, 0…1; of healthy: that there is no disease.
    pub probability: f32,
    /// The frame, from 0, that decided most: the one with the largest probability of the class; of healthy: the one that
    /// looks most like disease.
    pub frame: usize,
    /// The gravest warning on the frames that decided.
    #[serde(default)]
    pub warning: WarningKind,
    /// Frames with a warning of any kind, whether they count or not.
    #[serde(default)]
    pub n_warned: usize,
    /// Frames that count.
    pub n_counted: usize,
    /// Frames that have an answer.
    pub n_answered: usize,
    /// Frames in the file.
    pub n_frames: usize,
}

/// The answer about a file as `train explain --frame all --json` prints it after the reports of its frames.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EyeReport {
    /// Always [`SCHEMA`].
    pub schema: String,
    /// Which file was asked about.
    pub input: EyeInput,
    /// The answer; none where no frame counts.
    pub eye: Option<EyeAnswer>,
}

/// Which file was asked about.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EyeInput {
    /// Its name, without its folder.
    pub name: String,
    /// Its SHA-256, in hex.
    pub sha256: String,
}

impl EyeReport {
    /// The answer about the file that the frames of `reports` are of; none without a report.
    pub fn of(reports: &[Report]) -> Option<Self> {
        let InputRef { name, sha256, .. } = &reports.first()?.input;
        let input = EyeInput { name: name.clone(), sha256: sha256.clone() };
        Some(Self { schema: SCHEMA.to_owned(), input, eye: EyeAnswer::of(reports) })
    }
}

impl EyeAnswer {
    /// What the answered frames of one file say together; none where no frame counts.
    pub fn of<'a>(reports: impl IntoIterator<Item = &'a Report>) -> Option<Self> {
        let answered: Vec<&Report> = reports.into_iter().collect();
        let counts = |report: &&&Report| report.warning.kind < WarningKind::Unfamiliar;
        let counted: Vec<&Report> = answered.iter().filter(counts).copied().collect();
        let first = counted.first()?;
        let healthy = Diagnosis::Healthy.label();
        let disease = mean_of_largest(&counted, |image| 1. - probability(image, healthy));
        let (label, share): (&str, &dyn Fn(&Prediction) -> f32) = if disease < 0.5 {
            (healthy, &|image| 1. - probability(image, healthy))
        } else {
            let of = |label: &str| mean_of_largest(&counted, |image| probability(image, label));
            let diseases = first.image.probabilities.keys().map(String::as_str).filter(|label| *label != healthy);
            let label = diseases.max_by(|a, b| of(a).total_cmp(&of(b)))?;
            (label, &move |image| probability(image, label))
        };
        let mut by_share = counted.clone();
        by_share.sort_by(|a, b| share(&a.image).total_cmp(&share(&b.image)));
        let decided = by_share.last()?;
        let deciding = by_share.iter().rev().take(N_DECIDING);
        let probability = if label == healthy { 1. - disease } else { mean_of_largest(&counted, share) };
        Some(Self {
            label: label.to_owned(),
            probability,
            frame: decided.input.frame,
            warning: deciding.map(|report| report.warning.kind).max().unwrap_or_default(),
            n_warned: answered.iter().filter(|report| !report.warning.is_none()).count(),
            n_counted: counted.len(),
            n_answered: answered.len(),
            n_frames: first.input.n_frames,
        })
    }
}

fn probability(image: &Prediction, label: &str) -> f32 {
    image.probabilities.get(label).copied().unwrap_or_default()
}

/// The mean of the largest values, of as many as decide.
fn mean_of_largest(reports: &[&Report], value: impl Fn(&Prediction) -> f32) -> f32 {
    let mut values: Vec<f32> = reports.iter().map(|report| value(&report.image)).collect();
    values.sort_by(|a, b| b.total_cmp(a));
    values.truncate(N_DECIDING);
    values.iter().sum::<f32>() / values.len().max(1) as f32
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::page::fixtures::{prediction, report, warning};
    use crate::report::Doubt;

    /// A frame of six with these probabilities.
    fn frame(number: usize, probabilities: &[(&str, f32)]) -> Report {
        let mut report = report("AMD, fluid");
        report.input.frame = number;
        report.input.n_frames = 6;
        report.image = prediction(probabilities);
        report
    }

    fn frames(amd: &[f32]) -> Vec<Report> {
        amd.iter().zip(0..).map(|(p, number)| frame(number, &[("healthy", 1. - p), ("AMD", *p)])).collect()
    }

    #[test]
    fn three_frames_decide_and_one_alone_does_not() {
        let eye = EyeAnswer::of(&frames(&[0.1, 0.9, 0.95, 0.1, 0.85, 0.0])).unwrap();
        assert_eq!((eye.label.as_str(), eye.frame), ("AMD", 2));
        assert!((eye.probability - 0.9).abs() < 1e-6, "{eye:?}");
        assert_eq!((eye.n_counted, eye.n_answered, eye.n_frames), (6, 6, 6));
        let eye = EyeAnswer::of(&frames(&[0.1, 0.1, 0.1, 0.1, 0.97, 0.1])).unwrap();
        assert_eq!((eye.label.as_str(), eye.frame), ("healthy", 4), "it names the most suspect frame");
        assert_eq!((eye.warning, eye.n_warned), (WarningKind::None, 0));
        assert!((eye.probability - (1. - 1.17 / 3.)).abs() < 1e-6, "{eye:?}");
    }

    #[test]
    fn fewer_frames_than_decide_are_averaged() {
        let eye = EyeAnswer::of(&frames(&[0.4, 0.8])).unwrap();
        assert!(eye.label == "AMD" && (eye.probability - 0.6).abs() < 1e-6, "{eye:?}");
        assert_eq!((eye.n_answered, eye.n_frames), (2, 6));
        assert_eq!(EyeAnswer::of(&[]), None);
    }

    #[test]
    fn frames_that_the_model_cannot_speak_about_do_not_count() {
        let mut reports = frames(&[0.1, 0.99, 0.99, 0.99, 0.2]);
        reports[1].warning = warning(&[Doubt::Noise]);
        reports[2].warning = warning(&[Doubt::UnlikeTraining]);
        reports[4].warning = warning(&[Doubt::LowProbability]);
        let eye = EyeAnswer::of(&reports).unwrap();
        assert_eq!((eye.warning, eye.n_warned), (WarningKind::Unsure, 3), "one of the frames that count is unsure");
        assert_eq!((eye.label.as_str(), eye.frame, eye.n_counted, eye.n_answered), ("healthy", 3, 3, 5));
        reports.iter_mut().for_each(|report| report.warning = warning(&[Doubt::OneColour]));
        assert_eq!(EyeAnswer::of(&reports), None);
        assert_eq!(EyeReport::of(&reports).unwrap().eye, None);
    }

    #[test]
    fn several_diseases_are_one_against_healthy_and_the_most_probable_of_them_is_named() {
        let p = |healthy, amd, dme| frame(1, &[("healthy", healthy), ("AMD", amd), ("DME", dme)]);
        let eye = EyeAnswer::of(&[p(0.4, 0.25, 0.35), p(0.4, 0.2, 0.4), p(0.45, 0.3, 0.25)]).unwrap();
        assert_eq!(eye.label, "DME");
        assert!((eye.probability - 1. / 3.).abs() < 1e-6, "{eye:?}");
    }
}
