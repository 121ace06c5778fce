//! From a [`Scan`] to `pixel_values`, and from model coordinates back to scan coordinates. Knows no model, only its input
//! size.
//!
//! Training and page use this same code, because browsers decode and resample differently. The resampling is written by hand:
//! trained weights rely on these exact filter weights, natively and in wasm, and no resampling library promises to keep its
//! own from one version or target to the next.

use candle_core::{Device, Tensor};
use serde::{Deserialize, Serialize};

use crate::error::Result;
use crate::scan::Scan;

/// How a scan is cut, resized and normalised. Stored in the weights file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Preprocess {
    /// Rows of `pixel_values`.
    pub image_height: usize,
    /// Columns of `pixel_values`.
    pub image_width: usize,
    /// Scans taller than `width / min_aspect` are cut to the brightest rows of that height: the retina. Wider ones are used
    /// whole, because lesions lie at the sides too.
    pub min_aspect: f32,
    /// Percentiles of the resized scan that become black and white, against differences in gain.
    pub contrast_percentiles: [f32; 2],
    /// Subtracted from each channel, of values 0…1.
    pub mean: [f32; 3],
    /// Divides each channel afterwards.
    pub std: [f32; 3],
}

/// A rectangle of a scan, in scan pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Region {
    /// Left edge.
    pub x: f32,
    /// Top edge.
    pub y: f32,
    /// Columns.
    pub width: f32,
    /// Rows.
    pub height: f32,
}

impl Region {
    /// A point of the model's input, as fractions 0…1 of its width and height, in scan pixels.
    pub fn scan_from_input(&self, x: f32, y: f32) -> (f32, f32) {
        (self.x + x * self.width, self.y + y * self.height)
    }

    /// A point of the scan, in pixels, as fractions of the model's input.
    pub fn input_from_scan(&self, x: f32, y: f32) -> (f32, f32) {
        ((x - self.x) / self.width, (y - self.y) / self.height)
    }
}

impl Preprocess {
    /// For B-scans: an aspect of at least 2 keeps OCTDL's wide frames whole and cuts OCT5k's square ones to the retina.
    pub fn b_scan(image_height: usize, image_width: usize) -> Self {
        Self {
            image_height,
            image_width,
            min_aspect: 2.,
            contrast_percentiles: [2., 99.5],
            mean: [0.3; 3],
            std: [0.25; 3],
        }
    }

    /// The part of the scan that the model sees.
    pub fn region(&self, scan: &Scan) -> Region {
        let rows = (((scan.width as f32 / self.min_aspect).ceil() as usize).max(1)).min(scan.height);
        // Squares, so that the bright layers of the retina weigh more than a wide, noisy choroid.
        let light: Vec<f64> =
            scan.pixels.chunks_exact(scan.width).map(|row| row.iter().map(|p| f64::from(*p).powi(2)).sum()).collect();
        let mut sum: f64 = light.iter().take(rows).sum();
        let mut best = (sum, 0);
        for top in 1..=scan.height - rows {
            sum += light[top + rows - 1] - light[top - 1];
            if sum > best.0 {
                best = (sum, top);
            }
        }
        Region { x: 0., y: best.1 as f32, width: scan.width as f32, height: rows as f32 }
    }

    /// The scan's region, resized and contrast-stretched: `image_height · image_width` grey values 0…1, row by row.
    pub fn grey(&self, scan: &Scan) -> Vec<f32> {
        let region = self.region(scan);
        let (top, rows) = (region.y as usize, region.height as usize);
        let pixels = &scan.pixels[top * scan.width..(top + rows) * scan.width];
        let columns = Taps::new(scan.width, self.image_width);
        let mut wide = Vec::with_capacity(rows * self.image_width);
        for row in pixels.chunks_exact(scan.width) {
            wide.extend(columns.0.iter().map(|tap| tap.apply(|i| f32::from(row[i]) / 255.)));
        }
        let mut grey = Vec::with_capacity(self.image_height * self.image_width);
        for tap in &Taps::new(rows, self.image_height).0 {
            grey.extend((0..self.image_width).map(|x| tap.apply(|i| wide[i * self.image_width + x])));
        }
        self.stretch(&mut grey);
        grey
    }

    fn stretch(&self, grey: &mut [f32]) {
        let mut sorted = grey.to_vec();
        sorted.sort_unstable_by(f32::total_cmp);
        let [low, high] =
            self.contrast_percentiles.map(|p| sorted[((sorted.len() - 1) as f32 * p / 100.).round() as usize]);
        // A flat scan stays flat rather than becoming amplified noise.
        if high - low > 0.02 {
            grey.iter_mut().for_each(|v| *v = ((*v - low) / (high - low)).clamp(0., 1.));
        }
    }

