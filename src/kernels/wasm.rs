//! The arithmetic with wasm's vector instructions.

use core::arch::wasm32::*;

use super::arithmetic::{Arithmetic, BLOCK, GROUP, GROUP_STRIDE, MAX_ACTIVATION, ROUNDER};
use super::winograd::WideArithmetic;

/// Two pixels times eight or sixteen outputs: eight running sums, which leave registers for the operands.
const P: usize = 2;

/// Four neighbouring channels, four times. Arrays are indexed and borrowed here, never mapped or moved: the code that drops
/// them is not inlined in incremental builds, and the running sums would be kept in memory.
///
/// # Safety
/// `start + k + 4` is within what `x` points into.
#[inline(always)]
unsafe fn group(x: *const u8, start: u32, k: usize) -> v128 {
    // SAFETY: as the caller promises.
    unsafe { v128_load32_splat(x.add(start as usize + k).cast()) }
}

/// The same in 16 bits, twice.
///
/// # Safety
/// As for [`group`].
#[inline(always)]
unsafe fn widened(x: *const u8, start: u32, k: usize) -> v128 {
    // SAFETY: as the caller promises.
    u16x8_extend_low_u8x16(unsafe { group(x, start, k) })
}

/// Products of 16-bit integers (`i32x4.dot_i16x8_s`): both sides are widened first.
pub(super) struct Simd128;

impl Arithmetic for Simd128 {
    const PIXELS: usize = P;

    unsafe fn tile(x: &[u8], offsets: &[u32], depth: usize, w: &[i8], sums: &mut [[i32; BLOCK]]) {
        let x = x.as_ptr();
        // A running sum holds two outputs as two halves each, so eight outputs at a time fill the registers.
        for half in 0..2 {
            let mut acc = [[i32x4_splat(0); 4]; P];
            let mut w = w.as_ptr().wrapping_add(half * GROUP_STRIDE / 2);
            for starts in offsets.as_chunks::<P>().0 {
                for k in (0..depth).step_by(GROUP) {
                    // SAFETY: x is read within `start + depth`.
                    let a = unsafe { [widened(x, starts[0], k), widened(x, starts[1], k)] };
                    for j in 0..4 {
                        // SAFETY: `w` points to a group of a block: GROUP_STRIDE bytes, of which this half begins at most at GROUP_STRIDE / 2.
                        let weights = unsafe { i16x8_load_extend_i8x8(w.add(8 * j)) };
                        for (acc, a) in acc.iter_mut().zip(&a) {
                            acc[j] = i32x4_add(acc[j], i32x4_dot_i16x8(weights, *a));
                        }
                    }
                    w = w.wrapping_add(GROUP_STRIDE);
                }
            }
            for (acc, sums) in acc.iter().zip(sums.iter_mut()) {
                for j in 0..2 {
                    let (a, b) = (acc[2 * j], acc[2 * j + 1]);
                    let sum = i32x4_add(i32x4_shuffle::<0, 2, 4, 6>(a, b), i32x4_shuffle::<1, 3, 5, 7>(a, b));
                    // SAFETY: a row of sums holds 16 integers of 32 bits.
                    unsafe { v128_store(sums.as_mut_ptr().add(half * 8 + j * 4).cast(), sum) };
                }
            }
        }
    }
}

impl WideArithmetic for Simd128 {
    unsafe fn products(x: &[i16], depth: usize, w: &[i16], sums: &mut [[i32; BLOCK]]) {
        let w = w.as_ptr();
        for (x, sums) in x.chunks_exact(P * depth).zip(sums.chunks_exact_mut(P)) {
            let mut acc = [[i32x4_splat(0); 4]; P];
            let x = x.as_ptr();
            for k in (0..depth).step_by(2) {
                // SAFETY: `x` holds P rows of `depth` integers, and `depth` is even.
                let a = unsafe { [v128_load32_splat(x.add(k).cast()), v128_load32_splat(x.add(depth + k).cast())] };
                for j in 0..4 {
                    // SAFETY: `w` holds `depth · BLOCK` integers, a pair of inputs 2 · BLOCK of them.
                    let weights = unsafe { v128_load(w.add(k * BLOCK + 8 * j).cast()) };
                    for (acc, a) in acc.iter_mut().zip(&a) {
                        acc[j] = i32x4_add(acc[j], i32x4_dot_i16x8(weights, *a));
                    }
                }
            }
            for (acc, sums) in acc.iter().zip(sums) {
                for (j, acc) in acc.iter().enumerate() {
                    // SAFETY: a row of sums holds 16 integers of 32 bits.
                    unsafe { v128_store(sums.as_mut_ptr().add(4 * j).cast(), *acc) };
                }
            }
        }
    }
}

