//! octlens classifies a retinal OCT B-scan as healthy or AMD and explains its answer twice: by a heatmap on the scan, and by
//! a caption of findings whose phrases are shaded by how much each counted. Source: Cho, Park & Jeong, "Study on the
//! Application of Object Detection Labels for Multimodal Explanations in Retinal Disease".
//!
//! ```
//! use octlens::engine::{Engine, Input};
//! use octlens::report::Options;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let engine = Engine::load("compact", std::fs::read("weights/compact.safetensors")?)?;
//! let bytes = std::fs::read("www/samples/drusen.png")?;
//! let input = Input { name: "drusen.png", bytes: &bytes, frame: 0 };
//! let report = engine.analyze(&input, &Options::default())?.report;
//! assert_eq!(report.image.label, "AMD");
//! assert_eq!(report.caption.text, "AMD, hard drusen");
//! # Ok(())
//! # }
//! ```
//!
//! # One crate, three programs
//!
//! - the page (`bin/app.rs`, wasm, UI thread): draws and sends requests; holds no model;
//! - the worker (`bin/worker.rs`, wasm): holds the model; decodes, runs and explains;
//! - `train` (`bin/train.rs`, native): reads data folders and writes weights files.
//!
//! # How data flows
//!
//! ```text
//! File ─ postMessage ─► worker
//!   bytes → scan::Scan (→ view) → preprocess (1, 3, H, W) → feature map (1, C, rows, cols) → image embedding → image logits
//!                                                     └ GradCAM: only attention pool and head run again, with gradients;
//!                                                       other maps begin at an earlier layer or at the pixels
//!   picture, feature map, embedding, answers → doubt: can the model speak about this scan?
//!   image embedding · caption table → caption → token ids → text tower → text logits
//!                                                     └ Shapley values: phrases left out, the text head asked again
//! report::Report of each frame → eye: one answer for a file of several B-scans, or for files of one eye
//! report::Report ─ postMessage ─► page::state → render → canvas and shaded phrases
//! report::Report · UIDs of a DICOM file → dicom_out: Segmentation and structured report (in the worker, when they are saved)
//! ```
//!
//! [`engine::Engine`] does all of this behind one call, for the page and for `train explain` alike. Where a visitor wants to
//! compare, [`engine::baseline::Baseline`] answers about the same scan and class; [`bundle::index`] lists the weights files
//! and says which of them are baselines. Where a weights file holds integers, [`kernels`] runs them: `nn::activations` lets
//! one definition of a tower run on floats and on bytes, and gradients through bytes are those of the dequantized weights.
//!
//! # Allowed imports
//!
//! A row applies to its modules and to all modules within them that have no row of their own; what it does not list is
//! forbidden. Every module may import [`error`]. `tests/tidy.rs` reads this table and checks the sources against it: no other
//! imports, no entry that is not used, and no circle of imports.
//!
//! | module | may import |
//! |---|---|
//! | [`error`], [`caption`], [`tokenizer`], [`kernels`] | nothing |
//! | [`scan::format`], [`scan::note`], [`scan::view`], [`bundle::index`], [`bundle::sha256`] | nothing |
//! | [`phantom::case`] | `caption` |
//! | [`phantom`] | `caption`, `phantom::case` |
//! | [`report`] | `scan::note`, `scan::view` |
//! | [`eye`] | `caption`, `report`, `scan::note` |
//! | [`scan`] | `scan::format`, `scan::note`, `scan::view` |
//! | [`preprocess`] | `scan` |
//! | [`nn`] | `kernels` |
//! | [`clip`], [`head`], [`resnet`] | `nn` |
//! | [`explain`] | `explain::faithfulness`, `report`, `tokenizer` |
//! | [`explain::faithfulness`] | `report` |
//! | [`doubt`] | `head`, `report`, `scan`, `scan::view` |
//! | [`bundle::card`] | `caption` |
//! | [`bundle::checksum`] | `bundle::sha256` |
//! | [`bundle`] | `bundle::card`, `bundle::checksum`, `caption`, `clip`, `doubt`, `head`, `nn::params`, `preprocess` |
//! | [`engine`] | `bundle`, `bundle::card`, `bundle::sha256`, `caption`, `clip`, `doubt`, `explain`, `explain::faithfulness`, `head`, `kernels`, `nn`, `preprocess`, `report`, `resnet`, `scan`, `scan::view`, `tokenizer` |
//! | [`protocol`] | `bundle::card`, `bundle::index`, `eye`, `phantom::case`, `report` |
//! | [`render`] | `report` |
//! | [`dicom_out`] | `render`, `report`, `scan`, `scan::note` |
//! | [`page`] | `bundle::card`, `bundle::index`, `caption`, `explain::faithfulness`, `eye`, `phantom::case`, `protocol`, `report`, `scan::format`, `scan::note`, `scan::view` |
//! | `web::worker` | `bundle::card`, `bundle::index`, `bundle::sha256`, `dicom_out`, `engine`, `eye`, `phantom`, `phantom::case`, `protocol`, `report`, `scan`, `scan::format`, `web` |
//! | `web` | `bundle::card`, `bundle::index`, `bundle::sha256`, `caption`, `eye`, `page`, `phantom::case`, `protocol`, `render`, `report`, `scan::format` |
//! | `train`, `train::files`, `train::progress`, `train::ranks` | nothing |
//! | `train::config` | `caption`, `clip`, `head`, `preprocess` |
//! | `train::weights` | `bundle::index`, `bundle::sha256`, `train::files` |
//! | `train::data` | `bundle::card`, `caption`, `doubt`, `report`, `scan`, `scan::format`, `train::config`, `train::files` |
//! | `train::run` | `bundle::checksum`, `tokenizer`, `train::config`, `train::data`, `train::files` |
//! | `train::phantom` | `caption`, `phantom`, `train::data`, `train::files` |
//! | `train::metrics` | `bundle::card`, `explain::faithfulness`, `head` |
//! | `train::fit` | `clip`, `nn`, `tokenizer`, `train::config`, `train::data`, `train::files`, `train::progress`, `train::ranks`, `train::run` |
//! | `train::evaluate` | `bundle::card`, `caption`, `engine`, `explain::faithfulness`, `head`, `preprocess`, `report`, `scan`, `train::data`, `train::files`, `train::metrics` |
//! | `train::heads` | `bundle`, `bundle::card`, `caption`, `clip`, `engine`, `head`, `nn`, `preprocess`, `resnet`, `train::config`, `train::data`, `train::evaluate`, `train::fit`, `train::metrics`, `train::run` |
//! | `train::import` | `bundle`, `bundle::card`, `bundle::sha256`, `clip`, `nn`, `preprocess`, `resnet`, `tokenizer`, `train::config`, `train::data`, `train::files`, `train::run`, `train::weights` |
//! | `train::doubt` | `bundle`, `caption`, `doubt`, `engine`, `report`, `scan`, `train::config`, `train::data`, `train::fit` |
//! | `train::export` | `bundle`, `bundle::card`, `bundle::index`, `bundle::sha256`, `clip`, `engine`, `kernels`, `nn`, `preprocess`, `report`, `train::data`, `train::doubt`, `train::evaluate`, `train::files`, `train::fit`, `train::import`, `train::run` |
//! | `train::commands` | `bundle`, `bundle::card`, `bundle::index`, `bundle::sha256`, `caption`, `clip`, `dicom_out`, `engine`, `eye`, `preprocess`, `render`, `report`, `scan`, `scan::format`, `tokenizer`, `train::config`, `train::data`, `train::evaluate`, `train::export`, `train::files`, `train::fit`, `train::heads`, `train::import`, `train::phantom`, `train::progress`, `train::ranks`, `train::run`, `train::weights` |
//! | `train::cli` | `train::commands` |
//!
//! Where new code belongs: it touches a tensor → a core module; the DOM → `web`; what the page knows → `page`; disk or
//! GPU → `train`; it crosses the thread → `protocol`; it picks a colour → `render` or `www/*.css`. Core takes bytes, never
//! paths or URLs.
//!
//! # Features
//!
//! `web` (wasm32 only): page and worker; `relaxed` adds the worker with relaxed SIMD. `train` (native only): the binary.
//! `cuda`, `cudnn`, `metal`: `train` on a GPU. `mpi`: `train finetune` in several processes that MPI connects; `nccl`: with their
//! sums from GPU to GPU. The target decides what can compile, a feature what is built; the `cfg`s of modules are in this file only,
//! but for those of `mpi` and `nccl`, and of the layers in `nn` that only training needs.

// What no other crate can reach is at most `pub(crate)`, so that the compiler sees what nobody uses.
#![warn(unreachable_pub)]

pub mod bundle;
pub mod caption;
pub mod clip;
pub mod dicom_out;
pub mod doubt;
pub mod engine;
pub mod error;
pub mod explain;
pub mod eye;
pub mod head;
pub mod kernels;
pub mod nn;
pub mod page;
pub mod phantom;
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
