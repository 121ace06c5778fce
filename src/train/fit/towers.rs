//! The gradients of a loss that compares all scans of a batch with all its texts, where a tower sees one micro-batch at a time.
//!
//! The loss needs every embedding, but a tower's backward pass only the gradient at its own output. So embeddings are gathered
//! from all ranks; the loss is differentiated at them, as if they were variables; then the gradients at the embeddings of each
//! micro-batch go back through its towers. Added up over micro-batches, the gradients of the weights are those of the whole batch.
//! The loss of cells is a sum over scans, each in its micro-batch, but for two things that all share: the embeddings of findings
//! and the mean length of cells, at which gradients are added up first.

use candle_core::backprop::GradStore;
use candle_core::{Tensor, Var};

use super::local::{CellTargets, CellTotals};
use crate::clip::cell_lengths;
use crate::error::{Error, Result};
use crate::nn::recorded::Recorded;
use crate::train::ranks::{MicroBatches, gather_floats};

/// What the towers make of a micro-batch.
pub(super) struct Towers {
    /// (n, D).
    pub(super) image_embeds: Tensor,
    /// (n, D); none if there are fewer texts than micro-batches.
    pub(super) text_embeds: Option<Tensor>,
    /// If cells have a loss.
    pub(super) cells: Option<Cells>,
    /// Where the graph of the image tower begins, a feature map, and what goes back from there.
    pub(super) recorded: Option<(Tensor, Recorded)>,
}

/// The cells of a micro-batch's feature maps, and what is known of them.
pub(super) struct Cells {
    /// (n, rows · cols, D).
    pub(super) embeds: Tensor,
    pub(super) targets: CellTargets,
}

/// What the losses of all cells depend on together.
pub(super) struct SharedByCells<'a> {
    /// A scalar: the mean of the norms of all cells.
    pub(super) mean_length: &'a Tensor,
    /// (n, D), of the whole batch.
    pub(super) text_embeds: &'a Tensor,
    /// Of the targets of the whole batch.
    pub(super) totals: CellTotals,
}

impl Cells {
    pub(super) fn new(embeds: Tensor, targets: CellTargets) -> Self {
        Self { embeds, targets }
    }
}

