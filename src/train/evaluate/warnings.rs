//! What warnings are worth: how often the model warns of which scans, what it says without a warning, and how often it is
//! right when the most doubtful scans are withheld.
//!
//! Scans of diseases count here that are no class of the model, as in `bands` and nowhere else: it cannot name them, but it
//! can warn.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::bundle::card::Interval;
use crate::caption::Diagnosis;
use crate::report::{Report, WarningKind};
use crate::train::data::record::Record;
use crate::train::metrics::{bootstrap, ranking, selective};

/// The probability above which a wrong answer sounds sure.
pub(crate) const SURE: f32 = 0.9;
/// The shares of scans at which accuracy is reported.
pub(crate) const COVERAGES: [f64; 4] = [1., 0.95, 0.9, 0.8];

/// What a scan shows, whatever the model's classes are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Group {
    /// No disease.
    Healthy,
    /// Age-related macular degeneration.
    Amd,
    /// Any other disease, a class of the model or not.
    AnotherDisease,
}

impl Group {
    fn of(label: &str) -> Self {
        if label == Diagnosis::Healthy.label() {
            Self::Healthy
        } else if label == Diagnosis::Amd.label() {
            Self::Amd
        } else {
            Self::AnotherDisease
        }
    }

    /// Its name in tables.
    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::Healthy => Diagnosis::Healthy.label(),
            Self::Amd => Diagnosis::Amd.label(),
            Self::AnotherDisease => "another disease",
        }
    }
}

/// The image head's answer to a scan, and the warning with it.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    group: Group,
    pub(super) patient: String,
    /// The class that is answered.
    pub(super) label: String,
    /// Its group.
    answered: Group,
    pub(super) is_right: bool,
    /// Of the answer.
    pub(super) probability: f32,
    kind: WarningKind,
    score: f64,
}

impl Answer {
    /// The answer to `record`.
    pub(crate) fn new(record: &Record, report: &Report) -> Self {
        let label = &report.image.label;
        Self {
            group: Group::of(&record.label),
            patient: record.patient.clone(),
            label: label.clone(),
            answered: Group::of(label),
            is_right: *label == record.label,
            probability: report.image.probabilities.get(label).copied().unwrap_or_default(),
            kind: report.warning.kind,
            score: f64::from(report.warning.score),
        }
    }

    /// Whether the page would warn of it.
    pub(super) fn is_warned(&self) -> bool {
        self.kind != WarningKind::None
    }

    /// Whether the scan is one of the two kinds that the model is for.
    fn is_known(&self) -> bool {
        self.group != Group::AnotherDisease
    }
}

/// The warnings on scans of one source. A share is none where there is no scan to share.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct WarningStudy {
    /// By what the scans show; groups without a scan are left out.
    pub groups: BTreeMap<Group, GroupWarnings>,
    /// Of right answers to healthy and AMD scans, the share with a warning.
    pub warned_of_right: Option<Interval>,
    /// Of healthy and AMD scans, the share answered wrongly with a probability above [`SURE`] and without a warning.
    pub wrong_and_sure: Option<Interval>,
    /// Of scans of other diseases, the share called AMD without a warning.
    pub others_called_amd: Option<Interval>,
    /// How well the warning's score tells other diseases from healthy and AMD.
    pub others_auroc: Option<Interval>,
    /// On scans whose class the model knows.
    pub coverage: CoverageStudy,
}

/// The warnings on one group of scans.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct GroupWarnings {
    /// Scans.
    pub n_scans: usize,
    /// Patients.
    pub n_patients: usize,
    /// Share of scans with a warning of each kind; they sum to 1.
    pub kinds: BTreeMap<WarningKind, f64>,
}

/// Accuracy when only the least doubtful scans are answered, by the warning's score.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct CoverageStudy {
    /// Accuracy at each of [`COVERAGES`].
    pub accuracies: Vec<CoverageAccuracy>,
    /// Area under the risk–coverage curve.
    pub aurc: Option<Interval>,
    /// Points `[coverage, risk]`, one per scan.
    pub curve: Vec<[f64; 2]>,
}

/// Accuracy at one coverage.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(crate) struct CoverageAccuracy {
    /// Share of scans that are answered.
    pub coverage: f64,
    /// Share of right answers among them.
    pub accuracy: Option<Interval>,
}

/// Measures warnings: on `known`, scans whose class the model has, and on `others`, scans of other diseases that it does
/// not have.
pub(crate) fn study(known: &[Answer], others: &[Answer]) -> WarningStudy {
    let all: Vec<&Answer> = known.iter().chain(others).collect();
    let of_group = |group| all.iter().copied().filter(|a| a.group == group).collect::<Vec<_>>();
    let groups = [Group::Healthy, Group::Amd, Group::AnotherDisease];
    let of_the_two: Vec<&Answer> = all.iter().copied().filter(|a| a.is_known()).collect();
    let right: Vec<&Answer> = of_the_two.iter().copied().filter(|a| a.is_right).collect();
    let is_wrong_and_sure = |a: &Answer| !a.is_right && a.probability > SURE && !a.is_warned();
    WarningStudy {
        warned_of_right: share(&right, Answer::is_warned),
        wrong_and_sure: share(&of_the_two, is_wrong_and_sure),
        others_called_amd: share(&of_group(Group::AnotherDisease), |a| a.answered == Group::Amd && !a.is_warned()),
        others_auroc: ranked(&all, |a| !a.is_known(), ranking::auroc),
        coverage: coverage(&known.iter().collect::<Vec<_>>()),
        groups: groups.into_iter().filter_map(|group| Some((group, warnings(&of_group(group))?))).collect(),
    }
}

