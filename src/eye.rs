//! One answer for an eye of which there are several B-scans, in a file or in several. Knows reports, no model and no file.
//!
//! Files are of one eye if they say so ([`EyeKey`]) or a person does. A right and a left eye never have one answer.
//!
//! The rule: of the frames that count, the mean of the three largest probabilities of disease, because a disease may show in few
//! B-scans, and one B-scan alone may be wrong. Frames that are no scan, or of a kind that the model does not know, do not count.
//! `docs/results.md` compares it with others.

use std::collections::{HashMap, HashSet};

use serde::{Deserialize, Serialize};

use crate::caption::Diagnosis;
use crate::report::{InputRef, Prediction, Report, WarningKind};
use crate::scan::note::Laterality;

/// How many frames decide.
const N_DECIDING: usize = 3;
/// The value of [`EyeReport::schema`].
pub const SCHEMA: &str = "octlens.eye/1";

/// What tells the eyes of DICOM files apart: the study and the side. Files of one B-scan with the same key are of one eye.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EyeKey {
    study: String,
    laterality: Laterality,
}

impl EyeKey {
    /// Of a scan in a file of that study ([`crate::scan::ScanFile::study`]); none where study or side is not known, and none of
    /// a file of several B-scans, which has an answer of its own.
    pub fn of(study: Option<String>, input: &InputRef) -> Option<Self> {
        let (study, laterality) = study.zip(input.laterality)?;
        (input.n_frames == 1).then_some(Self { study, laterality })
    }
}

/// Whether scans show a right and a left eye.
pub fn has_both_eyes<'a>(inputs: impl IntoIterator<Item = &'a InputRef>) -> bool {
    let sides: HashSet<Laterality> = inputs.into_iter().filter_map(|input| input.laterality).collect();
    sides.len() > 1
}

/// What the frames of a file, or of several, say together.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EyeAnswer {
    /// The class: healthy, or the most probable disease where disease is at least as probable as none.
    pub label: String,
    /// Its probability by the rule, 0…1; of healthy: that there is no disease.
    pub probability: f32,
    /// The frame, from 0, that decided most: the one with the largest probability of the class; of healthy: the one that
    /// looks most like disease. Of several files: which frame of the file that it is in.
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
    /// Frames in the file, or in all files.
    pub n_frames: usize,
}

/// The answer about an eye as `train explain --json` prints it after the reports: with `--frame all` of each file of several
/// frames, with `--eye` of several files.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EyeReport {
    /// Always [`SCHEMA`].
    pub schema: String,
    /// Which file was asked about; of several, the one with the frame that decided, or the first if no frame counts.
    pub input: EyeInput,
    /// All files, if there are several.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub inputs: Vec<EyeInput>,
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
    /// The answer about the eye that `reports` are about; none without a report.
    pub fn of<'a>(reports: impl IntoIterator<Item = &'a Report>) -> Option<Self> {
        let reports: Vec<&Report> = reports.into_iter().collect();
        let mut inputs: Vec<EyeInput> = Vec::new();
        for InputRef { name, sha256, .. } in reports.iter().map(|report| &report.input) {
            if inputs.iter().all(|input| input.sha256 != *sha256) {
                inputs.push(EyeInput { name: name.clone(), sha256: sha256.clone() });
            }
        }
        let decision = Decision::of(reports.iter().copied());
        let decided = decision.as_ref().map(|decision| &reports[decision.decided].input.sha256);
        let input = inputs.iter().find(|input| Some(&input.sha256) == decided).or(inputs.first())?.clone();
        if inputs.len() == 1 {
            inputs.clear();
        }
        Some(Self { schema: SCHEMA.to_owned(), input, inputs, eye: decision.map(|decision| decision.eye) })
    }
}

/// An answer, and which of the reports decided.
#[derive(Clone, Debug, PartialEq)]
pub struct Decision {
    /// The answer.
    pub eye: EyeAnswer,
    /// The place of the report that decided, among those that were given.
    pub decided: usize,
}

impl EyeAnswer {
    /// What the answered frames of one eye say together; none where no frame counts, and none of two eyes.
    pub fn of<'a>(reports: impl IntoIterator<Item = &'a Report>) -> Option<Self> {
        Decision::of(reports).map(|decision| decision.eye)
    }
}

