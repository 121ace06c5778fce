//! AdamW (Loshchilov & Hutter 2019), and Adam with coupled decay. candle's keeps its moments private, but an exact resume
//! must save them.

use std::collections::{BTreeMap, HashMap};

use candle_core::backprop::GradStore;
use candle_core::{Tensor, Var};
use rayon::prelude::*;

use super::chunks;
use super::gradient_sum::Gradients;
use crate::error::Result;
use crate::train::config::{Optimizer, Settings};

/// Settings that do not change during a run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AdamWConfig {
    /// Decay of the mean of gradients.
    pub beta1: f64,
    /// Decay of the mean of squared gradients.
    pub beta2: f64,
    /// Added to the root of the second moment.
    pub eps: f64,
    /// Weight decay.
    pub weight_decay: f64,
    /// `Adamw` decays weight matrices and kernels apart from the gradient, and neither vectors (biases, norms) nor the
    /// temperature; `Adam` adds the decay to every gradient.
    pub optimizer: Optimizer,
}

impl AdamWConfig {
    /// The configuration that a run's settings give the towers.
    pub(crate) fn new(settings: &Settings) -> Self {
        let Settings { beta1, beta2, eps, weight_decay, optimizer, .. } = *settings;
        Self { beta1, beta2, eps, weight_decay, optimizer }
    }
}

struct Parameter {
    var: Var,
    mean: Var,
    mean_square: Var,
    gradient: Option<Tensor>,
    rate: f64,
}

/// The optimiser and its moments.
pub struct AdamW {
    config: AdamWConfig,
    parameters: BTreeMap<String, Parameter>,
    n_gradients: usize,
    n_steps: usize,
}

impl AdamW {
    /// An optimiser of `variables` by name; `rate` gives each one's factor on the learning rate.
    pub fn new(
        variables: impl IntoIterator<Item = (String, Var)>,
        config: AdamWConfig,
        rate: impl Fn(&str) -> f64,
    ) -> Result<Self> {
        let parameters = variables
            .into_iter()
            .map(|(name, var)| {
                let zeros = || Var::from_tensor(&var.zeros_like()?);
                let rate = rate(&name);
                let parameter = Parameter { mean: zeros()?, mean_square: zeros()?, gradient: None, rate, var };
                Ok((name, parameter))
            })
            .collect::<Result<_>>()?;
        Ok(Self { config, parameters, n_gradients: 0, n_steps: 0 })
    }

    /// Adds one batch's gradients to those of the next step.
    pub fn accumulate(&mut self, gradients: &GradStore) -> Result<()> {
        self.n_gradients += 1;
        self.parameters.par_iter_mut().try_for_each(|(_, p)| {
            let Some(new) = gradients.get(&p.var) else { return Ok(()) };
            p.gradient = Some(match p.gradient.take() {
                Some(sum) => (sum + new)?,
                None => new.clone(),
            });
            Ok(())
        })
    }

    /// Replaces the gradients of the next step by the sums of those of `n_batches`, in the order of [`Self::variables`].
    pub(crate) fn set_gradients(&mut self, sums: Gradients, n_batches: usize) {
        self.n_gradients = n_batches;
        self.parameters.values_mut().zip(sums).for_each(|(p, sum)| p.gradient = sum);
    }

    /// The variables, by name.
    pub(crate) fn variables(&self) -> impl Iterator<Item = (&str, &Var)> {
        self.parameters.iter().map(|(name, p)| (name.as_str(), &p.var))
    }

