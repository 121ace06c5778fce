//! Data augmentation: random views of a scan that keep its lesions in the picture, by small shifts, mirroring, gain and
//! noise. Works at the model's input size; resampling twice would cost more than the blur of bilinear sampling does.

use rand::Rng;
use rand_distr::{Distribution, StandardNormal};

use crate::train::config::Settings;

/// The limits of a random view.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Augment {
    /// Largest shift, as a fraction of width and height.
    pub shift: [f32; 2],
    /// Largest zoom in or out, as a fraction.
    pub scale: f32,
    /// Largest further zoom across and down, each on its own, as a logarithm: other fields of view and aspects.
    pub log_field: [f32; 2],
    /// Largest shear: rows per column, in input pixels.
    pub shear: f32,
    /// Largest bend: rows at the flanks, as a fraction of the height.
    pub bend: f32,
    /// Largest change of gamma, as its logarithm.
    pub log_gamma: f32,
    /// Largest change of gain, as a fraction.
    pub gain: f32,
    /// Largest offset of black.
    pub offset: f32,
    /// Largest standard deviation of multiplicative speckle.
    pub speckle: f32,
    /// Probability that a view is mirrored.
    pub mirror: f32,
}

impl Default for Augment {
    fn default() -> Self {
        Self {
            shift: [0.08, 0.10],
            scale: 0.15,
            log_field: [0.; 2],
            shear: 0.12,
            bend: 0.08,
            log_gamma: 0.35,
            gain: 0.2,
            offset: 0.08,
            speckle: 0.2,
            mirror: 0.5,
        }
    }
}

/// Where the pixels of one view come from.
#[derive(Clone, Copy, Debug)]
pub struct Warp {
    centre: [f32; 2],
    shift: [f32; 2],
    scale: [f32; 2],
    shear: f32,
    bend: f32,
}

impl Warp {
    /// The point of the scan that is seen at (`x`, `y`) of the view; both in pixels, with a pixel's centre at its half.
    pub fn source(&self, x: f32, y: f32) -> (f32, f32) {
        let (u, v) = (x - self.centre[0], y - self.centre[1]);
        let side = u / self.centre[0];
        (
            mirrored(u * self.scale[0] + self.centre[0] + self.shift[0], 2. * self.centre[0]),
            mirrored(
                v * self.scale[1] + self.shear * u + self.bend * side * side + self.centre[1] + self.shift[1],
                2. * self.centre[1],
            ),
        )
    }
}

/// `place`, mirrored at 0 and `size` until it lies between them: the retina continues where a view reaches beyond the scan.
fn mirrored(place: f32, size: f32) -> f32 {
    let folded = place.rem_euclid(2. * size);
    if folded > size { 2. * size - folded } else { folded }
}

impl Augment {
    /// `strength` times the default limits; 0 leaves the scan as it is.
    pub(crate) fn of_strength(strength: f32) -> Self {
        let full = Self::default();
        Self {
            shift: full.shift.map(|v| v * strength),
            scale: full.scale * strength,
            log_field: full.log_field.map(|v| v * strength),
            shear: full.shear * strength,
            bend: full.bend * strength,
            log_gamma: full.log_gamma * strength,
            gain: full.gain * strength,
            offset: full.offset * strength,
            speckle: full.speckle * strength,
            mirror: (full.mirror * strength).min(full.mirror),
        }
    }

    /// The augmentation of a run: `--augment` scales the default limits, `--vary-field` extends those of the geometry.
    pub(crate) fn of(settings: &Settings) -> Self {
        let (usual, field) = (Self::of_strength(settings.augment), settings.appearance.vary_field);
        Self {
            shift: [usual.shift[0] + 0.07 * field, usual.shift[1]],
            log_field: [0.3 * field, 0.25 * field],
            shear: usual.shear + 0.08 * field,
            bend: usual.bend + 0.06 * field,
            ..usual
        }
    }

    /// A random warp of `height` × `width` pixels.
    pub(crate) fn warp(&self, height: usize, width: usize, rng: &mut impl Rng) -> Warp {
        let mut around = |largest: f32| rng.random_range(-1f32..=1.) * largest;
        let (width, height) = (width as f32, height as f32);
        let shift = [around(self.shift[0]) * width, around(self.shift[1]) * height];
        let scale = self.log_field.map(|most| (1. + around(self.scale)) * around(most).exp());
        let (shear, bend) = (around(self.shear), around(self.bend) * height);
        let mirror = if rng.random_bool(f64::from(self.mirror)) { -1. } else { 1. };
        Warp { centre: [width / 2., height / 2.], shift, scale: [scale[0] * mirror, scale[1]], shear, bend }
    }

