//! The changes of the stress suite: what other scanners, operators and exports do to a B-scan, in three fixed strengths.
//! Each is applied to the decoded scan, before preprocessing. The same scan is changed in the same way in every call.
//!
//! Training varies the appearance of views with some of the same formulas (`data::appearance`), but at random and after
//! preprocessing.

use image::GrayImage;
use image::imageops::{self, FilterType};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};
use serde::Serialize;

use crate::scan::Scan;
use crate::train::data::appearance::{Noise, compress};

/// The seed of every change, beside the scan's name.
const SEED: u64 = 2025;
/// Deviation of the noise that comes with a noise floor, as a share of the floor.
const FLOOR_NOISE: f32 = 0.5;

/// One change. Its three amounts are in [`Change::amounts`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Change {
    /// Multiplicative noise of each pixel.
    Speckle,
    /// Means along rows, as of more averaged A-scans.
    Averaging,
    /// Values raised to a power, or to its inverse.
    Gamma,
    /// Columns squeezed, rows kept.
    Aspect,
    /// Columns moved along a parabola, as of a longer eye.
    Curvature,
    /// Columns cut away at one side, so that the fovea is off centre.
    Crop,
    /// JPEG.
    Compression,
    /// A brighter background, with noise.
    NoiseFloor,
    /// White corners, as in exports of scans that were turned to lie level.
    Wedge,
}

/// How strong a change is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Strength {
    Weak,
    Middle,
    Strong,
}

impl Strength {
    /// All three.
    pub(crate) const ALL: [Self; 3] = [Self::Weak, Self::Middle, Self::Strong];

    /// Its name in tables.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Weak => "weak",
            Self::Middle => "middle",
            Self::Strong => "strong",
        }
    }
}

impl Change {
    /// All of them, in the order of reports.
    pub(crate) const ALL: [Self; 9] = [
        Self::Speckle,
        Self::Averaging,
        Self::Gamma,
        Self::Aspect,
        Self::Curvature,
        Self::Crop,
        Self::Compression,
        Self::NoiseFloor,
        Self::Wedge,
    ];

    /// Its name in tables.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Speckle => "speckle",
            Self::Averaging => "averaging",
            Self::Gamma => "gamma",
            Self::Aspect => "aspect",
            Self::Curvature => "curvature",
            Self::Crop => "crop",
            Self::Compression => "compression",
            Self::NoiseFloor => "noise floor",
            Self::Wedge => "wedge",
        }
    }

    /// What the amounts are.
    pub(crate) fn unit(self) -> &'static str {
        match self {
            Self::Speckle => "deviation of the factor",
            Self::Averaging => "pixels",
            Self::Gamma => "power, or its inverse",
            Self::Aspect => "width, of the scan's own",
            Self::Curvature => "sag of the middle, of the height",
            Self::Crop => "columns kept",
            Self::Compression => "JPEG quality",
            Self::NoiseFloor => "floor, of white",
            Self::Wedge => "wedges, of the height",
        }
    }

    /// Weak, middle and strong.
    fn amounts(self) -> [f32; 3] {
        match self {
            Self::Speckle => [0.15, 0.3, 0.5],
            Self::Averaging => [3., 5., 9.],
            Self::Gamma => [1.25, 1.6, 2.],
            Self::Aspect => [0.8, 0.65, 0.5],
            Self::Curvature => [0.05, 0.1, 0.2],
            Self::Crop => [0.85, 0.7, 0.55],
            Self::Compression => [60., 35., 15.],
            Self::NoiseFloor => [0.05, 0.1, 0.2],
            Self::Wedge => [0.08, 0.15, 0.25],
        }
    }

    /// How much, at a strength.
    pub(crate) fn amount(self, strength: Strength) -> f32 {
        self.amounts()[strength as usize]
    }

    /// The scan `name`, changed. Strengths of a change differ only in their amount: side and noise are the same.
    pub(crate) fn apply(self, strength: Strength, name: &str, scan: &Scan) -> Changed {
        let mut rng = generator(self, name);
        let amount = self.amount(strength);
        match self {
            Self::Speckle => noise(scan, &Noise { multiplied: amount, added: 0., floor: 0. }, &mut rng),
            Self::NoiseFloor => {
                noise(scan, &Noise { multiplied: 0., added: FLOOR_NOISE * amount, floor: amount }, &mut rng)
            }
            Self::Averaging => averaging(scan, amount as usize),
            Self::Gamma => gamma(scan, if rng.random_bool(0.5) { amount } else { 1. / amount }),
            Self::Aspect => aspect(scan, amount),
            Self::Curvature => curvature(scan, amount, &mut rng),
            Self::Crop => crop(scan, amount, rng.random_bool(0.5)),
            Self::Compression => compression(scan, amount as u8),
            Self::Wedge => wedges(scan, amount, rng.random_bool(0.5)),
        }
    }
}

