//! ROAD, remove and debias (Rong et al. 2022): pixels are replaced by what their neighbours predict, so that a model sees
//! neither the pixels nor the shape of what was removed.
//!
//! Each removed pixel equals the weighted mean of its eight neighbours, with a weight of 1/6 for those beside it and 1/12 for
//! those across a corner; the equations of all removed pixels are solved together, and a little noise is added. The system is
//! symmetric and positive definite, and is solved by conjugate gradients.

use super::random::Random;

/// Shares of the pixels that are removed.
pub const SHARES: [f32; 4] = [0.2, 0.4, 0.6, 0.8];
/// Neighbours (rows down, columns right) and their weights, as in the paper's code.
const NEIGHBOURS: [(isize, isize, f64); 8] = [
    (0, 1, 1. / 6.),
    (0, -1, 1. / 6.),
    (1, 0, 1. / 6.),
    (-1, 0, 1. / 6.),
    (1, -1, 1. / 12.),
    (-1, 1, 1. / 12.),
    (1, 1, 1. / 12.),
    (-1, -1, 1. / 12.),
];
/// Standard deviation of the noise, of values 0…1, as in the paper's code.
const NOISE: f64 = 0.01;
/// The residual, as a share of the first, at which the solution is good enough: far below a grey level.
const TOLERANCE: f64 = 1e-4;
/// Most steps of the solver; a hole of n pixels across needs some n.
const MAX_STEPS: usize = 1000;

/// Which end of a map is removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum First {
    /// The hottest pixels: the score should fall.
    Hottest,
    /// The coldest pixels: the score should stay.
    Coldest,
}

/// The pixels to remove: the share `share` of them with the largest (or smallest) heat; of those with the same heat, random
/// ones.
pub fn removed(heat: &[f32], share: f32, first: First, seed: u64) -> Vec<bool> {
    let mut order: Vec<usize> = (0..heat.len()).collect();
    Random::new(seed).shuffle(&mut order);
    order.sort_by(|a, b| match first {
        First::Hottest => heat[*b].total_cmp(&heat[*a]),
        First::Coldest => heat[*a].total_cmp(&heat[*b]),
    });
    let mut is_removed = vec![false; heat.len()];
    order[..(share * heat.len() as f32) as usize].iter().for_each(|i| is_removed[*i] = true);
    is_removed
}

/// What hiding the hottest pixels costs more than hiding the coldest, averaged over [`SHARES`]; `score` takes the picture
/// with pixels replaced. `heat` and `grey` are of the same pixels.
///
/// # Errors
/// `score` fails.
pub fn road<E>(
    heat: &[f32],
    grey: &[f32],
    width: usize,
    seed: u64,
    mut score: impl FnMut(Vec<f32>) -> Result<f32, E>,
) -> Result<f64, E> {
    let mut total = 0.;
    for share in SHARES {
        let mut without = |first| score(imputed(grey, width, &removed(heat, share, first, seed), seed));
        total += f64::from(without(First::Coldest)?) - f64::from(without(First::Hottest)?);
    }
    Ok(total / SHARES.len() as f64)
}

/// `grey` (row by row, 0…1) with the removed pixels replaced by noisy linear imputation. Where all pixels are removed there is
/// nothing to predict from, and the picture stays.
pub fn imputed(grey: &[f32], width: usize, is_removed: &[bool], seed: u64) -> Vec<f32> {
    let mut random = Random::new(seed);
    predicted(grey, width, is_removed, || NOISE * random.normal())
}

/// The same with `noise` added to each removed pixel.
pub(crate) fn predicted(grey: &[f32], width: usize, is_removed: &[bool], mut noise: impl FnMut() -> f64) -> Vec<f32> {
    let mut picture = grey.to_vec();
    if !is_removed.contains(&false) {
        return picture;
    }
    let system = System::new(grey, width, is_removed);
    for (pixel, value) in system.pixels.iter().zip(system.solution()) {
        picture[*pixel] = (value + noise()) as f32;
    }
    picture
}

/// `A x = b` over the removed pixels.
struct System {
    /// The removed pixels.
    pixels: Vec<usize>,
    /// Of each, the sum of the weights of its neighbours that are in the picture.
    diagonal: Vec<f64>,
    /// Of each, the removed neighbours (indices into `pixels`) and their weights; `n_neighbours` says how many.
    neighbours: Vec<[(u32, f64); 8]>,
    n_neighbours: Vec<u8>,
    /// Of each, the weighted sum of the neighbours that are known.
    right: Vec<f64>,
    /// The mean of the known pixels, from which the solver starts.
    start: f64,
}

