//! RN50's convolutions as a wasm module without a page, for `layers.mjs`.
#![allow(unsafe_code, reason = "exports by name")]

#[path = "limit.rs"]
mod limit;
#[path = "rn50_layers.rs"]
mod rn50_layers;
#[path = "rn50_rest.rs"]
mod rn50_rest;

use std::cell::RefCell;

use octlens::kernels::Kernel;
use rn50_layers::LAYERS;
use rn50_rest::PARTS;

thread_local! {
    static CURRENT: RefCell<Option<Box<dyn Fn()>>> = const { RefCell::new(None) };
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
    CURRENT.set(Some(LAYERS[i].task(Kernel::best())));
}

/// How many other parts there are.
#[unsafe(no_mangle)]
pub extern "C" fn n_parts() -> usize {
    PARTS.len()
}

/// Where a part's name begins.
#[unsafe(no_mangle)]
pub extern "C" fn part_name(i: usize) -> *const u8 {
    PARTS[i].name.as_ptr()
}

/// Bytes of a part's name.
#[unsafe(no_mangle)]
pub extern "C" fn part_name_len(i: usize) -> usize {
    PARTS[i].name.len()
}

/// Makes a part ready to run.
#[unsafe(no_mangle)]
pub extern "C" fn prepare_part(i: usize) {
    CURRENT.set(Some((PARTS[i].make)()));
}

/// Runs what is ready once.
#[unsafe(no_mangle)]
pub extern "C" fn run() {
    CURRENT.with_borrow(|current| {
        if let Some(run) = current {
            run();
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
