//! The choice of instructions, and the loop over pixels and weights.

use std::ops::Range;

use super::arithmetic::{Arithmetic, BLOCK};
use super::map::Map;
use super::packed::Packed;
use super::portable;
#[cfg(target_arch = "wasm32")]
use super::wasm;
use super::winograd::Winograd;
#[cfg(target_arch = "x86_64")]
use super::x86;

/// The instructions that multiply and add.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kernel {
    /// Plain Rust.
    Portable,
    /// x86: `vpmaddubsw` on 256 bits.
    #[cfg(target_arch = "x86_64")]
    Avx2,
    /// x86: `vpdpbusd` on 512 bits.
    #[cfg(target_arch = "x86_64")]
    Avx512Vnni,
    /// wasm: products of 16-bit integers, in every browser since 2023.
    #[cfg(target_arch = "wasm32")]
    Simd128,
    /// wasm: products of 8-bit integers, where `WebAssembly.validate` knows them.
    #[cfg(all(target_arch = "wasm32", feature = "relaxed"))]
    Relaxed,
}

impl Kernel {
    /// All kernels of this build, the fastest last.
    const ALL: &[Self] = &[
        Self::Portable,
        #[cfg(target_arch = "x86_64")]
        Self::Avx2,
        #[cfg(target_arch = "x86_64")]
        Self::Avx512Vnni,
        #[cfg(target_arch = "wasm32")]
        Self::Simd128,
        #[cfg(all(target_arch = "wasm32", feature = "relaxed"))]
        Self::Relaxed,
    ];

    /// Whether this machine has its instructions. In a browser it does once the module is loaded: one with instructions that
    /// are not known is refused whole.
    fn is_available(self) -> bool {
        match self {
            Self::Portable => true,
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => is_x86_feature_detected!("avx2"),
            #[cfg(target_arch = "x86_64")]
            Self::Avx512Vnni => is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512vnni"),
            #[cfg(target_arch = "wasm32")]
            Self::Simd128 => true,
            #[cfg(all(target_arch = "wasm32", feature = "relaxed"))]
            Self::Relaxed => true,
        }
    }

    /// All that this machine can run, the fastest last.
    pub fn available() -> Vec<Self> {
        Self::ALL.iter().copied().filter(|kernel| kernel.is_available()).collect()
    }

    /// The fastest that this machine can run.
    pub fn best() -> Self {
        Self::ALL.iter().copied().rfind(|kernel| kernel.is_available()).unwrap_or(Self::Portable)
    }

    /// Its name, for reports and benchmarks.
    pub fn name(self) -> &'static str {
        match self {
            Self::Portable => "portable",
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => "avx2",
            #[cfg(target_arch = "x86_64")]
            Self::Avx512Vnni => "avx512-vnni",
            #[cfg(target_arch = "wasm32")]
            Self::Simd128 => "simd128",
            #[cfg(all(target_arch = "wasm32", feature = "relaxed"))]
            Self::Relaxed => "relaxed-simd",
        }
    }

    /// Computes the sums of the pixels in `range` with the `blocks` of `weights` and calls `finish(pixel, block, sums)`; `table`
    /// says where a pixel's channels begin in `x`.
    pub(super) fn for_each_sum(
        self,
        x: &[u8],
        table: &Offsets,
        (weights, blocks): (&Packed, Range<usize>),
        range: Range<usize>,
        finish: impl FnMut(usize, usize, &[i32; BLOCK]),
    ) {
        assert!(self.is_available(), "this machine lacks the instructions of {}", self.name());
        match self {
            Self::Portable => run::<portable::Portable>(x, table, (weights, blocks), range, finish),
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => run::<x86::Avx2>(x, table, (weights, blocks), range, finish),
            #[cfg(target_arch = "x86_64")]
            Self::Avx512Vnni => run::<x86::Avx512Vnni>(x, table, (weights, blocks), range, finish),
            #[cfg(target_arch = "wasm32")]
            Self::Simd128 => run::<wasm::Simd128>(x, table, (weights, blocks), range, finish),
            #[cfg(all(target_arch = "wasm32", feature = "relaxed"))]
            Self::Relaxed if self.multiplies_bytes_at_once() => {
                run::<wasm::Relaxed<true>>(x, table, (weights, blocks), range, finish)
            }
            #[cfg(all(target_arch = "wasm32", feature = "relaxed"))]
            Self::Relaxed => run::<wasm::Relaxed<false>>(x, table, (weights, blocks), range, finish),
        }
    }
}

