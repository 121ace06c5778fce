//! How far a grid looks like a B-scan: one profile of layers, the same in every column but for the height at which it
//! begins, dark above.

use crate::scan::layout::grid::Grid;
use crate::scan::moments::Moments;
use crate::scan::quantile::quantile;

/// Quantiles of the cells between which they are dark and bright.
const DARK_AND_BRIGHT: [f32; 2] = [0.1, 0.98];
/// Rows above and below an edge that are compared, as a share of all.
const EDGE: f32 = 1. / 12.;
/// The farthest that the layers may climb from one column to the next, as a share of the rows.
const MAX_CLIMB: f32 = 1. / 12.;
/// What a climb of a row costs, as a share of the difference between dark and bright.
const CLIMB_COST: f32 = 0.03;

/// Light over dark, as a share of the difference between dark and bright, from which a column rises.
const LIGHT: f32 = 0.3;
/// A grid's rows for each row over which a rise is measured.
const RISE_ROWS: usize = 80;
/// What unrest above counts beside a rise.
const UNREST: f32 = 0.5;

/// What the layers of a grid look like, if it has any.
#[derive(Clone, Copy, Debug)]
pub(super) struct Layers {
    /// The share of the cells' variance that one profile, moved up and down with the layers, explains; at most 1.
    pub(super) fit: f32,
    /// Brightness right below the edge less that above, as a share of the difference between dark and bright.
    pub(super) contrast: f32,
    /// Brightness above the edge over the noise floor, as such a share: a vitreous is dark.
    pub(super) light_above: f32,
    /// Its standard deviation, as such a share: a vitreous is even.
    pub(super) spread_above: f32,
    /// The mean grey value above the edge, 0…255.
    pub(super) grey_above: f32,
    /// How steeply columns rise where they first become light, as such a share.
    rise: f32,
}

impl Layers {
    /// Of a grid, and of the same upside down.
    pub(super) fn both_ways(grid: &Grid) -> [Self; 2] {
        let dark_and_bright = DARK_AND_BRIGHT.map(|share| quantile(&mut grid.cells.clone(), share));
        [Self::of(grid, dark_and_bright), Self::of(&grid.turned_half(), dark_and_bright)]
    }

    /// Follows the strongest edge from dark to bright across the columns.
    fn of(grid: &Grid, [dark, bright]: [f32; 2]) -> Self {
        let (rows, cols) = (grid.rows, grid.cols);
        let range = (bright - dark).max(1.);
        let reach = ((rows as f32 * EDGE) as usize).max(2);
        let edge = edge_strengths(grid, reach, range);
        let path = strongest_path(&edge, rows, cols, CLIMB_COST * range, ((rows as f32 * MAX_CLIMB) as usize).max(2));
        // The mean profile: rows from the path on, moved so that none is negative.
        let offset = |row: usize, col: usize| row + rows - path[col];
        let mut sums = vec![(0f64, 0u32); 2 * rows + 1];
        let (mut above, mut below) = (Moments::default(), Moments::default());
        for (i, cell) in grid.cells.iter().enumerate() {
            let (row, col) = (i / cols, i % cols);
            let bin = &mut sums[offset(row, col)];
            *bin = (bin.0 + f64::from(*cell), bin.1 + 1);
            if row < path[col] {
                above.add(f64::from(*cell));
            } else if row < path[col] + reach {
                below.add(f64::from(*cell));
            }
        }
        let profile: Vec<f64> = sums.into_iter().map(|(sum, n)| sum / f64::from(n.max(1))).collect();
        let (mut all, mut rest) = (Moments::default(), Moments::default());
        for (i, cell) in grid.cells.iter().enumerate() {
            all.add(f64::from(*cell));
            rest.add(f64::from(*cell) - profile[offset(i / cols, i % cols)]);
        }
        let share = |value: f64| (value / f64::from(range)) as f32;
        Self {
            fit: (1. - rest.variance() / all.variance().max(1e-9)) as f32,
            contrast: share(below.mean() - above.mean()),
            light_above: share(above.mean() - f64::from(dark)),
            spread_above: share(above.variance().sqrt()),
            grey_above: above.mean() as f32,
            rise: rise(grid, dark, range),
        }
    }

    /// How much more this looks like the upper side of a retina than the same grid upside down does: its first edge is steep
    /// and the vitreous above it dark, while the choroid on the other side fades slowly.
    pub(super) fn more_upright_than(&self, upside_down: &Self) -> f32 {
        self.rise - upside_down.rise + UNREST * (upside_down.unrest_above() - self.unrest_above())
    }

