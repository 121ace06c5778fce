//! Occlusion (Zeiler & Fergus 2014): by how much the score falls when a window of the scan is hidden.

use candle_core::Tensor;

use super::cam_map::CamMap;
use crate::error::Result;

/// Rows of windows' steps on a scan: a step is an eighth of its height, a window two steps high and wide.
const ROWS: usize = 8;
/// Steps of a window's side.
const STEPS_PER_WINDOW: usize = 2;
/// Masked scans that run at once.
const BATCH: usize = 16;

/// A window that is hidden, in pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// Top and bottom row, the second not hidden.
    pub rows: [usize; 2],
    /// Left and right column, the second not hidden.
    pub cols: [usize; 2],
}

impl Window {
    /// The pixels of a scan of `height` × `width`, row by row: whether they are hidden.
    pub fn hidden(&self, (height, width): (usize, usize)) -> Vec<bool> {
        let inside = |i: usize, [first, end]: [usize; 2]| (first..end).contains(&i);
        (0..height * width).map(|i| inside(i / width, self.rows) && inside(i % width, self.cols)).collect()
    }
}

/// For each cell of one step, the mean over all windows that cover it of how much hiding them lowers the score: windows of two
/// steps a side, one step apart. `without` gives `pixel_values` (1, 3, h, w) without a window; `score` takes (n, 3, h, w) to
/// scores (n).
///
/// # Errors
/// A cell is NaN or infinite.
pub fn occlusion(
    pixel_values: &Tensor,
    without: impl Fn(Window) -> Result<Tensor>,
    score: impl Fn(&Tensor) -> Result<Tensor>,
) -> Result<CamMap> {
    let (_, _, height, width) = pixel_values.dims4()?;
    let rows = ROWS.min(height);
    let cols = ((width * rows + height / 2) / height).clamp(1, width);
    let steps = |n: usize, pixels: usize| (0..=n).map(|i| i * pixels / n).collect::<Vec<_>>();
    let (down, across) = (steps(rows, height), steps(cols, width));
    let starts = |n: usize| 0..=n.saturating_sub(STEPS_PER_WINDOW);
    let places: Vec<(usize, usize)> = starts(rows).flat_map(|row| starts(cols).map(move |col| (row, col))).collect();
    let end = |first: usize, n: usize| (first + STEPS_PER_WINDOW).min(n);
    let whole = score(pixel_values)?.get(0)?.to_scalar::<f32>()?;
    let (mut sums, mut n_windows) = (vec![0f32; rows * cols], vec![0f32; rows * cols]);
    for places in places.chunks(BATCH) {
        let window = |&(row, col): &(usize, usize)| Window {
            rows: [down[row], down[end(row, rows)]],
            cols: [across[col], across[end(col, cols)]],
        };
        let masked = places.iter().map(|place| without(window(place))).collect::<Result<Vec<_>>>()?;
        let scores = score(&Tensor::cat(&masked, 0)?)?.to_vec1::<f32>()?;
        for (&(row, col), score) in places.iter().zip(scores) {
            for cell in (row..end(row, rows)).flat_map(|row| (col..end(col, cols)).map(move |col| row * cols + col)) {
                sums[cell] += whole - score;
                n_windows[cell] += 1.;
            }
        }
    }
    let drops = sums.iter().zip(&n_windows).map(|(sum, n)| sum / n).collect();
    CamMap::of_evidence(rows, cols, drops)
}

#[cfg(test)]
mod tests {
    use candle_core::{DType, Device};

    use super::*;

    #[test]
    fn a_cell_counts_by_what_hiding_it_takes_away() {
        // One bright cell of a scan of 8 × 16 cells of 2 pixels; the score is its light.
        let (height, width) = (16, 32);
        let scan: Vec<f32> = (0..height * width)
            .map(|i| if (4..6).contains(&(i / width)) && (20..22).contains(&(i % width)) { 1. } else { 0. })
            .collect();
        let scan = Tensor::from_vec(scan, (1, 1, height, width), &Device::Cpu).unwrap();
        let scan = Tensor::cat(&[&scan, &scan, &scan], 1).unwrap();
        let black = |window: Window| {
            let keep: Vec<f32> = window.hidden((height, width)).iter().map(|h| if *h { 0. } else { 1. }).collect();
            Ok(scan.broadcast_mul(&Tensor::from_vec(keep, (1, 1, height, width), &Device::Cpu)?)?)
        };
        let light = |x: &Tensor| Ok(x.sum((1, 2, 3))?);
        let map = occlusion(&scan, black, light).unwrap();
        assert_eq!((map.rows, map.cols, map.peak), (8, 16, 12.));
        // Every window over the cell hides it; of the windows over its neighbours, a half or a quarter.
        let at = |row: usize, col: usize| map.values[row * 16 + col];
        assert_eq!((at(2, 10), at(2, 11), at(3, 11), at(2, 12)), (1., 0.5, 0.25, 0.));
        // Hiding light raises the score of darkness: there is no evidence for it.
        let darkness = |x: &Tensor| Ok(x.sum((1, 2, 3))?.neg()?);
        assert_eq!(occlusion(&scan, black, darkness).unwrap(), CamMap::empty(8, 16));
        let even = |_: Window| Ok(Tensor::zeros((1, 3, height, width), DType::F32, &Device::Cpu)?);
        assert_eq!(occlusion(&even(Window { rows: [0, 0], cols: [0, 0] }).unwrap(), even, light).unwrap().peak, 0.);
    }
}
