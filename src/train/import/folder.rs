//! Pretrained weights in a folder: the one that `train import` writes, and a run's.

use std::path::Path;

use super::clip::towers;
use super::manifest::{MANIFEST, Manifest, SCHEMA, source_file};
use super::pretrained::{Pretrained, check_vocabulary};
use super::state_dict::StateDict;
use crate::error::{Error, Result};
use crate::tokenizer::Tokenizer;
use crate::train::config::ModelSpec;
use crate::train::files;
use crate::train::run::{Run, names};

/// Writes `towers.safetensors`, `tokenizer.json` and `clip.json` to `dir`, which is made if it is missing.
pub fn write(pretrained: &Pretrained, dir: &Path) -> Result<()> {
    let folder = Run::create(dir)?;
    folder.write_tensors(names::TOWERS, &pretrained.towers, "{}")?;
    folder.write_text(names::TOKENIZER, &pretrained.tokenizer.to_json()?)?;
    // Last, so that a folder that has it is whole.
    folder.write_json(MANIFEST, &pretrained.manifest)
}

/// What [`write()`] wrote, or the towers and splits of a run.
///
/// # Errors
/// The folder is of another version, or its parts are damaged or do not fit each other.
pub fn read(dir: &Path) -> Result<Pretrained> {
    let manifest = manifest(dir)?;
    let read = || {
        let towers = towers(&mut StateDict::open(&dir.join(names::TOWERS))?, &manifest.clip)?;
        let tokenizer = Tokenizer::from_json(&files::read_text(&dir.join(names::TOKENIZER))?)?;
        check_vocabulary(&tokenizer, &manifest.clip)?;
        let splits = dir.join(names::SPLITS);
        let splits = splits.exists().then(|| files::read_json(&splits)).transpose()?;
        Ok((tokenizer, towers, splits))
    };
    let (tokenizer, towers, splits) = read().map_err(|e| unusable(dir, e))?;
    Ok(Pretrained { manifest, tokenizer, towers, splits, has_norms: true })
}

/// The manifest of a folder that `train import` wrote, or one made for a run's folder.
///
/// # Errors
/// The manifest is missing, damaged or of another version.
pub(super) fn manifest(dir: &Path) -> Result<Manifest> {
    if dir.join(names::MODEL).exists() {
        return of_run(&Run::create(dir)?);
    }
    if dir.is_dir() && !dir.join(MANIFEST).exists() {
        return Err(Error::config(format!(
            "{} is neither a folder of train import nor a run: name a weights file in it, or a folder that train import or \
             train finetune wrote",
            dir.display()
        )));
    }
    let manifest: Manifest = files::read_json(&dir.join(MANIFEST)).map_err(|e| unusable(dir, e))?;
    if manifest.schema != SCHEMA {
        return Err(unusable(dir, Error::weights(format!("{MANIFEST} is not of version {SCHEMA}"))));
    }
    Ok(manifest)
}

/// A run's own towers as a start for another run.
fn of_run(run: &Run) -> Result<Manifest> {
    let spec: ModelSpec = run.read_json(names::MODEL)?;
    Ok(Manifest {
        schema: SCHEMA.to_owned(),
        name: spec.name,
        weights: source_file(&run.path(names::TOWERS), "a run's towers")?,
        tokenizer: source_file(&run.path(names::TOKENIZER), "a run's tokenizer")?,
        clip: spec.clip,
        pixel_mean: spec.preprocess.mean,
        pixel_std: spec.preprocess.std,
    })
}

fn unusable(dir: &Path, why: Error) -> Error {
    Error::weights(format!("{} cannot be used: make it again with train import", dir.display())).because(why)
}
