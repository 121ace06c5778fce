//! The gradients of a loss that compares all scans of a batch with all its texts, where each rank runs a part of them through
//! the towers.
//!
//! The loss needs every embedding, but a tower's backward pass only the gradient at its own output. So embeddings are gathered
//! from all ranks; the loss is differentiated at them, as if they were variables; then each rank takes the gradients at its own
//! embeddings back through its towers. Added up over ranks, the gradients of the weights are those of the whole batch. The loss
//! of cells is a sum over scans, each with its rank, but for two things that it shares: the embeddings of findings and the mean
//! length of cells, at which gradients are added up first.

use std::ops::Range;

use candle_core::backprop::GradStore;
use candle_core::{Tensor, Var};

use super::local::{CellTargets, CellTotals};
use crate::clip::cell_lengths;
use crate::error::{Error, Result};
use crate::train::ranks::{Ranks, gather_floats, share};

/// The loss of a batch, and its gradients at the weights in parts that must be added up, over all ranks too.
pub(crate) struct Gradients {
    /// The loss of the whole batch.
    pub(super) loss: f64,
    /// The parts of this rank.
    pub(super) parts: Vec<GradStore>,
}

impl Gradients {
    /// Adds gradients that `backward` makes of the one at `map`, where the graph of the towers ended: tensors, each with its gradient.
    pub(super) fn continue_from(
        &mut self,
        map: &Tensor,
        backward: impl FnOnce(&Tensor) -> Result<Vec<(Tensor, Tensor)>>,
    ) -> Result<()> {
        let Some(store) = self.parts.iter_mut().find(|part| part.get(map).is_some()) else { return Ok(()) };
        let Some(at) = store.remove(map) else { return Ok(()) };
        for (tensor, gradient) in backward(&at)? {
            store.insert(&tensor, gradient);
        }
        Ok(())
    }
}

/// What the towers make of this rank's part of a batch.
pub(super) struct Towers {
    /// (n, D).
    pub(super) image_embeds: Tensor,
    /// (n, D); none if there are fewer texts than ranks.
    pub(super) text_embeds: Option<Tensor>,
    /// If cells have a loss.
    pub(super) cells: Option<Cells>,
}

/// The cells of a rank's feature maps, and what is known of them.
pub(super) struct Cells {
    /// (n, rows · cols, D).
    pub(super) embeds: Tensor,
    pub(super) targets: CellTargets,
}

/// What the losses of all ranks' cells depend on together.
pub(super) struct SharedByCells<'a> {
    /// A scalar: the mean of the norms of all cells.
    pub(super) mean_length: &'a Tensor,
    /// (n, D), of all ranks.
    pub(super) text_embeds: &'a Tensor,
    /// Of all ranks' targets.
    pub(super) totals: CellTotals,
}

impl Cells {
    pub(super) fn new(embeds: Tensor, targets: CellTargets) -> Self {
        Self { embeds, targets }
    }
}

