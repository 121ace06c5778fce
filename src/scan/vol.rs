//! Heidelberg Spectralis `.vol` files: "Heidelberg Raw Export" of HEYEX, one B-scan or several. Layout and names of layers as in
//! eyepy's `he/vol_reader.py`; sizes are the file's own. B-scans are stored left to right whichever eye they show, and are
//! never mirrored.

use super::b_scan::{Layer, Scan, check_size};
use super::format::Format;
use super::note::{Laterality, Note};
use crate::error::{Detail, Error, Result};

/// Bytes of the file's header. The infrared picture follows, then the B-scans, then perhaps tables of thickness.
const HEADER_BYTES: usize = 2048;
/// Bytes of a B-scan's header before its layers.
const B_SCAN_HEADER_BYTES: usize = 256;
/// The most B-scans that a file may claim; the device's densest volumes have 1024.
const MAX_FRAMES: u32 = 4096;
/// Values from here on are missing: the device writes the largest float, 3.4e38 (the limit is eyepy's).
const MISSING: f32 = 3e38;
/// Micrometres per pixel that an eye can have been scanned with; others are no scale.
const UM_PER_PIXEL: std::ops::RangeInclusive<f64> = 0.5..=50.;

/// The layers, in the order of the file (eyepy's `SEG_MAPPING`).
const LAYERS: [&str; 19] = [
    "ILM", "BM", "RNFL", "GCL", "IPL", "INL", "OPL", "ONL", "ELM", "IOS", "OPT", "CHO", "VIT", "ANT", "PR1", "PR2",
    "RPE", "IPL+", "IPL-",
];

/// Numbers at offsets of a part of the file, little endian.
#[derive(Clone, Copy)]
struct Fields<'a>(&'a [u8]);

impl Fields<'_> {
    fn bytes<const N: usize>(self, at: usize) -> Option<[u8; N]> {
        self.0.get(at..)?.first_chunk().copied()
    }

    fn u32(self, at: usize) -> Option<u32> {
        self.bytes(at).map(u32::from_le_bytes)
    }

    fn f64(self, at: usize) -> Option<f64> {
        self.bytes(at).map(f64::from_le_bytes)
    }

    /// A size or an offset; one that this machine cannot address is larger than any file.
    fn size(self, at: usize) -> Option<usize> {
        self.u32(at).map(|size| usize::try_from(size).unwrap_or(usize::MAX))
    }
}

/// What the file's header says.
struct Header {
    width: usize,
    height: usize,
    n_frames: u32,
    um_per_pixel: Option<[f64; 2]>,
    slo_bytes: usize,
    laterality: Option<Laterality>,
    b_scan_header_bytes: usize,
}

impl Header {
    fn read(fields: Fields<'_>) -> Option<Self> {
        let um = |at| fields.f64(at).map(um_of_mm);
        Some(Self {
            width: fields.size(12)?,
            n_frames: fields.u32(16)?,
            height: fields.size(20)?,
            um_per_pixel: um(24)?.zip(um(40)?).map(|(across, down)| [across, down]),
            slo_bytes: fields.size(48)?.saturating_mul(fields.size(52)?),
            laterality: match &fields.bytes::<2>(84)? {
                b"OD" => Some(Laterality::Right),
                b"OS" => Some(Laterality::Left),
                _ => None,
            },
            b_scan_header_bytes: fields.size(100)?,
        })
    }
}

/// Micrometres, rounded to a picometre so that 0.01139 mm are 11.39 µm.
fn um_of_mm(mm: f64) -> Option<f64> {
    let um = (mm * 1e9).round() / 1e6;
    UM_PER_PIXEL.contains(&um).then_some(um)
}

/// One B-scan in the file.
struct Frame<'a> {
    header: Fields<'a>,
    values: &'a [u8],
}

/// An opened file.
pub(super) struct VolFile<'a> {
    header: Header,
    frames: Vec<Frame<'a>>,
    notes: Vec<Note>,
}

fn damaged(what: &str) -> Error {
    let message = format!("the VOL file {what}: export the scan again");
    Error::scan(message).with_detail(Detail::DamagedFile)
}

