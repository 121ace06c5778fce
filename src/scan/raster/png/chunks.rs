//! The chunks of a PNG that make its default picture, and what the others say.

use crate::error::Result;
use crate::scan::raster::refusal;

/// A PNG's chunks.
pub(super) struct Chunks<'a> {
    /// Columns and rows.
    pub(super) size: [usize; 2],
    /// Bits of a sample, or of an index of the palette.
    pub(super) bit_depth: u8,
    /// The colour type: 0 grey, 2 RGB, 3 palette; 4 more with alpha.
    pub(super) colour: u8,
    pub(super) is_interlaced: bool,
    /// Significant bits of a sample (`sBIT`).
    pub(super) significant_bits: Option<u8>,
    pub(super) exif: Option<&'a [u8]>,
    /// Whether it is animated beyond its default picture.
    pub(super) has_more_frames: bool,
    /// Whether a chunk of pixels has a wrong checksum.
    pub(super) has_damage: bool,
    /// Whether its end was reached.
    pub(super) has_end: bool,
    /// Header, palette and transparency.
    before: Vec<(&'a [u8], &'a [u8])>,
    /// The chunks of pixels, and whether each has the right checksum.
    pixels: Vec<(&'a [u8], bool)>,
}

const SIGNATURE: &[u8] = b"\x89PNG\r\n\x1a\n";

impl<'a> Chunks<'a> {
    /// Reads a file's chunks, as far as they came.
    ///
    /// # Errors
    /// The header or the palette is missing or damaged.
    pub(super) fn of(bytes: &'a [u8]) -> Result<Self> {
        let mut found = Self {
            size: [0, 0],
            bit_depth: 0,
            colour: 0,
            is_interlaced: false,
            significant_bits: None,
            exif: None,
            has_more_frames: false,
            has_damage: false,
            has_end: false,
            before: Vec::new(),
            pixels: Vec::new(),
        };
        let mut n_animated = 0;
        let mut is_default_animated = false;
        let mut rest = bytes.get(SIGNATURE.len()..).unwrap_or_default();
        while let Some(chunk) = Chunk::first(&mut rest) {
            match chunk.kind {
                b"IHDR" | b"PLTE" if !chunk.is_right => {
                    return Err(if chunk.is_whole { refusal::damaged() } else { refusal::no_pixels_came() });
                }
                b"IHDR" => {
                    let [width, height] = [0, 4].map(|at| chunk.number(at));
                    found.size = [width as usize, height as usize];
                    let byte = |at| chunk.content.get(at).copied().unwrap_or_default();
                    (found.bit_depth, found.colour, found.is_interlaced) = (byte(8), byte(9), byte(12) == 1);
                    found.before.push((chunk.kind, chunk.content));
                }
                b"IDAT" => {
                    // Of a chunk that is cut there is no checksum.
                    found.has_damage |= chunk.is_whole && !chunk.is_right;
                    found.pixels.push((chunk.content, chunk.is_right || !chunk.is_whole));
                }
                b"PLTE" => found.before.push((chunk.kind, chunk.content)),
                b"IEND" => {
                    found.has_end = true;
                    break;
                }
                _ if !chunk.is_right => {}
                b"tRNS" => found.before.push((chunk.kind, chunk.content)),
                b"sBIT" if found.bit_depth == 16 => {
                    let most = chunk.content.iter().copied().max();
                    found.significant_bits = most.filter(|bits| (1..16).contains(bits));
                }
                b"eXIf" => found.exif = Some(chunk.content),
                b"acTL" => n_animated = chunk.number(0),
                b"fcTL" => is_default_animated |= found.pixels.is_empty(),
                _ => {}
            }
        }
        if found.before.is_empty() || found.pixels.is_empty() {
            return Err(refusal::no_pixels_came());
        }
        found.has_more_frames = n_animated > u32::from(is_default_animated);
        Ok(found)
    }

    /// The compressed pixels, on request only up to the first chunk whose checksum is wrong.
    pub(super) fn pixels(&self, up_to_damage: bool) -> Vec<u8> {
        let right = self.pixels.iter().take_while(|(_, is_right)| *is_right || !up_to_damage);
        right.flat_map(|(content, _)| *content).copied().collect()
    }

    /// A PNG of the picture alone, with such compressed pixels.
    pub(super) fn stream(&self, pixels: &[u8]) -> Vec<u8> {
        let mut stream = SIGNATURE.to_vec();
        let mut add = |kind: &[u8], content: &[u8]| {
            // Chunks are no longer than a file, which has less than 4 GiB. Checksums are not looked at.
            stream.extend((content.len() as u32).to_be_bytes());
            stream.extend(kind);
            stream.extend(content);
            stream.extend([0; 4]);
        };
        for (kind, content) in &self.before {
            add(kind, content);
        }
        add(b"IDAT", pixels);
        add(b"IEND", &[]);
        stream
    }

    /// Bits of a pixel in the file.
    pub(super) fn bits_per_pixel(&self) -> usize {
        let n_samples = match self.colour {
            2 => 3,
            4 => 2,
            6 => 4,
            _ => 1,
        };
        n_samples * usize::from(self.bit_depth)
    }
}

struct Chunk<'a> {
    kind: &'a [u8; 4],
    /// As much of it as came.
    content: &'a [u8],
    is_whole: bool,
    /// Whether it is whole and has the right checksum.
    is_right: bool,
}

impl<'a> Chunk<'a> {
    /// Takes the first chunk off `rest`.
    fn first(rest: &mut &'a [u8]) -> Option<Self> {
        let (length, after) = rest.split_first_chunk()?;
        let length = u32::from_be_bytes(*length) as usize;
        let (kind, after_kind) = after.split_first_chunk()?;
        let content = after_kind.get(..length).unwrap_or(after_kind);
        let checksum = after_kind.get(length..).and_then(|after| after.first_chunk());
        *rest = after_kind.get(length.saturating_add(4)..).unwrap_or_default();
        let is_whole = content.len() == length;
        let is_right = checksum.is_some_and(|checksum| {
            let mut hasher = crc32fast::Hasher::new();
            hasher.update(kind);
            hasher.update(content);
            hasher.finalize() == u32::from_be_bytes(*checksum)
        });
        Some(Self { kind, content, is_whole, is_right })
    }

    /// The 32-bit number at `at`; 0 where there is none.
    fn number(&self, at: usize) -> u32 {
        self.content.get(at..).and_then(|rest| rest.first_chunk()).map_or(0, |number| u32::from_be_bytes(*number))
    }
}
