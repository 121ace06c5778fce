//! Calibration of probabilities: its errors, and temperature scaling. Pure: logits in, numbers out.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Bins of the expected calibration error, of equal width (Guo et al. 2017).
pub(crate) const N_BINS: usize = 15;

/// Softmax of `logits / temperature`, K values that sum to 1.
pub(crate) fn probabilities(logits: &[f64], temperature: f64) -> Vec<f64> {
    let largest = logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let weights: Vec<f64> = logits.iter().map(|z| ((z - largest) / temperature).exp()).collect();
    let sum: f64 = weights.iter().sum();
    weights.into_iter().map(|w| w / sum).collect()
}

/// Negative log-likelihood of class `class`, `−log softmax(logits / temperature)[class]`, in nats.
pub(crate) fn negative_log_likelihood(logits: &[f64], class: usize, temperature: f64) -> f64 {
    let largest = logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let log_sum = logits.iter().map(|z| ((z - largest) / temperature).exp()).sum::<f64>().ln();
    log_sum - (logits[class] - largest) / temperature
}

/// Half of Brier's score (Brier 1950), `½ Σ_k (p_k − [k = class])²`, 0 (best) to 1: for two classes this is the squared
/// error of the second class's probability.
pub(crate) fn brier(probabilities: &[f64], class: usize) -> f64 {
    let error = |(k, p): (usize, &f64)| (p - f64::from(u8::from(k == class))).powi(2);
    probabilities.iter().enumerate().map(error).sum::<f64>() / 2.
}

/// Scans whose probabilities lie in one bin.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Bin {
    /// How many.
    pub n_scans: usize,
    /// Mean probability of the answer given; 0 in an empty bin.
    pub confidence: f64,
    /// Share of right answers; 0 in an empty bin.
    pub accuracy: f64,
}

/// The reliability diagram (Guo et al. 2017): scans by the probability of the answer given, in [`N_BINS`] bins of equal
/// width, each open below and closed above.
pub(crate) fn reliability(confidence: &[f64], right: &[bool]) -> Vec<Bin> {
    let mut bins = vec![Bin::default(); N_BINS];
    for (confidence, right) in confidence.iter().zip(right) {
        let index = ((confidence * N_BINS as f64).ceil() as usize).clamp(1, N_BINS) - 1;
        let bin = &mut bins[index];
        bin.n_scans += 1;
        bin.confidence += confidence;
        bin.accuracy += f64::from(u8::from(*right));
    }
    for bin in bins.iter_mut().filter(|bin| bin.n_scans > 0) {
        bin.confidence /= bin.n_scans as f64;
        bin.accuracy /= bin.n_scans as f64;
    }
    bins
}

/// Expected calibration error (Guo et al. 2017), `Σ_m n_m / n · |accuracy_m − confidence_m|` over the bins of
/// [`reliability`]; none without any scan.
pub(crate) fn expected_calibration_error(confidence: &[f64], right: &[bool]) -> Option<f64> {
    let n = confidence.len() as f64;
    let gap = |bin: &Bin| bin.n_scans as f64 / n * (bin.accuracy - bin.confidence).abs();
    (!confidence.is_empty()).then(|| reliability(confidence, right).iter().map(gap).sum())
}

/// Why there is no best temperature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoOptimum {
    /// There is nothing to fit on.
    Empty,
    /// The likelihood grows without end as the temperature falls to zero.
    AllRight,
    /// The likelihood grows without end as the temperature rises.
    AtChance,
}

impl fmt::Display for NoOptimum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "there is no validation scan to fit it on",
            Self::AllRight => "every validation scan is answered rightly, so no temperature is best",
            Self::AtChance => "on validation the answers are no better than chance, so no temperature is best",
        })
    }
}

/// Temperature scaling (Guo et al. 2017): the T > 0 under which `softmax(logits / T)` makes `truth` most likely.
///
/// The likelihood is concave in 1 / T, so its slope, `Σ (z_class − E[z])`, is bisected; it has a finite optimum exactly
/// where there is a mistake and the answers are better than chance.
///
/// # Errors
/// [`NoOptimum`] says why there is none.
pub(crate) fn temperature(logits: &[Vec<f64>], truth: &[usize]) -> Result<f64, NoOptimum> {
    const N_HALVINGS: usize = 200;
    if truth.is_empty() {
        return Err(NoOptimum::Empty);
    }
    if logits.iter().zip(truth).all(|(z, class)| z.iter().all(|other| *other <= z[*class])) {
        return Err(NoOptimum::AllRight);
    }
    let slope = |inverse: f64| -> f64 {
        let of = |(z, class): (&Vec<f64>, &usize)| {
            let p = probabilities(z, 1. / inverse);
            z[*class] - p.iter().zip(z).map(|(p, z)| p * z).sum::<f64>()
        };
        logits.iter().zip(truth).map(of).sum()
    };
    // The slope at 0 with the mean for the expectation, which 1 / 0 cannot give.
    let at_zero: f64 =
        logits.iter().zip(truth).map(|(z, class)| z[*class] - z.iter().sum::<f64>() / z.len() as f64).sum();
    if at_zero <= 0. {
        return Err(NoOptimum::AtChance);
    }
    let (mut low, mut high) = (0., 1.);
    while slope(high) > 0. && high < 1e12 {
        (low, high) = (high, 2. * high);
    }
    for _ in 0..N_HALVINGS {
        let middle = (low + high) / 2.;
        *(if slope(middle) > 0. { &mut low } else { &mut high }) = middle;
    }
    Ok(2. / (low + high))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sure_and_right_is_calibrated_sure_and_wrong_is_not() {
        assert_eq!(expected_calibration_error(&[1., 1.], &[true, true]), Some(0.));
        assert_eq!(expected_calibration_error(&[1., 1.], &[false, false]), Some(1.));
        assert_eq!(expected_calibration_error(&[], &[]), None);
    }

    #[test]
    fn a_bin_is_open_below_and_closed_above() {
        let bins = reliability(&[1. / 15., 1., 0.], &[true; 3]);
        assert_eq!((bins[0].n_scans, bins[1].n_scans, bins[14].n_scans), (2, 0, 1));
    }

    #[test]
    fn the_half_brier_score_of_two_classes_is_the_squared_error() {
        assert!((brier(&[0.3, 0.7], 1) - 0.09).abs() < 1e-12);
        assert_eq!(brier(&[0., 1., 0.], 0), 1.);
    }

    #[test]
    fn a_temperature_is_fitted_only_where_there_is_a_best_one() {
        assert_eq!(temperature(&[], &[]), Err(NoOptimum::Empty));
        assert_eq!(temperature(&[vec![2., 0.], vec![0., 1.]], &[0, 1]), Err(NoOptimum::AllRight));
        assert_eq!(temperature(&[vec![2., 0.], vec![0., 1.]], &[1, 0]), Err(NoOptimum::AtChance));
        // Three of four right, each with logits 4 apart: the best probability is 3/4, its log-odds ln 3.
        let logits = vec![vec![4., 0.]; 4];
        let t = temperature(&logits, &[0, 0, 0, 1]).unwrap();
        assert!((t - 4. / 3f64.ln()).abs() < 1e-9, "{t}");
    }

    #[test]
    fn large_logits_neither_overflow_nor_lose_the_likelihood() {
        assert_eq!(probabilities(&[900., -900.], 1.), [1., 0.]);
        assert!((negative_log_likelihood(&[900., -900.], 1, 1.) - 1800.).abs() < 1e-9);
    }
}