fn warnings(answers: &[&Answer]) -> Option<GroupWarnings> {
    let share = |kind| answers.iter().filter(|a| a.kind == kind).count() as f64 / answers.len() as f64;
    (!answers.is_empty()).then(|| GroupWarnings {
        n_scans: answers.len(),
        n_patients: answers.iter().map(|a| &a.patient).collect::<BTreeSet<_>>().len(),
        kinds: WarningKind::ALL.into_iter().map(|kind| (kind, share(kind))).collect(),
    })
}

fn patients(answers: &[&Answer]) -> Vec<String> {
    answers.iter().map(|a| a.patient.clone()).collect()
}

/// The share of `answers` for which `is_so` holds.
fn share(answers: &[&Answer], is_so: impl Fn(&Answer) -> bool + Sync) -> Option<Interval> {
    bootstrap(&patients(answers), |scans| {
        let n = scans.iter().filter(|i| is_so(answers[**i])).count();
        (!scans.is_empty()).then(|| n as f64 / scans.len() as f64)
    })
}

/// A statistic of a property of answers and their warnings' scores.
fn ranked(
    answers: &[&Answer],
    is_so: impl Fn(&Answer) -> bool,
    statistic: impl Fn(&[bool], &[f64]) -> Option<f64> + Sync,
) -> Option<Interval> {
    let of: Vec<(bool, f64)> = answers.iter().map(|a| (is_so(a), a.score)).collect();
    bootstrap(&patients(answers), |scans| {
        let (is_so, scores): (Vec<bool>, Vec<f64>) = scans.iter().map(|i| of[*i]).unzip();
        statistic(&is_so, &scores)
    })
}

fn coverage(answers: &[&Answer]) -> CoverageStudy {
    let (right, scores): (Vec<bool>, Vec<f64>) = answers.iter().map(|a| (a.is_right, a.score)).unzip();
    let accuracy = |coverage| CoverageAccuracy {
        coverage,
        accuracy: ranked(answers, |a| a.is_right, |right, doubt| selective::accuracy_at(coverage, right, doubt)),
    };
    CoverageStudy {
        accuracies: COVERAGES.map(accuracy).to_vec(),
        aurc: ranked(answers, |a| a.is_right, selective::aurc),
        curve: selective::risk_coverage(&right, &scores),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(group: Group, answered: Group, probability: f32, kind: WarningKind, score: f64) -> Answer {
        let (patient, label) = (format!("{score}"), answered.title().to_owned());
        Answer { group, patient, label, answered, is_right: group == answered, probability, kind, score }
    }

    fn value(figure: Option<Interval>) -> Option<f64> {
        figure.map(|f| f.value)
    }

    #[test]
    fn each_share_is_of_the_scans_that_it_is_about() {
        use Group::{Amd, AnotherDisease, Healthy};
        use WarningKind::{None, NotAScan, Unfamiliar, Unsure};
        let known = [
            answer(Healthy, Healthy, 0.99, None, 0.1),
            answer(Healthy, Amd, 0.95, None, 0.2),
            answer(Healthy, Amd, 0.9, None, 0.3),
            answer(Amd, Amd, 0.7, Unsure, 0.6),
            answer(Amd, Healthy, 0.95, NotAScan, 0.9),
        ];
        let others = [
            answer(AnotherDisease, Amd, 0.99, None, 0.4),
            answer(AnotherDisease, Amd, 0.99, Unfamiliar, 0.8),
            answer(AnotherDisease, Healthy, 0.99, None, 0.35),
            answer(AnotherDisease, Healthy, 0.99, Unfamiliar, 0.7),
        ];
        let study = study(&known, &others);
        assert_eq!(value(study.warned_of_right), Some(0.5), "one of two right answers");
        assert_eq!(value(study.wrong_and_sure), Some(0.2), "one of five: not the warned one, nor that at 0.9 exactly");
        assert_eq!(value(study.others_called_amd), Some(0.25));
        // 0.35 and 0.4 are above three of five, 0.7 and 0.8 above four.
        assert_eq!(value(study.others_auroc), Some(14. / 20.));
        assert_eq!(study.groups[&AnotherDisease].kinds[&Unfamiliar], 0.5);
        assert_eq!((study.groups[&Healthy].n_scans, study.groups[&Healthy].kinds[&None]), (3, 1.));
        assert!(study.groups.values().all(|g| (g.kinds.values().sum::<f64>() - 1.).abs() < 1e-12));
        let accuracies: Vec<_> = study.coverage.accuracies.iter().map(|a| value(a.accuracy)).collect();
        assert_eq!(accuracies, [Some(0.4), Some(0.4), Some(0.4), Some(0.5)], "scans of other diseases do not count");
        assert!((value(study.coverage.aurc).unwrap() - (0.5 + 2. / 3. + 0.5 + 0.6) / 5.).abs() < 1e-12);
    }

    #[test]
    fn without_scans_of_a_kind_there_is_no_share_of_them() {
        let known = [answer(Group::Healthy, Group::Amd, 0.6, WarningKind::None, 0.)];
        let study = study(&known, &[]);
        assert_eq!((study.warned_of_right, study.others_called_amd, study.others_auroc), (None, None, None));
        assert_eq!(study.groups.len(), 1);
        let json = serde_json::to_value(&study).unwrap();
        assert_eq!(json["groups"]["healthy"]["kinds"]["not_a_scan"], 0.);
        assert!(json["others_auroc"].is_null());
    }
}
