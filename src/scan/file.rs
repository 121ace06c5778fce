//! An opened file: what it is, how many B-scans it holds, and each of them on demand.

use super::b_scan::Scan;
use super::format::{self, Format};
use super::raster;
use super::vendor;
use super::vol::VolFile;
use crate::error::{Detail, Error, Result};

/// A file whose format is known and whose structure was read; its frames are decoded one by one.
pub struct ScanFile<'a> {
    content: Content<'a>,
}

enum Content<'a> {
    /// One picture.
    Picture { bytes: &'a [u8], format: Format },
    /// B-scans of a Heidelberg device.
    Vol(VolFile<'a>),
}

impl<'a> ScanFile<'a> {
    /// Recognises a file by its bytes.
    ///
    /// # Errors
    /// The file is empty, of a format that is not read, or its structure is damaged. The message says what to do.
    pub fn open(bytes: &'a [u8]) -> Result<Self> {
        let formats = format::any_name();
        if bytes.is_empty() {
            let error = Error::scan(format!("the file is empty: choose a scan saved as {formats}"));
            return Err(error.with_detail(Detail::EmptyFile));
        }
        let content = match Format::of(bytes) {
            Some(format @ (Format::Png | Format::Jpeg | Format::Tiff | Format::Bmp)) => {
                Content::Picture { bytes, format }
            }
            Some(Format::Vol) => Content::Vol(VolFile::open(bytes)?),
            None => {
                if let Some(refusal) = vendor::by_bytes(bytes) {
                    return Err(refusal);
                }
                let message = format!("the file is not a picture octlens reads: save the scan as {formats}");
                return Err(Error::scan(message).with_detail(Detail::UnknownFormat));
            }
        };
        Ok(Self { content })
    }

    /// The same. A file whose bytes say nothing is at least named by its name.
    ///
    /// # Errors
    /// As [`ScanFile::open`].
    pub fn open_named(name: &str, bytes: &'a [u8]) -> Result<Self> {
        Self::open(bytes).map_err(|error| match error.detail() {
            Some(Detail::UnknownFormat) => vendor::by_name(name).unwrap_or(error),
            _ => error,
        })
    }

    /// How many B-scans it holds.
    pub fn n_frames(&self) -> usize {
        match &self.content {
            Content::Picture { .. } => 1,
            Content::Vol(file) => file.n_frames(),
        }
    }

    /// Decodes the `frame`-th B-scan, from 0.
    ///
    /// # Errors
    /// There is no such frame, or its pixels are damaged or more than what is read.
    pub fn frame(&self, frame: usize) -> Result<Scan> {
        match &self.content {
            Content::Picture { bytes, format } => raster::decode(bytes, *format, frame),
            Content::Vol(file) => file.frame(frame),
        }
    }
}
