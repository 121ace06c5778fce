//! octlens tells healthy from AMD on a retinal OCT B-scan and shows why, twice: a heatmap on the scan, and the words of
//! a lesion caption, each lit by how much it counted. Source: Cho, Park & Jeong, "Study on the Application of Object
//! Detection Labels for Multimodal Explanations in Retinal Disease".
//!
//! # One crate, three doors
//!
//! - the page (`bin/app.rs`, wasm, UI thread): draws and asks; holds no model;
//! - the worker (`bin/worker.rs`, wasm): owns the model, decodes, runs, explains;
//! - `train` (`bin/train.rs`, native): data folders in, one weights file out.
//!
//! # The way of the data
//!
//! ```text
//! File ─ postMessage ─► worker
//!   bytes → scan::Scan → preprocess (1, 3, H, W) → feature map (1, C, rows, cols) → image embedding → image logits
//!                                                     └ GradCAM: only attention pool and head run again, with gradients
//!   image embedding · caption table → caption → token ids → text tower → text logits
//!                                                     └ Shapley values: phrases left out, the text head asked again
//! report::Report ─ postMessage ─► web::state → render → canvas and lit words
//! ```
//!
//! [`engine::Engine`] is that whole way behind one call, the same in the page and in `train explain`. Where a visitor wants
//! to compare, [`engine::baseline::Baseline`] answers beside it, about the same scan and class; [`bundle::index`] lists
//! which weights files there are, and which of them are baselines. Where a weights file
//! has integers, [`kernels`] runs them: [`nn::activations`] lets one definition of a tower run on floats and on bytes, and
//! gradients through bytes are those of the dequantized weights.
//!
//! # Who may import whom
//!
//! What is not listed is forbidden; [`error`] is open to all. `tests/tidy.rs` keeps this list.
//!
//! | module | may import |
//! |---|---|
//! | [`report`], [`caption`], [`scan`], [`tokenizer`] | nothing |
//! | [`preprocess`] | `scan` |
//! | [`kernels`] | nothing |
//! | [`nn`] | `kernels` |
//! | [`clip`], [`head`], [`resnet`] | `nn` |
//! | [`explain`] | `clip`, `head`, `nn`, `report`, `preprocess`, `tokenizer` |
//! | [`bundle`] | `nn::params`, `clip`, `head`, `preprocess`, `tokenizer`, `caption` |
//! | [`protocol`] | `report`, `bundle::card`, `bundle::index` |
//! | [`render`] | `report` |
//! | [`engine`] | every core module |
//! | `web::worker` | `engine`, `protocol`, `report`, `bundle::card`, `bundle::index`, `web::fetch` |
//! | `web`, the rest | `protocol`, `render`, `report`, `caption`, `bundle::card`, `bundle::index`; never `engine`, never candle |
//! | `train` | core; never `web` |
//!
//! It touches a tensor → core; the DOM → `web`; disk or GPU → `train`; it crosses the thread → `protocol`; it picks a
//! colour → `render` or `www/*.css`. Core takes bytes, never paths or URLs.
//!
//! # Features
//!
//! `web` (wasm32 only): page and worker; `relaxed` adds the worker with relaxed SIMD. `train` (native only): the binary. `cuda`, `cudnn`, `metal`: `train` on a GPU. The
//! target says what can compile, a feature what is wanted; this file is the one place that says so.

pub mod bundle;
pub mod caption;
pub mod clip;
pub mod engine;
pub mod error;
pub mod explain;
pub mod head;
pub mod kernels;
pub mod nn;
pub mod page;
pub mod preprocess;
pub mod protocol;
pub mod render;
pub mod report;
pub mod resnet;
pub mod scan;
pub mod tokenizer;
#[cfg(all(feature = "train", not(target_arch = "wasm32")))]
pub mod train;
#[cfg(all(feature = "web", target_arch = "wasm32"))]
pub mod web;
