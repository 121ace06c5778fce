//! A run that begins from imported weights: which ones, so that it goes on only from those.

use std::path::Path;

use super::{Imported, Manifest};
use crate::bundle::card::SourceFile;
use crate::error::{Error, Result};
use crate::train::files;
use crate::train::run::{Run, names};

/// Reads what a new run begins from, and notes it in the run's folder. None: from weights that are drawn.
pub fn begin(run: &Run, init: Option<&Path>) -> Result<Option<Imported>> {
    let Some(dir) = init else {
        // A run that was stopped in its first epoch may have noted something else.
        files::remove(&run.path(names::START))?;
        return Ok(None);
    };
    let imported = Imported::read(dir)?;
    run.write_json(names::START, &imported.manifest)?;
    Ok(Some(imported))
}

/// The weights that a run began from, if they were imported.
pub fn source(run: &Run) -> Result<Option<SourceFile>> {
    Ok(noted(run)?.map(|manifest| manifest.weights))
}

fn noted(run: &Run) -> Result<Option<Manifest>> {
    if run.path(names::START).exists() { run.read_json(names::START).map(Some) } else { Ok(None) }
}

/// Refuses to go on with a run that began from other weights than `init`.
pub fn check(run: &Run, init: Option<&Path>) -> Result<()> {
    let noted = noted(run)?;
    let given = init.map(Manifest::read).transpose()?;
    if noted == given {
        return Ok(());
    }
    let began = noted.map_or("drawn weights".to_owned(), |m| format!("{} ({})", m.weights.file, m.weights.sha256));
    Err(Error::config(format!("this run was begun from {began}: repeat its --init, or choose another --out")))
}
