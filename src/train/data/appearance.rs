//! Random changes of a view's appearance, as between scanners, operators and exports: speckle, averaging, light, shadows,
//! resolution, wedges, marks, compression, and the contrast of another scan. No pixel moves.
//!
//! Each change has a probability and a random strength; [`Appearance`] scales both for each change on its own.

use image::codecs::jpeg::JpegEncoder;
use image::{ExtendedColorType, ImageFormat};
use rand::Rng;
use rand_distr::{Distribution, StandardNormal};

use crate::train::config::Appearance;

/// Probabilities of a change at strength 1.
const FREQUENT: f32 = 0.5;
const OCCASIONAL: f32 = 0.25;
const RARE: f32 = 0.1;

/// Values of a view, 0…1, row by row.
struct Canvas<'a> {
    values: &'a mut Vec<f32>,
    width: usize,
    height: usize,
}

/// Changes `view` (`width` values a row, 0…1); `other` is another scan of any size, whose contrast may be taken.
pub(crate) fn change(view: &mut Vec<f32>, width: usize, other: &[u8], strengths: &Appearance, rng: &mut impl Rng) {
    let height = view.len() / width;
    let mut canvas = Canvas { values: view, width, height };
    if happens(FREQUENT, strengths.vary_contrast, rng) {
        canvas.take_contrast(other, rng.random_range(0f32..1.));
    }
    if happens(FREQUENT, strengths.vary_light, rng) {
        canvas.light(strengths.vary_light, rng);
    }
    if happens(OCCASIONAL, strengths.vary_shadows, rng) {
        canvas.shadows(strengths.vary_shadows, rng);
    }
    if happens(OCCASIONAL, strengths.vary_resolution, rng) {
        canvas.coarsen(1. + rng.random_range(0.1f32..1.5) * strengths.vary_resolution);
    }
    if happens(FREQUENT, strengths.vary_speckle, rng) {
        canvas.speckle(strengths.vary_speckle, rng);
    }
    if happens(OCCASIONAL, strengths.vary_averaging, rng) {
        canvas.blur(rng.random_range(0.3f32..1.) * strengths.vary_averaging);
    }
    if happens(OCCASIONAL, strengths.vary_wedges, rng) {
        canvas.wedge(strengths.vary_wedges, rng);
    }
    if happens(RARE, strengths.vary_marks, rng) {
        canvas.marks(rng);
    }
    canvas.values.iter_mut().for_each(|v| *v = v.clamp(0., 1.));
    if happens(OCCASIONAL, strengths.vary_compression, rng) {
        let quality = (75. - rng.random_range(0f32..50.) * strengths.vary_compression).max(10.) as u8;
        compress(canvas.values, width, quality);
    }
}

/// Whether a change of this strength is applied; `probability` is that of strength 1 and above.
fn happens(probability: f32, strength: f32, rng: &mut impl Rng) -> bool {
    rng.random::<f32>() < probability * strength.min(1.)
}

