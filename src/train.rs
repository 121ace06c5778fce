//! The native side: data folders in, one weights file out. The only part that knows disk, GPUs and randomness.
//!
//! From data to weights file: `data` (folders → records → splits → samples) → `fit` (contrastive training of both
//! towers) → `heads` (the classification heads; the paper's baseline) → `export` (one file, with what `doubt`
//! fits and the figures that `evaluate` and `metrics` make, added to the page's folder and list). `import` turns pretrained
//! weights into a start for `fit`, `phantom` draws synthetic scans. `config` has what a run is made of, `run` names the files in
//! its folder, which one process at a time may use, or several that train together (`ranks`). `weights` reads weights files.
//! `commands` has one file per command of [`cli`].

pub mod cli;
mod commands;
mod config;
mod data;
mod doubt;
mod evaluate;
pub mod export;
mod files;
pub mod fit;
pub mod heads;
pub mod import;
mod metrics;
mod phantom;
mod progress;
mod ranks;
mod run;
mod weights;
