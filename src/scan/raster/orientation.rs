//! Pictures that are stored turned or mirrored, as their EXIF or TIFF orientation says, are put upright.

use image::metadata::Orientation;
use image::{DynamicImage, GrayImage};

use crate::scan::b_scan::Scan;
use crate::scan::note::Note;

/// The orientation in an EXIF block; none where it is missing or makes no sense.
pub(super) fn of_exif(exif: &[u8]) -> Orientation {
    Orientation::from_exif_chunk(exif).unwrap_or(Orientation::NoTransforms)
}

/// The orientation of TIFF tag 274; none where it makes no sense.
pub(super) fn of_tag(value: u64) -> Orientation {
    u8::try_from(value).ok().and_then(Orientation::from_exif).unwrap_or(Orientation::NoTransforms)
}

/// Puts a scan upright, and notes it.
pub(super) fn upright(mut scan: Scan, orientation: Orientation) -> Scan {
    if orientation == Orientation::NoTransforms {
        return scan;
    }
    let pixels = std::mem::take(&mut scan.pixels);
    let Some(stored) = GrayImage::from_raw(scan.width as u32, scan.height as u32, pixels) else { return scan };
    let mut picture = DynamicImage::ImageLuma8(stored);
    picture.apply_orientation(orientation);
    (scan.width, scan.height) = (picture.width() as usize, picture.height() as usize);
    scan.pixels = picture.into_luma8().into_raw();
    scan.notes.insert(0, Note::Oriented);
    scan
}
