//! BMP, GIF, WebP and PNM: what the `image` crate decodes in one piece.

use std::io::Cursor;

use image::{DynamicImage, ImageDecoder, ImageError, ImageFormat, ImageReader, Limits};

use super::canvas::{Canvas, Channels, Store, draw};
use super::{gif, orientation, refusal};
use crate::error::{Error, Instead, Result};
use crate::scan::b_scan::{Scan, check_size};
use crate::scan::format::Format;
use crate::scan::note::Note;

/// Reads the file's first picture.
///
/// # Errors
/// It is damaged, cut short, too large, or of a kind that is not read.
pub(super) fn decode(bytes: &[u8], format: Format) -> Result<Scan> {
    if is_one_bit(bytes, format) {
        return Err(refusal::one_bit());
    }
    let kind = ImageFormat::from_mime_type(format.media_type())
        .ok_or_else(|| Error::unsupported(format.name(), Instead::SaveAsPng))?;
    let mut reader = ImageReader::with_format(Cursor::new(bytes), kind);
    let mut limits = Limits::no_limits();
    limits.max_alloc = Some(2 * refusal::MAX_SAMPLE_BYTES);
    reader.limits(limits);
    let mut decoder = reader.into_decoder().map_err(|e| refused(e, bytes, format))?;
    let (width, height) = decoder.dimensions();
    let size = [width as usize, height as usize];
    check_size(size[0], size[1])?;
    if decoder.total_bytes() > refusal::MAX_SAMPLE_BYTES {
        return Err(refusal::too_large(size));
    }
    let upright = decoder.orientation().unwrap_or(image::metadata::Orientation::NoTransforms);
    let picture = DynamicImage::from_decoder(decoder).map_err(|e| refused(e, bytes, format))?;
    let store = if is_deep(&picture) { Store::U16 } else { Store::U8 };
    let (canvas, ()) = draw(size, store, |canvas| draw_picture(&picture, canvas))?;
    drop(picture);
    let mut scan = canvas.into_scan(format, |extent| extent.unsigned(None));
    if has_more_frames(bytes, format) {
        scan.notes.push(Note::MoreFrames);
    }
    Ok(orientation::upright(scan, upright))
}

/// The reason why the `image` crate does not decode a file.
fn refused(error: ImageError, bytes: &[u8], format: Format) -> Error {
    match error {
        ImageError::Unsupported(reason) => {
            Error::unsupported(format!("this kind of {}", format.name()), Instead::SaveAsPng).because(reason)
        }
        ImageError::Limits(reason) => refusal::too_large([0, 0]).because(reason),
        ImageError::IoError(reason) => refusal::cut_short().because(reason),
        other if !has_end(bytes, format) => refusal::cut_short().because(other),
        other => refusal::damaged().because(other),
    }
}

/// Whether a file of a format that tells its end has one.
fn has_end(bytes: &[u8], format: Format) -> bool {
    match format {
        Format::Gif => bytes.trim_ascii_end().ends_with(b";"),
        Format::WebP => {
            let length =
                bytes.get(4..).and_then(|rest| rest.first_chunk()).map_or(0, |length| u32::from_le_bytes(*length));
            bytes.len() as u64 >= u64::from(length) + 8
        }
        _ => true,
    }
}

fn is_deep(picture: &DynamicImage) -> bool {
    picture.color().bytes_per_pixel() / picture.color().channel_count() == 2
}

fn draw_picture(picture: &DynamicImage, canvas: &mut Canvas) -> Result<()> {
    let channels = match picture.color().channel_count() {
        1 => Channels::Grey,
        2 => Channels::GreyAlpha,
        3 => Channels::Rgb,
        _ => Channels::Rgba,
    };
    let n = picture.width() as usize * channels.count();
    let of_8 = |samples: &[u8], canvas: &mut Canvas| {
        samples.chunks_exact(n).enumerate().for_each(|(y, row)| canvas.put_u8([0, y], 1, channels, row));
    };
    let of_16 = |samples: &[u16], canvas: &mut Canvas| {
        samples.chunks_exact(n).enumerate().for_each(|(y, row)| canvas.put_u16([0, y], 1, channels, row));
    };
    match picture {
        DynamicImage::ImageLuma8(p) => of_8(p, canvas),
        DynamicImage::ImageLumaA8(p) => of_8(p, canvas),
        DynamicImage::ImageRgb8(p) => of_8(p, canvas),
        DynamicImage::ImageRgba8(p) => of_8(p, canvas),
        DynamicImage::ImageLuma16(p) => of_16(p, canvas),
        DynamicImage::ImageLumaA16(p) => of_16(p, canvas),
        DynamicImage::ImageRgb16(p) => of_16(p, canvas),
        DynamicImage::ImageRgba16(p) => of_16(p, canvas),
        _ => return Err(Error::unsupported("a picture of floating-point numbers", Instead::SaveAsPng)),
    }
    Ok(())
}

/// Whether each pixel is one bit: bitmaps with that depth, and PBM.
fn is_one_bit(bytes: &[u8], format: Format) -> bool {
    match format {
        Format::Bmp => {
            // OS/2 headers of 12 bytes hold 16-bit sizes.
            let at = if bytes.get(14) == Some(&12) { 24 } else { 28 };
            bytes.get(at..at + 2) == Some(&[1, 0])
        }
        Format::Pnm => matches!(bytes.get(1), Some(b'1' | b'4')),
        _ => false,
    }
}

fn has_more_frames(bytes: &[u8], format: Format) -> bool {
    match format {
        Format::Gif => gif::n_pictures(bytes) > 1,
        // The flags of the VP8X chunk: bit 1 says that it is animated.
        Format::WebP => bytes.get(12..16) == Some(b"VP8X") && bytes.get(20).is_some_and(|flags| flags & 2 != 0),
        _ => false,
    }
}
