//! JPEG 2000 in a frame.

use super::jpeg;
use crate::error::{Error, Instead, Result};
use crate::scan::jpeg2000::{self, Colour, Header, code_stream};

/// Codes of a decoded frame.
#[derive(Debug)]
pub(super) struct Decoded {
    /// Samples of a pixel together; with a sign, if they have one.
    pub(super) codes: Vec<i32>,
    pub(super) n_samples: usize,
    /// Bits of a code.
    pub(super) bits: u32,
    pub(super) is_signed: bool,
}

/// Decodes a frame.
///
/// # Errors
/// It is damaged or cut short, or has more than 16 bits in a sample.
pub(super) fn decode(bytes: &[u8], header: &Header) -> Result<Decoded> {
    let picture = jpeg2000::decode(code_stream(bytes)?)?;
    if picture.colour == Colour::Other {
        return Err(Error::unsupported("DICOM with JPEG 2000 of such colours", Instead::Export));
    }
    let (bits, is_signed) =
        (u32::from(picture.bit_depth), header.components.first().is_some_and(|(_, signed)| *signed));
    if (picture.width, picture.height) != (header.width, header.height) {
        return Err(jpeg::damaged());
    }
    // The decoder adds what makes samples with a sign positive.
    let offset = if is_signed { 1 << (bits - 1) } else { 0 };
    let codes = picture.samples.iter().map(|code| i32::from(*code) - offset).collect();
    Ok(Decoded { codes, n_samples: picture.n_components, bits, is_signed })
}
