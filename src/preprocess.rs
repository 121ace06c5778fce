//! From a [`Scan`] to `pixel_values`, and from model coordinates back to scan coordinates. Knows no model, only its input
//! size.
//!
//! Training and page use this same code, because browsers decode and resample differently. The resampling is written by hand:
//! trained weights rely on these exact filter weights, natively and in wasm, and no resampling library promises to keep its
//! own from one version or target to the next.
//!
//! Scanners and exports differ in bars and wedges at the borders, text and rulers, noise floor, speckle, and height of the
//! field of view. [`Cleaning`] reduces these differences. `foreign` finds bars and wedges, `retina` the noise floor, the
//! rows of the retina and overlays, and `median` filters speckle; then `resample` resizes what is left.

mod foreign;
mod median;
mod resample;
mod retina;

use candle_core::{Device, Tensor};
use serde::{Deserialize, Serialize};

use self::foreign::Foreign;
use self::median::median_3x3;
use self::resample::resample;
use self::retina::Retina;
use crate::error::Result;
use crate::scan::Scan;
use crate::scan::quantile::percentile;

/// Smallest difference between the black and the white level, as a share of the grey range, at which contrast is stretched.
/// Below it a scan is flat, and stretching would only amplify noise.
const MIN_CONTRAST: f32 = 0.02;
/// Distance from an overlay, in pixels, up to which pixels are blanked with it: text has smoothed edges.
const OVERLAY_FRINGE: usize = 2;

/// How a scan is cut, resized and normalised. Stored in the weights file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Preprocess {
    /// Rows of `pixel_values`.
    pub image_height: usize,
    /// Columns of `pixel_values`.
    pub image_width: usize,
    /// Scans taller than `width / min_aspect` are cut to that many rows: around the retina, and more if the retina takes
    /// more; without [`Cleaning`], the brightest ones. Wider scans keep their whole width, because lesions lie at the sides
    /// too.
    pub min_aspect: f32,
    /// Percentiles of the resized scan that become black and white, against differences in gain. With [`Cleaning`],
    /// black is the noise floor.
    pub contrast_percentiles: [f32; 2],
    /// Subtracted from each channel, of values 0…1.
    pub mean: [f32; 3],
    /// Divides each channel afterwards.
    pub std: [f32; 3],
    /// How differences between scanners are reduced; none in files from before this field.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cleaning: Option<Cleaning>,
}

/// How differences between scanners are reduced.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Cleaning {
    /// Share of the noise floor that is subtracted, 0…1.
    pub noise_floor: f32,
    /// Noise levels, as shares of the brightest tissue's light, between which a 3 × 3 median is blended in: pixels keep
    /// their values up to the first, and are replaced by the median above the second.
    pub median_noise: [f32; 2],
    /// Rows kept above and below the retina, as a share of the retina's own rows.
    pub margin: f32,
}

impl Default for Cleaning {
    fn default() -> Self {
        Self { noise_floor: 1., median_noise: [0.04, 0.08], margin: 0.2 }
    }
}

impl Cleaning {
    /// Whether every value is in range.
    pub fn is_valid(&self) -> bool {
        let [from, to] = self.median_noise;
        (0. ..=1.).contains(&self.noise_floor) && from >= 0. && from < to && (0. ..=1.).contains(&self.margin)
    }
}

