//! Values over cells as values at points: as a map is drawn, and averaged over other cells.

use crate::report::Heatmap;

/// The map's value at a point of its scan, in scan pixels, interpolated between the centres of its cells as it is drawn; 0
/// outside of its region.
pub fn value_at(map: &Heatmap, x: f32, y: f32) -> f32 {
    let [left, top, width, height] = map.region;
    let (across, down) = ((x - left) / width, (y - top) / height);
    if !(0. ..=1.).contains(&across) || !(0. ..=1.).contains(&down) {
        return 0.;
    }
    interpolated(&map.values, [map.rows, map.cols], across, down)
}

/// The value of `values` (rows, columns) at a point, as fractions of width and height, interpolated between the centres of
/// cells.
pub(super) fn interpolated(values: &[f32], [rows, cols]: [usize; 2], across: f32, down: f32) -> f32 {
    let place = |share: f32, n: usize| {
        let at = (share * n as f32 - 0.5).clamp(0., n as f32 - 1.);
        (at as usize, (at as usize + 1).min(n - 1), at.fract())
    };
    let (col, next_col, right) = place(across, cols);
    let (row, next_row, below) = place(down, rows);
    let between = |row: usize| {
        let value = |col: usize| values[row * cols + col];
        value(col) * (1. - right) + value(next_col) * right
    };
    between(row) * (1. - below) + between(next_row) * below
}

/// The map at the centres of `width · height` equal pixels of its region, row by row.
pub fn in_region(map: &Heatmap, width: usize, height: usize) -> Vec<f32> {
    let centre = |i: usize, n: usize| (i as f32 + 0.5) / n as f32;
    let at =
        |i: usize| interpolated(&map.values, [map.rows, map.cols], centre(i % width, width), centre(i / width, height));
    (0..width * height).map(at).collect()
}

/// The map at the centre of every pixel of its scan, row by row; 0 outside of its region.
pub fn over_scan(map: &Heatmap, width: usize, height: usize) -> Vec<f32> {
    (0..width * height).map(|i| value_at(map, (i % width) as f32 + 0.5, (i / width) as f32 + 0.5)).collect()
}

/// `values` (rows, columns) averaged over other cells: each of `to` (rows, columns) is the mean of what it covers, so that
/// neither a finer nor a coarser grid moves or loses heat.
pub fn averaged(values: &[f32], from: [usize; 2], to: [usize; 2]) -> Vec<f32> {
    let ([rows, cols], [height, width]) = (from, to);
    if from == to {
        return values.to_vec();
    }
    let (down, across) = (overlaps(rows, height), overlaps(cols, width));
    let mut means = Vec::with_capacity(height * width);
    for of_row in &down {
        for of_col in &across {
            let weighed =
                of_row.iter().flat_map(|(row, a)| of_col.iter().map(move |(col, b)| (row * cols + col, a * b)));
            means.push(weighed.map(|(i, weight)| values[i] * weight).sum());
        }
    }
    means
}

/// For each of `n_out` equal parts of a line, the `n_in` parts that it covers and the share of it that each takes.
fn overlaps(n_in: usize, n_out: usize) -> Vec<Vec<(usize, f32)>> {
    let part = |i: usize| {
        // In units of 1 / (n_in · n_out) of the line, where all edges are whole numbers.
        let (start, end) = (i * n_in, (i + 1) * n_in);
        let first = start / n_out;
        let last = (end - 1) / n_out;
        (first..=last)
            .map(|j| {
                let shared = end.min((j + 1) * n_out) - start.max(j * n_out);
                (j, shared as f32 / n_in as f32)
            })
            .collect()
    };
    (0..n_out).map(part).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::made_up::heatmap as map;

    #[test]
    fn a_value_applies_at_the_centre_of_its_cell_and_nothing_outside_of_the_region() {
        let map = map(&[0., 1.], 1, [10., 20., 4., 2.]);
        assert_eq!(value_at(&map, 11., 21.), 0.);
        assert_eq!(value_at(&map, 13., 21.), 1.);
        assert_eq!(value_at(&map, 12., 20.5), 0.5);
        assert_eq!((value_at(&map, 14.5, 21.), value_at(&map, 13., 22.5)), (0., 0.));
        assert_eq!(in_region(&map, 4, 1), [0., 0.25, 0.75, 1.]);
        let scan = over_scan(&map, 16, 24);
        assert_eq!(scan[20 * 16 + 10..20 * 16 + 15], [0., 0.25, 0.75, 1., 0.]);
        assert_eq!(scan.iter().filter(|v| **v > 0.).count(), 6);
    }

    #[test]
    fn averages_keep_the_mean_whether_cells_are_joined_split_or_shifted() {
        assert_eq!(averaged(&[1., 3., 5., 7.], [1, 4], [1, 2]), [2., 6.]);
        assert_eq!(averaged(&[1., 3.], [1, 2], [2, 4]), [1., 1., 3., 3., 1., 1., 3., 3.]);
        let values: Vec<f32> = (0..15).map(|v| v as f32).collect();
        let other = averaged(&values, [3, 5], [4, 7]);
        let mean = |v: &[f32]| v.iter().sum::<f32>() / v.len() as f32;
        assert!((mean(&other) - mean(&values)).abs() < 1e-5);
        assert!(other[27] > other[6] && other[6] > other[0], "{other:?}");
    }
}
