//! Maps that know nothing of the scan, beside which methods are measured.

use crate::bundle::card::{CENTRE, RANDOM};
use crate::explain::faithfulness::random::Random;
use crate::report::Heatmap;

/// A control.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Control {
    /// Random values, other ones for each scan.
    Random,
    /// Largest at the centre of what the model sees, falling off to its borders: where the fovea usually is.
    Centre,
}

impl Control {
    pub(super) const ALL: [Self; 2] = [Self::Random, Self::Centre];

    /// As in a weights file.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Random => RANDOM,
            Self::Centre => CENTRE,
        }
    }

    /// The control's map, with the cells, region and class of `like`.
    pub(super) fn map(self, like: &Heatmap, seed: u64) -> Heatmap {
        let (rows, cols) = (like.rows, like.cols);
        let mut random = Random::new(seed);
        // −1…1 from one border to the other.
        let place = |i: usize, n: usize| (2 * i + 1) as f32 / n as f32 - 1.;
        let values: Vec<f32> = (0..rows * cols)
            .map(|i| match self {
                Self::Random => random.unit() as f32,
                Self::Centre => {
                    let (x, y) = (place(i % cols, cols), place(i / cols, rows));
                    (1. - ((x * x + y * y) / 2.).sqrt()).max(0.)
                }
            })
            .collect();
        let peak = values.iter().copied().fold(0., f32::max);
        let values = values.into_iter().map(|v| if peak > 0. { v / peak } else { v }).collect();
        Heatmap { layer: String::new(), values, peak, ..like.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::made_up;

    #[test]
    fn a_random_map_differs_from_scan_to_scan_and_a_centre_map_peaks_in_the_middle() {
        let like = Heatmap { rows: 3, cols: 5, ..made_up::report("AMD", [400, 100], &[1., 0., 0., 0.]).heatmap };
        let random = |seed| Control::Random.map(&like, seed).values;
        assert_eq!(random(1), random(1));
        assert_ne!(random(1), random(2));
        assert!(random(1).iter().all(|v| (0. ..=1.).contains(v)) && random(1).contains(&1.));
        let centre = Control::Centre.map(&like, 1);
        assert_eq!((centre.values[7], centre.region, centre.values.len()), (1., like.region, 15));
        assert!(centre.values.iter().enumerate().all(|(i, v)| i == 7 || *v < 1.));
        assert!(centre.values[0] < centre.values[6] && (centre.values[0] - centre.values[14]).abs() < 1e-6);
    }
}
