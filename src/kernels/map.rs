//! Activations of one image, channels last: seven bits each, or floats.

use std::sync::Arc;

use super::arithmetic::{BLOCK, GROUP, MAX_ACTIVATION, ROUNDER};

/// `value ≈ scales[channel] · byte`, none below zero. Pixel by pixel. A pixel's channels are padded with zeros to
/// whole groups, and a pixel of zeros follows the last one: taps outside the image read it.
#[derive(Clone, Debug, PartialEq)]
pub struct Map {
    /// Rows.
    pub height: usize,
    /// Columns.
    pub width: usize,
    /// Channels.
    pub channels: usize,
    /// The scale of each channel: what a byte of 1 stands for.
    pub scales: Arc<[f32]>,
    pub(super) bytes: Vec<u8>,
}

/// Pixels of a convolution's output along one side; padded so that stride 1 keeps the size.
pub(super) fn size_out(n: usize, kernel: usize, stride: usize) -> usize {
    (n + 2 * (kernel / 2)).saturating_sub(kernel) / stride + 1
}

/// `max(0, x)`. On wasm `f32::max` is a function call, because it treats NaN differently from the instruction.
pub(super) fn relu(x: f32) -> f32 {
    if x > 0. { x } else { 0. }
}

/// The nearest whole number of 0…127.
pub(super) fn to_byte(value: f32) -> u8 {
    (value.clamp(0., f32::from(MAX_ACTIVATION)) + ROUNDER).to_bits() as u8
}

/// 1 / scale of each channel, padded to whole blocks.
pub(super) fn inverses(scales: &[f32]) -> Vec<f32> {
    let mut inverses: Vec<f32> = scales.iter().map(|scale| 1. / scale).collect();
    inverses.resize(scales.len().next_multiple_of(BLOCK), 0.);
    inverses
}

impl Map {
    pub(super) fn zeros(height: usize, width: usize, scales: &Arc<[f32]>) -> Self {
        let channels = scales.len();
        let bytes = vec![0; (height * width + 1) * channels.next_multiple_of(GROUP)];
        Self { height, width, channels, scales: scales.clone(), bytes }
    }

    /// Bytes from one pixel to the next.
    pub(super) fn stride(&self) -> usize {
        self.channels.next_multiple_of(GROUP)
    }

    /// Where the pixel of zeros begins.
    pub(super) fn border(&self) -> usize {
        self.height * self.width * self.stride()
    }

    /// From values (channels, height, width) that are not negative; what is larger than 127 times its scale is cut off.
    ///
    /// # Panics
    /// The number of values is not that of `scales` times the pixels.
    pub fn quantize(values: &[f32], (height, width): (usize, usize), scales: &Arc<[f32]>) -> Self {
        assert_eq!(values.len(), scales.len() * height * width, "values and their sizes differ");
        let mut map = Self::zeros(height, width, scales);
        let stride = map.stride();
        for (c, (plane, scale)) in values.chunks_exact((height * width).max(1)).zip(&**scales).enumerate() {
            let inverse = 1. / scale;
            for (pixel, value) in map.bytes.chunks_exact_mut(stride).zip(plane) {
                pixel[c] = to_byte(value * inverse);
            }
        }
        map
    }

    /// Values (channels, height, width).
    pub fn dequantize(&self) -> Vec<f32> {
        let n = self.height * self.width;
        let mut values = vec![0.; self.channels * n];
        for (i, pixel) in self.bytes.chunks_exact(self.stride()).take(n).enumerate() {
            for (c, (byte, scale)) in pixel.iter().zip(&*self.scales).enumerate() {
                values[c * n + i] = f32::from(*byte) * scale;
            }
        }
        values
    }

    /// The mean of each 2 × 2 pixels, rounded half to even (half up would raise each map's mean by an eighth of its scale); an odd
    /// last row or column is left out.
    pub fn average_pool(&self) -> Self {
        let mut half = Self::zeros(self.height / 2, self.width / 2, &self.scales);
        let (stride, width) = (self.stride(), half.width);
        let row = self.width * stride;
        for (y, out) in half.bytes.chunks_exact_mut((width * stride).max(1)).take(half.height).enumerate() {
            for (x, out) in out.chunks_exact_mut(stride).enumerate() {
                let at = 2 * y * row + 2 * x * stride;
                let (above, below) = (&self.bytes[at..][..2 * stride], &self.bytes[at + row..][..2 * stride]);
                let ((a, b), (c, d)) = (above.split_at(stride), below.split_at(stride));
                for ((((out, a), b), c), d) in out.iter_mut().zip(a).zip(b).zip(c).zip(d) {
                    let sum = u16::from(*a) + u16::from(*b) + u16::from(*c) + u16::from(*d);
                    *out = ((sum + 1 + (sum >> 2 & 1)) >> 2) as u8;
                }
            }
        }
        half
    }
}

