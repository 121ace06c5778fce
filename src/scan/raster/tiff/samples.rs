//! Rows of chunks become samples: predictors, packed bits, palettes and colours.

use super::page::{Colours, Page, SampleKind};
use crate::error::{Error, Instead, Result};
use crate::scan::raster::canvas::{Canvas, Channels, Store};

/// Undoes the predictor of a chunk's rows (TIFF 6.0, section 14; for floats TIFF Technical Note 3).
///
/// # Errors
/// The predictor is not known, or not for such samples.
pub(super) fn undo_predictor(page: &Page, rows: &mut [u8], is_big_endian: bool) -> Result<()> {
    if page.predictor == 1 || !page.compression.has_predictor() {
        return Ok(());
    }
    let n = page.n_in_chunk();
    let row_bytes = page.row_bytes();
    match (page.predictor, page.bits) {
        (2, 8) => rows.chunks_exact_mut(row_bytes).for_each(|row| {
            (n..row.len()).for_each(|at| row[at] = row[at].wrapping_add(row[at - n]));
        }),
        (2, bits @ (16 | 32)) => {
            let size = bits / 8;
            for row in rows.chunks_exact_mut(row_bytes) {
                for at in (n * size..row.len()).step_by(size) {
                    let sum = uint(&row[at..at + size], is_big_endian)
                        .wrapping_add(uint(&row[at - n * size..at - n * size + size], is_big_endian));
                    let sum = sum.to_be_bytes();
                    row[at..at + size].copy_from_slice(&sum[8 - size..]);
                    if !is_big_endian {
                        row[at..at + size].reverse();
                    }
                }
            }
        }
        (3, bits @ (16 | 32 | 64)) if page.kind == SampleKind::Float => {
            for row in rows.chunks_exact_mut(row_bytes) {
                (n..row.len()).for_each(|at| row[at] = row[at].wrapping_add(row[at - n]));
                // All first bytes, then all second ones, the highest first.
                let (planes, n_samples) = (row.to_vec(), row.len() / (bits / 8));
                for (at, byte) in row.iter_mut().enumerate() {
                    let (sample, byte_at) = (at / (bits / 8), at % (bits / 8));
                    let byte_at = if is_big_endian { byte_at } else { bits / 8 - 1 - byte_at };
                    *byte = planes[byte_at * n_samples + sample];
                }
            }
        }
        (predictor, bits) => {
            let what = format!("TIFF with predictor {predictor} of {bits}-bit samples");
            return Err(Error::unsupported(what, Instead::SaveAsPng));
        }
    }
    Ok(())
}

