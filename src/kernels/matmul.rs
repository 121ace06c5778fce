//! A quantized linear layer on float rows: each row is quantized on its own, and the product is dequantized.

use super::arithmetic::{BLOCK, GROUP, GROUP_STRIDE, MAX_ACTIVATION};
use super::block;
use super::kernel::{Kernel, Offsets};
use super::map::to_byte;
use super::packed::Packed;

/// `x` (n, n_in) times `weights`ᵀ, without a bias: (n, n_out), `scales` per output. Each row of `x` is rounded to 128
/// values between its smallest and its largest (dynamic quantization, asymmetric, per row; Jacob et al. 2018).
///
/// # Panics
/// The sizes contradict each other.
pub fn matmul(kernel: Kernel, x: &[f32], weights: &Packed, scales: &[f32]) -> Vec<f32> {
    let (n_in, n_out, depth) = (weights.n_in(), weights.n_out(), weights.depth());
    assert!(weights.taps() == 1 && scales.len() == n_out && x.len().is_multiple_of(n_in), "sizes differ");
    let n = x.len() / n_in;
    let mut bytes = vec![0; n * depth];
    let mut rows = Vec::with_capacity(n);
    for (x, bytes) in x.chunks_exact(n_in).zip(bytes.chunks_exact_mut(depth)) {
        // Zero is one of those values: padding and ReLU's many zeros must stay exact.
        let (low, high) = range(x);
        let scale = if high > low { (high - low) / f32::from(MAX_ACTIVATION) } else { 1. };
        let zero = f32::from(to_byte(-low / scale));
        quantize(x, bytes, 1. / scale, zero);
        rows.push((scale, zero as i32));
    }
    let table = Offsets { starts: (0..n).map(|row| (row * depth) as u32).collect(), taps: 1 };
    let mut out = vec![0.; n * n_out];
    kernel.for_each_sum(&bytes, &table, weights, 0..n, |row, block, sums| {
        let first = block * BLOCK;
        let (places, ones, scales) = (&mut out[row * n_out + first..], &weights.sums()[first..], &scales[first..]);
        match (places.first_chunk_mut(), ones.first_chunk(), scales.first_chunk()) {
            (Some(places), Some(ones), Some(scales)) if n_out - first >= BLOCK => {
                *places = block::dequantize(sums, ones, scales, rows[row]);
            }
            _ => {
                let (mut padded_ones, mut padded_scales) = ([0; BLOCK], [0.; BLOCK]);
                padded_ones[..ones.len()].copy_from_slice(ones);
                padded_scales[..scales.len()].copy_from_slice(scales);
                let values = block::dequantize(sums, &padded_ones, &padded_scales, rows[row]);
                places[..n_out - first].copy_from_slice(&values[..n_out - first]);
            }
        }
    });
    out
}

/// `x · inverse + zero` as the nearest whole numbers of 0…127.
fn quantize(x: &[f32], bytes: &mut [u8], inverse: f32, zero: f32) {
    let (blocks, rest) = x.as_chunks::<BLOCK>();
    for (x, bytes) in blocks.iter().zip(bytes.as_chunks_mut::<BLOCK>().0) {
        *bytes = block::round(&x.map(|x| x * inverse + zero), &[1.; BLOCK]);
    }
    for (byte, x) in bytes[x.len() - rest.len()..].iter_mut().zip(rest) {
        *byte = to_byte(x * inverse + zero);
    }
}

/// The smallest and the largest value, and zero.
fn range(x: &[f32]) -> (f32, f32) {
    let lower = |a: f32, b: f32| if b < a { b } else { a };
    let higher = |a: f32, b: f32| if b > a { b } else { a };
    // In lanes, which vectors can hold: the compiler must not reorder comparisons of floats by itself.
    let (mut low, mut high) = ([0f32; 8], [0f32; 8]);
    let (chunks, rest) = x.as_chunks::<8>();
    for chunk in chunks {
        for ((low, high), value) in low.iter_mut().zip(&mut high).zip(chunk) {
            (*low, *high) = (lower(*low, *value), higher(*high, *value));
        }
    }
    (low.iter().chain(rest).copied().fold(0., lower), high.iter().chain(rest).copied().fold(0., higher))
}

