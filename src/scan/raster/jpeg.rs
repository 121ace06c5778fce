//! JPEG, by `zune-jpeg`, which fills up with grey what did not come: [`survey`] tells what did.

mod entropy;
mod huffman;
mod survey;

use zune_core::bytestream::ZCursor;
use zune_core::colorspace::ColorSpace;
use zune_core::options::DecoderOptions;
use zune_jpeg::JpegDecoder;

use self::survey::{Coding, Frame, Survey};
use super::canvas::{Channels, Store, draw};
use super::depth::Depth;
use super::{cut, orientation, refusal};
use crate::error::{Error, Instead, Result};
use crate::scan::b_scan::{MAX_SIDE, Scan, check_size};
use crate::scan::format::Format;

/// Decoded samples, row by row.
pub(super) struct Samples {
    pub(super) width: usize,
    pub(super) height: usize,
    /// Samples of a pixel: 1, 3 or 4.
    pub(super) n_components: usize,
    pub(super) samples: Vec<u8>,
    /// Rows that came whole.
    pub(super) n_rows: usize,
}

/// What to make of a JPEG's components.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Colours {
    /// Grey or RGB, as its markers say.
    Converted,
    /// As they are stored.
    Stored,
}

/// Reads a JPEG file.
///
/// # Errors
/// It is of a kind that is not read, damaged, cut short, or too large.
pub(super) fn decode(bytes: &[u8]) -> Result<Scan> {
    let decoded = samples(bytes, Colours::Converted)?;
    let channels = if decoded.n_components == 1 { Channels::Grey } else { Channels::Rgb };
    let (canvas, ()) = draw([decoded.width, decoded.height], Store::U8, |canvas| {
        for (y, row) in decoded.samples.chunks_exact(decoded.width * channels.count()).enumerate() {
            canvas.put_u8([0, y], 1, channels, row);
        }
        Ok(())
    })?;
    let scan = cut::checked(canvas.into_scan(Format::Jpeg, |_| Depth::Bits(8)), decoded.n_rows)?;
    Ok(orientation::upright(scan, orientation::of_exif(Survey::of_header(bytes).exif.unwrap_or_default())))
}

/// Decodes a JPEG stream, of a file or within another file.
///
/// # Errors
/// The same.
pub(super) fn samples(bytes: &[u8], colours: Colours) -> Result<Samples> {
    let header = Survey::of_header(bytes);
    let frame = header.frame.as_ref().ok_or_else(refusal::no_pixels_came)?;
    check_kind(frame)?;
    check_size(frame.width, frame.height)?;
    // Passes over the picture are collected as coefficients of 16 bits.
    let n_components = frame.components.len() as u64;
    let n_bytes = (frame.width * frame.height) as u64 * n_components;
    if 2 * n_bytes > 3 * refusal::MAX_SAMPLE_BYTES
        || frame.coding == Coding::Progressive && n_bytes > refusal::MAX_SAMPLE_BYTES / 2
    {
        return Err(refusal::too_large([frame.width, frame.height]));
    }
    let survey = Survey::of(bytes);
    cut::refuse(survey.n_rows, frame.height)?;
    if survey.has_damage {
        return Err(refusal::damaged());
    }

    let options = DecoderOptions::default().set_strict_mode(false).set_max_width(MAX_SIDE).set_max_height(MAX_SIDE);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(bytes), options);
    decoder.decode_headers().map_err(|e| refusal::damaged().because(e))?;
    let stored = decoder.input_colorspace().ok_or_else(refusal::damaged)?;
    let is_stored = colours == Colours::Stored || n_components == 1 || n_components == 3 && is_rgb(&header, frame);
    let wanted = if is_stored { stored } else { ColorSpace::RGB };
    decoder.set_options(decoder.options().jpeg_set_out_colorspace(wanted));
    let samples = decoder.decode().map_err(|e| refusal::damaged().because(e))?;
    let n_components = wanted.num_components();
    if samples.len() != frame.width * frame.height * n_components {
        return Err(refusal::damaged());
    }
    Ok(Samples { width: frame.width, height: frame.height, n_components, samples, n_rows: survey.n_rows })
}

/// Refuses by name what is no baseline or progressive JPEG of 8 bits.
fn check_kind(frame: &Frame) -> Result<()> {
    let unsupported = |what: &str| Err(Error::unsupported(what, Instead::SaveAsPng));
    match frame.coding {
        Coding::Other(what) => unsupported(what),
        _ if frame.precision != 8 => unsupported(&format!("JPEG of {} bits", frame.precision)),
        _ if frame.height == 0 && frame.width > 0 => unsupported("JPEG that does not say its height at its start"),
        _ if ![1, 3, 4].contains(&frame.components.len()) => {
            unsupported(&format!("JPEG of {} components", frame.components.len()))
        }
        _ => Ok(()),
    }
}

/// Whether three components are red, green and blue rather than luma and chroma: as libjpeg decides it.
fn is_rgb(survey: &Survey, frame: &Frame) -> bool {
    if survey.has_jfif {
        return false;
    }
    match survey.adobe {
        Some(transform) => transform == 0,
        None => frame.components.iter().map(|component| component.id).eq(*b"RGB"),
    }
}
