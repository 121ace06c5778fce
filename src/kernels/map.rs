//! Activations of one image: seven bits each, channels last.

use super::{GROUP, MAX_ACTIVATION};

/// `value ≈ scale · byte`, none below zero. Pixel by pixel; a pixel's channels are filled up to whole groups with zeros,
/// and one more pixel of zeros lies at the end, which taps beyond the border read.
#[derive(Clone, Debug, PartialEq)]
pub struct Map {
    /// Rows.
    pub height: usize,
    /// Columns.
    pub width: usize,
    /// Channels.
    pub channels: usize,
    /// What a byte of 1 stands for.
    pub scale: f32,
    pub(super) bytes: Vec<u8>,
}

/// Adding 1.5 · 2²³ leaves a float's integer part, rounded half to even, in its low bits.
const ROUNDER: f32 = 12_582_912.;

/// The nearest whole number of 0…127.
pub(super) fn to_byte(value: f32) -> u8 {
    (value.clamp(0., f32::from(MAX_ACTIVATION)) + ROUNDER).to_bits() as u8
}

impl Map {
    pub(super) fn zeros(height: usize, width: usize, channels: usize, scale: f32) -> Self {
        let bytes = vec![0; (height * width + 1) * channels.next_multiple_of(GROUP)];
        Self { height, width, channels, scale, bytes }
    }

    /// Bytes from one pixel to the next.
    pub(super) fn stride(&self) -> usize {
        self.channels.next_multiple_of(GROUP)
    }

    /// Where the pixel of zeros begins.
    pub(super) fn border(&self) -> usize {
        self.height * self.width * self.stride()
    }

    /// From values (channels, height, width) that are not negative; what is larger than 127 · `scale` is cut off.
    ///
    /// # Panics
    /// The number of values is not their product.
    pub fn quantize(values: &[f32], (channels, height, width): (usize, usize, usize), scale: f32) -> Self {
        assert_eq!(values.len(), channels * height * width, "values and their sizes differ");
        let mut map = Self::zeros(height, width, channels, scale);
        let (stride, inverse) = (map.stride(), 1. / scale);
        for (c, plane) in values.chunks_exact((height * width).max(1)).enumerate() {
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
            for (c, byte) in pixel[..self.channels].iter().enumerate() {
                values[c * n + i] = f32::from(*byte) * self.scale;
            }
        }
        values
    }

    /// The mean of each 2 × 2 pixels, rounded half up; an odd last row or column is left out.
    pub fn halve(&self) -> Self {
        let mut half = Self::zeros(self.height / 2, self.width / 2, self.channels, self.scale);
        let (stride, width) = (self.stride(), half.width);
        let row = self.width * stride;
        for (y, out) in half.bytes.chunks_exact_mut((width * stride).max(1)).take(half.height).enumerate() {
            for (x, out) in out.chunks_exact_mut(stride).enumerate() {
                let at = 2 * y * row + 2 * x * stride;
                let (above, below) = (&self.bytes[at..][..2 * stride], &self.bytes[at + row..][..2 * stride]);
                let ((a, b), (c, d)) = (above.split_at(stride), below.split_at(stride));
                for ((((out, a), b), c), d) in out.iter_mut().zip(a).zip(b).zip(c).zip(d) {
                    *out = ((u16::from(*a) + u16::from(*b) + u16::from(*c) + u16::from(*d) + 2) >> 2) as u8;
                }
            }
        }
        half
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_come_back_within_half_a_step_in_their_places() {
        let (c, h, w) = (3, 4, 5);
        let values: Vec<f32> = (0..c * h * w).map(|i| i as f32 * 0.1).collect();
        let scale = 6. / 127.;
        let back = Map::quantize(&values, (c, h, w), scale).dequantize();
        for (a, b) in values.iter().zip(&back) {
            assert!((a - b).abs() <= scale * 0.501, "{a} became {b}");
        }
    }

    #[test]
    fn rounding_is_half_to_even_and_bounded() {
        let rounded: Vec<u8> = [-3., 0.5, 1.5, 2.5, 126.6, 1e9].into_iter().map(to_byte).collect();
        assert_eq!(rounded, [0, 0, 2, 2, 127, 127]);
    }

    #[test]
    fn halving_takes_the_mean_of_four() {
        let map = Map::quantize(&[1., 2., 3., 9., 5., 7., 8., 9., 0.], (1, 3, 3), 1.);
        assert_eq!(map.halve().dequantize(), [4.]); // (1 + 2 + 9 + 5) / 4 = 4.25
    }
}
