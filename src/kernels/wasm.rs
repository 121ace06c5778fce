//! The arithmetic with wasm's vector instructions.

use core::arch::wasm32::*;

use super::arithmetic::{Arithmetic, BLOCK, GROUP, GROUP_STRIDE};

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

/// Products of 8-bit integers (`i32x4.relaxed_dot_i8x16_i7x16_add_s`).
#[cfg(feature = "relaxed")]
pub(super) struct Relaxed;

#[cfg(feature = "relaxed")]
impl Arithmetic for Relaxed {
    const PIXELS: usize = P;

    unsafe fn tile(x: &[u8], offsets: &[u32], depth: usize, w: &[i8], sums: &mut [[i32; BLOCK]]) {
        // SAFETY: the caller promises what `tile` asks for.
        unsafe { relaxed(x, offsets, depth, w, sums) }
    }
}

/// # Safety
/// As for [`Arithmetic::tile`]; the browser knows relaxed SIMD.
#[cfg(feature = "relaxed")]
#[target_feature(enable = "relaxed-simd")]
unsafe fn relaxed(x: &[u8], offsets: &[u32], depth: usize, w: &[i8], sums: &mut [[i32; BLOCK]]) {
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
                    acc[j] = i32x4_relaxed_dot_i8x16_i7x16_add(weights, *a, acc[j]);
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
