//! From samples in colour to grey, and how much of the picture is coloured.

use super::lut::Palette;
use super::pixels::Samples;
use crate::scan::luma::{MIN_CHROMA, chroma, luma};

/// Red, green and blue of each pixel through a table.
pub(super) fn of_palette(samples: &Samples, palette: &Palette) -> (Vec<u8>, f32) {
    summarised(samples.values.iter().map(|value| palette.get(samples.number(*value))), samples.values.len())
}

/// Red, green and blue of each pixel with three samples of `bits` bits.
pub(super) fn of_samples(samples: &Samples, is_ybr: bool, bits: u32) -> (Vec<u8>, f32) {
    let n_pixels = samples.values.len() / samples.n_samples;
    let (step, stride) = if samples.is_planar { (n_pixels, 1) } else { (1, samples.n_samples) };
    let byte = |at: usize| {
        let value = samples.values[at].max(0) as u32;
        (if bits >= 8 { value >> (bits - 8) } else { value * 255 / ((1 << bits) - 1) }).min(255) as u8
    };
    let pixels = (0..n_pixels).map(|i| {
        let pixel = [0, 1, 2].map(|sample| byte(i * stride + sample * step));
        if is_ybr { rgb_of_ybr(pixel) } else { pixel }
    });
    summarised(pixels, n_pixels)
}

fn summarised(pixels: impl Iterator<Item = [u8; 3]>, n_pixels: usize) -> (Vec<u8>, f32) {
    let mut n_coloured = 0;
    let grey = pixels.map(|pixel| {
        let pixel = pixel.map(u32::from);
        n_coloured += usize::from(chroma(pixel) >= MIN_CHROMA);
        luma(pixel) as u8
    });
    let grey = grey.collect();
    (grey, n_coloured as f32 / n_pixels.max(1) as f32)
}

/// PS3.3, C.7.6.3.1.2 (Rec. 601, full range), in integers: factors are in 65536ths.
fn rgb_of_ybr([y, cb, cr]: [u8; 3]) -> [u8; 3] {
    let (y, cb, cr) = (i32::from(y) << 16, i32::from(cb) - 128, i32::from(cr) - 128);
    let sums = [y + 91_881 * cr, y - 22_554 * cb - 46_802 * cr, y + 116_130 * cb];
    sums.map(|sum| ((sum + (1 << 15)) >> 16).clamp(0, 255) as u8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grey_has_no_differences_of_colour_and_red_is_red() {
        for y in [0, 77, 255] {
            assert_eq!(rgb_of_ybr([y, 128, 128]), [y; 3]);
        }
        assert_eq!(rgb_of_ybr([76, 85, 255]), [254, 0, 0]);
    }
}
