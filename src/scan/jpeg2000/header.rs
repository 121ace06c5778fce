//! What a JPEG 2000 code stream claims, checked before the decoder takes memory for it: a file of 1 kB can claim precincts that
//! take hundreds of MB.

use super::damaged;
use crate::error::{Error, Instead, Result};

/// What a code stream begins with: start of code stream, size.
const CODE_STREAM: &[u8] = b"\xff\x4f\xff\x51";
/// What a JP2 file begins with: its signature box. It has no place in DICOM and is found there too.
const JP2: &[u8] = b"\0\0\0\x0cjP  ";

/// Whether `bytes` begin as JPEG 2000 does.
pub(in crate::scan) fn is_jpeg2000(bytes: &[u8]) -> bool {
    bytes.starts_with(CODE_STREAM) || bytes.starts_with(JP2)
}

/// The code stream, without boxes before it.
///
/// # Errors
/// There is none.
pub(in crate::scan) fn code_stream(bytes: &[u8]) -> Result<&[u8]> {
    let start = bytes.windows(CODE_STREAM.len()).position(|window| window == CODE_STREAM);
    start.and_then(|start| bytes.get(start..)).ok_or_else(damaged)
}

/// What a code stream says of its picture (ISO/IEC 15444-1, A.5.1).
#[derive(Debug)]
pub(in crate::scan) struct Header {
    pub(in crate::scan) width: usize,
    pub(in crate::scan) height: usize,
    /// For each component: bits of a sample, and whether it has a sign.
    pub(in crate::scan) components: Vec<(u32, bool)>,
}

impl Header {
    /// Reads the header.
    ///
    /// # Errors
    /// There is none, it is of HTJ2K, or the code stream is too short for the tiles and precincts that it claims.
    pub(in crate::scan) fn read(bytes: &[u8]) -> Result<Self> {
        let stream = code_stream(bytes)?;
        let header = Self::parse(stream).ok_or_else(damaged)?;
        let end = COMPONENTS_AT + COMPONENT_BYTES * header.components.len();
        // The marker that says that more capabilities are needed comes next (ISO/IEC 15444-15).
        if stream.get(end..).is_some_and(|rest| rest.starts_with(b"\xff\x50")) {
            return Err(Error::unsupported("HTJ2K (high-throughput JPEG 2000)", Instead::Export));
        }
        if header.n_precincts(stream).is_none_or(|n_precincts| n_precincts > stream.len()) {
            return Err(damaged());
        }
        Ok(header)
    }

    /// The most precincts that the parameters in the headers of picture and tiles make (B.6): each takes at least a byte.
    fn n_precincts(&self, stream: &[u8]) -> Option<usize> {
        let (mut at, mut most, mut tile_end) = (SIZ_AT, 0, None);
        loop {
            let [0xFF, marker, length_0, length_1, ..] = *stream.get(at..)? else { return Some(most) };
            let length = usize::from(u16::from_be_bytes([length_0, length_1]));
            let segment = stream.get(at + 4..at + 2 + length);
            match marker {
                COD => most = most.max(self.of_coding_style(*segment?.first()?, segment?.get(5..)?)?),
                COC => {
                    let segment = segment?.get(if self.components.len() < 257 { 1 } else { 2 }..)?;
                    most = most.max(self.of_coding_style(*segment.first()?, segment.get(1..)?)?);
                }
                // The part's length counts from its marker; 0 means all that follows.
                SOT => {
                    let part = u32::from_be_bytes(*segment?.get(2..6)?.as_array()?) as usize;
                    tile_end = (part > 0).then_some(at.checked_add(part)?);
                }
                // Data follows, then the next part.
                SOD => match tile_end {
                    Some(end) if end > at && end < stream.len() => {
                        at = end;
                        continue;
                    }
                    _ => return Some(most),
                },
                EOC => return Some(most),
                _ => {}
            }
            at += 2 + length;
        }
    }

    /// Precincts of all components; `parameters` begins with the number of decompositions (A.6.1).
    fn of_coding_style(&self, style: u8, parameters: &[u8]) -> Option<usize> {
        let n_levels = u32::from(*parameters.first()?);
        if n_levels > 32 {
            return None;
        }
        let mut n_precincts = 0_usize;
        for (resolution, shrink) in (0..=n_levels).rev().enumerate() {
            let sides = if style & 1 == 1 { *parameters.get(5 + resolution)? } else { 0xFF };
            let across = |size: usize, exponent: u8| (size >> (u32::from(exponent) + shrink).min(usize::BITS - 1)) + 2;
            let n = across(self.width, sides & 15).checked_mul(across(self.height, sides >> 4))?;
            n_precincts = n_precincts.checked_add(n - 4)?;
        }
        n_precincts.checked_mul(self.components.len())
    }

    fn parse(stream: &[u8]) -> Option<Self> {
        // Behind both markers, the segment's length and the capabilities.
        let numbers: Vec<usize> =
            stream.get(8..40)?.as_chunks().0.iter().map(|number| u32::from_be_bytes(*number) as usize).collect();
        let [x_end, y_end, x_start, y_start, tile_width, tile_height, tile_x, tile_y] = numbers[..] else {
            return None;
        };
        let across = x_end.checked_sub(tile_x)?.checked_add(tile_width)?.checked_div(tile_width)?;
        let down = y_end.checked_sub(tile_y)?.checked_add(tile_height)?.checked_div(tile_height)?;
        if across.checked_mul(down)? > stream.len() / MIN_TILE_BYTES + across + down {
            return None;
        }
        let n_components = usize::from(u16::from_be_bytes(*stream.get(40..42)?.as_array()?));
        let components = stream.get(COMPONENTS_AT..COMPONENTS_AT + COMPONENT_BYTES * n_components)?;
        Some(Self {
            width: x_end.checked_sub(x_start)?,
            height: y_end.checked_sub(y_start)?,
            components: components
                .chunks(COMPONENT_BYTES)
                .map(|c| (u32::from(c[0] & 0x7F) + 1, c[0] & 0x80 != 0))
                .collect(),
        })
    }
}

/// Where the first marker segment is, and the markers (A.2).
const SIZ_AT: usize = 2;
const COD: u8 = 0x52;
const COC: u8 = 0x53;
const SOT: u8 = 0x90;
const SOD: u8 = 0x93;
const EOC: u8 = 0xD9;
/// Where the header lists the components, and how long each is.
const COMPONENTS_AT: usize = 42;
const COMPONENT_BYTES: usize = 3;
/// What a tile without data takes: its two markers.
const MIN_TILE_BYTES: usize = 14;
