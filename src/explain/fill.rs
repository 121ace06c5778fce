//! Hides pixels of a scan: they are interpolated from the pixels around them, so that what was there is gone and nothing new, such
//! as a black hole that looks like fluid, takes its place. After the imputation of ROAD (Rong et al. 2022), without its noise.

use candle_core::Tensor;

use crate::error::Result;

/// Weights of the neighbours beside, above and below a pixel, and of those at its corners (Rong et al. 2022, section 4.2).
const BESIDE: f32 = 1. / 6.;
const CORNER: f32 = 1. / 12.;
/// Over-relaxation: between 1 (none) and 2, where the iteration no longer settles.
const RELAXATION: f32 = 1.8;
/// The largest change of a pixel at which the iteration ends, in `pixel_values`, whose range is about 4.
const TOLERANCE: f32 = 1e-3;
/// Enough for a window of 64 pixels; a larger one is then smooth, though not at its limit.
const MAX_ROUNDS: usize = 300;

/// `pixel_values` (1, C, h, w) in which the pixels that are `hidden` (h · w, row by row) are weighted means of their neighbours.
/// Where all are hidden, each channel becomes its mean.
///
/// # Errors
/// A tensor operation fails.
pub fn fill(pixel_values: &Tensor, hidden: &[bool]) -> Result<Tensor> {
    let (_, channels, height, width) = pixel_values.dims4()?;
    let mut values = pixel_values.flatten_all()?.to_vec1::<f32>()?;
    let hole = Hole::new(hidden, (height, width));
    // The channels of a grey scan are often the same.
    let mut before: Option<(Vec<f32>, Vec<f32>)> = None;
    for plane in values.chunks_exact_mut((height * width).max(1)) {
        match &before {
            Some((given, filled)) if given.as_slice() == &*plane => plane.copy_from_slice(filled),
            _ => {
                let given = plane.to_vec();
                hole.fill(plane);
                before = Some((given, plane.to_vec()));
            }
        }
    }
    Ok(Tensor::from_vec(values, (1, channels, height, width), pixel_values.device())?)
}

/// The pixels that are hidden.
struct Hole {
    /// Where they are.
    places: Vec<usize>,
    /// The neighbours of each: place and weight. Those outside of the scan have the weight 0; the weights sum to 1.
    neighbours: Vec<[(usize, f32); 8]>,
    /// Pixels beside them that are not hidden.
    border: Vec<usize>,
}

impl Hole {
    fn new(hidden: &[bool], (height, width): (usize, usize)) -> Self {
        let places: Vec<usize> = (0..height * width).filter(|i| hidden[*i]).collect();
        let neighbours: Vec<_> = places.iter().map(|i| neighbours(*i, (height, width))).collect();
        let all = neighbours.iter().flatten().filter(|(place, weight)| *weight > 0. && !hidden[*place]);
        let border = all.map(|(place, _)| *place).collect();
        Self { places, neighbours, border }
    }

    fn fill(&self, plane: &mut [f32]) {
        let mean = |places: &[usize]| places.iter().map(|i| plane[*i]).sum::<f32>() / places.len().max(1) as f32;
        let start = mean(if self.border.is_empty() { &self.places } else { &self.border });
        self.places.iter().for_each(|i| plane[*i] = start);
        if self.border.is_empty() {
            return;
        }
        for _ in 0..MAX_ROUNDS {
            let mut largest = 0f32;
            for (&i, neighbours) in self.places.iter().zip(&self.neighbours) {
                let mean: f32 = neighbours.iter().map(|(place, weight)| weight * plane[*place]).sum();
                let change = RELAXATION * (mean - plane[i]);
                plane[i] += change;
                largest = largest.max(change.abs());
            }
            if largest < TOLERANCE {
                return;
            }
        }
    }
}

fn neighbours(i: usize, (height, width): (usize, usize)) -> [(usize, f32); 8] {
    const OFFSETS: [(isize, isize); 8] = [(-1, -1), (-1, 0), (-1, 1), (0, -1), (0, 1), (1, -1), (1, 0), (1, 1)];
    let (row, col) = ((i / width) as isize, (i % width) as isize);
    let mut found = OFFSETS.map(|(down, across)| {
        let (row, col) = (row + down, col + across);
        let is_inside = (0..height as isize).contains(&row) && (0..width as isize).contains(&col);
        let weight = if down == 0 || across == 0 { BESIDE } else { CORNER };
        if is_inside { (row as usize * width + col as usize, weight) } else { (i, 0.) }
    });
    let total: f32 = found.iter().map(|(_, weight)| weight).sum();
    // A scan of one pixel has no neighbour.
    found.iter_mut().for_each(|(_, weight)| *weight /= total.max(f32::MIN_POSITIVE));
    found
}

#[cfg(test)]
mod tests {
    use candle_core::Device;

    use super::*;

    fn filled(values: &[f32], (height, width): (usize, usize), hidden: &[bool]) -> Vec<f32> {
        let scan = Tensor::from_slice(values, (1, 1, height, width), &Device::Cpu).unwrap();
        fill(&scan, hidden).unwrap().flatten_all().unwrap().to_vec1().unwrap()
    }

    #[test]
    fn a_slope_goes_on_through_what_is_hidden_and_the_rest_stays() {
        let (height, width) = (12, 20);
        let slope: Vec<f32> =
            (0..height * width).map(|i| (i % width) as f32 * 0.1 + (i / width) as f32 * 0.2).collect();
        let hidden: Vec<bool> =
            (0..height * width).map(|i| (3..9).contains(&(i / width)) && (5..15).contains(&(i % width))).collect();
        let marred: Vec<f32> = slope.iter().zip(&hidden).map(|(v, h)| if *h { 9. } else { *v }).collect();
        for ((ours, expected), hidden) in filled(&marred, (height, width), &hidden).iter().zip(&slope).zip(&hidden) {
            assert!((ours - expected).abs() <= if *hidden { 0.01 } else { 0. }, "{ours} for {expected}");
        }
    }

    #[test]
    fn what_is_hidden_whole_becomes_its_mean_and_what_is_not_hidden_nothing_else() {
        assert_eq!(filled(&[1., 3.], (1, 2), &[true, true]), [2., 2.]);
        assert_eq!(filled(&[1., 3.], (1, 2), &[false, false]), [1., 3.]);
        // At a corner of the scan, from the pixels that there are.
        assert!((filled(&[7., 3., 3., 3.], (2, 2), &[true, false, false, false])[0] - 3.).abs() < 1e-3);
    }
}
