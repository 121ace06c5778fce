//! 3 × 3 convolutions of stride 1 by Winograd's F(2 × 2, 3 × 3) (Lavin & Gray 2016, arXiv:1509.09308): 16 products for four
//! outputs instead of 36.
//!
//! In integers it is exact. The paper's matrix for weights has halves; here they are multiplied by 2, once for each direction,
//! so that sums come out four times too large, and are divided. Transformed inputs need 10 bits, transformed weights 12. Sums
//! on the way may wrap around; the last ones fit into 32 bits.
//!
//! One instruction multiplies half as many integers of 16 bits as of 8, so this pays where the machine has no instruction of
//! its own for products of bytes (`Kernel::prefers_winograd`).

use super::arithmetic::{BLOCK, GROUP, GROUP_STRIDE, MAX_ACTIVATION};
use super::map::Map;
use super::packed::Packed;

/// Pixels of a tile along one side: its two outputs and their neighbours.
const SIDE: usize = 4;
/// Places of a transformed tile.
const PLACES: usize = SIDE * SIDE;
/// Channels that are transformed together.
const LANES: usize = 8;
/// Neighbouring inputs that one instruction multiplies and adds.
const PAIR: usize = 2;
/// Transformed tiles of so many bytes stay in the second-level cache while all weights are read; with four times as many, the
/// layers of few channels take a tenth longer.
const CHUNK_BYTES: usize = 96 << 10;

/// The most inputs whose sums fit into 32 bits, four times too large as they are.
const MAX_DEPTH: usize = i32::MAX as usize / (4 * 9 * 127 * MAX_ACTIVATION as usize);

/// One way to multiply 16-bit integers.
pub(super) trait WideArithmetic {
    /// `sums[t][l] = Σ_k x[t · depth + k] · w[k / 2][l][k % 2]`, k below `depth`, for all rows of `sums`.
    ///
    /// # Safety
    /// `sums` has an even number of rows, `x` holds `depth` integers for each, `w` holds `depth · BLOCK`, `depth` is even, and the
    /// machine has the instructions.
    unsafe fn products(x: &[i16], depth: usize, w: &[i16], sums: &mut [[i32; BLOCK]]);
}

/// The reference, in plain Rust.
impl WideArithmetic for super::portable::Portable {
    unsafe fn products(x: &[i16], depth: usize, w: &[i16], sums: &mut [[i32; BLOCK]]) {
        for (sums, x) in sums.iter_mut().zip(x.chunks_exact(depth)) {
            *sums = [0; BLOCK];
            for (x, w) in x.as_chunks::<PAIR>().0.iter().zip(w.as_chunks::<{ BLOCK * PAIR }>().0) {
                for (sum, w) in sums.iter_mut().zip(w.as_chunks::<PAIR>().0) {
                    let products = x.iter().zip(w).map(|(x, w)| i32::from(*x) * i32::from(*w));
                    *sum = products.fold(*sum, i32::wrapping_add);
                }
            }
        }
    }
}

/// Transformed weights, as `[block of 16 outputs][place][pair of inputs][16 outputs][2 inputs]`.
#[derive(Clone, Debug)]
pub(super) struct Winograd {
    depth: usize,
    values: Vec<i16>,
}

impl Winograd {
    /// None if these are not the weights of a 3 × 3 convolution whose inputs are whole vectors, or if its sums do not fit.
    pub(super) fn new(weights: &Packed) -> Option<Self> {
        let depth = weights.n_in();
        if weights.taps() != 9 || !depth.is_multiple_of(LANES) || depth > MAX_DEPTH {
            return None;
        }
        let of_tap = depth * BLOCK;
        let mut values = vec![0; weights.n_out().next_multiple_of(BLOCK) * depth * PLACES];
        for (block, values) in weights.blocks().zip(values.chunks_exact_mut((of_tap * PLACES).max(1))) {
            for at in (0..of_tap).step_by(GROUP_STRIDE) {
                let taps = core::array::from_fn(|tap| &block[tap * of_tap + at..][..GROUP_STRIDE]);
                for (place, transformed) in transformed_weights(taps).iter().enumerate() {
                    let values = &mut values[place * of_tap + at..][..GROUP_STRIDE];
                    for (i, weight) in transformed.iter().enumerate() {
                        let (out, pair, of_pair) = (i / GROUP, i % GROUP / PAIR, i % PAIR);
                        values[(pair * BLOCK + out) * PAIR + of_pair] = *weight;
                    }
                }
            }
        }
        Some(Self { depth, values })
    }

