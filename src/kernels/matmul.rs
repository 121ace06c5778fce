//! Quantized linear layers on float rows, and their gradients.
//!
//! With several *heads*, each output reads the row of its head alone: outputs are divided evenly among heads, in order. One
//! head is an ordinary layer.

use std::ops::Range;

use super::arithmetic::{BLOCK, GROUP, GROUP_STRIDE, MAX_ACTIVATION};
use super::block;
use super::kernel::{Kernel, Offsets};
use super::map::to_byte;
use super::packed::Packed;

/// `x` (n, n_heads, n_in) times `weights`ᵀ, plus `bias` (n_out) if there is one: (n, n_out), `scales` per output. Each row of `x`
/// is rounded to 128 values between its smallest and its largest (dynamic quantization, asymmetric, per row; Jacob et al. 2018).
///
/// # Panics
/// The sizes contradict each other.
pub fn matmul(
    kernel: Kernel,
    x: &[f32],
    weights: &Packed,
    scales: &[f32],
    bias: Option<&[f32]>,
    n_heads: usize,
) -> Vec<f32> {
    let (n_in, n_out, depth) = (weights.n_in(), weights.n_out(), weights.depth());
    let n = check(x.len(), n_in * n_heads, weights, scales, n_heads);
    let mut bytes = vec![0; n * n_heads * depth];
    let mut rows = Vec::with_capacity(n * n_heads);
    for (x, bytes) in x.chunks_exact(n_in).zip(bytes.chunks_exact_mut(depth)) {
        // Zero is one of those values: padding and ReLU's many zeros must stay exact.
        let (low, high) = range(x);
        let scale = if high > low { (high - low) / f32::from(MAX_ACTIVATION) } else { 1. };
        let zero = f32::from(to_byte(-low / scale));
        quantize(x, bytes, 1. / scale, zero);
        rows.push((scale, zero as i32));
    }
    let mut out = bias.map_or_else(|| vec![0.; n * n_out], |bias| bias.repeat(n));
    assert_eq!(out.len(), n * n_out, "a bias for each output");
    for head in 0..n_heads {
        let starts = (0..n).map(|i| ((i * n_heads + head) * depth) as u32).collect();
        let table = Offsets { starts, taps: 1 };
        let outputs = outputs_of(head, n_out, n_heads);
        let blocks = outputs.start / BLOCK..outputs.end.div_ceil(BLOCK);
        kernel.for_each_sum(&bytes, &table, (weights, blocks), 0..n, |i, block, sums| {
            let (first, row) = (block * BLOCK, rows[i * n_heads + head]);
            let (ones, scales) = (&weights.sums()[first..], &scales[first..]);
            let out = &mut out[i * n_out + first..][..ones.len()];
            match (out.first_chunk_mut(), ones.first_chunk(), scales.first_chunk()) {
                (Some(out), Some(ones), Some(scales)) if outputs.start <= first && first + BLOCK <= outputs.end => {
                    *out = block::add_dequantized(out, sums, ones, scales, row);
                }
                _ => {
                    let lanes = lanes_of(&outputs, first);
                    let values = block::add_dequantized(&padded(out), sums, &padded(ones), &padded(scales), row);
                    out[lanes.clone()].copy_from_slice(&values[lanes]);
                }
            }
        });
    }
    out
}

/// How many times `x` holds a row for each head.
fn check(len: usize, of_each: usize, weights: &Packed, scales: &[f32], n_heads: usize) -> usize {
    assert!(weights.taps() == 1 && scales.len() == weights.n_out() && len.is_multiple_of(of_each), "sizes differ");
    assert!(weights.n_out().is_multiple_of(n_heads), "every head has as many outputs");
    len / of_each
}

/// The outputs of a head.
fn outputs_of(head: usize, n_out: usize, n_heads: usize) -> Range<usize> {
    let n = n_out / n_heads;
    head * n..(head + 1) * n
}

/// Which lanes of the block that begins at `first` are outputs of a head.
fn lanes_of(outputs: &Range<usize>, first: usize) -> Range<usize> {
    outputs.start.saturating_sub(first)..(outputs.end - first).min(BLOCK)
}

