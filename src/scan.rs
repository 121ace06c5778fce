//! File bytes become a [`Scan`]: grey pixels, and what the file says of itself. Knows no model.

mod raster;

use crate::error::{Error, Result};

/// The largest width or height that is read; larger files are refused before memory is taken.
pub const MAX_SIDE: usize = 16_384;
/// The most pixels that are read (a 6 × 6 mm volume's widest frames stay well below it).
pub const MAX_PIXELS: usize = 64 << 20;

/// One B-scan: grey, 8 bit, row by row from the vitreous down.
#[derive(Clone, Debug, PartialEq)]
pub struct Scan {
    /// Columns.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// `width * height` grey values, 0…255.
    pub pixels: Vec<u8>,
    /// `png`, `jpeg`, `tiff` or `bmp`.
    pub format: &'static str,
    /// Which frame of the file, from 0.
    pub frame: usize,
    /// Frames in the file.
    pub n_frames: usize,
    /// Micrometres per pixel, across and down, where the file says so.
    pub um_per_pixel: Option<[f64; 2]>,
}

impl Scan {
    /// Reads frame `frame` of a file's bytes.
    ///
    /// # Errors
    /// An empty, truncated, foreign or oversized file, or a frame that is not there, is refused with one line that
    /// says what to do.
    pub fn decode(bytes: &[u8], frame: usize) -> Result<Self> {
        if bytes.is_empty() {
            return Err(Error::scan("the file is empty: choose a scan saved as PNG, JPEG, TIFF or BMP"));
        }
        raster::decode(bytes, frame)
    }

    /// The grey value at column `x`, row `y`.
    pub fn pixel(&self, x: usize, y: usize) -> u8 {
        self.pixels[y * self.width + x]
    }
}
