//! The loss of each cell of the feature map: where on a scan each finding lies.
//!
//! GradCAM weighs the cells of the last feature map. A tower that is only trained on *whether* a finding is present may
//! base its answer on any cell whose receptive field reaches it. Boxes (exact on phantoms) say *where*.

use candle_core::Tensor;

use super::loss::softplus;
use crate::clip::VisionConfig;
use crate::error::Result;
use crate::train::data::augment::Warp;
use crate::train::data::samples::Place;

/// What is known of the cells of one view, by finding. A finding in none of the lists is unknown.
#[derive(Default)]
pub(super) struct CellLabels<'a> {
    /// Findings that no cell shows.
    pub absent: Vec<usize>,
    /// Findings that some cell shows; which one is unknown.
    pub unplaced: Vec<usize>,
    /// Findings with boxes: a cell shows one where one of its boxes reaches into it.
    pub placed: Vec<usize>,
    /// The boxes.
    pub places: &'a [Place],
}

/// Points across and down at which a cell is probed: every 4 pixels where a cell has 16.
const PROBES: usize = 4;

/// How many cells and findings there are to average over. Whole numbers, which 32 bits hold exactly up to 16 million.
#[derive(Clone, Copy)]
pub(super) struct CellTotals {
    /// Pairs of a cell and a finding that it shows.
    pub n_shown: f32,
    /// Pairs of a cell and a finding that it does not show.
    pub n_not: f32,
    /// Pairs of a view and a finding in an unknown place.
    pub n_unplaced: f32,
}

/// Cell-wise targets of a batch.
pub(super) struct CellTargets {
    n_findings: usize,
    n_cells: usize,
    /// (batch · n_cells · n_findings): 1 where the cell shows the finding.
    shown: Vec<f32>,
    /// The same shape: whether that is known.
    known: Vec<bool>,
    /// (view, finding): shown in an unknown place.
    unplaced: Vec<(usize, usize)>,
}

impl CellTargets {
    /// The targets of no view yet.
    pub(super) fn new(vision: &VisionConfig, n_findings: usize) -> Self {
        let (rows, cols) = vision.feature_size();
        Self { n_findings, n_cells: rows * cols, shown: vec![], known: vec![], unplaced: vec![] }
    }

    /// Adds the next view of the batch.
    pub(super) fn push(&mut self, vision: &VisionConfig, warp: &Warp, labels: &CellLabels<'_>) {
        let first = self.shown.len();
        let view = first / (self.n_cells * self.n_findings);
        let n = self.n_cells * self.n_findings;
        self.shown.resize(first + n, 0.);
        self.known.resize(first + n, false);
        self.unplaced.extend(labels.unplaced.iter().map(|f| (view, *f)));
        for cell in 0..self.n_cells {
            let at = first + cell * self.n_findings;
            labels.absent.iter().chain(&labels.placed).for_each(|f| self.known[at + f] = true);
            if labels.places.is_empty() {
                continue;
            }
            for (x, y) in probes(vision, cell) {
                let (x, y) = warp.source(x, y);
                let inside = |p: &&Place| p.x[0] <= x && x <= p.x[1] && p.y[0] <= y && y <= p.y[1];
                labels.places.iter().filter(inside).for_each(|p| self.shown[at + p.finding] = 1.);
            }
        }
    }

    /// How much there is to average over.
    pub(super) fn totals(&self) -> CellTotals {
        let counted = |is_shown: bool| {
            let pairs = self.shown.iter().zip(&self.known);
            pairs.filter(|(s, known)| **known && (**s > 0.) == is_shown).count() as f32
        };
        CellTotals { n_shown: counted(true), n_not: counted(false), n_unplaced: self.unplaced.len() as f32 }
    }