impl<'a> VolFile<'a> {
    /// Reads the headers, and finds the B-scans that are there. Of a file that was cut, those before the cut.
    ///
    /// # Errors
    /// The header is cut or claims what cannot be, or no B-scan is whole.
    pub(super) fn open(bytes: &'a [u8]) -> Result<Self> {
        let header = bytes.get(..HEADER_BYTES).and_then(|bytes| Header::read(Fields(bytes)));
        let header = header.ok_or_else(|| damaged("is cut short in its header"))?;
        check_size(header.width, header.height)?;
        if header.n_frames == 0 || header.n_frames > MAX_FRAMES {
            return Err(damaged(&format!("claims to hold {} B-scans", header.n_frames)));
        }
        let b_scans = HEADER_BYTES.checked_add(header.slo_bytes).and_then(|start| bytes.get(start..));
        let mut rest = b_scans.ok_or_else(|| damaged("is cut short before its first B-scan"))?;
        let mut frames = Vec::new();
        while frames.len() < header.n_frames as usize
            && let Some((frame, after)) = Frame::split(rest, &header)
        {
            frames.push(frame);
            rest = after;
        }
        if frames.is_empty() {
            return Err(damaged("is cut short in its first B-scan"));
        }
        let is_cut = frames.len() < header.n_frames as usize;
        let notes =
            is_cut.then_some(Note::FramesMissing { n_frames: frames.len(), n_claimed: header.n_frames as usize });
        Ok(Self { header, frames, notes: notes.into_iter().collect() })
    }

    /// How many B-scans are there.
    pub(super) fn n_frames(&self) -> usize {
        self.frames.len()
    }

    /// The `frame`-th B-scan as HEYEX shows it.
    ///
    /// # Errors
    /// There is no such frame.
    pub(super) fn frame(&self, frame: usize) -> Result<Scan> {
        let n_frames = self.frames.len();
        let Some(found) = self.frames.get(frame) else {
            let message =
                format!("the file has {n_frames} frames, not a frame {}: choose frame 1 to {n_frames}", frame + 1);
            return Err(Error::scan(message).with_detail(Detail::NoSuchFrame { frame }));
        };
        Ok(Scan {
            width: self.header.width,
            height: self.header.height,
            pixels: found.values.chunks_exact(4).map(grey).collect(),
            format: Format::Vol,
            frame,
            n_frames,
            um_per_pixel: self.header.um_per_pixel,
            laterality: self.header.laterality,
            coloured: 0.,
            layers: found.layers(self.header.width),
            notes: self.notes.clone(),
        })
    }
}

impl<'a> Frame<'a> {
    /// The B-scan that `bytes` begin with, and what follows it; `None` if it is not whole.
    fn split(bytes: &'a [u8], file: &Header) -> Option<(Self, &'a [u8])> {
        // Both headers give the size. That of the B-scan is right where they differ: eyepy writes and reads such files.
        let own = Fields(bytes).size(12)?;
        let header_bytes = if own >= B_SCAN_HEADER_BYTES { own } else { file.b_scan_header_bytes };
        let (header, rest) = bytes.split_at_checked(header_bytes.max(B_SCAN_HEADER_BYTES))?;
        let (values, rest) = rest.split_at_checked(file.width.checked_mul(file.height)?.checked_mul(4)?)?;
        Some((Self { header: Fields(header), values }, rest))
    }

    /// The layers that were found in the B-scan; none where their table does not fit into its header.
    fn layers(&self, width: usize) -> Vec<Layer> {
        let table = || {
            let n_layers = self.header.size(48)?;
            let start = self.header.size(52)?.max(B_SCAN_HEADER_BYTES);
            let end = n_layers.checked_mul(width)?.checked_mul(4)?.checked_add(start)?;
            self.header.0.get(start..end)
        };
        let lines = table().unwrap_or_default().chunks_exact(4 * width);
        let layer = |(line, name): (&[u8], &&str)| Layer {
            name: (*name).to_owned(),
            rows: line.chunks_exact(4).map(|row| value(row).filter(|row| row.is_finite() && *row < MISSING)).collect(),
        };
        let layers = lines.zip(&LAYERS).map(layer);
        layers.filter(|layer| layer.rows.iter().any(Option::is_some)).collect()
    }
}

fn value(bytes: &[u8]) -> Option<f32> {
    bytes.first_chunk().map(|bytes| f32::from_le_bytes(*bytes))
}

/// A stored value as 8-bit grey. Values are linear in reflectivity, 0…1; HEYEX shows their fourth root. What is missing or no
/// number is black. Square roots are rounded alike everywhere, so that every target gives the same grey.
fn grey(bytes: &[u8]) -> u8 {
    match value(bytes) {
        Some(value) if value > 0. && value < MISSING => (value.sqrt().sqrt().min(1.) * 255. + 0.5) as u8,
        _ => 0,
    }
}
