//! What is hidden from a model to test a map: plans of masks, and pictures with a mask applied.

use super::field;
use super::random::Random;
use crate::report::{Fill, Heatmap, Mask, MaskPlan};

/// The finest grid of cells (rows, columns) that is hidden cell by cell; the values of finer maps are averaged.
const MAX_GRID: [usize; 2] = [16, 32];
/// Steps of each curve.
pub const N_STEPS: usize = 16;
/// Random orders beside the map's: with both curves of the map and both ends that makes 122 masks.
pub const N_RANDOM_ORDERS: usize = 6;
/// Rows of a picture for each pixel of the blur's radius: a lesion of a tenth of the rows is gone.
const ROWS_PER_RADIUS: usize = 16;
/// Box blurs one after the other, which come close to a Gaussian (Wells 1986).
const N_BLURS: usize = 3;

impl MaskPlan {
    /// The masks of a map's deletion and insertion curves and of `n_random` random orders. The same map and seed give the
    /// same plan.
    pub fn new(map: &Heatmap, fill: Fill, n_random: usize, seed: u64) -> Self {
        let (rows, cols) = (map.rows.min(MAX_GRID[0]), map.cols.min(MAX_GRID[1]));
        let heat = field::averaged(&map.values, [map.rows, map.cols], [rows, cols]);
        let mut random = Random::new(seed);
        let mut shuffled = || {
            let mut order: Vec<u32> = (0..(rows * cols) as u32).collect();
            random.shuffle(&mut order);
            order
        };
        // A stable sort of a random order: cells of the same heat stay in random order.
        let mut order = shuffled();
        order.sort_by(|a, b| heat[*b as usize].total_cmp(&heat[*a as usize]));
        Self { rows, cols, order, random: (0..n_random).map(|_| shuffled()).collect(), n_steps: N_STEPS, fill }
    }

    /// How many masks there are: nothing and everything hidden, then every step but the ends of each curve.
    pub fn n_masks(&self) -> usize {
        2 + (2 + self.random.len()) * self.n_inner()
    }

    /// Steps of a curve between its ends.
    pub(super) fn n_inner(&self) -> usize {
        self.n_steps.saturating_sub(1)
    }

    /// Mask `index`, below [`MaskPlan::n_masks`]: 0 hides nothing, 1 everything, the next ones are those of deletion, insertion
    /// and each random order, in the order of their curves.
    ///
    /// None if there is no such mask.
    pub fn mask(&self, index: usize) -> Option<Mask> {
        let hidden =
            |hidden: &[u32]| Some(Mask { rows: self.rows, cols: self.cols, hidden: hidden.to_vec(), fill: self.fill });
        let Some(place) = index.checked_sub(2) else {
            return hidden(if index == 0 { &[] } else { &self.order });
        };
        let (curve, step) = (place / self.n_inner().max(1), place % self.n_inner().max(1) + 1);
        let order = match curve {
            0 | 1 => &self.order,
            _ => self.random.get(curve - 2)?,
        };
        let (taken, left) = order.split_at(self.n_taken(step));
        hidden(if curve == 1 { left } else { taken })
    }

    /// Cells that are hidden (or shown, of an insertion curve) at a step.
    pub(super) fn n_taken(&self, step: usize) -> usize {
        let (n, steps) = (self.order.len(), self.n_steps.max(1));
        (2 * step * n + steps) / (2 * steps)
    }
}

/// `grey` (rows · columns values, row by row) without what `mask` hides; `blurred` is [`blurred`] of it.
pub fn masked(grey: &[f32], blurred: &[f32], width: usize, mask: &Mask) -> Vec<f32> {
    let hidden = hidden_pixels(grey.len(), width, mask);
    let replaced =
        |fill: &dyn Fn(usize) -> f32| (0..grey.len()).map(|i| if hidden[i] { fill(i) } else { grey[i] }).collect();
    match mask.fill {
        Fill::Interpolated => interpolated(grey, width, &hidden),
        Fill::Blurred => replaced(&|i| blurred[i]),
        Fill::Background => replaced(&|_| 0.),
    }
}

/// Whether each of `n` pixels lies in a hidden cell.
fn hidden_pixels(n: usize, width: usize, mask: &Mask) -> Vec<bool> {
    let height = n / width.max(1);
    let mut hidden = vec![false; n];
    let span = |cell: usize, n_cells: usize, n: usize| cell * n / n_cells..(cell + 1) * n / n_cells;
    for cell in mask.hidden.iter().map(|cell| *cell as usize).filter(|cell| *cell < mask.rows * mask.cols) {
        let columns = span(cell % mask.cols, mask.cols, width);
        for row in span(cell / mask.cols, mask.rows, height) {
            hidden[row * width + columns.start..row * width + columns.end].fill(true);
        }
    }
    hidden
}

