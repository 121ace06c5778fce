//! A quantized convolution fused with what follows it: scale, bias, residual, ReLU, rounding.

use std::sync::Arc;

use rayon::prelude::*;

use super::arithmetic::{BLOCK, GROUP};
use super::block;
use super::kernel::{Kernel, Offsets};
use super::map::{Floats, Map, inverses, size_out};
use super::packed::Packed;
use super::winograd::Winograd;

/// Pixels are divided among threads in bands of a multiple of this; it is a multiple of every kernel's tile.
const BAND: usize = 16;

/// A convolution with a bias: `y = scale[c] · Σ byte · w + bias[c]`; the scales of the bytes are in the weights.
#[derive(Clone, Debug)]
pub struct Conv {
    weights: Packed,
    scales: Vec<f32>,
    bias: Vec<f32>,
    kernel: usize,
    stride: usize,
    /// The weights once more, where that makes it faster.
    winograd: Option<Winograd>,
}

impl Conv {
    /// `weights` has `kernel²` taps; one scale and one bias for each output. Padded so that stride 1 keeps the size.
    ///
    /// # Panics
    /// The sizes contradict each other.
    pub fn new(weights: Packed, mut scales: Vec<f32>, mut bias: Vec<f32>, kernel: usize, stride: usize) -> Self {
        assert!(scales.len() == weights.n_out() && bias.len() == weights.n_out(), "one scale and bias per output");
        assert_eq!(weights.taps(), kernel * kernel, "a square kernel");
        let n_padded = weights.n_out().next_multiple_of(BLOCK);
        scales.resize(n_padded, 0.);
        bias.resize(n_padded, 0.);
        let winograd = (stride == 1 && Kernel::best().prefers_winograd()).then(|| Winograd::new(&weights)).flatten();
        Self { weights, scales, bias, kernel, stride, winograd }
    }

    /// The weights.
    pub fn weights(&self) -> &Packed {
        &self.weights
    }

    /// One scale per output.
    pub fn scales(&self) -> &[f32] {
        &self.scales[..self.weights.n_out()]
    }

    /// One bias per output.
    pub fn bias(&self) -> &[f32] {
        &self.bias[..self.weights.n_out()]
    }

    /// Rows and columns of the output.
    pub fn size_out(&self, x: &Map) -> (usize, usize) {
        let size = |n: usize| size_out(n, self.kernel, self.stride);
        (size(x.height), size(x.width))
    }

    fn offsets(&self, x: &Map) -> Offsets {
        let ((height, width), pad) = (self.size_out(x), self.kernel / 2);
        let (pixel_bytes, border) = (x.stride(), x.border() as u32);
        let taps = self.weights.taps();
        let mut starts = vec![border; height * width * taps];
        for row in 0..height {
            for ky in 0..self.kernel {
                // Above and left of the image these wrap around to more than its size.
                let y = (row * self.stride + ky).wrapping_sub(pad);
                if y >= x.height {
                    continue;
                }
                let pixels = starts[row * width * taps..][..width * taps].chunks_exact_mut(taps);
                for (col, starts) in pixels.enumerate() {
                    for (kx, start) in starts[ky * self.kernel..][..self.kernel].iter_mut().enumerate() {
                        let x_ = (col * self.stride + kx).wrapping_sub(pad);
                        if x_ < x.width {
                            *start = ((y * x.width + x_) * pixel_bytes) as u32;
                        }
                    }
                }
            }
        }
        Offsets { starts, taps }
    }

    /// Runs over all pixels and has `finish` write the values to their places in both outputs; the second may be of nothing,
    /// `()`.
    fn each_pixel<T: Copy + Default + Send, U: Copy + Default + Send>(
        &self,
        kernel: Kernel,
        x: &Map,
        (out, also): (&mut [T], &mut [U]),
        finish: &impl Finish<T, U>,
    ) {
        assert_eq!(x.channels, self.weights.n_in(), "the map has the channels that the convolution reads");
        assert_eq!(out.len(), also.len(), "both outputs have the same places");
        let stride = self.weights.n_out().next_multiple_of(GROUP);
        if let Some(weights) = &self.winograd {
            kernel.for_each_sum_by_winograd(x, weights, |pixel, block, sums| {
                self.finish(finish, (pixel, block, sums), (pixel * stride, out, also));
            });
            return;
        }
        let table = self.offsets(x);
        let n_pixels = out.len() / stride;
        let band = n_pixels.div_ceil(rayon::current_num_threads()).next_multiple_of(BAND);
        let bands = out.par_chunks_mut(band * stride).zip(also.par_chunks_mut(band * stride));
        bands.enumerate().for_each(|(i, (out, also))| {
            let first = i * band;
            let range = first..(first + band).min(n_pixels);
            kernel.for_each_sum(
                &x.bytes,
                &table,
                (&self.weights, 0..self.weights.n_blocks()),
                range,
                |pixel, block, sums| {
                    self.finish(finish, (pixel, block, sums), ((pixel - first) * stride, out, also));
                },
            );
        });
    }

