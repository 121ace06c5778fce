//! Strips and tiles become rows of the picture, as far as they lie in the file.

use super::codec::unpack;
use super::compression::Compression;
use super::directory::File;
use super::page::Page;
use super::samples;
use crate::error::Result;
use crate::scan::raster::canvas::Canvas;
use crate::scan::raster::{cut, refusal};

/// How many times the file's bytes may be unpacked: more is a file whose chunks are all the same bytes.
const MAX_REREAD: u64 = 4;

/// Draws a page. Returns the rows that came whole.
///
/// # Errors
/// Chunks are damaged, or hold what is not read.
pub(super) fn draw(file: &File, page: &Page, canvas: &mut Canvas) -> Result<usize> {
    let [across, down] = [page.width.div_ceil(page.chunk[0]), page.height.div_ceil(page.chunk[1])];
    let n_planes = if page.is_planar { page.n_used() } else { 1 };
    let mut n_whole = 0;
    let mut n_unpacked = 0;
    for down_at in 0..down {
        let y = down_at * page.chunk[1];
        let n_rows = page.chunk[1].min(page.height - y);
        let mut came = n_rows;
        for across_at in 0..across {
            let mut planes = Vec::with_capacity(n_planes);
            for plane in 0..n_planes {
                let index = (plane * down + down_at) * across + across_at;
                let (chunk, is_cut) = bytes_of(file, page, index, n_rows);
                n_unpacked += chunk.len() as u64;
                if n_unpacked > MAX_REREAD * file.bytes.len() as u64 {
                    return Err(refusal::damaged());
                }
                let n_bytes = page.row_bytes() * n_rows;
                let mut plane = unpack(page, chunk, n_bytes, is_cut, file.is_big_endian)?;
                // Whatever is missing from a chunk that is whole was damaged, not cut.
                if plane.len() < n_bytes && !is_cut && page.height == n_rows {
                    cut::refuse(plane.len() / page.row_bytes().max(1), n_rows).map_err(|_| refusal::damaged())?;
                }
                came = came.min(plane.len() / page.row_bytes().max(1));
                samples::undo_predictor(page, &mut plane, file.is_big_endian)?;
                planes.push(plane);
            }
            for row in 0..came {
                samples::put_row(page, &planes, row, [across_at * page.chunk[0], y + row], file.is_big_endian, canvas);
            }
        }
        n_whole += came;
        if came < n_rows {
            break;
        }
    }
    Ok(n_whole)
}

/// A chunk's bytes that are in the file, and whether there should be more.
fn bytes_of<'a>(file: &File<'a>, page: &Page, index: usize, n_rows: usize) -> (&'a [u8], bool) {
    let Some([at, n]) = page.chunks.get(index).copied() else { return (&[], true) };
    let whole = (page.row_bytes() * n_rows) as u64;
    let n = match page.compression {
        // The size is known, whatever is written.
        Compression::None => whole,
        _ => n,
    };
    let rest = usize::try_from(at).ok().and_then(|at| file.bytes.get(at..)).unwrap_or_default();
    if at == 0 {
        return (&[], true);
    }
    let n_there = usize::try_from(n).unwrap_or(usize::MAX).min(rest.len());
    (&rest[..n_there], n != u64::MAX && (n_there as u64) < n)
}
