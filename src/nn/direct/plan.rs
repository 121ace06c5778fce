//! Where a convolution reads in a padded image, and where its outputs go.

use super::tile::{Block, DOT_OUTPUTS, LANES};

/// Floats that may be read after a padded image: a tile's lanes and a kernel's reach.
pub(super) const SLACK: usize = 5 * LANES;

/// A square convolution of one image, padded so that stride 1 keeps its size.
#[derive(Clone, Debug)]
pub(in crate::nn) struct Plan {
    pub(super) c_in: usize,
    pub(super) h_in: usize,
    pub(super) w_in: usize,
    pub(super) c_out: usize,
    pub(super) h_out: usize,
    pub(super) w_out: usize,
    pub(super) kernel: usize,
    pub(super) stride: usize,
    /// Floats from one row of a padded plane to the next, and of a padded plane.
    pub(super) pitch: usize,
    pub(super) plane: usize,
    /// Where in the padded image each weight of an output reads for output 0.
    pub(super) offsets: Vec<u32>,
    pub(super) blocks: Vec<Block>,
}

impl Plan {
    /// Whether there is a plan for it.
    pub(in crate::nn) fn exists(c_out: usize, kernel: usize, stride: usize) -> bool {
        c_out.is_multiple_of(DOT_OUTPUTS) && matches!((kernel, stride), (1, 1) | (3, 1 | 2))
    }

    pub(in crate::nn) fn new(
        (c_in, h_in, w_in): (usize, usize, usize),
        c_out: usize,
        kernel: usize,
        stride: usize,
    ) -> Self {
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
    pub(in crate::nn) fn transposed(&self) -> Self {
        Self::new((self.c_out, self.h_out, self.w_out), self.c_in, self.kernel, 1)
    }

    /// Which weight the transposed convolution's output `c` has at `depth`.
    pub(in crate::nn) fn mirrored(&self, c: usize, depth: usize) -> usize {
        let taps = self.kernel * self.kernel;
        let (o, tap) = (depth / taps, depth % taps);
        (o * self.c_in + c) * taps + (taps - 1 - tap)
    }

    pub(in crate::nn) fn n_channels_in(&self) -> usize {
        self.c_in
    }

    pub(in crate::nn) fn n_in(&self) -> usize {
        self.c_in * self.h_in * self.w_in
    }

    pub(in crate::nn) fn n_out(&self) -> usize {
        self.c_out * self.size_out()
    }

    pub(in crate::nn) fn size_out(&self) -> usize {
        self.h_out * self.w_out
    }

    /// (channels, rows, columns).
    pub(in crate::nn) fn shape_out(&self) -> (usize, usize, usize) {
        (self.c_out, self.h_out, self.w_out)
    }

    /// Weights of an output.
    pub(in crate::nn) fn depth(&self) -> usize {
        self.offsets.len()
    }

    /// Positions of a padded plane, outputs or not, up to the last output.
    pub(super) fn n_positions(&self) -> usize {
        self.h_out * self.pitch
    }

    /// Planes of the padded image.
    pub(super) fn n_planes(&self) -> usize {
        self.c_in * self.stride * self.stride
    }

    pub(super) fn is_pointwise(&self) -> bool {
        self.kernel == 1
    }

    /// What the convolution reads: the image, or its padded planes, which `buffer` holds.
    pub(in crate::nn) fn padded<'a>(&self, image: &'a [f32], buffer: &'a mut Vec<f32>) -> &'a [f32] {
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

    /// Gradients of the outputs where [`super::WeightGradient`] reads them: each plane's first position, the distance between planes, and
    /// all of them. `transposed` is [`Plan::transposed`], whose padded image it is if there is no stride.
    pub(in crate::nn) fn gradients<'a>(
        &self,
        grad: &'a [f32],
        transposed: &Plan,
        buffer: &'a mut Vec<f32>,
    ) -> Gradients<'a> {
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
pub(in crate::nn) struct Gradients<'a> {
    pub(in crate::nn) values: &'a [f32],
    pub(super) first: usize,
    pub(super) plane: usize,
}
