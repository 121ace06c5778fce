//! Integer arithmetic of quantized layers: 8-bit weights times 7-bit activations, summed in 32 bits. Every target computes
//! the *same integers*. Knows bytes; knows no tensor, no model and no file.
//!
//! Written by hand: candle has no quantized convolution, and its quantized matrix product is slower in wasm than its float
//! one (about 6 against 13 GFLOP/s; these kernels reach 55 to 85 GOP/s).
//!
//! Activations are 0…127: wasm's relaxed dot product is deterministic only if one side has seven bits, and x86's
//! `pmaddubsw` adds two products in 16 bits without saturation only then (2 · 127 · 127 < 2¹⁵). Floating-point
//! operations (scale, bias, rounding) are single IEEE operations in a fixed order, so they too are the same everywhere.
//!
//! A convolution reads the pixels' channels in place (channels last): for each output pixel and each tap of the kernel, a
//! table holds the offset of the channels. No patch matrix is built. A fully connected layer is a convolution with one tap.
//!
//! Where a browser has no instruction for products of bytes, 3 × 3 convolutions of stride 1 are computed by Winograd's algorithm
//! (`winograd`), in integers too and to the same sums, with four ninths of the products.
//!
//! # How fast
//!
//! Giga-operations per second of each convolution of CLIP's RN50 at 224 px, one thread, on two shared cores of an Intel Xeon
//! with AVX-512 VNNI in Chromium 156 (`make bench`, medians) and natively (`RAYON_NUM_THREADS=1 cargo bench
//! --features train --profile dev --bench kernels`); the columns were measured at different times on a machine that
//! had other load, before outputs were written in whole vectors of channels, and before Winograd's algorithm, so that `simd128`
//! is faster today where kernels are 3 × 3.
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
//! What limits them, judging by the rates: the multiplications where there are many inputs (3 × 3, and 1 × 1 from 256
//! channels on); the work per output (scale, bias, rounding, storing) where there are few (64 → 256, the stem); at 7² the
//! weights, which are loaded from the third-level cache for 49 pixels only. `simd128` needs two instructions and widened
//! operands for eight products, `relaxed-simd` one or three for sixteen.

mod arithmetic;
mod block;
mod conv;
mod kernel;
mod map;
mod matmul;
mod packed;
mod pixels;
mod portable;
#[cfg(target_arch = "wasm32")]
mod wasm;
mod winograd;
#[cfg(target_arch = "x86_64")]
mod x86;

pub use arithmetic::{MAX_ACTIVATION, ROUNDER};
pub use conv::{Conv, convolve, convolve_add, convolve_to_floats};
pub use kernel::Kernel;
pub use map::{Floats, Map};
pub use matmul::{matmul, matmul_dequantized, matmul_transposed};
pub use packed::Packed;
pub use pixels::PixelConv;
