pub mod bundle;
pub mod caption;
pub mod clip;
pub mod engine;
pub mod error;
pub mod explain;
pub mod head;
pub mod nn;
pub mod preprocess;
pub mod protocol;
pub mod render;
pub mod report;
pub mod scan;
pub mod tokenizer;
#[cfg(all(feature = "train", not(target_arch = "wasm32")))]
pub mod train;
#[cfg(all(feature = "web", target_arch = "wasm32"))]
pub mod web;
