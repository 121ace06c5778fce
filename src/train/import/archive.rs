//! PyTorch's zip archives (since 1.6; TorchScript's since 1.0): one folder with a pickle and one entry for each storage.
//!
//! Refuses what could make a small file large: entries that are compressed, encrypted, or claim more bytes than the
//! file holds. Knows no tensor.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

use zip::read::ZipFile;
use zip::{CompressionMethod, ZipArchive};

use super::excerpt::excerpt;
use super::pickle::MAX_BYTES;
use crate::error::{Error, Result};
use crate::train::files::{self, Action, failed};

/// Entries of one archive; CLIP's largest model has some two thousand.
const MAX_ENTRIES: usize = 100_000;
const PICKLE: &str = "data.pkl";

/// An open archive.
pub(super) struct Archive {
    zip: ZipArchive<BufReader<File>>,
    /// The folder in which everything lies.
    root: String,
    n_bytes: u64,
}

impl Archive {
    /// Opens the archive at `path`.
    ///
    /// # Errors
    /// It is no zip file, or none of PyTorch's.
    pub(super) fn open(path: &Path) -> Result<Self> {
        let file = files::open(path)?;
        let n_bytes = file.metadata().map_err(|e| failed(Action::Read, path, e))?.len();
        let zip = ZipArchive::new(BufReader::new(file))
            .map_err(|e| Error::weights("it is a damaged zip archive: fetch it again").because(e))?;
        if zip.len() > MAX_ENTRIES {
            return Err(Error::weights("it has more entries than that of any model"));
        }
        let roots: Vec<String> = zip
            .file_names()
            .flatten()
            .filter_map(|name| Some(name.strip_suffix(PICKLE)?.strip_suffix('/')?.to_owned()))
            .filter(|root| !root.contains('/'))
            .collect();
        let [root] = roots.as_slice() else {
            return Err(Error::weights(format!(
                "it is a zip archive, but not one of PyTorch's: it has no {PICKLE} in its one folder"
            )));
        };
        let mut archive = Self { zip, root: root.clone(), n_bytes };
        if archive.has("byteorder") && archive.read("byteorder", 16)? != b"little" {
            return Err(Error::weights("it was saved on a big-endian machine: save it again on another"));
        }
        Ok(archive)
    }

    /// Size of the whole file.
    pub(super) fn n_bytes(&self) -> u64 {
        self.n_bytes
    }

    /// Whether there is an entry of this name.
    pub(super) fn has(&self, name: &str) -> bool {
        self.zip.index_for_name(&self.path(name)).is_some()
    }

    /// Whether it holds a module's code too, not run here.
    pub(super) fn is_torch_script(&self) -> bool {
        self.has("constants.pkl")
    }

    /// The pickle that describes what the archive holds.
    pub(super) fn pickle(&mut self) -> Result<Vec<u8>> {
        self.read(PICKLE, MAX_BYTES)
    }

    /// Size in bytes of the storage `key`, checked against the file's.
    pub(super) fn storage_size(&mut self, key: &str) -> Result<u64> {
        self.size(&format!("data/{key}"))
    }

    /// The bytes of the storage `key`, of which there are `n_bytes`.
    pub(super) fn storage(&mut self, key: &str, n_bytes: u64) -> Result<Vec<u8>> {
        self.read(&format!("data/{key}"), n_bytes)
    }

    fn path(&self, name: &str) -> String {
        format!("{}/{name}", self.root)
    }

    fn size(&mut self, name: &str) -> Result<u64> {
        let (path, total) = (self.path(name), self.n_bytes);
        let index = self
            .zip
            .index_for_name(&path)
            .ok_or_else(|| Error::weights(format!("its entry {} is missing: fetch it again", excerpt(&path))))?;
        let entry = self.zip.by_index_raw(index).map_err(|e| unreadable(&path).because(e))?;
        checked_size(&entry, &path, total)
    }

    fn read(&mut self, name: &str, limit: u64) -> Result<Vec<u8>> {
        let (path, size) = (self.path(name), self.size(name)?);
        if size > limit {
            return Err(Error::weights(format!(
                "its entry {} claims {size} bytes, more than the {limit} it can have",
                excerpt(&path)
            )));
        }
        let entry = self.zip.by_name(&path).map_err(|e| unreadable(&path).because(e))?;
        let mut bytes = Vec::with_capacity(size as usize);
        // At its end the reader compares the checksum.
        entry.take(size + 1).read_to_end(&mut bytes).map_err(|e| unreadable(&path).because(e))?;
        if bytes.len() as u64 != size {
            return Err(unreadable(&path));
        }
        Ok(bytes)
    }
}

fn unreadable(path: &str) -> Error {
    Error::weights(format!("its entry {} is damaged: fetch it again", excerpt(path)))
}

/// PyTorch stores the entries that matter as they are, so that each takes as many bytes of the file as it has.
fn checked_size<R: Read>(entry: &ZipFile<'_, R>, path: &str, total: u64) -> Result<u64> {
    let refused = |why: &str| Err(Error::weights(format!("its entry {} {why}", excerpt(path))));
    if entry.encrypted() || entry.compression() != CompressionMethod::Stored {
        return refused("is compressed or encrypted, which PyTorch never does");
    }
    let end = entry.data_start().and_then(|start| start.checked_add(entry.size()));
    if entry.size() != entry.compressed_size() || end.is_none_or(|end| end > total) {
        return refused("claims more bytes than the file holds");
    }
    Ok(entry.size())
}
