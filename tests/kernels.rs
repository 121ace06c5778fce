//! Every kernel of this machine computes RN50's convolutions alike, and as the browser's do: `browser/kernels.test.mjs`
//! holds the wasm modules to the same digests, which are the portable kernel's; that one is held to the definition of a
//! convolution beside its code.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

#[path = "bench/rn50_layers.rs"]
mod rn50_layers;

use octlens::kernels::Kernel;
use rn50_layers::LAYERS;

#[test]
fn every_kernel_computes_rn50s_convolutions_alike() {
    let expected: Vec<u32> = serde_json::from_str(include_str!("fixtures/kernel_digests.json")).unwrap();
    for kernel in Kernel::available() {
        let digests: Vec<u32> = LAYERS.iter().map(|layer| layer.digest(kernel)).collect();
        assert_eq!(digests, expected, "{}", kernel.name());
    }
}
