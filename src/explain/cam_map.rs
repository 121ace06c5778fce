//! A map over cells, and its scale.

use candle_core::Tensor;

use crate::error::{Error, Result};

/// A map over the cells of a scan.
#[derive(Clone, Debug, PartialEq)]
pub struct CamMap {
    /// Rows of cells.
    pub rows: usize,
    /// Columns of cells.
    pub cols: usize,
    /// Row by row, 0…1; the largest is 1 unless no cell counts for the class.
    pub values: Vec<f32>,
    /// The largest value before all were divided by it, ≥ 0, in the unit of [`crate::report::Heatmap::peak`]; 0 for a map
    /// without evidence.
    pub peak: f32,
}

impl CamMap {
    /// Keeps what is above 0 of `evidence`, row by row, and divides it by its largest value. Where nothing is above 0 the map
    /// is empty: all 0.
    ///
    /// # Errors
    /// A cell is NaN or infinite.
    pub(crate) fn of_evidence(rows: usize, cols: usize, evidence: Vec<f32>) -> Result<Self> {
        // Before the ReLU, which makes NaN 0.
        if !evidence.iter().all(|v| v.is_finite()) {
            return Err(Error::not_finite("heatmaps"));
        }
        let peak = evidence.iter().fold(0f32, |m, v| m.max(*v));
        let share = |v: f32| if peak > 0. { v.max(0.) / peak } else { 0. };
        Ok(Self { rows, cols, values: evidence.into_iter().map(share).collect(), peak })
    }

    /// The same of a tensor (rows, cols).
    ///
    /// # Errors
    /// A cell is NaN or infinite.
    pub(crate) fn of_tensor(evidence: &Tensor) -> Result<Self> {
        let (rows, cols) = evidence.dims2()?;
        Self::of_evidence(rows, cols, evidence.flatten_all()?.to_vec1()?)
    }

    /// A map in which no cell counts.
    #[cfg(test)]
    pub(crate) fn empty(rows: usize, cols: usize) -> Self {
        Self { rows, cols, values: vec![0.; rows * cols], peak: 0. }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn evidence_is_scaled_by_its_peak() {
        let map = CamMap::of_evidence(1, 4, vec![0.5, -3., 2., 0.]).unwrap();
        assert_eq!((map.values, map.peak), (vec![0.25, 0., 1., 0.], 2.));
    }

    #[test]
    fn a_map_without_evidence_is_empty() {
        for nothing in [vec![0., 0.], vec![-1., -0.5], vec![-0., 0.]] {
            assert_eq!(CamMap::of_evidence(1, 2, nothing).unwrap(), CamMap::empty(1, 2));
        }
        // The smallest evidence that there is.
        let map = CamMap::of_evidence(1, 2, vec![f32::from_bits(1), 0.]).unwrap();
        assert_eq!(map.values, [1., 0.]);
    }

    #[test]
    fn what_is_not_finite_is_refused() {
        for wrong in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            let refused = CamMap::of_evidence(1, 2, vec![1., wrong]).unwrap_err();
            assert!(refused.to_string().contains("heatmaps that are not finite"), "{refused}");
        }
    }
}
