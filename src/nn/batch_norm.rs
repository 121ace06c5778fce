//! Batch norm over channels (Ioffe & Szegedy 2015), with running statistics as PyTorch keeps them.
//!
//! In training on the CPU one custom op replaces the dozen passes over memory that the composed form takes.

use std::sync::{Arc, Mutex};

use candle_core::{CpuStorage, CustomOp2, CustomOp3, Layout, Shape, Tensor, Var};
use candle_nn::VarBuilder;
use rayon::prelude::*;

use super::Mode;
use crate::error::Result;

/// PyTorch's defaults, which CLIP uses.
const EPS: f64 = 1e-5;
const MOMENTUM: f64 = 0.1;

/// Batch norm of (batch, channels, h, w).
#[derive(Clone, Debug)]
pub struct BatchNorm2d {
    weight: Tensor,
    bias: Tensor,
    running_mean: Var,
    running_var: Var,
}

impl BatchNorm2d {
    /// `weight`, `bias`, `running_mean` and `running_var` are (channels).
    pub fn new(channels: usize, vb: VarBuilder<'_>) -> Result<Self> {
        Ok(Self {
            weight: vb.get(channels, "weight")?,
            bias: vb.get(channels, "bias")?,
            running_mean: Var::from_tensor(&vb.get(channels, "running_mean")?)?,
            running_var: Var::from_tensor(&vb.get(channels, "running_var")?)?,
        })
    }

    /// (batch, channels, h, w) → the same shape.
    pub fn forward(&self, x: &Tensor, mode: Mode) -> Result<Tensor> {
        match mode {
            Mode::Eval => {
                let scale = (&self.weight / (self.running_var.as_detached_tensor() + EPS)?.sqrt()?)?;
                let shift = (&self.bias - (self.running_mean.as_detached_tensor() * &scale)?)?;
                let per_channel = |t: &Tensor| t.reshape((1, (), 1, 1));
                Ok(x.broadcast_mul(&per_channel(&scale)?)?.broadcast_add(&per_channel(&shift)?)?)
            }
            Mode::Train => self.forward_train(x),
        }
    }

    fn forward_train(&self, x: &Tensor) -> Result<Tensor> {
        let (batch, channels, h, w) = x.dims4()?;
        let n = (batch * h * w) as f64;
        let (y, mean, variance) = if x.device().is_cpu() {
            let op = Fused::default();
            let statistics = op.statistics.clone();
            let y = x.contiguous()?.apply_op3(&self.weight.contiguous()?, &self.bias.contiguous()?, op)?;
            let statistics = lock(&statistics).clone();
            (y, Tensor::new(statistics.mean, x.device())?, Tensor::new(statistics.variance, x.device())?)
        } else {
            let mean = x.mean_keepdim((0, 2, 3))?;
            let centred = x.broadcast_sub(&mean)?;
            let variance = centred.sqr()?.mean_keepdim((0, 2, 3))?;
            let y = centred
                .broadcast_div(&(&variance + EPS)?.sqrt()?)?
                .broadcast_mul(&self.weight.reshape((1, channels, 1, 1))?)?
                .broadcast_add(&self.bias.reshape((1, channels, 1, 1))?)?;
            (y, mean.flatten_all()?.detach(), variance.flatten_all()?.detach())
        };
        let unbiased = (variance * (n / (n - 1.).max(1.)))?;
        for (running, new) in [(&self.running_mean, mean), (&self.running_var, unbiased)] {
            running.set(&((running.as_detached_tensor() * (1. - MOMENTUM))? + (new * MOMENTUM)?)?)?;
        }
        Ok(y)
    }
}

#[derive(Clone, Debug, Default)]
struct Statistics {
    mean: Vec<f32>,
    variance: Vec<f32>,
}

/// A poisoned lock means another thread panicked while storing plain numbers: they are still plain numbers.
fn lock(statistics: &Mutex<Statistics>) -> std::sync::MutexGuard<'_, Statistics> {
    statistics.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// Normalises with the batch's own statistics and keeps them for the backward pass.
#[derive(Default)]
struct Fused {
    statistics: Arc<Mutex<Statistics>>,
}

fn f32s<'a>(storage: &'a CpuStorage, layout: &Layout) -> candle_core::Result<&'a [f32]> {
    let (start, end) = layout.contiguous_offsets().ok_or_else(|| {
        candle_core::Error::RequiresContiguous { op: "batch-norm" }.bt()
    })?;
    Ok(&storage.as_slice::<f32>()?[start..end])
}

