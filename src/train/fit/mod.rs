//! Contrastive training of both towers, read top to bottom.

pub(super) mod adamw;
pub mod batches;
pub mod checkpoint;
mod chunks;
pub(super) mod embed;
mod events;
pub mod init;
mod local;
pub mod loss;
mod schedule;
mod validate;
pub mod vocab;

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use candle_core::{DType, Device, Tensor};
use serde_json::json;

use self::adamw::{AdamW, AdamWConfig};
use self::batches::Batches;
use self::checkpoint::{Weights, build};
use self::events::Events;
use self::init::initialize;
use self::validate::validate;
use crate::error::{Error, Result};
use crate::train::data::record::Record;
use crate::train::data::samples::Sample;
use crate::train::progress;
use crate::train::run::{Prepared, Run};

/// Trains both towers on `train`, read from `records`, validates on `val` after each epoch, and writes averaged weights to
/// the run's folder: the last ones, or those of the lowest validation loss if the settings have patience. Only
/// the training steps may be of lower precision: validation and the written weights are in 32 bits.
///
/// A run starts from `start` (tensors of both towers by name), or from random weights. A run with a checkpoint resumes from that, and
/// ends at the same weights as if it had never stopped. Ctrl-C finishes the step, saves, and ends. Zero epochs write the
/// initial weights.
///
/// # Errors
/// Nothing to train on, a loss that is not finite, or an interruption.
pub fn fit(
    run: &Run,
    prepared: &Prepared,
    (records, train): (&[&Record], &[Sample]),
    val: &[Sample],
    start: Option<&HashMap<String, Tensor>>,
    device: &Device,
) -> Result<()> {
    let Prepared { settings, spec, .. } = prepared;
    let accumulate = settings.accumulate;
    if val.is_empty() && settings.patience > 0 {
        return Err(Error::data("--patience needs validation scans: name more data, or leave it out"));
    }
    let batches = Batches::new(prepared, records, train, device)?;
    let (clip, variables) = build(spec, settings.precision.dtype(), device)?;
    let (average_clip, average) = build(spec, DType::F32, device)?;
    let mut list: Vec<_> = variables.iter().map(|(n, v)| (n.clone(), v.clone())).collect();
    initialize(&mut list, spec.clip.text.layers, settings.seed)?;
    if let Some(towers) = start {
        checkpoint::set(&variables, "", towers)?;
    }
    for (name, var) in &average {
        var.set(&variables[name].as_detached_tensor())?;
    }
    let trainable: Vec<_> = list.into_iter().filter(|(name, _)| !name.contains("running_")).collect();
    let rate = |name: &str| schedule::layer_rate(name, &spec.clip, settings.layer_decay);
    let mut adamw = AdamW::new(trainable, AdamWConfig::new(settings), rate)?;
    let weights = Weights { variables, average };

    let batches_per_epoch = train.len().div_ceil(settings.batch);
    let steps_per_epoch = batches_per_epoch.div_ceil(accumulate);
    let n_total = steps_per_epoch * settings.epochs;
    if n_total == 0 {
        return weights.write_towers(run);
    }
    let mut at = checkpoint::restore(run, &weights, &mut adamw, device)?;
    let out_of_patience =
        |best: Option<(f64, usize)>| settings.patience > 0 && best.is_some_and(|b| b.1 >= settings.patience);
    if at.n_steps >= n_total || out_of_patience(at.best) {
        return Ok(());
    }
    run.trim_log(at.n_steps)?;
    let mut events = Events::create(run, at.n_steps)?;
    let interrupted = watch_for_ctrl_c();
    let bar = progress::bar("finetune", n_total);
    bar.set_position(at.n_steps as u64);
    let mut started = Instant::now();
    while at.n_steps < n_total && !out_of_patience(at.best) {
        let mut loss = 0.;
        for i in 0..accumulate {
            let batch_loss = batches.loss(&clip, at.n_steps * accumulate + i)?;
            adamw.accumulate(&batch_loss.backward()?)?;
            loss += f64::from(batch_loss.to_scalar::<f32>()?) / accumulate as f64;
        }
        let rate = settings.learning_rate * schedule::factor(settings, at.n_steps, n_total);
        let norm = adamw.step(rate, settings.gradient_bound())?;
        if !(loss.is_finite() && norm.is_finite()) {
            return Err(Error::config(format!("the loss is {loss} at step {}: lower --learning-rate", at.n_steps)));
        }
        at.n_steps += 1;
        at.epoch_loss += loss;
        // The decay is lower at first, or the random initial weights would stay in the average for long.
        weights.update_average(settings.ema_decay.min((at.n_steps as f64 + 1.) / (at.n_steps as f64 + 10.)))?;
        events.scalars(
            at.n_steps,
            &[("train/loss", loss), ("train/gradient_norm", norm), ("train/learning_rate", rate)],
        )?;
        bar.inc(1);
        bar.set_message(format!("loss {loss:.3}"));

        let epoch_ends = at.n_steps % steps_per_epoch == 0;
        if epoch_ends {
            let validation = validate(&average_clip, prepared, val, device)?;
            at.best = match at.best {
                Some((best, ago)) if validation.loss >= best => Some((best, ago + 1)),
                before => {
                    if validation.loss.is_finite() {
                        Some((validation.loss, 0))
                    } else {
                        before
                    }
                }
            };
            if settings.patience == 0 || at.best.is_some_and(|b| b.1 == 0) {
                weights.write_towers(run)?;
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
            at.epoch_loss = 0.;
            started = Instant::now();
        }
        let stop = interrupted.load(Ordering::Relaxed);
        if epoch_ends || stop {
            checkpoint::write(run, &weights, &adamw, &at)?;
        }
        if stop {
            return Err(Error::config("interrupted and saved: the same command continues from here"));
        }
    }
    bar.finish();
    Ok(())
}

fn watch_for_ctrl_c() -> Arc<AtomicBool> {
    let interrupted = Arc::new(AtomicBool::new(false));
    let flag = interrupted.clone();
    // A second handler in one process is refused, and the first one still saves and ends the run.
    let _ = ctrlc::set_handler(move || flag.store(true, Ordering::Relaxed));
    interrupted
}