impl Canvas<'_> {
    /// Moves grey values `share` of the way to those of `other` at the same ranks (histogram matching).
    fn take_contrast(&mut self, other: &[u8], share: f32) {
        if other.is_empty() {
            return;
        }
        const LEVELS: usize = 256;
        let level = |v: f32| ((v.clamp(0., 1.) * (LEVELS - 1) as f32).round() as usize).min(LEVELS - 1);
        let (mut own, mut target) = ([0usize; LEVELS], [0usize; LEVELS]);
        self.values.iter().for_each(|v| own[level(*v)] += 1);
        other.iter().for_each(|v| target[usize::from(*v)] += 1);
        let mut map = [0f32; LEVELS];
        let (mut below, mut n_own, mut n_target) = (0, 0, target[0]);
        for (from, to) in map.iter_mut().enumerate() {
            // The middle of a level, so that the many zeros of a black vitreous stay zeros.
            let rank = (n_own as f64 + own[from] as f64 / 2.) / self.values.len() as f64;
            n_own += own[from];
            while below + 1 < LEVELS && (n_target as f64) < rank * other.len() as f64 {
                below += 1;
                n_target += target[below];
            }
            *to = below as f32 / (LEVELS - 1) as f32;
        }
        self.values.iter_mut().for_each(|v| *v += share * (map[level(*v)] - *v));
    }

    /// Changes gain in waves across the scan, and with depth.
    fn light(&mut self, strength: f32, rng: &mut impl Rng) {
        let across = rng.random_range(0f32..0.35) * strength;
        let waves = rng.random_range(0.3f32..1.5) * std::f32::consts::TAU / self.width as f32;
        let phase = rng.random_range(0f32..std::f32::consts::TAU);
        let with_depth = rng.random_range(-0.7f32..0.7) * strength;
        for (i, v) in self.values.iter_mut().enumerate() {
            let (x, y) = ((i % self.width) as f32, (i / self.width) as f32 / self.height as f32 - 0.5);
            *v *= (1. + across * (waves * x + phase).sin()) * (with_depth * y).exp();
        }
    }

    /// Darkens columns over their whole height.
    fn shadows(&mut self, strength: f32, rng: &mut impl Rng) {
        for _ in 0..rng.random_range(1..=4) {
            let centre = rng.random_range(0f32..self.width as f32);
            let half_width = rng.random_range(0.005f32..0.05) * self.width as f32;
            let depth = (rng.random_range(0.2f32..0.8) * strength).min(0.95);
            for (i, v) in self.values.iter_mut().enumerate() {
                let from_centre = ((i % self.width) as f32 - centre) / half_width;
                *v *= 1. - depth * (-0.5 * from_centre * from_centre).exp();
            }
        }
    }

    /// Downsamples by `factor` on each side, and interpolates back.
    fn coarsen(&mut self, factor: f32) {
        let small = |n: usize| ((n as f32 / factor) as usize).max(2);
        let (width, height) = (small(self.width), small(self.height));
        let (mut sums, mut counts) = (vec![0f32; width * height], vec![0f32; width * height]);
        for (i, v) in self.values.iter().enumerate() {
            let (x, y) = (i % self.width * width / self.width, i / self.width * height / self.height);
            sums[y * width + x] += v;
            counts[y * width + x] += 1.;
        }
        let at = |x: usize, y: usize| sums[y * width + x] / counts[y * width + x].max(1.);
        for i in 0..self.values.len() {
            let place = |i: usize, n: usize, n_small: usize| {
                let place = (((i as f32 + 0.5) / n as f32) * n_small as f32 - 0.5).clamp(0., n_small as f32 - 1.);
                (place as usize, (place as usize + 1).min(n_small - 1), place.fract())
            };
            let (x, next_x, fx) = place(i % self.width, self.width, width);
            let (y, next_y, fy) = place(i / self.width, self.height, height);
            let upper = at(x, y) * (1. - fx) + at(next_x, y) * fx;
            let lower = at(x, next_y) * (1. - fx) + at(next_x, next_y) * fx;
            self.values[i] = upper * (1. - fy) + lower * fy;
        }
    }

    /// Adds multiplicative noise, of each pixel on its own or smoothed, additive noise, and a noise floor.
    fn speckle(&mut self, strength: f32, rng: &mut impl Rng) {
        let mut noise: Vec<f32> = (0..self.values.len()).map(|_| StandardNormal.sample(rng)).collect();
        if rng.random_bool(0.5) {
            // Neighbours correlate, as after a resize; the deviation stays near 1.
            Canvas { values: &mut noise, width: self.width, height: self.height }.blur(1.);
            noise.iter_mut().for_each(|n| *n *= 2.7);
        }
        let multiplied = rng.random_range(0f32..0.4) * strength;
        let added = if rng.random_bool(0.5) { rng.random_range(0f32..0.1) * strength } else { 0. };
        let floor: f32 = if rng.random_bool(0.3) { rng.random_range(0f32..0.1) * strength } else { 0. };
        let levels = Noise { multiplied, added, floor };
        self.values.iter_mut().zip(&noise).for_each(|(v, n)| *v = levels.add(*v, *n));
    }

    /// Moves values `share` of the way to the mean of 3 × 3, weighted 1 2 1 along each axis.
    fn blur(&mut self, share: f32) {
        let (width, height) = (self.width, self.height);
        let old = self.values.clone();
        let rows: Vec<f32> = (0..old.len())
            .map(|i| {
                let x = i % width;
                let (left, right) = (if x > 0 { i - 1 } else { i }, if x + 1 < width { i + 1 } else { i });
                (old[left] + 2. * old[i] + old[right]) / 4.
            })
            .collect();
        for (i, v) in self.values.iter_mut().enumerate() {
            let y = i / width;
            let (above, below) = (if y > 0 { i - width } else { i }, if y + 1 < height { i + width } else { i });
            *v += share.min(1.) * ((rows[above] + 2. * rows[i] + rows[below]) / 4. - *v);
        }
    }

    /// Blackens from one border to a line, as exports and shifted frames do.
    fn wedge(&mut self, strength: f32, rng: &mut impl Rng) {
        let (width, height) = (self.width as f32, self.height as f32);
        let most = 0.2 * strength;
        let (left, right) = (rng.random_range(0f32..=most) * height, rng.random_range(0f32..=most) * height);
        let side = rng.random_range(0f32..=most / 4.) * width;
        let kind = rng.random_range(0..4);
        for (i, v) in self.values.iter_mut().enumerate() {
            let (x, y) = ((i % self.width) as f32, (i / self.width) as f32);
            let edge = left + (right - left) * x / width;
            let is_black = match kind {
                0 => y < edge,
                1 => height - y < edge,
                2 => x < side,
                _ => width - x < side,
            };
            if is_black {
                *v = 0.;
            }
        }
    }

    /// Draws a row of bright rectangles of a few pixels near a corner.
    fn marks(&mut self, rng: &mut impl Rng) {
        let n_marks = rng.random_range(2..10);
        let (mark_height, mark_width) = (rng.random_range(2..6), rng.random_range(1..5));
        let light = rng.random_range(0.6f32..1.);
        let run = n_marks * (mark_width + 2);
        let inset = rng.random_range(2..8);
        if self.width <= run + inset || self.height <= mark_height + inset {
            return;
        }
        let left = if rng.random_bool(0.5) { inset } else { self.width - run - inset };
        let top = if rng.random_bool(0.5) { inset } else { self.height - mark_height - inset };
        for mark in 0..n_marks {
            for y in top..top + mark_height {
                let first = y * self.width + left + mark * (mark_width + 2);
                self.values[first..first + mark_width].fill(light);
            }
        }
    }
}

