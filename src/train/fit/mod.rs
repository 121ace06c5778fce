//! Contrastive training of both towers, read top to bottom.

pub(super) mod adamw;
mod batch;
pub mod batches;
pub(super) mod bench;
pub mod checkpoint;
mod chunks;
pub(super) mod embed;
mod events;
mod gradient_sum;
pub mod init;
mod local;
pub mod loss;
#[cfg(feature = "nccl")]
mod nccl;
mod schedule;
mod towers;
mod trainer;
mod validate;
pub mod vocab;

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use candle_core::{Device, Tensor};
use indicatif::ProgressBar;
use serde_json::json;

use self::batches::Batches;
use self::events::Events;
use self::trainer::{Taken, Trainer};
use self::validate::validate;
use crate::error::{Error, Result};
use crate::train::config::Settings;
use crate::train::data::record::Record;
use crate::train::data::samples::Sample;
use crate::train::progress;
use crate::train::ranks::{self, MicroBatches, Ranks};
use crate::train::run::{Prepared, Run};

/// Trains both towers on `train`, read from `records`, validates on `val` after each epoch, and writes averaged weights to
/// the run's folder: the last ones, or those of the lowest validation loss if the settings have patience. Only
/// the training steps may be of lower precision: validation and the written weights are in 32 bits.
///
/// A run starts from `start` (tensors of both towers by name), or from random weights. A run with a checkpoint resumes from that, and
/// ends at the same weights as if it had never stopped. Ctrl-C finishes the step, saves, and ends. Zero epochs write the
/// initial weights.
///
/// Several ranks take the same steps as one with the same batch would: to the bit if the settings fix the number of micro-batches,
/// else up to the order of sums. Each has a part of the batch, and all of the weights; rank 0 alone validates and writes.
///
/// # Errors
/// Nothing to train on, a loss that is not finite, an interruption, or the end of another rank.
pub(crate) fn fit(
    run: &Run,
    prepared: &Prepared,
    (records, train): (&[&Record], &[Sample]),
    val: &[Sample],
    start: Option<&HashMap<String, Tensor>>,
    (device, ranks): (&Device, &dyn Ranks),
) -> Result<()> {
    let settings = &prepared.settings;
    if val.is_empty() && settings.patience > 0 {
        return Err(Error::data("--patience needs validation scans: name more data, or leave it out"));
    }
    let micro_batches = share_out(settings, ranks)?;
    let batches = Batches::new(prepared, records, train, device)?;
    let mut trainer = Trainer::new(prepared, batches, start, (device, ranks))?;

    let batches_per_epoch = train.len().div_ceil(settings.batch);
    let steps_per_epoch = batches_per_epoch.div_ceil(settings.accumulate);
    let n_total = steps_per_epoch * settings.epochs;
    if n_total == 0 {
        return if ranks.is_first() { trainer.weights.write_towers(run) } else { Ok(()) };
    }
    let mut at = checkpoint::restore(run, &trainer.weights, &mut trainer.adamw, device)?;
    let begin = format!("{at:?} of {n_total} with {} scans and {settings:?}", train.len());
    let differs =
        "another checkpoint, other scans or other settings than rank 0: start all with the same command and folders";
    ranks::check_same(&begin, differs, ranks)?;
    let out_of_patience =
        |best: Option<(f64, usize)>| settings.patience > 0 && best.is_some_and(|b| b.1 >= settings.patience);
    if at.n_steps >= n_total || out_of_patience(at.best) {
        return Ok(());
    }
    let mut events = None;
    if ranks.is_first() {
        run.trim_log(at.n_steps)?;
        events = Some(Events::create(run, at.n_steps)?);
    }
    let interrupted = watch_for_ctrl_c();
    let bar = if ranks.is_first() { progress::bar("finetune", n_total) } else { ProgressBar::hidden() };
    bar.set_position(at.n_steps as u64);
    let mut started = Instant::now();
    while at.n_steps < n_total && !out_of_patience(at.best) {
        let Taken { loss, norm, rate, .. } = trainer.step(at.n_steps, n_total, &micro_batches)?;
        at.n_steps += 1;
        at.epoch_loss += loss;
        if let Some(events) = &mut events {
            let scalars = [("train/loss", loss), ("train/gradient_norm", norm), ("train/learning_rate", rate)];
            events.scalars(at.n_steps, &scalars)?;
        }
        bar.inc(1);
        bar.set_message(format!("loss {loss:.3}"));

        let epoch_ends = at.n_steps % steps_per_epoch == 0;
        if let (true, Some(events)) = (epoch_ends, &mut events) {
            let validation = validate(&trainer.average_clip, prepared, val, device)?;
            at.best = better(at.best, validation.loss);
            if settings.patience == 0 || at.best.is_some_and(|b| b.1 == 0) {
                trainer.weights.write_towers(run)?;
            }
            let line = json!({
                "epoch": at.n_steps / steps_per_epoch, "step": at.n_steps,
                "train_loss": at.epoch_loss / steps_per_epoch as f64, "val_loss": validation.loss,
                "val_label_accuracy": validation.label_accuracy, "val_caption_accuracy": validation.caption_accuracy,
                "seconds": started.elapsed().as_secs_f64(),
            });
            bar.println(line.to_string());
            run.log(&line)?;
            events.scalars(at.n_steps, &validation.scalars())?;
        }
        if epoch_ends {
            at.best = best_of_first(at.best, ranks)?;
            at.epoch_loss = 0.;
            started = Instant::now();
        }
        let stop = any(interrupted.load(Ordering::Relaxed), ranks)?;
        if (epoch_ends || stop) && ranks.is_first() {
            checkpoint::write(run, &trainer.weights, &trainer.adamw, &at)?;
        }
        if stop {
            return Err(Error::config("interrupted and saved: the same command continues from here"));
        }
    }
    bar.finish();
    Ok(())
}