/// Sums `f(segment of a, segment of b)` over the batch for each channel.
fn per_channel(
    channels: usize,
    size: usize,
    a: &[f32],
    b: &[f32],
    f: impl Fn(usize, &[f32], &[f32]) -> (f32, f32) + Sync,
) -> Vec<(f64, f64)> {
    (0..channels)
        .into_par_iter()
        .map(|c| {
            a.chunks_exact(size).zip(b.chunks_exact(size)).skip(c).step_by(channels).fold((0., 0.), |sum, (a, b)| {
                let (x, y) = f(c, a, b);
                (sum.0 + f64::from(x), sum.1 + f64::from(y))
            })
        })
        .collect()
}

/// Eight independent sums, so that the compiler may use SIMD.
fn sum(values: impl Iterator<Item = f32>) -> f32 {
    let mut lanes = [0f32; 8];
    for (i, v) in values.enumerate() {
        lanes[i & 7] += v;
    }
    lanes.iter().sum()
}

impl CustomOp3 for Fused {
    fn name(&self) -> &'static str {
        "batch-norm-train"
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        x_layout: &Layout,
        weight: &CpuStorage,
        weight_layout: &Layout,
        bias: &CpuStorage,
        bias_layout: &Layout,
    ) -> candle_core::Result<(CpuStorage, Shape)> {
        let (batch, channels, h, w) = x_layout.shape().dims4()?;
        let (x, weight, bias) = (f32s(x, x_layout)?, f32s(weight, weight_layout)?, f32s(bias, bias_layout)?);
        let (size, n) = (h * w, (batch * h * w) as f64);
        let mean: Vec<f32> = per_channel(channels, size, x, x, |_, x, _| (sum(x.iter().copied()), 0.))
            .into_iter()
            .map(|(s, _)| (s / n) as f32)
            .collect();
        // A second pass over centred values: the one-pass form loses digits when the mean is large.
        let variance: Vec<f32> =
            per_channel(channels, size, x, x, |c, x, _| (sum(x.iter().map(|v| (v - mean[c]).powi(2))), 0.))
                .into_iter()
                .map(|(s, _)| (s / n) as f32)
                .collect();
        let mut y = vec![0f32; x.len()];
        y.par_chunks_exact_mut(size).zip(x.par_chunks_exact(size)).enumerate().for_each(|(i, (y, x))| {
            let c = i % channels;
            let scale = weight[c] / (variance[c] + EPS as f32).sqrt();
            let shift = bias[c] - mean[c] * scale;
            y.iter_mut().zip(x).for_each(|(y, x)| *y = x * scale + shift);
        });
        *lock(&self.statistics) = Statistics { mean, variance };
        Ok((CpuStorage::F32(y), x_layout.shape().clone()))
    }

    fn bwd(
        &self,
        x: &Tensor,
        weight: &Tensor,
        _bias: &Tensor,
        _y: &Tensor,
        grad: &Tensor,
    ) -> candle_core::Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        let (n, channels) = (x.elem_count(), weight.elem_count());
        let op = FusedBackward { statistics: lock(&self.statistics).clone(), weight: weight.to_vec1()? };
        let all = x.contiguous()?.apply_op2_no_bwd(&grad.contiguous()?, &op)?;
        Ok((
            Some(all.narrow(0, 0, n)?.reshape(x.shape())?),
            Some(all.narrow(0, n, channels)?),
            Some(all.narrow(0, n + channels, channels)?),
        ))
    }
}

/// Gradients of input, weight and bias, one after the other in one vector.
struct FusedBackward {
    statistics: Statistics,
    weight: Vec<f32>,
}

