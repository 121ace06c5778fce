//! Convolutions of one image without a matrix of patches, forward and backward, for training on CPUs.
//!
//! The image is padded once. A kernel's weight then reads the same run of floats for every output, moved by an offset that depends
//! on the weight alone: outputs are computed 16 at a time along that run, and those that would begin in one row of the padded
//! image and end in the next are left out when they are written. With a stride of 2, the four combinations of odd and even rows and
//! columns are planes of their own, in which the stride is 1. The gradient of the weights is the sum of products of the same runs
//! with the gradient of the outputs.

mod portable;
mod weight_gradient;
#[cfg(target_arch = "x86_64")]
mod x86;

use rayon::prelude::*;

use self::weight_gradient::DOT_OUTPUTS;
pub(super) use self::weight_gradient::WeightGradient;

/// Floats that are computed at once.
pub(super) const LANES: usize = 16;
/// Floats that may be read after a padded image: a tile's lanes and a kernel's reach.
const SLACK: usize = 5 * LANES;
/// Floats of an image whose tiles are computed for all outputs before the next ones are: they stay in a core's L2 cache.
const SLAB_FLOATS: usize = 64 << 10;

/// Which instructions compute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kernel {
    #[cfg(target_arch = "x86_64")]
    Avx512,
    #[cfg(target_arch = "x86_64")]
    Avx2,
    Portable,
}

impl Kernel {
    /// All that this machine has, fastest first.
    pub(super) fn available() -> Vec<Self> {
        let mut all = Vec::new();
        #[cfg(target_arch = "x86_64")]
        {
            all.extend(is_x86_feature_detected!("avx512f").then_some(Self::Avx512));
            let has_avx2 = is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma");
            all.extend(has_avx2.then_some(Self::Avx2));
        }
        all.push(Self::Portable);
        all
    }

    pub(super) fn best() -> Self {
        Self::available()[0]
    }
}

/// Sixteen positions of a padded plane.
#[derive(Clone, Copy, Debug)]
pub(super) struct Block {
    /// Which of them are outputs.
    pub(super) mask: u16,
    /// Where in a plane of outputs the first of those is.
    pub(super) first: u32,
}

/// A square convolution of one image, padded so that stride 1 keeps its size.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    c_in: usize,
    h_in: usize,
    w_in: usize,
    c_out: usize,
    h_out: usize,
    w_out: usize,
    kernel: usize,
    stride: usize,
    /// Floats from one row of a padded plane to the next, and of a padded plane.
    pitch: usize,
    plane: usize,
    /// Where in the padded image each weight of an output reads for output 0.
    offsets: Vec<u32>,
    blocks: Vec<Block>,
}

impl Plan {
    /// Whether there is a plan for it.
    pub(super) fn exists(c_out: usize, kernel: usize, stride: usize) -> bool {
        c_out.is_multiple_of(DOT_OUTPUTS) && matches!((kernel, stride), (1, 1) | (3, 1 | 2))
    }

    pub(super) fn new((c_in, h_in, w_in): (usize, usize, usize), c_out: usize, kernel: usize, stride: usize) -> Self {
        let size_out = |n: usize| (n + 2 * (kernel / 2)).saturating_sub(kernel) / stride + 1;
        let (h_out, w_out) = (size_out(h_in), size_out(w_in));
        let reach = (kernel - 1) / stride;
        let pitch = w_out + reach;
        let plane = (h_out + reach) * pitch;
        let mut offsets = Vec::with_capacity(c_in * kernel * kernel);
        for c in 0..c_in {
            for (y, x) in (0..kernel * kernel).map(|i| (i / kernel, i % kernel)) {
                let phase = (c * stride + y % stride) * stride + x % stride;
                offsets.push((phase * plane + y / stride * pitch + x / stride) as u32);
            }
        }
        let n = h_out * pitch;
        let is_output = |q: usize| q < n && q % pitch < w_out;
        let block = |q: usize| Block {
            mask: (0..LANES).map(|lane| u16::from(is_output(q + lane)) << lane).sum(),
            first: (q / pitch * w_out + (q % pitch).min(w_out)) as u32,
        };
        let blocks = (0..n).step_by(LANES).map(block).collect();
        Self { c_in, h_in, w_in, c_out, h_out, w_out, kernel, stride, pitch, plane, offsets, blocks }
    }

