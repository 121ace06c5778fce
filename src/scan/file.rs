//! An opened file: what it is, how many B-scans it holds, and each of them on demand.

use super::b_scan::Scan;
use super::dicom::DicomFile;
use super::format::{self, Format};
use super::raster;
use crate::error::{Detail, Error, Result};

/// A file whose format is known and whose structure was read; its frames are decoded one by one.
pub struct ScanFile<'a> {
    content: Content<'a>,
}

enum Content<'a> {
    /// One picture.
    Picture { bytes: &'a [u8], format: Format },
    /// A DICOM file.
    Dicom(Box<DicomFile<'a>>),
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
            Some(Format::Dicom) => Content::Dicom(Box::new(DicomFile::open(bytes)?)),
            None => {
                let message = format!("the file is not a picture octlens reads: save the scan as {formats}");
                return Err(Error::scan(message).with_detail(Detail::UnknownFormat));
            }
        };
        Ok(Self { content })
    }

    /// How many B-scans it holds.
    pub fn n_frames(&self) -> usize {
        match &self.content {
            Content::Picture { .. } => 1,
            Content::Dicom(file) => file.n_frames(),
        }
    }

    /// Decodes the `frame`-th B-scan, from 0.
    ///
    /// # Errors
    /// There is no such frame, or its pixels are damaged or more than what is read.
    pub fn frame(&self, frame: usize) -> Result<Scan> {
        match &self.content {
            Content::Picture { bytes, format } => raster::decode(bytes, *format, frame),
            Content::Dicom(file) => file.frame(frame),
        }
    }
}
