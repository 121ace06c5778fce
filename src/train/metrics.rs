//! Statistics of predictions, for any number of classes. Pure: numbers in, numbers out.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

/// Draws of a bootstrap.
pub const BOOTSTRAP_DRAWS: usize = 1000;
/// Seeds every bootstrap, so that a figure does not move from one call to the next.
const BOOTSTRAP_SEED: u64 = 2024;

/// A figure and its 95 % interval.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    /// On all scans.
    pub value: f64,
    /// 2.5th percentile over draws.
    pub low: f64,
    /// 97.5th percentile over draws.
    pub high: f64,
}

/// Percentile bootstrap over patients (Efron & Tibshirani 1993): whole patients are drawn with replacement, because
/// scans of one eye are not independent. `statistic` gets indices of scans; none where it is undefined, as AUROC is with
/// one class only.
pub fn bootstrap(patients: &[String], statistic: impl Fn(&[usize]) -> Option<f64>) -> Option<Interval> {
    let all: Vec<usize> = (0..patients.len()).collect();
    let value = statistic(&all)?;
    let mut names: Vec<&String> = patients.iter().collect();
    names.sort_unstable();
    names.dedup();
    let members: Vec<Vec<usize>> =
        names.iter().map(|n| all.iter().copied().filter(|i| &patients[*i] == *n).collect()).collect();
    let mut rng = ChaCha8Rng::seed_from_u64(BOOTSTRAP_SEED);
    let mut values: Vec<f64> = (0..BOOTSTRAP_DRAWS)
        .filter_map(|_| {
            let drawn: Vec<usize> =
                (0..members.len()).flat_map(|_| &members[rng.random_range(0..members.len())]).copied().collect();
            statistic(&drawn)
        })
        .collect();
    values.sort_by(f64::total_cmp);
    let percentile = |p: f64| values.get(((values.len() as f64 - 1.) * p).round() as usize).copied();
    Some(Interval { value, low: percentile(0.025)?, high: percentile(0.975)? })
}

/// Share of predictions that are right; none without any.
pub fn accuracy(truth: &[usize], predicted: &[usize]) -> Option<f64> {
    let right = truth.iter().zip(predicted).filter(|(t, p)| t == p).count();
    (!truth.is_empty()).then(|| right as f64 / truth.len() as f64)
}

/// Share of class `class` that is found; none if it does not occur.
pub fn recall(truth: &[usize], predicted: &[usize], class: usize) -> Option<f64> {
    let of_class = truth.iter().zip(predicted).filter(|(t, _)| **t == class);
    let (n, right) = of_class.fold((0, 0), |(n, right), (_, p)| (n + 1, right + usize::from(*p == class)));
    (n > 0).then(|| f64::from(right as u32) / f64::from(n))
}

/// Mean recall over the classes that occur.
pub fn balanced_accuracy(truth: &[usize], predicted: &[usize]) -> Option<f64> {
    let n_classes = truth.iter().max()? + 1;
    let recalls: Vec<f64> = (0..n_classes).filter_map(|c| recall(truth, predicted, c)).collect();
    Some(recalls.iter().sum::<f64>() / recalls.len() as f64)
}

/// Area under the ROC curve as the probability that a positive scores higher than a negative, ties counting half
/// (Hanley & McNeil 1982); none with one class only.
pub fn auroc(positive: &[bool], scores: &[f64]) -> Option<f64> {
    let mut order: Vec<usize> = (0..scores.len()).collect();
    order.sort_by(|a, b| scores[*a].total_cmp(&scores[*b]));
    let n_positive = positive.iter().filter(|p| **p).count();
    let n_negative = positive.len() - n_positive;
    if n_positive == 0 || n_negative == 0 {
        return None;
    }
    let mut rank_sum = 0.;
    let mut first = 0;
    while first < order.len() {
        let mut end = first;
        while end < order.len() && scores[order[end]] == scores[order[first]] {
            end += 1;
        }
        let rank = (first + end + 1) as f64 / 2.;
        rank_sum += rank * order[first..end].iter().filter(|i| positive[**i]).count() as f64;
        first = end;
    }
    let n_positive = n_positive as f64;
    Some((rank_sum - n_positive * (n_positive + 1.) / 2.) / (n_positive * n_negative as f64))
}

/// Micro- and macro-averaged F1 of named sets, over `n_names` names; names that are neither there nor named are left
/// out of the macro average. None if nothing is there and nothing named.
pub fn f1(truth: &[Vec<usize>], named: &[Vec<usize>], n_names: usize) -> Option<(f64, f64)> {
    let mut counts = vec![[0f64; 3]; n_names];
    for (truth, named) in truth.iter().zip(named) {
        for (name, count) in counts.iter_mut().enumerate() {
            match (truth.contains(&name), named.contains(&name)) {
                (true, true) => count[0] += 1.,
                (false, true) => count[1] += 1.,
                (true, false) => count[2] += 1.,
                (false, false) => {}
            }
        }
    }
    let of = |[both, only_named, only_there]: [f64; 3]| {
        let all = 2. * both + only_named + only_there;
        (all > 0.).then(|| 2. * both / all)
    };
    let sum = counts.iter().fold([0.; 3], |s, c| [s[0] + c[0], s[1] + c[1], s[2] + c[2]]);
    let each: Vec<f64> = counts.iter().filter_map(|c| of(*c)).collect();
    Some((of(sum)?, each.iter().sum::<f64>() / each.len() as f64))
}

#[cfg(test)]
mod tests {
    use super::*;

    // Reference values: tests/fixtures/metrics_reference.py (scikit-learn 1.9).

    #[test]
    fn auroc_counts_ties_as_half() {
        let positive = [false, false, true, true, false, true, true, false];
        let scores = [0.1, 0.4, 0.35, 0.8, 0.4, 0.4, 0.9, 0.7];
        assert!((auroc(&positive, &scores).unwrap() - 0.6875).abs() < 1e-12);
        assert_eq!(auroc(&[true, true], &[0.1, 0.2]), None);
    }

    #[test]
    fn balanced_accuracy_is_the_mean_recall() {
        let (truth, predicted) = ([0, 0, 0, 0, 1, 1, 2, 2, 2], [0, 0, 0, 1, 1, 0, 2, 2, 1]);
        assert!((accuracy(&truth, &predicted).unwrap() - 6. / 9.).abs() < 1e-12);
        assert!((balanced_accuracy(&truth, &predicted).unwrap() - 0.638_888_888_888_888_8).abs() < 1e-12);
        assert_eq!(recall(&truth, &predicted, 3), None);
    }

    #[test]
    fn f1_is_micro_and_macro_averaged() {
        let truth = [vec![0, 1], vec![1], vec![2], vec![]];
        let named = [vec![0], vec![1, 2], vec![2], vec![0]];
        let (micro, macro_) = f1(&truth, &named, 4).unwrap();
        assert!((micro - 6. / 9.).abs() < 1e-12);
        assert!((macro_ - 2. / 3.).abs() < 1e-12);
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
