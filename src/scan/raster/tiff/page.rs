//! What a page's tags say about its pixels.

use super::compression::Compression;
use super::directory::{Directory, File};
use super::tag;
use crate::error::{Error, Instead, Result};
use crate::scan::b_scan::check_size;
use crate::scan::raster::canvas::Store;
use crate::scan::raster::depth::{Depth, Extent};
use crate::scan::raster::refusal;

/// What the samples of a pixel mean.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Colours {
    /// Shades of grey, white at 0 on request.
    Grey {
        is_white_zero: bool,
    },
    Rgb,
    /// Indices of a palette.
    Palette(Vec<[u8; 3]>),
    Cmyk,
    /// Luma and chroma of one sample for each pixel.
    YCbCr,
}

/// How a sample's bits are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SampleKind {
    Unsigned,
    Signed,
    Float,
}

/// A page.
#[derive(Clone, Debug)]
pub(super) struct Page {
    pub(super) width: usize,
    pub(super) height: usize,
    pub(super) colours: Colours,
    pub(super) has_alpha: bool,
    pub(super) n_samples: usize,
    pub(super) bits: usize,
    pub(super) kind: SampleKind,
    pub(super) compression: Compression,
    pub(super) predictor: u64,
    /// Whether each sample has chunks of its own.
    pub(super) is_planar: bool,
    pub(super) has_reversed_bits: bool,
    pub(super) orientation: u64,
    /// Columns and rows of a strip or tile.
    pub(super) chunk: [usize; 2],
    /// Where each chunk is, and how many bytes it has.
    pub(super) chunks: Vec<[u64; 2]>,
    pub(super) jpeg_tables: Vec<u8>,
    /// Whether its JPEG streams hold luma and chroma, which the codec turns into colours.
    pub(super) has_luma_in_jpeg: bool,
    /// The bits that samples are declared to use.
    declared_bits: Option<u8>,
    /// Black and white as ImageJ shows them.
    display_range: Option<[f64; 2]>,
}

fn unsupported(what: &str) -> Error {
    Error::unsupported(format!("TIFF {what}"), Instead::SaveAsPng)
}

impl Page {
    /// Reads a directory. `shift` is added to where its chunks are.
    ///
    /// # Errors
    /// Tags are missing, make no sense, or describe what is not read.
    pub(super) fn read(file: &File, directory: &Directory, shift: u64) -> Result<Self> {
        let number = |tag| file.number(directory, tag);
        let side = |tag| number(tag).and_then(|side| usize::try_from(side).ok()).ok_or_else(refusal::damaged);
        let (width, height) = (side(tag::WIDTH)?, side(tag::HEIGHT)?);
        check_size(width, height)?;

        let all_bits = file.numbers(directory, tag::BITS_PER_SAMPLE).unwrap_or_else(|| vec![1]);
        let bits = all_bits.first().copied().unwrap_or(1);
        let n_samples = number(tag::SAMPLES_PER_PIXEL).unwrap_or(1) as usize;
        let photometric = number(tag::PHOTOMETRIC).unwrap_or(if n_samples >= 3 { 2 } else { 1 });
        if bits == 1 && n_samples == 1 {
            return Err(refusal::one_bit());
        }
        if all_bits.iter().any(|of_sample| *of_sample != bits) {
            return Err(unsupported("whose samples differ in bits"));
        }
        let kind = match number(tag::SAMPLE_FORMAT).unwrap_or(1) {
            2 => SampleKind::Signed,
            3 => SampleKind::Float,
            1 | 4 => SampleKind::Unsigned,
            _ => return Err(unsupported("of complex numbers")),
        };
        let is_read = match kind {
            SampleKind::Unsigned => matches!(bits, 2..=16 | 24 | 32),
            SampleKind::Signed => matches!(bits, 8 | 16 | 32),
            SampleKind::Float => matches!(bits, 16 | 32 | 64),
        };
        if !is_read {
            return Err(unsupported(&format!("of {bits}-bit samples")));
        }
        let compression = Compression::of(number(tag::COMPRESSION).unwrap_or(1))?;
        let colours = colours(file, directory, photometric, compression)?;
        let n_colours = match colours {
            Colours::Grey { .. } | Colours::Palette(_) => 1,
            Colours::Rgb | Colours::YCbCr => 3,
            Colours::Cmyk => 4,
        };
        if !(n_colours..=256).contains(&n_samples) {
            return Err(refusal::damaged());
        }
        let is_plain = matches!(colours, Colours::Grey { .. });
        if !is_plain && (kind != SampleKind::Unsigned || bits > 16) {
            return Err(unsupported("in colour of such samples"));
        }
        if matches!(colours, Colours::Palette(_)) && bits > 8 {
            return Err(unsupported("with a palette of more than 256 colours"));
        }
        // Colours of associated alpha are laid on black already.
        let has_alpha = n_samples > n_colours
            && number(tag::EXTRA_SAMPLES) == Some(2)
            && matches!(colours, Colours::Grey { is_white_zero: false } | Colours::Rgb)
            && (bits == 8 || bits == 16)
            && kind == SampleKind::Unsigned;
        let description = file.text(directory, tag::DESCRIPTION).unwrap_or_default();
        let display_range = ["min", "max"].map(|key| value(&description, key));
        let declared = number(tag::MAX_SAMPLE_VALUE).filter(|most| *most > 0);
        let declared_bits = declared.map_or(bits, |most| u64::from(64 - most.leading_zeros())).min(bits);
        let (chunk, chunks) = layout(file, directory, [width, height], shift)?;
        let page = Self {
            width,
            height,
            colours,
            has_alpha,
            n_samples,
            bits: bits as usize,
            kind,
            compression,
            predictor: number(tag::PREDICTOR).unwrap_or(1),
            is_planar: number(tag::PLANAR) == Some(2) && n_samples > 1,
            has_reversed_bits: number(tag::FILL_ORDER) == Some(2),
            orientation: number(tag::ORIENTATION).unwrap_or(1),
            chunk,
            chunks,
            has_luma_in_jpeg: photometric == 6 && compression == Compression::Jpeg,
            jpeg_tables: file.raw(directory, tag::JPEG_TABLES).unwrap_or_default().to_vec(),
            declared_bits: Some(declared_bits as u8).filter(|bits| (8..16).contains(bits)),
            display_range: match display_range {
                [Some(black), Some(white)] if description.starts_with("ImageJ=") && white > black => {
                    Some([black, white])
                }
                _ => None,
            },
        };
        page.check_memory()?;
        Ok(page)
    }

