//! Every kernel of this machine gives the same results for RN50's convolutions as those of the browser:
//! `browser/kernels.test.mjs` compares the wasm modules with the same digests, which are the portable kernel's. A unit test
//! compares that kernel with the definition of a convolution.
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
