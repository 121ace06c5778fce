//! What came of a PNG whose pixels are cut short or damaged. The `png` crate gives no row of what it still holds back for
//! unpacking when the stream ends, so that the stream is completed first.

use std::io::{Read, Write};

use flate2::Compression;
use flate2::read::ZlibDecoder;
use flate2::write::ZlibEncoder;

use super::adam7::PASSES;
use super::chunks::Chunks;
use crate::error::Result;
use crate::scan::raster::{cut, refusal};

/// A PNG's pixels as far as they came, then rows of zeros.
pub(super) struct Salvaged {
    /// The compressed pixels of a whole picture.
    pub(super) pixels: Vec<u8>,
    /// Rows that came whole.
    pub(super) n_rows: usize,
}

/// Unpacks `pixels` as far as it goes.
///
/// # Errors
/// Too few rows came, or they take too much memory.
pub(super) fn salvage(chunks: &Chunks, pixels: &[u8]) -> Result<Salvaged> {
    let [width, height] = chunks.size;
    let passes = if chunks.is_interlaced { &PASSES[..] } else { &[[0, 1, 0, 1]] };
    // Each pass is rows of a filter byte and samples.
    let parts: Vec<[usize; 2]> = passes
        .iter()
        .map(|[x, step_x, y, step_y]| {
            let n_columns = width.saturating_sub(*x).div_ceil(*step_x);
            let n_rows = height.saturating_sub(*y).div_ceil(*step_y);
            let n_bytes = (n_columns * chunks.bits_per_pixel()).div_ceil(8) + 1;
            if n_columns == 0 { [0, 1] } else { [n_rows, n_bytes] }
        })
        .collect();
    let n_bytes: usize = parts.iter().map(|[n_rows, n_bytes]| n_rows * n_bytes).sum();
    if n_bytes as u64 > refusal::MAX_SAMPLE_BYTES {
        return Err(refusal::cut_short());
    }
    let mut raw = Vec::new();
    // What came before an error counts.
    let _ = ZlibDecoder::new(pixels).take(n_bytes as u64).read_to_end(&mut raw);
    let [.., [last_rows, last_bytes]] = parts[..] else { return Err(refusal::damaged()) };
    let missing = (n_bytes - raw.len()).div_ceil(last_bytes);
    // The last of several passes brings every second row.
    let n_rows = match missing {
        0 => height,
        missing if missing >= last_rows => 0,
        missing if chunks.is_interlaced => 2 * (last_rows - missing),
        missing => height - missing,
    };
    cut::refuse(n_rows, height)?;
    raw.resize(n_bytes, 0);
    let mut packed = ZlibEncoder::new(Vec::new(), Compression::none());
    let pixels = packed.write_all(&raw).and_then(|()| packed.finish()).map_err(|e| refusal::damaged().because(e))?;
    Ok(Salvaged { pixels, n_rows })
}
