//! The gradient of a convolution's weights: products of gradients of outputs with runs of the padded image, summed over positions.

use super::kernel::Kernel;
use super::plan::{Gradients, Plan, SLACK};
use super::portable;
use super::tile::{DOT_OUTPUTS, DOT_WEIGHTS, Dots};
#[cfg(target_arch = "x86_64")]
use super::x86;

/// Positions whose products are summed before the sum of lanes: planes stay in the L1 cache.
const RUN: usize = 512;
/// Adds the gradient of the weights, (depth, c_out), to sums. Where an image has few positions, those of several images are summed
/// at once: sums are then read and written less often.
pub(in crate::nn) struct WeightGradient<'a> {
    kernel: Kernel,
    plan: &'a Plan,
    /// Images of a group, how many it has, and each plane of all of them.
    size: usize,
    n: usize,
    x: Vec<f32>,
    grad: Vec<f32>,
}

impl<'a> WeightGradient<'a> {
    pub(in crate::nn) fn new(kernel: Kernel, plan: &'a Plan, n_images: usize) -> Self {
        let size = if plan.n_positions() < RUN / 2 { (2 * RUN / plan.plane).clamp(1, n_images.max(1)) } else { 1 };
        let floats = |planes: usize| if size > 1 { vec![0f32; planes * size * plan.plane + SLACK] } else { Vec::new() };
        Self { kernel, plan, size, n: 0, x: floats(plan.n_planes()), grad: floats(plan.c_out) }
    }

    /// `x` as [`Plan::padded`], `grad` as [`Plan::gradients`] gives it.
    pub(in crate::nn) fn add(&mut self, x: &[f32], grad: Gradients<'_>, sums: &mut [f32]) {
        let plane = self.plan.plane;
        if self.size == 1 {
            weight_gradient(self.kernel, self.plan, (1, 1), x, grad, sums);
            return;
        }
        for (x, to) in x.chunks_exact(plane).zip(self.x.chunks_exact_mut(self.size * plane)) {
            to[self.n * plane..][..plane].copy_from_slice(x);
        }
        for (o, to) in self.grad.chunks_exact_mut(self.size * plane).enumerate().take(self.plan.c_out) {
            let n = self.plan.n_positions();
            to[self.n * plane..][..n].copy_from_slice(&grad.values[grad.first + o * grad.plane..][..n]);
        }
        self.n += 1;
        if self.n == self.size {
            self.flush(sums);
        }
    }

    /// Adds what was not added yet.
    pub(in crate::nn) fn flush(&mut self, sums: &mut [f32]) {
        if self.n > 0 {
            let grad = Gradients { values: &self.grad, first: 0, plane: self.size * self.plan.plane };
            weight_gradient(self.kernel, self.plan, (self.n, self.size), &self.x, grad, sums);
            self.n = 0;
        }
    }
}

/// Of `n` images, whose planes lie in groups of `size`.
fn weight_gradient(
    kernel: Kernel,
    plan: &Plan,
    (n, size): (usize, usize),
    x: &[f32],
    grad: Gradients<'_>,
    sums: &mut [f32],
) {
    let c_out = plan.c_out;
    let n = (n - 1) * plan.plane + plan.n_positions();
    let offset = |of: &u32| (*of as usize / plan.plane * size * plan.plane + *of as usize % plan.plane) as u32;
    let all_offsets: Vec<u32> = plan.offsets.iter().map(offset).collect();
    let last = all_offsets.iter().max().map_or(0, |last| *last as usize);
    assert!(x.len() >= last + n && grad.values.len() >= grad.first + (c_out - 1) * grad.plane + n);
    assert!(c_out.is_multiple_of(DOT_OUTPUTS) && sums.len() == plan.depth() * c_out);
    for first in (0..n).step_by(RUN) {
        for o in (0..c_out).step_by(DOT_OUTPUTS) {
            for (i, offsets) in all_offsets.chunks(DOT_WEIGHTS).enumerate() {
                let dots = Dots {
                    grad: &grad.values[grad.first + o * grad.plane + first..],
                    grad_plane: grad.plane,
                    x: &x[first..],
                    // What is computed for repeated ones is left out.
                    offsets: std::array::from_fn(|j| offsets[j.min(offsets.len() - 1)]),
                    n_positions: RUN.min(n - first),
                };
                let new = match kernel {
                    // SAFETY: the machine has the instructions; the assertions above bound what is read.
                    #[cfg(target_arch = "x86_64")]
                    Kernel::Avx512 => unsafe { x86::dots(&dots) },
                    // SAFETY: the machine has the instructions.
                    #[cfg(target_arch = "x86_64")]
                    Kernel::Avx2 => unsafe { portable::avx2_dots(&dots) },
                    Kernel::Portable => portable::dots::<false>(&dots),
                };
                for (j, new) in new.iter().enumerate().take(offsets.len()) {
                    let at = (i * DOT_WEIGHTS + j) * c_out + o;
                    sums[at..at + DOT_OUTPUTS].iter_mut().zip(new).for_each(|(sum, new)| *sum += new);
                }
            }
        }
    }
}
