//! How fast a run trains, and what its first step computes, to compare devices and numbers of ranks.

use std::collections::HashMap;
use std::path::Path;
use std::time::{Duration, Instant};

use candle_core::{Device, Tensor};
use serde::Serialize;

use super::batches::Batches;
use super::share_out;
use super::trainer::{First, Trainer};
use crate::error::Result;
use crate::train::data::record::Record;
use crate::train::data::samples::Sample;
use crate::train::files::{self, Action, failed};
use crate::train::ranks::{Ranks, Timed};
use crate::train::run::Prepared;

/// How many steps to take.
pub(crate) struct Steps {
    /// Those before the clock starts: a GPU compiles its kernels in the first one.
    pub(crate) n_untimed: usize,
    /// Those whose time is taken.
    pub(crate) n_timed: usize,
}

/// What was measured; medians over steps, on rank 0.
#[derive(Serialize)]
pub(crate) struct Bench {
    n_ranks: usize,
    n_micro_batches: usize,
    /// Scans of a step, on all ranks.
    n_scans: usize,
    /// Rank 0's texts, and the most tokens of one, in the first batch.
    n_texts: usize,
    n_tokens: usize,
    n_parameters: usize,
    vocab_size: usize,
    /// Bytes of the gradients that ranks add up.
    gradient_bytes: usize,
    /// The loss of the first batch.
    loss: f64,
    /// A whole step.
    step_seconds: f64,
    /// Of which scans were read and changed.
    drawing_seconds: f64,
    /// Of which ranks exchanged, and waited for each other.
    exchange_seconds: f64,
    images_per_second: f64,
    /// All steps, in order.
    seconds: Vec<f64>,
}

/// Takes `steps` of a new run with the settings of `prepared` on `train`, read from `records`. With `dump`, rank 0 writes what its
/// first batch gives before any step as safetensors: its embeddings, the loss, and the gradients of all ranks.
///
/// # Errors
/// Nothing to train on, a loss that is not finite, the end of another rank, or the file cannot be written.
pub(crate) fn bench(
    prepared: &Prepared,
    (records, train): (&[&Record], &[Sample]),
    start: Option<&HashMap<String, Tensor>>,
    steps: &Steps,
    dump: Option<&Path>,
    (device, ranks): (&Device, &dyn Ranks),
) -> Result<Bench> {
    let settings = &prepared.settings;
    let ranks = Timed::new(ranks);
    let micro_batches = share_out(settings, &ranks)?;
    let batches = Batches::new(prepared, records, train, device)?;
    let mut trainer = Trainer::new(prepared, batches, start, (device, &ranks))?;
    let first = trainer.first(&micro_batches)?;
    if let (Some(path), true) = (dump, ranks.is_first()) {
        write(path, &first, &trainer)?;
    }
    let n_parameters = trainer.adamw.variables().map(|(_, var)| var.elem_count()).sum();
    let (loss, (n_texts, n_tokens)) = (first.loss, first.text_shape);
    drop(first);

    let n_steps = steps.n_untimed + steps.n_timed;
    let (mut whole, mut drawing, mut exchange) = (vec![], vec![], vec![]);
    for i in 0..n_steps {
        ranks.take();
        let start = Instant::now();
        let taken = trainer.step(i, n_steps, &micro_batches)?;
        // What was asked of a GPU may not be done yet.
        device.synchronize()?;
        if i >= steps.n_untimed {
            whole.push(start.elapsed());
            drawing.push(taken.drawing);
            exchange.push(ranks.take());
        }
    }
    let n_scans = settings.batch * settings.accumulate;
    let step_seconds = median(&whole);
    Ok(Bench {
        n_ranks: ranks.n_ranks(),
        n_micro_batches: micro_batches.n(),
        n_scans,
        n_texts,
        n_tokens,
        n_parameters,
        vocab_size: prepared.spec.clip.text.vocab_size,
        gradient_bytes: n_parameters * size_of::<f32>(),
        loss,
        step_seconds,
        drawing_seconds: median(&drawing),
        exchange_seconds: median(&exchange),
        images_per_second: n_scans as f64 / step_seconds,
        seconds: whole.iter().map(Duration::as_secs_f64).collect(),
    })
}

fn median(times: &[Duration]) -> f64 {
    let mut sorted = times.to_vec();
    sorted.sort_unstable();
    let middle = |i: usize| sorted.get(i).map_or(f64::NAN, Duration::as_secs_f64);
    (middle(sorted.len() / 2) + middle(sorted.len().saturating_sub(1) / 2)) / 2.
}

fn write(path: &Path, first: &First, trainer: &Trainer<'_>) -> Result<()> {
    let mut tensors = HashMap::from([("loss".to_owned(), Tensor::new(first.loss as f32, &Device::Cpu)?)]);
    for (name, embeds) in [("image_embeds", &first.image_embeds), ("text_embeds", &first.text_embeds)] {
        if !embeds.is_empty() {
            tensors.insert(name.to_owned(), Tensor::cat(embeds, 0)?);
        }
    }
    for ((name, _), gradient) in trainer.adamw.variables().zip(&first.gradients) {
        tensors.extend(gradient.clone().map(|gradient| (format!("gradient.{name}"), gradient)));
    }
    files::replace(path, |unfinished| {
        safetensors::serialize_to_file(&tensors, None, unfinished).map_err(|e| failed(Action::Write, path, e))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_middle_or_the_mean_of_both() {
        let of = |seconds: &[u64]| median(&seconds.iter().map(|s| Duration::from_secs(*s)).collect::<Vec<_>>());
        assert_eq!((of(&[3, 1, 2]), of(&[4, 1, 3, 2]), of(&[5])), (2., 2.5, 5.));
        assert!(of(&[]).is_nan());
    }
}
