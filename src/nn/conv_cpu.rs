//! The CPU's convolution, forward and backward: patches of a few rows at a time, times the kernel, by `gemm`.
//!
//! Written by hand because candle computes the gradient of the input by a naive transposed convolution, and a training step
//! needs it at every layer.

use candle_core::{CpuStorage, CustomOp2, Layout, Shape, Tensor};
use gemm::Parallelism;
use rayon::prelude::*;

use super::cpu_floats::{floats, with_floats};

/// Patches of about this many floats are unfolded at once: they stay in a core's L2 cache.
const TILE_FLOATS: usize = 64 << 10;

/// Sizes of a convolution.
#[derive(Clone, Copy, Debug)]
pub(super) struct Geometry {
    batch: usize,
    c_in: usize,
    h_in: usize,
    w_in: usize,
    c_out: usize,
    h_out: usize,
    w_out: usize,
    kernel: usize,
    padding: usize,
    stride: usize,
}

impl Geometry {
    pub(super) fn new(
        (batch, c_in, h_in, w_in): (usize, usize, usize, usize),
        (c_out, _, kernel, _): (usize, usize, usize, usize),
        padding: usize,
        stride: usize,
    ) -> Self {
        let size_out = |n: usize| (n + 2 * padding).saturating_sub(kernel) / stride + 1;
        Self { batch, c_in, h_in, w_in, c_out, h_out: size_out(h_in), w_out: size_out(w_in), kernel, padding, stride }
    }

    /// Floats of one image.
    fn n_in(&self) -> usize {
        self.c_in * self.h_in * self.w_in
    }

    /// Floats of one output.
    fn n_out(&self) -> usize {
        self.c_out * self.h_out * self.w_out
    }

    pub(super) fn shape_out(&self) -> Shape {
        Shape::from((self.batch, self.c_out, self.h_out, self.w_out))
    }

    /// Channels of the output, and the floats of each channel.
    pub(super) fn channels_out(&self) -> (usize, usize) {
        (self.c_out, self.h_out * self.w_out)
    }

    /// Rows of an unfolded patch matrix: one for each weight of an output channel.
    fn depth(&self) -> usize {
        self.c_in * self.kernel * self.kernel
    }

    /// Without padding, stride and neighbours, the image is the patch matrix.
    fn is_pointwise(&self) -> bool {
        self.kernel == 1 && self.stride == 1 && self.padding == 0
    }

    /// Ranges of output rows whose patches fit the cache.
    fn tiles(&self) -> impl Iterator<Item = (usize, usize)> + use<> {
        let rows = (TILE_FLOATS / (self.depth() * self.w_out).max(1)).clamp(1, self.h_out);
        let h_out = self.h_out;
        (0..h_out).step_by(rows).map(move |first| (first, rows.min(h_out - first)))
    }

    /// Calls `f(row of the patch matrix, its output row, input offset, first output column, n)` for each run of
    /// samples that lie inside the image; with a stride, input samples are `stride` apart.
    fn runs(&self, first: usize, rows: usize, mut f: impl FnMut(usize, usize, usize, usize, usize)) {
        for c in 0..self.c_in {
            for ky in 0..self.kernel {
                for kx in 0..self.kernel {
                    let depth = (c * self.kernel + ky) * self.kernel + kx;
                    // Output columns whose input column `x · stride + kx - padding` is inside.
                    let x0 = self.padding.saturating_sub(kx).div_ceil(self.stride);
                    let last = self.w_in + self.padding;
                    let x1 = if last > kx { ((last - kx - 1) / self.stride + 1).min(self.w_out) } else { 0 };
                    if x1 <= x0 {
                        continue;
                    }
                    for row in 0..rows {
                        let y = (first + row) * self.stride + ky;
                        if y < self.padding || y - self.padding >= self.h_in {
                            continue;
                        }
                        let x = x0 * self.stride + kx - self.padding;
                        f(depth, row, (c * self.h_in + y - self.padding) * self.w_in + x, x0, x1 - x0);
                    }
                }
            }
        }
    }

    /// Writes the patches of output rows `first..first + rows` to `patches` (depth, rows · w_out).
    fn unfold(&self, image: &[f32], first: usize, rows: usize, patches: &mut Vec<f32>) {
        let width = rows * self.w_out;
        patches.clear();
        patches.resize(self.depth() * width, 0.);
        self.runs(first, rows, |depth, row, from, x0, n| {
            let to = &mut patches[depth * width + row * self.w_out + x0..][..n];
            if self.stride == 1 {
                to.copy_from_slice(&image[from..from + n]);
            } else {
                to.iter_mut().zip(image[from..].iter().step_by(self.stride)).for_each(|(to, from)| *to = *from);
            }
        });
    }

