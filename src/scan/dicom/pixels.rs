//! From a frame's bytes to its samples as numbers, whatever their bits and byte order, or the codec.

use super::element::cut;
use super::layout::{Layout, Photometric};
use super::rle;
use super::transfer_syntax::Codec;
use super::{jpeg, jpeg2000};
use crate::error::{Detail, Error, Instead, Result};
use crate::scan::jpeg2000::{Header, is_jpeg2000};

/// The samples of a frame.
#[derive(Debug)]
pub(super) struct Samples {
    /// The bits that count, with their sign if they have one; of 32 bits without sign: the same bits.
    pub(super) values: Vec<i32>,
    /// Samples per pixel: 1 or 3.
    pub(super) n_samples: usize,
    /// Whether the samples of a kind lie together, and not those of a pixel.
    pub(super) is_planar: bool,
    /// Whether they have a sign.
    pub(super) is_signed: bool,
    /// What they mean, after the codec's own transforms.
    pub(super) photometric: Photometric,
}

impl Samples {
    /// None yet, as the file says they are.
    fn of(layout: &Layout) -> Self {
        Self {
            values: vec![],
            n_samples: layout.n_samples,
            is_planar: layout.is_planar,
            is_signed: layout.is_signed,
            photometric: layout.photometric,
        }
    }

    /// A sample as a number.
    pub(super) fn number(&self, value: i32) -> i64 {
        if self.is_signed { value.into() } else { (value as u32).into() }
    }
}

/// The order of the bytes of a sample that is not compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ByteOrder {
    Little,
    Big,
    /// Bytes were written as words of two, and each pair is swapped.
    SwappedPairs,
}

/// Decodes a frame.
///
/// # Errors
/// The frame is damaged, another codec's, or of a kind that is not read.
pub(super) fn samples(bytes: &[u8], layout: &Layout, codec: Codec, order: ByteOrder) -> Result<Samples> {
    match codec {
        Codec::Native if layout.photometric == Photometric::YbrFull422 && !layout.columns.is_multiple_of(2) => {
            Err(jpeg::damaged())
        }
        // Fragments may be padded.
        Codec::Native => bytes.get(..layout.frame_bytes()).map(|bytes| native(bytes, layout, order)).ok_or_else(cut),
        Codec::Rle => {
            check_ratio(layout, bytes, 64, 0)?;
            let values = extend(rle::codes(bytes, layout)?, layout, layout.bits_allocated);
            Ok(Samples { values, is_planar: true, ..Samples::of(layout) })
        }
        Codec::Jpeg | Codec::Jpeg2000 => picture(bytes, layout, codec),
    }
}

/// Refuses sizes that so few bytes cannot hold, before memory is allocated.
///
/// `per_byte` is the most pixels that the codec makes of a byte; frames of up to `free` pixels are not checked.
fn check_ratio(layout: &Layout, bytes: &[u8], per_byte: usize, free: usize) -> Result<()> {
    if layout.n_pixels() <= free.saturating_add(bytes.len().saturating_mul(per_byte)) {
        return Ok(());
    }
    let message = format!(
        "{} bytes cannot hold the {} × {} pixels that the DICOM file claims, it is damaged: export the scan again",
        bytes.len(),
        layout.columns,
        layout.rows
    );
    Err(Error::scan(message).with_detail(Detail::DamagedFile))
}

/// What the bytes are counts, not what the file says: exporters mix the two JPEGs up.
fn picture(bytes: &[u8], layout: &Layout, codec: Codec) -> Result<Samples> {
    if bytes.starts_with(b"\xff\xd8\xff") {
        let header = jpeg::Header::read(bytes)?;
        check_same_size(layout, header.width, header.height)?;
        if header.is_lossless() {
            check_ratio(layout, bytes, 8, 0)?
        } else {
            check_ratio(layout, bytes, 256, 0)?
        };
        let decoded = jpeg::decode(bytes, &header, layout.photometric)?;
        let photometric = match (decoded.n_samples, decoded.is_ybr) {
            (1, _) if layout.n_samples == 1 => layout.photometric,
            (1, _) => Photometric::Monochrome2,
            (_, true) => Photometric::YbrFull,
            (_, false) => Photometric::Rgb,
        };
        let values = extend(decoded.codes, layout, header.precision);
        let n_samples = decoded.n_samples;
        return Ok(Samples { values, n_samples, is_planar: false, photometric, ..Samples::of(layout) });
    }
    if is_jpeg2000(bytes) {
        let header = Header::read(bytes)?;
        check_same_size(layout, header.width, header.height)?;
        // A black frame takes a few bytes only.
        check_ratio(layout, bytes, 512, 1 << 20)?;
        let decoded = jpeg2000::decode(bytes, &header)?;
        if decoded.n_samples != layout.n_samples {
            return Err(jpeg::damaged());
        }
        let n_samples = decoded.n_samples;
        let values = if decoded.is_signed { decoded.codes } else { extend(decoded.codes, layout, decoded.bits) };
        let photometric = match layout.photometric {
            Photometric::YbrFull422 => Photometric::YbrFull,
            other => other,
        };
        let is_signed = layout.is_signed || decoded.is_signed;
        return Ok(Samples { values, n_samples, is_planar: false, is_signed, photometric });
    }
    if bytes.iter().all(|byte| *byte == bytes[0]) {
        return Err(Error::scan("the pixels of the DICOM file are missing: export the scan again")
            .with_detail(Detail::DamagedFile));
    }
    let what =
        format!("this DICOM file: it says {} and is none, the vendor hides the pixels (scrambled)", codec.name());
    Err(Error::unsupported(what, Instead::Export))
}

