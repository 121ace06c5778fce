//! How a frame's pixels lie in its bytes: size, samples, bits and colour model. Refuses by name what is not read.

use dicom_dictionary_std::tags;

use super::data_set::DataSet;
use crate::error::{Error, Instead, Result};
use crate::scan::b_scan::check_size;

/// What the samples of a pixel mean (PS3.3, C.7.6.3.1.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Photometric {
    /// Grey, the least value white.
    Monochrome1,
    /// Grey, the least value black.
    Monochrome2,
    /// Places in a table of colours.
    Palette,
    /// Red, green, blue; also what JPEG 2000's own transforms were decoded to.
    Rgb,
    /// Luma and two differences of colour, all of full range.
    YbrFull,
    /// The same, in which two neighbours share the differences where the pixels are not compressed.
    YbrFull422,
}

/// The layout of every frame of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Layout {
    pub(super) rows: usize,
    pub(super) columns: usize,
    /// Samples per pixel: 1 or 3.
    pub(super) n_samples: usize,
    /// Whether the samples of a kind lie together, and not those of a pixel.
    pub(super) is_planar: bool,
    pub(super) photometric: Photometric,
    /// Bits of a sample in the file: 8, 16 or 32.
    pub(super) bits_allocated: u32,
    /// Bits of a sample that count, 1…`bits_allocated`.
    pub(super) bits_stored: u32,
    /// The highest of them, `bits_stored - 1`…`bits_allocated - 1`.
    pub(super) high_bit: u32,
    /// Whether samples are in two's complement.
    pub(super) is_signed: bool,
}

impl Layout {
    /// Reads the layout.
    ///
    /// # Errors
    /// The size is out of range, or bits or colours are of a kind that is not read.
    pub(super) fn read(data_set: &DataSet) -> Result<Self> {
        let size = |tag| data_set.u16(tag).map_or(0, usize::from);
        let (rows, columns) = (size(tags::ROWS), size(tags::COLUMNS));
        check_size(columns, rows)?;
        let photometric = photometric(data_set)?;
        let of_photometric = match photometric {
            Photometric::Monochrome1 | Photometric::Monochrome2 | Photometric::Palette => 1,
            Photometric::Rgb | Photometric::YbrFull | Photometric::YbrFull422 => 3,
        };
        // Where both disagree, the number is right more often.
        let n_samples = data_set.u16(tags::SAMPLES_PER_PIXEL).map_or(of_photometric, usize::from);
        let photometric = match (n_samples, of_photometric) {
            (1, 3) => Photometric::Monochrome2,
            (3, 1) => Photometric::Rgb,
            (1 | 3, _) => photometric,
            _ => {
                let name = format!("DICOM with {n_samples} samples per pixel");
                return Err(Error::unsupported(name, Instead::Export));
            }
        };
        let bits_allocated = match data_set.u16(tags::BITS_ALLOCATED) {
            Some(bits @ (8 | 16 | 32)) => u32::from(bits),
            Some(12) => {
                return Err(Error::unsupported("DICOM with packed 12-bit pixels (BitsAllocated 12)", Instead::Export));
            }
            Some(1) => {
                return Err(Error::unsupported("DICOM with pixels of one bit (BitsAllocated 1)", Instead::Export));
            }
            Some(bits) => {
                return Err(Error::unsupported(
                    format!("DICOM with pixels of {bits} bits (BitsAllocated)"),
                    Instead::Export,
                ));
            }
            None => 8,
        };
        let bits = |tag| data_set.u16(tag).map(u32::from);
        let bits_stored = bits(tags::BITS_STORED).filter(|bits| (1..=bits_allocated).contains(bits));
        let bits_stored = bits_stored.unwrap_or(bits_allocated);
        let high_bit = bits(tags::HIGH_BIT).filter(|bit| (bits_stored - 1..bits_allocated).contains(bit));
        if n_samples == 3 && bits_allocated == 32 {
            return Err(Error::unsupported("DICOM in colour with 32 bits a sample", Instead::Export));
        }
        if photometric == Photometric::YbrFull422 && bits_allocated != 8 {
            return Err(Error::unsupported("DICOM in YBR_FULL_422 with more than 8 bits a sample", Instead::Export));
        }
        Ok(Self {
            rows,
            columns,
            n_samples,
            is_planar: data_set.u16(tags::PLANAR_CONFIGURATION) == Some(1),
            photometric,
            bits_allocated,
            bits_stored,
            high_bit: high_bit.unwrap_or(bits_stored - 1),
            is_signed: data_set.u16(tags::PIXEL_REPRESENTATION) == Some(1),
        })
    }

    /// Pixels of a frame.
    pub(super) fn n_pixels(&self) -> usize {
        self.rows * self.columns
    }

    /// Takes neighbours not to share differences of colour if there are bytes enough for all frames that way: some writers
    /// say what the pixels were before they were decompressed.
    pub(super) fn fit(&mut self, n_bytes: usize, n_frames: usize) {
        let full = Self { photometric: Photometric::YbrFull, ..self.clone() };
        if self.photometric == Photometric::YbrFull422 && n_bytes / full.frame_bytes() >= n_frames {
            *self = full;
        }
    }

    /// Bytes of a frame that is not compressed.
    pub(super) fn frame_bytes(&self) -> usize {
        // Two neighbours have two lumas and share two differences.
        let n_samples = if self.photometric == Photometric::YbrFull422 { 2 } else { self.n_samples };
        self.n_pixels() * n_samples * self.bits_allocated as usize / 8
    }
}

fn photometric(data_set: &DataSet) -> Result<Photometric> {
    let name = data_set.code(tags::PHOTOMETRIC_INTERPRETATION);
    Ok(match name {
        "MONOCHROME1" => Photometric::Monochrome1,
        "MONOCHROME2" => Photometric::Monochrome2,
        "PALETTE COLOR" => Photometric::Palette,
        "RGB" | "YBR_RCT" | "YBR_ICT" => Photometric::Rgb,
        "YBR_FULL" => Photometric::YbrFull,
        "YBR_FULL_422" => Photometric::YbrFull422,
        "" if data_set.u16(tags::SAMPLES_PER_PIXEL) == Some(3) => Photometric::Rgb,
        "" => Photometric::Monochrome2,
        "YBR_PARTIAL_420" | "YBR_PARTIAL_422" | "HSV" | "ARGB" | "CMYK" | "XYB" => {
            return Err(Error::unsupported(format!("DICOM with colours as {name}"), Instead::Export));
        }
        _ => return Err(Error::unsupported("DICOM with an unknown photometric interpretation", Instead::Export)),
    })
}
