//! Integer arithmetic of quantized layers: 8-bit weights times 7-bit activations, summed in 32 bits. Every target
//! computes the *same integers*. Knows bytes; knows no tensor, no model and no file.
//!
//! Activations are 0…127: wasm's relaxed dot product is deterministic only while one side has seven bits, and x86's
//! `pmaddubsw` adds two products in 16 bits without saturation only then (2 · 127 · 127 < 2¹⁵). Floating-point steps
//! (scale, bias, rounding) are single IEEE operations in a fixed order, so they too are the same everywhere.
//!
//! A convolution runs over the pixels' channels where they lie (channels last): a table names, for each output pixel and
//! each tap of the kernel, where its channels begin; no patch matrix is built. A fully connected layer is a convolution
//! with one tap.
//!
//! # How fast
//!
//! Giga-operations per second of each convolution of CLIP's RN50 at 224 px, one thread, on two shared cores of an Intel Xeon
//! with AVX-512 VNNI in Chromium 156 (`make bench`, medians) and natively (`RAYON_NUM_THREADS=1 cargo bench
//! --features train --profile dev --bench kernels`); the rates of different columns come from different minutes of a
//! machine that others used as well.
//!
//! | convolution | times | relaxed-simd | simd128 | avx2 | avx512-vnni |
//! |---|---|---|---|---|---|
//! | stem 3×3, 32 → 32, 112² | 1 | 51 | 25 | 58 | 76 |
//! | stem 3×3, 32 → 64, 112² | 1 | 51 | 40 | 51 | 71 |
//! | layer1 1×1, 64 → 64, 56² | 1 | 51 | 37 | 44 | 52 |
//! | layer1 3×3, 64 → 64, 56² | 3 | 70 | 46 | 67 | 98 |
//! | layer1 1×1, 64 → 256, 56² | 4 | 37 | 35 | 48 | 67 |
//! | layer1 1×1, 256 → 64, 56² | 2 | 60 | 45 | 67 | 92 |
//! | layer2 1×1, 256 → 128, 56² | 1 | 73 | 45 | 55 | 90 |
//! | layer2 3×3, 128 → 128, 56² | 1 | 85 | 47 | 74 | 107 |
//! | layer2 3×3, 128 → 128, 28² | 3 | 72 | 31 | 71 | 119 |
//! | layer2 1×1, 128 → 512, 28² | 4 | 64 | 41 | 62 | 89 |
//! | layer2 1×1, 256 → 512, 28² | 1 | 71 | 45 | 66 | 104 |
//! | layer2 1×1, 512 → 128, 28² | 3 | 86 | 35 | 73 | 112 |
//! | layer3 1×1, 512 → 256, 28² | 1 | 79 | 46 | 68 | 113 |
//! | layer3 3×3, 256 → 256, 28² | 1 | 87 | 48 | 76 | 124 |
//! | layer3 3×3, 256 → 256, 14² | 5 | 89 | 48 | 68 | 119 |
//! | layer3 1×1, 256 → 1024, 14² | 6 | 79 | 45 | 66 | 103 |
//! | layer3 1×1, 512 → 1024, 14² | 1 | 82 | 41 | 68 | 113 |
//! | layer3 1×1, 1024 → 256, 14² | 5 | 86 | 49 | 70 | 107 |
//! | layer4 1×1, 1024 → 512, 14² | 1 | 86 | 48 | 74 | 115 |
//! | layer4 3×3, 512 → 512, 14² | 1 | 76 | 47 | 76 | 122 |
//! | layer4 3×3, 512 → 512, 7² | 2 | 59 | 46 | 72 | 108 |
//! | layer4 1×1, 512 → 2048, 7² | 3 | 57 | 45 | 66 | 101 |
//! | layer4 1×1, 1024 → 2048, 7² | 1 | 57 | 43 | 70 | 105 |
//! | layer4 1×1, 2048 → 512, 7² | 2 | 64 | 45 | 73 | 92 |
//!
//! What limits them, judging by the rates: the multiplications themselves where there are many inputs (3 × 3, and 1 × 1
//! from 256 channels on); what is done once for each output (scale, bias, rounding, storing) where there are few (64 → 256,
//! the stem); at 7² the weights, which come from the third-level cache for 49 pixels only. `simd128` needs two
//! instructions and widened operands for eight products, `relaxed-simd` one (or the three that V8 makes of it) for sixteen.

mod conv;
mod map;
mod matmul;
mod packed;
mod pixels;
mod portable;
#[cfg(target_arch = "wasm32")]
mod wasm;
#[cfg(target_arch = "x86_64")]
mod x86;

