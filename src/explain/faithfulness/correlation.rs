//! Correlation of two lists of numbers.

/// Pearson's correlation coefficient; none for fewer than two pairs, or where one list does not vary.
pub fn pearson(a: &[f64], b: &[f64]) -> Option<f64> {
    let n = a.len().min(b.len());
    let mean = |v: &[f64]| v[..n].iter().sum::<f64>() / n as f64;
    let (mean_a, mean_b) = (mean(a), mean(b));
    let (mut ab, mut aa, mut bb) = (0., 0., 0.);
    for (a, b) in a.iter().zip(b) {
        let (a, b) = (a - mean_a, b - mean_b);
        (ab, aa, bb) = (ab + a * b, aa + a * a, bb + b * b);
    }
    (n >= 2 && aa > 0. && bb > 0.).then(|| ab / (aa * bb).sqrt())
}

/// Spearman's rank correlation: Pearson's of the ranks, ties sharing their mean rank.
pub fn spearman(a: &[f64], b: &[f64]) -> Option<f64> {
    pearson(&ranks(a), &ranks(b))
}

fn ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|a, b| values[*a].total_cmp(&values[*b]));
    let mut ranks = vec![0.; values.len()];
    let mut first = 0;
    for tied in order.chunk_by(|a, b| values[*a] == values[*b]) {
        let rank = first as f64 + (tied.len() - 1) as f64 / 2.;
        tied.iter().for_each(|i| ranks[*i] = rank);
        first += tied.len();
    }
    ranks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn correlations_are_those_of_scipy() {
        // scipy.stats.pearsonr and spearmanr of these lists.
        let (a, b) = ([1., 2., 2., 4., 7.], [2., 1., 3., 3., 9.]);
        assert!((pearson(&a, &b).unwrap() - 0.916_516_115_6).abs() < 1e-9, "{:?}", pearson(&a, &b));
        assert!((spearman(&a, &b).unwrap() - 0.763_157_894_7).abs() < 1e-9, "{:?}", spearman(&a, &b));
        assert_eq!(pearson(&[1., 1.], &[1., 2.]), None);
    }
}