impl System {
    fn new(grey: &[f32], width: usize, is_removed: &[bool]) -> Self {
        let height = grey.len() / width;
        let pixels: Vec<usize> = (0..grey.len()).filter(|i| is_removed[*i]).collect();
        let mut place = vec![0u32; grey.len()];
        pixels.iter().enumerate().for_each(|(i, pixel)| place[*pixel] = i as u32);
        let n = pixels.len();
        let mut system = Self {
            pixels,
            diagonal: vec![0.; n],
            neighbours: vec![[(0, 0.); 8]; n],
            n_neighbours: vec![0; n],
            right: vec![0.; n],
            start: 0.,
        };
        for i in 0..n {
            let (x, y) = ((system.pixels[i] % width) as isize, (system.pixels[i] / width) as isize);
            for (down, right, weight) in NEIGHBOURS {
                let (x, y) = (x + right, y + down);
                if x < 0 || y < 0 || x >= width as isize || y >= height as isize {
                    continue;
                }
                let near = y as usize * width + x as usize;
                system.diagonal[i] += weight;
                if is_removed[near] {
                    system.neighbours[i][usize::from(system.n_neighbours[i])] = (place[near], weight);
                    system.n_neighbours[i] += 1;
                } else {
                    system.right[i] += weight * f64::from(grey[near]);
                }
            }
        }
        let known = grey.iter().zip(is_removed).filter(|(_, is_removed)| !**is_removed);
        let (sum, n_known) = known.fold((0., 0), |(sum, n), (value, _)| (sum + f64::from(*value), n + 1));
        system.start = sum / f64::from(n_known.max(1));
        system
    }

    fn product(&self, x: &[f64]) -> Vec<f64> {
        let row = |i: usize| {
            let near = &self.neighbours[i][..usize::from(self.n_neighbours[i])];
            self.diagonal[i] * x[i] - near.iter().map(|(j, weight)| weight * x[*j as usize]).sum::<f64>()
        };
        (0..x.len()).map(row).collect()
    }

    /// By conjugate gradients (Hestenes & Stiefel 1952).
    fn solution(&self) -> Vec<f64> {
        let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
        let mut x = vec![self.start; self.pixels.len()];
        let mut residual: Vec<f64> = self.right.iter().zip(self.product(&x)).map(|(b, ax)| b - ax).collect();
        let mut direction = residual.clone();
        let mut squared = dot(&residual, &residual);
        let enough = squared * TOLERANCE * TOLERANCE;
        for _ in 0..MAX_STEPS {
            if squared <= enough || squared == 0. {
                break;
            }
            let along = self.product(&direction);
            let step = squared / dot(&direction, &along);
            x.iter_mut().zip(&direction).for_each(|(x, d)| *x += step * d);
            residual.iter_mut().zip(&along).for_each(|(r, a)| *r -= step * a);
            let next = dot(&residual, &residual);
            direction.iter_mut().zip(&residual).for_each(|(d, r)| *d = r + next / squared * *d);
            squared = next;
        }
        x
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Five standard deviations of the noise.
    const NOISY: f32 = 0.05;

    #[test]
    fn a_slope_is_predicted_through_a_hole() {
        let (width, height) = (24, 16);
        let slope: Vec<f32> =
            (0..width * height).map(|i| (i % width) as f32 / 40. + (i / width) as f32 / 60.).collect();
        let is_hole = |i: usize| (6..18).contains(&(i % width)) && (4..12).contains(&(i / width));
        let hole: Vec<bool> = (0..slope.len()).map(is_hole).collect();
        let filled = imputed(&slope, width, &hole, 1);
        for (i, (value, expected)) in filled.iter().zip(&slope).enumerate() {
            if hole[i] {
                assert!((value - expected).abs() < NOISY && value != expected, "{value} for {expected} at {i}");
            } else {
                assert_eq!(value, expected);
            }
        }
        assert_eq!(imputed(&slope, width, &vec![true; slope.len()], 1), slope, "nothing is known");
    }

    #[test]
    fn what_is_removed_is_the_hottest_or_the_coldest() {
        let heat = [0.1, 0.9, 0.5, 0., 0., 0., 0., 0.3, 0.2, 0.];
        let of = |first, share| {
            let removed = removed(&heat, share, first, 3);
            (0..10).filter(|i| removed[*i]).collect::<Vec<_>>()
        };
        assert_eq!(of(First::Hottest, 0.2), [1, 2]);
        assert_eq!(of(First::Hottest, 0.4), [1, 2, 7, 8]);
        assert!(of(First::Coldest, 0.4).iter().all(|i| heat[*i] == 0.));
        assert_eq!(of(First::Coldest, 0.8), [0, 3, 4, 5, 6, 7, 8, 9]);
    }

    #[test]
    fn a_map_of_what_counts_scores_high_and_its_inverse_as_low() {
        // The score is the light of the left half, which is bright; the right half is dark.
        let (width, height) = (20, 10);
        let grey: Vec<f32> = (0..width * height).map(|i| if i % width < 10 { 1. } else { 0. }).collect();
        let score = |picture: Vec<f32>| -> Result<f32, ()> {
            let left = picture.iter().enumerate().filter(|(i, _)| i % width < 10);
            Ok(left.map(|(_, v)| v).sum::<f32>() / 100.)
        };
        let of = |heat: &dyn Fn(usize) -> f32| {
            road(&(0..200).map(|i| heat(i % width)).collect::<Vec<_>>(), &grey, width, 1, score).unwrap()
        };
        let (good, bad) = (of(&|x| 1. - x as f32 / 20.), of(&|x| x as f32 / 20.));
        assert!(good > 0.2 && (good + bad).abs() < 0.02, "{good} and {bad}");
        assert!(of(&|_| 0.5).abs() < 0.1, "{}", of(&|_| 0.5));
    }
}