/// What each rank does of a batch.
///
/// # Errors
/// The settings are not for this many ranks or micro-batches.
fn share_out<'a>(settings: &Settings, ranks: &'a dyn Ranks) -> Result<MicroBatches<'a>> {
    let micro_batches = MicroBatches::new(settings.micro_batches, settings.batch, ranks)?;
    if micro_batches.n() > 1 && !settings.freeze_bn {
        let message = "batch norms would have the statistics of a part of the batch: add --freeze-bn true, or train alone and \
                       without --micro-batches";
        return Err(Error::config(message));
    }
    Ok(micro_batches)
}

/// The lowest validation loss and how many epochs ago it was, after one more epoch.
fn better(best: Option<(f64, usize)>, loss: f64) -> Option<(f64, usize)> {
    match best {
        Some((best, ago)) if loss >= best => Some((best, ago + 1)),
        _ if loss.is_finite() => Some((loss, 0)),
        before => before,
    }
}

/// What rank 0, which validates, found to be the best.
fn best_of_first(best: Option<(f64, usize)>, ranks: &dyn Ranks) -> Result<Option<(f64, usize)>> {
    let said = best.map_or(vec![], |(loss, ago)| [loss.to_le_bytes(), (ago as u64).to_le_bytes()].concat());
    let heard = ranks::of_first(&said, ranks)?;
    Ok(match heard.as_chunks::<8>().0 {
        [loss, ago] => Some((f64::from_le_bytes(*loss), u64::from_le_bytes(*ago) as usize)),
        _ => None,
    })
}

/// Whether it is so on any rank.
fn any(is_so: bool, ranks: &dyn Ranks) -> Result<bool> {
    let mut n = [f32::from(u8::from(is_so))];
    ranks.sum(&mut n)?;
    Ok(n[0] > 0.)
}

fn watch_for_ctrl_c() -> Arc<AtomicBool> {
    let interrupted = Arc::new(AtomicBool::new(false));
    let flag = interrupted.clone();
    // A second handler in one process is refused, and the first one still saves and ends the run.
    let _ = ctrlc::set_handler(move || flag.store(true, Ordering::Relaxed));
    interrupted
}