    fn check_memory(&self) -> Result<()> {
        let n_bytes =
            self.row_bytes() as u64 * self.chunk[1] as u64 * if self.is_planar { self.n_used() } else { 1 } as u64;
        let canvas_bytes = (self.width * self.height) as u64 * if self.store() == Store::F32 { 4 } else { 2 };
        if n_bytes > refusal::MAX_SAMPLE_BYTES || canvas_bytes > 3 * refusal::MAX_SAMPLE_BYTES / 2 {
            return Err(refusal::too_large([self.width, self.height]));
        }
        Ok(())
    }

    /// Samples of a pixel that a chunk holds.
    pub(super) fn n_in_chunk(&self) -> usize {
        if self.is_planar { 1 } else { self.n_samples }
    }

    /// Samples of a pixel that are used: what follows the colours and alpha is not.
    pub(super) fn n_used(&self) -> usize {
        let n_colours = match self.colours {
            Colours::Grey { .. } | Colours::Palette(_) => 1,
            Colours::Rgb | Colours::YCbCr => 3,
            Colours::Cmyk => 4,
        };
        n_colours + usize::from(self.has_alpha)
    }

    /// Bytes of a row of a chunk.
    pub(super) fn row_bytes(&self) -> usize {
        (self.chunk[0] * self.n_in_chunk() * self.bits).div_ceil(8)
    }

    /// Bytes of all rows, if the page is stored as it is and in one piece.
    pub(super) fn contiguous_bytes(&self, file: &File) -> Option<u64> {
        let is_one = |pair: &[[u64; 2]]| pair[0][0].checked_add(pair[0][1]) == Some(pair[1][0]);
        let is_contiguous = self.chunks.windows(2).all(is_one) && self.chunk[0] == self.width;
        let n_bytes = (self.row_bytes() * self.height * if self.is_planar { self.n_samples } else { 1 }) as u64;
        let is_plain = self.compression == Compression::None && n_bytes <= file.bytes.len() as u64;
        (is_contiguous && is_plain).then_some(n_bytes)
    }

    /// Whether the page lies in the file if it is moved by `shift`.
    pub(super) fn is_in_file(&self, file: &File, shift: u64) -> bool {
        let ends = self.chunks.iter().map(|[at, n]| at.saturating_add(*n).saturating_add(shift));
        ends.max().is_some_and(|end| end <= file.bytes.len() as u64)
    }

