//! JPEG in a frame, lossy and lossless, by `jpeg-decoder`: samples as they are coded, without a transform of colours. Reads
//! the header first, to know what is coded, and to refuse what the decoder would not decode or decode wrong.

use jpeg_decoder::{ColorTransform, Decoder};

use super::layout::Photometric;
use crate::error::{Detail, Error, Instead, Result};

/// The error of a picture in a frame that cannot be decoded.
pub(super) fn damaged() -> Error {
    let message = "the picture in the DICOM file is damaged or cut short: export the scan again";
    Error::scan(message).with_detail(Detail::DamagedFile)
}

/// What the markers before the first scan say (ISO/IEC 10918-1, annex B).
#[derive(Debug)]
pub(super) struct Header {
    pub(super) width: usize,
    pub(super) height: usize,
    /// Bits of a sample.
    pub(super) precision: u32,
    /// The number of the marker that begins the frame: which process is used.
    process: u8,
    components: Vec<u8>,
    /// The transform of colours that Adobe's marker names: 0 none, 1 YCbCr.
    adobe_transform: Option<u8>,
    is_jfif: bool,
    restart_interval: u16,
    point_transform: u8,
}

/// Start of frame: baseline, extended and progressive, lossless.
const SOF0: u8 = 0xC0;
const SOF2: u8 = 0xC2;
const SOF3: u8 = 0xC3;
/// Start of frame of JPEG-LS.
const SOF55: u8 = 0xF7;

impl Header {
    /// Reads the header.
    ///
    /// # Errors
    /// It is damaged.
    pub(super) fn read(bytes: &[u8]) -> Result<Self> {
        Self::parse(bytes).ok_or_else(damaged)
    }

    fn parse(bytes: &[u8]) -> Option<Self> {
        let mut header = Self {
            width: 0,
            height: 0,
            precision: 0,
            process: 0,
            components: vec![],
            adobe_transform: None,
            is_jfif: false,
            restart_interval: 0,
            point_transform: 0,
        };
        let mut rest = bytes.get(2..)?;
        loop {
            let [0xFF, marker, tail @ ..] = rest else { return None };
            // A marker may be preceded by fill bytes.
            if *marker == 0xFF {
                rest = &rest[1..];
                continue;
            }
            let length = usize::from(u16::from_be_bytes(*tail.first_chunk()?));
            let segment = tail.get(2..length)?;
            match marker {
                0xC0..=0xC3 | 0xC5..=0xC7 | 0xC9..=0xCB | 0xCD..=0xCF | &SOF55 => {
                    let [precision, h_0, h_1, w_0, w_1, n, components @ ..] = segment else { return None };
                    header.process = *marker;
                    header.precision = u32::from(*precision);
                    header.height = usize::from(u16::from_be_bytes([*h_0, *h_1]));
                    header.width = usize::from(u16::from_be_bytes([*w_0, *w_1]));
                    header.components = components.chunks_exact(3).take(usize::from(*n)).map(|c| c[0]).collect();
                }
                0xDD => header.restart_interval = u16::from_be_bytes(*segment.first_chunk()?),
                0xE0 => header.is_jfif |= segment.starts_with(b"JFIF\0"),
                0xEE if segment.starts_with(b"Adobe") => header.adobe_transform = segment.get(11).copied(),
                // Start of scan; its last byte ends with the point transform.
                0xDA => {
                    header.point_transform = segment.last()? & 0x0F;
                    return (header.process != 0 && header.precision > 0).then_some(header);
                }
                _ => {}
            }
            rest = &tail[length..];
        }
    }

    pub(super) fn is_lossless(&self) -> bool {
        self.process == SOF3
    }

    /// Refuses what is not decoded, or wrong, by name.
    fn check(&self) -> Result<()> {
        let name = match self.process {
            SOF0..=SOF2 if self.precision == 12 => "DICOM with JPEG of 12 bits (extended)",
            SOF0..=SOF2 if self.precision != 8 => return Err(damaged()),
            SOF3 if !(2..=16).contains(&self.precision) => return Err(damaged()),
            SOF3 if self.restart_interval > 0 => "DICOM with lossless JPEG with restart markers",
            SOF3 if self.point_transform > 0 => "DICOM with lossless JPEG with a point transform",
            SOF0..=SOF3 if matches!(self.components.len(), 1 | 3) => return Ok(()),
            SOF0..=SOF3 => "DICOM with JPEG of such colours",
            SOF55 => "DICOM with JPEG-LS",
            0xC9..=0xCB | 0xCD..=0xCF => "DICOM with JPEG with arithmetic coding",
            _ => "DICOM with hierarchical JPEG",
        };
        Err(Error::unsupported(name, Instead::Export))
    }

    /// Whether three components are luma and differences of colour. JFIF's always are; Adobe's marker says it; others may
    /// name their components, else the file's word counts.
    fn is_ybr(&self, photometric: Photometric) -> bool {
        match (self.adobe_transform, &self.components[..]) {
            (Some(transform), _) => transform != 0,
            (None, b"RGB") => false,
            (None, _) if self.is_lossless() => matches!(photometric, Photometric::YbrFull | Photometric::YbrFull422),
            (None, _) if self.is_jfif => true,
            (None, _) => photometric != Photometric::Rgb,
        }
    }
}

/// Codes of a decoded frame.
#[derive(Debug)]
pub(super) struct Decoded {
    /// Samples of a pixel together, without sign.
    pub(super) codes: Vec<i32>,
    pub(super) n_samples: usize,
    /// Whether three samples are luma and differences of colour.
    pub(super) is_ybr: bool,
}

/// Decodes a frame, whose size was checked.
///
/// # Errors
/// It is damaged or cut short, or of a process that is not read.
pub(super) fn decode(bytes: &[u8], header: &Header, photometric: Photometric) -> Result<Decoded> {
    header.check()?;
    let mut decoder = Decoder::new(bytes);
    let n_samples = header.components.len();
    if n_samples == 3 {
        // Components as they are, and those of a pixel together.
        decoder.set_color_transform(ColorTransform::RGB);
    }
    let decoded = decoder.decode().map_err(|error| damaged().because(error))?;
    let n_codes = header.width * header.height * n_samples;
    let codes: Vec<i32> = if decoded.len() == n_codes {
        decoded.into_iter().map(i32::from).collect()
    } else if decoded.len() == 2 * n_codes {
        decoded.as_chunks().0.iter().map(|code| u16::from_ne_bytes(*code).into()).collect()
    } else {
        return Err(damaged());
    };
    Ok(Decoded { codes, n_samples, is_ybr: n_samples == 3 && header.is_ybr(photometric) })
}
