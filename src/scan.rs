//! From file bytes to a [`Scan`]: grey pixels, and what the file says about them. Knows no model.
//!
//! [`mod@format`] is the table of formats. Each reader has a file of its own and is called by [`Scan::decode`].

mod b_scan;
pub mod format;
mod raster;

pub use b_scan::Scan;
use format::Format;

use crate::error::{Detail, Error, Result};

impl Scan {
    /// Reads frame `frame` of a file's bytes.
    ///
    /// # Errors
    /// The file is empty, damaged, oversized or of another format, or has no such frame. The message says what to do.
    pub fn decode(bytes: &[u8], frame: usize) -> Result<Self> {
        let formats = format::any_name();
        if bytes.is_empty() {
            let error = Error::scan(format!("the file is empty: choose a scan saved as {formats}"));
            return Err(error.with_detail(Detail::EmptyFile));
        }
        match Format::of(bytes) {
            Some(format @ (Format::Png | Format::Jpeg | Format::Tiff | Format::Bmp)) => {
                raster::decode(bytes, format, frame)
            }
            None => {
                let message = format!("the file is not a picture octlens reads: save the scan as {formats}");
                Err(Error::scan(message).with_detail(Detail::UnknownFormat))
            }
        }
    }
}
