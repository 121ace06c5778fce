//! Random views of a scan that keep its lesions in sight: small moves, mirror images, gain and noise.
//! Works on the model's input size; resampling twice would cost more than the blur of bilinear sampling.

use rand::Rng;
use rand_distr::{Distribution, StandardNormal};

/// How far a view may stray.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Augment {
    /// Largest move, as a fraction of width and height.
    pub shift: [f32; 2],
    /// Largest zoom in or out, as a fraction.
    pub scale: f32,
    /// Largest tilt: rows per column, in input pixels.
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
}

impl Default for Augment {
    fn default() -> Self {
        Self {
            shift: [0.08, 0.10],
            scale: 0.15,
            shear: 0.12,
            bend: 0.08,
            log_gamma: 0.35,
            gain: 0.2,
            offset: 0.08,
            speckle: 0.2,
        }
    }
}

impl Augment {
    /// A random view of `grey` (height × width values 0…255), as values 0…1, row by row.
    pub fn view(&self, grey: &[u8], height: usize, width: usize, rng: &mut impl Rng) -> Vec<f32> {
        let mut around = |largest: f32| rng.random_range(-1f32..=1.) * largest;
        let (dx, dy) = (around(self.shift[0]) * width as f32, around(self.shift[1]) * height as f32);
        let (sx, sy) = (1. + around(self.scale), 1. + around(self.scale));
        let (shear, bend) = (around(self.shear), around(self.bend) * height as f32);
        let (gamma, gain, offset) = (around(self.log_gamma).exp(), 1. + around(self.gain), around(self.offset));
        let speckle = around(self.speckle).abs();
        let mirrored = rng.random_bool(0.5);
        let (cx, cy) = (width as f32 / 2., height as f32 / 2.);
        let mut view = Vec::with_capacity(height * width);
        for y in 0..height {
            for x in 0..width {
                let u = x as f32 + 0.5 - cx;
                let v = y as f32 + 0.5 - cy;
                let side = u / cx;
                let from_x = u * sx * if mirrored { -1. } else { 1. } + cx + dx - 0.5;
                let from_y = v * sy + shear * u + bend * side * side + cy + dy - 0.5;
                view.push(bilinear(grey, height, width, from_x, from_y));
            }
        }
        for value in &mut view {
            let noise: f32 = StandardNormal.sample(rng);
            *value = ((*value / 255.).powf(gamma) * gain * (1. + speckle * noise) + offset).clamp(0., 1.);
        }
        view
    }
}

/// The grey value at a point, edges repeated: a black border would look like a shadow.
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

    const STILL: Augment = Augment {
        shift: [0.; 2],
        scale: 0.,
        shear: 0.,
        bend: 0.,
        log_gamma: 0.,
        gain: 0.,
        offset: 0.,
        speckle: 0.,
    };

    #[test]
    fn without_strength_a_view_is_the_scan_or_its_mirror_image() {
        let grey: Vec<u8> = (0..8 * 16).map(|i| (i * 2) as u8).collect();
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let mut seen = [false; 2];
        for _ in 0..20 {
            let view = STILL.view(&grey, 8, 16, &mut rng);
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
        let grey: Vec<u8> =
            (0..64 * 128).map(|i| if (50..58).contains(&(i % 128)) && (36..44).contains(&(i / 128)) { 255 } else { 0 }).collect();
        for _ in 0..200 {
            let view = Augment::default().view(&grey, 64, 128, &mut rng);
            assert!(view.iter().filter(|v| **v > 0.4).count() > 20);
        }
    }
}
