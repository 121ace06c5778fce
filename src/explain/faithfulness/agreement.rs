//! How alike two maps of the same scan are.
//!
//! Maps are compared by Spearman's rank correlation, as Adebayo et al. (2018) do: methods have units of their own, and ranks
//! compare which places count more than others, whatever the unit and the shape of its scale. SSIM would depend on both, and
//! on a window that is large for one map and small for another.

use super::correlation::spearman;
use super::field::averaged;
use crate::report::Heatmap;

/// Rank correlation of two maps of the same region, −1…1, over the cells of the coarser one; the finer one is averaged.
///
/// None if `a` is even, as an empty map is; 0 if only `b` is.
pub fn agreement(a: &Heatmap, b: &Heatmap) -> Option<f64> {
    let grid = [a.rows.min(b.rows), a.cols.min(b.cols)];
    let of = |map: &Heatmap| -> Vec<f64> {
        averaged(&map.values, [map.rows, map.cols], grid).into_iter().map(f64::from).collect()
    };
    let (a, b) = (of(a), of(b));
    let varies = |values: &[f64]| values.iter().any(|v| *v != values[0]);
    match (varies(&a), varies(&b)) {
        (false, _) => None,
        (true, false) => Some(0.),
        (true, true) => spearman(&a, &b),
    }
}

/// By how much a map changed, as a share of its size: `‖after − before‖ / ‖before‖` in the method's unit. The largest over
/// small changes of the scan is the max-sensitivity of Yeh et al. (2019), divided by the map's size so that units do not
/// matter.
///
/// None for a map that was empty, or that has other cells now.
pub fn relative_change(before: &Heatmap, after: &Heatmap) -> Option<f64> {
    if before.values.len() != after.values.len() {
        return None;
    }
    let in_unit = |map: &Heatmap, i: usize| f64::from(map.values[i]) * f64::from(map.peak);
    let norm = |value: &dyn Fn(usize) -> f64| (0..before.values.len()).map(|i| value(i).powi(2)).sum::<f64>().sqrt();
    let size = norm(&|i| in_unit(before, i));
    (size > 0.).then(|| norm(&|i| in_unit(after, i) - in_unit(before, i)) / size)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::MapMethod;

    fn map(values: &[f32], cols: usize, peak: f32) -> Heatmap {
        Heatmap {
            method: MapMethod::GradCam,
            target: String::new(),
            layer: String::new(),
            rows: values.len() / cols,
            cols,
            values: values.to_vec(),
            peak,
            region: [0., 0., 1., 1.],
        }
    }

    #[test]
    fn the_same_order_agrees_fully_whatever_the_scale_and_the_opposite_order_not_at_all() {
        let a = map(&[0., 0.2, 0.5, 1.], 2, 1.);
        let of = |values: &[f32]| agreement(&a, &map(values, 2, 1.));
        assert_eq!((of(&[0., 0.01, 0.02, 1.]), of(&[1., 0.5, 0.2, 0.])), (Some(1.), Some(-1.)));
        assert_eq!((of(&[0.; 4]), agreement(&map(&[0.; 4], 2, 0.), &a)), (Some(0.), None));
    }

    #[test]
    fn maps_of_other_cells_are_compared_over_the_coarser_ones() {
        let fine: Vec<f32> = [0., 0., 0.2, 0.2, 0., 0., 0.2, 0.2, 0.5, 0.5, 1., 1., 0.5, 0.5, 1., 1.].into();
        let coarse = map(&[0., 0.2, 0.5, 1.], 2, 1.);
        assert_eq!(agreement(&map(&fine, 4, 1.), &coarse), Some(1.));
        assert_eq!(agreement(&coarse, &map(&fine, 4, 1.)), Some(1.));
    }

    #[test]
    fn a_change_is_measured_in_the_methods_unit() {
        let before = map(&[0., 0.6, 0.8, 0.], 2, 5.);
        assert_eq!(relative_change(&before, &before), Some(0.));
        // Twice as much evidence at the same places: the map has changed by its own size.
        assert!((relative_change(&before, &map(&[0., 0.6, 0.8, 0.], 2, 10.)).unwrap() - 1.).abs() < 1e-6);
        // 3 and 4 become 4 and 3.
        let swapped = relative_change(&before, &map(&[0., 0.8, 0.6, 0.], 2, 5.)).unwrap();
        assert!((swapped - 2f64.sqrt() / 5.).abs() < 1e-6, "{swapped}");
        assert_eq!(relative_change(&map(&[0.; 4], 2, 0.), &before), None);
        assert_eq!(relative_change(&before, &map(&[0.; 6], 2, 1.)), None);
    }
}