/// The loss of a batch, of which `own` has this rank's micro-batches. `shared` is the loss of all image embeddings and all text
/// embeddings; `of_cells` that of a micro-batch's cells. `each` is given every micro-batch's number and its gradients at the
/// weights, in parts that must be added up.
///
/// # Errors
/// Another rank ended, an operation failed, or `each` did.
pub(super) fn backward(
    mut own: Vec<Towers>,
    micro_batches: &MicroBatches<'_>,
    shared: impl Fn(&Tensor, &Tensor) -> Result<Tensor>,
    of_cells: impl Fn(&Cells, &SharedByCells<'_>) -> Result<Tensor>,
    mut each: impl FnMut(usize, &[GradStore]) -> Result<()>,
) -> Result<f64> {
    let Some(like) = own.first().map(|towers| towers.image_embeds.clone()) else { return Ok(0.) };
    let images = gathered(own.iter().map(|towers| Some(&towers.image_embeds)), &like, micro_batches)?;
    let texts = gathered(own.iter().map(|towers| towers.text_embeds.as_ref()), &like, micro_batches)?;
    let loss_shared = shared(&images, &texts)?;
    let of_shared = loss_shared.backward()?;
    let mut loss = scalar(&loss_shared)?;
    let at_images = gradient(&of_shared, &images)?;
    let mut at_texts = gradient(&of_shared, &texts)?;

    let cells: Vec<Cells> = own.iter_mut().filter_map(|towers| towers.cells.take()).collect();
    let mut of_cells =
        if cells.is_empty() { None } else { Some(backward_of_cells(cells, &texts, micro_batches, of_cells)?) };
    if let Some(of_cells) = &of_cells {
        loss += of_cells.loss;
        at_texts = (at_texts + &of_cells.at_texts)?;
    }
    let mut of_cells = of_cells.iter_mut().flat_map(|of_cells| of_cells.own.drain(..));
    // The temperature's gradient is whole: one micro-batch has it for all.
    let mut of_shared = Some(of_shared);
    for (i, Towers { image_embeds, text_embeds, recorded, .. }) in micro_batches.own().zip(own) {
        let mut parts = Vec::new();
        // What the towers' outputs, times the gradients at them, add up to has the gradients of the loss at the weights.
        let mut outputs = times(&image_embeds, &rows(&at_images, i, micro_batches)?)?;
        if let Some((of_embeds, of_temperature)) = of_cells.next() {
            outputs = (outputs + of_embeds)?;
            parts.push(of_temperature);
        }
        if let Some(text_embeds) = &text_embeds {
            outputs = (outputs + times(text_embeds, &rows(&at_texts, i, micro_batches)?)?)?;
        }
        let mut of_weights = outputs.backward()?;
        if let Some((feature_map, recorded)) = recorded
            && let Some(at) = of_weights.remove(&feature_map)
        {
            for (weight, gradient) in recorded.backward(&at)? {
                of_weights.insert(&weight, gradient);
            }
        }
        parts.push(of_weights);
        parts.extend(of_shared.take_if(|_| i == 0));
        each(i, &parts)?;
    }
    Ok(loss)
}

/// What the loss of cells gives.
struct OfCells {
    /// Of the whole batch.
    loss: f64,
    /// Its gradient at the embeddings of all texts.
    at_texts: Tensor,
    /// Of each of this rank's micro-batches: a scalar whose gradients at the weights are those of the loss, and the gradients that
    /// do not go through the towers.
    own: Vec<(Tensor, GradStore)>,
}

fn backward_of_cells(
    cells: Vec<Cells>,
    texts: &Var,
    micro_batches: &MicroBatches<'_>,
    of_cells: impl Fn(&Cells, &SharedByCells<'_>) -> Result<Tensor>,
) -> Result<OfCells> {
    let lengths = cells.iter().map(|cells| cell_lengths(&cells.embeds)).collect::<Result<Vec<_>>>()?;
    let counted = cells.iter().zip(&lengths).map(|(cells, lengths)| -> Result<Vec<f32>> {
        let CellTotals { n_shown, n_not, n_unplaced } = cells.targets.totals();
        Ok(vec![scalar(&lengths.sum_all()?)? as f32, lengths.elem_count() as f32, n_shown, n_not, n_unplaced])
    });
    let totals = micro_batches.sum_rows(counted.collect::<Result<_>>()?)?;
    let [length, n_cells, n_shown, n_not, n_unplaced] = totals[..] else {
        return Err(Error::data("the ranks have cells of other sizes than agreed"));
    };
    let totals = CellTotals { n_shown, n_not, n_unplaced };
    let mean_length = Var::from_tensor(&Tensor::new(length / n_cells, texts.device())?)?;
    let mut own = Vec::new();
    // Of each micro-batch: the gradients at what all share, and the loss.
    let mut sums = Vec::new();
    for Cells { embeds, targets } in cells {
        let at = Var::from_tensor(&embeds.detach())?;
        let shared = SharedByCells { mean_length: &mean_length, text_embeds: texts, totals };
        let loss = of_cells(&Cells::new(at.as_tensor().clone(), targets), &shared)?;
        let gradients = loss.backward()?;
        let mut row = gradient(&gradients, texts)?.flatten_all()?.to_vec1::<f32>()?;
        row.push(scalar(&gradient(&gradients, &mean_length)?)? as f32);
        row.push(scalar(&loss)? as f32);
        sums.push(row);
        own.push((times(&embeds, &gradient(&gradients, &at)?)?, gradients));
    }
    let mut sums = micro_batches.sum_rows(sums)?;
    let loss = f64::from(sums.pop().unwrap_or_default());
    let at_length = f64::from(sums.pop().unwrap_or_default());
    for ((output, _), lengths) in own.iter_mut().zip(&lengths) {
        *output = (&*output + lengths.sum_all()?.affine(at_length / f64::from(n_cells), 0.)?)?;
    }
    Ok(OfCells { loss, at_texts: Tensor::from_vec(sums, texts.shape(), texts.device())?, own })
}

/// The embeddings (n, D) of the whole batch as a variable, of which `own` are those of this rank's micro-batches.
fn gathered<'a>(
    own: impl Iterator<Item = Option<&'a Tensor>>,
    like: &Tensor,
    micro_batches: &MicroBatches<'_>,
) -> Result<Var> {
    let mut values = Vec::new();
    for embeds in own.flatten() {
        values.extend(embeds.flatten_all()?.to_vec1::<f32>()?);
    }
    let n_own = values.len();
    let all = gather_floats(&values, micro_batches.ranks())?;
    let dim = like.dim(1)?;
    let n = all.len() / dim;
    if n_own != micro_batches.own().map(|i| micro_batches.part(n, i).len() * dim).sum::<usize>() {
        return Err(Error::data("the ranks have parts of other sizes than agreed"));
    }
    Ok(Var::from_tensor(&Tensor::from_vec(all, (n, dim), like.device())?)?)
}

/// The gradient at a variable; zero if the loss does not depend on it.
fn gradient(gradients: &GradStore, at: &Var) -> Result<Tensor> {
    gradients.get(at).map_or_else(|| Ok(at.zeros_like()?), |gradient| Ok(gradient.detach()))
}

/// The rows of the `i`-th micro-batch.
fn rows(tensor: &Tensor, i: usize, micro_batches: &MicroBatches<'_>) -> Result<Tensor> {
    let rows = micro_batches.part(tensor.dim(0)?, i);
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
    use crate::train::fit::gradient_sum::GradientSum;
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

    /// The loss, and its gradients at all weights, on each rank.
    fn of_ranks(n: Option<usize>, n_ranks: usize) -> Vec<(f64, Vec<f32>)> {
        let [scans, texts] = inputs();
        together(n_ranks, |ranks| {
            let micro_batches = MicroBatches::new(n, 7, ranks).unwrap();
            let weights = weights();
            let part = |all: &Tensor, i: usize, weight: &Var| {
                let own = rows(all, i, &micro_batches).unwrap();
                (own.dim(0).unwrap() > 0).then(|| own.matmul(weight).unwrap())
            };
            let towers = |i| Towers {
                image_embeds: part(&scans, i, &weights[0]).unwrap(),
                text_embeds: part(&texts, i, &weights[1]),
                cells: None,
                recorded: None,
            };
            let shared = |images: &Tensor, texts: &Tensor| loss(images, texts, &weights[2]);
            let no_cells = |_: &Cells, shared: &SharedByCells<'_>| Ok(shared.text_embeds.clone());
            let mut sum = GradientSum::new(weights.to_vec());
            let own = micro_batches.own().map(towers).collect();
            let loss = backward(own, &micro_batches, shared, no_cells, |i, parts| sum.add(i, parts, true)).unwrap();
            let flat = |gradient: Option<Tensor>| gradient.unwrap().flatten_all().unwrap().to_vec1::<f32>().unwrap();
            (loss, sum.total(&micro_batches, None).unwrap().into_iter().flat_map(flat).collect())
        })
    }

    #[test]
    fn gradients_are_those_of_the_whole_batch_on_any_number_of_ranks() {
        let [scans, texts] = inputs();
        let whole = weights();
        let direct = loss(&scans.matmul(&whole[0]).unwrap(), &texts.matmul(&whole[1]).unwrap(), &whole[2]).unwrap();
        let gradients = direct.backward().unwrap();
        let of = |var: &Var| gradients.get(var).unwrap().flatten_all().unwrap().to_vec1::<f32>().unwrap();
        let expected: Vec<f32> = whole.iter().flat_map(of).collect();
        // With five ranks, two have no text.
        for (n_ranks, n) in [(1, None), (1, Some(4)), (2, None), (2, Some(5)), (3, None), (5, None)] {
            for (loss, sums) in of_ranks(n, n_ranks) {
                assert!((loss - scalar(&direct).unwrap()).abs() < f64::from(TOLERANCE));
                let off = sums.iter().zip(&expected).map(|(a, b)| (a - b).abs()).fold(0., f32::max);
                assert!(off < TOLERANCE, "{n_ranks} ranks: {off}");
            }
        }
    }

    #[test]
    fn with_as_many_micro_batches_gradients_are_the_same_bits_on_any_number_of_ranks() {
        for n in [3, 4, 5] {
            let alone = of_ranks(Some(n), 1).remove(0);
            for n_ranks in [2, 3] {
                assert!(of_ranks(Some(n), n_ranks).iter().all(|of_rank| *of_rank == alone), "{n}, {n_ranks} ranks");
            }
        }
    }
}