    /// Computes the sums of all pixels of `x` with each block of weights and calls `finish(pixel, block, sums)`.
    pub(super) fn for_each_sum<A: WideArithmetic>(&self, x: &Map, mut finish: impl FnMut(usize, usize, &[i32; BLOCK])) {
        let depth = self.depth;
        assert_eq!(x.channels, depth, "the map has the channels that the convolution reads");
        let tiles: Vec<(usize, usize)> =
            (0..x.height).step_by(2).flat_map(|row| (0..x.width).step_by(2).map(move |col| (row, col))).collect();
        let in_chunk = (CHUNK_BYTES / (PLACES * depth * size_of::<i16>())).max(1).min(tiles.len()).next_multiple_of(2);
        let mut inputs = vec![0; PLACES * in_chunk * depth];
        let mut sums = vec![[0; BLOCK]; PLACES * in_chunk];
        for tiles in tiles.chunks(in_chunk) {
            for (t, tile) in tiles.iter().enumerate() {
                transform_inputs(x, *tile, &mut inputs[t * depth..], in_chunk * depth);
            }
            let n = tiles.len().next_multiple_of(2);
            for (block, weights) in self.values.chunks_exact(PLACES * depth * BLOCK).enumerate() {
                let of_place = inputs.chunks_exact(in_chunk * depth).zip(weights.chunks_exact(depth * BLOCK));
                for ((inputs, weights), sums) in of_place.zip(sums.chunks_exact_mut(in_chunk)) {
                    // SAFETY: `n` is even and at most `in_chunk`, which `inputs` has rows for; a place has depth · BLOCK weights;
                    // the caller has chosen instructions that the machine has.
                    unsafe { A::products(&inputs[..n * depth], depth, weights, &mut sums[..n]) };
                }
                for (t, (row, col)) in tiles.iter().enumerate() {
                    let outputs = transformed_outputs(core::array::from_fn(|place| &sums[place * in_chunk + t]));
                    for (i, output) in outputs.iter().enumerate() {
                        let (row, col) = (row + i / 2, col + i % 2);
                        if row < x.height && col < x.width {
                            finish(row * x.width + col, block, output);
                        }
                    }
                }
            }
        }
    }
}

/// `G g Gᵀ` of the paper, four times: of 64 weights at once, which lie side by side in each tap.
fn transformed_weights(taps: [&[i8]; 9]) -> [[i16; GROUP_STRIDE]; PLACES] {
    /// One direction, twice.
    fn line([a, b, c]: [i16; 3]) -> [i16; SIDE] {
        [2 * a, a + b + c, a - b + c, 2 * c]
    }
    let mut transformed = [[0; GROUP_STRIDE]; PLACES];
    for lane in 0..GROUP_STRIDE {
        let columns: [[i16; SIDE]; 3] =
            core::array::from_fn(|col| line(core::array::from_fn(|row| i16::from(taps[row * 3 + col][lane]))));
        for row in 0..SIDE {
            for (col, value) in line(core::array::from_fn(|col| columns[col][row])).into_iter().enumerate() {
                transformed[row * SIDE + col][lane] = value;
            }
        }
    }
    transformed
}

/// `Bᵀ d B` of the paper: the tile whose first output is `(row, col)`. Each place's channels go to `out[place · step..]`.
fn transform_inputs(x: &Map, (row, col): (usize, usize), out: &mut [i16], step: usize) {
    let (stride, border) = (x.stride(), x.border());
    let starts: [usize; PLACES] = core::array::from_fn(|i| {
        // Above and left of the image these wrap around to more than its size.
        let (y, x_) = ((row + i / SIDE).wrapping_sub(1), (col + i % SIDE).wrapping_sub(1));
        if y < x.height && x_ < x.width { (y * x.width + x_) * stride } else { border }
    });
    for c in (0..stride).step_by(LANES) {
        let mut tile = [[0i16; LANES]; PLACES];
        for (pixel, start) in tile.iter_mut().zip(starts) {
            for (value, byte) in pixel.iter_mut().zip(&x.bytes[start + c..][..LANES]) {
                *value = i16::from(*byte);
            }
        }
        for i in 0..SIDE {
            input_line(&mut tile, i, SIDE);
        }
        for i in 0..SIDE {
            input_line(&mut tile, i * SIDE, 1);
        }
        for (place, values) in tile.iter().enumerate() {
            out[place * step + c..][..LANES].copy_from_slice(values);
        }
    }
}

/// One direction of the inputs' transform: of the four places from `first` on.
#[inline(always)]
fn input_line(tile: &mut [[i16; LANES]; PLACES], first: usize, step: usize) {
    let [a, b, c, d] = core::array::from_fn(|i| tile[first + i * step]);
    tile[first] = core::array::from_fn(|lane| a[lane] - c[lane]);
    tile[first + step] = core::array::from_fn(|lane| b[lane] + c[lane]);
    tile[first + 2 * step] = core::array::from_fn(|lane| c[lane] - b[lane]);
    tile[first + 3 * step] = core::array::from_fn(|lane| b[lane] - d[lane]);
}