impl Decision {
    /// What the answered frames of one eye say together; none where no frame counts, and none of two eyes. A frame that comes
    /// twice, as of a file that was opened twice, counts once.
    pub fn of<'a>(reports: impl IntoIterator<Item = &'a Report>) -> Option<Self> {
        let mut seen = HashSet::new();
        let is_new = |(_, report): &(usize, &'a Report)| seen.insert((&report.input.sha256, report.input.frame));
        let answered: Vec<(usize, &Report)> = reports.into_iter().enumerate().filter(is_new).collect();
        if has_both_eyes(answered.iter().map(|(_, report)| &report.input)) {
            return None;
        }
        let counts = |(_, report): &(usize, &Report)| report.warning.kind < WarningKind::Unfamiliar;
        let (places, counted): (Vec<usize>, Vec<&Report>) = answered.iter().copied().filter(counts).unzip();
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
        let mut by_share: Vec<usize> = (0..counted.len()).collect();
        by_share.sort_by(|a, b| share(&counted[*a].image).total_cmp(&share(&counted[*b].image)));
        let decided = *by_share.last()?;
        let deciding = by_share.iter().rev().take(N_DECIDING).map(|i| counted[*i]);
        let probability = if label == healthy { 1. - disease } else { mean_of_largest(&counted, share) };
        let files: HashMap<&str, usize> =
            answered.iter().map(|(_, report)| (report.input.sha256.as_str(), report.input.n_frames)).collect();
        let eye = EyeAnswer {
            label: label.to_owned(),
            probability,
            frame: counted[decided].input.frame,
            warning: deciding.map(|report| report.warning.kind).max().unwrap_or_default(),
            n_warned: answered.iter().filter(|(_, report)| !report.warning.is_none()).count(),
            n_counted: counted.len(),
            n_answered: answered.len(),
            n_frames: files.values().sum(),
        };
        Some(Self { eye, decided: places[decided] })
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
        let p = |number, healthy, amd, dme| frame(number, &[("healthy", healthy), ("AMD", amd), ("DME", dme)]);
        let eye = EyeAnswer::of(&[p(0, 0.4, 0.25, 0.35), p(1, 0.4, 0.2, 0.4), p(2, 0.45, 0.3, 0.25)]).unwrap();
        assert_eq!(eye.label, "DME");
        assert!((eye.probability - 1. / 3.).abs() < 1e-6, "{eye:?}");
    }

    /// A file of one B-scan.
    fn file(name: &str, amd: f32, laterality: Option<Laterality>) -> Report {
        let mut report = frame(0, &[("healthy", 1. - amd), ("AMD", amd)]);
        report.input = InputRef { name: name.into(), sha256: name.into(), n_frames: 1, laterality, ..report.input };
        report
    }

    #[test]
    fn files_of_one_eye_have_one_answer_and_one_that_comes_twice_counts_once() {
        let [a, b] = [file("a", 0.2, Some(Laterality::Left)), file("b", 0.9, None)];
        let reports = [a.clone(), b.clone(), b.clone(), b.clone(), a];
        let decision = Decision::of(&reports).unwrap();
        assert_eq!((decision.decided, decision.eye.n_answered, decision.eye.n_frames), (1, 2, 2));
        assert!((decision.eye.probability - 0.55).abs() < 1e-6, "{decision:?}");
        let report = EyeReport::of(&reports).unwrap();
        assert_eq!((report.input.name.as_str(), report.inputs.len(), report.eye), ("b", 2, Some(decision.eye)));
        let of_one = serde_json::to_value(EyeReport::of(&frames(&[0.1, 0.9]))).unwrap();
        assert!(of_one["inputs"].is_null() && of_one["input"]["sha256"] == "0", "{of_one}");
    }

    #[test]
    fn a_right_and_a_left_eye_never_have_one_answer() {
        let sides = [Some(Laterality::Right), None, Some(Laterality::Left)];
        let reports = sides.map(|side| file(&format!("{side:?}"), 0.9, side));
        assert!(has_both_eyes(reports.iter().map(|report| &report.input)));
        assert_eq!(EyeReport::of(&reports).unwrap().eye, None);
        assert!(EyeAnswer::of(&reports[..2]).is_some());
    }

    #[test]
    fn files_say_that_they_are_of_one_eye_only_where_study_and_side_are_known() {
        let key = |study: Option<&str>, side| EyeKey::of(study.map(str::to_owned), &file("a", 0.5, side).input);
        let right = Some(Laterality::Right);
        assert!(key(Some("1"), right).is_some() && key(Some("1"), right) == key(Some("1"), right));
        let others = [key(Some("2"), right), key(Some("1"), Some(Laterality::Left))];
        assert!(others.iter().all(|other| other.is_some() && *other != key(Some("1"), right)));
        assert_eq!([key(None, right), key(Some("1"), None)], [None, None]);
        let volume = InputRef { laterality: right, ..frame(0, &[("healthy", 1.)]).input };
        assert_eq!(EyeKey::of(Some("1".to_owned()), &volume), None);
    }
}