pub use conv::{Conv, convolve, convolve_add, convolve_to_floats};
pub use map::{Floats, Map};
pub use matmul::{matmul, matmul_transposed};
pub use packed::Packed;
pub use pixels::PixelConv;

/// The largest activation: seven bits.
pub const MAX_ACTIVATION: u8 = 127;
/// Output channels that are computed together: a packed block.
const BLOCK: usize = 16;
/// Neighbouring input channels that one instruction multiplies and adds.
const GROUP: usize = 4;

/// One way to multiply and add; see [`Kernel`].
trait Arithmetic {
    /// Pixels that are computed together.
    const PIXELS: usize;

    /// `sums[p][l] = Σ_tap Σ_k x[offsets[tap · PIXELS + p] + k] · w[tap][k / 4][l][k % 4]`, k below `depth`.
    ///
    /// # Safety
    /// `offset + depth ≤ x.len()` for each offset, `depth % GROUP == 0`, `w` holds `offsets.len() / PIXELS · depth ·
    /// BLOCK` bytes, `sums` holds `PIXELS` rows, and the machine has the instructions.
    unsafe fn tile(x: &[u8], offsets: &[u32], depth: usize, w: &[i8], sums: &mut [[i32; BLOCK]]);
}

/// Which instructions multiply and add.
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
    /// All that this machine can run, the fastest last.
    pub fn available() -> Vec<Self> {
        #[allow(unused_mut, reason = "some targets have no other")]
        let mut kernels = vec![Self::Portable];
        #[cfg(target_arch = "x86_64")]
        {
            if is_x86_feature_detected!("avx2") {
                kernels.push(Self::Avx2);
            }
            if is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512vnni") {
                kernels.push(Self::Avx512Vnni);
            }
        }
        #[cfg(target_arch = "wasm32")]
        kernels.push(Self::Simd128);
        #[cfg(all(target_arch = "wasm32", feature = "relaxed"))]
        kernels.push(Self::Relaxed);
        kernels
    }

    /// The fastest that this machine can run.
    pub fn best() -> Self {
        Self::available().last().copied().unwrap_or(Self::Portable)
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

    /// Sums of the pixels in `range` with each block of `weights`, handed to `finish(pixel, block, sums)`; `table` says where
    /// a pixel's channels begin in `x`.
    fn for_each_sum(
        self,
        x: &[u8],
        table: &Offsets,
        weights: &Packed,
        range: std::ops::Range<usize>,
        finish: impl FnMut(usize, usize, &[i32; BLOCK]),
    ) {
        match self {
            Self::Portable => run::<portable::Portable>(x, table, weights, range, finish),
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => run::<x86::Avx2>(x, table, weights, range, finish),
            #[cfg(target_arch = "x86_64")]
            Self::Avx512Vnni => run::<x86::Avx512Vnni>(x, table, weights, range, finish),
            #[cfg(target_arch = "wasm32")]
            Self::Simd128 => run::<wasm::Simd128>(x, table, weights, range, finish),
            #[cfg(all(target_arch = "wasm32", feature = "relaxed"))]
            Self::Relaxed => run::<wasm::Relaxed>(x, table, weights, range, finish),
        }
    }
}

/// Pixels of a convolution's output along one side; padded so that stride 1 keeps the size.
fn size_out(n: usize, kernel: usize, stride: usize) -> usize {
    (n + 2 * (kernel / 2)).saturating_sub(kernel) / stride + 1
}

/// Where the channels of each output pixel begin, tap by tap.
struct Offsets {
    /// `[pixel][tap]`.
    starts: Vec<u32>,
    taps: usize,
}

/// Weights first: a block of them stays in the first cache while the pixels go by.
fn run<A: Arithmetic>(
    x: &[u8],
    table: &Offsets,
    weights: &Packed,
    range: std::ops::Range<usize>,
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
    for (block, w) in weights.blocks().enumerate() {
        for (&first, offsets) in tiles.iter().zip(offsets.chunks_exact(taps * A::PIXELS)) {
            // SAFETY: the offsets are in range (asserted above), a block holds taps · depth · BLOCK weights and `sums`
            // PIXELS rows; `Kernel::available` offers no kernel whose instructions are missing.
            unsafe { A::tile(x, offsets, depth, w, sums) };
            for (p, sums) in sums.iter().enumerate().take(range.end - first) {
                finish(first + p, block, sums);
            }
        }
    }
}
