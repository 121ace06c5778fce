//! Quantiles of values that need not be sorted.

/// The quantile of `values` at a share, whose order it changes; 0 if there are none.
pub(crate) fn quantile(values: &mut [f32], share: f32) -> f32 {
    nth(values, (values.len().max(1) - 1) as f32 * share)
}

/// The same at a percentage. Not `quantile` of a hundredth, which floats round differently: stored models rely on this place.
pub(crate) fn percentile(values: &mut [f32], percent: f32) -> f32 {
    nth(values, (values.len().max(1) - 1) as f32 * percent / 100.)
}

/// The value at a place, to the nearest one, among `values` in their order of size.
fn nth(values: &mut [f32], place: f32) -> f32 {
    if values.is_empty() { 0. } else { *values.select_nth_unstable_by(place.round() as usize, f32::total_cmp).1 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quantile_is_the_value_at_the_nearest_place() {
        let values = [5., 1., 4., 2., 3.];
        let at = |share: f32| quantile(&mut values.clone(), share);
        assert_eq!([at(0.), at(0.5), at(0.6), at(1.)], [1., 3., 3., 5.]);
        assert_eq!(percentile(&mut values.clone(), 99.5), 5.);
        assert_eq!(quantile(&mut [], 0.5), 0.);
    }
}
