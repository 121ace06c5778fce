//! Convolution, batch norm and ReLU as one op on the CPU, with the statistics of the batch or with given ones.
//!
//! Composed of single operations, candle's backward pass visits three times as many nodes, each of which allocates and
//! clears memory of the size of the whole activation. The fused op keeps only the convolution's output and its statistics.

use std::sync::{Arc, Mutex, PoisonError};

use candle_core::{CpuStorage, CustomOp3, Layout, Shape, Tensor};
use rayon::prelude::*;

use super::conv_cpu::{Geometry, convolve, input_gradient, weight_gradient};
use super::cpu_floats::{floats, with_floats};
use super::norm::BATCH_NORM_EPS;

/// Mean and variance (biased) of each channel.
#[derive(Clone, Debug, Default)]
pub(super) struct Statistics {
    pub(super) mean: Vec<f32>,
    pub(super) variance: Vec<f32>,
}

#[derive(Default)]
struct State {
    conv_out: Vec<f32>,
    statistics: Statistics,
}

/// What the forward pass keeps for the backward pass and for the running statistics.
#[derive(Clone, Default)]
pub(super) struct Saved(Arc<Mutex<State>>);

impl Saved {
    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        // Poisoned: another thread panicked while it stored plain numbers, which are valid in any state.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The statistics that the output was normalised with.
    pub(super) fn statistics(&self) -> Statistics {
        self.lock().statistics.clone()
    }
}

/// x (batch, c_in, h, w), kernel (c_out, c_in, k, k), affine (2, c_out: weight, bias) → (batch, c_out, h', w').
pub(super) struct ConvNorm {
    geometry: Geometry,
    relu: bool,
    /// Running statistics; without them the batch's own count, and gradients flow through those too.
    frozen: Option<Statistics>,
    saved: Saved,
}

impl ConvNorm {
    pub(super) fn new(geometry: Geometry, relu: bool, frozen: Option<Statistics>) -> Self {
        Self { geometry, relu, frozen, saved: Saved::default() }
    }

    pub(super) fn saved(&self) -> Saved {
        self.saved.clone()
    }
}

/// Sums `f(channel, segment of a, segment of b)` over the batch for each channel.
fn per_channel(
    (channels, size): (usize, usize),
    a: &[f32],
    b: &[f32],
    f: impl Fn(usize, &[f32], &[f32]) -> [f32; 2] + Sync,
) -> Vec<[f64; 2]> {
    (0..channels)
        .into_par_iter()
        .map(|c| {
            let segments = a.chunks_exact(size).zip(b.chunks_exact(size)).skip(c).step_by(channels);
            segments.fold([0.; 2], |sum, (a, b)| {
                let part = f(c, a, b);
                [sum[0] + f64::from(part[0]), sum[1] + f64::from(part[1])]
            })
        })
        .collect()
}

impl Statistics {
    /// Those that a layer keeps.
    pub(super) fn read(mean: &Tensor, variance: &Tensor) -> candle_core::Result<Self> {
        Ok(Self { mean: mean.to_vec1()?, variance: variance.to_vec1()? })
    }

    /// Of a convolution's output over the whole batch.
    fn of(conv_out: &[f32], (channels, size): (usize, usize)) -> Self {
        let n = (conv_out.len() / channels) as f64;
        let mean_of = |f: &(dyn Fn(usize, f32) -> f32 + Sync)| -> Vec<f32> {
            let sums = per_channel((channels, size), conv_out, conv_out, |c, x, _| [sum(x, x, |x, _| f(c, x)), 0.]);
            sums.into_iter().map(|s| (s[0] / n) as f32).collect()
        };
        let mean = mean_of(&|_, x| x);
        // A second pass over centred values: the one-pass form loses digits when the mean is large.
        let variance = mean_of(&|c, x| (x - mean[c]).powi(2));
        Self { mean, variance }
    }
}

/// Sums in eight lanes, so that the compiler may use SIMD.
fn sum(a: &[f32], b: &[f32], f: impl Fn(f32, f32) -> f32) -> f32 {
    let mut lanes = [0f32; 8];
    let ((a8, a1), (b8, b1)) = (a.as_chunks::<8>(), b.as_chunks::<8>());
    for (a, b) in a8.iter().zip(b8) {
        for i in 0..8 {
            lanes[i] += f(a[i], b[i]);
        }
    }
    lanes.iter().sum::<f32>() + a1.iter().zip(b1).map(|(a, b)| f(*a, *b)).sum::<f32>()
}

