//! The steps of a run: what changes with each of them.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use candle_core::{DType, Device, Tensor, Var};

use super::adamw::{AdamW, AdamWConfig};
use super::batches::Batches;
use super::checkpoint::{self, Weights, build};
use super::gradient_sum::{DeviceSum, GradientSum, Gradients};
use super::init::initialize;
use super::schedule;
use crate::clip::Clip;
use crate::error::{Error, Result};
use crate::train::config::Settings;
use crate::train::ranks::{MicroBatches, Ranks};
use crate::train::run::Prepared;

/// Towers in training, their running average, and the optimiser.
pub(super) struct Trainer<'a> {
    settings: &'a Settings,
    batches: Batches<'a>,
    clip: Clip,
    /// The towers of the average.
    pub(super) average_clip: Clip,
    pub(super) adamw: AdamW,
    pub(super) weights: Weights,
    /// Adds up gradients of ranks with a GPU each, if the build can, and if no order is asked for.
    devices: Option<Box<dyn DeviceSum>>,
}

/// What a step was like.
pub(super) struct Taken {
    /// The loss before it.
    pub(super) loss: f64,
    /// The norm of its gradient, before that was bounded.
    pub(super) norm: f64,
    /// Its learning rate.
    pub(super) rate: f64,
    /// How long it waited for scans to be read and changed.
    pub(super) drawing: Duration,
}

impl<'a> Trainer<'a> {
    /// Begins with `start` (tensors of both towers by name), or with random weights.
    pub(super) fn new(
        prepared: &'a Prepared,
        batches: Batches<'a>,
        start: Option<&HashMap<String, Tensor>>,
        (device, ranks): (&Device, &dyn Ranks),
    ) -> Result<Self> {
        let Prepared { settings, spec, .. } = prepared;
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
        let adamw = AdamW::new(trainable, AdamWConfig::new(settings), rate)?;
        let weights = Weights { variables, average };
        let is_ordered = ranks.n_ranks() == 1 || settings.micro_batches.is_some();
        let devices = if is_ordered { None } else { device_sum(device, ranks)? };
        Ok(Self { settings, batches, clip, average_clip, adamw, weights, devices })
    }

    /// Takes the step after `n_before` of `n_total`.
    ///
    /// # Errors
    /// The loss is not finite, or another rank ended.
    pub(super) fn step(&mut self, n_before: usize, n_total: usize, micro_batches: &MicroBatches<'_>) -> Result<Taken> {
        let Settings { accumulate, learning_rate, .. } = *self.settings;
        let (mut loss, mut drawing) = (0., Duration::ZERO);
        let shares = micro_batches.shares();
        let mut sum = GradientSum::new(self.variables());
        for i in 0..accumulate {
            let start = Instant::now();
            let batch = self.batches.draw(n_before * accumulate + i, &shares)?;
            drawing += start.elapsed();
            let is_last = i + 1 == accumulate;
            let next = n_before * accumulate + i + 1;
            let of_batch = self.batches.drawing_ahead(next, &shares, || {
                batch.backward(&self.clip, micro_batches, |k, parts| sum.add(k, parts, is_last))
            })?;
            loss += of_batch / accumulate as f64;
        }
        self.adamw.set_gradients(sum.total(micro_batches, self.devices.as_deref())?, accumulate);
        let rate = learning_rate * schedule::factor(self.settings, n_before, n_total);
        let norm = self.adamw.step(rate, self.settings.gradient_bound())?;
        if !(loss.is_finite() && norm.is_finite()) {
            return Err(Error::config(format!("the loss is {loss} at step {n_before}: lower --learning-rate")));
        }
        // The decay is lower at first, or the random initial weights would stay in the average for long.
        let n_steps = (n_before + 1) as f64;
        self.weights.update_average(self.settings.ema_decay.min((n_steps + 1.) / (n_steps + 10.)))?;
        Ok(Taken { loss, norm, rate, drawing })
    }

    /// What the first batch gives before any step.
    pub(super) fn first(&self, micro_batches: &MicroBatches<'_>) -> Result<First> {
        let batch = self.batches.draw(0, &micro_batches.shares())?;
        let towers = batch.towers(&self.clip)?;
        let image_embeds = towers.iter().map(|towers| towers.image_embeds.detach()).collect();
        let text_embeds = towers.iter().filter_map(|towers| Some(towers.text_embeds.as_ref()?.detach())).collect();
        // What the backward pass needs is made again.
        drop(towers);
        let mut sum = GradientSum::new(self.variables());
        let loss = batch.backward(&self.clip, micro_batches, |k, parts| sum.add(k, parts, true))?;
        let text_shape = batch.text_shape()?;
        let gradients = sum.total(micro_batches, self.devices.as_deref())?;
        Ok(First { loss, image_embeds, text_embeds, text_shape, gradients })
    }

    fn variables(&self) -> Vec<Var> {
        self.adamw.variables().map(|(_, var)| var.clone()).collect()
    }
}

#[cfg(feature = "nccl")]
fn device_sum(device: &Device, ranks: &dyn Ranks) -> Result<Option<Box<dyn DeviceSum>>> {
    let nccl = super::nccl::Nccl::connect(device, ranks)?;
    Ok(nccl.map(|nccl| Box::new(nccl) as Box<dyn DeviceSum>))
}

#[cfg(not(feature = "nccl"))]
fn device_sum(_: &Device, _: &dyn Ranks) -> Result<Option<Box<dyn DeviceSum>>> {
    Ok(None)
}

/// What a batch gives, where embeddings are those of this rank.
pub(super) struct First {
    pub(super) loss: f64,
    /// (n, D) of each micro-batch.
    pub(super) image_embeds: Vec<Tensor>,
    /// (n, D) of each micro-batch that has a text.
    pub(super) text_embeds: Vec<Tensor>,
    /// How many texts there are, and the most tokens of one.
    pub(super) text_shape: (usize, usize),
    /// In the order of the optimiser's variables.
    pub(super) gradients: Gradients,
}
