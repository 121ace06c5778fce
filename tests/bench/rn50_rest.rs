// What CLIP's RN50 image tower does beside its convolutions on bytes, with the sizes that it has at 224 px.
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

pub const PARTS: [Part; 3] = [
    Part { name: "first convolution, on floats, and its rounding", make: first_convolution },
    Part { name: "average pools", make: average_pools },
    Part { name: "attention pool's products", make: attention_pool },
];

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

/// Query, keys and values as `clip` computes them: one row for the query, one for each attention head, one for the embedding.
fn attention_pool() -> Box<dyn Fn()> {
    let (channels, n_heads, embed_dim) = POOL;
    let packed = |n_out: usize| {
        let values: Vec<i8> =
            (0..n_out * channels).map(|i| ((i * 37) % 255) as u8 as i8).map(|w| w.max(-127)).collect();
        Packed::new(&values, n_out, channels, 1)
    };
    let (square, last) = (packed(channels), packed(embed_dim));
    let (row, scales) = (noise(channels), vec![1e-3; channels]);
    let cells = noise(n_heads * channels);
    Box::new(move || {
        let kernel = Kernel::best();
        black_box(matmul(kernel, &row, &square, &scales, 1));
        black_box(matmul_transposed(&row, &square, &scales, n_heads));
        black_box(matmul(kernel, &cells, &square, &scales, n_heads));
        black_box(matmul(kernel, &row, &last, &scales[..embed_dim], 1));
    })
}
