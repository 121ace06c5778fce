//! Whether two heatmaps mark the same places of a scan, though one is of a changed copy of it.

use super::changes::Motion;
use crate::report::Heatmap;
use crate::train::metrics::correlation::pearson;

/// Pearson's correlation of `clean` with `changed`, a map of a copy of `changed_size` (width, height) pixels whose points
/// have moved by `motion`: the changed map is read where the centre of each clean cell lies now. Cells that are no longer
/// in the copy do not count, cells in it that its map does not cover count as 0.
///
/// 0 where the changed map is even; none where the clean one is, or fewer than two of its cells are left.
pub(super) fn correlation(clean: &Heatmap, changed: &Heatmap, motion: Motion, changed_size: [usize; 2]) -> Option<f64> {
    let [left, top, width, height] = clean.region;
    let (mut before, mut after) = (Vec::new(), Vec::new());
    for (i, value) in clean.values.iter().enumerate() {
        let x = left + ((i % clean.cols) as f32 + 0.5) / clean.cols as f32 * width;
        let y = top + ((i / clean.cols) as f32 + 0.5) / clean.rows as f32 * height;
        let (x, y) = motion.changed_from_clean(x, y);
        if (0. ..changed_size[0] as f32).contains(&x) && (0. ..changed_size[1] as f32).contains(&y) {
            before.push(f64::from(*value));
            after.push(f64::from(read(changed, x, y)));
        }
    }
    let varies = |values: &[f64]| values.iter().any(|v| *v != values[0]);
    match varies(&before) {
        false => None,
        true if varies(&after) => pearson(&before, &after),
        true => Some(0.),
    }
}

/// The map's value at a place of its scan, interpolated between the centres of its cells; 0 outside of its region.
fn read(map: &Heatmap, x: f32, y: f32) -> f32 {
    let [left, top, width, height] = map.region;
    let (across, down) = ((x - left) / width, (y - top) / height);
    if !(0. ..=1.).contains(&across) || !(0. ..=1.).contains(&down) {
        return 0.;
    }
    let place = |share: f32, n: usize| {
        let at = (share * n as f32 - 0.5).clamp(0., n as f32 - 1.);
        (at as usize, (at as usize + 1).min(n - 1), at.fract())
    };
    let (col, next_col, right) = place(across, map.cols);
    let (row, next_row, below) = place(down, map.rows);
    let between = |row: usize| {
        let value = |col: usize| map.values[row * map.cols + col];
        value(col) * (1. - right) + value(next_col) * right
    };
    between(row) * (1. - below) + between(next_row) * below
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::MapMethod;

    /// Rounding of 32-bit floats.
    const ROUNDING: f64 = 1e-5;

    fn map(values: &[f32], region: [f32; 4]) -> Heatmap {
        Heatmap {
            method: MapMethod::GradCam,
            target: String::new(),
            layer: String::new(),
            rows: 2,
            cols: values.len() / 2,
            values: values.to_vec(),
            region,
        }
    }

    const VALUES: [f32; 8] = [0., 0.2, 0.9, 1., 0.5, 0.1, 0.3, 0.];
    const WHOLE: [f32; 4] = [0., 0., 400., 200.];

    #[test]
    fn the_same_map_correlates_fully_wherever_its_scan_has_gone() {
        let clean = map(&VALUES, WHOLE);
        let close = |of: Option<f64>| assert!((of.unwrap() - 1.).abs() < ROUNDING, "{of:?}");
        close(correlation(&clean, &clean, Motion::None, [400, 200]));
        let squeezed = map(&VALUES, [0., 0., 200., 200.]);
        close(correlation(&clean, &squeezed, Motion::Squeezed(0.5), [200, 200]));
        // The right half is left: columns 2 and 3.
        let cropped = map(&[0.9, 1., 0.3, 0.], [0., 0., 200., 200.]);
        close(correlation(&clean, &cropped, Motion::Shifted(200.), [200, 200]));
    }

    #[test]
    fn a_map_that_has_moved_on_its_scan_correlates_less() {
        let clean = map(&VALUES, WHOLE);
        let moved = map(&[1., 0., 0.2, 0.9, 0., 0.5, 0.1, 0.3], WHOLE);
        assert!(correlation(&clean, &moved, Motion::None, [400, 200]).unwrap() < 0.5);
    }

    #[test]
    fn what_a_changed_map_does_not_cover_counts_as_0() {
        let clean = map(&VALUES, WHOLE);
        let lower = map(&[0.5, 0.1, 0.3, 0., 0.5, 0.1, 0.3, 0.], [0., 100., 400., 100.]);
        let expected = pearson(&VALUES.map(f64::from), &[0., 0., 0., 0., 0.5, 0.1, 0.3, 0.].map(f64::from));
        let found = correlation(&clean, &lower, Motion::None, [400, 200]);
        assert!((found.unwrap() - expected.unwrap()).abs() < ROUNDING);
    }

    #[test]
    fn an_even_map_correlates_with_nothing() {
        let (clean, even) = (map(&VALUES, WHOLE), map(&[0.; 8], WHOLE));
        assert_eq!(correlation(&clean, &even, Motion::None, [400, 200]), Some(0.));
        assert_eq!(correlation(&even, &clean, Motion::None, [400, 200]), None);
    }
}
