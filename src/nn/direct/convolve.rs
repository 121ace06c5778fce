//! The convolution itself: all tiles of an image, in an order that reads it from the cache.

use rayon::prelude::*;

use super::kernel::Kernel;
use super::plan::{Plan, SLACK};
use super::portable;
use super::tile::{LANES, Tile};
#[cfg(target_arch = "x86_64")]
use super::x86;

/// Floats of an image whose tiles are computed for all outputs before the next ones are: they stay in a core's L2 cache.
const SLAB_FLOATS: usize = 64 << 10;

/// Weights in the order in which they are read: for each few outputs, those of all of them side by side.
pub(in crate::nn) struct Packed {
    values: Vec<f32>,
    width: usize,
}

impl Packed {
    /// `weight(output, depth)`.
    pub(in crate::nn) fn new(c_out: usize, depth: usize, weight: impl Fn(usize, usize) -> f32 + Sync) -> Self {
        let width = if !c_out.is_multiple_of(8) && c_out.is_multiple_of(6) { 6 } else { 8 };
        let mut values = vec![0f32; c_out.next_multiple_of(width) * depth];
        values.par_chunks_mut(width * depth).enumerate().for_each(|(i, values)| {
            let outputs = i * width..((i + 1) * width).min(c_out);
            for (k, values) in values.chunks_exact_mut(width).enumerate() {
                values.iter_mut().zip(outputs.clone()).for_each(|(value, o)| *value = weight(o, k));
            }
        });
        Self { values, width }
    }
}

/// What follows the sum of products.
#[derive(Clone, Copy, Default)]
pub(in crate::nn) struct After<'a> {
    /// Added to each output channel.
    pub(in crate::nn) shift: Option<&'a [f32]>,
    /// Added to each output.
    pub(in crate::nn) add: Option<&'a [f32]>,
    /// Then `max(0, x)`.
    pub(in crate::nn) relu: bool,
}

/// `x` as [`Plan::padded`] gives it → `out` (c_out, h', w').
pub(in crate::nn) fn convolve(
    kernel: Kernel,
    plan: &Plan,
    x: &[f32],
    weights: &Packed,
    after: After<'_>,
    out: &mut [f32],
) {
    let (width, size_out, depth) = (weights.width, plan.size_out(), plan.depth());
    let length =
        if plan.is_pointwise() { plan.n_in() } else { plan.c_in * plan.stride * plan.stride * plan.plane + SLACK };
    assert!(x.len() >= length && out.len() == plan.n_out() && after.add.is_none_or(|add| add.len() == out.len()));
    assert!(weights.values.len() == plan.c_out.next_multiple_of(width) * depth);
    let per_tile = if width == 6 { 4 } else { 3 };
    let planes = plan.c_in * plan.stride * plan.stride;
    let per_slab = (SLAB_FLOATS / planes / LANES / per_tile).max(1) * per_tile;
    for first in (0..plan.blocks.len()).step_by(per_slab) {
        let slab = &plan.blocks[first..(first + per_slab).min(plan.blocks.len())];
        for (i, weights) in weights.values.chunks_exact(depth * width).enumerate() {
            let o = i * width;
            let n_outputs = width.min(plan.c_out - o);
            let out = &mut out[o * size_out..(o + n_outputs) * size_out];
            for (j, blocks) in slab.chunks(per_tile).enumerate() {
                let tile = Tile {
                    x: &x[(first + j * per_tile) * LANES..],
                    offsets: &plan.offsets,
                    weights,
                    blocks,
                    is_tight: plan.is_pointwise(),
                    shift: after.shift.map(|shift| &shift[o..o + n_outputs]),
                    add: after.add.map(|add| &add[o * size_out..]),
                    relu: after.relu,
                    size_out,
                    n_outputs,
                };
                match kernel {
                    // SAFETY: the machine has the instructions; the assertions above bound what a tile reads and writes.
                    #[cfg(target_arch = "x86_64")]
                    Kernel::Avx512 => unsafe { x86::tile(&tile, width, out) },
                    // SAFETY: the machine has the instructions.
                    #[cfg(target_arch = "x86_64")]
                    Kernel::Avx2 => unsafe { portable::avx2_tile(&tile, width, out) },
                    Kernel::Portable => portable::tile::<false>(&tile, width, out),
                }
            }
        }
    }
}