/// Random numbers that depend on the change and the scan's name only.
fn generator(change: Change, name: &str) -> ChaCha8Rng {
    // FNV-1a, because the hashes of the standard library may change from one release to the next.
    let hash = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    let mut rng = ChaCha8Rng::seed_from_u64(name.bytes().fold(0xcbf2_9ce4_8422_2325 ^ SEED, hash));
    rng.set_stream(change as u64);
    rng
}

/// A changed scan, and where its pixels came from.
pub(crate) struct Changed {
    /// The scan.
    pub scan: Scan,
    /// How points have moved.
    pub motion: Motion,
}

/// Where a point of the clean scan lies in the changed one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Motion {
    /// Where it was.
    None,
    /// Columns are multiplied.
    Squeezed(f32),
    /// Columns have lost so many on their left.
    Shifted(f32),
    /// Columns have moved down, more in the middle.
    Bent(Bend),
}

impl Motion {
    /// The place in the changed scan, in pixels, of a place in the clean one.
    pub(crate) fn changed_from_clean(self, x: f32, y: f32) -> (f32, f32) {
        match self {
            Self::None => (x, y),
            Self::Squeezed(factor) => (x * factor, y),
            Self::Shifted(left) => (x - left, y),
            Self::Bent(bend) => (x, y + bend.rows_down(x) as f32),
        }
    }
}

/// A parabola: columns move down by `most` rows in the middle and not at all at the edges.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Bend {
    width: usize,
    most: usize,
}

impl Bend {
    /// Rows by which the pixels at `x` have moved down.
    fn rows_down(self, x: f32) -> usize {
        let from_middle = (2. * x / self.width as f32 - 1.).clamp(-1., 1.);
        (self.most as f32 * (1. - from_middle * from_middle)).round() as usize
    }
}

/// The scan with other pixels.
fn with_pixels(scan: &Scan, pixels: Vec<u8>) -> Changed {
    Changed { scan: Scan { pixels, ..scan.clone() }, motion: Motion::None }
}

fn values(scan: &Scan) -> Vec<f32> {
    scan.pixels.iter().map(|p| f32::from(*p) / 255.).collect()
}

/// `values` 0…1 as pixels; what lies outside is clipped.
fn pixels(values: &[f32]) -> Vec<u8> {
    values.iter().map(|v| (v.clamp(0., 1.) * 255.).round() as u8).collect()
}

fn noise(scan: &Scan, noise: &Noise, rng: &mut ChaCha8Rng) -> Changed {
    let noisy: Vec<f32> = values(scan).into_iter().map(|v| noise.add(v, StandardNormal.sample(rng))).collect();
    with_pixels(scan, pixels(&noisy))
}

/// The mean of `n` pixels of a row, an odd number; beyond its ends a row goes on with its last pixels.
fn averaging(scan: &Scan, n: usize) -> Changed {
    let reach = n / 2;
    let last = scan.width - 1;
    let averaged = scan.pixels.chunks_exact(scan.width).flat_map(|row| {
        (0..scan.width).map(move |x| {
            let sum: u32 = (x..=x + 2 * reach).map(|i| u32::from(row[i.saturating_sub(reach).min(last)])).sum();
            (sum as f32 / (2 * reach + 1) as f32).round() as u8
        })
    });
    with_pixels(scan, averaged.collect())
}

fn gamma(scan: &Scan, power: f32) -> Changed {
    let raised: Vec<f32> = values(scan).into_iter().map(|v| v.powf(power)).collect();
    with_pixels(scan, pixels(&raised))
}