    /// How samples are stored until their range is known.
    pub(super) fn store(&self) -> Store {
        match (&self.colours, self.kind, self.bits) {
            (Colours::Palette(_) | Colours::Cmyk | Colours::YCbCr, ..) => Store::U8,
            (_, SampleKind::Unsigned, ..=8) | (_, SampleKind::Signed, 8) => Store::U8,
            (_, SampleKind::Unsigned, 9..=16) => Store::U16,
            _ => Store::F32,
        }
    }

    /// Whether samples are floats.
    pub(super) fn is_float(&self) -> bool {
        self.kind == SampleKind::Float
    }

    /// Whether white is zero.
    pub(super) fn is_white_zero(&self) -> bool {
        self.colours == Colours::Grey { is_white_zero: true }
    }

    /// What is black and white.
    pub(super) fn depth(&self, extent: &Extent) -> Depth {
        match (self.display_range, self.kind) {
            (Some(range), _) if matches!(self.colours, Colours::Grey { .. }) => Depth::Range(range),
            (_, SampleKind::Unsigned) => extent.unsigned(self.declared_bits),
            (_, SampleKind::Signed) => extent.signed(self.bits as u8),
            (_, SampleKind::Float) => extent.float(),
        }
    }
}

fn colours(file: &File, directory: &Directory, photometric: u64, compression: Compression) -> Result<Colours> {
    match photometric {
        0 | 1 => Ok(Colours::Grey { is_white_zero: photometric == 0 }),
        2 => Ok(Colours::Rgb),
        3 => {
            let map = file.numbers(directory, tag::COLOR_MAP).ok_or_else(refusal::damaged)?;
            // 16 bits each; some programs write eight.
            let shift = if map.iter().any(|value| *value > 255) { 8 } else { 0 };
            let n = map.len() / 3;
            Ok(Colours::Palette((0..n).map(|i| [i, n + i, 2 * n + i].map(|at| (map[at] >> shift) as u8)).collect()))
        }
        5 => Ok(Colours::Cmyk),
        // The codec turns luma and chroma into colours.
        6 if compression == Compression::Jpeg => Ok(Colours::Rgb),
        6 => match file.numbers(directory, tag::CHROMA_SUBSAMPLING).as_deref() {
            Some([1, 1]) => Ok(Colours::YCbCr),
            _ => Err(unsupported("with fewer samples of chroma than of luma")),
        },
        8..=10 => Err(unsupported("in CIELab colours")),
        32_803 | 34_892 => Err(unsupported("of a camera's raw samples")),
        _ => Err(unsupported(&format!("of photometric interpretation {photometric}"))),
    }
}

/// Size and places of strips or tiles.
fn layout(
    file: &File,
    directory: &Directory,
    [width, height]: [usize; 2],
    shift: u64,
) -> Result<([usize; 2], Vec<[u64; 2]>)> {
    let numbers = |tag| file.numbers(directory, tag);
    let side = |tag| {
        let side = file.number(directory, tag).filter(|side| *side > 0)?;
        usize::try_from(side).ok()
    };
    let (chunk, offsets, counts) = match numbers(tag::TILE_OFFSETS) {
        Some(offsets) => {
            let tile = side(tag::TILE_WIDTH).zip(side(tag::TILE_LENGTH)).ok_or_else(refusal::damaged)?;
            // A tile that is far larger than its picture makes no sense.
            if tile.0 > 2 * width + 4096 || tile.1 > 2 * height + 4096 {
                return Err(refusal::damaged());
            }
            ([tile.0, tile.1], offsets, numbers(tag::TILE_BYTE_COUNTS).ok_or_else(refusal::damaged)?)
        }
        None => {
            let offsets = numbers(tag::STRIP_OFFSETS).ok_or_else(refusal::no_pixels_came)?;
            let rows = side(tag::ROWS_PER_STRIP).unwrap_or(height).min(height);
            // Old programs leave the counts out.
            let counts = numbers(tag::STRIP_BYTE_COUNTS).unwrap_or_else(|| vec![u64::MAX; offsets.len()]);
            ([width, rows], offsets, counts)
        }
    };
    let chunks = offsets.into_iter().zip(counts).map(|(at, n)| [at.saturating_add(shift), n]).collect();
    Ok((chunk, chunks))
}

/// The number after `key=` in a description of lines.
pub(super) fn value(description: &str, key: &str) -> Option<f64> {
    let line = description.lines().find_map(|line| line.trim().strip_prefix(key)?.strip_prefix('='))?;
    line.trim().parse().ok().filter(|value: &f64| value.is_finite())
}
