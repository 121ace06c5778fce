//! Whether two heatmaps mark the same places of a scan, though one is of a changed copy of it.

use super::changes::Motion;
use crate::report::Heatmap;
use crate::train::metrics::correlation::pearson;

/// Places on each side of a clean cell at which maps are compared.
const PLACES_PER_CELL: usize = 4;

/// Pearson's correlation of `clean` with `changed`, a map of a copy of `changed_size` (width, height) pixels whose points
/// have moved by `motion`. Both are interpolated between the centres of their cells, as they are drawn: cells of the two
/// need not lie on each other. They are compared at places spread evenly over the clean map, each of which is looked up
/// where it lies in the copy. Places that are no longer in the copy do not count; where its map does not cover them it is 0.
///
/// 0 where the changed map is even; none where the clean one is, or too little of it is left.
pub(super) fn correlation(clean: &Heatmap, changed: &Heatmap, motion: Motion, changed_size: [usize; 2]) -> Option<f64> {
    let [left, top, width, height] = clean.region;
    let place = |i: usize, n_cells: usize| (i as f32 + 0.5) / (n_cells * PLACES_PER_CELL) as f32;
    let (mut before, mut after) = (Vec::new(), Vec::new());
    for row in 0..clean.rows * PLACES_PER_CELL {
        for col in 0..clean.cols * PLACES_PER_CELL {
            let (x, y) = (left + place(col, clean.cols) * width, top + place(row, clean.rows) * height);
            let (u, v) = motion.changed_from_clean(x, y);
            if (0. ..changed_size[0] as f32).contains(&u) && (0. ..changed_size[1] as f32).contains(&v) {
                before.push(f64::from(read(clean, x, y)));
                after.push(f64::from(read(changed, u, v)));
            }
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
            peak: 1.,
            region,
        }
    }

    const VALUES: [f32; 8] = [0., 0.2, 0.9, 1., 0.5, 0.1, 0.3, 0.];
    const WHOLE: [f32; 4] = [0., 0., 400., 200.];

    #[test]
    fn the_same_map_correlates_fully_wherever_its_scan_has_gone() {
        let clean = map(&VALUES, WHOLE);
        let of = |changed: &Heatmap, motion, size| correlation(&clean, changed, motion, size).unwrap();
        assert!((of(&clean, Motion::None, [400, 200]) - 1.).abs() < ROUNDING);
        let squeezed = map(&VALUES, [0., 0., 200., 200.]);
        assert!((of(&squeezed, Motion::Squeezed(0.5), [200, 200]) - 1.).abs() < ROUNDING);
        // The right half is left; at the cut nothing is known of the other side.
        let cropped = map(&[0.9, 1., 0.3, 0.], [0., 0., 200., 200.]);
        assert!(of(&cropped, Motion::Shifted(200.), [200, 200]) > 0.95);
    }

    #[test]
    fn cells_that_lie_between_those_of_the_clean_map_cost_little() {
        // A slope in cells of another width.
        let (wide, narrow) =
            (map(&[0., 0.5, 1., 0., 0.5, 1.], WHOLE), map(&[0., 0.33, 0.67, 1., 0., 0.33, 0.67, 1.], WHOLE));
        assert!(correlation(&wide, &narrow, Motion::None, [400, 200]).unwrap() > 0.98);
    }

    #[test]
    fn a_map_that_has_moved_on_its_scan_correlates_less() {
        let clean = map(&VALUES, WHOLE);
        let moved = map(&[1., 0., 0.2, 0.9, 0., 0.5, 0.1, 0.3], WHOLE);
        assert!(correlation(&clean, &moved, Motion::None, [400, 200]).unwrap() < 0.5);
    }

    #[test]
    fn what_a_changed_map_does_not_cover_counts_as_0() {
        let clean = map(&[1., 0.], [0., 0., 100., 200.]);
        let lower_half = map(&[1., 1.], [0., 100., 100., 100.]);
        // The clean map at the eight places of a column, and the changed one.
        let expected = pearson(&[1., 1., 0.875, 0.625, 0.375, 0.125, 0., 0.], &[0., 0., 0., 0., 1., 1., 1., 1.]);
        let found = correlation(&clean, &lower_half, Motion::None, [100, 200]);
        assert!((found.unwrap() - expected.unwrap()).abs() < ROUNDING);
        // Only the upper half is left of the copy, which the map does not cover.
        assert_eq!(correlation(&clean, &lower_half, Motion::None, [100, 100]), Some(0.));
    }

    #[test]
    fn an_even_map_correlates_with_nothing() {
        let (clean, even) = (map(&VALUES, WHOLE), map(&[0.; 8], WHOLE));
        assert_eq!(correlation(&clean, &even, Motion::None, [400, 200]), Some(0.));
        assert_eq!(correlation(&even, &clean, Motion::None, [400, 200]), None);
    }
}