    /// The convolution that makes the gradient of the image from that of the outputs; strides have none.
    pub(super) fn transposed(&self) -> Self {
        Self::new((self.c_out, self.h_out, self.w_out), self.c_in, self.kernel, 1)
    }

    /// Which weight the transposed convolution's output `c` has at `depth`.
    pub(super) fn mirrored(&self, c: usize, depth: usize) -> usize {
        let taps = self.kernel * self.kernel;
        let (o, tap) = (depth / taps, depth % taps);
        (o * self.c_in + c) * taps + (taps - 1 - tap)
    }

    pub(super) fn n_channels_in(&self) -> usize {
        self.c_in
    }

    pub(super) fn n_in(&self) -> usize {
        self.c_in * self.h_in * self.w_in
    }

    pub(super) fn n_out(&self) -> usize {
        self.c_out * self.size_out()
    }

    pub(super) fn size_out(&self) -> usize {
        self.h_out * self.w_out
    }

    /// (channels, rows, columns).
    pub(super) fn shape_out(&self) -> (usize, usize, usize) {
        (self.c_out, self.h_out, self.w_out)
    }

    /// Weights of an output.
    pub(super) fn depth(&self) -> usize {
        self.offsets.len()
    }

    /// Positions of a padded plane, outputs or not, up to the last output.
    fn n_positions(&self) -> usize {
        self.h_out * self.pitch
    }

    /// Planes of the padded image.
    fn n_planes(&self) -> usize {
        self.c_in * self.stride * self.stride
    }

    fn is_pointwise(&self) -> bool {
        self.kernel == 1
    }

    /// What the convolution reads: the image, or its padded planes, which `buffer` holds.
    pub(super) fn padded<'a>(&self, image: &'a [f32], buffer: &'a mut Vec<f32>) -> &'a [f32] {
        if self.is_pointwise() {
            return image;
        }
        buffer.clear();
        buffer.resize(self.c_in * self.stride * self.stride * self.plane + SLACK, 0.);
        for (image, planes) in image
            .chunks_exact(self.h_in * self.w_in)
            .zip(buffer.chunks_exact_mut(self.plane * self.stride * self.stride))
        {
            for (y, row) in image.chunks_exact(self.w_in).enumerate() {
                // Padding is 1.
                let (y, phase_y) = ((y + 1) / self.stride, (y + 1) % self.stride);
                for phase_x in 0..self.stride {
                    let skip = (phase_x + self.stride - 1) % self.stride;
                    let to = (phase_y * self.stride + phase_x) * self.plane + y * self.pitch + (skip + 1) / self.stride;
                    let to = &mut planes[to..];
                    if self.stride == 1 {
                        to[..row.len()].copy_from_slice(row);
                    } else {
                        let within = self.pitch - (skip + 1) / self.stride;
                        to.iter_mut()
                            .take(within)
                            .zip(row.iter().skip(skip).step_by(self.stride))
                            .for_each(|(to, x)| *to = *x);
                    }
                }
            }
        }
        buffer
    }

    /// Gradients of the outputs where [`WeightGradient`] reads them: each plane's first position, the distance between planes, and
    /// all of them. `transposed` is [`Plan::transposed`], whose padded image it is if there is no stride.
    pub(super) fn gradients<'a>(&self, grad: &'a [f32], transposed: &Plan, buffer: &'a mut Vec<f32>) -> Gradients<'a> {
        if self.is_pointwise() {
            return Gradients { values: grad, first: 0, plane: self.plane };
        }
        if self.stride == 1 {
            return Gradients { values: transposed.padded(grad, buffer), first: self.pitch + 1, plane: self.plane };
        }
        buffer.clear();
        buffer.resize(self.c_out * self.plane + SLACK, 0.);
        for (grad, plane) in grad.chunks_exact(self.size_out()).zip(buffer.chunks_exact_mut(self.plane)) {
            for (row, to) in grad.chunks_exact(self.w_out).zip(plane.chunks_exact_mut(self.pitch)) {
                to[..self.w_out].copy_from_slice(row);
            }
        }
        Gradients { values: buffer, first: 0, plane: self.plane }
    }
}

/// Gradients of outputs, with zeros where a padded plane has no output.
#[derive(Clone, Copy)]
pub(super) struct Gradients<'a> {
    pub(super) values: &'a [f32],
    first: usize,
    plane: usize,
}

