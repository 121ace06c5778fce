//! Loads the weights files that commands are given.

use std::path::Path;

use crate::engine::Engine;
use crate::engine::baseline::Baseline;
use crate::error::Result;
use crate::train::files;

/// Loads a model.
pub(super) fn load(weights: &Path) -> Result<Engine> {
    Engine::load(&weights.display().to_string(), files::read(weights)?)
}

/// Loads a baseline.
pub(super) fn load_baseline(weights: &Path) -> Result<Baseline> {
    Baseline::load(&weights.display().to_string(), files::read(weights)?)
}
