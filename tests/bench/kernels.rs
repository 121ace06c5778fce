//! How fast each kernel runs each of RN50's convolutions natively, as operations per second.
//!
//! `RAYON_NUM_THREADS=1 cargo bench --features train --profile dev --bench kernels`; `make bench` measures the same in
//! Chromium.
#![allow(clippy::unwrap_used, reason = "a benchmark may fail")]

#[path = "rn50_layers.rs"]
mod rn50_layers;

use criterion::{BenchmarkId, Criterion, Throughput};
use octlens::kernels::Kernel;
use rn50_layers::LAYERS;

fn main() {
    let mut criterion = Criterion::default().sample_size(10).configure_from_args();
    for layer in &LAYERS {
        let mut group = criterion.benchmark_group(format!("{}, {} times", layer.name, layer.n_times));
        group.throughput(Throughput::Elements(layer.n_operations()));
        for kernel in Kernel::available() {
            group.bench_function(BenchmarkId::from_parameter(kernel.name()), |b| {
                let run = layer.task(kernel);
                b.iter(run);
            });
        }
        group.finish();
    }
    criterion.final_summary();
}
