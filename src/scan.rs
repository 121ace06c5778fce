//! From file bytes to a [`Scan`]: grey pixels, and what the file says about them. Knows no model.
//!
//! [`mod@format`] is the table of formats. Each reader has a file of its own and is called by [`ScanFile`].

mod b_scan;
mod dicom;
mod file;
pub mod format;
mod jpeg2000;
pub mod layout;
mod luma;
pub(crate) mod moments;
pub mod note;
pub(crate) mod quantile;
mod raster;
mod unsupported;
mod vendor;
pub mod view;
mod viewed;
mod vol;

pub use b_scan::{Layer, Scan};
pub use dicom::{Identifier, Identity};
pub use file::ScanFile;

use crate::error::Result;

impl Scan {
    /// Reads frame `frame` of a file's bytes. Of several frames, open a [`ScanFile`] once.
    ///
    /// # Errors
    /// As [`ScanFile::open`] and [`ScanFile::frame`].
    pub fn decode(bytes: &[u8], frame: usize) -> Result<Self> {
        ScanFile::open(bytes)?.frame(frame)
    }
}
