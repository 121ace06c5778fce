//! Integer arithmetic of quantized layers: 8-bit weights times 7-bit activations, summed in 32 bits. Every target computes
//! the *same integers*. Knows bytes; knows no tensor, no model and no file.
//!
//! Written by hand: candle has no quantized convolution, and its quantized matrix product is slower in wasm than its float
//! one (about 6 against 13 GFLOP/s; the rates of these kernels stand below).
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
//! Giga-operations per second of each convolution of CLIP's RN50 at 224 px, one thread. wasm: Chromium 156 on an AMD EPYC (family
//! 25 model 17), which has no instruction for a relaxed dot product that V8 uses, quiet (`make bench`, medians); 3 × 3 of stride 1
//! by Winograd's algorithm, where operations are those that it stands for. Natively: two shared cores of an Intel Xeon with AVX-512
//! VNNI (`RAYON_NUM_THREADS=1 cargo bench --features train --profile dev --bench kernels`), under other load, and before outputs
//! were written in whole vectors of channels.
//!
//! | convolution | times | relaxed-simd | simd128 | avx2 | avx512-vnni |
//! |---|---|---|---|---|---|
//! | stem 3×3, 32 → 32, 112² | 1 | 86 | 89 | 58 | 76 |
//! | stem 3×3, 32 → 64, 112² | 1 | 101 | 105 | 51 | 71 |
//! | layer1 1×1, 64 → 64, 56² | 1 | 51 | 29 | 44 | 52 |
//! | layer1 3×3, 64 → 64, 56² | 3 | 122 | 122 | 67 | 98 |
//! | layer1 1×1, 64 → 256, 56² | 4 | 49 | 41 | 48 | 67 |
//! | layer1 1×1, 256 → 64, 56² | 2 | 93 | 57 | 67 | 92 |
//! | layer2 1×1, 256 → 128, 56² | 1 | 89 | 57 | 55 | 90 |
//! | layer2 3×3, 128 → 128, 56² | 1 | 147 | 149 | 74 | 107 |
//! | layer2 3×3, 128 → 128, 28² | 3 | 145 | 154 | 71 | 119 |
//! | layer2 1×1, 128 → 512, 28² | 4 | 73 | 49 | 62 | 89 |
//! | layer2 1×1, 256 → 512, 28² | 1 | 89 | 56 | 66 | 104 |
//! | layer2 1×1, 512 → 128, 28² | 3 | 103 | 60 | 73 | 112 |
//! | layer3 1×1, 512 → 256, 28² | 1 | 98 | 60 | 68 | 113 |
//! | layer3 3×3, 256 → 256, 28² | 1 | 165 | 162 | 76 | 124 |
//! | layer3 3×3, 256 → 256, 14² | 5 | 165 | 165 | 68 | 119 |
//! | layer3 1×1, 256 → 1024, 14² | 6 | 86 | 57 | 66 | 103 |
//! | layer3 1×1, 512 → 1024, 14² | 1 | 98 | 60 | 68 | 113 |
//! | layer3 1×1, 1024 → 256, 14² | 5 | 103 | 64 | 70 | 107 |
//! | layer4 1×1, 1024 → 512, 14² | 1 | 103 | 62 | 74 | 115 |
//! | layer4 3×3, 512 → 512, 14² | 1 | 165 | 154 | 76 | 122 |
//! | layer4 3×3, 512 → 512, 7² | 2 | 128 | 128 | 72 | 108 |
//! | layer4 1×1, 512 → 2048, 7² | 3 | 93 | 57 | 66 | 101 |
//! | layer4 1×1, 1024 → 2048, 7² | 1 | 98 | 59 | 70 | 105 |
//! | layer4 1×1, 2048 → 512, 7² | 2 | 103 | 60 | 73 | 92 |
//!
//! The multiplications alone, without loads and stores, reach 102 and 64 GOP/s there: 1 × 1 convolutions from 256 channels on are at
//! 84 to 100 % of that, Winograd's at up to 2.6 times as much. Where there are few inputs (64 → 256) the work per output (scale, bias,
//! rounding, storing) limits them. All convolutions together take 96 and 122 ms of the image encoder's 119 and 155. `simd128` needs
//! two instructions and widened operands for eight products, `relaxed-simd` one or three for sixteen.

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