    /// Adds patches (depth, rows · w_out) back to where they came from.
    fn fold(&self, patches: &[f32], first: usize, rows: usize, image: &mut [f32]) {
        let width = rows * self.w_out;
        self.runs(first, rows, |depth, row, to, x0, n| {
            let from = &patches[depth * width + row * self.w_out + x0..][..n];
            image[to..].iter_mut().step_by(self.stride).zip(from).for_each(|(to, from)| *to += from);
        });
    }
}

/// A matrix in memory: its first float and the distance between rows and between columns.
#[derive(Clone, Copy)]
pub(super) struct Matrix<'a>(pub(super) &'a [f32], pub(super) usize, pub(super) usize);

/// A product that is spread over the cores.
pub(super) fn all_cores() -> Parallelism {
    match rayon::current_num_threads() {
        1 => Parallelism::None,
        n => Parallelism::Rayon(n),
    }
}

/// [`multiply_on`] this thread.
fn multiply(to: &mut [f32], to_row: usize, add: bool, a: Matrix<'_>, b: Matrix<'_>, size: (usize, usize, usize)) {
    multiply_on(Parallelism::None, (to, to_row), add, a, b, size);
}

/// `to (m, n; rows `to_row` floats apart) = [to +] a (m, k) · b (k, n)`.
pub(super) fn multiply_on(
    cores: Parallelism,
    (to, to_row): (&mut [f32], usize),
    add: bool,
    a: Matrix<'_>,
    b: Matrix<'_>,
    (m, n, k): (usize, usize, usize),
) {
    let last = |rows: usize, cols: usize, row: usize, col: usize| (rows - 1) * row + (cols - 1) * col;
    assert!(last(m, n, to_row, 1) < to.len() && last(m, k, a.1, a.2) < a.0.len() && last(k, n, b.1, b.2) < b.0.len());
    // SAFETY: the assertion above bounds every element that gemm reads and writes; the slices keep them alive.
    unsafe {
        gemm::gemm(
            m,
            n,
            k,
            to.as_mut_ptr(),
            1,
            to_row as isize,
            add,
            a.0.as_ptr(),
            a.2 as isize,
            a.1 as isize,
            b.0.as_ptr(),
            b.2 as isize,
            b.1 as isize,
            1f32,
            1f32,
            false,
            false,
            false,
            cores,
        );
    }
}

/// images (batch, c_in, h, w), weight (c_out, c_in, k, k) → (batch, c_out, h', w').
pub(super) fn convolve(g: Geometry, images: &[f32], weight: &[f32]) -> Vec<f32> {
    let (depth, size_out) = (g.depth(), g.h_out * g.w_out);
    let mut out = vec![0f32; g.batch * g.n_out()];
    out.par_chunks_mut(g.n_out()).zip(images.par_chunks(g.n_in())).for_each_init(Vec::new, |patches, (out, image)| {
        let weight = Matrix(weight, depth, 1);
        if g.is_pointwise() {
            multiply(out, size_out, false, weight, Matrix(image, size_out, 1), (g.c_out, size_out, depth));
            return;
        }
        for (first, rows) in g.tiles() {
            g.unfold(image, first, rows, patches);
            let n = rows * g.w_out;
            let out = &mut out[first * g.w_out..];
            multiply(out, size_out, false, weight, Matrix(patches, n, 1), (g.c_out, n, depth));
        }
    });
    out
}

/// Gradient of the output, weight → gradient of the images.
pub(super) fn input_gradient(g: Geometry, grads: &[f32], weight: &[f32]) -> Vec<f32> {
    let (depth, size_out) = (g.depth(), g.h_out * g.w_out);
    let mut out = vec![0f32; g.batch * g.n_in()];
    out.par_chunks_mut(g.n_in()).zip(grads.par_chunks(g.n_out())).for_each_init(Vec::new, |patches, (out, grad)| {
        let transposed = Matrix(weight, 1, depth);
        if g.is_pointwise() {
            multiply(out, size_out, false, transposed, Matrix(grad, size_out, 1), (depth, size_out, g.c_out));
            return;
        }
        for (first, rows) in g.tiles() {
            let n = rows * g.w_out;
            patches.resize(depth * n, 0.);
            let grad = Matrix(&grad[first * g.w_out..], size_out, 1);
            multiply(patches, n, false, transposed, grad, (depth, n, g.c_out));
            g.fold(patches, first, rows, out);
        }
    });
    out
}