/// `Aᵀ m A` of the paper: the sums of a tile's four outputs, row by row.
#[inline(always)]
fn transformed_outputs(places: [&[i32; BLOCK]; PLACES]) -> [[i32; BLOCK]; 4] {
    let mut halves = [[0; BLOCK]; 2 * SIDE];
    for col in 0..SIDE {
        for lane in 0..BLOCK {
            let [a, b, c, d] = core::array::from_fn(|row| places[row * SIDE + col][lane]);
            halves[col][lane] = a.wrapping_add(b).wrapping_add(c);
            halves[SIDE + col][lane] = b.wrapping_sub(c).wrapping_sub(d);
        }
    }
    let mut outputs = [[0; BLOCK]; 4];
    for (i, outputs) in outputs.chunks_exact_mut(2).enumerate() {
        for lane in 0..BLOCK {
            let [a, b, c, d] = core::array::from_fn(|col| halves[i * SIDE + col][lane]);
            // Exact: see the module's documentation.
            outputs[0][lane] = a.wrapping_add(b).wrapping_add(c) >> 2;
            outputs[1][lane] = b.wrapping_sub(c).wrapping_sub(d) >> 2;
        }
    }
    outputs
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::kernel::{Kernel, Offsets};
    use crate::kernels::portable::Portable;

    /// Bytes without order, with every extreme.
    fn noise(n: usize) -> impl Iterator<Item = u8> {
        (0..n).map(|i| (i * i * 31 + i * 17) as u8)
    }

    fn packed(n_out: usize, n_in: usize, taps: usize) -> Packed {
        let values: Vec<i8> = noise(n_out * n_in * taps).map(|b| (b as i8).max(-127)).collect();
        Packed::new(&values, n_out, n_in, taps)
    }

    /// The sums of all pixels, tap by tap.
    fn tap_by_tap(x: &Map, weights: &Packed) -> Vec<(usize, usize, [i32; BLOCK])> {
        let mut starts = Vec::new();
        for pixel in 0..x.height * x.width {
            for tap in 0..9 {
                let (y, x_) =
                    ((pixel / x.width + tap / 3).wrapping_sub(1), (pixel % x.width + tap % 3).wrapping_sub(1));
                let is_inside = y < x.height && x_ < x.width;
                starts.push(if is_inside { (y * x.width + x_) * x.stride() } else { x.border() } as u32);
            }
        }
        let mut sums = Vec::new();
        let (table, range) = (Offsets { starts, taps: 9 }, 0..x.height * x.width);
        Kernel::Portable.for_each_sum(&x.bytes, &table, (weights, 0..weights.n_blocks()), range, |pixel, block, s| {
            sums.push((pixel, block, *s))
        });
        sums.sort_unstable();
        sums
    }

    #[test]
    fn the_sums_are_those_of_the_taps() {
        for (n_out, n_in, height, width) in
            [(16, 8, 4, 4), (20, 64, 7, 5), (5, 16, 1, 1), (33, 512, 2, 3), (7, 24, 9, 2)]
        {
            let values: Vec<f32> = noise(n_in * height * width).map(|b| f32::from(b % 128)).collect();
            let x = Map::quantize(&values, (height, width), &vec![1.; n_in].into());
            let weights = packed(n_out, n_in, 9);
            let mut sums = Vec::new();
            let winograd = Winograd::new(&weights).unwrap();
            winograd.for_each_sum::<Portable>(&x, |pixel, block, s| sums.push((pixel, block, *s)));
            sums.sort_unstable();
            assert_eq!(sums, tap_by_tap(&x, &weights), "{n_in} → {n_out}, {height} × {width}");
        }
    }

    #[test]
    fn the_largest_weights_and_activations_fit() {
        let weights = Packed::new(&vec![-127; MAX_DEPTH / LANES * LANES * 9], 1, MAX_DEPTH / LANES * LANES, 9);
        let n = weights.n_in();
        let x = Map::quantize(&vec![127.; n * 16], (4, 4), &vec![1.; n].into());
        let mut of_middle = 0;
        let winograd = Winograd::new(&weights).unwrap();
        winograd.for_each_sum::<Portable>(&x, |pixel, _, sums| {
            if pixel == 5 {
                of_middle = sums[0]
            }
        });
        assert_eq!(of_middle, -(n as i32) * 9 * 127 * 127);
    }

    #[test]
    fn other_convolutions_are_left_alone() {
        assert!(Winograd::new(&packed(4, 8, 1)).is_none(), "no 3 × 3");
        assert!(Winograd::new(&packed(4, 12, 9)).is_none(), "no whole vectors of inputs");
        assert!(Winograd::new(&packed(1, 4096, 9)).is_none(), "sums of more than 32 bits");
    }
}