/// `x` (n, n_out) times the dequantized weights: (n, n_in). What the gradient of [`matmul`] needs; blocks of zeros in `x` are
/// skipped.
///
/// # Panics
/// The sizes contradict each other.
pub fn matmul_transposed(x: &[f32], weights: &Packed, scales: &[f32]) -> Vec<f32> {
    let (n_in, n_out, depth) = (weights.n_in(), weights.n_out(), weights.depth());
    assert!(weights.taps() == 1 && scales.len() == n_out && x.len().is_multiple_of(n_out), "sizes differ");
    let mut out = vec![0f32; x.len() / n_out * depth];
    // A block of weights stays in the first-level cache while all rows are read; each sum runs over the outputs in order.
    for (block, w) in weights.blocks().enumerate() {
        let first = block * BLOCK;
        let scales = &scales[first..n_out.min(first + BLOCK)];
        for (x, out) in x.chunks_exact(n_out).zip(out.chunks_exact_mut(depth)) {
            let mut factors = [0f32; BLOCK];
            for ((factor, x), scale) in factors.iter_mut().zip(&x[first..]).zip(scales) {
                *factor = x * scale;
            }
            if factors.iter().all(|factor| *factor == 0.) {
                continue;
            }
            for (out, w) in out.as_chunks_mut::<GROUP>().0.iter_mut().zip(w.as_chunks::<GROUP_STRIDE>().0) {
                let mut sums = *out;
                for (factor, w) in factors.iter().zip(w.as_chunks::<GROUP>().0) {
                    for (sum, w) in sums.iter_mut().zip(w) {
                        *sum += factor * f32::from(*w);
                    }
                }
                *out = sums;
            }
        }
    }
    if depth > n_in {
        out = out.chunks_exact(depth).flat_map(|row| &row[..n_in]).copied().collect();
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(n: usize, n_in: usize, n_out: usize) -> (Vec<f32>, Packed, Vec<f32>) {
        let x = (0..n * n_in).map(|i| ((i * 7919) % 201) as f32 / 40. - 1.7).collect();
        let values: Vec<i8> = (0..n_out * n_in).map(|i| ((i * 31) % 255) as u8 as i8).map(|v| v.max(-127)).collect();
        (x, Packed::new(&values, n_out, n_in, 1), (0..n_out).map(|c| 0.01 + c as f32 * 1e-3).collect())
    }

    #[test]
    fn every_kernel_gives_the_same_product_close_to_the_float_one() {
        let (n, n_in, n_out) = (5, 37, 21);
        let (x, weights, scales) = sample(n, n_in, n_out);
        let expected = matmul(Kernel::Portable, &x, &weights, &scales);
        for kernel in Kernel::available() {
            assert_eq!(matmul(kernel, &x, &weights, &scales), expected, "{}", kernel.name());
        }
        let values = weights.unpacked();
        for row in 0..n {
            for c in 0..n_out {
                let terms = (0..n_in).map(|k| x[row * n_in + k] * f32::from(values[c * n_in + k]) * scales[c]);
                let (sum, size) = terms.fold((0., 0.), |(sum, size): (f32, f32), t| (sum + t, size + t.abs()));
                // Each input is off by half a scale of at most 5 / 127.
                let bound = size * 0.02
                    + (0..n_in).map(|k| f32::from(values[c * n_in + k]).abs()).sum::<f32>() * scales[c] * 0.02;
                assert!((sum - expected[row * n_out + c]).abs() <= bound);
            }
        }
    }

    #[test]
    fn the_transposed_product_is_the_dequantized_weights_product() {
        let (n, n_in, n_out) = (3, 9, 34);
        let (_, weights, scales) = sample(n, n_in, n_out);
        let values = weights.unpacked();
        // With single zeros, and with a whole block of them.
        let is_zero = |i: usize| i.is_multiple_of(3) || (16..32).contains(&(i % n_out));
        let x: Vec<f32> = (0..n * n_out).map(|i| if is_zero(i) { 0. } else { i as f32 * 0.1 - 2. }).collect();
        let got = matmul_transposed(&x, &weights, &scales);
        for row in 0..n {
            for k in 0..n_in {
                let expected: f32 =
                    (0..n_out).map(|c| x[row * n_out + c] * scales[c] * f32::from(values[c * n_in + k])).sum();
                assert!((got[row * n_in + k] - expected).abs() < 1e-3);
            }
        }
    }
}
