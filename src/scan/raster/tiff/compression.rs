//! Which compressions of TIFF are read.

use crate::error::{Error, Instead, Result};
use crate::scan::raster::refusal;

/// How chunks are compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Compression {
    None,
    Lzw,
    Deflate,
    PackBits,
    Jpeg,
    Jpeg2000,
}

impl Compression {
    /// Of the tag's value.
    ///
    /// # Errors
    /// It is not read.
    pub(super) fn of(value: u64) -> Result<Self> {
        let name = match value {
            1 => return Ok(Self::None),
            5 => return Ok(Self::Lzw),
            7 => return Ok(Self::Jpeg),
            8 | 32_946 => return Ok(Self::Deflate),
            32_773 => return Ok(Self::PackBits),
            33_004 | 33_005 | 34_712 => return Ok(Self::Jpeg2000),
            2..=4 | 32_771 => return Err(refusal::one_bit()),
            6 => "old JPEG",
            33_003 => "JPEG 2000 of luma and chroma",
            34_887 => "LERC",
            34_892 => "lossy JPEG",
            34_925 => "LZMA",
            34_926 | 50_000 => "zstd",
            34_927 | 50_001 => "WebP",
            22_610 | 34_934 => "JPEG XR",
            50_002 | 52_546 => "JPEG XL",
            _ => return Err(unsupported(&format!("number {value}"))),
        };
        Err(unsupported(name))
    }

    /// Whether predictors apply.
    pub(super) fn has_predictor(self) -> bool {
        matches!(self, Self::Lzw | Self::Deflate)
    }
}

/// The error that names a compression.
pub(super) fn unsupported(name: &str) -> Error {
    Error::unsupported(format!("TIFF with compression {name}"), Instead::SaveAsPng)
}
