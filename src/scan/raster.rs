//! Pictures as scans. Each format has a file; what they share is how samples become grey ([`canvas`], [`depth`]), how pictures
//! are put upright ([`orientation`]), what is done about pictures that are cut short ([`cut`]), and why pictures are refused ([`refusal`]). Memory is taken only once
//! sizes are known to be within the limits.

mod canvas;
mod common;
mod cut;
mod depth;
mod gif;
mod j2k;
mod jpeg;
mod orientation;
mod png;
mod refusal;
#[cfg(test)]
mod tests;
mod tiff;

use self::tiff::Pages;
use super::b_scan::Scan;
use super::format::Format;
use crate::error::Result;

/// An opened picture file.
pub(super) enum Picture<'a> {
    /// One picture, or several of which the first is read.
    One { bytes: &'a [u8], format: Format },
    /// A TIFF's pages.
    Pages(Pages<'a>),
}

impl<'a> Picture<'a> {
    /// Reads how many pictures there are.
    ///
    /// # Errors
    /// The file is a TIFF without a page.
    pub(super) fn open(bytes: &'a [u8], format: Format) -> Result<Self> {
        match format {
            Format::Tiff => Ok(Self::Pages(Pages::open(bytes)?)),
            _ => Ok(Self::One { bytes, format }),
        }
    }

    /// How many pictures are read from it.
    pub(super) fn n_frames(&self) -> usize {
        match self {
            Self::One { .. } => 1,
            Self::Pages(pages) => pages.n_frames(),
        }
    }

    /// Decodes a picture.
    ///
    /// # Errors
    /// There is no such picture, or it is damaged, cut short, too large, or of a kind that is not read.
    pub(super) fn frame(&self, frame: usize) -> Result<Scan> {
        match self {
            Self::Pages(pages) => pages.frame(frame),
            Self::One { .. } if frame > 0 => Err(refusal::no_such_frame(frame, 1)),
            Self::One { bytes, format: Format::Png } => png::decode(bytes),
            Self::One { bytes, format: Format::Jpeg } => jpeg::decode(bytes),
            Self::One { bytes, format: Format::Jpeg2000 } => j2k::decode(bytes),
            Self::One { bytes, format } => common::decode(bytes, *format),
        }
    }
}
