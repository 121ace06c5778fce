//! Compares two ways to caption a scan. *Retrieved*: the nearest training caption as a whole. *Composed*: each
//! finding scored on its own, against the healthy text, as the finding loss trains it; named above a threshold.

use serde::Serialize;

use super::reading::Reading;
use super::verdicts::{drusen_and_fluid, verdicts};
use crate::bundle::card::Interval;
use crate::caption::{Caption, Vocabulary};
use crate::train::data::annotation::{Annotation, annotations};
use crate::train::metrics::bootstrap;
use crate::train::metrics::findings::{Counts, Verdict, best_threshold, counts, macro_f1, micro_f1};

/// The threshold that the finding loss trains to: a finding's text as near as the healthy one.
const TRAINED_THRESHOLD: f64 = 0.;

/// The threshold above which a finding is named.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Threshold {
    /// The finding.
    pub finding: String,
    /// On the cosine with the finding's text minus that with the healthy text.
    pub threshold: f64,
    /// F1 that it reaches on validation; none where no validation scan shows the finding, and the threshold is the
    /// trained one.
    pub validation_f1: Option<f64>,
    /// Validation scans that show it.
    pub n_shown: usize,
}

/// Thresholds that give each finding of `vocabulary` its highest F1 on `validation`: on all scans, of any source, whose
/// annotation of the finding is known.
pub(crate) fn thresholds(vocabulary: &Vocabulary, validation: &[&Reading<'_>]) -> Vec<Threshold> {
    let annotations: Vec<Vec<Annotation>> = validation.iter().map(|r| annotations(vocabulary, r.record)).collect();
    let fitted = |(i, finding): (usize, &String)| {
        let known = validation.iter().zip(&annotations).filter(|(_, known)| known[i].is_known());
        let (shown, margins): (Vec<bool>, Vec<f64>) =
            known.map(|(r, known)| (known[i] == Annotation::Shown, r.margins[i])).unzip();
        let best = best_threshold(&shown, &margins);
        Threshold {
            finding: finding.clone(),
            threshold: best.map_or(TRAINED_THRESHOLD, |(threshold, _)| threshold),
            validation_f1: best.map(|(_, f1)| f1),
            n_shown: shown.iter().filter(|s| **s).count(),
        }
    };
    vocabulary.findings.iter().enumerate().map(fitted).collect()
}

/// The findings whose margin passes their threshold, without a class word.
pub(crate) fn compose(margins: &[f64], thresholds: &[Threshold]) -> Caption {
    let passing = margins.iter().zip(thresholds).filter(|(margin, t)| **margin > t.threshold);
    Caption { label: None, findings: passing.map(|(_, t)| t.finding.clone()).collect() }
}

/// Both ways, on one source.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct CaptionStudy {
    /// The findings that are evaluated: those that the source annotates.
    pub findings: Vec<String>,
    /// The nearest training caption.
    pub retrieved: CaptionFigures,
    /// Findings one by one, with the threshold that the finding loss trains to.
    pub composed_untuned: CaptionFigures,
    /// Findings one by one, with thresholds fitted on validation; none without validation scans.
    pub composed: Option<CaptionFigures>,
    /// Composed (fitted where there is validation) minus retrieved, on the same draws of patients.
    pub micro_f1_gain: Option<Interval>,
    /// The same of the mean over findings.
    pub macro_f1_gain: Option<Interval>,
}

/// How well captions name what scans show.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct CaptionFigures {
    /// Over all pairs of a scan and a finding.
    pub micro_f1: Option<Interval>,
    /// Mean over findings that are shown or named.
    pub macro_f1: Option<Interval>,
    /// Share of scans whose findings are named without a mistake.
    pub exact: Option<Interval>,
    /// Share of scans whose caption names a finding that the source does not annotate, so that it cannot be judged.
    pub unmarked: Option<Interval>,
    /// Of drusen and fluid of any kind, over scans with boxes or outlines.
    pub drusen_fluid_f1: Option<Interval>,
    /// Share of healthy scans whose caption names a finding that their annotation calls absent.
    pub absent_in_healthy: Option<Interval>,
    /// Each finding's counts, in the order of [`CaptionStudy::findings`].
    pub counts: Vec<Counts>,
    /// Each finding's F1; none where it is neither shown nor named.
    pub f1: Vec<Option<f64>>,
}

/// How the findings of some scans are named.
struct Namings {
    /// For each scan, the verdict on each finding that is judged.
    verdicts: Vec<Vec<Verdict>>,
    unmarked: Vec<bool>,
    /// For each scan with boxes or outlines, the verdicts on drusen and fluid.
    drusen_and_fluid: Vec<Option<[Verdict; 2]>>,
    /// For each healthy scan, whether its caption names an absent finding.
    names_absent: Vec<Option<bool>>,
    n_findings: usize,
}

