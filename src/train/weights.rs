//! Reads weights files, and checks them against the list beside them. Builds no model.

use std::path::Path;

use super::files;
use crate::bundle::index::{INDEX, Index};
use crate::bundle::sha256;
use crate::error::{Detail, Error, Result};

/// A weights file's bytes and their SHA-256.
pub(super) struct WeightsFile {
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// In hex.
    pub sha256: String,
}

/// Reads a weights file.
///
/// # Errors
/// It cannot be read; or the list in its folder cannot, or has another hash for it.
pub(super) fn read(path: &Path) -> Result<WeightsFile> {
    let bytes = files::read(path)?;
    let sha256 = sha256::of(&bytes);
    if let Some(listed) = listed(path)?
        && !listed.eq_ignore_ascii_case(&sha256)
    {
        let file = path.display().to_string();
        let message = format!("{file} is not the file that {INDEX} beside it lists: fetch or export it again");
        return Err(Error::weights(message).with_detail(Detail::DamagedWeights { file }));
    }
    Ok(WeightsFile { bytes, sha256 })
}

/// The hash that the list beside a file has for it; none if there is no list, or the file is not in it.
fn listed(path: &Path) -> Result<Option<String>> {
    let list = path.with_file_name(INDEX);
    if !list.exists() {
        return Ok(None);
    }
    let index: Index = files::read_json(&list)?;
    let is_this = |file: &str| path.file_name().is_some_and(|name| name == file);
    Ok(index.models.into_iter().find(|entry| is_this(&entry.file)).map(|entry| entry.sha256))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use serde_json::json;

    use super::*;

    #[test]
    fn a_file_is_the_one_that_the_list_beside_it_has() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("m.safetensors");
        fs::write(&path, "weights").unwrap();
        assert_eq!(read(&path).unwrap().sha256, sha256::of(b"weights"));
        let list = |file: &str, sha256: &str| {
            let index = json!({ "models": [{ "name": "m", "file": file, "sha256": sha256, "bytes": 7 }] });
            fs::write(dir.path().join(INDEX), index.to_string()).unwrap();
        };
        list("m.safetensors", &sha256::of(b"weights").to_uppercase());
        assert!(read(&path).is_ok());
        list("another.safetensors", &sha256::of(b"others"));
        assert!(read(&path).is_ok(), "a file that is not listed");
        list("m.safetensors", &sha256::of(b"others"));
        let refused = read(&path).err().unwrap().to_string();
        assert!(refused.contains("m.safetensors is not the file that index.json beside it lists"), "{refused}");
        fs::write(dir.path().join(INDEX), "{").unwrap();
        assert!(read(&path).err().unwrap().to_string().contains("index.json is damaged"));
    }
}
