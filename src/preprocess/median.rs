//! A 3 × 3 median filter: removes speckle and keeps edges. Knows no scan.

/// Pixels whose medians are computed at once: as many as fit into a 128-bit register.
const LANES: usize = 16;

/// The median of nine values in each lane, by a sorting network (Smith 1996), which has no branches.
fn medians(mut v: [[u8; LANES]; 9]) -> [u8; LANES] {
    const EXCHANGES: [(usize, usize); 19] = [
        (1, 2),
        (4, 5),
        (7, 8),
        (0, 1),
        (3, 4),
        (6, 7),
        (1, 2),
        (4, 5),
        (7, 8),
        (0, 3),
        (5, 8),
        (4, 7),
        (3, 6),
        (1, 4),
        (2, 5),
        (4, 7),
        (4, 2),
        (6, 4),
        (4, 2),
    ];
    for (low, high) in EXCHANGES {
        for (i, (a, b)) in v[low].into_iter().zip(v[high]).enumerate() {
            v[low][i] = a.min(b);
            v[high][i] = a.max(b);
        }
    }
    v[4]
}

/// The median around each pixel of `rows` (first, last exclusive); beyond the border, the border's pixels repeat.
pub(super) fn median_3x3(pixels: &[u8], width: usize, rows: [usize; 2]) -> Vec<u8> {
    let height = pixels.len() / width;
    let n_chunks = width.div_ceil(LANES);
    // One more on either side, and enough to fill the last chunk.
    let padded = |y: usize| {
        let line = &pixels[y * width..(y + 1) * width];
        let mut padded = vec![line[width - 1]; n_chunks * LANES + 2];
        padded[0] = line[0];
        padded[1..=width].copy_from_slice(line);
        padded
    };
    let mut out = Vec::with_capacity((rows[1] - rows[0]) * width + LANES);
    for y in rows[0]..rows[1] {
        let lines = [padded(y.saturating_sub(1)), padded(y), padded((y + 1).min(height - 1))];
        let first = out.len();
        for chunk in 0..n_chunks {
            let mut around = [[0; LANES]; 9];
            for (i, values) in around.iter_mut().enumerate() {
                values.copy_from_slice(&lines[i / 3][chunk * LANES + i % 3..][..LANES]);
            }
            out.extend_from_slice(&medians(around));
        }
        out.truncate(first + width);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_network_finds_the_median_in_any_order() {
        // By the 0-1 principle, a sorting network that is right for all zeros and ones is right for all values.
        for bits in 0..512u32 {
            let values = std::array::from_fn(|i| [(bits >> i & 1) as u8; LANES]);
            assert_eq!(medians(values), [u8::from(bits.count_ones() > 4); LANES], "{bits:b}");
        }
    }

    #[test]
    fn specks_go_and_edges_stay() {
        let mut pixels: Vec<u8> = (0..41 * 20).map(|i| if i % 41 < 20 { 10 } else { 90 }).collect();
        let edge = pixels.clone();
        pixels[5 * 41 + 7] = 255;
        assert_eq!(median_3x3(&pixels, 41, [0, 20]), edge);
        assert_eq!(median_3x3(&pixels, 41, [4, 9]), edge[4 * 41..9 * 41]);
        assert_eq!(median_3x3(&[3], 1, [0, 1]), [3]);
    }
}