    /// A random view of `grey` (height × width values 0…255), as values 0…1, row by row, and where they come from.
    pub(crate) fn view(&self, grey: &[u8], height: usize, width: usize, rng: &mut impl Rng) -> (Vec<f32>, Warp) {
        let warp = self.warp(height, width, rng);
        let mut around = |largest: f32| rng.random_range(-1f32..=1.) * largest;
        let (gamma, gain, offset) = (around(self.log_gamma).exp(), 1. + around(self.gain), around(self.offset));
        let speckle = around(self.speckle).abs();
        let mut view = Vec::with_capacity(height * width);
        for y in 0..height {
            for x in 0..width {
                let (from_x, from_y) = warp.source(x as f32 + 0.5, y as f32 + 0.5);
                let noise: f32 = StandardNormal.sample(rng);
                let value = bilinear(grey, height, width, from_x - 0.5, from_y - 0.5) / 255.;
                view.push((value.powf(gamma) * gain * (1. + speckle * noise) + offset).clamp(0., 1.));
            }
        }
        (view, warp)
    }
}

/// The grey value at a point. Edges are repeated, since a black border would look like a shadow.
fn bilinear(grey: &[u8], height: usize, width: usize, x: f32, y: f32) -> f32 {
    let x = x.clamp(0., (width - 1) as f32);
    let y = y.clamp(0., (height - 1) as f32);
    let (x0, y0) = (x as usize, y as usize);
    let (x1, y1) = ((x0 + 1).min(width - 1), (y0 + 1).min(height - 1));
    let (fx, fy) = (x - x0 as f32, y - y0 as f32);
    let at = |x: usize, y: usize| f32::from(grey[y * width + x]);
    let top = at(x0, y0) * (1. - fx) + at(x1, y0) * fx;
    let bottom = at(x0, y1) * (1. - fx) + at(x1, y1) * fx;
    top * (1. - fy) + bottom * fy
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    use super::*;

    #[test]
    fn without_strength_a_view_is_the_scan_or_its_mirror_image() {
        let grey: Vec<u8> = (0..8 * 16).map(|i| (i * 2) as u8).collect();
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let still = Augment { mirror: 0.5, ..Augment::of_strength(0.) };
        let mut seen = [false; 2];
        for _ in 0..20 {
            let (view, _) = still.view(&grey, 8, 16, &mut rng);
            let same = |mirror: bool| {
                view.iter().enumerate().all(|(i, v)| {
                    let x = if mirror { 15 - i % 16 } else { i % 16 };
                    (v - f32::from(grey[i / 16 * 16 + x]) / 255.).abs() < 1e-5
                })
            };
            assert!(same(false) || same(true));
            seen[usize::from(same(true))] = true;
        }
        assert_eq!(seen, [true, true]);
    }

    #[test]
    fn a_bright_lesion_stays_in_sight() {
        let mut rng = ChaCha8Rng::seed_from_u64(2);
        // Off-centre, where moves and zooms together could lose it.
        let grey: Vec<u8> = (0..64 * 128)
            .map(|i| if (50..58).contains(&(i % 128)) && (36..44).contains(&(i / 128)) { 255 } else { 0 })
            .collect();
        for _ in 0..200 {
            let (view, _) = Augment::default().view(&grey, 64, 128, &mut rng);
            assert!(view.iter().filter(|v| **v > 0.4).count() > 20);
        }
    }

    #[test]
    fn beyond_the_border_a_scan_is_mirrored() {
        assert_eq!([-3., 0., 4., 10., 13., 20., 23.].map(|place| mirrored(place, 10.)), [3., 0., 4., 10., 7., 0., 3.]);
        let far = Warp { centre: [128., 64.], shift: [0.; 2], scale: [2.; 2], shear: 0., bend: 0. };
        let (x, y) = far.source(0., 0.);
        assert_eq!((x, y), (128., 64.));
    }

    #[test]
    fn a_warp_says_where_a_view_comes_from() {
        let grey: Vec<u8> = (0..64 * 128).map(|i| if i % 128 == 40 && i / 128 == 30 { 255 } else { 0 }).collect();
        let geometry_only = Augment { log_gamma: 0., gain: 0., offset: 0., speckle: 0., ..Augment::default() };
        let mut rng = ChaCha8Rng::seed_from_u64(3);
        for _ in 0..20 {
            let (view, warp) = geometry_only.view(&grey, 64, 128, &mut rng);
            let brightest = (0..view.len()).max_by(|a, b| view[*a].total_cmp(&view[*b])).unwrap();
            let (x, y) = warp.source((brightest % 128) as f32 + 0.5, (brightest / 128) as f32 + 0.5);
            assert!((x - 40.5).abs() < 1. && (y - 30.5).abs() < 1., "({x}, {y})");
        }
    }
}
