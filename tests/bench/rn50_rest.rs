// What CLIP's RN50 does beside its image tower's convolutions on bytes, with the sizes that it has at 224 px and for a caption.
#![allow(dead_code)]

use std::hint::black_box;
use std::sync::Arc;

use octlens::kernels::{Kernel, Map, Packed, PixelConv, matmul, matmul_transposed};

/// The side of the input.
const SIZE: usize = 224;
/// Channels and side of each map that is pooled, in the stem and before strided convolutions.
const POOLED: [(usize, usize); 7] = [(64, 112), (128, 56), (256, 56), (256, 28), (512, 28), (512, 14), (1024, 14)];
/// Channels and attention heads of the attention pool, and the embedding's size.
const POOL: (usize, usize, usize) = (2048, 32, 1024);

/// A part: its name, and what makes it ready to run.
pub struct Part {
    pub name: &'static str,
    pub make: fn() -> Box<dyn Fn()>,
}

pub const PARTS: [Part; 4] = [
    Part { name: "first convolution, on floats, and its rounding", make: first_convolution },
    Part { name: "average pools", make: average_pools },
    Part { name: "attention pool's products", make: attention_pool },
    Part { name: "text tower's linear layers, 15 tokens, 1.13 GOP", make: text_tower },
];

/// Blocks of the text tower, tokens of a caption, and outputs and inputs of a block's layers on bytes.
const TEXT_BLOCKS: usize = 12;
const TOKENS: usize = 15;
const TEXT_LAYERS: [(usize, usize); 4] = [(1536, 512), (512, 512), (2048, 512), (512, 2048)];

fn scales(n: usize) -> Arc<[f32]> {
    vec![0.1; n].into()
}

fn noise(n: usize) -> Vec<f32> {
    (0..n).map(|i| ((i * 31) % 128) as f32 * 0.01).collect()
}

fn first_convolution() -> Box<dyn Fn()> {
    let conv = PixelConv::new(&noise(32 * 3 * 9), vec![0.5; 32], 3, 3, 2);
    let (pixels, scales) = (noise(3 * SIZE * SIZE), scales(32));
    Box::new(move || {
        black_box(conv.forward(&pixels, (SIZE, SIZE)).rounded(&scales));
    })
}

fn average_pools() -> Box<dyn Fn()> {
    let maps =
        POOLED.map(|(channels, size)| Map::quantize(&noise(channels * size * size), (size, size), &scales(channels)));
    Box::new(move || {
        for map in &maps {
            black_box(map.average_pool());
        }
    })
}

fn packed(n_out: usize, n_in: usize) -> Packed {
    let values: Vec<i8> = (0..n_out * n_in).map(|i| ((i * 37) % 255) as u8 as i8).map(|w| w.max(-127)).collect();
    Packed::new(&values, n_out, n_in, 1)
}

/// Query, keys and values as `clip` computes them: one row for the query, one for each attention head, one for the embedding.
fn attention_pool() -> Box<dyn Fn()> {
    let (channels, n_heads, embed_dim) = POOL;
    let (square, last) = (packed(channels, channels), packed(embed_dim, channels));
    let (row, scales) = (noise(channels), vec![1e-3; channels]);
    let cells = noise(n_heads * channels);
    Box::new(move || {
        let kernel = Kernel::best();
        black_box(matmul(kernel, &row, &square, &scales, None, 1));
        black_box(matmul_transposed(&row, &square, &scales, n_heads));
        black_box(matmul(kernel, &cells, &square, &scales, None, n_heads));
        black_box(matmul(kernel, &row, &last, &scales[..embed_dim], None, 1));
    })
}

/// Each block with weights of its own, since all of them together are larger than the caches.
fn text_tower() -> Box<dyn Fn()> {
    let block = || TEXT_LAYERS.map(|(n_out, n_in)| (packed(n_out, n_in), noise(TOKENS * n_in), vec![1e-3; n_out]));
    let blocks: Vec<_> = (0..TEXT_BLOCKS).map(|_| block()).collect();
    Box::new(move || {
        for (weights, x, scales) in blocks.iter().flatten() {
            black_box(matmul(Kernel::best(), x, weights, scales, Some(scales), 1));
        }
    })
}
