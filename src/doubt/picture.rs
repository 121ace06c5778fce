//! What a picture shows without any model: that it is too small, one colour, noise, or in colour.
//!
//! Limits are far from all scans of OCTDL and Kermany's set (3,109 scans; their extremes stand at each limit).

use crate::report::Doubt;
use crate::scan::Scan;
use crate::scan::moments::Moments;
use crate::scan::view::{Turn, View};

/// Rows and columns below which layers cannot be seen (scans: 68 and 444).
const MIN_SIDE: usize = 40;
/// Distance between the 1st and 99th percentile, in grey values, below which a picture is one colour (scans: 86).
const MIN_RANGE: u8 = 20;
/// Side of the blocks over which noise is averaged out.
const BLOCK: usize = 4;
/// Variance of block means, as a multiple of what independent pixels would have, below which a picture is noise: 1 for
/// white noise, [`BLOCK`]² for a picture that is smooth within blocks (scans: 4.1).
const MIN_STRUCTURE: f64 = 2.;
/// Share of clearly coloured pixels above which a picture is a colour photograph (scans: 0; coloured overlays take little).
const MAX_COLOURED: f32 = 0.2;

/// The doubts that the picture alone gives, gravest first.
pub fn doubts_of_picture(scan: &Scan) -> Vec<Doubt> {
    if scan.width < MIN_SIDE || scan.height < MIN_SIDE {
        return vec![Doubt::TooSmall];
    }
    if range(&scan.pixels) < MIN_RANGE {
        return vec![Doubt::OneColour];
    }
    let mut doubts = Vec::new();
    if structure(scan) < MIN_STRUCTURE {
        doubts.push(Doubt::Noise);
    }
    if scan.coloured > MAX_COLOURED {
        doubts.push(Doubt::Colour);
    }
    doubts
}

/// The doubts about a picture that should be looked at as `suggestion` says.
pub fn doubts_of_suggestion(suggestion: &View) -> Vec<Doubt> {
    let turned = match suggestion.turn {
        Turn::None => None,
        Turn::Left | Turn::Right => Some(Doubt::Turned),
        Turn::Half => Some(Doubt::UnlikeTraining),
    };
    let others = [suggestion.crop.map(|_| Doubt::MoreThanAScan), suggestion.invert.then_some(Doubt::Inverted)];
    others.into_iter().chain([turned]).flatten().collect()
}

/// Distance between the 1st and the 99th percentile.
fn range(pixels: &[u8]) -> u8 {
    let mut counts = [0usize; 256];
    pixels.iter().for_each(|p| counts[usize::from(*p)] += 1);
    let grey_at = |n: usize| {
        let mut seen = 0;
        counts.iter().position(|count| {
            seen += count;
            seen > n
        })
    };
    let (low, high) = (grey_at(pixels.len() / 100), grey_at(pixels.len() - 1 - pixels.len() / 100));
    high.unwrap_or(0).saturating_sub(low.unwrap_or(0)) as u8
}

/// Variance of block means times the pixels of a block, over the variance of pixels.
fn structure(scan: &Scan) -> f64 {
    let (n_columns, n_rows) = (scan.width / BLOCK, scan.height / BLOCK);
    let mut sums = vec![0u32; n_columns * n_rows];
    let (mut of_pixels, mut of_blocks) = (Moments::default(), Moments::default());
    for y in 0..n_rows * BLOCK {
        let row = &scan.pixels[y * scan.width..][..n_columns * BLOCK];
        for (x, pixel) in row.iter().enumerate() {
            of_pixels.add(f64::from(*pixel));
            sums[y / BLOCK * n_columns + x / BLOCK] += u32::from(*pixel);
        }
    }
    let n = (BLOCK * BLOCK) as f64;
    sums.iter().for_each(|sum| of_blocks.add(f64::from(*sum) / n));
    of_blocks.variance() * n / of_pixels.variance().max(f64::EPSILON)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scan::format::Format;

    fn scan(width: usize, height: usize, coloured: f32, pixel: impl Fn(usize, usize) -> u8) -> Scan {
        Scan {
            width,
            height,
            pixels: (0..width * height).map(|i| pixel(i % width, i / width)).collect(),
            format: Format::Png,
            frame: 0,
            n_frames: 1,
            um_per_pixel: None,
            laterality: None,
            coloured,
            layers: vec![],
            notes: vec![],
        }
    }

    /// Independent grey values.
    fn noise(x: usize, y: usize) -> u8 {
        let mut mixed = (x as u64) << 32 | y as u64;
        for _ in 0..3 {
            mixed = (mixed ^ mixed >> 31).wrapping_mul(0xD6E8_FEB8_6659_FD93);
        }
        (mixed >> 56) as u8
    }

    fn layers(_: usize, y: usize) -> u8 {
        if (40..60).contains(&y) { 200 } else { 30 }
    }

    #[test]
    fn what_is_no_scan_is_said() {
        let empty: &[Doubt] = &[];
        for (picture, expected) in [
            (scan(400, 120, 0., layers), empty),
            (scan(400, 120, 0.05, layers), empty),
            (scan(400, 120, 0.9, layers), &[Doubt::Colour]),
            (scan(400, 120, 0., noise), &[Doubt::Noise]),
            (scan(400, 120, 0., |_, _| 128), &[Doubt::OneColour]),
            (scan(400, 120, 0., |x, y| if x + y == 0 { 255 } else { 0 }), &[Doubt::OneColour]),
            (scan(3000, 2, 0., noise), &[Doubt::TooSmall]),
            (scan(1, 1, 0., |_, _| 7), &[Doubt::TooSmall]),
        ] {
            assert_eq!(doubts_of_picture(&picture), expected, "{} × {}", picture.width, picture.height);
        }
    }

    #[test]
    fn what_should_be_looked_at_otherwise_is_doubted() {
        let view = View { crop: Some([0, 0, 9, 9]), turn: Turn::Left, invert: true };
        assert_eq!(doubts_of_suggestion(&view), [Doubt::MoreThanAScan, Doubt::Inverted, Doubt::Turned]);
        for view in [
            View { crop: Some([0, 0, 9, 9]), ..View::default() },
            View { turn: Turn::Half, ..View::default() },
            View { invert: true, ..View::default() },
        ] {
            assert_eq!(doubts_of_suggestion(&view).len(), 1, "{view:?}");
        }
    }

    #[test]
    fn a_noisy_scan_is_still_a_scan() {
        let noisy = scan(400, 120, 0., |x, y| layers(x, y).saturating_add(noise(x, y) / 3));
        assert_eq!(doubts_of_picture(&noisy), []);
    }

    #[test]
    fn white_noise_has_no_structure() {
        let found = structure(&scan(400, 400, 0., noise));
        assert!((found - 1.).abs() < 0.1, "{found}");
    }
}