    /// Takes one step along the mean of the accumulated gradients; parameters without a gradient stay. `clip_norm` bounds
    /// the norm of the whole gradient. Returns that norm before clipping; if it is not finite, nothing was changed.
    pub fn step(&mut self, learning_rate: f64, clip_norm: f64) -> Result<f64> {
        let mean_of = 1. / self.n_gradients.max(1) as f64;
        self.n_gradients = 0;
        let gradients = self.parameters.values().filter_map(|p| p.gradient.as_ref());
        let squares = gradients.map(chunks::sum_of_squares).sum::<Result<f64>>()?;
        let norm = squares.sqrt() * mean_of;
        if !norm.is_finite() {
            self.parameters.values_mut().for_each(|p| p.gradient = None);
            return Ok(norm);
        }
        let factor = (clip_norm / norm.max(1e-12)).min(1.) * mean_of;
        self.n_steps += 1;
        let AdamWConfig { beta1, beta2, eps, weight_decay, optimizer } = self.config;
        let correction1 = 1. - beta1.powi(self.n_steps as i32);
        let correction2 = 1. - beta2.powi(self.n_steps as i32);
        for p in self.parameters.values_mut() {
            let Some(g) = p.gradient.take() else { continue };
            let learning_rate = learning_rate * p.rate;
            let (coupled, decoupled) = match optimizer {
                Optimizer::Adam => (weight_decay, 0.),
                Optimizer::Adamw if p.var.rank() > 1 => (0., weight_decay),
                Optimizer::Adamw => (0., 0.),
            };
            chunks::update(&[&p.var, &p.mean, &p.mean_square], &[&g], |old, g| {
                let (weight, mean, mean_square) = (&old[0], &old[1], &old[2]);
                let mut g = (&g[0] * factor)?;
                if coupled > 0. {
                    g = (g + (weight * coupled)?)?;
                }
                let mean = ((mean * beta1)? + (&g * (1. - beta1))?)?;
                let mean_square = ((mean_square * beta2)? + (g.sqr()? * (1. - beta2))?)?;
                let step = ((&mean / correction1)? / ((&mean_square / correction2)?.sqrt()? + eps)?)?;
                let weight = ((weight * (1. - learning_rate * decoupled))? - (step * learning_rate)?)?;
                Ok(vec![weight, mean, mean_square])
            })?;
        }
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

    /// Restores the moments of a checkpoint that was written after `n_steps` steps.
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
    use candle_nn::{Optimizer as _, ParamsAdamW};

    use super::*;

    const TORCH_ADAM: [[f32; 2]; 2] = [[0.0349263, -0.7081542], [1.5041575, 0.0189555]];

    fn largest_difference(a: &Tensor, b: &Tensor) -> f32 {
        (a - b).unwrap().abs().unwrap().flatten_all().unwrap().max(0).unwrap().to_scalar().unwrap()
    }

    fn config(optimizer: Optimizer) -> AdamWConfig {
        AdamWConfig { beta1: 0.9, beta2: 0.98, eps: 1e-6, weight_decay: 0.1, optimizer }
    }

    fn start() -> Var {
        Var::new(&[[0.5f32, -1.2], [2.0, 0.1]], &Device::Cpu).unwrap()
    }

    fn loss(w: &Var) -> Tensor {
        (w.as_tensor().sqr().unwrap() * 3.).unwrap().sum_all().unwrap()
    }

    fn step(adamw: &mut AdamW, loss: &Tensor) {
        adamw.accumulate(&loss.backward().unwrap()).unwrap();
        adamw.step(0.05, f64::INFINITY).unwrap();
    }

    #[test]
    fn ten_steps_equal_candles_adamw() {
        let (ours, theirs) = (start(), start());
        let mut adamw = AdamW::new([("w".to_owned(), ours.clone())], config(Optimizer::Adamw), |_| 1.).unwrap();
        let params = ParamsAdamW { lr: 0.05, beta1: 0.9, beta2: 0.98, eps: 1e-6, weight_decay: 0.1 };
        let mut reference = candle_nn::AdamW::new(vec![theirs.clone()], params).unwrap();
        for _ in 0..10 {
            step(&mut adamw, &loss(&ours));
            reference.backward_step(&loss(&theirs)).unwrap();
        }
        assert!(largest_difference(&ours, &theirs) < 1e-5);
    }

    #[test]
    fn ten_steps_equal_pytorchs_adam_with_coupled_decay() {
        // torch.optim.Adam([w], lr=.05, betas=(.9, .98), eps=1e-6, weight_decay=.1), ten steps on 3 * (w ** 2).sum().
        let expected = Tensor::new(&TORCH_ADAM, &Device::Cpu).unwrap();
        let ours = start();
        let mut adamw = AdamW::new([("w".to_owned(), ours.clone())], config(Optimizer::Adam), |_| 1.).unwrap();
        for _ in 0..10 {
            step(&mut adamw, &loss(&ours));
        }
        assert!(largest_difference(&ours, &expected) < 1e-5, "{ours}");
    }

    #[test]
    fn accumulated_gradients_are_those_of_the_whole_batch() {
        let (whole, parts) = (start(), start());
        let x = Tensor::new(&[[1f32, 2.], [3., -1.], [0.5, 0.2], [-2., 1.]], &Device::Cpu).unwrap();
        let mean_square = |w: &Var, rows: &Tensor| rows.matmul(w).unwrap().sqr().unwrap().mean_all().unwrap();
        let mut one = AdamW::new([("w".to_owned(), whole.clone())], config(Optimizer::Adamw), |_| 1.).unwrap();
        let mut two = AdamW::new([("w".to_owned(), parts.clone())], config(Optimizer::Adamw), |_| 1.).unwrap();
        for _ in 0..3 {
            step(&mut one, &mean_square(&whole, &x));
            for half in [0, 2] {
                let half = mean_square(&parts, &x.narrow(0, half, 2).unwrap());
                two.accumulate(&half.backward().unwrap()).unwrap();
            }
            two.step(0.05, f64::INFINITY).unwrap();
        }
        assert!(largest_difference(&whole, &parts) < 1e-5);
    }

    #[test]
    fn a_parameters_own_rate_scales_its_step() {
        let (full, half) = (start(), start());
        let names = [("full".to_owned(), full.clone()), ("half".to_owned(), half.clone())];
        let rate = |name: &str| if name == "half" { 0.5 } else { 1. };
        let plain = AdamWConfig { weight_decay: 0., ..config(Optimizer::Adamw) };
        let mut adamw = AdamW::new(names, plain, rate).unwrap();
        step(&mut adamw, &(loss(&full) + loss(&half)).unwrap());
        let moved = |w: &Var| (w.as_tensor() - start().as_tensor()).unwrap();
        assert!(largest_difference(&moved(&full), &(moved(&half) * 2.).unwrap()) < 1e-6);
    }
}