    /// Grey values of `batch` scans, one after the other, as (batch, 3, image_height, image_width), normalised.
    pub fn pixel_values(&self, grey: Vec<f32>, device: &Device) -> Result<Tensor> {
        let grey = Tensor::from_vec(grey, ((), 1, self.image_height, self.image_width), device)?;
        let channels = (0..3)
            .map(|c| grey.affine(1. / f64::from(self.std[c]), -f64::from(self.mean[c] / self.std[c])))
            .collect::<Result<Vec<_>, _>>()?;
        Ok(Tensor::cat(&channels, 1)?)
    }
}

/// One output sample: the first input sample and the weights of those that follow.
struct Tap {
    first: usize,
    weights: Vec<f32>,
}

impl Tap {
    fn apply(&self, sample: impl Fn(usize) -> f32) -> f32 {
        self.weights.iter().enumerate().map(|(i, w)| w * sample(self.first + i)).sum()
    }
}

/// Triangle filter, widened when shrinking so that nothing aliases (as Pillow's antialiased `BILINEAR`).
struct Taps(Vec<Tap>);

impl Taps {
    fn new(n_in: usize, n_out: usize) -> Self {
        let scale = n_in as f32 / n_out as f32;
        let support = scale.max(1.);
        Self(
            (0..n_out)
                .map(|i| {
                    let centre = (i as f32 + 0.5) * scale;
                    let first = (centre - support + 0.5).floor().max(0.) as usize;
                    let last = ((centre + support + 0.5).floor() as usize).clamp(first + 1, n_in.max(first + 1));
                    let mut weights: Vec<f32> =
                        (first..last).map(|j| (1. - ((j as f32 + 0.5 - centre) / support).abs()).max(0.)).collect();
                    let total: f32 = weights.iter().sum();
                    weights.iter_mut().for_each(|w| *w /= total);
                    Tap { first, weights }
                })
                .collect(),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scan::format::Format;

    fn scan(width: usize, height: usize, pixel: impl Fn(usize, usize) -> u8) -> Scan {
        Scan {
            width,
            height,
            pixels: (0..width * height).map(|i| pixel(i % width, i / width)).collect(),
            format: Format::Png,
            frame: 0,
            n_frames: 1,
            um_per_pixel: None,
        }
    }

    #[test]
    fn a_wide_scan_is_used_whole_and_a_tall_one_where_the_light_is() {
        let preprocess = Preprocess::b_scan(64, 128);
        let wide = preprocess.region(&scan(640, 230, |_, _| 9));
        assert_eq!(wide, Region { x: 0., y: 0., width: 640., height: 230. });
        let tall = preprocess.region(&scan(512, 512, |_, y| if (250..330).contains(&y) { 200 } else { 10 }));
        assert_eq!(tall.height, 256.);
        assert!(tall.y <= 250. && tall.y + tall.height >= 330., "{tall:?}");
    }

    #[test]
    fn a_marked_pixel_is_found_where_the_region_says() {
        let preprocess = Preprocess { contrast_percentiles: [0., 100.], ..Preprocess::b_scan(64, 128) };
        let scan = scan(300, 400, |x, y| if (201..=203).contains(&x) && (210..=212).contains(&y) { 255 } else { 0 });
        let region = preprocess.region(&scan);
        let grey = preprocess.grey(&scan);
        let peak = (0..grey.len()).max_by(|a, b| grey[*a].total_cmp(&grey[*b])).unwrap();
        let (x, y) =
            region.scan_from_input((peak % 128) as f32 / 128. + 0.5 / 128., (peak / 128) as f32 / 64. + 0.5 / 64.);
        assert!((x - 202.5).abs() < 2.5 && (y - 211.5).abs() < 2.5, "({x}, {y})");
        let (u, v) = region.input_from_scan(x, y);
        assert!(
            (u * 128. - (peak % 128) as f32 - 0.5).abs() < 1e-3 && (v * 64. - (peak / 128) as f32 - 0.5).abs() < 1e-3
        );
    }

    #[test]
    fn resizing_keeps_the_mean_and_a_flat_scan_stays_flat() {
        let preprocess = Preprocess::b_scan(32, 64);
        let flat = preprocess.grey(&scan(500, 200, |_, _| 128));
        assert!(flat.iter().all(|v| (v - 128. / 255.).abs() < 1e-5));
    }

    #[test]
    fn one_pixel_is_enough_to_answer() {
        let preprocess = Preprocess::b_scan(32, 64);
        assert_eq!(preprocess.grey(&scan(1, 1, |_, _| 7)).len(), 32 * 64);
        assert_eq!(preprocess.grey(&scan(1, 900, |_, _| 7)).len(), 32 * 64);
    }
}
