//! RN50's convolutions as a wasm module without a page, for `layers.mjs`.
#![allow(unsafe_code, reason = "exports by name")]

#[path = "limit.rs"]
mod limit;
#[path = "rn50_layers.rs"]
mod rn50_layers;

use std::cell::RefCell;
use std::sync::Arc;

use octlens::kernels::{Conv, Kernel, Map, convolve};
use rn50_layers::LAYERS;

thread_local! {
    static CURRENT: RefCell<Option<(Conv, Map, Arc<[f32]>)>> = const { RefCell::new(None) };
}

/// How many layers there are.
#[unsafe(no_mangle)]
pub extern "C" fn n_layers() -> usize {
    LAYERS.len()
}

/// Where a layer's name begins.
#[unsafe(no_mangle)]
pub extern "C" fn name(i: usize) -> *const u8 {
    LAYERS[i].name.as_ptr()
}

/// Bytes of a layer's name.
#[unsafe(no_mangle)]
pub extern "C" fn name_len(i: usize) -> usize {
    LAYERS[i].name.len()
}

/// How often a layer occurs.
#[unsafe(no_mangle)]
pub extern "C" fn n_times(i: usize) -> usize {
    LAYERS[i].n_times
}

/// Operations of a layer, in billions.
#[unsafe(no_mangle)]
pub extern "C" fn giga_operations(i: usize) -> f64 {
    LAYERS[i].n_operations() as f64 * 1e-9
}

/// A digest of what the layer computes.
#[unsafe(no_mangle)]
pub extern "C" fn digest(i: usize) -> u32 {
    LAYERS[i].digest(Kernel::best())
}

/// Makes a layer ready to run.
#[unsafe(no_mangle)]
pub extern "C" fn prepare(i: usize) {
    CURRENT.set(Some(LAYERS[i].make()));
}

/// Runs it once.
#[unsafe(no_mangle)]
pub extern "C" fn run() {
    CURRENT.with_borrow(|current| {
        if let Some((conv, map, scales)) = current {
            std::hint::black_box(convolve(Kernel::best(), conv, map, scales));
        }
    });
}

/// Runs the build's multiplication alone, `n` turns.
#[unsafe(no_mangle)]
pub extern "C" fn run_limit(n: u32) -> i32 {
    limit::run(n)
}

/// Operations of that, in billions.
#[unsafe(no_mangle)]
pub extern "C" fn limit_giga_operations(n: u32) -> f64 {
    limit::n_operations(n) * 1e-9
}