fn aspect(scan: &Scan, factor: f32) -> Changed {
    let width = ((scan.width as f32 * factor).round() as usize).max(1);
    let Some(image) = GrayImage::from_raw(scan.width as u32, scan.height as u32, scan.pixels.clone()) else {
        return with_pixels(scan, scan.pixels.clone());
    };
    let squeezed = imageops::resize(&image, width as u32, scan.height as u32, FilterType::Triangle);
    // Whole columns: the true factor is not quite the one that was asked for.
    let factor = width as f32 / scan.width as f32;
    let um_per_pixel = scan.um_per_pixel.map(|[across, down]| [across / f64::from(factor), down]);
    Changed {
        scan: Scan { width, pixels: squeezed.into_raw(), um_per_pixel, layers: vec![], ..scan.clone() },
        motion: Motion::Squeezed(factor),
    }
}

/// The scan gains as many rows as its middle sags below its edges, so that nothing of it is lost. They are filled with values of the
/// darker half of its pixels, as of a background.
fn curvature(scan: &Scan, amount: f32, rng: &mut ChaCha8Rng) -> Changed {
    let bend = Bend { width: scan.width, most: (amount * scan.height as f32).round() as usize };
    let height = scan.height + bend.most;
    let mut background = scan.pixels.clone();
    background.sort_unstable();
    background.truncate((background.len() / 2).max(1));
    let mut pixels: Vec<u8> =
        (0..scan.width * height).map(|_| background[rng.random_range(0..background.len())]).collect();
    for x in 0..scan.width {
        let down = bend.rows_down(x as f32 + 0.5);
        for y in 0..scan.height {
            pixels[(y + down) * scan.width + x] = scan.pixel(x, y);
        }
    }
    Changed { scan: Scan { height, pixels, layers: vec![], ..scan.clone() }, motion: Motion::Bent(bend) }
}

/// Keeps the share `kept` of the columns, the left or the right ones.
fn crop(scan: &Scan, kept: f32, is_left: bool) -> Changed {
    let width = ((scan.width as f32 * kept).round() as usize).max(1);
    let left = if is_left { 0 } else { scan.width - width };
    let pixels = scan.pixels.chunks_exact(scan.width).flat_map(|row| &row[left..left + width]).copied().collect();
    Changed { scan: Scan { width, pixels, layers: vec![], ..scan.clone() }, motion: Motion::Shifted(left as f32) }
}

fn compression(scan: &Scan, quality: u8) -> Changed {
    let mut values = values(scan);
    compress(&mut values, scan.width, quality);
    with_pixels(scan, pixels(&values))
}

/// Whitens a triangle along the upper and one along the lower border, `amount` of the height at their high ends, which are
/// at opposite sides.
fn wedges(scan: &Scan, amount: f32, starts_left: bool) -> Changed {
    let mut pixels = scan.pixels.clone();
    let most = amount * scan.height as f32;
    for (i, p) in pixels.iter_mut().enumerate() {
        let (x, y) = ((i % scan.width) as f32 / scan.width as f32, (i / scan.width) as f32);
        let upper = most * if starts_left { 1. - x } else { x };
        if y < upper || scan.height as f32 - y <= most - upper {
            *p = 255;
        }
    }
    with_pixels(scan, pixels)
}

#[cfg(test)]
mod tests {
    use super::*;

    const WIDTH: usize = 100;
    const HEIGHT: usize = 60;

    /// A dim background and a bright layer that ends at one side.
    fn scan() -> Scan {
        let pixel = |i: usize| {
            let (x, y) = (i % WIDTH, i / WIDTH);
            if (25..35).contains(&y) && x < 80 { 180 } else { 20 + (i * 7 % 11) as u8 }
        };
        Scan {
            um_per_pixel: Some([10., 4.]),
            ..Scan::of_pixels(WIDTH, HEIGHT, (0..WIDTH * HEIGHT).map(pixel).collect())
        }
    }

    fn mean(pixels: &[u8]) -> f64 {
        pixels.iter().map(|p| f64::from(*p)).sum::<f64>() / pixels.len() as f64
    }

    #[test]
    fn every_change_changes_more_at_a_higher_strength_and_always_alike() {
        for change in Change::ALL {
            let apply = |strength| change.apply(strength, "eye", &scan()).scan;
            for strength in Strength::ALL {
                let changed = apply(strength);
                assert_eq!(changed, apply(strength), "{change:?}");
                assert_ne!(changed.pixels, scan().pixels, "{change:?}");
                assert_eq!(changed.pixels.len(), changed.width * changed.height, "{change:?}");
            }
            let amounts = change.amounts();
            assert!(amounts.is_sorted() || amounts.iter().rev().is_sorted(), "{change:?}");
        }
    }