/// Weights in the order in which they are read: for each few outputs, those of all of them side by side.
pub(super) struct Packed {
    values: Vec<f32>,
    width: usize,
}

impl Packed {
    /// `weight(output, depth)`.
    pub(super) fn new(c_out: usize, depth: usize, weight: impl Fn(usize, usize) -> f32 + Sync) -> Self {
        let width = if !c_out.is_multiple_of(8) && c_out.is_multiple_of(6) { 6 } else { 8 };
        let mut values = vec![0f32; c_out.next_multiple_of(width) * depth];
        values.par_chunks_mut(width * depth).enumerate().for_each(|(i, values)| {
            let outputs = i * width..((i + 1) * width).min(c_out);
            for (k, values) in values.chunks_exact_mut(width).enumerate() {
                values.iter_mut().zip(outputs.clone()).for_each(|(value, o)| *value = weight(o, k));
            }
        });
        Self { values, width }
    }
}

/// A few outputs at a few blocks of positions.
pub(super) struct Tile<'a> {
    /// From the first position on.
    pub(super) x: &'a [f32],
    pub(super) offsets: &'a [u32],
    /// (depth, outputs).
    pub(super) weights: &'a [f32],
    pub(super) blocks: &'a [Block],
    /// Whether only outputs can be read.
    pub(super) is_tight: bool,
    pub(super) shift: Option<&'a [f32]>,
    /// From the first output's plane on, as the outputs.
    pub(super) add: Option<&'a [f32]>,
    pub(super) relu: bool,
    /// Floats of a plane of outputs, and how many planes.
    pub(super) size_out: usize,
    pub(super) n_outputs: usize,
}

/// What follows the sum of products.
#[derive(Clone, Copy, Default)]
pub(super) struct After<'a> {
    /// Added to each output channel.
    pub(super) shift: Option<&'a [f32]>,
    /// Added to each output.
    pub(super) add: Option<&'a [f32]>,
    /// Then `max(0, x)`.
    pub(super) relu: bool,
}

/// `x` as [`Plan::padded`] gives it → `out` (c_out, h', w').
pub(super) fn convolve(kernel: Kernel, plan: &Plan, x: &[f32], weights: &Packed, after: After<'_>, out: &mut [f32]) {
    let (width, size_out, depth) = (weights.width, plan.size_out(), plan.depth());
    let length =
        if plan.is_pointwise() { plan.n_in() } else { plan.c_in * plan.stride * plan.stride * plan.plane + SLACK };
    assert!(x.len() >= length && out.len() == plan.n_out() && after.add.is_none_or(|add| add.len() == out.len()));
    assert!(weights.values.len() == plan.c_out.next_multiple_of(width) * depth);
    let per_tile = if width == 6 { 4 } else { 3 };
    let planes = plan.c_in * plan.stride * plan.stride;
    let per_slab = (SLAB_FLOATS / planes / LANES / per_tile).max(1) * per_tile;
    for first in (0..plan.blocks.len()).step_by(per_slab) {
        let slab = &plan.blocks[first..(first + per_slab).min(plan.blocks.len())];
        for (i, weights) in weights.values.chunks_exact(depth * width).enumerate() {
            let o = i * width;
            let n_outputs = width.min(plan.c_out - o);
            let out = &mut out[o * size_out..(o + n_outputs) * size_out];
            for (j, blocks) in slab.chunks(per_tile).enumerate() {
                let tile = Tile {
                    x: &x[(first + j * per_tile) * LANES..],
                    offsets: &plan.offsets,
                    weights,
                    blocks,
                    is_tight: plan.is_pointwise(),
                    shift: after.shift.map(|shift| &shift[o..o + n_outputs]),
                    add: after.add.map(|add| &add[o * size_out..]),
                    relu: after.relu,
                    size_out,
                    n_outputs,
                };
                match kernel {
                    // SAFETY: the machine has the instructions; the assertions above bound what a tile reads and writes.
                    #[cfg(target_arch = "x86_64")]
                    Kernel::Avx512 => unsafe { x86::tile(&tile, width, out) },
                    // SAFETY: the machine has the instructions.
                    #[cfg(target_arch = "x86_64")]
                    Kernel::Avx2 => unsafe { portable::avx2_tile(&tile, width, out) },
                    Kernel::Portable => portable::tile::<false>(&tile, width, out),
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
