//! Two ways to put a scan into words, compared. *Retrieved*: the nearest training caption as a whole. *Composed*: each
//! finding scored on its own, against the healthy text, as the finding loss trains it; named above a threshold.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::reading::Reading;
use crate::bundle::card::Interval;
use crate::caption::Caption;
use crate::train::data::record::SourceKind;
use crate::train::metrics::bootstrap;
use crate::train::metrics::findings::{Counts, best_threshold, counts, macro_f1, micro_f1};

/// The threshold that the finding loss trains to: a finding's text as near as the healthy one.
const TRAINED_THRESHOLD: f64 = 0.;

/// Which findings each source annotates: one that it does not annotate may or may not be there.
pub(crate) struct AnnotatedFindings(BTreeMap<SourceKind, BTreeSet<String>>);

impl AnnotatedFindings {
    /// Takes the findings that a source's captions name for all that it annotates.
    pub(crate) fn new<'r>(readings: impl IntoIterator<Item = &'r Reading<'r>>) -> Self {
        let mut by_source: BTreeMap<_, BTreeSet<String>> = BTreeMap::new();
        for Reading { record, .. } in readings {
            by_source.entry(record.source).or_default().extend(record.caption.findings.iter().cloned());
        }
        Self(by_source)
    }

    fn annotates(&self, source: SourceKind, finding: &str) -> bool {
        self.0.get(&source).is_some_and(|findings| findings.contains(finding))
    }

    /// Whether it is known that `reading` does or does not show `finding`. A healthy scan shows none, whoever annotated it.
    fn is_known(&self, reading: &Reading<'_>, finding: &str) -> bool {
        reading.class == 0 || self.annotates(reading.record.source, finding)
    }
}

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

/// Thresholds that give each of `findings` its highest F1 on `validation`: every scan of which it is known whether it
/// shows the finding counts, whatever its source.
pub(crate) fn thresholds(
    findings: &[String],
    annotated: &AnnotatedFindings,
    validation: &[&Reading<'_>],
) -> Vec<Threshold> {
    let fitted = |(i, finding): (usize, &String)| {
        let known = validation.iter().filter(|r| annotated.is_known(r, finding));
        let (shown, margins): (Vec<bool>, Vec<f64>) =
            known.map(|r| (r.record.caption.findings.contains(finding), r.margins[i])).unzip();
        let best = best_threshold(&shown, &margins);
        Threshold {
            finding: finding.clone(),
            threshold: best.map_or(TRAINED_THRESHOLD, |(threshold, _)| threshold),
            validation_f1: best.map(|(_, f1)| f1),
            n_shown: shown.iter().filter(|s| **s).count(),
        }
    };
    findings.iter().enumerate().map(fitted).collect()
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
    /// Findings one by one, with the thresholds that were trained to.
    pub composed_untuned: CaptionFigures,
    /// Findings one by one, with thresholds fitted on validation; none without validation scans.
    pub composed: Option<CaptionFigures>,
    /// Composed (fitted where there is validation) minus retrieved, on the same draws of patients.
    pub micro_f1_gain: Option<Interval>,
    /// The same of the mean over findings.
    pub macro_f1_gain: Option<Interval>,
}

/// How well captions name what is there.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct CaptionFigures {
    /// Over all namings.
    pub micro_f1: Option<Interval>,
    /// Mean over findings that are there or named.
    pub macro_f1: Option<Interval>,
    /// Share of scans whose findings are named without a mistake.
    pub exact: Option<Interval>,
    /// Share of scans of which a finding is named that the source does not annotate, so that nobody can say whether it is
    /// there.
    pub unmarked: Option<Interval>,
    /// Each finding's counts, in the order of [`CaptionStudy::findings`].
    pub counts: Vec<Counts>,
    /// Each finding's F1; none where it is neither there nor named.
    pub f1: Vec<Option<f64>>,
}

/// Named and true findings of some scans, as indices.
struct Naming {
    truth: Vec<Vec<usize>>,
    named: Vec<Vec<usize>>,
    unmarked: Vec<bool>,
    n_findings: usize,
}

impl Naming {
    fn new(readings: &[&Reading<'_>], findings: &[String], caption: impl Fn(&Reading<'_>) -> Caption) -> Self {
        let indices = |c: &Caption| {
            c.findings.iter().filter_map(|f| findings.iter().position(|known| known == f)).collect::<Vec<_>>()
        };
        let captions: Vec<Caption> = readings.iter().map(|r| caption(r)).collect();
        Self {
            truth: readings.iter().map(|r| indices(&r.record.caption)).collect(),
            named: captions.iter().map(&indices).collect(),
            unmarked: captions.iter().map(|c| c.findings.iter().any(|f| !findings.contains(f))).collect(),
            n_findings: findings.len(),
        }
    }

