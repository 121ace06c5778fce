//! AdamW (Loshchilov & Hutter 2019). Our own, because its moments must be saved for an exact resume, and candle's
//! keeps them private.

use std::collections::{BTreeMap, HashMap};

use candle_core::backprop::GradStore;
use candle_core::{Tensor, Var};
use rayon::prelude::*;

use crate::error::Result;

/// Settings that do not change during a run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AdamWConfig {
    /// Decay of the mean of gradients.
    pub beta1: f64,
    /// Decay of the mean of squared gradients.
    pub beta2: f64,
    /// Added to the root of the second moment.
    pub eps: f64,
    /// Decoupled decay of weight matrices and kernels; vectors (biases, norms) and the temperature are spared.
    pub weight_decay: f64,
}

struct Parameter {
    var: Var,
    mean: Var,
    mean_square: Var,
    decays: bool,
}

/// The optimiser and its moments.
pub struct AdamW {
    config: AdamWConfig,
    parameters: BTreeMap<String, Parameter>,
    n_steps: usize,
}

impl AdamW {
    /// For `variables` by name.
    pub fn new(variables: impl IntoIterator<Item = (String, Var)>, config: AdamWConfig) -> Result<Self> {
        let parameters = variables
            .into_iter()
            .map(|(name, var)| {
                let zeros = || Var::from_tensor(&var.zeros_like()?);
                let parameter =
                    Parameter { mean: zeros()?, mean_square: zeros()?, decays: var.rank() > 1, var: var.clone() };
                Ok((name, parameter))
            })
            .collect::<Result<_>>()?;
        Ok(Self { config, parameters, n_steps: 0 })
    }

    /// One step along `gradients`; parameters without a gradient stay. `clip_norm` bounds the length of the whole
    /// gradient. Returns that length before clipping.
    pub fn step(&mut self, gradients: &GradStore, learning_rate: f64, clip_norm: f64) -> Result<f64> {
        let squared = |p: &Parameter| -> Result<f64> {
            let Some(g) = gradients.get(&p.var) else { return Ok(0.) };
            Ok(f64::from(g.sqr()?.sum_all()?.to_scalar::<f32>()?))
        };
        // Added up in order: the sum does not depend on which core was faster.
        let squares = self.parameters.par_iter().map(|(_, p)| squared(p)).collect::<Result<Vec<_>>>()?;
        let norm = squares.iter().sum::<f64>().sqrt();
        if !norm.is_finite() {
            return Ok(norm);
        }
        let clip = (clip_norm / norm.max(1e-12)).min(1.);
        self.n_steps += 1;
        let AdamWConfig { beta1, beta2, eps, weight_decay } = self.config;
        let correction1 = 1. - beta1.powi(self.n_steps as i32);
        let correction2 = 1. - beta2.powi(self.n_steps as i32);
        // Single operations on small tensors run on one core each: the cores share the parameters out instead.
        self.parameters.par_iter().try_for_each(|(_, p)| -> Result<()> {
            let Some(g) = gradients.get(&p.var) else { return Ok(()) };
            let g = (g * clip)?;
            let mean = ((p.mean.as_tensor() * beta1)? + (&g * (1. - beta1))?)?;
            let mean_square = ((p.mean_square.as_tensor() * beta2)? + (g.sqr()? * (1. - beta2))?)?;
            let step = ((&mean / correction1)? / ((&mean_square / correction2)?.sqrt()? + eps)?)?;
            let decay = if p.decays { 1. - learning_rate * weight_decay } else { 1. };
            p.var.set(&((p.var.as_tensor() * decay)? - (step * learning_rate)?)?)?;
            p.mean.set(&mean)?;
            p.mean_square.set(&mean_square)?;
            Ok(())
        })?;
        Ok(norm)
    }

    /// Moments under `adam.mean.<name>` and `adam.mean_square.<name>`, for a checkpoint.
    pub fn state(&self) -> impl Iterator<Item = (String, Tensor)> + '_ {
        self.parameters.iter().flat_map(|(name, p)| {
            [
                (format!("adam.mean.{name}"), p.mean.as_detached_tensor()),
                (format!("adam.mean_square.{name}"), p.mean_square.as_detached_tensor()),
            ]
        })
    }

    /// Takes moments back from a checkpoint written after `n_steps` steps.
    pub fn restore(&mut self, tensors: &HashMap<String, Tensor>, n_steps: usize) -> Result<()> {
        for (name, p) in &self.parameters {
            for (kind, var) in [("mean", &p.mean), ("mean_square", &p.mean_square)] {
                if let Some(tensor) = tensors.get(&format!("adam.{kind}.{name}")) {
                    var.set(tensor)?;
                }
            }
        }
        self.n_steps = n_steps;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use candle_core::Device;
    use candle_nn::{Optimizer, ParamsAdamW};

    use super::*;

    #[test]
    fn ten_steps_equal_candles_adamw() {
        let start = Tensor::new(&[[0.5f32, -1.2], [2.0, 0.1]], &Device::Cpu).unwrap();
        let (ours, theirs) = (Var::from_tensor(&start).unwrap(), Var::from_tensor(&start.copy().unwrap()).unwrap());
        let config = AdamWConfig { beta1: 0.9, beta2: 0.98, eps: 1e-6, weight_decay: 0.1 };
        let mut adamw = AdamW::new([("w".to_owned(), ours.clone())], config).unwrap();
        let params = ParamsAdamW { lr: 0.05, beta1: 0.9, beta2: 0.98, eps: 1e-6, weight_decay: 0.1 };
        let mut reference = candle_nn::AdamW::new(vec![theirs.clone()], params).unwrap();
        let loss = |w: &Var| (w.as_tensor().sqr().unwrap() * 3.).unwrap().sum_all().unwrap();
        for _ in 0..10 {
            adamw.step(&loss(&ours).backward().unwrap(), 0.05, f64::INFINITY).unwrap();
            reference.backward_step(&loss(&theirs)).unwrap();
        }
        let (a, b) = (ours.to_vec2::<f32>().unwrap().concat(), theirs.to_vec2::<f32>().unwrap().concat());
        for (a, b) in a.iter().zip(&b) {
            assert!((a - b).abs() < 1e-5, "{a} against {b}");
        }
    }
}
