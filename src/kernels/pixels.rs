//! The first convolution, on float pixels. Products and sums have a fixed order and no fused multiply-add, so that the
//! result has the same bits on every target, and the layers after it get the same integers.

use super::arithmetic::{BLOCK, GROUP};
use super::map::{Floats, relu, size_out};

/// A convolution with a bias, in floats.
#[derive(Clone, Debug)]
pub struct PixelConv {
    /// `[block of 16 outputs][tap][input][16 outputs]`; padded with zeros.
    weights: Vec<f32>,
    bias: Vec<f32>,
    n_in: usize,
    n_out: usize,
    kernel: usize,
    stride: usize,
}

impl PixelConv {
    /// `values` (n_out, n_in, kernel, kernel); padded so that stride 1 keeps the size.
    ///
    /// # Panics
    /// The sizes contradict each other.
    pub fn new(values: &[f32], mut bias: Vec<f32>, n_in: usize, kernel: usize, stride: usize) -> Self {
        let (n_out, taps) = (bias.len(), kernel * kernel);
        assert_eq!(values.len(), n_out * n_in * taps, "weights and their sizes differ");
        bias.resize(n_out.next_multiple_of(BLOCK), 0.);
        let mut weights = vec![0.; bias.len() * n_in * taps];
        for (i, value) in values.iter().enumerate() {
            let (out, input, tap) = (i / (n_in * taps), i / taps % n_in, i % taps);
            weights[((out / BLOCK * taps + tap) * n_in + input) * BLOCK + out % BLOCK] = *value;
        }
        Self { weights, bias, n_in, n_out, kernel, stride }
    }

    /// `values` (n_in, height, width) → ReLU of the convolution.
    ///
    /// # Panics
    /// The sizes contradict each other.
    pub fn forward(&self, values: &[f32], (height, width): (usize, usize)) -> Floats {
        assert_eq!(values.len(), self.n_in * height * width, "values and their sizes differ");
        let pad = self.kernel / 2;
        let size = |n: usize| size_out(n, self.kernel, self.stride);
        let mut out = Floats::zeros(size(height), size(width), self.n_out);
        let stride = self.n_out.next_multiple_of(GROUP);
        let (taps, cols) = (self.kernel * self.kernel, out.width);
        let rows_of_weights = taps * self.n_in;
        // The pixels that an output reads, and which weights are theirs: collected once for all blocks.
        let mut seen: Vec<(usize, f32)> = Vec::with_capacity(rows_of_weights);
        for (pixel, out) in out.values.chunks_exact_mut(stride).enumerate() {
            let (top, left) = (pixel / cols * self.stride, pixel % cols * self.stride);
            seen.clear();
            for tap in 0..taps {
                let (y, x) =
                    ((top + tap / self.kernel).wrapping_sub(pad), (left + tap % self.kernel).wrapping_sub(pad));
                if y < height && x < width {
                    let value = |input: usize| values[(input * height + y) * width + x];
                    seen.extend((0..self.n_in).map(|input| (tap * self.n_in + input, value(input))));
                }
            }
            let blocks = self.weights.chunks_exact((rows_of_weights * BLOCK).max(1));
            for ((out, weights), bias) in out.chunks_mut(BLOCK).zip(blocks).zip(self.bias.as_chunks::<BLOCK>().0) {
                let (mut sums, weights) = (*bias, weights.as_chunks::<BLOCK>().0);
                for (i, value) in &seen {
                    for (sum, weight) in sums.iter_mut().zip(&weights[*i]) {
                        *sum += value * weight;
                    }
                }
                for (out, sum) in out.iter_mut().zip(&sums) {
                    *out = relu(*sum);
                }
            }
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_a_padded_strided_convolution() {
        // One input, two outputs: the pixel itself, and minus the pixel to its left.
        let mut weights = vec![0.; 18];
        (weights[4], weights[9 + 3]) = (1., -1.);
        let conv = PixelConv::new(&weights, vec![0.5, 0.], 1, 3, 2);
        let values: Vec<f32> = (0..15).map(|i| i as f32 - 6.).collect();
        let out = conv.forward(&values, (3, 5));
        assert_eq!((out.height, out.width), (2, 3));
        // Pixels (0, 0), (0, 2), (0, 4), (2, 0), (2, 2), (2, 4): -6 -4 -2 4 6 8; to their left: none -5 -3 none 5 7.
        assert_eq!(out.planes(), [0., 0., 0., 4.5, 6.5, 8.5, 0., 5., 3., 0., 0., 0.]);
    }
}
