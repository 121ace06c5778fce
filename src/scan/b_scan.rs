//! The result of every reader, one B-scan, and the largest sizes that are read.

use super::format::Format;
use super::note::{Laterality, Note};
use crate::error::{Detail, Error, Result};

/// The largest width or height that is read; larger files are refused before memory is allocated.
pub(super) const MAX_SIDE: usize = 16_384;
/// The most pixels that are read (a 6 × 6 mm volume's widest frames stay well below it).
pub(super) const MAX_PIXELS: usize = 24 << 20;

/// One B-scan: grey, 8 bit, row by row from the vitreous down.
#[derive(Clone, Debug, PartialEq)]
pub struct Scan {
    /// Columns.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// `width * height` grey values, 0…255.
    pub pixels: Vec<u8>,
    /// The file's format.
    pub format: Format,
    /// Which frame of the file, from 0.
    pub frame: usize,
    /// Frames in the file.
    pub n_frames: usize,
    /// Micrometres per pixel, across and down, where the file says so.
    pub um_per_pixel: Option<[f64; 2]>,
    /// Which eye it shows, where the file says so.
    pub laterality: Option<Laterality>,
    /// Share of clearly coloured pixels in the file, 0…1: a scan is grey but for overlays.
    pub coloured: f32,
    /// Boundaries of layers that the device found, where the file has them.
    pub layers: Vec<Layer>,
    /// What a person should know about how the file was read.
    pub notes: Vec<Note>,
}

/// A boundary between layers.
#[derive(Clone, Debug, PartialEq)]
pub struct Layer {
    /// As the device's maker abbreviates it: `ILM`, `BM`, `RPE`.
    pub name: String,
    /// The row at each column, in pixels from the top; `None` where it was not found.
    pub rows: Vec<Option<f32>>,
}

impl Scan {
    /// The grey value at column `x`, row `y`.
    pub fn pixel(&self, x: usize, y: usize) -> u8 {
        self.pixels[y * self.width + x]
    }

    /// A scan that no file holds, of grey values row by row.
    #[cfg(test)]
    pub(crate) fn of_pixels(width: usize, height: usize, pixels: Vec<u8>) -> Self {
        assert_eq!(pixels.len(), width * height);
        Self {
            width,
            height,
            pixels,
            format: Format::Png,
            frame: 0,
            n_frames: 1,
            um_per_pixel: None,
            laterality: None,
            coloured: 0.,
            layers: vec![],
            notes: vec![],
        }
    }
}

/// Refuses sizes of zero and above the limits, before memory is allocated.
///
/// # Errors
/// The size is out of range.
pub(super) fn check_size(width: usize, height: usize) -> Result<()> {
    if width == 0 || height == 0 {
        let message = format!("the scan is {width} × {height} pixels, it holds nothing: choose another file");
        return Err(Error::scan(message).with_detail(Detail::NoPixels));
    }
    if width > MAX_SIDE || height > MAX_SIDE || width * height > MAX_PIXELS {
        let message = format!(
            "the scan is {width} × {height} pixels: octlens reads up to {MAX_SIDE} on a side and {} megapixels; crop it",
            MAX_PIXELS >> 20
        );
        return Err(Error::scan(message).with_detail(Detail::LargeScan { width, height }));
    }
    Ok(())
}
