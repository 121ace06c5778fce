// The convolutions of CLIP's RN50 image tower that run on bytes, at 224 px: what both kernel benchmarks measure, and what
// every kernel must compute alike. Not every user needs every part.
#![allow(dead_code)]

use std::hint::black_box;

use octlens::kernels::{Conv, Kernel, Map, Packed, convolve, convolve_add, convolve_to_floats};

/// One shape of convolution, and how often it occurs.
pub struct Layer {
    pub name: &'static str,
    c_in: usize,
    c_out: usize,
    kernel: usize,
    size: usize,
    pub n_times: usize,
}

const fn layer(name: &'static str, (c_in, c_out): (usize, usize), kernel: usize, size: usize, n_times: usize) -> Layer {
    Layer { name, c_in, c_out, kernel, size, n_times }
}

pub const LAYERS: [Layer; 24] = [
    layer("stem 3×3, 32 → 32, 112²", (32, 32), 3, 112, 1),
    layer("stem 3×3, 32 → 64, 112²", (32, 64), 3, 112, 1),
    layer("layer1 1×1, 64 → 64, 56²", (64, 64), 1, 56, 1),
    layer("layer1 3×3, 64 → 64, 56²", (64, 64), 3, 56, 3),
    layer("layer1 1×1, 64 → 256, 56²", (64, 256), 1, 56, 4),
    layer("layer1 1×1, 256 → 64, 56²", (256, 64), 1, 56, 2),
    layer("layer2 1×1, 256 → 128, 56²", (256, 128), 1, 56, 1),
    layer("layer2 3×3, 128 → 128, 56²", (128, 128), 3, 56, 1),
    layer("layer2 3×3, 128 → 128, 28²", (128, 128), 3, 28, 3),
    layer("layer2 1×1, 128 → 512, 28²", (128, 512), 1, 28, 4),
    layer("layer2 1×1, 256 → 512, 28²", (256, 512), 1, 28, 1),
    layer("layer2 1×1, 512 → 128, 28²", (512, 128), 1, 28, 3),
    layer("layer3 1×1, 512 → 256, 28²", (512, 256), 1, 28, 1),
    layer("layer3 3×3, 256 → 256, 28²", (256, 256), 3, 28, 1),
    layer("layer3 3×3, 256 → 256, 14²", (256, 256), 3, 14, 5),
    layer("layer3 1×1, 256 → 1024, 14²", (256, 1024), 1, 14, 6),
    layer("layer3 1×1, 512 → 1024, 14²", (512, 1024), 1, 14, 1),
    layer("layer3 1×1, 1024 → 256, 14²", (1024, 256), 1, 14, 5),
    layer("layer4 1×1, 1024 → 512, 14²", (1024, 512), 1, 14, 1),
    layer("layer4 3×3, 512 → 512, 14²", (512, 512), 3, 14, 1),
    layer("layer4 3×3, 512 → 512, 7²", (512, 512), 3, 7, 2),
    layer("layer4 1×1, 512 → 2048, 7²", (512, 2048), 1, 7, 3),
    layer("layer4 1×1, 1024 → 2048, 7²", (1024, 2048), 1, 7, 1),
    layer("layer4 1×1, 2048 → 512, 7²", (2048, 512), 1, 7, 2),
];

impl Layer {
    /// Multiplications and additions of one run.
    pub fn n_operations(&self) -> u64 {
        2 * (self.c_in * self.c_out * self.kernel * self.kernel * self.size * self.size) as u64
    }

    /// The convolution, an input for it, and the scales of its output.
    pub fn make(&self) -> (Conv, Map, std::sync::Arc<[f32]>) {
        let &Self { c_in, c_out, kernel, size, .. } = self;
        let weights: Vec<i8> =
            (0..c_in * c_out * kernel * kernel).map(|i| ((i * 37) % 255) as u8 as i8).map(|w| w.max(-127)).collect();
        let packed = Packed::new(&weights, c_out, c_in, kernel * kernel);
        let conv = Conv::new(packed, vec![1e-3; c_out], vec![0.5; c_out], kernel, 1);
        let values: Vec<f32> = (0..c_in * size * size).map(|i| ((i * 31) % 128) as f32).collect();
        (conv, Map::quantize(&values, (size, size), &vec![1.; c_in].into()), vec![0.1; c_out].into())
    }

    /// Whether the layer ends a residual block. (Some of these are on the way around one, and only add nothing.)
    fn adds(&self) -> bool {
        self.kernel == 1 && self.c_out > self.c_in
    }

    /// Runs it as the tower does: rounded, or added to sums and rounded.
    pub fn task(&self, kernel: Kernel) -> Box<dyn Fn()> {
        let (conv, map, scales) = self.make();
        if !self.adds() {
            return Box::new(move || {
                black_box(convolve(kernel, &conv, &map, &scales));
            });
        }
        let sums = convolve_to_floats(kernel, &conv, &map);
        Box::new(move || {
            black_box(convolve_add(kernel, &conv, &map, &sums, &scales));
        })
    }

    /// FNV-1a (Fowler, Noll & Vo) of everything that `kernel` makes of the layer: bytes, sums, and sums added to sums.
    pub fn digest(&self, kernel: Kernel) -> u32 {
        let (conv, map, scales) = self.make();
        let sums = convolve_to_floats(kernel, &conv, &map);
        let (added, _) = convolve_add(kernel, &conv, &map, &sums, &scales);
        let rounded = convolve(kernel, &conv, &map, &scales).dequantize();
        let values = rounded.into_iter().chain(sums.planes()).chain(added.planes());
        values.fold(0x811c_9dc5, |hash, value| (hash ^ value.to_bits()).wrapping_mul(0x0100_0193))
    }
}