/// The part of a scan that the model sees, resized and contrast-stretched.
#[derive(Clone, Debug, PartialEq)]
pub struct PreparedScan {
    /// Grey values 0…1, row by row: `image_height · image_width` of them.
    pub grey: Vec<f32>,
    /// The part of the scan that they show.
    pub region: Region,
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
            cleaning: None,
        }
    }

    /// Whether every value is in range, so that finite pixels give finite `pixel_values`.
    pub fn is_valid(&self) -> bool {
        self.min_aspect > 0.
            && self.min_aspect.is_finite()
            && self.contrast_percentiles.iter().all(|p| (0. ..=100.).contains(p))
            && self.mean.iter().all(|mean| mean.is_finite())
            && self.std.iter().all(|std| std.is_normal())
            && self.cleaning.is_none_or(|cleaning| cleaning.is_valid())
    }

    /// The part of the scan that the model sees.
    pub fn prepare(&self, scan: &Scan) -> PreparedScan {
        let (grey, rows) = match self.cleaning {
            None => self.stretched(scan),
            Some(cleaning) => self.cleaned(scan, &cleaning),
        };
        PreparedScan { grey, region: rows.region() }
    }

    /// The grey values of [`Preprocess::prepare`].
    pub fn grey(&self, scan: &Scan) -> Vec<f32> {
        self.prepare(scan).grey
    }

    /// The region of [`Preprocess::prepare`].
    pub fn region(&self, scan: &Scan) -> Region {
        let rows = match self.cleaning {
            None => self.brightest_rows(scan),
            Some(cleaning) => self.searched(scan, &cleaning).2,
        };
        rows.region()
    }

    /// Which pixels of the scan are part of the retina, row by row, as far as light tells: a band over all columns in which
    /// layers are seen, to within a cell of a coarse grid. None is, of a picture without light.
    pub fn retina(scan: &Scan) -> Vec<bool> {
        let retina = Retina::find(scan, &Foreign::find(scan));
        (0..scan.width * scan.height).map(|i| retina.contains(i % scan.width, i / scan.width)).collect()
    }

    fn brightest_rows(&self, scan: &Scan) -> Rows {
        let rows = self.min_rows(scan.width).min(scan.height);
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
        Rows { rows: [best.1, best.1 + rows], columns: [0, scan.width] }
    }

    fn min_rows(&self, width: usize) -> usize {
        ((width as f32 / self.min_aspect).ceil() as usize).max(1)
    }

    fn stretched(&self, scan: &Scan) -> (Vec<f32>, Rows) {
        let rows = self.brightest_rows(scan);
        let [top, bottom] = rows.rows;
        let pixels = &scan.pixels[top * scan.width..bottom * scan.width];
        let light: Vec<f32> = pixels.iter().map(|value| f32::from(*value) / 255.).collect();
        let mut grey = resample(&light, scan.width, [self.image_height, self.image_width]);
        let mut values = grey.clone();
        let [low, high] = self.contrast_percentiles.map(|p| percentile(&mut values, p));
        stretch(&mut grey, low, high);
        (grey, rows)
    }

    /// What a scan has that is no eye, its retina, and the rows around that.
    fn searched(&self, scan: &Scan, cleaning: &Cleaning) -> (Foreign, Retina, Rows) {
        let foreign = Foreign::find(scan);
        let retina = Retina::find(scan, &foreign);
        let cut = self.rows_of_retina(cleaning, &foreign, &retina);
        (foreign, retina, cut)
    }

    /// Rows around the retina, as many as the aspect asks for and never fewer than the retina takes.
    fn rows_of_retina(&self, cleaning: &Cleaning, foreign: &Foreign, retina: &Retina) -> Rows {
        let [left, right] = foreign.columns;
        let [first, last] = foreign.rows;
        let [highest, lowest] = retina.rows;
        let taken = (lowest - highest) as f32 * (1. + 2. * cleaning.margin);
        let n_rows = self.min_rows(right - left).max(taken.ceil() as usize).min(last - first);
        let top = ((highest + lowest) as f32 / 2. - n_rows as f32 / 2.).round().max(first as f32) as usize;
        let top = top.min(last - n_rows);
        Rows { rows: [top, top + n_rows], columns: [left, right] }
    }

    fn cleaned(&self, scan: &Scan, cleaning: &Cleaning) -> (Vec<f32>, Rows) {
        let (foreign, retina, cut) = self.searched(scan, cleaning);
        let Rows { rows, columns } = cut;
        let (n_rows, n_columns) = (rows[1] - rows[0], columns[1] - columns[0]);
        let [from, to] = cleaning.median_noise;
        let median_share = ((retina.relative_noise() - from) / (to - from)).clamp(0., 1.);
        let smooth = (median_share > 0.).then(|| median_3x3(&scan.pixels, scan.width, rows));
        let floor = cleaning.noise_floor * retina.floor;
        let mut light = Vec::with_capacity(n_rows * n_columns);
        let mut is_seen = vec![true; n_rows * n_columns];
        let mut overlay = Vec::new();
        for y in rows[0]..rows[1] {
            let line =
                |pixels: &[u8], row: usize| -> Vec<u8> { pixels[row * scan.width..][columns[0]..columns[1]].to_vec() };
            let values = line(&scan.pixels, y);
            let first = light.len();
            match &smooth {
                None => light.extend(values.iter().map(|v| (f32::from(*v) - floor).max(0.) / 255.)),
                Some(smooth) => {
                    let medians = line(smooth, y - rows[0]);
                    light.extend(values.iter().zip(&medians).map(|(value, median)| {
                        let (value, median) = (f32::from(*value), f32::from(*median));
                        (value + median_share * (median - value) - floor).max(0.) / 255.
                    }));
                }
            }
            let is_foreign = foreign.row(y).map(|row| &row[columns[0]..columns[1]]);
            for i in (0..n_columns).filter(|i| is_foreign.is_some_and(|is_foreign| is_foreign[*i])) {
                light[first + i] = 0.;
                is_seen[first + i] = false;
            }
            let bright = values.iter().enumerate().filter(|(_, value)| f32::from(**value) > retina.overlay_light);
            overlay.extend(
                bright
                    .filter(|(i, _)| is_seen[first + i] && !retina.is_near(columns[0] + i, y))
                    .map(|(i, _)| first + i),
            );
        }
        for i in overlay {
            let (x, y) = (i % n_columns, i / n_columns);
            for row in y.saturating_sub(OVERLAY_FRINGE)..(y + OVERLAY_FRINGE + 1).min(n_rows) {
                let columns = x.saturating_sub(OVERLAY_FRINGE)..(x + OVERLAY_FRINGE + 1).min(n_columns);
                light[row * n_columns..][columns.clone()].fill(0.);
                is_seen[row * n_columns..][columns].fill(false);
            }
        }
        let (height, width) = (self.image_height, self.image_width);
        let mut grey = resample(&light, n_columns, [height, width]);
        // Blanked pixels do not count for the contrast.
        let place = |i: usize, n: usize, n_scan: usize| (i * 2 + 1) * n_scan / (2 * n);
        let mut seen = Vec::with_capacity(grey.len());
        for (y, values) in grey.chunks_exact(width).enumerate() {
            let row = &is_seen[place(y, height, n_rows) * n_columns..][..n_columns];
            seen.extend(values.iter().enumerate().filter(|(x, _)| row[place(*x, width, n_columns)]).map(|(_, v)| *v));
        }
        let low = if cleaning.noise_floor > 0. { 0. } else { percentile(&mut seen, self.contrast_percentiles[0]) };
        let high = percentile(&mut seen, self.contrast_percentiles[1]);
        stretch(&mut grey, low, high);
        (grey, cut)
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

/// Rows and columns of a scan, the last ones exclusive.
#[derive(Clone, Copy)]
struct Rows {
    rows: [usize; 2],
    columns: [usize; 2],
}

impl Rows {
    fn region(self) -> Region {
        let Self { rows: [top, bottom], columns: [left, right] } = self;
        Region { x: left as f32, y: top as f32, width: (right - left) as f32, height: (bottom - top) as f32 }
    }
}

fn stretch(grey: &mut [f32], low: f32, high: f32) {
    if high - low > MIN_CONTRAST {
        grey.iter_mut().for_each(|v| *v = ((*v - low) / (high - low)).clamp(0., 1.));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(super) fn scan(width: usize, height: usize, pixel: impl Fn(usize, usize) -> u8) -> Scan {
        Scan::of_pixels(width, height, (0..width * height).map(|i| pixel(i % width, i / width)).collect())
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

    fn cleaning() -> Preprocess {
        Preprocess { cleaning: Some(Cleaning::default()), ..Preprocess::b_scan(64, 128) }
    }

    /// A tilted retina with a bright lower layer, above a noise floor of `floor`.
    fn eye(x: usize, y: usize, floor: u8) -> u8 {
        let noise = (((x * 7919 + y * 104_729) ^ (x * y * 31)) % 11) as u8;
        let depth = y as i32 - 150 - x as i32 / 10;
        floor
            + noise
            + if (40..48).contains(&depth) {
                190
            } else if (0..40).contains(&depth) {
                80
            } else {
                0
            }
    }

    fn largest_difference(a: &[f32], b: &[f32]) -> f32 {
        a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0., f32::max)
    }

    fn mean_difference(a: &[f32], b: &[f32]) -> f32 {
        a.iter().zip(b).map(|(a, b)| (a - b).abs()).sum::<f32>() / a.len() as f32
    }

    #[test]
    fn one_pixel_is_enough_to_answer() {
        for preprocess in [Preprocess::b_scan(32, 64), Preprocess { image_height: 32, image_width: 64, ..cleaning() }] {
            for (width, height) in [(1, 1), (1, 900), (900, 1), (2, 3000), (7, 5)] {
                let scan = scan(width, height, |x, y| (x * 31 + y * 17) as u8);
                let PreparedScan { grey, region } = preprocess.prepare(&scan);
                assert_eq!(region, preprocess.region(&scan));
                assert!(grey.len() == 32 * 64 && grey.iter().all(|v| (0. ..=1.).contains(v)), "{width} × {height}");
            }
        }
    }

    #[test]
    fn files_without_cleaning_are_read_and_written_as_before() {
        let old = Preprocess::b_scan(192, 384);
        let written = serde_json::to_value(&old).unwrap();
        assert!(written.get("cleaning").is_none());
        assert_eq!(serde_json::from_value::<Preprocess>(written).unwrap(), old);
        let new = cleaning();
        assert_eq!(serde_json::from_value::<Preprocess>(serde_json::to_value(&new).unwrap()).unwrap(), new);
    }

    #[test]
    fn a_wedge_changes_neither_the_rows_nor_the_contrast() {
        let clean = scan(512, 496, |x, y| eye(x, y, 12));
        let is_wedge = |x: usize, y: usize| y + x / 10 < 60 || y > 470 - x / 20;
        let preprocess = cleaning();
        for colour in [255, 128] {
            let wedged = scan(512, 496, |x, y| if is_wedge(x, y) { colour } else { eye(x, y, 12) });
            assert_eq!(preprocess.region(&wedged), preprocess.region(&clean), "colour {colour}");
            assert!(mean_difference(&preprocess.grey(&wedged), &preprocess.grey(&clean)) < 0.005, "colour {colour}");
        }
        // Without cleaning, a white wedge is taken for the brightest rows.
        let wedged = scan(512, 496, |x, y| if is_wedge(x, y) { 255 } else { eye(x, y, 12) });
        assert_ne!(Preprocess::b_scan(64, 128).region(&wedged), Preprocess::b_scan(64, 128).region(&clean));
    }

    #[test]
    fn letterboxes_are_cut_off() {
        let preprocess = cleaning();
        let whole = scan(512, 200, |x, y| eye(x, y + 120, 12));
        let boxed =
            scan(
                532,
                532,
                |x, y| {
                    if (10..522).contains(&x) && (150..350).contains(&y) { eye(x - 10, y - 30, 12) } else { 0 }
                },
            );
        assert_eq!(preprocess.region(&boxed), Region { x: 10., y: 150., width: 512., height: 200. });
        assert!(largest_difference(&preprocess.grey(&boxed), &preprocess.grey(&whole)) < 0.05);
    }

    #[test]
    fn a_noise_floor_is_subtracted() {
        let preprocess = cleaning();
        let of = |floor: u8| preprocess.grey(&scan(512, 256, |x, y| eye(x, y, floor)));
        assert!(mean_difference(&of(0), &of(50)) < 0.01);
        assert!(
            mean_difference(&of(0), &of(50))
                < 0.2
                    * mean_difference(&of(0), &preprocess_without_floor().grey(&scan(512, 256, |x, y| eye(x, y, 50))))
        );
    }

    fn preprocess_without_floor() -> Preprocess {
        let settings = Cleaning { noise_floor: 0., ..Cleaning::default() };
        Preprocess { cleaning: Some(settings), contrast_percentiles: [0., 99.5], ..cleaning() }
    }

    #[test]
    fn text_beside_the_retina_is_blanked() {
        let preprocess = cleaning();
        let is_text =
            |x: usize, y: usize| (20..90).contains(&x) && (430..445).contains(&y) && (x / 3 + y / 4).is_multiple_of(2);
        let clean = scan(512, 496, |x, y| eye(x, y, 12));
        let written = scan(512, 496, |x, y| if is_text(x, y) { 255 } else { eye(x, y, 12) });
        assert_eq!(preprocess.region(&written), preprocess.region(&clean));
        let (tall, short) = (Preprocess { min_aspect: 1., ..cleaning() }, preprocess.grey(&clean));
        assert!(mean_difference(&tall.grey(&written), &tall.grey(&clean)) < 0.01);
        assert!(mean_difference(&preprocess.grey(&written), &short) < 0.01);
    }

    #[test]
    fn with_cleaning_a_marked_pixel_is_found_where_the_region_says() {
        let preprocess = Preprocess { contrast_percentiles: [0., 100.], ..cleaning() };
        // Within the retina: outside of it, a pixel this bright is an overlay.
        let mark = |x: usize, y: usize| (301..=304).contains(&x) && (195..=197).contains(&y);
        let is_wedge = |x: usize, y: usize| x < 30 || y + x / 10 < 60;
        let scan = scan(512, 496, |x, y| match (is_wedge(x, y), mark(x, y)) {
            (true, _) => 255,
            (_, true) => 250,
            _ => eye(x, y, 12) / 2,
        });
        let region = preprocess.region(&scan);
        assert!(region.x > 0. && region.y > 0.);
        let grey = preprocess.grey(&scan);
        let peak = (0..grey.len()).max_by(|a, b| grey[*a].total_cmp(&grey[*b])).unwrap();
        let (x, y) =
            region.scan_from_input((peak % 128) as f32 / 128. + 0.5 / 128., (peak / 128) as f32 / 64. + 0.5 / 64.);
        assert!((x - 303.).abs() < 4. && (y - 196.5).abs() < 4., "({x}, {y})");
        let (u, v) = region.input_from_scan(x, y);
        assert!(
            (u * 128. - (peak % 128) as f32 - 0.5).abs() < 1e-3 && (v * 64. - (peak / 128) as f32 - 0.5).abs() < 1e-3
        );
    }

    #[test]
    fn the_rows_hold_a_retina_that_takes_more_than_the_aspect_asks_for() {
        let steep = scan(300, 400, |x, y| eye(x, y.saturating_sub(x / 2), 12));
        let region = cleaning().region(&steep);
        assert!(region.y <= 150. && region.y + region.height >= 150. + 30. + 150. + 48., "{region:?}");
        assert!(region.height > 150.);
    }
}