/// Products of 8-bit integers, by one instruction (`i32x4.relaxed_dot_i8x16_i7x16_add_s`) or by the three that it stands for.
/// Engines that must take three for the one make their constant anew each time, which a loop over them can keep.
#[cfg(feature = "relaxed")]
pub(super) struct Relaxed<const AT_ONCE: bool>;

#[cfg(feature = "relaxed")]
impl<const AT_ONCE: bool> Arithmetic for Relaxed<AT_ONCE> {
    const PIXELS: usize = P;

    unsafe fn tile(x: &[u8], offsets: &[u32], depth: usize, w: &[i8], sums: &mut [[i32; BLOCK]]) {
        // SAFETY: the caller promises what `tile` asks for.
        unsafe { relaxed::<AT_ONCE>(x, offsets, depth, w, sums) }
    }
}

/// # Safety
/// As for [`Arithmetic::tile`]; the browser knows relaxed SIMD.
#[cfg(feature = "relaxed")]
#[target_feature(enable = "relaxed-simd")]
unsafe fn relaxed<const AT_ONCE: bool>(x: &[u8], offsets: &[u32], depth: usize, w: &[i8], sums: &mut [[i32; BLOCK]]) {
    let mut acc = [[i32x4_splat(0); 4]; P];
    let (x, mut w) = (x.as_ptr(), w.as_ptr());
    for starts in offsets.as_chunks::<P>().0 {
        for k in (0..depth).step_by(GROUP) {
            // SAFETY: x is read within `start + depth`.
            let a = unsafe { [group(x, starts[0], k), group(x, starts[1], k)] };
            for j in 0..4 {
                // SAFETY: `w` points to a group of a block: GROUP_STRIDE bytes.
                let weights = unsafe { v128_load(w.add(16 * j).cast()) };
                for (acc, a) in acc.iter_mut().zip(&a) {
                    acc[j] = add_products::<AT_ONCE>(weights, *a, acc[j]);
                }
            }
            w = w.wrapping_add(GROUP_STRIDE);
        }
    }
    for (acc, sums) in acc.iter().zip(sums) {
        for (j, acc) in acc.iter().enumerate() {
            // SAFETY: a row of sums holds 16 integers of 32 bits.
            unsafe { v128_store(sums.as_mut_ptr().add(4 * j).cast(), *acc) };
        }
    }
}

/// Four sums of four products each, added to `sums`. Pairs of products fit 16 bits: weights are at least -127 and activations at
/// most 127.
#[cfg(feature = "relaxed")]
#[inline]
#[target_feature(enable = "relaxed-simd")]
fn add_products<const AT_ONCE: bool>(weights: v128, activations: v128, sums: v128) -> v128 {
    if AT_ONCE {
        i32x4_relaxed_dot_i8x16_i7x16_add(weights, activations, sums)
    } else {
        let pairs = i16x8_relaxed_dot_i8x16_i7x16(weights, activations);
        i32x4_add(sums, i32x4_dot_i16x8(pairs, i16x8_splat(1)))
    }
}

/// Whether the machine has one instruction for what [`relaxed`] multiplies and adds: ARM has (`sdot`), and x86 with AVX-VNNI
/// (`vpdpbusd`).
///
/// The specification leaves open whether a factor with its eighth bit set is negative, and whether sums of two products
/// saturate at 16 bits. Only engines that take two instructions (`vpmaddubsw`, `vpmaddwd`) do the latter.
#[cfg(feature = "relaxed")]
#[target_feature(enable = "relaxed-simd")]
pub(super) fn multiplies_bytes_at_once() -> bool {
    let [a, b] = std::hint::black_box([i8x16_splat(127), i8x16_splat(-1)]);
    let saturated = 2 * i32::from(i16::MAX);
    i32x4_extract_lane::<0>(i32x4_relaxed_dot_i8x16_i7x16_add(a, b, i32x4_splat(0))) != saturated
}

