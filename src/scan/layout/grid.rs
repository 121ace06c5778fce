//! Means over the cells of a coarse grid: enough to see layers, few enough that speckle averages out.

use crate::scan::b_scan::Scan;
use crate::scan::layout::part::Part;
use crate::scan::quantile::quantile;

/// Cells across the layers and along them.
const CELLS: [usize; 2] = [96, 64];
/// Fewest pixels on a side of a cell.
const MIN_CELL: usize = 2;
/// Mean from which a cell is white: a wedge that a device leaves where it turned the scan.
const WHITE: f32 = 240.;
/// Largest share of cells that are wedges; where more are white, white is the background.
const MAX_WEDGES: f32 = 0.4;
/// Quantile of the cells that is the noise floor.
const FLOOR: f32 = 0.1;

/// Cell means, 0…255, row by row.
#[derive(Clone, Debug)]
pub(super) struct Grid {
    pub(super) rows: usize,
    pub(super) cols: usize,
    pub(super) cells: Vec<f32>,
}

impl Grid {
    /// Of a part of a scan, with more rows than columns if layers should run across, and the reverse if down.
    pub(super) fn of(scan: &Scan, part: Part, runs_down: bool) -> Self {
        let [across, along] = CELLS;
        let [max_rows, max_cols] = if runs_down { [along, across] } else { [across, along] };
        let rows = max_rows.min(part.height / MIN_CELL).max(1);
        let cols = max_cols.min(part.width / MIN_CELL).max(1);
        // The first pixel of each column of cells, and the end of the last one.
        let edges: Vec<usize> = (0..=cols).map(|col| (col * part.width).div_ceil(cols)).collect();
        let (mut sums, mut n_lines) = (vec![0u64; rows * cols], vec![0usize; rows]);
        for y in 0..part.height {
            let row = y * rows / part.height;
            let line = &scan.pixels[(part.y + y) * scan.width + part.x..][..part.width];
            n_lines[row] += 1;
            for (sum, edge) in sums[row * cols..][..cols].iter_mut().zip(edges.windows(2)) {
                *sum += u64::from(line[edge[0]..edge[1]].iter().map(|pixel| u32::from(*pixel)).sum::<u32>());
            }
        }
        let cell = |(i, sum): (usize, &u64)| {
            let (row, col) = (i / cols, i % cols);
            let n = n_lines[row] * (edges[col + 1] - edges[col]);
            (*sum as f64 / n.max(1) as f64) as f32
        };
        let cells = sums.iter().enumerate().map(cell).collect();
        Self { rows, cols, cells }
    }

    /// The cell of a row and a column.
    pub(super) fn at(&self, row: usize, col: usize) -> f32 {
        self.cells[row * self.cols + col]
    }

    /// A grid of so many rows and columns whose cells are those that `of` (row, column) names.
    fn mapped(&self, rows: usize, cols: usize, of: impl Fn(usize, usize) -> (usize, usize)) -> Self {
        let cell = |i: usize| {
            let (row, col) = of(i / cols, i % cols);
            self.at(row, col)
        };
        Self { rows, cols, cells: (0..rows * cols).map(cell).collect() }
    }

    /// Turned by 90° clockwise.
    pub(super) fn turned_right(&self) -> Self {
        self.mapped(self.cols, self.rows, |row, col| (self.rows - 1 - col, row))
    }

    /// Turned by 180°.
    pub(super) fn turned_half(&self) -> Self {
        self.mapped(self.rows, self.cols, |row, col| (self.rows - 1 - row, self.cols - 1 - col))
    }

    /// Black for white.
    pub(super) fn inverted(mut self) -> Self {
        self.cells.iter_mut().for_each(|cell| *cell = 255. - *cell);
        self
    }

    /// White areas at the border become as dark as the noise floor, unless they are most of it.
    pub(super) fn without_wedges(mut self) -> Self {
        let (rows, cols) = (self.rows, self.cols);
        let mut seen: Vec<bool> = vec![false; rows * cols];
        let border =
            |i: &usize| i / cols == 0 || i / cols == rows - 1 || i.is_multiple_of(cols) || i % cols == cols - 1;
        let mut stack: Vec<usize> = (0..rows * cols).filter(border).filter(|i| self.cells[*i] >= WHITE).collect();
        stack.iter().for_each(|i| seen[*i] = true);
        let mut wedges = Vec::new();
        while let Some(i) = stack.pop() {
            wedges.push(i);
            let (row, col) = (i / cols, i % cols);
            let around = [
                (row > 0).then(|| i - cols),
                (row + 1 < rows).then(|| i + cols),
                (col > 0).then(|| i - 1),
                (col + 1 < cols).then(|| i + 1),
            ];
            for j in around.into_iter().flatten() {
                // One cell further: the edge of a wedge lies within cells.
                if !seen[j] && self.cells[i] >= WHITE {
                    seen[j] = true;
                    stack.push(j);
                }
            }
        }
        if !wedges.is_empty() && wedges.len() as f32 <= MAX_WEDGES * (rows * cols) as f32 {
            let mut others: Vec<f32> = (0..rows * cols).filter(|i| !seen[*i]).map(|i| self.cells[i]).collect();
            let floor = quantile(&mut others, FLOOR);
            wedges.into_iter().for_each(|i| self.cells[i] = floor);
        }
        self
    }
}