/// A picture at one of the sizes of a pyramid: the weighted sum of the known pixels in each cell, and their weight, 0…1.
struct Level {
    size: [usize; 2],
    sums: Vec<f32>,
    weights: Vec<f32>,
}

impl Level {
    /// Half as many rows and columns.
    fn coarser(&self) -> Self {
        let [rows, cols] = self.size;
        let size = [rows.div_ceil(2), cols.div_ceil(2)];
        let (mut sums, mut weights) = (vec![0.; size[0] * size[1]], vec![0f32; size[0] * size[1]]);
        for (i, (sum, weight)) in self.sums.iter().zip(&self.weights).enumerate() {
            let cell = i / cols / 2 * size[1] + i % cols / 2;
            sums[cell] += sum;
            weights[cell] += weight;
        }
        for (sum, weight) in sums.iter_mut().zip(&mut weights).filter(|(_, weight)| **weight > 1.) {
            *sum /= *weight;
            *weight = 1.;
        }
        Self { size, sums, weights }
    }
}

/// Hidden pixels interpolated from the others by averages over ever larger cells (pull-push, Gortler et al. 1996): nearly what
/// the equations of [`super::road`] give, in a hundredth of the time. 0 if all are hidden.
fn interpolated(grey: &[f32], width: usize, hidden: &[bool]) -> Vec<f32> {
    let known = |value: f32| hidden.iter().map(move |is_hidden| if *is_hidden { 0. } else { value });
    let finest = Level {
        size: [grey.len() / width.max(1), width],
        sums: grey.iter().zip(known(1.)).map(|(v, weight)| v * weight).collect(),
        weights: known(1.).collect(),
    };
    let mut levels = vec![finest];
    while let Some(last) = levels.last().filter(|level| level.sums.len() > 1) {
        levels.push(last.coarser());
    }
    let (mut values, mut size) = (vec![0.], [1, 1]);
    for level in levels.iter().rev() {
        let [rows, cols] = level.size;
        let centre = |i: usize, n: usize| (i as f32 + 0.5) / n as f32;
        let value = |i: usize| {
            let (sum, weight) = (level.sums[i], level.weights[i]);
            // `sum` has the weight already.
            if weight >= 1. {
                return sum;
            }
            sum + (1. - weight) * field::interpolated(&values, size, centre(i % cols, cols), centre(i / cols, rows))
        };
        values = (0..rows * cols).map(value).collect();
        size = level.size;
    }
    values
}

/// Three box blurs of a picture; beyond the border the border's pixels repeat.
pub fn blurred(grey: &[f32], width: usize) -> Vec<f32> {
    let height = grey.len() / width.max(1);
    let radius = height.div_ceil(ROWS_PER_RADIUS);
    let mut picture = grey.to_vec();
    for _ in 0..N_BLURS {
        // Rows become columns and back.
        picture = blurred_rows(&blurred_rows(&picture, width, radius), height, radius);
    }
    picture
}

