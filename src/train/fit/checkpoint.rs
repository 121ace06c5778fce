//! The state of a run (weights, their running average, the optimiser's moments, the position) in one file, so that its
//! parts always belong together.

use std::collections::{BTreeMap, HashMap};

use candle_core::{DType, Device, Tensor, Var};
use candle_nn::VarMap;
use serde::{Deserialize, Serialize};

use super::adamw::AdamW;
use super::chunks;
use crate::clip::Clip;
use crate::error::{Error, Result};
use crate::nn::precision;
use crate::train::config::ModelSpec;
use crate::train::run::{Run, names};

/// The position of a run in its schedule.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Position {
    /// Steps taken.
    pub n_steps: usize,
    /// Sum of the losses of the epoch's steps so far.
    pub epoch_loss: f64,
    /// The lowest validation loss, and how many epochs ago it was.
    pub best: Option<(f64, usize)>,
}

/// The variables of a map by name, in order.
pub fn named_variables(map: &VarMap) -> Result<BTreeMap<String, Var>> {
    let data = map.data().lock().map_err(|_| Error::config("a thread panicked while it held the weights"))?;
    Ok(data.iter().map(|(name, var)| (name.clone(), var.clone())).collect())
}

/// Both towers, whose products are computed in `compute`, and their 32-bit variables by name.
pub fn build(spec: &ModelSpec, compute: DType, device: &Device) -> Result<(Clip, BTreeMap<String, Var>)> {
    let map = VarMap::new();
    let clip = Clip::new(&spec.clip, precision::builder(&map, compute, device))?;
    Ok((clip, named_variables(&map)?))
}

/// The weights in training and their running average, by the same names.
pub struct Weights {
    /// What the optimiser updates.
    pub variables: BTreeMap<String, Var>,
    /// What is evaluated and exported.
    pub average: BTreeMap<String, Var>,
}

impl Weights {
    /// Moves the average towards the weights; `decay` 0 replaces it by them.
    pub fn update_average(&self, decay: f64) -> Result<()> {
        self.average.iter().try_for_each(|(name, average)| {
            chunks::update(&[average], &[&self.variables[name]], |average, now| {
                Ok(vec![((&average[0] * decay)? + (&now[0] * (1. - decay))?)?])
            })
        })
    }

    /// Writes the average as the run's towers.
    pub fn write_towers(&self, run: &Run) -> Result<()> {
        run.write_tensors(names::TOWERS, &tensors(&self.average, "").collect(), "{}")
    }
}

/// Writes everything that is needed to resume.
pub fn write(run: &Run, weights: &Weights, adamw: &AdamW, position: &Position) -> Result<()> {
    let state = tensors(&weights.variables, "weight.")
        .chain(tensors(&weights.average, "average."))
        .chain(adamw.state())
        .collect();
    let position = serde_json::to_string(position).map_err(|e| Error::io("the position").because(e))?;
    run.write_tensors(names::CHECKPOINT, &state, &position)
}

/// Restores a run's state from its checkpoint, if it has one.
///
/// # Errors
/// The checkpoint is damaged, or of another model.
pub fn restore(run: &Run, weights: &Weights, adamw: &mut AdamW, device: &Device) -> Result<Position> {
    if !run.path(names::CHECKPOINT).exists() {
        return Ok(Position::default());
    }
    let damaged = |what: &str| Error::data(format!("the run's checkpoint {what}: start a new run"));
    let (tensors, position) = run.read_tensors(names::CHECKPOINT, device)?;
    let position: Position = serde_json::from_str(&position).map_err(|e| damaged("has no position").because(e))?;
    for (prefix, variables) in [("weight.", &weights.variables), ("average.", &weights.average)] {
        set(variables, prefix, &tensors).map_err(|e| damaged("is incomplete").because(e))?;
    }
    adamw.restore(&tensors, position.n_steps)?;
    Ok(position)
}

/// Gives every variable the tensor of its name after `prefix`.
///
/// # Errors
/// A tensor is missing or of another shape.
pub fn set(variables: &BTreeMap<String, Var>, prefix: &str, tensors: &HashMap<String, Tensor>) -> Result<()> {
    for (name, var) in variables {
        let name = format!("{prefix}{name}");
        var.set(tensors.get(&name).ok_or_else(|| Error::data(format!("there is no tensor {name}")))?)?;
    }
    Ok(())
}

fn tensors(variables: &BTreeMap<String, Var>, prefix: &str) -> impl Iterator<Item = (String, Tensor)> {
    variables.iter().map(move |(name, var)| (format!("{prefix}{name}"), var.as_detached_tensor()))
}
