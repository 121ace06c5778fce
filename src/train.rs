//! The native side: data folders in, one weights file out. Owns disk, devices and randomness.
//!
//! Read top to bottom: `dataset` (folders → records) → `split` (patients → train, val, test) → `samples` (records →
//! grey images in memory) → `fit` (contrastive training of both towers) → `heads` → `export` (one file, with figures
//! from `evaluate`) → `publish` (into the page's folder and list). A run is a folder; `run` names its files. `import` makes a start for `fit` out of other people's
//! weights; `baseline` is what octlens is compared with; `paper` is the paper's experiment, all steps in one.

pub mod cli;
pub mod commands;
pub mod config;
pub mod data;
pub mod evaluate;
pub mod export;
pub mod files;
pub mod fit;
pub mod heads;
pub mod import;
pub mod metrics;
pub mod phantom;
pub mod progress;
pub mod run;