impl Towers {
    /// `shared` is the loss of all image embeddings and all text embeddings; `of_cells` that of this rank's cells.
    pub(super) fn gradients(
        self,
        shared: impl Fn(&Tensor, &Tensor) -> Result<Tensor>,
        of_cells: impl Fn(&Cells, &SharedByCells<'_>) -> Result<Tensor>,
        ranks: &dyn Ranks,
    ) -> Result<Gradients> {
        let Self { image_embeds, text_embeds, cells } = self;
        let dim = image_embeds.dim(1)?;
        let (images, own_images) = gathered(Some(&image_embeds), dim, &image_embeds, ranks)?;
        let (texts, own_texts) = gathered(text_embeds.as_ref(), dim, &image_embeds, ranks)?;

        let loss_shared = shared(&images, &texts)?;
        let of_shared = loss_shared.backward()?;
        let mut loss = scalar(&loss_shared)?;
        let at_images = gradient(&of_shared, &images)?;
        let mut at_texts = gradient(&of_shared, &texts)?;

        // What the towers' outputs, times the gradients at them, add up to has the gradients of the loss at the weights.
        let mut outputs = times(&image_embeds, &rows(&at_images, &own_images)?)?;
        let mut parts = Vec::new();
        if let Some(Cells { embeds, targets }) = cells {
            let lengths = cell_lengths(&embeds)?;
            let CellTotals { n_shown, n_not, n_unplaced } = targets.totals();
            let mut totals =
                [scalar(&lengths.sum_all()?)? as f32, lengths.elem_count() as f32, n_shown, n_not, n_unplaced];
            ranks.sum(&mut totals)?;
            let [length, n_cells, n_shown, n_not, n_unplaced] = totals;
            let totals = CellTotals { n_shown, n_not, n_unplaced };
            let at_cells = Var::from_tensor(&embeds.detach())?;
            let mean_length = Var::from_tensor(&Tensor::new(length / n_cells, embeds.device())?)?;
            let cells = Cells::new(at_cells.as_tensor().clone(), targets);
            let shared = SharedByCells { mean_length: &mean_length, text_embeds: &texts, totals };
            let loss_cells = of_cells(&cells, &shared)?;
            let of_cells = loss_cells.backward()?;

            // Of all ranks: the gradients at what they share, and the loss.
            let mut sums = gradient(&of_cells, &texts)?.flatten_all()?.to_vec1::<f32>()?;
            sums.push(scalar(&gradient(&of_cells, &mean_length)?)? as f32);
            sums.push(scalar(&loss_cells)? as f32);
            ranks.sum(&mut sums)?;
            loss += f64::from(sums.pop().unwrap_or_default());
            let at_length = f64::from(sums.pop().unwrap_or_default());
            at_texts = (at_texts + Tensor::from_vec(sums, texts.shape(), texts.device())?)?;
            outputs = (outputs + times(&embeds, &gradient(&of_cells, &at_cells)?)?)?;
            outputs = (outputs + lengths.sum_all()?.affine(at_length / f64::from(n_cells), 0.)?)?;
            parts.push(of_cells);
        }
        if let Some(text_embeds) = &text_embeds {
            outputs = (outputs + times(text_embeds, &rows(&at_texts, &own_texts)?)?)?;
        }
        parts.push(outputs.backward()?);
        // The temperature's gradient, which all ranks have whole.
        if ranks.is_first() {
            parts.push(of_shared);
        }
        Ok(Gradients { loss, parts })
    }
}

/// The embeddings (n, `dim`) of all ranks as a variable, and which of its rows are this rank's.
fn gathered(own: Option<&Tensor>, dim: usize, like: &Tensor, ranks: &dyn Ranks) -> Result<(Var, Range<usize>)> {
    let own = match own {
        Some(own) => own.flatten_all()?.to_vec1::<f32>()?,
        None => vec![],
    };
    let all = gather_floats(&own, ranks)?;
    let n = all.len() / dim;
    let rows = share(n, ranks);
    if rows.len() * dim != own.len() {
        return Err(Error::data("the ranks have parts of other sizes than agreed"));
    }
    Ok((Var::from_tensor(&Tensor::from_vec(all, (n, dim), like.device())?)?, rows))
}

/// The gradient at a variable; zero if the loss does not depend on it.
fn gradient(gradients: &GradStore, at: &Var) -> Result<Tensor> {
    gradients.get(at).map_or_else(|| Ok(at.zeros_like()?), |gradient| Ok(gradient.detach()))
}

fn rows(tensor: &Tensor, rows: &Range<usize>) -> Result<Tensor> {
    Ok(tensor.narrow(0, rows.start, rows.len())?)
}

/// A scalar whose gradient at `output` is `gradient`.
fn times(output: &Tensor, gradient: &Tensor) -> Result<Tensor> {
    Ok((output * gradient.detach())?.sum_all()?)
}

fn scalar(tensor: &Tensor) -> Result<f64> {
    Ok(f64::from(tensor.to_scalar::<f32>()?))
}

#[cfg(test)]
mod tests {
    use candle_core::Device;

