//! The passes of interlaced PNGs.

/// Of the seven passes of an interlaced picture: first column, step, first row, step (PNG, 8.2).
pub(super) const PASSES: [[usize; 4]; 7] =
    [[0, 8, 0, 8], [4, 8, 0, 8], [0, 4, 4, 8], [2, 4, 0, 4], [0, 2, 2, 4], [1, 2, 0, 2], [0, 1, 1, 2]];

/// Pass, place and step of the next row of an interlaced picture, after `n_of_pass` rows of each pass.
pub(super) fn next_row(n_of_pass: &[usize; 8], [width, height]: [usize; 2]) -> (usize, [usize; 2], usize) {
    for (pass, [x, step_x, y, step_y]) in (1..).zip(PASSES) {
        // A pass without columns or rows is left out of the file.
        let n_rows = if x < width { height.saturating_sub(y).div_ceil(step_y) } else { 0 };
        if n_of_pass[pass] < n_rows {
            return (pass, [x, y + n_of_pass[pass] * step_y], step_x);
        }
    }
    (7, [0, height], 1)
}
