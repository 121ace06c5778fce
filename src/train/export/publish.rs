//! Publishes a weights file for the page: writes it to a folder and adds it to the folder's list.

use std::path::{Path, PathBuf};

use crate::bundle::index::{INDEX, Index, IndexEntry, ModelKind};
use crate::bundle::sha256;
use crate::error::Result;
use crate::train::files;

/// The entry of a weights file in the list, without what follows from its bytes.
pub(crate) struct Listing<'a> {
    /// The model's name, and its file's.
    pub name: &'a str,
    /// A one-line description.
    pub title: &'a str,
    /// Its kind.
    pub kind: ModelKind,
    /// A baseline's class words.
    pub labels: &'a [String],
}

/// Writes `<name>.safetensors` to `dir` and lists it there; returns its path.
///
/// # Errors
/// The folder cannot be written to, or its list is damaged: then nothing is written.
pub(crate) fn publish(dir: &Path, bytes: &[u8], listing: &Listing<'_>) -> Result<PathBuf> {
    files::make_dir(dir)?;
    let list = dir.join(INDEX);
    let mut index: Index = if list.exists() { files::read_json(&list)? } else { Index::default() };
    let file = format!("{}.safetensors", listing.name);
    let path = dir.join(&file);
    files::write(&path, bytes)?;
    index.add(IndexEntry {
        name: listing.name.to_owned(),
        kind: listing.kind,
        file,
        sha256: sha256::of(bytes),
        bytes: bytes.len() as u64,
        title: listing.title.to_owned(),
        default: false,
        labels: listing.labels.to_vec(),
    });
    // Last, so that a listed file is there.
    files::write_json(&list, &index)?;
    Ok(path)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    const LISTING: Listing<'_> = Listing { name: "m", title: "a model", kind: ModelKind::Octlens, labels: &[] };

    #[test]
    fn a_published_file_is_listed_beside_the_others() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("weights");
        publish(&folder, b"first", &LISTING).unwrap();
        publish(&folder, b"other", &Listing { name: "other", ..LISTING }).unwrap();
        let path = publish(&folder, b"second", &LISTING).unwrap();
        assert_eq!(fs::read(path).unwrap(), b"second");
        let index: Index = files::read_json(&folder.join(INDEX)).unwrap();
        let mut listed: Vec<_> = index.models.iter().map(|m| (m.name.as_str(), m.sha256.as_str(), m.bytes)).collect();
        listed.sort_unstable();
        let (second, other) = (sha256::of(b"second"), sha256::of(b"other"));
        assert_eq!(listed, [("m", second.as_str(), 6), ("other", other.as_str(), 5)]);
    }

    #[test]
    fn a_list_that_cannot_be_read_is_not_replaced() {
        let dir = tempfile::tempdir().unwrap();
        // Neither JSON nor a text.
        for damaged in [&b"{"[..], &[0xff, 0xfe]] {
            let list = dir.path().join(INDEX);
            fs::write(&list, damaged).unwrap();
            let error = publish(dir.path(), b"bytes", &LISTING).unwrap_err().to_string();
            assert!(error.contains(INDEX), "{error}");
            assert_eq!(fs::read(&list).unwrap(), damaged);
            assert!(!dir.path().join("m.safetensors").exists());
        }
    }
}