impl CustomOp3 for ConvNorm {
    fn name(&self) -> &'static str {
        "conv-norm"
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        x_layout: &Layout,
        kernel: &CpuStorage,
        kernel_layout: &Layout,
        affine: &CpuStorage,
        affine_layout: &Layout,
    ) -> candle_core::Result<(CpuStorage, Shape)> {
        let conv_out = convolve(self.geometry, floats(x, x_layout)?, floats(kernel, kernel_layout)?);
        let (channels, size) = self.geometry.channels_out();
        let (weight, bias) = floats(affine, affine_layout)?.split_at(channels);
        let statistics = self.frozen.clone().unwrap_or_else(|| Statistics::of(&conv_out, (channels, size)));
        let Statistics { mean, variance } = &statistics;
        let floor = if self.relu { 0. } else { f32::NEG_INFINITY };
        let y: Vec<f32> = conv_out
            .par_chunks_exact(size)
            .enumerate()
            .flat_map_iter(|(i, x)| {
                let c = i % channels;
                let scale = weight[c] / (variance[c] + BATCH_NORM_EPS as f32).sqrt();
                let shift = bias[c] - mean[c] * scale;
                x.iter().map(move |x| (x * scale + shift).max(floor))
            })
            .collect();
        *self.saved.lock() = State { conv_out, statistics };
        Ok((CpuStorage::F32(y), self.geometry.shape_out()))
    }

    fn bwd(
        &self,
        x: &Tensor,
        kernel: &Tensor,
        affine: &Tensor,
        y: &Tensor,
        grad: &Tensor,
    ) -> candle_core::Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        let (grad, device) = (grad.contiguous()?, x.device());
        let weight = affine.get(0)?.to_vec1::<f32>()?;
        let (grad_conv, grad_affine) = with_floats(&grad, y, |grad, y| Ok(self.norm_gradient(grad, y, &weight)))?;
        let g = self.geometry;
        let grad_x = x.track_op().then(|| {
            with_floats(x, kernel, |_, kernel| {
                Tensor::from_vec(input_gradient(g, &grad_conv, kernel), x.shape(), device)
            })
        });
        let grad_kernel = kernel.track_op().then(|| {
            with_floats(x, kernel, |x, _| Tensor::from_vec(weight_gradient(g, x, &grad_conv), kernel.shape(), device))
        });
        let grad_affine = Tensor::from_vec(grad_affine, affine.shape(), device)?;
        Ok((grad_x.transpose()?, grad_kernel.transpose()?, Some(grad_affine)))
    }
}

impl ConvNorm {
    /// Gradients of the convolution's output and of (weight, bias).
    fn norm_gradient(&self, grad: &[f32], y: &[f32], weight: &[f32]) -> (Vec<f32>, Vec<f32>) {
        let state = self.saved.lock();
        let State { conv_out, statistics: Statistics { mean, variance } } = &*state;
        let (channels, size) = self.geometry.channels_out();
        let n = (conv_out.len() / channels) as f32;
        // ReLU passes no gradient where it cut off.
        let masked: Vec<f32> = if self.relu {
            grad.par_iter().zip(y).map(|(g, y)| if *y > 0. { *g } else { 0. }).collect()
        } else {
            grad.to_vec()
        };
        let inv_std: Vec<f32> = variance.iter().map(|v| 1. / (v + BATCH_NORM_EPS as f32).sqrt()).collect();
        let sums = per_channel((channels, size), conv_out, &masked, |c, x, g| {
            [sum(x, g, |x, g| (x - mean[c]) * g) * inv_std[c], sum(g, g, |g, _| g)]
        });
        // Frozen statistics do not depend on the batch, so no gradient flows through them.
        let share = if self.frozen.is_some() { 0. } else { 1. / n };
        let mut out = masked;
        out.par_chunks_exact_mut(size).zip(conv_out.par_chunks_exact(size)).enumerate().for_each(|(i, (g, x))| {
            let c = i % channels;
            let (dot, total) = (sums[c][0] as f32 * share, sums[c][1] as f32 * share);
            let scale = weight[c] * inv_std[c];
            let slope = inv_std[c] * dot;
            g.iter_mut().zip(x).for_each(|(g, x)| *g = scale * (*g - total - (x - mean[c]) * slope));
        });
        let of = |i: usize| sums.iter().map(move |s| s[i] as f32);
        (out, of(0).chain(of(1)).collect())
    }
}