    #[test]
    fn scans_of_other_names_are_changed_by_other_numbers() {
        let noisy = |name| Change::Speckle.apply(Strength::Middle, name, &scan()).scan.pixels;
        assert_ne!(noisy("one"), noisy("two"));
        let kept = |name| Change::Crop.apply(Strength::Middle, name, &scan()).motion;
        let names: Vec<String> = (0..20).map(|i| format!("{i}")).collect();
        assert!(names.iter().any(|n| kept(n) == Motion::Shifted(0.)));
        assert!(names.iter().any(|n| kept(n) == Motion::Shifted(30.)));
    }

    #[test]
    fn a_point_is_found_where_the_motion_says() {
        for change in [Change::Aspect, Change::Curvature, Change::Crop, Change::Gamma] {
            for strength in Strength::ALL {
                for (x, y) in [(20, 10), (50, 30), (70, 50)] {
                    let mut clean = scan();
                    clean.pixels.fill(0);
                    for (across, down) in [(0, 0), (1, 0), (0, 1), (1, 1)] {
                        clean.pixels[(y + down) * WIDTH + x + across] = 255;
                    }
                    let Changed { scan, motion } = change.apply(strength, "eye", &clean);
                    let (u, v) = motion.changed_from_clean(x as f32 + 1., y as f32 + 1.);
                    if !(1. ..scan.width as f32 - 1.).contains(&u) {
                        continue;
                    }
                    let around = |at: f32| at as usize - 1..at as usize + 1;
                    let found = around(v).flat_map(|y| around(u).map(move |x| (x, y))).map(|(x, y)| scan.pixel(x, y));
                    assert!(found.max() >= Some(100), "{change:?} {strength:?} ({x}, {y}) is not at ({u}, {v})");
                }
            }
        }
    }

    #[test]
    fn a_bent_scan_loses_nothing_and_its_edges_are_above_its_middle() {
        let Changed { scan: bent, motion } = Change::Curvature.apply(Strength::Strong, "eye", &scan());
        assert_eq!((bent.width, bent.height), (WIDTH, HEIGHT + 12));
        let bright = |scan: &Scan| scan.pixels.iter().filter(|p| **p == 180).count();
        assert_eq!(bright(&bent), bright(&scan()));
        assert_eq!((motion.changed_from_clean(50., 30.).1, motion.changed_from_clean(0., 30.).1), (42., 30.));
        assert!(bent.pixels.iter().all(|p| *p == 180 || (20..=30).contains(p)), "new rows look like the background");
    }

    #[test]
    fn each_change_does_what_it_says() {
        let strong = |change: Change| change.apply(Strength::Strong, "eye", &scan()).scan;
        let (background, layer) =
            (|s: &Scan| mean(&s.pixels[..WIDTH * 20]), |s: &Scan| mean(&s.pixels[30 * WIDTH..][..70]));
        let clean = scan();
        let floor = strong(Change::NoiseFloor);
        assert!((background(&floor) - 51. - 0.8 * background(&clean)).abs() < 2.);
        let speckle = strong(Change::Speckle);
        assert!((background(&speckle) - background(&clean)).abs() < 2. && layer(&speckle) < 180.);
        let spread = |s: &Scan| s.pixels[..WIDTH * 20].iter().map(|p| p.abs_diff(25)).max().unwrap();
        assert!(spread(&strong(Change::Averaging)) < spread(&clean) && spread(&speckle) > 10);
        let squeezed = strong(Change::Aspect);
        assert_eq!((squeezed.width, squeezed.um_per_pixel), (50, Some([20., 4.])));
        let white = strong(Change::Wedge).pixels.iter().filter(|p| **p == 255).count() as f64;
        // Two triangles of a quarter of the height make up a quarter of the scan.
        assert!((white / (WIDTH * HEIGHT) as f64 - 0.25).abs() < 0.03, "{white}");
        let darker = layer(&strong(Change::Gamma));
        assert!((darker - 127.).abs() < 2. || (darker - 214.).abs() < 2., "180 squared, or its root: {darker}");
    }
}