/// Activations that are not rounded: the sums of residual blocks. Laid out as a [`Map`], without the last pixel.
#[derive(Clone, Debug, PartialEq)]
pub struct Floats {
    /// Rows.
    pub height: usize,
    /// Columns.
    pub width: usize,
    /// Channels.
    pub channels: usize,
    pub(super) values: Vec<f32>,
}

impl Floats {
    pub(super) fn zeros(height: usize, width: usize, channels: usize) -> Self {
        let values = vec![0.; height * width * channels.next_multiple_of(GROUP)];
        Self { height, width, channels, values }
    }

    /// From values (channels, height, width).
    ///
    /// # Panics
    /// The number of values is not that of the channels times the pixels.
    pub fn from_planes(values: &[f32], (height, width): (usize, usize), channels: usize) -> Self {
        assert_eq!(values.len(), channels * height * width, "values and their sizes differ");
        let mut floats = Self::zeros(height, width, channels);
        let stride = channels.next_multiple_of(GROUP);
        for (c, plane) in values.chunks_exact((height * width).max(1)).enumerate() {
            for (pixel, value) in floats.values.chunks_exact_mut(stride).zip(plane) {
                pixel[c] = *value;
            }
        }
        floats
    }

    /// Rounded to each channel's scales; what is negative becomes 0.
    ///
    /// # Panics
    /// There is not one scale for each channel.
    pub fn rounded(&self, scales: &Arc<[f32]>) -> Map {
        assert_eq!(scales.len(), self.channels, "one scale for each channel");
        let mut map = Map::zeros(self.height, self.width, scales);
        let (stride, inverse) = (map.stride(), inverses(scales));
        for (bytes, values) in map.bytes.chunks_exact_mut(stride).zip(self.values.chunks_exact(stride)) {
            for ((byte, value), inverse) in bytes.iter_mut().zip(values).zip(&inverse) {
                *byte = to_byte(value * inverse);
            }
        }
        map
    }

    /// Values (channels, height, width).
    pub fn planes(&self) -> Vec<f32> {
        let n = self.height * self.width;
        let mut planes = vec![0.; self.channels * n];
        for (i, pixel) in self.values.chunks_exact(self.channels.next_multiple_of(GROUP)).enumerate() {
            for (c, value) in pixel[..self.channels].iter().enumerate() {
                planes[c * n + i] = *value;
            }
        }
        planes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_come_back_within_half_a_scale_in_their_places() {
        let (c, h, w) = (3, 4, 5);
        let values: Vec<f32> = (0..c * h * w).map(|i| i as f32 * 0.1).collect();
        let scales: Arc<[f32]> = [2. / 127., 4. / 127., 6. / 127.].into();
        let back = Map::quantize(&values, (h, w), &scales).dequantize();
        for (i, (a, b)) in values.iter().zip(&back).enumerate() {
            assert!((a - b).abs() <= scales[i / (h * w)] * 0.501, "{a} became {b}");
        }
    }

    #[test]
    fn sums_come_back_exactly_in_their_places() {
        let planes: Vec<f32> = (0..5 * 2 * 3).map(|i| i as f32 - 7.5).collect();
        assert_eq!(Floats::from_planes(&planes, (2, 3), 5).planes(), planes);
    }

    #[test]
    fn rounding_is_half_to_even_and_bounded() {
        let rounded: Vec<u8> = [-3., 0.5, 1.5, 2.5, 126.6, 1e9].into_iter().map(to_byte).collect();
        assert_eq!(rounded, [0, 0, 2, 2, 127, 127]);
    }

    #[test]
    fn average_pooling_takes_the_mean_of_four() {
        let map = Map::quantize(&[1., 2., 3., 9., 5., 7., 8., 9., 0.], (3, 3), &[1.].into());
        assert_eq!(map.average_pool().dequantize(), [4.]); // (1 + 2 + 9 + 5) / 4 = 4.25
    }
}