impl Kernel {
    /// Whether the machine has one instruction for sums of products of bytes.
    pub fn multiplies_bytes_at_once(self) -> bool {
        match self {
            #[cfg(target_arch = "x86_64")]
            Self::Avx512Vnni => true,
            #[cfg(all(target_arch = "wasm32", feature = "relaxed"))]
            Self::Relaxed => wasm::multiplies_bytes_at_once(),
            _ => false,
        }
    }

    /// Whether 3 × 3 convolutions of stride 1 are faster by Winograd's algorithm.
    pub(super) fn prefers_winograd(self) -> bool {
        match self {
            #[cfg(target_arch = "wasm32")]
            Self::Simd128 => true,
            #[cfg(all(target_arch = "wasm32", feature = "relaxed"))]
            Self::Relaxed => !self.multiplies_bytes_at_once(),
            _ => false,
        }
    }

    /// [`Kernel::for_each_sum`] for all pixels of `x`, by Winograd's algorithm.
    pub(super) fn for_each_sum_by_winograd(
        self,
        x: &Map,
        weights: &Winograd,
        finish: impl FnMut(usize, usize, &[i32; BLOCK]),
    ) {
        match self {
            #[cfg(target_arch = "wasm32")]
            Self::Simd128 => weights.for_each_sum::<wasm::Simd128>(x, finish),
            #[cfg(all(target_arch = "wasm32", feature = "relaxed"))]
            Self::Relaxed => weights.for_each_sum::<wasm::Simd128>(x, finish),
            _ => weights.for_each_sum::<portable::Portable>(x, finish),
        }
    }
}

/// Where the channels of each output pixel begin, tap by tap.
pub(super) struct Offsets {
    /// `[pixel][tap]`.
    pub starts: Vec<u32>,
    /// Pixels of the convolution's kernel.
    pub taps: usize,
}

/// The outer loop is over weights: a block of them stays in the first-level cache while all pixels are read.
fn run<A: Arithmetic>(
    x: &[u8],
    table: &Offsets,
    (weights, blocks): (&Packed, Range<usize>),
    range: Range<usize>,
    mut finish: impl FnMut(usize, usize, &[i32; BLOCK]),
) {
    let (taps, depth) = (table.taps, weights.depth());
    assert_eq!(taps, weights.taps(), "the table and the weights have the same taps");
    assert!(table.starts.iter().all(|start| *start as usize + depth <= x.len()), "an offset is out of range");
    let mut sums = [[0; BLOCK]; 16];
    let sums = &mut sums[..A::PIXELS];
    let tiles: Vec<usize> = range.clone().step_by(A::PIXELS).collect();
    let mut offsets = vec![0; tiles.len() * taps * A::PIXELS];
    for (&first, offsets) in tiles.iter().zip(offsets.chunks_exact_mut(taps * A::PIXELS)) {
        for tap in 0..taps {
            for p in 0..A::PIXELS {
                // A tile that reaches beyond the last pixel computes that one again.
                let pixel = (first + p).min(range.end - 1);
                offsets[tap * A::PIXELS + p] = table.starts[pixel * taps + tap];
            }
        }
    }
    for (block, w) in weights.blocks().enumerate().take(blocks.end).skip(blocks.start) {
        for (&first, offsets) in tiles.iter().zip(offsets.chunks_exact(taps * A::PIXELS)) {
            // SAFETY: the offsets are in range (asserted above), a block holds taps · depth · BLOCK weights and `sums`
            // PIXELS rows; `for_each_sum` asserts that the machine has the instructions.
            unsafe { A::tile(x, offsets, depth, w, sums) };
            for (p, sums) in sums.iter().enumerate().take(range.end - first) {
                finish(first + p, block, sums);
            }
        }
    }
}