/// Images, gradient of the output → gradient of the weight.
pub(super) fn weight_gradient(g: Geometry, images: &[f32], grads: &[f32]) -> Vec<f32> {
    let (depth, size_out) = (g.depth(), g.h_out * g.w_out);
    // One sum per range of images, added in order: the result does not depend on the timing of threads.
    let per_sum = g.batch.div_ceil(rayon::current_num_threads()).max(1);
    let sums: Vec<Vec<f32>> = images
        .par_chunks(g.n_in() * per_sum)
        .zip(grads.par_chunks(g.n_out() * per_sum))
        .map(|(images, grads)| {
            let mut sum = vec![0f32; g.c_out * depth];
            let mut patches = Vec::new();
            for (image, grad) in images.chunks(g.n_in()).zip(grads.chunks(g.n_out())) {
                if g.is_pointwise() {
                    let (grad, image) = (Matrix(grad, size_out, 1), Matrix(image, 1, size_out));
                    multiply(&mut sum, depth, true, grad, image, (g.c_out, depth, size_out));
                    continue;
                }
                for (first, rows) in g.tiles() {
                    g.unfold(image, first, rows, &mut patches);
                    let n = rows * g.w_out;
                    let grad = Matrix(&grad[first * g.w_out..], size_out, 1);
                    multiply(&mut sum, depth, true, grad, Matrix(&patches, 1, n), (g.c_out, depth, n));
                }
            }
            sum
        })
        .collect();
    let mut total = vec![0f32; g.c_out * depth];
    for sum in sums {
        total.iter_mut().zip(sum).for_each(|(t, s)| *t += s);
    }
    total
}

/// The convolution as a differentiable op.
pub(super) struct FloatConv(pub(super) Geometry);

impl CustomOp2 for FloatConv {
    fn name(&self) -> &'static str {
        "conv"
    }

    fn cpu_fwd(
        &self,
        image: &CpuStorage,
        image_layout: &Layout,
        weight: &CpuStorage,
        weight_layout: &Layout,
    ) -> candle_core::Result<(CpuStorage, Shape)> {
        let out = convolve(self.0, floats(image, image_layout)?, floats(weight, weight_layout)?);
        Ok((CpuStorage::F32(out), self.0.shape_out()))
    }

    fn bwd(
        &self,
        image: &Tensor,
        weight: &Tensor,
        _out: &Tensor,
        grad: &Tensor,
    ) -> candle_core::Result<(Option<Tensor>, Option<Tensor>)> {
        let g = self.0;
        let grad = grad.contiguous()?;
        // Pixels need no gradient, and theirs would be the most expensive one.
        let grad_image = image.track_op().then(|| {
            with_floats(&grad, weight, |grad, weight| {
                Tensor::from_vec(input_gradient(g, grad, weight), image.shape(), image.device())
            })
        });
        let grad_weight = weight.track_op().then(|| {
            with_floats(image, &grad, |image, grad| {
                Tensor::from_vec(weight_gradient(g, image, grad), weight.shape(), weight.device())
            })
        });
        Ok((grad_image.transpose()?, grad_weight.transpose()?))
    }
}

#[cfg(test)]
mod tests {
    use candle_core::{Device, Var};

    use super::*;

    /// f32 sums of up to a few thousand terms in another order.
    const TOLERANCE: f32 = 2e-3;

    fn largest_difference(a: &Tensor, b: &Tensor) -> f32 {
        (a - b).unwrap().abs().unwrap().flatten_all().unwrap().max(0).unwrap().to_scalar().unwrap()
    }

    #[test]
    fn values_and_gradients_equal_candles_convolution() {
        // In the last case the stride leaves out a row and a column; candle's gradient needs both or neither.
        for (c_in, c_out, kernel, padding, stride, h, w) in [
            (3, 8, 3, 1, 2, 16, 32),
            (8, 6, 3, 1, 1, 9, 7),
            (8, 16, 1, 0, 1, 6, 10),
            (64, 4, 3, 1, 1, 40, 70),
            (2, 2, 3, 0, 2, 8, 10),
        ] {
            let image = Var::randn(0f32, 1., (3, c_in, h, w), &Device::Cpu).unwrap();
            let weight = Var::randn(0f32, 0.3, (c_out, c_in, kernel, kernel), &Device::Cpu).unwrap();
            let geometry = Geometry::new(image.dims4().unwrap(), weight.dims4().unwrap(), padding, stride);
            let ours = image.apply_op2(&weight, FloatConv(geometry)).unwrap();
            let theirs = image.conv2d(&weight, padding, stride, 1, 1).unwrap();
            assert!(largest_difference(&ours, &theirs) < TOLERANCE);
            let probe = Tensor::randn(0f32, 1., ours.shape(), &Device::Cpu).unwrap();
            let ours = (ours * &probe).unwrap().sum_all().unwrap().backward().unwrap();
            let theirs = (theirs * &probe).unwrap().sum_all().unwrap().backward().unwrap();
            for var in [&image, &weight] {
                let off = largest_difference(ours.get(var).unwrap(), theirs.get(var).unwrap());
                assert!(off < TOLERANCE, "{kernel} × {kernel}, stride {stride}: off by {off}");
            }
        }
    }
}
