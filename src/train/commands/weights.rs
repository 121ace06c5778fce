//! Loads the weights files that commands are given.

use std::path::Path;

use crate::engine::Engine;
use crate::engine::baseline::Baseline;
use crate::error::Result;
use crate::train::weights::{WeightsFile, read};

/// Loads a model.
pub(super) fn load(weights: &Path) -> Result<Engine> {
    let WeightsFile { bytes, sha256 } = read(weights)?;
    Engine::load_verified(&weights.display().to_string(), bytes, sha256)
}

/// Loads a baseline.
pub(super) fn load_baseline(weights: &Path) -> Result<Baseline> {
    let WeightsFile { bytes, sha256 } = read(weights)?;
    Baseline::load_verified(&weights.display().to_string(), bytes, sha256)
}
