//! Pictures as scans: PNG, JPEG, TIFF and BMP, by the `image` crate. Refuses oversized pictures before it allocates memory.

use std::io::Cursor;

use image::{DynamicImage, ImageDecoder, ImageError, ImageFormat, ImageReader, Limits};

use super::b_scan::{MAX_PIXELS, Scan, check_size};
use super::format::Format;
use super::luma::{is_coloured, luma};
use crate::error::{Detail, Error, Result};

fn damaged(error: ImageError) -> Error {
    let message = "the picture is damaged or cut short: save or export the scan again";
    Error::scan(message).with_detail(Detail::DamagedFile).because(error)
}

/// Reads the picture's only frame (of a TIFF with several pages: the first).
pub(super) fn decode(bytes: &[u8], format: Format, frame: usize) -> Result<Scan> {
    let reader = ImageFormat::from_mime_type(format.media_type())
        .ok_or_else(|| Error::scan(format!("octlens cannot read {}: save the scan as PNG", format.name())))?;
    if frame > 0 {
        let message = format!("the picture has one frame, not a frame {}: choose frame 1", frame + 1);
        return Err(Error::scan(message).with_detail(Detail::NoSuchFrame { frame }));
    }
    let mut reader = ImageReader::with_format(Cursor::new(bytes), reader);
    let mut limits = Limits::no_limits();
    limits.max_alloc = Some(8 * MAX_PIXELS as u64);
    reader.limits(limits);
    let decoder = reader.into_decoder().map_err(damaged)?;
    let (width, height) = decoder.dimensions();
    check_size(width as usize, height as usize)?;
    let picture = DynamicImage::from_decoder(decoder).map_err(damaged)?;
    Ok(Scan {
        width: width as usize,
        height: height as usize,
        pixels: grey(&picture),
        format,
        frame,
        n_frames: 1,
        um_per_pixel: None,
        laterality: None,
        coloured: coloured(&picture),
        notes: vec![],
    })
}

/// The share of clearly coloured pixels.
fn coloured(picture: &DynamicImage) -> f32 {
    if !picture.color().has_color() {
        return 0.;
    }
    let pixels = picture.to_rgb8();
    let n = pixels.pixels().filter(|p| is_coloured(p.0)).count();
    n as f32 / (pixels.width() * pixels.height()).max(1) as f32
}

/// The grey of each pixel. Alpha is ignored.
fn grey(picture: &DynamicImage) -> Vec<u8> {
    match picture {
        DynamicImage::ImageLuma8(p) => p.as_raw().clone(),
        DynamicImage::ImageLumaA8(p) => p.pixels().map(|p| p.0[0]).collect(),
        DynamicImage::ImageLuma16(p) => p.pixels().map(|p| (p.0[0] >> 8) as u8).collect(),
        DynamicImage::ImageLumaA16(p) => p.pixels().map(|p| (p.0[0] >> 8) as u8).collect(),
        other => other.to_rgb8().pixels().map(|p| luma(p.0)).collect(),
    }
}

#[cfg(test)]
mod tests {
    use image::{GrayImage, ImageBuffer, Luma, Rgb, RgbImage};

    use super::*;

    fn written(picture: impl Into<DynamicImage>, format: ImageFormat) -> Vec<u8> {
        let mut bytes = Cursor::new(Vec::new());
        picture.into().write_to(&mut bytes, format).unwrap();
        bytes.into_inner()
    }

    fn gradient() -> GrayImage {
        GrayImage::from_fn(20, 10, |x, y| Luma([(x * 12 + y) as u8]))
    }

    #[test]
    fn lossless_formats_give_the_same_pixels() {
        for (written_as, format) in
            [(ImageFormat::Png, Format::Png), (ImageFormat::Tiff, Format::Tiff), (ImageFormat::Bmp, Format::Bmp)]
        {
            let scan = Scan::decode(&written(gradient(), written_as), 0).unwrap();
            assert_eq!((scan.width, scan.height, scan.format), (20, 10, format));
            assert_eq!(&scan.pixels, gradient().as_raw());
            assert_eq!(scan.pixel(3, 2), 38);
        }
        let jpeg = Scan::decode(&written(gradient(), ImageFormat::Jpeg), 0).unwrap();
        assert_eq!(jpeg.format, Format::Jpeg);
        assert!(jpeg.pixels.iter().zip(gradient().as_raw()).all(|(a, b)| a.abs_diff(*b) < 16));
    }

    #[test]
    fn colour_becomes_luma_and_sixteen_bits_become_eight() {
        let colour = RgbImage::from_pixel(2, 1, Rgb([200, 100, 50]));
        let scan = Scan::decode(&written(colour, ImageFormat::Png), 0).unwrap();
        assert_eq!((scan.pixels.as_slice(), scan.coloured), (&[124, 124][..], 1.));
        let grey = RgbImage::from_pixel(2, 1, Rgb([120, 124, 118]));
        assert_eq!(Scan::decode(&written(grey, ImageFormat::Png), 0).unwrap().coloured, 0.);
        let deep: ImageBuffer<Luma<u16>, Vec<u16>> = ImageBuffer::from_pixel(1, 1, Luma([0xABCD]));
        assert_eq!(Scan::decode(&written(deep, ImageFormat::Png), 0).unwrap().pixels, [0xAB]);
    }

    #[test]
    fn what_is_no_scan_is_refused_with_a_reason() {
        let png = written(gradient(), ImageFormat::Png);
        for (bytes, frame, reason, detail) in [
            (&b""[..], 0, "empty", Detail::EmptyFile),
            (b"patient,age\n1,64\n", 0, "not a picture", Detail::UnknownFormat),
            (&png[..png.len() / 2], 0, "cut short", Detail::DamagedFile),
            (&png[..12], 0, "cut short", Detail::DamagedFile),
            (&png, 1, "frame 2", Detail::NoSuchFrame { frame: 1 }),
        ] {
            let error = Scan::decode(bytes, frame).unwrap_err();
            assert!(error.to_string().contains(reason), "{error}");
            assert_eq!(error.detail(), Some(&detail), "{error}");
        }
    }

    #[test]
    fn sizes_out_of_range_are_refused_before_memory_is_taken() {
        // A PNG header that claims a size; no pixel follows.
        let claims = |width: u32, height: u32| {
            let mut png = written(gradient(), ImageFormat::Png);
            png[16..20].copy_from_slice(&width.to_be_bytes());
            png[20..24].copy_from_slice(&height.to_be_bytes());
            let checksum = crc32fast::hash(&png[12..29]);
            png[29..33].copy_from_slice(&checksum.to_be_bytes());
            Scan::decode(&png, 0).unwrap_err().to_string()
        };
        assert!(claims(40_000, 10).contains("40000 × 10"), "{}", claims(40_000, 10));
        assert!(claims(16_000, 16_000).contains("megapixels"));
        assert!(!claims(0, 10).is_empty());
    }
}