    use super::*;
    use crate::train::fit::loss::contrastive_loss;
    use crate::train::ranks::together;

    /// Sums of a few 32-bit floats in another order.
    const TOLERANCE: f32 = 1e-6;

    /// Scans (7, 4) and texts (3, 5) before their towers, which are one matrix each here; and a temperature.
    fn inputs() -> [Tensor; 2] {
        let waves = |n: usize, dim: usize, step: f32| {
            let values: Vec<f32> = (0..n * dim).map(|i| (i as f32 * step).sin()).collect();
            Tensor::from_vec(values, (n, dim), &Device::Cpu).unwrap()
        };
        [waves(7, 4, 1.3), waves(3, 5, 0.7)]
    }

    fn weights() -> [Var; 3] {
        let waves = |n: usize| {
            let values: Vec<f32> = (0..n * 6).map(|i| (i as f32 * 2.1).cos()).collect();
            Var::from_tensor(&Tensor::from_vec(values, (n, 6), &Device::Cpu).unwrap()).unwrap()
        };
        [waves(4), waves(5), Var::new(0.7f32, &Device::Cpu).unwrap()]
    }

    fn loss(images: &Tensor, texts: &Tensor, temperature: &Tensor) -> Result<Tensor> {
        let logits = images.matmul(&texts.t()?)?.broadcast_mul(&temperature.exp()?)?;
        contrastive_loss(&logits, &[0, 1, 2, 0, 1, 2, 0], &[(0, 1)])
    }

    fn flat(gradients: &[GradStore], weights: &[Var]) -> Vec<f32> {
        let of = |var: &Var| {
            let sum = gradients
                .iter()
                .filter_map(|part| part.get(var))
                .fold(var.zeros_like().unwrap(), |sum, gradient| (sum + gradient).unwrap());
            sum.flatten_all().unwrap().to_vec1::<f32>().unwrap()
        };
        weights.iter().flat_map(of).collect()
    }

    #[test]
    fn gradients_are_those_of_the_whole_batch_on_any_number_of_ranks() {
        let [scans, texts] = inputs();
        let whole = weights();
        let direct = loss(&scans.matmul(&whole[0]).unwrap(), &texts.matmul(&whole[1]).unwrap(), &whole[2]).unwrap();
        let expected = flat(&[direct.backward().unwrap()], &whole);
        // With five ranks, two have no text.
        for n_ranks in [1, 2, 3, 5] {
            let all = together(n_ranks, |ranks| {
                let weights = weights();
                let part = |all: &Tensor, weight: &Var| {
                    let own = rows(all, &share(all.dim(0).unwrap(), ranks)).unwrap();
                    (own.dim(0).unwrap() > 0).then(|| own.matmul(weight).unwrap())
                };
                let towers = Towers {
                    image_embeds: part(&scans, &weights[0]).unwrap(),
                    text_embeds: part(&texts, &weights[1]),
                    cells: None,
                };
                let shared = |images: &Tensor, texts: &Tensor| loss(images, texts, &weights[2]);
                let no_cells = |_: &Cells, shared: &SharedByCells<'_>| Ok(shared.text_embeds.clone());
                let gradients = towers.gradients(shared, no_cells, ranks).unwrap();
                let mut sums = flat(&gradients.parts, &weights);
                ranks.sum(&mut sums).unwrap();
                (gradients.loss, sums)
            });
            for (loss, sums) in all {
                assert!((loss - scalar(&direct).unwrap()).abs() < f64::from(TOLERANCE));
                let off = sums.iter().zip(&expected).map(|(a, b)| (a - b).abs()).fold(0., f32::max);
                assert!(off < TOLERANCE, "{n_ranks} ranks: {off}");
            }
        }
    }
}
