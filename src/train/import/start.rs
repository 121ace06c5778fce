//! The pretrained weights that a run starts from, and the check that a resumed run still starts from the same.

use std::path::Path;

use super::manifest::Manifest;
use super::pretrained::Pretrained;
use super::{folder, weights_file};
use crate::bundle::card::SourceFile;
use crate::error::{Error, Result};
use crate::train::files;
use crate::train::run::{Run, names};

/// Pretrained weights from a weights file, or from a folder that `train import` or a run wrote.
pub(crate) fn read(path: &Path) -> Result<Pretrained> {
    if path.is_file() { weights_file::read(path) } else { folder::read(path) }
}

fn manifest(path: &Path) -> Result<Manifest> {
    if path.is_file() { weights_file::manifest(path) } else { folder::manifest(path) }
}

/// Reads what a new run begins from, and notes it in the run's folder. None: from random weights.
pub(crate) fn begin(run: &Run, init: Option<&Path>) -> Result<Option<Pretrained>> {
    let Some(path) = init else {
        // A run that was stopped in its first epoch may have noted something else.
        files::remove(&run.path(names::START))?;
        return Ok(None);
    };
    let pretrained = read(path)?;
    run.write_json(names::START, &pretrained.manifest)?;
    Ok(Some(pretrained))
}

/// The weights that a run began from, if they were pretrained.
pub(crate) fn source(run: &Run) -> Result<Option<SourceFile>> {
    Ok(noted(run)?.map(|manifest| manifest.weights))
}

fn noted(run: &Run) -> Result<Option<Manifest>> {
    if run.path(names::START).exists() { run.read_json(names::START).map(Some) } else { Ok(None) }
}

/// Refuses to resume a run that was started from other weights than `init`.
pub(crate) fn check(run: &Run, init: Option<&Path>) -> Result<()> {
    let noted = noted(run)?;
    let given = init.map(manifest).transpose()?;
    if noted == given {
        return Ok(());
    }
    let began = noted.map_or("random weights".to_owned(), |m| format!("{} ({})", m.weights.file, m.weights.sha256));
    Err(Error::config(format!("this run was started from {began}: repeat its --init, or choose another --out")))
}
