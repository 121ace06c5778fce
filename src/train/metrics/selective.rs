//! Selective prediction: how often answers are right when the most doubtful ones are withheld (Geifman & El-Yaniv 2017).
//! *Coverage* is the share of scans that are answered, *risk* the share of wrong answers among them.

/// Wrong answers among the `k` least doubtful, for `k` from 1 to all. Of equally doubtful answers none comes first: their
/// wrong ones are spread over them evenly, so that the order of the scans does not matter.
fn n_wrong(right: &[bool], doubt: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..right.len()).collect();
    order.sort_by(|a, b| doubt[*a].total_cmp(&doubt[*b]));
    let mut sums = Vec::with_capacity(right.len());
    let mut before = 0.;
    for tied in order.chunk_by(|a, b| doubt[*a] == doubt[*b]) {
        let wrong = tied.iter().filter(|i| !right[**i]).count() as f64;
        sums.extend((1..=tied.len()).map(|n| before + wrong * n as f64 / tied.len() as f64));
        before += wrong;
    }
    sums
}

/// Share of right answers when at least the share `coverage` of the scans is answered, the least doubtful; none without
/// scans.
pub(crate) fn accuracy_at(coverage: f64, right: &[bool], doubt: &[f64]) -> Option<f64> {
    // Products such as 0.9 × 10 may lie just above the whole number.
    let n_answered = ((coverage * right.len() as f64 - 1e-9).ceil() as usize).max(1);
    n_wrong(right, doubt).get(n_answered - 1).map(|wrong| 1. - wrong / n_answered as f64)
}

/// Area under the risk–coverage curve: the mean risk over all coverages, 0 at best; none without scans.
pub(crate) fn aurc(right: &[bool], doubt: &[f64]) -> Option<f64> {
    let risks = risk_coverage(right, doubt);
    (!risks.is_empty()).then(|| risks.iter().map(|[_, risk]| risk).sum::<f64>() / risks.len() as f64)
}

/// Points `[coverage, risk]`, one per scan, by coverage.
pub(crate) fn risk_coverage(right: &[bool], doubt: &[f64]) -> Vec<[f64; 2]> {
    let n = right.len() as f64;
    let point = |(i, wrong): (usize, f64)| [(i + 1) as f64 / n, wrong / (i + 1) as f64];
    n_wrong(right, doubt).into_iter().enumerate().map(point).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn risk_grows_where_the_doubtful_answers_are_the_wrong_ones() {
        let (right, doubt) = ([true, false, true, true, false], [0.1, 0.9, 0.2, 0.3, 0.8]);
        assert_eq!(accuracy_at(1., &right, &doubt), Some(0.6));
        assert_eq!(accuracy_at(0.8, &right, &doubt), Some(0.75));
        assert_eq!(accuracy_at(0.6, &right, &doubt), Some(1.));
        // Risks 0, 0, 0, 1/4 and 2/5.
        assert!((aurc(&right, &doubt).unwrap() - 0.65 / 5.).abs() < 1e-12);
        assert_eq!(risk_coverage(&right, &doubt)[3], [0.8, 0.25]);
    }

    #[test]
    fn coverage_is_rounded_up_to_whole_scans() {
        assert_eq!(accuracy_at(0.8, &[true, true, true, false], &[0., 1., 2., 3.]), Some(0.75));
        let right: Vec<bool> = (0..10).map(|i| i < 9).collect();
        let doubt: Vec<f64> = (0..10).map(f64::from).collect();
        assert_eq!(accuracy_at(0.9, &right, &doubt), Some(1.), "nine of ten, not all");
    }

    #[test]
    fn a_score_that_says_nothing_has_the_same_risk_at_every_coverage() {
        for right in [[false, true, true, true], [true, true, true, false]] {
            assert!(risk_coverage(&right, &[0.; 4]).iter().all(|[_, risk]| *risk == 0.25));
            assert_eq!(aurc(&right, &[0.; 4]), Some(0.25));
        }
        assert_eq!((accuracy_at(0.9, &[], &[]), aurc(&[], &[])), (None, None));
    }
}
