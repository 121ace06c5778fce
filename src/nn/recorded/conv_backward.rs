//! The gradients of one recorded convolution: of its input, and of its parameters.

use candle_core::Tensor;
use rayon::prelude::*;

use super::images::cleared;
use crate::error::Result;
use crate::nn::conv::frozen::FrozenConv;
use crate::nn::cpu_floats::with_floats;
use crate::nn::direct::{self, After, Kernel, Packed, Plan, WeightGradient};

/// Rows of a kernel's gradient that are summed together: a cache line.
const ROWS: usize = 16;

/// A step of the tape, backward.
pub(super) struct ConvBackward<'a> {
    pub(super) layer: &'a FrozenConv,
    pub(super) plan: &'a Plan,
    pub(super) relu: bool,
    /// Whether its input needs a gradient.
    pub(super) has_gradient: bool,
}

/// The parameters of a layer, each with its gradient.
type OfParameters = [(Tensor, Tensor); 3];

/// What a core has summed over its images: gradients of the kernel before the norm's scale, (depth, c_out), and of the
/// norm's bias.
struct Sums {
    kernel: Vec<f32>,
    bias: Vec<f64>,
}

impl ConvBackward<'_> {
    /// The gradient of `x`, added to that `before`, and those of the layer's parameters. Clears `grad` where the ReLU does.
    pub(super) fn run(
        &self,
        x: &[f32],
        y: &[f32],
        before: Option<&[f32]>,
        grad: &mut [f32],
    ) -> Result<(Option<Vec<f32>>, OfParameters)> {
        let Self { layer, plan, .. } = *self;
        let (n_in, n_out, depth, c_out) = (plan.n_in(), plan.n_out(), plan.depth(), plan.shape_out().0);
        let batch = grad.len() / n_out;
        let transposed = plan.transposed();
        let packed = match self.has_gradient {
            true => Some(with_floats(&layer.kernel, &layer.kernel, |w, _| {
                let taps = transposed.depth() / c_out;
                let weight = |c, d| w[plan.mirrored(c, d)] * layer.scale[d / taps];
                Ok(Packed::new(plan.n_channels_in(), transposed.depth(), weight))
            })?),
            false => None,
        };
        let n_of_x = if self.has_gradient { n_in } else { 0 };
        let mut of_x: Vec<f32> = Vec::with_capacity(batch * n_of_x);
        // One sum per range of images, added in order: the result does not depend on the timing of threads.
        let per_sum = batch.div_ceil(rayon::current_num_threads()).max(1);
        let mut empty = &mut of_x.spare_capacity_mut()[..batch * n_of_x];
        let mut parts = Vec::new();
        for (i, grad) in grad.chunks_mut(per_sum * n_out).enumerate() {
            let part;
            (part, empty) = std::mem::take(&mut empty).split_at_mut(grad.len() / n_out * n_of_x);
            parts.push((i * per_sum, grad, part));
        }
        let kernel = Kernel::best();
        let sums: Vec<Sums> = parts
            .into_par_iter()
            .map(|(first, grad, of_x)| {
                let mut sums = Sums { kernel: vec![0.; depth * c_out], bias: vec![0.; c_out] };
                let (mut x_buffer, mut grad_buffer) = (Vec::new(), Vec::new());
                let mut of_kernel = WeightGradient::new(kernel, plan, grad.len() / n_out);
                for (j, grad) in grad.chunks_exact_mut(n_out).enumerate() {
                    let i = first + j;
                    self.mask(grad, &y[i * n_out..(i + 1) * n_out], &mut sums.bias);
                    let lent = plan.gradients(grad, &transposed, &mut grad_buffer);
                    if let Some(packed) = &packed {
                        let add = before.map(|before| &before[i * n_in..(i + 1) * n_in]);
                        let of_x = cleared(&mut of_x[j * n_in..(j + 1) * n_in]);
                        direct::convolve(
                            kernel,
                            &transposed,
                            lent.values,
                            packed,
                            After { add, ..After::default() },
                            of_x,
                        );
                    }
                    let x = plan.padded(&x[i * n_in..(i + 1) * n_in], &mut x_buffer);
                    of_kernel.add(x, lent, &mut sums.kernel);
                }
                of_kernel.flush(&mut sums.kernel);
                sums
            })
            .collect();
        // SAFETY: every image's gradient was cleared, then written.
        unsafe { of_x.set_len(batch * n_of_x) };
        Ok((self.has_gradient.then_some(of_x), self.of_parameters(&sums)?))
    }

    /// Clears `grad` where the ReLU cut off `y`, and adds the sum over each channel.
    fn mask(&self, grad: &mut [f32], y: &[f32], bias: &mut [f64]) {
        let size = self.plan.size_out();
        for ((grad, y), bias) in grad.chunks_exact_mut(size).zip(y.chunks_exact(size)).zip(bias) {
            let mut lanes = [0f32; direct::LANES];
            for (grad, y) in grad.chunks_mut(direct::LANES).zip(y.chunks(direct::LANES)) {
                for ((grad, y), lane) in grad.iter_mut().zip(y).zip(&mut lanes) {
                    *grad = if self.relu && *y <= 0. { 0. } else { *grad };
                    *lane += *grad;
                }
            }
            *bias += f64::from(lanes.iter().sum::<f32>());
        }
    }

    fn of_parameters(&self, sums: &[Sums]) -> Result<OfParameters> {
        let FrozenConv { kernel, weight, bias, mean, inv_std, scale, .. } = self.layer;
        let (depth, c_out) = (self.plan.depth(), self.plan.shape_out().0);
        let mut of_kernel = vec![0f32; c_out * depth];
        // Sixteen rows at once: theirs lie side by side in the sums.
        let dots = with_floats(kernel, kernel, |w, _| {
            let groups = of_kernel.par_chunks_mut(ROWS * depth).zip(w.par_chunks(ROWS * depth)).enumerate();
            let group = |(i, (to, w)): (usize, (&mut [f32], &[f32]))| {
                let (first, n) = (i * ROWS, w.len() / depth);
                let mut dots = [0f64; ROWS];
                for d in 0..depth {
                    let mut total = [0f32; ROWS];
                    for sum in sums {
                        let sum = &sum.kernel[d * c_out + first..][..n];
                        total.iter_mut().zip(sum).for_each(|(total, sum)| *total += sum);
                    }
                    for o in 0..n {
                        dots[o] += f64::from(total[o]) * f64::from(w[o * depth + d]);
                        to[o * depth + d] = total[o] * scale[first + o];
                    }
                }
                dots
            };
            Ok(groups.map(group).collect::<Vec<_>>())
        })?;
        let dots = dots.as_flattened();
        let of_bias: Vec<f64> = (0..c_out).map(|o| sums.iter().map(|sum| sum.bias[o]).sum()).collect();
        let of_weight = |o: usize| (f64::from(inv_std[o]) * (dots[o] - f64::from(mean[o]) * of_bias[o])) as f32;
        let of_weight: Vec<f32> = (0..c_out).map(of_weight).collect();
        let of_bias: Vec<f32> = of_bias.iter().map(|sum| *sum as f32).collect();
        let tensor = |values: Vec<f32>, like: &Tensor| Tensor::from_vec(values, like.shape(), like.device());
        Ok([
            (kernel.clone(), tensor(of_kernel, kernel)?),
            (weight.clone(), tensor(of_weight, weight)?),
            (bias.clone(), tensor(of_bias, bias)?),
        ])
    }
}