impl CustomOp2 for FusedBackward {
    fn name(&self) -> &'static str {
        "batch-norm-backward"
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        x_layout: &Layout,
        grad: &CpuStorage,
        grad_layout: &Layout,
    ) -> candle_core::Result<(CpuStorage, Shape)> {
        let (batch, channels, h, w) = x_layout.shape().dims4()?;
        let (x, grad) = (f32s(x, x_layout)?, f32s(grad, grad_layout)?);
        let (size, n) = (h * w, (batch * h * w) as f32);
        let Statistics { mean, variance } = &self.statistics;
        let inv_std: Vec<f32> = variance.iter().map(|v| 1. / (v + EPS as f32).sqrt()).collect();
        let sums = per_channel(channels, size, x, grad, |c, x, g| {
            let dot = sum(x.iter().zip(g).map(|(x, g)| (x - mean[c]) * g));
            (dot * inv_std[c], sum(g.iter().copied()))
        });
        let mut all = vec![0f32; x.len() + 2 * channels];
        let (grad_x, grad_parameters) = all.split_at_mut(x.len());
        let segments = x.par_chunks_exact(size).zip(grad.par_chunks_exact(size));
        grad_x.par_chunks_exact_mut(size).zip(segments).enumerate().for_each(|(i, (out, (x, g)))| {
            let c = i % channels;
            let (dot, total) = (sums[c].0 as f32 / n, sums[c].1 as f32 / n);
            let scale = self.weight[c] * inv_std[c];
            for ((out, x), g) in out.iter_mut().zip(x).zip(g) {
                *out = scale * (g - total - (x - mean[c]) * inv_std[c] * dot);
            }
        });
        for (c, (dot, total)) in sums.into_iter().enumerate() {
            grad_parameters[c] = dot as f32;
            grad_parameters[channels + c] = total as f32;
        }
        Ok((CpuStorage::F32(all), Shape::from(x.len() + 2 * channels)))
    }
}

#[cfg(test)]
mod tests {
    use candle_core::Device;

    use super::*;

    /// f32 sums of a few thousand terms in another order.
    const TOLERANCE: f32 = 2e-4;

    fn norm(channels: usize) -> (BatchNorm2d, Var, Var) {
        let device = Device::Cpu;
        let weight = Var::rand(0.5f32, 1.5, channels, &device).unwrap();
        let bias = Var::rand(-1f32, 1., channels, &device).unwrap();
        let norm = BatchNorm2d {
            weight: weight.as_tensor().clone(),
            bias: bias.as_tensor().clone(),
            running_mean: Var::zeros(channels, candle_core::DType::F32, &device).unwrap(),
            running_var: Var::ones(channels, candle_core::DType::F32, &device).unwrap(),
        };
        (norm, weight, bias)
    }

    fn composed(x: &Tensor, weight: &Tensor, bias: &Tensor) -> Tensor {
        let x = x.broadcast_sub(&x.mean_keepdim((0, 2, 3)).unwrap()).unwrap();
        let variance = x.sqr().unwrap().mean_keepdim((0, 2, 3)).unwrap();
        let x = x.broadcast_div(&(variance + EPS).unwrap().sqrt().unwrap()).unwrap();
        x.broadcast_mul(&weight.reshape((1, (), 1, 1)).unwrap())
            .unwrap()
            .broadcast_add(&bias.reshape((1, (), 1, 1)).unwrap())
            .unwrap()
    }

    fn largest_difference(a: &Tensor, b: &Tensor) -> f32 {
        (a - b).unwrap().abs().unwrap().flatten_all().unwrap().max(0).unwrap().to_scalar().unwrap()
    }

    #[test]
    fn the_fused_op_equals_the_composed_one_forward_and_backward() {
        let (norm, weight, bias) = norm(5);
        let x = Var::randn(0.7f32, 2., (3, 5, 7, 6), &Device::Cpu).unwrap();
        let probe = Tensor::randn(0f32, 1., (3, 5, 7, 6), &Device::Cpu).unwrap();
        let fused = norm.forward(&x, Mode::Train).unwrap();
        let plain = composed(&x, &weight, &bias);
        assert!(largest_difference(&fused, &plain) < TOLERANCE);
        let fused = (fused * &probe).unwrap().sum_all().unwrap().backward().unwrap();
        let plain = (plain * &probe).unwrap().sum_all().unwrap().backward().unwrap();
        for var in [&x, &weight, &bias] {
            assert!(largest_difference(fused.get(var).unwrap(), plain.get(var).unwrap()) < TOLERANCE);
        }
    }

    #[test]
    fn running_statistics_approach_those_of_the_data() {
        let (norm, ..) = norm(2);
        let x = Tensor::randn(3f32, 2., (8, 2, 16, 16), &Device::Cpu).unwrap();
        for _ in 0..100 {
            norm.forward(&x, Mode::Train).unwrap();
        }
        let mean = norm.running_mean.to_vec1::<f32>().unwrap();
        let variance = norm.running_var.to_vec1::<f32>().unwrap();
        assert!(mean.iter().all(|m| (m - 3.).abs() < 0.2), "{mean:?}");
        assert!(variance.iter().all(|v| (v - 4.).abs() < 0.6), "{variance:?}");
    }
}