    /// Binary cross-entropy of each cell and finding on its own, where shown and not shown have the same weight; and of
    /// findings in unknown places, by the log-mean-exp over cells (a soft maximum; multiple-instance learning, Pinheiro &
    /// Collobert 2015). `logits` (batch, n_cells, n_findings) are positive where a cell shows a finding. Returns a scalar.
    ///
    /// Means are over `totals`: those of this batch, or of all batches whose losses are added up to one.
    pub(super) fn loss(&self, logits: &Tensor, totals: CellTotals) -> Result<Tensor> {
        let shape = logits.shape();
        let (n_shown, n_not) = (totals.n_shown.max(1.), totals.n_not.max(1.));
        let weights: Vec<f32> = (self.shown.iter().zip(&self.known))
            .map(|(s, known)| {
                if !known {
                    0.
                } else if *s > 0. {
                    0.5 / n_shown
                } else {
                    0.5 / n_not
                }
            })
            .collect();
        let shown = Tensor::from_slice(&self.shown, shape, logits.device())?;
        let weights = Tensor::from_vec(weights, shape, logits.device())?;
        let each = (softplus(logits)? - (logits * shown)?)?;
        let local = (each * weights)?.sum_all()?;
        if self.unplaced.is_empty() {
            return Ok(local);
        }
        let pooled = (logits.log_sum_exp(1)? - (self.n_cells as f64).ln())?.flatten_all()?;
        let rows: Vec<u32> = self.unplaced.iter().map(|(view, f)| (view * self.n_findings + f) as u32).collect();
        let pooled = pooled.index_select(&Tensor::new(rows, logits.device())?, 0)?;
        let mean = softplus(&pooled.neg()?)?.sum_all()?.affine(1. / f64::from(totals.n_unplaced.max(1.)), 0.)?;
        Ok((local + mean)?)
    }
}

/// Points of a cell, in pixels of the model's input.
fn probes(vision: &VisionConfig, cell: usize) -> impl Iterator<Item = (f32, f32)> {
    let (_, cols) = vision.feature_size();
    let size = vision.output_stride as f32;
    let (left, top) = ((cell % cols) as f32 * size, (cell / cols) as f32 * size);
    let step = size / PROBES as f32;
    (0..PROBES * PROBES)
        .map(move |i| (left + ((i % PROBES) as f32 + 0.5) * step, top + ((i / PROBES) as f32 + 0.5) * step))
}

#[cfg(test)]
mod tests {
    use candle_core::{Device, Var};
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    use super::*;
    use crate::clip::ClipConfig;
    use crate::train::data::augment::Augment;

    fn still() -> Warp {
        Augment::of_strength(0.).warp(128, 256, &mut ChaCha8Rng::seed_from_u64(1))
    }

    #[test]
    fn a_cell_shows_what_reaches_into_it() {
        let vision = ClipConfig::compact(100).vision;
        let mut targets = CellTargets::new(&vision, 3);
        let places = [Place { finding: 1, x: [20., 40.], y: [100., 110.] }];
        targets.push(
            &vision,
            &still(),
            &CellLabels { absent: vec![0], placed: vec![1], places: &places, ..CellLabels::default() },
        );
        let (_, cols) = vision.feature_size();
        let hot: Vec<usize> = (0..targets.n_cells).filter(|c| targets.shown[c * 3 + 1] > 0.).collect();
        assert_eq!(hot, [6 * cols + 1, 6 * cols + 2]);
        assert!((0..targets.n_cells).all(|c| targets.known[c * 3] && !targets.known[c * 3 + 2]));
    }

    #[test]
    fn the_loss_falls_as_cells_learn_their_targets() {
        let vision = ClipConfig::compact(100).vision;
        let mut targets = CellTargets::new(&vision, 2);
        let places = [Place { finding: 0, x: [20., 60.], y: [20., 60.] }];
        let none = CellLabels::default;
        targets.push(&vision, &still(), &CellLabels { placed: vec![0], places: &places, ..none() });
        targets.push(&vision, &still(), &CellLabels { unplaced: vec![1], ..none() });
        targets.push(&vision, &still(), &CellLabels { absent: vec![0, 1], ..none() });
        let logits = Var::zeros((3, targets.n_cells, 2), candle_core::DType::F32, &Device::Cpu).unwrap();
        let loss = |logits: &Tensor| targets.loss(logits, targets.totals()).unwrap().to_scalar::<f32>().unwrap();
        let before = loss(&logits);
        assert!((before - 2. * 2f32.ln()).abs() < 1e-4, "{before}");
        for _ in 0..200 {
            let gradients = targets.loss(&logits, targets.totals()).unwrap().backward().unwrap();
            let step = (gradients.get(&logits).unwrap() * 20.).unwrap();
            logits.set(&(logits.as_tensor() - step).unwrap()).unwrap();
        }
        assert!(loss(&logits) < 0.3 * before);
        // The second view's second finding grew somewhere; its first one is unknown and stayed.
        let values = logits.get(1).unwrap().to_vec2::<f32>().unwrap();
        assert!(values.iter().all(|cell| cell[0] == 0. && cell[1] > 0.));
    }
}