    /// How little the part above looks like a vitreous: 0 for a black one.
    pub(super) fn unrest_above(&self) -> f32 {
        self.light_above.max(0.) + self.spread_above
    }
}

/// The median over the columns of how much they rise within a few rows where they first become light, averaged
/// over neighbouring columns.
fn rise(grid: &Grid, dark: f32, range: f32) -> f32 {
    let n = (grid.rows / RISE_ROWS).max(1);
    let smooth = |row: usize, col: usize| {
        let cols = col.saturating_sub(2)..(col + 3).min(grid.cols);
        let n_cols = cols.len() as f32;
        cols.map(|col| grid.at(row, col)).sum::<f32>() / n_cols
    };
    let of = |col: usize| {
        let first = (0..grid.rows).find(|row| smooth(*row, col) > dark + LIGHT * range)?;
        let (before, after) = (first.saturating_sub(n), first + n);
        (after < grid.rows).then(|| (smooth(after, col) - smooth(before, col)) / range)
    };
    quantile(&mut (0..grid.cols).filter_map(of).collect::<Vec<_>>(), 0.5)
}

/// For each cell, the mean of the `reach` cells from it downwards less that of those above it.
fn edge_strengths(grid: &Grid, reach: usize, range: f32) -> Vec<f32> {
    let (rows, cols) = (grid.rows, grid.cols);
    let mut edge = vec![-range; rows * cols];
    for col in 0..cols {
        let mut sums = vec![0f32];
        sums.extend((0..rows).scan(0., |sum, row| {
            *sum += grid.at(row, col);
            Some(*sum)
        }));
        for row in 2..rows.saturating_sub(1) {
            let (first, last) = (row.saturating_sub(reach), (row + reach).min(rows));
            let below = (sums[last] - sums[row]) / (last - row) as f32;
            edge[row * cols + col] = below - (sums[row] - sums[first]) / (row - first) as f32;
        }
    }
    edge
}

/// The row at each column of the path with the largest sum of strengths less the cost of its climbs (Viterbi).
fn strongest_path(strength: &[f32], rows: usize, cols: usize, cost: f32, max_climb: usize) -> Vec<usize> {
    let mut sums: Vec<f32> = (0..rows).map(|row| strength[row * cols]).collect();
    let mut from = vec![0; rows * cols];
    let max_climb = max_climb.min(rows.saturating_sub(1));
    let (mut bests, mut climbs) = (vec![0f32; rows], vec![0i32; rows]);
    for col in 1..cols {
        bests.fill(f32::NEG_INFINITY);
        // Climb by climb and not row by row, so that the inner loop is the same for all rows and runs in vectors.
        for climb in -(max_climb as isize)..=max_climb as isize {
            let n = climb.unsigned_abs();
            let (to, others) = if climb < 0 { (n, 0) } else { (0, n) };
            let cost = cost * n as f32;
            let near = bests[to..].iter_mut().zip(&mut climbs[to..]).zip(&sums[others..]);
            for ((best, best_climb), other) in near {
                let sum = other - cost;
                let is_better = sum >= *best;
                *best = if is_better { sum } else { *best };
                *best_climb = if is_better { climb as i32 } else { *best_climb };
            }
        }
        for row in 0..rows {
            from[row * cols + col] = row.saturating_add_signed(climbs[row] as isize);
            sums[row] = bests[row] + strength[row * cols + col];
        }
    }
    let last = (0..rows).max_by(|a, b| sums[*a].total_cmp(&sums[*b])).unwrap_or(0);
    let mut path = vec![last; cols];
    for col in (1..cols).rev() {
        path[col - 1] = from[path[col] * cols + col];
    }
    path
}

/// Skewness of the cells: positive where most are dark and few bright, as in a B-scan.
pub(super) fn skewness(grid: &Grid) -> f32 {
    let mut moments = Moments::default();
    grid.cells.iter().for_each(|cell| moments.add(f64::from(*cell)));
    let mean = moments.mean();
    let cubes: f64 = grid.cells.iter().map(|cell| (f64::from(*cell) - mean).powi(3)).sum();
    (cubes / grid.cells.len().max(1) as f64 / moments.variance().sqrt().max(1e-3).powi(3)) as f32
}
