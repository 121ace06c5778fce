//! Plain Rust that compilers turn into vectors: for AVX2 with fused products, and for all other targets.

use super::tile::{Block, DOT_OUTPUTS, DOT_WEIGHTS, Dots, LANES, Tile};

fn multiply_add<const FUSED: bool>(a: f32, b: f32, sum: f32) -> f32 {
    if FUSED { a.mul_add(b, sum) } else { a * b + sum }
}

/// # Safety
/// The machine has AVX2 and FMA.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
pub(super) unsafe fn avx2_tile(of: &Tile<'_>, width: usize, out: &mut [f32]) {
    tile::<true>(of, width, out);
}

/// # Safety
/// The machine has AVX2 and FMA.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
pub(super) unsafe fn avx2_dots(of: &Dots<'_>) -> [[f32; DOT_OUTPUTS]; DOT_WEIGHTS] {
    dots::<true>(of)
}

/// Outputs of a tile whose weights lie `width` side by side.
#[inline(always)]
pub(super) fn tile<const FUSED: bool>(tile: &Tile<'_>, width: usize, out: &mut [f32]) {
    for (v, block) in tile.blocks.iter().enumerate() {
        match width {
            6 => write(tile, block, 0, &sums::<FUSED, 6, 6>(tile, v * LANES, block, 0), out),
            _ => {
                write(tile, block, 0, &sums::<FUSED, 8, 4>(tile, v * LANES, block, 0), out);
                write(tile, block, 4, &sums::<FUSED, 8, 4>(tile, v * LANES, block, 4), out);
            }
        }
    }
}

/// Writes the sums of outputs `first` and on.
#[inline(always)]
fn write(tile: &Tile<'_>, block: &Block, first: usize, sums: &[[f32; LANES]], out: &mut [f32]) {
    for (o, sums) in (first..tile.n_outputs).zip(sums) {
        let shift = tile.shift.map_or(0., |shift| shift[o]);
        let start = o * tile.size_out + block.first as usize;
        let wanted = sums.iter().enumerate().filter(|(lane, _)| block.mask >> lane & 1 == 1);
        for (at, (_, sum)) in (start..).zip(wanted) {
            let y = sum + shift + tile.add.map_or(0., |add| add[at]);
            out[at] = if tile.relu { y.max(0.) } else { y };
        }
    }
}

/// Those of `O` outputs, of `W` whose weights lie side by side, at sixteen positions.
#[inline(always)]
fn sums<const FUSED: bool, const W: usize, const O: usize>(
    tile: &Tile<'_>,
    first: usize,
    block: &Block,
    o: usize,
) -> [[f32; LANES]; O] {
    let mut acc = [[0f32; LANES]; O];
    let mut copy = [0f32; LANES];
    for (offset, w) in tile.offsets.iter().zip(tile.weights.as_chunks::<W>().0) {
        let from = &tile.x[*offset as usize + first..];
        let x = match from.first_chunk::<LANES>() {
            Some(x) => x,
            // The end of an image without padding.
            None => {
                let n = from.len().min(LANES - block.mask.leading_zeros() as usize);
                copy[..n].copy_from_slice(&from[..n]);
                &copy
            }
        };
        for (acc, w) in acc.iter_mut().zip(&w[o..o + O]) {
            for (acc, x) in acc.iter_mut().zip(x) {
                *acc = multiply_add::<FUSED>(*w, *x, *acc);
            }
        }
    }
    acc
}

/// Sums of [`Dots`], for each weight those of all outputs.
#[inline(always)]
pub(super) fn dots<const FUSED: bool>(dots: &Dots<'_>) -> [[f32; DOT_OUTPUTS]; DOT_WEIGHTS] {
    let n = dots.n_positions;
    let mut sums = [[0f32; DOT_OUTPUTS]; DOT_WEIGHTS];
    for (sums, offset) in sums.iter_mut().zip(dots.offsets) {
        let x = &dots.x[offset as usize..][..n];
        let [a, b, c, d] = [0, 1, 2, 3].map(|o| dots.grad[o * dots.grad_plane..][..n].as_chunks::<LANES>());
        let mut acc = [[0f32; LANES]; DOT_OUTPUTS];
        let grads = a.0.iter().zip(b.0).zip(c.0).zip(d.0);
        for (x, (((a, b), c), d)) in x.as_chunks::<LANES>().0.iter().zip(grads) {
            for (acc, grad) in acc.iter_mut().zip([a, b, c, d]) {
                for ((acc, grad), x) in acc.iter_mut().zip(grad).zip(x) {
                    *acc = multiply_add::<FUSED>(*grad, *x, *acc);
                }
            }
        }
        let rest = x.as_chunks::<LANES>().1;
        for ((sum, acc), grad) in sums.iter_mut().zip(acc).zip([a.1, b.1, c.1, d.1]) {
            *sum = total(acc) + grad.iter().zip(rest).map(|(grad, x)| grad * x).sum::<f32>();
        }
    }
    sums
}

/// By halves: in order, each sum would wait for the one before it.
#[inline(always)]
fn total(mut lanes: [f32; LANES]) -> f32 {
    for half in [8, 4, 2, 1] {
        for i in 0..half {
            lanes[i] += lanes[i + half];
        }
    }
    lanes[0]
}
