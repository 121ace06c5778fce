//! The arithmetic with x86's vector instructions.

use std::arch::x86_64::*;

use super::arithmetic::{Arithmetic, BLOCK, GROUP, GROUP_STRIDE};

/// `vpmaddubsw`, `vpmaddwd`, `vpaddd`: 32 products in three instructions.
pub(super) struct Avx2;

/// `vpdpbusd`: 64 products in one instruction.
pub(super) struct Avx512Vnni;

/// Four neighbouring channels as one 32-bit integer.
///
/// # Safety
/// `at + 4 ≤` the end of what `x` points into.
unsafe fn group(x: *const u8, at: usize) -> i32 {
    // SAFETY: as the caller promises; the read may be unaligned.
    unsafe { x.add(at).cast::<i32>().read_unaligned() }
}

impl Arithmetic for Avx2 {
    const PIXELS: usize = 4;

    unsafe fn tile(x: &[u8], offsets: &[u32], depth: usize, w: &[i8], sums: &mut [[i32; BLOCK]]) {
        // SAFETY: the caller promises what `tile` asks for.
        unsafe { avx2(x, offsets, depth, w, sums) }
    }
}

/// # Safety
/// As for [`Arithmetic::tile`]; the machine has AVX2.
#[target_feature(enable = "avx2")]
unsafe fn avx2(x: &[u8], offsets: &[u32], depth: usize, w: &[i8], sums: &mut [[i32; BLOCK]]) {
    const P: usize = Avx2::PIXELS;
    let ones = _mm256_set1_epi16(1);
    let mut acc = [[_mm256_setzero_si256(); 2]; P];
    let (x, mut w) = (x.as_ptr(), w.as_ptr());
    for starts in offsets.as_chunks::<P>().0 {
        for k in (0..depth).step_by(GROUP) {
            // SAFETY: `w` advances by what a block holds; x is read within `start + depth`.
            let weights = unsafe { [_mm256_loadu_si256(w.cast()), _mm256_loadu_si256(w.add(32).cast())] };
            for (acc, start) in acc.iter_mut().zip(starts) {
                // SAFETY: x is read within `start + depth`.
                let a = _mm256_set1_epi32(unsafe { group(x, *start as usize + k) });
                for (acc, w) in acc.iter_mut().zip(&weights) {
                    let pairs = _mm256_maddubs_epi16(a, *w);
                    *acc = _mm256_add_epi32(*acc, _mm256_madd_epi16(pairs, ones));
                }
            }
            w = w.wrapping_add(GROUP_STRIDE);
        }
    }
    for (acc, sums) in acc.iter().zip(sums) {
        // SAFETY: a row of sums holds 16 integers of 32 bits.
        unsafe {
            _mm256_storeu_si256(sums.as_mut_ptr().cast(), acc[0]);
            _mm256_storeu_si256(sums.as_mut_ptr().add(8).cast(), acc[1]);
        }
    }
}

impl Arithmetic for Avx512Vnni {
    const PIXELS: usize = 8;

    unsafe fn tile(x: &[u8], offsets: &[u32], depth: usize, w: &[i8], sums: &mut [[i32; BLOCK]]) {
        // SAFETY: the caller promises what `tile` asks for.
        unsafe { avx512_vnni(x, offsets, depth, w, sums) }
    }
}

/// # Safety
/// As for [`Arithmetic::tile`]; the machine has AVX-512F and AVX-512 VNNI.
#[target_feature(enable = "avx512f,avx512vnni")]
unsafe fn avx512_vnni(x: &[u8], offsets: &[u32], depth: usize, w: &[i8], sums: &mut [[i32; BLOCK]]) {
    const P: usize = Avx512Vnni::PIXELS;
    let mut acc = [_mm512_setzero_si512(); P];
    let (x, mut w) = (x.as_ptr(), w.as_ptr());
    for starts in offsets.as_chunks::<P>().0 {
        for k in (0..depth).step_by(GROUP) {
            // SAFETY: `w` advances by what a block holds; x is read within `start + depth`.
            let weights = unsafe { _mm512_loadu_si512(w.cast()) };
            for (acc, start) in acc.iter_mut().zip(starts) {
                // SAFETY: x is read within `start + depth`.
                let a = _mm512_set1_epi32(unsafe { group(x, *start as usize + k) });
                *acc = _mm512_dpbusd_epi32(*acc, a, weights);
            }
            w = w.wrapping_add(GROUP_STRIDE);
        }
    }
    for (acc, sums) in acc.iter().zip(sums) {
        // SAFETY: a row of sums holds 16 integers of 32 bits.
        unsafe { _mm512_storeu_si512(sums.as_mut_ptr().cast(), *acc) };
    }
}
