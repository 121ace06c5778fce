//! AVX-512: 24 sums of 16 floats in registers.

use std::arch::x86_64::*;

use super::tile::{Block, DOT_OUTPUTS, DOT_WEIGHTS, Dots, LANES, Tile};

/// Outputs of a tile whose weights lie `width` side by side.
///
/// # Safety
/// The machine has AVX-512F. `tile.x` can be read at each offset for as many lanes as its blocks have, or only those that are
/// outputs if it is tight; `out` and `tile.add` hold the outputs of all blocks.
#[target_feature(enable = "avx512f")]
pub(super) unsafe fn tile(tile: &Tile<'_>, width: usize, out: &mut [f32]) {
    // SAFETY: as the caller promises.
    unsafe {
        match (width, tile.blocks) {
            (6, [a]) => tile_of([*a], tile, out, [(); 6]),
            (6, [a, b]) => tile_of([*a, *b], tile, out, [(); 6]),
            (6, [a, b, c]) => tile_of([*a, *b, *c], tile, out, [(); 6]),
            (6, [a, b, c, d]) => tile_of([*a, *b, *c, *d], tile, out, [(); 6]),
            (_, [a]) => tile_of([*a], tile, out, [(); 8]),
            (_, [a, b]) => tile_of([*a, *b], tile, out, [(); 8]),
            (_, [a, b, c]) => tile_of([*a, *b, *c], tile, out, [(); 8]),
            _ => {}
        }
    }
}

/// # Safety
/// As for [`tile`].
#[target_feature(enable = "avx512f")]
#[inline]
unsafe fn tile_of<const V: usize, const O: usize>(blocks: [Block; V], tile: &Tile<'_>, out: &mut [f32], _: [(); O]) {
    let mut acc = [[_mm512_setzero_ps(); V]; O];
    let readable: [__mmask16; V] = blocks.map(|block| if tile.is_tight { block.mask } else { !0 });
    let x = tile.x.as_ptr();
    for (offset, w) in tile.offsets.iter().zip(tile.weights.as_chunks::<O>().0) {
        // Loops, not closures, which would keep their vectors in memory.
        let mut lanes = [_mm512_setzero_ps(); V];
        for v in 0..V {
            // SAFETY: the caller promises that these lanes can be read.
            lanes[v] = unsafe { _mm512_maskz_loadu_ps(readable[v], x.add(*offset as usize + v * LANES)) };
        }
        for o in 0..O {
            let w = _mm512_set1_ps(w[o]);
            for v in 0..V {
                acc[o][v] = _mm512_fmadd_ps(w, lanes[v], acc[o][v]);
            }
        }
    }
    for (o, acc) in acc.iter().enumerate().take(tile.n_outputs) {
        let shift = _mm512_set1_ps(tile.shift.map_or(0., |shift| shift[o]));
        for (Block { mask, first }, acc) in blocks.iter().zip(acc) {
            let n = mask.count_ones();
            let written = ((1u32 << n) - 1) as __mmask16;
            let at = o * tile.size_out + *first as usize;
            let mut y = _mm512_add_ps(_mm512_maskz_compress_ps(*mask, *acc), shift);
            // SAFETY: `at` and the n floats from there are within the plane of output o.
            unsafe {
                if let Some(add) = tile.add {
                    y = _mm512_add_ps(y, _mm512_maskz_loadu_ps(written, add.as_ptr().add(at)));
                }
                if tile.relu {
                    y = _mm512_max_ps(y, _mm512_setzero_ps());
                }
                _mm512_mask_storeu_ps(out.as_mut_ptr().add(at), written, y);
            }
        }
    }
}

/// Sums of [`Dots`], for each weight those of all outputs.
///
/// # Safety
/// The machine has AVX-512F, and all positions of `dots` can be read.
#[target_feature(enable = "avx512f")]
pub(super) unsafe fn dots(dots: &Dots<'_>) -> [[f32; DOT_OUTPUTS]; DOT_WEIGHTS] {
    let mut lanes = [[[0f32; LANES]; DOT_OUTPUTS]; DOT_WEIGHTS];
    // SAFETY: as the caller promises.
    unsafe { lane_sums(dots, &mut lanes) };
    let mut sums = [[0f32; DOT_OUTPUTS]; DOT_WEIGHTS];
    for (lanes, sums) in lanes.iter().zip(&mut sums) {
        let mut halves = [_mm256_setzero_ps(); DOT_OUTPUTS];
        for o in 0..DOT_OUTPUTS {
            // SAFETY: sixteen floats.
            let (low, high) =
                unsafe { (_mm256_loadu_ps(lanes[o].as_ptr()), _mm256_loadu_ps(lanes[o].as_ptr().add(LANES / 2))) };
            halves[o] = _mm256_add_ps(low, high);
        }
        let [a, b, c, d] = halves;
        let quarters = _mm256_hadd_ps(_mm256_hadd_ps(a, b), _mm256_hadd_ps(c, d));
        let four = _mm_add_ps(_mm256_castps256_ps128(quarters), _mm256_extractf128_ps::<1>(quarters));
        // SAFETY: four floats.
        unsafe { _mm_storeu_ps(sums.as_mut_ptr(), four) };
    }
    sums
}

/// The sums of each lane. A function of its own: the instructions that add lanes up know half of the registers, and would drive
/// these sums out of theirs.
///
/// # Safety
/// As for [`dots`].
#[target_feature(enable = "avx512f")]
#[inline(never)]
unsafe fn lane_sums(dots: &Dots<'_>, sums: &mut [[[f32; LANES]; DOT_OUTPUTS]; DOT_WEIGHTS]) {
    let mut acc = [[_mm512_setzero_ps(); DOT_OUTPUTS]; DOT_WEIGHTS];
    let grad = [0, 1, 2, 3].map(|o| dots.grad.as_ptr().wrapping_add(o * dots.grad_plane));
    let x = dots.offsets.map(|offset| dots.x.as_ptr().wrapping_add(offset as usize));
    let whole = dots.n_positions / LANES * LANES;
    for at in (0..dots.n_positions).step_by(LANES) {
        let mask = if at < whole { !0 } else { ((1u32 << (dots.n_positions - whole)) - 1) as __mmask16 };
        let mut lanes = [_mm512_setzero_ps(); DOT_OUTPUTS];
        for o in 0..DOT_OUTPUTS {
            // SAFETY: the caller promises that these positions can be read.
            lanes[o] = unsafe { _mm512_maskz_loadu_ps(mask, grad[o].add(at)) };
        }
        for k in 0..DOT_WEIGHTS {
            // SAFETY: as above.
            let x = unsafe { _mm512_maskz_loadu_ps(mask, x[k].add(at)) };
            for o in 0..DOT_OUTPUTS {
                acc[k][o] = _mm512_fmadd_ps(lanes[o], x, acc[k][o]);
            }
        }
    }
    for (acc, sums) in acc.iter().zip(sums) {
        for o in 0..DOT_OUTPUTS {
            // SAFETY: sixteen floats.
            unsafe { _mm512_storeu_ps(sums[o].as_mut_ptr(), acc[o]) };
        }
    }
}
