//! The statistics against scikit-learn's and SciPy's, on the fixture that `tests/fixtures/metrics.py` writes.

use serde::Deserialize;
use std::collections::BTreeMap;

use super::calibration::{brier, expected_calibration_error, negative_log_likelihood, probabilities, temperature};
use super::findings::{Verdict, best_threshold, counts, macro_f1, micro_f1};
use super::ranking::{auroc, average_precision, roc_curve};
use super::{argmax, balanced_accuracy, confusion};
use crate::head::log_odds;

/// Sums of a hundred doubles in another order.
const ROUNDING: f64 = 1e-10;
/// SciPy stops its search for the best temperature about here.
const SEARCH: f64 = 1e-5;

#[derive(Deserialize)]
struct Reference {
    classes: BTreeMap<String, Classes>,
    findings: Findings,
    threshold: Threshold,
}

#[derive(Deserialize)]
struct Classes {
    truth: Vec<usize>,
    logits: Vec<Vec<f64>>,
    auroc: Vec<Option<f64>>,
    average_precision: Vec<Option<f64>>,
    confusion: Vec<Vec<usize>>,
    balanced_accuracy: f64,
    brier: f64,
    ece: f64,
    nll: f64,
    temperature: f64,
    nll_at_temperature: f64,
}

#[derive(Deserialize)]
struct Findings {
    truth: Vec<Vec<u8>>,
    named: Vec<Vec<u8>>,
    micro_f1: f64,
    macro_f1: f64,
}

#[derive(Deserialize)]
struct Threshold {
    positive: Vec<bool>,
    scores: Vec<f64>,
    best_f1: f64,
    auroc: f64,
    average_precision: f64,
}

fn reference() -> Reference {
    serde_json::from_str(include_str!("../../../tests/fixtures/metrics.json")).unwrap()
}

fn close(ours: Option<f64>, theirs: Option<f64>, tolerance: f64) {
    match (ours, theirs) {
        (Some(ours), Some(theirs)) => assert!((ours - theirs).abs() <= tolerance, "{ours} against {theirs}"),
        (ours, theirs) => assert_eq!(ours, theirs),
    }
}

#[test]
fn areas_and_counts_are_scikit_learns() {
    for case in reference().classes.values() {
        let n_classes = case.logits[0].len();
        let predicted: Vec<usize> = case.logits.iter().map(|z| argmax(z)).collect();
        assert_eq!(confusion(&case.truth, &predicted, n_classes), case.confusion);
        close(balanced_accuracy(&case.truth, &predicted), Some(case.balanced_accuracy), ROUNDING);
        for class in 0..n_classes {
            let positive: Vec<bool> = case.truth.iter().map(|t| *t == class).collect();
            let scores: Vec<f64> = case.logits.iter().map(|z| log_odds(z, class)).collect();
            close(auroc(&positive, &scores), case.auroc[class], ROUNDING);
            close(average_precision(&positive, &scores), case.average_precision[class], ROUNDING);
            let curve = roc_curve(&positive, &scores);
            let area = curve.windows(2).map(|p| (p[1][0] - p[0][0]) * (p[0][1] + p[1][1]) / 2.).sum();
            close((!curve.is_empty()).then_some(area), case.auroc[class], ROUNDING);
        }
    }
}

#[test]
fn tied_scores_are_scikit_learns() {
    let Threshold { positive, scores, auroc: area, average_precision: ap, .. } = reference().threshold;
    close(auroc(&positive, &scores), Some(area), ROUNDING);
    close(average_precision(&positive, &scores), Some(ap), ROUNDING);
}

#[test]
fn calibration_is_scikit_learns_and_the_temperature_scipys_optimum() {
    for case in reference().classes.values() {
        let n = case.truth.len() as f64;
        let of: Vec<Vec<f64>> = case.logits.iter().map(|z| probabilities(z, 1.)).collect();
        let mean = |values: Vec<f64>| Some(values.iter().sum::<f64>() / n);
        close(mean(of.iter().zip(&case.truth).map(|(p, t)| brier(p, *t)).collect()), Some(case.brier), ROUNDING);
        let best: Vec<usize> = of.iter().map(|p| argmax(p)).collect();
        let confidence: Vec<f64> = of.iter().zip(&best).map(|(p, b)| p[*b]).collect();
        let right: Vec<bool> = best.iter().zip(&case.truth).map(|(b, t)| b == t).collect();
        close(expected_calibration_error(&confidence, &right), Some(case.ece), ROUNDING);
        let likelihood = |t: f64| {
            mean(case.logits.iter().zip(&case.truth).map(|(z, c)| negative_log_likelihood(z, *c, t)).collect())
        };
        close(likelihood(1.), Some(case.nll), ROUNDING);
        let fitted = temperature(&case.logits, &case.truth).unwrap();
        close(Some(fitted), Some(case.temperature), SEARCH * case.temperature);
        close(likelihood(fitted), Some(case.nll_at_temperature), ROUNDING);
    }
}

#[test]
fn f1_is_scikit_learns_at_its_best_threshold_too() {
    let Reference { findings, threshold, .. } = reference();
    let verdict = |(there, named)| match (there, named) {
        (true, true) => Verdict::Both,
        (false, true) => Verdict::OnlyNamed,
        (true, false) => Verdict::OnlyThere,
        (false, false) => Verdict::Neither,
    };
    let of = |(there, named): (&Vec<u8>, &Vec<u8>)| {
        there.iter().zip(named).map(|(t, n)| verdict((*t == 1, *n == 1))).collect::<Vec<_>>()
    };
    let scans: Vec<Vec<Verdict>> = findings.truth.iter().zip(&findings.named).map(of).collect();
    let of_all = counts(&scans, findings.truth[0].len());
    close(micro_f1(&of_all), Some(findings.micro_f1), ROUNDING);
    close(macro_f1(&of_all), Some(findings.macro_f1), ROUNDING);
    let (at, f1) = best_threshold(&threshold.positive, &threshold.scores).unwrap();
    close(Some(f1), Some(threshold.best_f1), ROUNDING);
    let named = threshold.scores.iter().map(|s| *s > at);
    let scans: Vec<[Verdict; 1]> = threshold.positive.iter().copied().zip(named).map(|pair| [verdict(pair)]).collect();
    close(micro_f1(&counts(&scans, 1)), Some(f1), ROUNDING);
}