    /// Has `finish` write the values of one block of a pixel, whose values begin at `at` of both outputs.
    #[inline(always)]
    fn finish<T: Copy + Default, U: Copy + Default>(
        &self,
        finish: &impl Finish<T, U>,
        (pixel, block, sums): (usize, usize, &[i32; BLOCK]),
        (at, out, also): (usize, &mut [T], &mut [U]),
    ) {
        let stride = self.weights.n_out().next_multiple_of(GROUP);
        let values = block::scale(sums, &self.scales.as_chunks().0[block], &self.bias.as_chunks().0[block]);
        let c = block * BLOCK;
        let (at, place, n) = (at + c, pixel * stride + c, stride - c);
        if let (Some(out), Some(also)) =
            (out[at..].first_chunk_mut().filter(|_| n >= BLOCK), also[at..].first_chunk_mut())
        {
            finish.write(&values, out, also, (place, block));
            return;
        }
        let (mut block_out, mut block_also) = ([T::default(); BLOCK], [U::default(); BLOCK]);
        finish.write(&values, &mut block_out, &mut block_also, (place, block));
        out[at..][..n].copy_from_slice(&block_out[..n]);
        also[at..][..n].copy_from_slice(&block_also[..n]);
    }
}

/// What follows a convolution. A trait, because closures that are called at two places are not inlined for sure.
trait Finish<T, U>: Sync {
    /// Writes the `values` of a block of channels to both outputs; `place` is where they begin among the values of all pixels.
    fn write(
        &self,
        values: &[f32; BLOCK],
        out: &mut [T; BLOCK],
        also: &mut [U; BLOCK],
        place_and_block: (usize, usize),
    );
}

/// ReLU and rounding.
struct Rounded {
    /// Padded to whole blocks.
    inverses: Vec<f32>,
}

impl Finish<u8, ()> for Rounded {
    #[inline(always)]
    fn write(&self, values: &[f32; BLOCK], out: &mut [u8; BLOCK], _: &mut [(); BLOCK], (_, block): (usize, usize)) {
        *out = block::round(values, &self.inverses.as_chunks().0[block]);
    }
}

/// Nothing.
struct Kept;

impl Finish<f32, ()> for Kept {
    #[inline(always)]
    fn write(&self, values: &[f32; BLOCK], out: &mut [f32; BLOCK], _: &mut [(); BLOCK], _: (usize, usize)) {
        *out = *values;
    }
}

/// Plus the identity, and ReLU; kept and rounded.
struct Added<'a> {
    identity: &'a [f32],
    rounded: Rounded,
}

impl Finish<f32, u8> for Added<'_> {
    #[inline(always)]
    fn write(
        &self,
        values: &[f32; BLOCK],
        out: &mut [f32; BLOCK],
        bytes: &mut [u8; BLOCK],
        (place, block): (usize, usize),
    ) {
        let identity = &self.identity[place..];
        *out = match identity.first_chunk() {
            Some(identity) => block::add_relu(values, identity),
            None => {
                // The last pixel's last channels, fewer than a block.
                let mut padded = [0.; BLOCK];
                padded[..identity.len()].copy_from_slice(identity);
                block::add_relu(values, &padded)
            }
        };
        self.rounded.write(out, bytes, &mut [(); BLOCK], (place, block));
    }
}

/// As many of nothing as there are values.
fn nothing(n: usize) -> Vec<()> {
    vec![(); n]
}

/// Convolution and ReLU; each channel rounded to whole multiples of its scale.
///
/// # Panics
/// `x` does not have the convolution's sizes, or there is not one scale for each output.
pub fn convolve(kernel: Kernel, conv: &Conv, x: &Map, output_scales: &Arc<[f32]>) -> Map {
    let (height, width) = conv.size_out(x);
    assert_eq!(output_scales.len(), conv.weights.n_out(), "one scale for each output");
    let mut out = Map::zeros(height, width, output_scales);
    let border = out.border();
    let finish = Rounded { inverses: inverses(output_scales) };
    conv.each_pixel(kernel, x, (&mut out.bytes[..border], &mut nothing(border)), &finish);
    out
}

/// Convolution alone, not rounded.
///
/// # Panics
/// `x` does not have the convolution's sizes.
pub fn convolve_to_floats(kernel: Kernel, conv: &Conv, x: &Map) -> Floats {
    let (height, width) = conv.size_out(x);
    let mut out = Floats::zeros(height, width, conv.weights.n_out());
    let n = out.values.len();
    conv.each_pixel(kernel, x, (&mut out.values, &mut nothing(n)), &Kept);
    out
}