/// Each row averaged over `radius` pixels to both sides; the result is transposed.
fn blurred_rows(picture: &[f32], width: usize, radius: usize) -> Vec<f32> {
    let height = picture.len() / width.max(1);
    let mut transposed = vec![0.; picture.len()];
    for (y, row) in picture.chunks_exact(width.max(1)).enumerate() {
        let at = |x: isize| f64::from(row[x.clamp(0, width as isize - 1) as usize]);
        let reach = radius as isize;
        let mut sum: f64 = (-reach..=reach).map(at).sum();
        for x in 0..width {
            transposed[x * height + y] = (sum / (2 * radius + 1) as f64) as f32;
            let x = x as isize;
            sum += at(x + reach + 1) - at(x - reach);
        }
    }
    transposed
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::report::made_up::heatmap;

    fn map(values: &[f32], rows: usize) -> Heatmap {
        heatmap(values, rows, [0., 0., 1., 1.])
    }

    #[test]
    fn deletion_hides_the_hottest_first_and_insertion_shows_them_first() {
        let plan = MaskPlan { n_steps: 4, ..MaskPlan::new(&map(&[0.1, 0.9, 0.4, 1.], 2), Fill::Blurred, 1, 7) };
        assert_eq!((plan.order.as_slice(), plan.n_masks()), ([3, 1, 2, 0].as_slice(), 11));
        let hidden: Vec<Vec<u32>> = (0..8).map(|i| plan.mask(i).unwrap().hidden).collect();
        assert_eq!(hidden[..2], [vec![], vec![3, 1, 2, 0]]);
        assert_eq!(hidden[2..5], [vec![3], vec![3, 1], vec![3, 1, 2]]);
        assert_eq!(hidden[5..8], [vec![1, 2, 0], vec![2, 0], vec![0]]);
        assert_eq!(plan.mask(10).unwrap().hidden, plan.random[0][..3]);
        assert_eq!(plan.mask(11), None);
    }

    #[test]
    fn every_order_has_each_cell_once_and_no_step_repeats_another() {
        let values: Vec<f32> = (0..600).map(|i| ((i * 37) % 11) as f32 / 10.).collect();
        let plan = MaskPlan::new(&map(&values, 12), Fill::Background, N_RANDOM_ORDERS, 1);
        assert_eq!((plan.rows, plan.cols, plan.n_masks()), (12, 32, 122));
        for order in plan.random.iter().chain([&plan.order]) {
            assert_eq!(order.iter().copied().collect::<BTreeSet<_>>(), (0..384).collect());
        }
        let sizes: Vec<usize> = (2..17).map(|i| plan.mask(i).unwrap().hidden.len()).collect();
        assert_eq!(sizes, (1..16).map(|step| step * 24).collect::<Vec<_>>());
        assert_eq!(plan, MaskPlan::new(&map(&values, 12), Fill::Background, N_RANDOM_ORDERS, 1));
        assert_ne!(plan.random[0], plan.random[1]);
    }

    #[test]
    fn an_even_map_has_a_random_order() {
        let plan = MaskPlan::new(&map(&[0.; 64], 8), Fill::Blurred, 0, 3);
        assert_ne!(plan.order, (0..64).collect::<Vec<_>>());
    }

    #[test]
    fn hidden_cells_are_filled_and_others_stay() {
        let grey: Vec<f32> = (1..25).map(|v| v as f32).collect();
        let mask = Mask { rows: 2, cols: 3, hidden: vec![1, 5], fill: Fill::Background };
        let of = |mask: &Mask| masked(&grey, &[-1.; 24], 6, mask);
        let blank = [2, 3, 8, 9, 16, 17, 22, 23];
        for (fill, value) in [(Fill::Background, 0.), (Fill::Blurred, -1.)] {
            let expected: Vec<f32> = (0..24).map(|i| if blank.contains(&i) { value } else { grey[i] }).collect();
            assert_eq!(of(&Mask { fill, ..mask.clone() }), expected);
        }
        for fill in [Fill::Interpolated, Fill::Blurred, Fill::Background] {
            assert_eq!(of(&Mask { hidden: vec![], fill, ..mask.clone() }), grey);
            // A mask of another model's grid names a cell that is not there.
            assert_eq!(of(&Mask { hidden: vec![6], fill, ..mask.clone() }), grey);
        }
    }

    #[test]
    fn what_is_interpolated_goes_on_as_its_surroundings_do() {
        let (width, height) = (48, 32);
        // Layers: bright below, with a spot that is hidden.
        let layers = |i: usize| if i / width < 16 { 0.1 } else { 0.8 };
        let is_spot = |i: usize| (20..28).contains(&(i % width)) && (12..20).contains(&(i / width));
        let grey: Vec<f32> = (0..width * height).map(|i| if is_spot(i) { 0. } else { layers(i) }).collect();
        let mask = Mask {
            rows: 8,
            cols: 12,
            hidden: vec![3 * 12 + 5, 3 * 12 + 6, 4 * 12 + 5, 4 * 12 + 6],
            fill: Fill::Interpolated,
        };
        let found = masked(&grey, &grey, width, &mask);
        for (i, value) in found.iter().enumerate() {
            match is_spot(i) {
                true => assert!((0.1..=0.8).contains(value), "{value} at {i}"),
                false => assert_eq!(*value, grey[i]),
            }
        }
        let row = |y: usize| (20..28).map(|x| found[y * width + x]).sum::<f32>() / 8.;
        assert!(row(12) < 0.35 && row(19) > 0.55 && row(12) < row(15) && row(15) < row(19), "{} {}", row(12), row(19));
        let even = masked(&[0.5; 1536], &[0.5; 1536], width, &mask);
        assert!(even.iter().all(|v| (v - 0.5).abs() < 1e-5));
        let all = Mask { hidden: (0..96).collect(), ..mask };
        assert_eq!(masked(&grey, &grey, width, &all), vec![0.; 1536]);
    }

    #[test]
    fn blurring_keeps_an_even_picture_and_spreads_a_point_evenly() {
        assert!(blurred(&[0.5; 32 * 64], 64).iter().all(|v| (v - 0.5).abs() < 1e-6));
        let mut point = vec![0.; 32 * 64];
        point[16 * 64 + 30] = 1.;
        let spread = blurred(&point, 64);
        assert!((spread.iter().sum::<f32>() - 1.).abs() < 1e-4);
        let at = |x: usize, y: usize| spread[y * 64 + x];
        assert!(at(30, 16) < 0.1 && at(30, 16) > at(31, 16) && at(31, 16) > at(33, 16) && at(40, 16) == 0.);
        assert!((at(28, 16) - at(32, 16)).abs() < 1e-6 && (at(30, 14) - at(28, 16)).abs() < 1e-6);
    }
}
