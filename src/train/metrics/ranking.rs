//! How well scores rank one class above the rest: areas and curves. Knows no threshold and no probability.

/// Numbers of positives and negatives at each distinct score, highest score first.
fn groups(positive: &[bool], scores: &[f64]) -> Vec<[f64; 2]> {
    let mut order: Vec<usize> = (0..scores.len()).collect();
    order.sort_by(|a, b| scores[*b].total_cmp(&scores[*a]));
    order
        .chunk_by(|a, b| scores[*a] == scores[*b])
        .map(|tied| {
            let n_positive = tied.iter().filter(|i| positive[**i]).count();
            [n_positive as f64, (tied.len() - n_positive) as f64]
        })
        .collect()
}

/// How many are positive, how many negative; none if there are only the one or the other.
fn totals(groups: &[[f64; 2]]) -> Option<[f64; 2]> {
    let totals = groups.iter().fold([0.; 2], |sum, group| [sum[0] + group[0], sum[1] + group[1]]);
    (totals[0] > 0. && totals[1] > 0.).then_some(totals)
}

/// Area under the ROC curve as the probability that a positive scores higher than a negative, ties counting half
/// (Hanley & McNeil 1982); none with one class only.
pub(crate) fn auroc(positive: &[bool], scores: &[f64]) -> Option<f64> {
    let groups = groups(positive, scores);
    let [n_positive, n_negative] = totals(&groups)?;
    let (mut above, mut wins) = (0., 0.);
    for [positives, negatives] in groups {
        wins += negatives * (above + positives / 2.);
        above += positives;
    }
    Some(wins / (n_positive * n_negative))
}

/// Area under the precision–recall curve as average precision, `Σ (Rₙ − Rₙ₋₁) Pₙ` over distinct scores, without
/// interpolation, which would flatter (Davis & Goadrich 2006); none with one class only. A score that says nothing
/// gets the share of positives.
pub(crate) fn average_precision(positive: &[bool], scores: &[f64]) -> Option<f64> {
    let groups = groups(positive, scores);
    let [n_positive, _] = totals(&groups)?;
    let (mut found, mut called, mut area) = (0., 0., 0.);
    for [positives, negatives] in groups {
        found += positives;
        called += positives + negatives;
        area += positives / n_positive * found / called;
    }
    Some(area)
}

/// The ROC curve's corners, `[1 − specificity, sensitivity]` from `[0, 0]` to `[1, 1]`; empty with one class only.
pub(crate) fn roc_curve(positive: &[bool], scores: &[f64]) -> Vec<[f64; 2]> {
    let groups = groups(positive, scores);
    let Some([n_positive, n_negative]) = totals(&groups) else { return Vec::new() };
    let mut counts = vec![[0.; 2]];
    let (mut found, mut wrong) = (0., 0.);
    for [positives, negatives] in groups {
        found += positives;
        wrong += negatives;
        // A point on the line between its neighbours is no corner.
        if let [.., [x0, y0], [x1, y1]] = counts[..]
            && (x1 - x0) * (found - y1) == (wrong - x1) * (y1 - y0)
        {
            counts.pop();
        }
        counts.push([wrong, found]);
    }
    counts.into_iter().map(|[x, y]| [x / n_negative, y / n_positive]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn auroc_counts_ties_as_half() {
        let positive = [false, false, true, true, false, true, true, false];
        let scores = [0.1, 0.4, 0.35, 0.8, 0.4, 0.4, 0.9, 0.7];
        assert!((auroc(&positive, &scores).unwrap() - 0.6875).abs() < 1e-12);
    }

    #[test]
    fn one_class_alone_has_no_curve() {
        for positive in [[true, true], [false, false]] {
            assert_eq!(auroc(&positive, &[0.1, 0.2]), None);
            assert_eq!(average_precision(&positive, &[0.1, 0.2]), None);
            assert!(roc_curve(&positive, &[0.1, 0.2]).is_empty());
        }
    }

    #[test]
    fn a_score_that_says_nothing_gets_the_share_of_positives() {
        assert_eq!(average_precision(&[true, false, false, true, false], &[0.5; 5]), Some(0.4));
        assert_eq!(roc_curve(&[true, false, true], &[0.5; 3]), [[0., 0.], [1., 1.]]);
    }

    #[test]
    fn the_roc_curve_keeps_its_corners_alone() {
        let curve = roc_curve(&[true, true, false, false], &[4., 3., 2., 1.]);
        assert_eq!(curve, [[0., 0.], [0., 1.], [1., 1.]]);
    }
}
