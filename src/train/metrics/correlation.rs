//! Correlation of two lists of numbers, and the median of one.

pub(crate) use crate::explain::faithfulness::correlation::{pearson, spearman};

/// The middle value, or the mean of the middle two; none of none.
pub(crate) fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let (high, low) = (values.get(values.len() / 2)?, values.get(values.len().checked_sub(1)? / 2)?);
    Some((high + low) / 2.)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_median_is_the_middle_or_the_mean_of_the_middle_two() {
        assert_eq!(median(vec![3., 1., 2., 10.]), Some(2.5));
        assert_eq!(median(vec![3., 1., 2.]), Some(2.));
        assert_eq!(median(vec![]), None);
    }
}