fn check_same_size(layout: &Layout, width: usize, height: usize) -> Result<()> {
    if (width, height) == (layout.columns, layout.rows) {
        return Ok(());
    }
    let message = format!(
        "the picture in the DICOM file is {width} × {height} pixels and not {} × {}, it is damaged: export the scan again",
        layout.columns, layout.rows
    );
    Err(Error::scan(message).with_detail(Detail::DamagedFile))
}

fn native(bytes: &[u8], layout: &Layout, order: ByteOrder) -> Samples {
    let codes: Vec<i32> = match (layout.bits_allocated, order) {
        (8, ByteOrder::SwappedPairs) => {
            let pairs = bytes.chunks(2).flat_map(|pair| pair.iter().rev());
            pairs.map(|code| i32::from(*code)).collect()
        }
        (8, _) => bytes.iter().map(|code| i32::from(*code)).collect(),
        (16, ByteOrder::Big) => bytes.as_chunks().0.iter().map(|code| u16::from_be_bytes(*code).into()).collect(),
        (16, _) => bytes.as_chunks().0.iter().map(|code| u16::from_le_bytes(*code).into()).collect(),
        (_, ByteOrder::Big) => bytes.as_chunks().0.iter().map(|code| i32::from_be_bytes(*code)).collect(),
        (_, _) => bytes.as_chunks().0.iter().map(|code| i32::from_le_bytes(*code)).collect(),
    };
    let mut samples = Samples { values: extend(codes, layout, layout.bits_allocated), ..Samples::of(layout) };
    if layout.photometric == Photometric::YbrFull422 {
        let pairs = samples.values.as_chunks().0.iter();
        samples.values = pairs.flat_map(|[y_0, y_1, cb, cr]| [*y_0, *cb, *cr, *y_1, *cb, *cr]).collect();
        samples.is_planar = false;
        samples.photometric = Photometric::YbrFull;
    }
    samples
}

/// Takes the stored bits out of codes of `bits` bits, and gives them their sign (PS3.5, 8.1.1). Other bits are no part of
/// the sample: old files keep overlays there.
fn extend(mut codes: Vec<i32>, layout: &Layout, bits: u32) -> Vec<i32> {
    // A codec that was given the stored bits alone has nothing above or below them.
    let shift = if bits > layout.bits_stored { layout.high_bit + 1 - layout.bits_stored } else { 0 };
    let above = 32 - layout.bits_stored;
    for code in &mut codes {
        let stored = (*code as u32 >> shift) << above;
        *code = if layout.is_signed { stored as i32 >> above } else { (stored >> above) as i32 };
    }
    codes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layout(bits_allocated: u32, bits_stored: u32, high_bit: u32, is_signed: bool) -> Layout {
        Layout {
            rows: 1,
            columns: 2,
            n_samples: 1,
            is_planar: false,
            photometric: Photometric::Monochrome2,
            bits_allocated,
            bits_stored,
            high_bit,
            is_signed,
        }
    }

    #[test]
    fn only_stored_bits_count_and_carry_their_sign() {
        let values = |bytes: &[u8], layout, order| native(bytes, &layout, order).values;
        let twelve = [0x34, 0xF2, 0x00, 0x08];
        assert_eq!(values(&twelve, layout(16, 12, 11, false), ByteOrder::Little), [0x234, 0x800]);
        assert_eq!(values(&twelve, layout(16, 12, 11, true), ByteOrder::Little), [0x234, -0x800]);
        assert_eq!(values(&twelve, layout(16, 12, 15, false), ByteOrder::Little), [0xF23, 0x080]);
        assert_eq!(values(&twelve, layout(16, 16, 15, true), ByteOrder::Big), [0x34F2, 8]);
        assert_eq!(values(&[1, 2, 3], layout(8, 8, 7, false), ByteOrder::SwappedPairs), [2, 1, 3]);
        assert_eq!(values(&[0xFF; 8], layout(32, 32, 31, true), ByteOrder::Little), [-1, -1]);
        assert_eq!(values(&[0xFF; 8], layout(32, 31, 30, false), ByteOrder::Little), [i32::MAX; 2]);
        // A codec with 12 bits of its own, whatever the high bit in the allocated ones would be.
        assert_eq!(extend(vec![0xABC], &layout(16, 12, 15, false), 12), [0xABC]);
        assert_eq!(extend(vec![0xFFF], &layout(16, 12, 11, true), 12), [-1]);
    }

    #[test]
    fn neighbours_share_their_differences_of_colour() {
        let layout = Layout { photometric: Photometric::YbrFull422, n_samples: 3, ..layout(8, 8, 7, false) };
        let samples = native(&[10, 20, 128, 130], &layout, ByteOrder::Little);
        assert_eq!((samples.values, samples.photometric), (vec![10, 128, 130, 20, 128, 130], Photometric::YbrFull));
    }
}
