//! An opened file: what it is, how many B-scans it holds, and each of them on demand.

use super::b_scan::Scan;
use super::dicom::{DicomFile, Identity};
use super::format::{self, Format};
use super::raster::Picture;
use super::unsupported;
use super::vendor;
use super::vol::VolFile;
use crate::error::{Detail, Error, Result};

/// A file whose format is known and whose structure was read; its frames are decoded one by one.
pub struct ScanFile<'a> {
    content: Content<'a>,
}

enum Content<'a> {
    /// A picture, or pages of pictures.
    Picture(Picture<'a>),
    /// A DICOM file.
    Dicom(Box<DicomFile<'a>>),
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
        let bytes = without_leading_blanks(bytes);
        let content = match Format::of(bytes) {
            Some(Format::Dicom) => Content::Dicom(Box::new(DicomFile::open(bytes)?)),
            Some(Format::Vol) => Content::Vol(VolFile::open(bytes)?),
            Some(format) => Content::Picture(Picture::open(bytes, format)?),
            None => {
                let message = format!("the file is not a picture octlens reads: save the scan as {formats}");
                let unknown = || Error::scan(message).with_detail(Detail::UnknownFormat);
                return Err(vendor::by_bytes(bytes).or_else(|| unsupported::named(bytes)).unwrap_or_else(unknown));
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
            Content::Picture(picture) => picture.n_frames(),
            Content::Dicom(file) => file.n_frames(),
            Content::Vol(file) => file.n_frames(),
        }
    }

    /// Decodes the `frame`-th B-scan, from 0.
    ///
    /// # Errors
    /// There is no such frame, or its pixels are damaged or more than what is read.
    pub fn frame(&self, frame: usize) -> Result<Scan> {
        match &self.content {
            Content::Picture(picture) => picture.frame(frame),
            Content::Dicom(file) => file.frame(frame),
            Content::Vol(file) => file.frame(frame),
        }
    }
}

impl ScanFile<'_> {
    /// What tells the studies of DICOM files apart, and identifies none: a hash of the study's UID, in hex. None where the file
    /// names no study, and of other files.
    pub fn study(&self) -> Option<String> {
        match &self.content {
            Content::Dicom(file) => file.identity().ok()?.study(),
            Content::Picture(_) | Content::Vol(_) => None,
        }
    }

    /// What in a DICOM file names its patient and itself. Nothing else of this crate reads that.
    ///
    /// # Errors
    /// The file is of another format, or damaged.
    pub fn identity(&self) -> Result<Identity> {
        match &self.content {
            Content::Dicom(file) => file.identity(),
            Content::Picture(_) | Content::Vol(_) => Err(Error::scan(
                "the file is not DICOM, so that nothing can refer to it as DICOM does: choose the DICOM file",
            )),
        }
    }
}

/// The most blanks that are looked past.
const MAX_BLANKS: usize = 16;

/// A file without blanks before its signature, which mail gateways and scripts of web servers put there.
fn without_leading_blanks(bytes: &[u8]) -> &[u8] {
    let trimmed = bytes.trim_ascii_start();
    let is_worth = bytes.len() - trimmed.len() <= MAX_BLANKS && Format::of(trimmed).is_some();
    if Format::of(bytes).is_none() && is_worth { trimmed } else { bytes }
}