    fn counts(&self, scans: &[usize]) -> Vec<Counts> {
        let pick = |of: &'_ [Vec<usize>]| scans.iter().map(|i| of[*i].clone()).collect::<Vec<_>>();
        counts(&pick(&self.truth), &pick(&self.named), self.n_findings)
    }

    fn figures(&self, patients: &[String]) -> CaptionFigures {
        let all: Vec<usize> = (0..self.truth.len()).collect();
        let share = |scans: &[usize], of: &dyn Fn(usize) -> bool| {
            let n = scans.iter().filter(|i| of(**i)).count();
            (!scans.is_empty()).then(|| n as f64 / scans.len() as f64)
        };
        let counts = self.counts(&all);
        CaptionFigures {
            micro_f1: bootstrap(patients, |s| micro_f1(&self.counts(s))),
            macro_f1: bootstrap(patients, |s| macro_f1(&self.counts(s))),
            exact: bootstrap(patients, |s| share(s, &|i| self.truth[i] == self.named[i])),
            unmarked: bootstrap(patients, |s| share(s, &|i| self.unmarked[i])),
            f1: counts.iter().map(Counts::f1).collect(),
            counts,
        }
    }
}

/// Compares both ways on `readings`, all of one source; `thresholds` are those of every finding of the vocabulary, none
/// fitted where there is no validation.
pub(crate) fn study(
    readings: &[&Reading<'_>],
    annotated: &AnnotatedFindings,
    thresholds: &[Threshold],
    is_fitted: bool,
) -> CaptionStudy {
    let is_annotated = |t: &&Threshold| readings.iter().any(|r| annotated.annotates(r.record.source, &t.finding));
    let findings: Vec<String> = thresholds.iter().filter(is_annotated).map(|t| t.finding.clone()).collect();
    let untuned: Vec<Threshold> =
        thresholds.iter().map(|t| Threshold { threshold: TRAINED_THRESHOLD, ..t.clone() }).collect();
    let patients: Vec<String> = readings.iter().map(|r| r.record.patient.clone()).collect();
    let naming = |caption: &dyn Fn(&Reading<'_>) -> Caption| Naming::new(readings, &findings, caption);
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
        findings,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::data::record::Record;

    fn record(source: SourceKind, patient: &str, findings: &[&str]) -> Record {
        Record {
            path: "".into(),
            name: String::new(),
            source,
            patient: patient.into(),
            label: String::new(),
            caption: Caption { label: None, findings: findings.iter().map(|f| (*f).into()).collect() },
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
    fn a_threshold_is_fitted_on_scans_of_which_the_finding_is_known() {
        let findings: Vec<String> = ["fluid", "MNV", "folds"].map(str::to_owned).to_vec();
        let records = [
            record(SourceKind::Phantom, "1", &["fluid"]),
            record(SourceKind::Phantom, "2", &[]),
            record(SourceKind::Octdl, "3", &["MNV"]),
        ];
        // OCTDL's diseased scan has the highest margin for fluid; but OCTDL does not annotate fluid.
        let readings = [reading(&records[0], &[], &[0.2, 0.9, 0.]), reading(&records[1], &[], &[0.1, -0.3, 0.])];
        let other = reading(&records[2], &[], &[0.9, -0.1, 0.]);
        let all: Vec<&Reading<'_>> = readings.iter().chain([&other]).collect();
        let fitted = thresholds(&findings, &AnnotatedFindings::new(all.iter().copied()), &all);
        assert!((fitted[0].threshold - 0.15).abs() < 1e-12);
        assert!((fitted[1].threshold + 0.2).abs() < 1e-12);
        assert_eq!((fitted[2].threshold, fitted[2].validation_f1, fitted[2].n_shown), (0., None, 0));
        assert_eq!(compose(&readings[0].margins, &fitted).text(), "fluid, MNV");
    }

    #[test]
    fn what_a_source_does_not_annotate_is_no_mistake_but_is_counted() {
        let records = [record(SourceKind::Octdl, "1", &["MNV"]), record(SourceKind::Octdl, "2", &["MNV"])];
        let readings = [reading(&records[0], &["MNV", "fluid"], &[0., 1.]), reading(&records[1], &[], &[0., 1.])];
        let all: Vec<&Reading<'_>> = readings.iter().collect();
        let annotated = AnnotatedFindings::new(all.iter().copied());
        let findings: Vec<String> = ["fluid", "MNV"].map(str::to_owned).to_vec();
        let study = study(&all, &annotated, &thresholds(&findings, &annotated, &[]), false);
        assert_eq!(study.findings, ["MNV"]);
        assert_eq!(study.retrieved.counts, [Counts { both: 1, only_named: 0, only_there: 1 }]);
        assert_eq!(study.retrieved.unmarked.unwrap().value, 0.5);
        assert_eq!(study.composed_untuned.exact.unwrap().value, 1.);
        assert_eq!(study.composed, None);
        assert!((study.micro_f1_gain.unwrap().value - 1. / 3.).abs() < 1e-12);
    }
}
