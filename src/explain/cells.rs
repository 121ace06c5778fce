//! Attributions of pixels, summed over small cells: one value for each pixel would be noise to the eye, and most of a report.

use candle_core::Tensor;

use crate::error::Result;

/// Pixels of a cell across and down: as fine as the map of a tower's first stage.
pub(super) const CELL_PIXELS: usize = 4;

/// The sum of each cell's pixels: (h, w) → (h / 4, w / 4). Where a side is no multiple of 4, the last pixels are left out.
pub(super) fn cells(of_pixels: &Tensor) -> Result<Tensor> {
    let (height, width) = of_pixels.dims2()?;
    let (rows, cols) = (height / CELL_PIXELS, width / CELL_PIXELS);
    let whole = of_pixels.narrow(0, 0, rows * CELL_PIXELS)?.narrow(1, 0, cols * CELL_PIXELS)?.contiguous()?;
    Ok(whole.reshape((rows, CELL_PIXELS, cols, CELL_PIXELS))?.sum((1, 3))?)
}
