//! Statistics of predictions, for any number of classes. Pure: numbers in, numbers out.

pub(crate) mod calibration;
pub(crate) mod correlation;
pub(crate) mod findings;
pub(crate) mod ranking;
pub(crate) mod selective;

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use crate::bundle::card::Interval;

/// Draws of a bootstrap.
pub(crate) const BOOTSTRAP_DRAWS: usize = 1000;
/// The seed of every bootstrap, so that a figure is the same in every call.
const BOOTSTRAP_SEED: u64 = 2024;

/// Percentile bootstrap over patients (Efron & Tibshirani 1993): whole patients are drawn with replacement, because
/// scans of one eye are not independent. `statistic` gets indices of scans; none where it is undefined, as AUROC is with
/// one class only.
pub(crate) fn bootstrap(patients: &[String], statistic: impl Fn(&[usize]) -> Option<f64> + Sync) -> Option<Interval> {
    let all: Vec<usize> = (0..patients.len()).collect();
    let value = statistic(&all)?;
    let mut names: Vec<&String> = patients.iter().collect();
    names.sort_unstable();
    names.dedup();
    let members: Vec<Vec<usize>> =
        names.iter().map(|n| all.iter().copied().filter(|i| &patients[*i] == *n).collect()).collect();
    let mut rng = ChaCha8Rng::seed_from_u64(BOOTSTRAP_SEED);
    // Drawn one after the other, so that threads do not decide who is drawn.
    let draws: Vec<Vec<usize>> = (0..BOOTSTRAP_DRAWS)
        .map(|_| (0..members.len()).flat_map(|_| &members[rng.random_range(0..members.len())]).copied().collect())
        .collect();
    let mut values: Vec<f64> = draws.par_iter().filter_map(|drawn| statistic(drawn)).collect();
    values.sort_by(f64::total_cmp);
    let percentile = |p: f64| values.get(((values.len() as f64 - 1.) * p).round() as usize).copied();
    Some(Interval { value, low: percentile(0.025)?, high: percentile(0.975)? })
}

/// The index of the largest value, of equal ones the first.
pub(crate) fn argmax(values: &[f64]) -> usize {
    (0..values.len()).rev().max_by(|a, b| values[*a].total_cmp(&values[*b])).unwrap_or_default()
}

/// Share of predictions that are right; none without any.
pub(crate) fn accuracy(truth: &[usize], predicted: &[usize]) -> Option<f64> {
    let right = truth.iter().zip(predicted).filter(|(t, p)| t == p).count();
    (!truth.is_empty()).then(|| right as f64 / truth.len() as f64)
}

/// Share of class `class` that is found; none if it does not occur.
pub(crate) fn recall(truth: &[usize], predicted: &[usize], class: usize) -> Option<f64> {
    let of_class = truth.iter().zip(predicted).filter(|(t, _)| **t == class);
    let (n, right) = of_class.fold((0, 0), |(n, right), (_, p)| (n + 1, right + usize::from(*p == class)));
    (n > 0).then(|| f64::from(right as u32) / f64::from(n))
}

/// Mean recall over the classes that occur.
pub(crate) fn balanced_accuracy(truth: &[usize], predicted: &[usize]) -> Option<f64> {
    let n_classes = truth.iter().max()? + 1;
    let recalls: Vec<f64> = (0..n_classes).filter_map(|c| recall(truth, predicted, c)).collect();
    Some(recalls.iter().sum::<f64>() / recalls.len() as f64)
}

/// Share of the scans of other classes that are not called `class`; none if there are none.
pub(crate) fn specificity(truth: &[usize], predicted: &[usize], class: usize) -> Option<f64> {
    let others = truth.iter().zip(predicted).filter(|(t, _)| **t != class);
    let (n, right) = others.fold((0, 0), |(n, right), (_, p)| (n + 1, right + usize::from(*p != class)));
    (n > 0).then(|| f64::from(right as u32) / f64::from(n))
}

/// K × K counts, rows the true class, columns the predicted one. Classes from K on are left out.
pub(crate) fn confusion(truth: &[usize], predicted: &[usize], n_classes: usize) -> Vec<Vec<usize>> {
    let mut counts = vec![vec![0; n_classes]; n_classes];
    for (truth, predicted) in truth.iter().zip(predicted) {
        if let Some(count) = counts.get_mut(*truth).and_then(|row| row.get_mut(*predicted)) {
            *count += 1;
        }
    }
    counts
}

#[cfg(test)]
mod reference;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn balanced_accuracy_is_the_mean_recall() {
        let (truth, predicted) = ([0, 0, 0, 0, 1, 1, 2, 2, 2], [0, 0, 0, 1, 1, 0, 2, 2, 1]);
        assert!((accuracy(&truth, &predicted).unwrap() - 6. / 9.).abs() < 1e-12);
        assert!((balanced_accuracy(&truth, &predicted).unwrap() - 0.638_888_888_888_888_8).abs() < 1e-12);
        assert_eq!(recall(&truth, &predicted, 3), None);
        assert_eq!(specificity(&truth, &predicted, 3), Some(1.));
        assert_eq!(specificity(&[1, 1], &[1, 0], 1), None);
    }

    #[test]
    fn patients_are_drawn_whole() {
        // Ten scans of one patient, ten of another: a draw holds each patient not at all, once or twice.
        let patients: Vec<String> = (0..20).map(|i| (i / 10).to_string()).collect();
        let interval = bootstrap(&patients, |scans| {
            assert_eq!(scans.len(), 20);
            let share = scans.iter().filter(|i| **i < 10).count() as f64 / 20.;
            assert!([0., 0.5, 1.].contains(&share));
            Some(share)
        })
        .unwrap();
        assert_eq!(interval, Interval { value: 0.5, low: 0., high: 1. });
    }
}