impl Namings {
    fn new(
        readings: &[&Reading<'_>],
        vocabulary: &Vocabulary,
        judged: &[usize],
        caption: impl Fn(&Reading<'_>) -> Caption,
    ) -> Self {
        let mut namings = Self {
            verdicts: Vec::new(),
            unmarked: Vec::new(),
            drusen_and_fluid: Vec::new(),
            names_absent: Vec::new(),
            n_findings: judged.len(),
        };
        for reading in readings {
            let caption = caption(reading);
            let known = annotations(vocabulary, reading.record);
            let verdicts = verdicts(vocabulary, reading.record, &caption);
            let of = |finding: &str| {
                vocabulary.findings.iter().position(|f| f == finding).map_or(Annotation::Unknown, |i| known[i])
            };
            let is_unmarked = |f: &String| {
                let is_a_kind_of_what_is_shown =
                    vocabulary.parent(f).is_some_and(|wider| of(wider) == Annotation::Shown);
                of(f) == Annotation::Unknown && !is_a_kind_of_what_is_shown
            };
            namings.unmarked.push(caption.findings.iter().any(is_unmarked));
            let has_boxes = !reading.record.boxes.is_empty();
            namings.drusen_and_fluid.push(has_boxes.then(|| drusen_and_fluid(reading.record, &caption)));
            namings.names_absent.push((reading.class == 0).then(|| verdicts.contains(&Verdict::OnlyNamed)));
            namings.verdicts.push(judged.iter().map(|i| verdicts[*i]).collect());
        }
        namings
    }

    fn counts(&self, scans: &[usize]) -> Vec<Counts> {
        counts(&scans.iter().map(|i| &self.verdicts[*i]).collect::<Vec<_>>(), self.n_findings)
    }

    fn figures(&self, patients: &[String]) -> CaptionFigures {
        let all: Vec<usize> = (0..self.verdicts.len()).collect();
        let has_mistake =
            |i: usize| self.verdicts[i].iter().any(|v| matches!(v, Verdict::OnlyNamed | Verdict::OnlyThere));
        let share = |scans: &[usize], of: &dyn Fn(usize) -> bool| {
            let n = scans.iter().filter(|i| of(**i)).count();
            (!scans.is_empty()).then(|| n as f64 / scans.len() as f64)
        };
        let drusen_fluid_f1 = |scans: &[usize]| {
            let verdicts: Vec<[Verdict; 2]> = scans.iter().filter_map(|i| self.drusen_and_fluid[*i]).collect();
            micro_f1(&counts(&verdicts, 2))
        };
        let absent_in_healthy = |scans: &[usize]| {
            let healthy: Vec<usize> = scans.iter().copied().filter(|i| self.names_absent[*i].is_some()).collect();
            share(&healthy, &|i| self.names_absent[i] == Some(true))
        };
        let counts = self.counts(&all);
        CaptionFigures {
            micro_f1: bootstrap(patients, |s| micro_f1(&self.counts(s))),
            macro_f1: bootstrap(patients, |s| macro_f1(&self.counts(s))),
            exact: bootstrap(patients, |s| share(s, &|i| !has_mistake(i))),
            unmarked: bootstrap(patients, |s| share(s, &|i| self.unmarked[i])),
            drusen_fluid_f1: bootstrap(patients, drusen_fluid_f1),
            absent_in_healthy: bootstrap(patients, absent_in_healthy),
            f1: counts.iter().map(Counts::f1).collect(),
            counts,
        }
    }
}

/// Compares both ways on `readings`, all of one source; `thresholds` are those of every finding of the vocabulary, none
/// fitted where there is no validation.
pub(crate) fn study(
    readings: &[&Reading<'_>],
    vocabulary: &Vocabulary,
    thresholds: &[Threshold],
    is_fitted: bool,
) -> CaptionStudy {
    // A healthy scan also rules out findings that its source does not annotate.
    let diseased = readings.iter().filter(|r| r.class > 0);
    let known: Vec<Vec<Annotation>> = diseased.map(|r| annotations(vocabulary, r.record)).collect();
    let judged: Vec<usize> =
        (0..vocabulary.findings.len()).filter(|i| known.iter().any(|annotations| annotations[*i].is_known())).collect();
    let untuned: Vec<Threshold> =
        thresholds.iter().map(|t| Threshold { threshold: TRAINED_THRESHOLD, ..t.clone() }).collect();
    let patients: Vec<String> = readings.iter().map(|r| r.record.patient.clone()).collect();
    let naming = |caption: &dyn Fn(&Reading<'_>) -> Caption| Namings::new(readings, vocabulary, &judged, caption);
    let retrieved = naming(&|r| r.retrieved.clone());
    let composed_untuned = naming(&|r| compose(&r.margins, &untuned));
    let composed = naming(&|r| compose(&r.margins, thresholds));
    let gain = |of: fn(&[Counts]) -> Option<f64>| {
        bootstrap(&patients, |s| Some(of(&composed.counts(s))? - of(&retrieved.counts(s))?))
    };
    CaptionStudy {
        retrieved: retrieved.figures(&patients),
        composed_untuned: composed_untuned.figures(&patients),
        composed: is_fitted.then(|| composed.figures(&patients)),
        micro_f1_gain: gain(micro_f1),
        macro_f1_gain: gain(macro_f1),
        findings: judged.iter().map(|i| vocabulary.findings[*i].clone()).collect(),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::train::data::lesion_box::LesionBox;
    use crate::train::data::record::{Record, SourceKind};

    fn vocabulary(findings: &[&str]) -> Vocabulary {
        Vocabulary::new(vec!["healthy".into(), "AMD".into()], findings.iter().map(|f| (*f).to_owned()).collect())
    }

    fn record(patient: &str, findings: &[&'static str]) -> Record {
        Record {
            path: "".into(),
            name: String::new(),
            source: SourceKind::Octdl,
            patient: patient.into(),
            label: if findings.is_empty() { "healthy" } else { "AMD" }.into(),
            caption: Caption { label: None, findings: findings.iter().map(|f| (*f).into()).collect() },
            annotated: findings.to_vec(),
            boxes: vec![],
        }
    }

    fn reading<'a>(record: &'a Record, retrieved: &[&str], margins: &[f64]) -> Reading<'a> {
        Reading {
            record,
            class: usize::from(!record.caption.findings.is_empty()),
            logits: BTreeMap::new(),
            retrieved: Caption { label: None, findings: retrieved.iter().map(|f| (*f).into()).collect() },
            margins: margins.to_vec(),
        }
    }

    #[test]
    fn a_threshold_is_fitted_on_scans_that_annotate_its_finding() {
        let records = [record("1", &["fluid"]), record("2", &[]), record("3", &["MNV"])];
        // The third scan has the highest margin for fluid, but its source does not annotate fluid.
        let readings = [reading(&records[0], &[], &[0.2, 0.9, 0.]), reading(&records[1], &[], &[0.1, -0.3, 0.])];
        let other = reading(&records[2], &[], &[0.9, -0.1, 0.]);
        let all: Vec<&Reading<'_>> = readings.iter().chain([&other]).collect();
        let fitted = thresholds(&vocabulary(&["fluid", "MNV", "folds"]), &all);
        assert!((fitted[0].threshold - 0.15).abs() < 1e-12);
        assert!((fitted[1].threshold + 0.2).abs() < 1e-12);
        assert_eq!((fitted[2].threshold, fitted[2].validation_f1, fitted[2].n_shown), (0., None, 0));
        assert_eq!(compose(&readings[0].margins, &fitted).text(), "fluid, MNV");
    }

    #[test]
    fn a_finding_that_is_not_annotated_is_no_mistake_but_is_counted() {
        let records = [record("1", &["MNV"]), record("2", &["MNV"])];
        let readings = [reading(&records[0], &["MNV", "fluid"], &[0., 1.]), reading(&records[1], &[], &[0., 1.])];
        let all: Vec<&Reading<'_>> = readings.iter().collect();
        let vocabulary = vocabulary(&["fluid", "MNV"]);
        let study = study(&all, &vocabulary, &thresholds(&vocabulary, &[]), false);
        assert_eq!(study.findings, ["MNV"]);
        assert_eq!(study.retrieved.counts, [Counts { both: 1, only_named: 0, only_there: 1 }]);
        assert_eq!(study.retrieved.unmarked.unwrap().value, 0.5);
        assert_eq!(study.composed_untuned.exact.unwrap().value, 1.);
        assert_eq!(study.composed, None);
        assert!((study.micro_f1_gain.unwrap().value - 1. / 3.).abs() < 1e-12);
    }

    #[test]
    fn drusen_and_fluid_count_on_scans_with_boxes_and_absent_findings_on_healthy_ones() {
        let with_box = |record: Record| Record {
            boxes: vec![LesionBox { finding: "fluid", xmin: 0, ymin: 0, xmax: 9, ymax: 9, outline: vec![] }],
            annotated: vec!["drusen", "fluid"],
            ..record
        };
        let records = [
            with_box(record("1", &["fluid"])),
            with_box(record("2", &["fluid"])),
            record("3", &["fluid"]),
            record("4", &[]),
            record("5", &[]),
        ];
        let named: [&[&str]; 5] = [&["fluid"], &["drusen"], &[], &["MNV"], &[]];
        let readings: Vec<Reading<'_>> =
            records.iter().zip(named).map(|(r, named)| reading(r, named, &[0.; 3])).collect();
        let all: Vec<&Reading<'_>> = readings.iter().collect();
        let vocabulary = vocabulary(&["fluid", "drusen", "MNV"]);
        let retrieved = study(&all, &vocabulary, &thresholds(&vocabulary, &[]), false).retrieved;
        // Fluid is named once of twice, drusen once where there are none.
        assert_eq!(retrieved.drusen_fluid_f1.unwrap().value, 0.5);
        assert_eq!(retrieved.absent_in_healthy.unwrap().value, 0.5);
    }
}
