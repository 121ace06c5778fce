//! Puts a finished weights file where the page finds it: into a folder, and into that folder's list.

use std::fs;
use std::path::{Path, PathBuf};

use crate::bundle::index::{INDEX, Index, IndexEntry, ModelKind};
use crate::bundle::sha256;
use crate::error::{Error, Result};

/// What the list says of a file, beside what the file tells of itself.
pub struct Listing<'a> {
    /// The model's name, and its file's.
    pub name: &'a str,
    /// A line for people.
    pub title: &'a str,
    /// What it is to the page.
    pub kind: ModelKind,
    /// A baseline's class words.
    pub labels: &'a [String],
}

/// Writes `<name>.safetensors` to `dir` and lists it there; returns its path.
///
/// # Errors
/// The folder cannot be written to, or its list is damaged.
pub fn publish(dir: &Path, bytes: &[u8], listing: &Listing<'_>) -> Result<PathBuf> {
    let failed = |e: std::io::Error| Error::io(format!("cannot write to {}", dir.display())).because(e);
    fs::create_dir_all(dir).map_err(failed)?;
    let list = dir.join(INDEX);
    let mut index: Index = match fs::read_to_string(&list) {
        Ok(text) => serde_json::from_str(&text)
            .map_err(|e| Error::data(format!("{} is damaged: remove it", list.display())).because(e))?,
        Err(_) => Index::default(),
    };
    let file = format!("{}.safetensors", listing.name);
    let path = dir.join(&file);
    fs::write(&path, bytes).map_err(failed)?;
    index.list(IndexEntry {
        name: listing.name.to_owned(),
        kind: listing.kind,
        file,
        sha256: sha256::of(bytes),
        bytes: bytes.len() as u64,
        title: listing.title.to_owned(),
        default: false,
        labels: listing.labels.to_vec(),
    });
    let text = serde_json::to_string_pretty(&index).map_err(|e| Error::io(INDEX).because(e))?;
    fs::write(&list, text + "\n").map_err(failed)?;
    Ok(path)
}
