// The instructions that multiply, alone: no loads, no stores. What no kernel of their build can exceed.

use core::arch::wasm32::*;

#[cfg(feature = "relaxed")]
use octlens::kernels::Kernel;

/// Independent sums, so that no instruction waits for the one before it.
const N_SUMS: usize = 8;

/// Products and additions of `n` turns of [`run`].
pub fn n_operations(n: u32) -> f64 {
    let products = if cfg!(feature = "relaxed") { 16 } else { 8 };
    f64::from(n) * (2 * products * N_SUMS) as f64
}

/// Multiplies and adds on registers, `n` times, as the build's kernel does on this machine.
pub fn run(n: u32) -> i32 {
    let start: [v128; N_SUMS] = core::array::from_fn(|i| i32x4_splat(i as i32));
    let sums = repeat(start, u8x16_splat(std::hint::black_box(3)), n);
    sums.iter().fold(0, |total, sum| total ^ i32x4_extract_lane::<0>(*sum))
}

/// The sums are one of the factors, because products that do not change would be computed once.
#[cfg(feature = "relaxed")]
#[target_feature(enable = "relaxed-simd")]
fn repeat(mut sums: [v128; N_SUMS], factor: v128, n: u32) -> [v128; N_SUMS] {
    if Kernel::best().multiplies_bytes_at_once() {
        for _ in 0..n {
            for sum in &mut sums {
                *sum = i32x4_relaxed_dot_i8x16_i7x16_add(*sum, factor, *sum);
            }
        }
    } else {
        for _ in 0..n {
            for sum in &mut sums {
                let pairs = i16x8_relaxed_dot_i8x16_i7x16(*sum, factor);
                *sum = i32x4_add(*sum, i32x4_dot_i16x8(pairs, i16x8_splat(1)));
            }
        }
    }
    sums
}

#[cfg(not(feature = "relaxed"))]
fn repeat(mut sums: [v128; N_SUMS], factor: v128, n: u32) -> [v128; N_SUMS] {
    for _ in 0..n {
        for sum in &mut sums {
            *sum = i32x4_add(*sum, i32x4_dot_i16x8(*sum, factor));
        }
    }
    sums
}