/// Levels of noise.
pub(crate) struct Noise {
    /// Deviation of a factor, which is not below 0.
    pub multiplied: f32,
    /// Deviation of what is added.
    pub added: f32,
    /// The value to which 0 is raised; 1 stays.
    pub floor: f32,
}

impl Noise {
    /// A value 0…1 with noise; `n` is normally distributed around 0 with deviation 1.
    pub(crate) fn add(&self, value: f32, n: f32) -> f32 {
        self.floor + value * (1. - self.floor) * (1. + self.multiplied * n).max(0.) + self.added * n
    }
}

/// Compresses values 0…1, `width` a row, as JPEG of this quality, and decodes again.
pub(crate) fn compress(values: &mut [f32], width: usize, quality: u8) {
    let bytes: Vec<u8> = values.iter().map(|v| (v * 255.).round() as u8).collect();
    let mut file = Vec::new();
    let encoder = JpegEncoder::new_with_quality(&mut file, quality);
    let size = (width as u32, (values.len() / width) as u32);
    let is_written = image::ImageEncoder::write_image(encoder, &bytes, size.0, size.1, ExtendedColorType::L8).is_ok();
    // What was written can be read again; if not, the values stay as they are.
    if let Some(read) = is_written.then(|| image::load_from_memory_with_format(&file, ImageFormat::Jpeg).ok()).flatten()
    {
        values.iter_mut().zip(read.to_luma8().as_raw()).for_each(|(v, b)| *v = f32::from(*b) / 255.);
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    use super::*;

    const WIDTH: usize = 64;

    /// The strengths that `set` sets, and 0 for the others.
    fn only(set: impl Fn(&mut Appearance)) -> Appearance {
        let mut appearance = Appearance::default();
        set(&mut appearance);
        appearance
    }

    /// A bright layer over black, with a slope, so that nothing is flat.
    fn view() -> Vec<f32> {
        (0..WIDTH * 32)
            .map(|i| if (12..20).contains(&(i / WIDTH)) { 0.4 + (i % WIDTH) as f32 / 160. } else { 0.05 })
            .collect()
    }

    fn changed(appearance: &Appearance, seed: u64) -> Vec<f32> {
        let mut changed = view();
        let other: Vec<u8> = (0..1000).map(|i| (i % 200) as u8).collect();
        change(&mut changed, WIDTH, &other, appearance, &mut ChaCha8Rng::seed_from_u64(seed));
        changed
    }

    #[test]
    fn without_strength_a_view_stays_as_it_is() {
        assert!((0..50).all(|seed| changed(&Appearance::default(), seed) == view()));
    }

    #[test]
    fn each_change_is_applied_to_some_views_and_leaves_values_in_range() {
        let changes: [fn(&mut Appearance); 9] = [
            |a| a.vary_speckle = 1.,
            |a| a.vary_averaging = 1.,
            |a| a.vary_light = 1.,
            |a| a.vary_shadows = 1.,
            |a| a.vary_resolution = 1.,
            |a| a.vary_wedges = 1.,
            |a| a.vary_marks = 1.,
            |a| a.vary_compression = 1.,
            |a| a.vary_contrast = 1.,
        ];
        for (i, set) in changes.into_iter().enumerate() {
            let views: Vec<Vec<f32>> = (0..60).map(|seed| changed(&only(set), seed)).collect();
            let n_changed = views.iter().filter(|v| **v != view()).count();
            assert!((1..=50).contains(&n_changed), "change {i} was applied {n_changed} times of 60");
            assert!(views.iter().flatten().all(|v| (0. ..=1.).contains(v)), "change {i}");
        }
    }

    #[test]
    fn a_layer_stays_brighter_than_what_is_around_it() {
        let all = only(|a| {
            *a = Appearance {
                vary_field: 1.,
                vary_speckle: 1.,
                vary_averaging: 1.,
                vary_light: 1.,
                vary_shadows: 1.,
                vary_resolution: 1.,
                vary_wedges: 1.,
                vary_marks: 1.,
                vary_compression: 1.,
                vary_contrast: 1.,
            };
        });
        for seed in 0..60 {
            let changed = changed(&all, seed);
            let mean = |rows: std::ops::Range<usize>| {
                changed[rows.start * WIDTH..rows.end * WIDTH].iter().sum::<f32>() / (rows.len() * WIDTH) as f32
            };
            assert!(mean(13..19) > 1.5 * mean(7..11).min(mean(21..25)), "seed {seed}");
        }
    }

    #[test]
    fn the_same_seed_gives_the_same_view() {
        let all = only(|a| (a.vary_speckle, a.vary_compression) = (1., 1.));
        assert!((0..20).all(|seed| changed(&all, seed) == changed(&all, seed)));
    }

    #[test]
    fn at_a_share_of_1_the_contrast_is_that_of_the_other_scan() {
        let mut values = view();
        let other: Vec<u8> = (0..2560).map(|i| (i / 10) as u8).collect();
        Canvas { values: &mut values, width: WIDTH, height: 32 }.take_contrast(&other, 1.);
        // Three quarters of the view are one grey: their middle rank is three eighths, and so is their grey then.
        assert!((values[0] - 0.375).abs() < 0.02, "{}", values[0]);
        assert!(values.iter().copied().fold(0., f32::max) > 0.95);
    }
}
