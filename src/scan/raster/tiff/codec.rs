//! The compressions of TIFF.

use std::io::Read;

use super::compression::{Compression, unsupported};
use super::page::{Colours, Page};
use crate::error::{Error, Instead, Result};
use crate::scan::jpeg2000;
use crate::scan::raster::jpeg;

/// Unpacks a chunk, as far as it goes, up to `n_bytes`. `is_cut`: its end is not in the file.
///
/// # Errors
/// What it holds is of a kind that is not read; or it is whole and damaged in a way that leaves nothing.
pub(super) fn unpack(page: &Page, chunk: &[u8], n_bytes: usize, is_cut: bool, is_big_endian: bool) -> Result<Vec<u8>> {
    let reversed: Vec<u8>;
    let chunk = if page.has_reversed_bits && !matches!(page.compression, Compression::Jpeg | Compression::Jpeg2000) {
        reversed = chunk.iter().map(|byte| byte.reverse_bits()).collect();
        &reversed[..]
    } else {
        chunk
    };
    match page.compression {
        Compression::None => Ok(chunk[..chunk.len().min(n_bytes)].to_vec()),
        Compression::PackBits => Ok(unpack_bits(chunk, n_bytes)),
        Compression::Deflate => {
            let mut out = Vec::new();
            // What came before an error counts.
            let _ = flate2::read::ZlibDecoder::new(chunk).take(n_bytes as u64).read_to_end(&mut out);
            Ok(out)
        }
        Compression::Lzw if chunk.first() == Some(&0) && chunk.get(1).is_some_and(|byte| byte & 1 == 1) => {
            Err(unsupported("LZW of before 1992"))
        }
        Compression::Lzw => Ok(unpack_lzw(chunk, n_bytes)),
        Compression::Jpeg | Compression::Jpeg2000 => {
            let unpacked = if page.compression == Compression::Jpeg {
                unpack_jpeg(page, chunk)
            } else {
                unpack_jpeg2000(page, chunk, is_big_endian)
            };
            match unpacked {
                Err(_) if is_cut => Ok(Vec::new()),
                unpacked => unpacked,
            }
        }
    }
}

/// TIFF 6.0, section 9.
fn unpack_bits(mut chunk: &[u8], n_bytes: usize) -> Vec<u8> {
    let mut out = Vec::with_capacity(n_bytes.min(chunk.len().saturating_mul(64)));
    while let Some((head, rest)) = chunk.split_first() {
        if out.len() >= n_bytes {
            break;
        }
        let n = match *head as i8 {
            -128 => 0,
            n @ 0.. => {
                let n = (n as usize + 1).min(rest.len());
                out.extend_from_slice(&rest[..n]);
                n
            }
            n => {
                let Some(byte) = rest.first() else { break };
                out.resize(out.len() + 1 + usize::from(n.unsigned_abs()), *byte);
                1
            }
        };
        chunk = &rest[n..];
    }
    out.truncate(n_bytes);
    out
}

fn unpack_lzw(mut chunk: &[u8], n_bytes: usize) -> Vec<u8> {
    let mut decoder = weezl::decode::Configuration::with_tiff_size_switch(weezl::BitOrder::Msb, 8)
        .with_yield_on_full_buffer(true)
        .build();
    let mut out = vec![0; n_bytes];
    let mut n = 0;
    while n < n_bytes {
        let step = decoder.decode_bytes(chunk, &mut out[n..]);
        n += step.consumed_out;
        chunk = chunk.get(step.consumed_in..).unwrap_or_default();
        match step.status {
            Ok(weezl::LzwStatus::Ok) if step.consumed_in + step.consumed_out > 0 => {}
            _ => break,
        }
    }
    out.truncate(n);
    out
}

/// A JPEG stream, whose tables may stand apart (TIFF Technical Note 2).
fn unpack_jpeg(page: &Page, chunk: &[u8]) -> Result<Vec<u8>> {
    let stream = match page.jpeg_tables.as_slice() {
        [tables @ .., 0xff, 0xd9] if tables.len() >= 2 => [tables, chunk.get(2..).unwrap_or_default()].concat(),
        _ => chunk.to_vec(),
    };
    let colours = match page.colours {
        Colours::Rgb if page.has_luma_in_jpeg => jpeg::Colours::Converted,
        _ => jpeg::Colours::Stored,
    };
    let decoded = jpeg::samples(&stream, colours)?;
    if decoded.width != page.chunk[0] || decoded.n_components != page.n_in_chunk() || page.bits != 8 {
        return Err(Error::unsupported("TIFF whose JPEG has another size or colours than it says", Instead::SaveAsPng));
    }
    let mut samples = decoded.samples;
    samples.truncate(decoded.n_rows * decoded.width * decoded.n_components);
    Ok(samples)
}

fn unpack_jpeg2000(page: &Page, chunk: &[u8], is_big_endian: bool) -> Result<Vec<u8>> {
    let decoded = jpeg2000::decode(chunk)?;
    if decoded.width != page.chunk[0] || decoded.n_components != page.n_in_chunk() || !matches!(page.bits, 8 | 16) {
        return Err(unsupported("JPEG 2000 of another size or colours than the file says"));
    }
    Ok(match (page.bits, is_big_endian) {
        (8, _) => decoded.samples.iter().map(|sample| *sample as u8).collect(),
        (_, true) => decoded.samples.iter().flat_map(|sample| sample.to_be_bytes()).collect(),
        (_, false) => decoded.samples.iter().flat_map(|sample| sample.to_le_bytes()).collect(),
    })
}