/// Puts row `row` of a chunk, whose planes are given, at `place` of the picture.
pub(super) fn put_row(
    page: &Page,
    planes: &[Vec<u8>],
    row: usize,
    place: [usize; 2],
    is_big_endian: bool,
    canvas: &mut Canvas,
) {
    let row_bytes = page.row_bytes();
    let rows: Vec<&[u8]> =
        planes.iter().map(|plane| plane.get(row * row_bytes..(row + 1) * row_bytes).unwrap_or_default()).collect();
    let n_columns = page.chunk[0].min(page.width.saturating_sub(place[0]));
    let sample = |x: usize, of: usize| -> u64 {
        let (row, at) = if page.is_planar { (rows[of], x) } else { (rows[0], x * page.n_samples + of) };
        bits_at(row, at * page.bits, page.bits, is_big_endian)
    };
    let channels = match (&page.colours, page.has_alpha) {
        (Colours::Grey { .. }, false) => Channels::Grey,
        (Colours::Grey { .. }, true) => Channels::GreyAlpha,
        (Colours::Rgb, true) => Channels::Rgba,
        _ => Channels::Rgb,
    };
    match page.store() {
        Store::U8 => {
            let mut out = Vec::with_capacity(n_columns * channels.count());
            // Samples of up to 16 bits, brought to 8.
            let most = (1_u64 << page.bits.min(16)) - 1;
            let byte = |x, of| match page.bits {
                8 => sample(x, of) as u8,
                bits @ 9.. => (sample(x, of) >> (bits - 8)) as u8,
                _ => (sample(x, of) * 255 / most) as u8,
            };
            for x in 0..n_columns {
                match &page.colours {
                    Colours::Palette(palette) => {
                        out.extend(palette.get(sample(x, 0) as usize).copied().unwrap_or_default());
                    }
                    Colours::Cmyk => {
                        let key = 255 - u32::from(byte(x, 3));
                        out.extend([0, 1, 2].map(|of| ((255 - u32::from(byte(x, of))) * key / 255) as u8));
                    }
                    Colours::YCbCr => out.extend(rgb_of([0, 1, 2].map(|of| byte(x, of)))),
                    _ if page.kind == SampleKind::Signed => out.push(byte(x, 0) ^ 0x80),
                    _ => out.extend((0..channels.count()).map(|of| byte(x, of))),
                }
            }
            canvas.put_u8(place, 1, channels, &out);
        }
        Store::U16 => {
            let n = channels.count();
            let out: Vec<u16> = (0..n_columns * n).map(|i| sample(i / n, i % n) as u16).collect();
            canvas.put_u16(place, 1, channels, &out);
        }
        Store::F32 => canvas.put_f32(place, (0..n_columns).map(|x| real(sample(x, 0), page.kind, page.bits))),
    }
}

/// Full-range luma and chroma of Rec. 601, as in JFIF.
fn rgb_of([y, cb, cr]: [u8; 3]) -> [u8; 3] {
    let [y, cb, cr] = [f32::from(y), f32::from(cb) - 128., f32::from(cr) - 128.];
    [y + 1.402 * cr, y - 0.344_136 * cb - 0.714_136 * cr, y + 1.772 * cb].map(|value| (value + 0.5) as u8)
}

/// The number that a sample's bits stand for.
fn real(bits: u64, kind: SampleKind, n_bits: usize) -> f32 {
    match (kind, n_bits) {
        (SampleKind::Unsigned, _) => bits as f32,
        (SampleKind::Signed, 16) => f32::from(bits as u16 as i16),
        (SampleKind::Signed, _) => bits as u32 as i32 as f32,
        (SampleKind::Float, 16) => half(bits as u16),
        (SampleKind::Float, 64) => f64::from_bits(bits) as f32,
        (SampleKind::Float, _) => f32::from_bits(bits as u32),
    }
}

/// IEEE 754 binary16.
fn half(bits: u16) -> f32 {
    let sign = if bits >> 15 == 1 { -1. } else { 1. };
    let (exponent, fraction) = (i32::from(bits >> 10 & 31), f32::from(bits & 0x3ff) / 1024.);
    match exponent {
        0 => sign * fraction * 2_f32.powi(-14),
        31 if fraction == 0. => sign * f32::INFINITY,
        31 => f32::NAN,
        _ => sign * (1. + fraction) * 2_f32.powi(exponent - 15),
    }
}

/// `n` bits from bit `at` on: whole bytes in the file's order, others from the highest bit down.
fn bits_at(row: &[u8], at: usize, n: usize, is_big_endian: bool) -> u64 {
    if n.is_multiple_of(8) && at.is_multiple_of(8) {
        return uint(row.get(at / 8..(at + n) / 8).unwrap_or_default(), is_big_endian);
    }
    let bytes = row.get(at / 8..(at + n).div_ceil(8)).unwrap_or_default();
    let value = uint(bytes, true);
    let spare = bytes.len() * 8 - (at % 8 + n).min(bytes.len() * 8);
    value >> spare & ((1 << n) - 1)
}

fn uint(bytes: &[u8], is_big_endian: bool) -> u64 {
    let push = |value: u64, byte: &u8| value << 8 | u64::from(*byte);
    if is_big_endian { bytes.iter().fold(0, push) } else { bytes.iter().rev().fold(0, push) }
}
