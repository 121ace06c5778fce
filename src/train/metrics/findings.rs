//! Named findings against those that are there: F1, and the threshold at which a finding is best named.

use serde::{Deserialize, Serialize};

/// How often one finding was named and there, over some scans.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Counts {
    /// There and named.
    pub both: usize,
    /// Named, but not there.
    pub only_named: usize,
    /// There, but not named.
    pub only_there: usize,
}

impl Counts {
    /// `2 · both / (2 · both + only_named + only_there)`; none if the finding is neither there nor named.
    pub(crate) fn f1(&self) -> Option<f64> {
        let all = 2 * self.both + self.only_named + self.only_there;
        (all > 0).then(|| 2. * self.both as f64 / all as f64)
    }

    fn plus(self, other: Self) -> Self {
        Self {
            both: self.both + other.both,
            only_named: self.only_named + other.only_named,
            only_there: self.only_there + other.only_there,
        }
    }
}

/// One finding on one scan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// There and named.
    Both,
    /// Named, but not there.
    OnlyNamed,
    /// There, but not named.
    OnlyThere,
    /// Neither there nor named.
    Neither,
    /// Neither right nor wrong.
    NotJudged,
}

/// Counts of each of `n_findings`; `scans` have one verdict on each finding.
pub(crate) fn counts<S: AsRef<[Verdict]>>(scans: &[S], n_findings: usize) -> Vec<Counts> {
    let mut counts = vec![Counts::default(); n_findings];
    for scan in scans {
        for (verdict, count) in scan.as_ref().iter().zip(&mut counts) {
            match verdict {
                Verdict::Both => count.both += 1,
                Verdict::OnlyNamed => count.only_named += 1,
                Verdict::OnlyThere => count.only_there += 1,
                Verdict::Neither | Verdict::NotJudged => {}
            }
        }
    }
    counts
}

/// F1 over all namings; none if nothing is there and nothing named.
pub(crate) fn micro_f1(counts: &[Counts]) -> Option<f64> {
    counts.iter().copied().fold(Counts::default(), Counts::plus).f1()
}

/// Mean F1 over findings; those that are neither there nor named are left out. None if that leaves none.
pub(crate) fn macro_f1(counts: &[Counts]) -> Option<f64> {
    let each: Vec<f64> = counts.iter().filter_map(Counts::f1).collect();
    (!each.is_empty()).then(|| each.iter().sum::<f64>() / each.len() as f64)
}

/// The threshold above which naming a finding gives the highest F1, and that F1; none if it is never there. It lies in
/// the middle between two scores; of equally good ones the nearest to 0 is taken.
pub(crate) fn best_threshold(positive: &[bool], scores: &[f64]) -> Option<(f64, f64)> {
    let n_positive = positive.iter().filter(|p| **p).count();
    if n_positive == 0 {
        return None;
    }
    let mut order: Vec<usize> = (0..scores.len()).collect();
    order.sort_by(|a, b| scores[*b].total_cmp(&scores[*a]));
    let mut best: Option<(f64, f64)> = None;
    let (mut both, mut named) = (0, 0);
    for (place, &i) in order.iter().enumerate() {
        both += usize::from(positive[i]);
        named += 1;
        let below = order.get(place + 1).map(|next| scores[*next]);
        if below == Some(scores[i]) {
            continue;
        }
        let f1 = 2. * both as f64 / (named + n_positive) as f64;
        // Below the lowest score there is no other.
        let threshold = below.map_or(scores[i] - 1., |below| f64::midpoint(scores[i], below));
        if best.is_none_or(|(at, value)| f1 > value || (f1 == value && threshold.abs() < at.abs())) {
            best = Some((threshold, f1));
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::Verdict::{Both, Neither, NotJudged, OnlyNamed, OnlyThere};
    use super::*;

    #[test]
    fn f1_is_micro_and_macro_averaged() {
        let scans = [
            [Both, OnlyThere, Neither, Neither],
            [Neither, Both, OnlyNamed, Neither],
            [Neither, Neither, Both, NotJudged],
            [OnlyNamed, NotJudged, Neither, Neither],
        ];
        let counts = counts(&scans, 4);
        assert!((micro_f1(&counts).unwrap() - 6. / 9.).abs() < 1e-12);
        assert!((macro_f1(&counts).unwrap() - 2. / 3.).abs() < 1e-12);
        assert_eq!(counts[3].f1(), None);
    }

    #[test]
    fn the_threshold_stands_in_the_middle_of_the_gap() {
        assert_eq!(best_threshold(&[true, false, true], &[3., 1., 4.]), Some((2., 1.)));
        assert_eq!(best_threshold(&[false, false], &[3., 1.]), None);
        assert_eq!(best_threshold(&[true], &[3.]), Some((2., 1.)));
    }

    #[test]
    fn tied_scores_are_named_together() {
        assert_eq!(best_threshold(&[true, false, false], &[1., 1., 0.]), Some((0.5, 2. / 3.)));
    }
}