/// The first block of `values`, filled up.
fn padded<T: Copy + Default>(values: &[T]) -> [T; BLOCK] {
    let mut block = [T::default(); BLOCK];
    let n = values.len().min(BLOCK);
    block[..n].copy_from_slice(&values[..n]);
    block
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

/// `x` (n, n_out) times the dequantized weights: (n, n_heads, n_in). What the gradient of [`matmul`] needs; blocks of zeros in
/// `x` are skipped.
///
/// # Panics
/// The sizes contradict each other.
pub fn matmul_transposed(x: &[f32], weights: &Packed, scales: &[f32], n_heads: usize) -> Vec<f32> {
    let (n_in, n_out, depth) = (weights.n_in(), weights.n_out(), weights.depth());
    let n = check(x.len(), n_out, weights, scales, n_heads);
    let mut out = vec![0f32; n * n_heads * depth];
    // A block of weights stays in the first-level cache while all rows are read; each sum runs over the outputs in order.
    for_each_block(weights, n_heads, |(block, w), head, lanes| {
        let of_block = block * BLOCK + lanes.start..block * BLOCK + lanes.end;
        for (x, out) in x.chunks_exact(n_out).zip(out.chunks_exact_mut(n_heads * depth)) {
            let mut factors = [0f32; BLOCK];
            let of_lanes = factors[lanes.clone()].iter_mut().zip(&x[of_block.clone()]).zip(&scales[of_block.clone()]);
            for ((factor, x), scale) in of_lanes {
                *factor = x * scale;
            }
            if factors.iter().all(|factor| *factor == 0.) {
                continue;
            }
            let out = out[head * depth..][..depth].as_chunks_mut::<GROUP>().0;
            for (out, w) in out.iter_mut().zip(w.as_chunks::<GROUP_STRIDE>().0) {
                let mut sums = *out;
                for (factor, w) in factors.iter().zip(w.as_chunks::<GROUP>().0) {
                    for (sum, w) in sums.iter_mut().zip(w) {
                        *sum += factor * f32::from(*w);
                    }
                }
                *out = sums;
            }
        }
    });
    if depth > n_in {
        out = out.chunks_exact(depth).flat_map(|row| &row[..n_in]).copied().collect();
    }
    out
}

/// `x` (n, n_heads, n_in) times the transposed dequantized weights: (n, n_out). As [`matmul`], but `x` is not rounded; what the
/// gradient of [`matmul_transposed`] needs.
///
/// # Panics
/// The sizes contradict each other.
pub fn matmul_dequantized(x: &[f32], weights: &Packed, scales: &[f32], n_heads: usize) -> Vec<f32> {
    let (n_in, n_out) = (weights.n_in(), weights.n_out());
    let n = check(x.len(), n_in * n_heads, weights, scales, n_heads);
    let mut out = vec![0f32; n * n_out];
    for_each_block(weights, n_heads, |(block, w), head, lanes| {
        let of_block = block * BLOCK + lanes.start..block * BLOCK + lanes.end;
        for (x, out) in x.chunks_exact(n_in * n_heads).zip(out.chunks_exact_mut(n_out)) {
            let (groups, rest) = x[head * n_in..][..n_in].as_chunks::<GROUP>();
            // Each output's sum in as many parts as a vector has lanes.
            let mut sums = [[0f32; GROUP]; BLOCK];
            let mut add = |x: &[f32; GROUP], w: &[i8; GROUP_STRIDE]| {
                for (sums, w) in sums.iter_mut().zip(w.as_chunks::<GROUP>().0) {
                    for ((sum, x), w) in sums.iter_mut().zip(x).zip(w) {
                        *sum += x * f32::from(*w);
                    }
                }
            };
            let w = w.as_chunks::<GROUP_STRIDE>().0;
            groups.iter().zip(w).for_each(|(x, w)| add(x, w));
            if let (false, Some(w)) = (rest.is_empty(), w.last()) {
                let mut last = [0.; GROUP];
                last[..rest.len()].copy_from_slice(rest);
                add(&last, w);
            }
            let of_lanes = out[of_block.clone()].iter_mut().zip(&scales[of_block.clone()]).zip(&sums[lanes.clone()]);
            for ((out, scale), sums) in of_lanes {
                *out = sums.iter().sum::<f32>() * scale;
            }
        }
    });
    out
}

/// Calls `visit((block, its weights), head, lanes)` for each block of weights and each head that has outputs in it.
fn for_each_block(weights: &Packed, n_heads: usize, mut visit: impl FnMut((usize, &[i8]), usize, Range<usize>)) {
    let of_head = weights.n_out() / n_heads;
    for (block, w) in weights.blocks().enumerate() {
        let last = ((block + 1) * BLOCK).min(weights.n_out()) - 1;
        for head in block * BLOCK / of_head..=last / of_head {
            visit((block, w), head, lanes_of(&outputs_of(head, weights.n_out(), n_heads), block * BLOCK));
        }
    }
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
        let expected = matmul(Kernel::Portable, &x, &weights, &scales, None, 1);
        for kernel in Kernel::available() {
            assert_eq!(matmul(kernel, &x, &weights, &scales, None, 1), expected, "{}", kernel.name());
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
    fn a_bias_is_added_to_each_row() {
        // Whole blocks, and one that is not whole; heads that share a block.
        for (n_heads, n_out) in [(1, 37), (3, 36)] {
            let n = 3;
            let (x, weights, scales) = sample(n * n_heads, 10, n_out);
            let bias: Vec<f32> = (0..n_out).map(|c| c as f32 * 0.3 - 2.).collect();
            let [without, with] =
                [None, Some(&bias[..])].map(|bias| matmul(Kernel::best(), &x, &weights, &scales, bias, n_heads));
            let expected: Vec<f32> = without.iter().zip(bias.repeat(n)).map(|(value, bias)| value + bias).collect();
            assert_eq!(with, expected);
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
        let got = matmul_transposed(&x, &weights, &scales, 1);
        for row in 0..n {
            for k in 0..n_in {
                let expected: f32 =
                    (0..n_out).map(|c| x[row * n_out + c] * scales[c] * f32::from(values[c * n_in + k])).sum();
                assert!((got[row * n_in + k] - expected).abs() < 1e-3);
            }
        }
    }

    /// Rows of `x` (n, n_heads, n_in) for one head, and 0 where an output is another head's.
    fn of_head<'a>(x: &'a [f32], head: usize, n_heads: usize, n_in: usize) -> impl Iterator<Item = f32> + use<'a> {
        x.chunks_exact(n_in).skip(head).step_by(n_heads).flatten().copied()
    }

    #[test]
    fn each_output_reads_the_row_of_its_head() {
        // Heads of half a block, of three quarters, and of two blocks.
        for (n_heads, n_out) in [(4, 32), (3, 36), (2, 64)] {
            let (n, n_in) = (3, 10);
            let (x, weights, scales) = sample(n * n_heads, n_in, n_out);
            let is_of = |c: usize, head: usize| c / (n_out / n_heads) == head;
            let (product, floats) = (
                matmul(Kernel::Portable, &x, &weights, &scales, None, n_heads),
                matmul_dequantized(&x, &weights, &scales, n_heads),
            );
            let y: Vec<f32> = (0..n * n_out).map(|i| (i as f32).sin()).collect();
            let back = matmul_transposed(&y, &weights, &scales, n_heads);
            for head in 0..n_heads {
                let rows: Vec<f32> = of_head(&x, head, n_heads, n_in).collect();
                let alone = matmul(Kernel::Portable, &rows, &weights, &scales, None, 1);
                let floats_alone = matmul_dequantized(&rows, &weights, &scales, 1);
                for i in (0..n * n_out).filter(|i| is_of(i % n_out, head)) {
                    assert_eq!(
                        (product[i], floats[i]),
                        (alone[i], floats_alone[i]),
                        "{n_heads} heads, {n_out} outputs"
                    );
                }
                let masked: Vec<f32> =
                    y.iter().enumerate().map(|(i, y)| if is_of(i % n_out, head) { *y } else { 0. }).collect();
                let alone = matmul_transposed(&masked, &weights, &scales, 1);
                assert_eq!(of_head(&back, head, n_heads, n_in).collect::<Vec<_>>(), alone);
            }
        }
    }

    #[test]
    fn the_float_product_is_the_gradient_of_the_transposed_one() {
        // ⟨x Wᵀ, y⟩ = ⟨x, y W⟩.
        for (n_heads, n_out, n_in) in [(1, 21, 37), (3, 36, 9)] {
            let (x, weights, scales) = sample(2 * n_heads, n_in, n_out);
            let y: Vec<f32> = (0..2 * n_out).map(|i| (i as f32).cos()).collect();
            let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| f64::from(a * b)).sum::<f64>();
            let left = dot(&matmul_dequantized(&x, &weights, &scales, n_heads), &y);
            let right = dot(&x, &matmul_transposed(&y, &weights, &scales, n_heads));
            assert!((left - right).abs() < 1e-4 * (1. + left.abs()), "{left} {right}");
        }
    }
}