/// Floats, or integers of 32 bits, of a block that one vector holds.
const FLOATS: usize = 4;

/// The `i`-th vector of a block.
#[inline(always)]
fn vector(block: &[f32; BLOCK], i: usize) -> v128 {
    // SAFETY: a block holds BLOCK / FLOATS vectors, and `block[i * FLOATS]` is the first of FLOATS floats.
    unsafe { v128_load(block[i * FLOATS..][..FLOATS].as_ptr().cast()) }
}

/// The same of integers.
#[inline(always)]
fn integers(block: &[i32; BLOCK], i: usize) -> v128 {
    // SAFETY: as in `vector`.
    unsafe { v128_load(block[i * FLOATS..][..FLOATS].as_ptr().cast()) }
}

/// Four vectors as a block of floats.
#[inline(always)]
fn block(vectors: [v128; BLOCK / FLOATS]) -> [f32; BLOCK] {
    let mut block = [0.; BLOCK];
    for (place, vector) in block.as_chunks_mut::<FLOATS>().0.iter_mut().zip(vectors) {
        // SAFETY: the place holds FLOATS floats.
        unsafe { v128_store(place.as_mut_ptr().cast(), vector) };
    }
    block
}

/// `sum · scale + bias`.
#[inline(always)]
pub(super) fn scale(sums: &[i32; BLOCK], scales: &[f32; BLOCK], bias: &[f32; BLOCK]) -> [f32; BLOCK] {
    block(core::array::from_fn(|i| {
        f32x4_add(f32x4_mul(f32x4_convert_i32x4(integers(sums, i)), vector(scales, i)), vector(bias, i))
    }))
}

/// `max(0, value + identity)`.
#[inline(always)]
pub(super) fn add_relu(values: &[f32; BLOCK], identity: &[f32; BLOCK]) -> [f32; BLOCK] {
    block(core::array::from_fn(|i| f32x4_pmax(f32x4_add(vector(values, i), vector(identity, i)), f32x4_splat(0.))))
}

/// `onto + (sum - zero · ones) · (scale · weight_scale)`.
#[inline(always)]
pub(super) fn add_dequantized(
    onto: &[f32; BLOCK],
    sums: &[i32; BLOCK],
    ones: &[i32; BLOCK],
    weight_scales: &[f32; BLOCK],
    (scale, zero): (f32, i32),
) -> [f32; BLOCK] {
    block(core::array::from_fn(|i| {
        let sum = i32x4_sub(integers(sums, i), i32x4_mul(i32x4_splat(zero), integers(ones, i)));
        let value = f32x4_mul(f32x4_convert_i32x4(sum), f32x4_mul(f32x4_splat(scale), vector(weight_scales, i)));
        f32x4_add(vector(onto, i), value)
    }))
}

/// The nearest whole numbers of 0…127 to `value · inverse`.
#[inline(always)]
pub(super) fn round(values: &[f32; BLOCK], inverses: &[f32; BLOCK]) -> [u8; BLOCK] {
    let [a, b, c, d] = core::array::from_fn(|i| {
        let value = f32x4_mul(vector(values, i), vector(inverses, i));
        let bounded = f32x4_pmin(f32x4_pmax(value, f32x4_splat(0.)), f32x4_splat(f32::from(MAX_ACTIVATION)));
        i32x4_sub(f32x4_add(bounded, f32x4_splat(ROUNDER)), i32x4_splat(ROUNDER.to_bits() as i32))
    });
    let bytes = u8x16_narrow_i16x8(i16x8_narrow_i32x4(a, b), i16x8_narrow_i32x4(c, d));
    let mut block = [0; BLOCK];
    // SAFETY: a block of bytes is one vector.
    unsafe { v128_store(block.as_mut_ptr().cast(), bytes) };
    block
}
