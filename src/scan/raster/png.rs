//! PNG, row by row, by the `png` crate. What is no pixel cannot spoil the picture: its chunks are chosen first.

mod adam7;
mod chunks;
mod salvage;

use std::io::Cursor;

use png::{BitDepth, ColorType, DecodeOptions, Decoder, DecodingError, InterlaceInfo, Limits, Reader, Transformations};

use self::chunks::Chunks;
use self::salvage::salvage;
use super::canvas::{Canvas, Channels, Store, draw};
use super::{cut, orientation, refusal};
use crate::error::{Error, Instead, Result};
use crate::scan::b_scan::{Scan, check_size};
use crate::scan::format::Format;
use crate::scan::note::Note;

/// The most memory for a row and what unpacks it.
const MAX_ROW_BYTES: usize = 8 << 20;

/// Reads a PNG file's default picture.
///
/// # Errors
/// It is damaged, cut short, too large, or of one bit.
pub(super) fn decode(bytes: &[u8]) -> Result<Scan> {
    if bytes.get(12..16) == Some(b"CgBI") {
        return Err(Error::unsupported("PNG as iPhone apps hold it", Instead::SaveAsPng));
    }
    let chunks = Chunks::of(bytes)?;
    let [width, height] = chunks.size;
    check_size(width, height)?;
    if chunks.bit_depth == 1 {
        return Err(refusal::one_bit());
    }
    let store = if chunks.bit_depth == 16 { Store::U16 } else { Store::U8 };
    let pixels = chunks.pixels(false);
    let (canvas, n_rows) = draw(chunks.size, store, |canvas| {
        // A wrong checksum of a chunk is no damage where the pixels' own checksum is right.
        if draw_rows(&chunks.stream(&pixels), !chunks.has_damage, canvas)? {
            return Ok(height);
        }
        let salvaged = salvage(&chunks, &chunks.pixels(true));
        let is_cut = !chunks.has_damage && !chunks.has_end;
        let salvaged = salvaged.map_err(|e| if is_cut { e } else { refusal::damaged() })?;
        draw_rows(&chunks.stream(&salvaged.pixels), true, canvas)?;
        Ok(salvaged.n_rows)
    })?;
    let mut scan = canvas.into_scan(Format::Png, |extent| extent.unsigned(chunks.significant_bits));
    scan = cut::checked(scan, n_rows)?;
    if chunks.has_more_frames {
        scan.notes.push(Note::MoreFrames);
    }
    Ok(orientation::upright(scan, orientation::of_exif(chunks.exif.unwrap_or_default())))
}

/// Draws the rows that come. Returns whether all did, with the right checksum if that is not ignored.
fn draw_rows(stream: &[u8], ignores_checksum: bool, canvas: &mut Canvas) -> Result<bool> {
    let mut options = DecodeOptions::default();
    options.set_ignore_crc(true);
    options.set_ignore_adler32(ignores_checksum);
    let mut decoder = Decoder::new_with_options(Cursor::new(stream), options);
    decoder.set_limits(Limits { bytes: MAX_ROW_BYTES });
    decoder.set_transformations(Transformations::EXPAND);
    let mut reader = decoder.read_info().map_err(|e| refusal::damaged().because(e))?;
    let mut n_of_pass = [0; 8];
    loop {
        match draw_row(&mut reader, canvas, &mut n_of_pass) {
            Ok(true) => {}
            Ok(false) => return Ok(true),
            Err(_) => return Ok(false),
        }
    }
}

/// Draws the next row. False if there is none.
fn draw_row(
    reader: &mut Reader<Cursor<&[u8]>>,
    canvas: &mut Canvas,
    n_of_pass: &mut [usize; 8],
) -> Result<bool, DecodingError> {
    let (colour, depth) = reader.output_color_type();
    let channels = match colour {
        ColorType::Grayscale | ColorType::Indexed => Channels::Grey,
        ColorType::GrayscaleAlpha => Channels::GreyAlpha,
        ColorType::Rgb => Channels::Rgb,
        ColorType::Rgba => Channels::Rgba,
    };
    let Some(row) = reader.next_interlaced_row()? else { return Ok(false) };
    let (pass, place, step) = match row.interlace() {
        InterlaceInfo::Null(_) => (0, [0, n_of_pass[0]], 1),
        InterlaceInfo::Adam7(_) => adam7::next_row(n_of_pass, canvas.size()),
    };
    match depth {
        BitDepth::Sixteen => {
            let samples: Vec<u16> =
                row.data().as_chunks::<2>().0.iter().map(|sample| u16::from_be_bytes(*sample)).collect();
            canvas.put_u16(place, step, channels, &samples);
        }
        _ => canvas.put_u8(place, step, channels, row.data()),
    }
    n_of_pass[pass] += 1;
    Ok(true)
}