/// Convolution, plus `identity`, then ReLU: not rounded, because the next blocks add to the sum, and rounded, because they read
/// it.
///
/// # Panics
/// `x` or `identity` do not have the convolution's sizes, or there is not one scale for each output.
pub fn convolve_add(
    kernel: Kernel,
    conv: &Conv,
    x: &Map,
    identity: &Floats,
    output_scales: &Arc<[f32]>,
) -> (Floats, Map) {
    let (height, width) = conv.size_out(x);
    assert_eq!(output_scales.len(), conv.weights.n_out(), "one scale for each output");
    let mut sums = Floats::zeros(height, width, conv.weights.n_out());
    let mut map = Map::zeros(height, width, output_scales);
    assert_eq!(identity.values.len(), sums.values.len(), "the identity has the output's size");
    let border = map.border();
    let finish = Added { identity: &identity.values, rounded: Rounded { inverses: inverses(output_scales) } };
    conv.each_pixel(kernel, x, (&mut sums.values, &mut map.bytes[..border]), &finish);
    (sums, map)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A small pseudo-random sequence (Knuth's MMIX constants), so that every target has the same.
    pub(super) fn noise(n: usize) -> impl Iterator<Item = u8> {
        (0..n).scan(7u64, |state, _| {
            *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            Some((*state >> 33) as u8)
        })
    }

    fn map(channels: usize, height: usize, width: usize) -> Map {
        let values: Vec<f32> = noise(channels * height * width).map(|b| f32::from(b % 128)).collect();
        Map::quantize(&values, (height, width), &vec![1.; channels].into())
    }

    fn conv(n_out: usize, n_in: usize, kernel: usize, stride: usize) -> Conv {
        // With every extreme: ±127 times 127 must not saturate.
        let values: Vec<i8> = noise(n_out * n_in * kernel * kernel).map(|b| (b as i8).max(-127)).collect();
        let weights = Packed::new(&values, n_out, n_in, kernel * kernel);
        let scales = (0..n_out).map(|c| 1e-4 + c as f32 * 1e-5).collect();
        Conv::new(weights, scales, (0..n_out).map(|c| c as f32 - 3.).collect(), kernel, stride)
    }

    /// By the definition, in 64-bit floats.
    fn by_definition(conv: &Conv, x: &Map) -> Vec<f64> {
        let (n_in, taps, pad) = (x.channels, conv.kernel * conv.kernel, conv.kernel / 2);
        let (pixels, weights, (height, width)) = (x.dequantize(), conv.weights.unpacked(), conv.size_out(x));
        let mut out = Vec::new();
        for c in 0..conv.weights.n_out() {
            for (row, col) in (0..height).flat_map(|row| (0..width).map(move |col| (row, col))) {
                let mut sum = 0.;
                for i in 0..n_in {
                    for tap in 0..taps {
                        let y = (row * conv.stride + tap / conv.kernel).wrapping_sub(pad);
                        let x_ = (col * conv.stride + tap % conv.kernel).wrapping_sub(pad);
                        if y < x.height && x_ < x.width {
                            let weight = f64::from(weights[(c * n_in + i) * taps + tap]);
                            sum += weight * f64::from(pixels[(i * x.height + y) * x.width + x_]);
                        }
                    }
                }
                out.push(sum * f64::from(conv.scales[c]) + f64::from(conv.bias[c]));
            }
        }
        out
    }

    const CASES: [(usize, usize, usize, usize, usize, usize); 6] = [
        (16, 32, 1, 1, 5, 7),
        (20, 12, 3, 1, 6, 5),
        (7, 3, 3, 2, 9, 8),
        (64, 64, 3, 1, 4, 4),
        (33, 8, 1, 1, 1, 1),
        (5, 130, 1, 1, 3, 3),
    ];

    #[test]
    fn a_convolution_is_what_its_definition_says() {
        for (n_out, n_in, kernel, stride, height, width) in CASES {
            let (conv, x) = (conv(n_out, n_in, kernel, stride), map(n_in, height, width));
            let expected = by_definition(&conv, &x);
            let got = convolve(Kernel::Portable, &conv, &x, &vec![0.25; n_out].into());
            for (got, expected) in got.dequantize().into_iter().zip(expected) {
                let expected = (expected / 0.25).clamp(0., 127.) * 0.25;
                assert!((f64::from(got) - expected).abs() <= 0.126, "{got} where {expected} is right");
            }
        }
    }

    #[test]
    fn every_kernel_gives_the_same_integers() {
        for (n_out, n_in, kernel, stride, height, width) in CASES {
            let (conv, x) = (conv(n_out, n_in, kernel, stride), map(n_in, height, width));
            let output_scales: Arc<[f32]> = (0..n_out).map(|c| 0.2 + c as f32 * 0.01).collect();
            let results = |kernel: Kernel| {
                let floats = convolve_to_floats(kernel, &conv, &x);
                let (added, rounded) = convolve_add(kernel, &conv, &x, &floats, &output_scales);
                assert_eq!(added.rounded(&output_scales), rounded, "the sums and their bytes");
                let bits = |floats: &Floats| floats.values.iter().map(|f| f.to_bits()).collect::<Vec<_>>();
                (bits(&floats), bits(&added), rounded, convolve(kernel, &conv, &x, &output_scales))
            };
            let expected = results(Kernel::Portable);
            for kernel in Kernel::available() {
                assert_eq!(results(kernel), expected, "{} on {n_in} → {n_out}", kernel.name());
            }
        }
    }
}
