//! Tensors of fixtures, for the tests of what the engine asks its towers.

use std::collections::HashMap;

use candle_core::{Device, Tensor};

/// The tensors of a safetensors file whose names begin with `prefix`, without it.
pub(super) fn load(bytes: &[u8], prefix: &str) -> HashMap<String, Tensor> {
    let tensors = candle_core::safetensors::load_buffer(bytes, &Device::Cpu).unwrap();
    tensors.into_iter().filter_map(|(name, t)| Some((name.strip_prefix(prefix)?.to_owned(), t))).collect()
}
