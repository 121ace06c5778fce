//! RLE lossless (PS3.5, annex G): runs of bytes, one segment for each byte of each sample.

use super::element::cut;
use super::layout::Layout;
use crate::error::Result;

/// Bytes of the header: the number of segments, and where each of up to 15 begins.
const HEADER_BYTES: usize = 64;

/// The codes of a frame, the samples of a kind together.
///
/// # Errors
/// A segment is missing or short.
pub(super) fn codes(bytes: &[u8], layout: &Layout) -> Result<Vec<i32>> {
    let n_bytes = layout.bits_allocated as usize / 8;
    let n_segments = layout.n_samples * n_bytes;
    let header = bytes.get(..HEADER_BYTES).ok_or_else(cut)?;
    let header: Vec<usize> = header.as_chunks().0.iter().map(|number| u32::from_le_bytes(*number) as usize).collect();
    if header[0] != n_segments {
        return Err(cut());
    }
    let starts = header.get(1..=n_segments).ok_or_else(cut)?;
    let mut codes = vec![0; layout.n_pixels() * layout.n_samples];
    let planes = codes.chunks_mut(layout.n_pixels());
    for (plane, starts_of_plane) in planes.zip(0..layout.n_samples) {
        for byte in 0..n_bytes {
            let segment = starts_of_plane * n_bytes + byte;
            let end = starts.get(segment + 1).copied().unwrap_or(bytes.len());
            let packed = bytes.get(starts[segment]..end).ok_or_else(cut)?;
            // The highest byte comes first.
            unpack(packed, plane, 8 * (n_bytes - 1 - byte))?;
        }
    }
    Ok(codes)
}

/// Puts each unpacked byte, shifted, into its code. What a segment has beyond the plane is padding.
fn unpack(packed: &[u8], plane: &mut [i32], shift: usize) -> Result<()> {
    let mut at = 0;
    let mut rest = packed;
    while at < plane.len() {
        let [control, tail @ ..] = rest else { return Err(cut()) };
        // 0…127: so many bytes and one follow as they are; 129…255: the next one is repeated 257 less so often; 128: nothing.
        let n = match control {
            0..=127 => usize::from(*control) + 1,
            128 => {
                rest = tail;
                continue;
            }
            129..=255 => 257 - usize::from(*control),
        };
        let n_bytes = if *control < 128 { n } else { 1 };
        let (values, tail) = tail.split_at_checked(n_bytes).ok_or_else(cut)?;
        let end = plane.len().min(at + n);
        for (i, code) in plane[at..end].iter_mut().enumerate() {
            *code |= i32::from(values[i % n_bytes]) << shift;
        }
        (at, rest) = (end, tail);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_and_plain_bytes_fill_a_plane_and_no_more() {
        let mut plane = vec![1; 6];
        // Two plain bytes, nothing, three times the same, then more than fits.
        unpack(&[1, 7, 8, 128, 254, 9, 3, 4, 5, 6, 7], &mut plane, 8).unwrap();
        assert_eq!(plane, [0x701, 0x801, 0x901, 0x901, 0x901, 0x401]);
        assert!(unpack(&[1, 7, 8], &mut plane, 0).is_err(), "short");
        assert!(unpack(&[5, 7, 8], &mut plane, 0).is_err(), "plain bytes that are not there");
        assert!(unpack(&[], &mut plane, 0).is_err());
    }
}
