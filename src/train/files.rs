//! Reads and writes files: one form of error message, and atomic writes.

use std::fs;
use std::io;
use std::path::Path;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::{Error, Result};

/// A file operation, for error messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Action {
    /// Reading a file, or listing a folder.
    Read,
    /// Writing or replacing a file.
    Write,
    /// Making a folder.
    Make,
    /// Removing a file.
    Remove,
}

/// The error of `action` on `path`: `cannot read scans/a.png (permission denied)`.
pub(super) fn failed(action: Action, path: &Path, source: impl std::error::Error + Send + Sync + 'static) -> Error {
    let verb = match action {
        Action::Read => "read",
        Action::Write => "write",
        Action::Make => "make",
        Action::Remove => "remove",
    };
    Error::io(format!("cannot {verb} {}", path.display())).because(source)
}

/// Prefixes an error about a file's content with its path: `scans/a.png (the file is empty: …)`.
pub(super) fn in_file(path: &Path, error: Error) -> Error {
    Error::new(error.kind(), path.display().to_string()).because(error)
}

/// Opens a file to read.
pub(super) fn open(path: &Path) -> Result<fs::File> {
    fs::File::open(path).map_err(|e| failed(Action::Read, path, e))
}

/// Reads a whole file.
pub(super) fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).map_err(|e| failed(Action::Read, path, e))
}

/// Reads a whole file of UTF-8.
pub(super) fn read_text(path: &Path) -> Result<String> {
    fs::read_to_string(path).map_err(|e| failed(Action::Read, path, e))
}

/// Reads JSON.
///
/// # Errors
/// The file cannot be read, or holds something else than a `T`.
pub(super) fn read_json<T: DeserializeOwned>(path: &Path) -> Result<T> {
    let text = read_text(path)?;
    serde_json::from_str(&text).map_err(|e| Error::data(format!("{} is damaged", path.display())).because(e))
}

/// Makes a folder and those above it, if they are missing.
pub(super) fn make_dir(path: &Path) -> Result<()> {
    fs::create_dir_all(path).map_err(|e| failed(Action::Make, path, e))
}

/// Removes a file, if it is there.
pub(super) fn remove(path: &Path) -> Result<()> {
    match fs::remove_file(path) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => Err(failed(Action::Remove, path, e)),
        _ => Ok(()),
    }
}

/// Writes or replaces a file atomically: readers of `path` see the old file or the whole new one.
pub(super) fn write(path: &Path, bytes: impl AsRef<[u8]>) -> Result<()> {
    replace(path, |unfinished| fs::write(unfinished, bytes).map_err(|e| failed(Action::Write, path, e)))
}

/// Writes or replaces a file as pretty JSON, as [`write`] does.
pub(super) fn write_json(path: &Path, value: &impl Serialize) -> Result<()> {
    let text = serde_json::to_string_pretty(value).map_err(|e| failed(Action::Write, path, e))?;
    write(path, text + "\n")
}

/// The same for a file that `fill` writes, at the path it is given. If `fill` fails, that file is removed.
pub(super) fn replace(path: &Path, fill: impl FnOnce(&Path) -> Result<()>) -> Result<()> {
    // In the target's folder, since a file cannot be renamed across file systems.
    let dir = path.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut builder = tempfile::Builder::new();
    builder.prefix(".unfinished-");
    // Temporary files are private to their owner, but these files are served and shared, as the umask allows.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    let unfinished = builder.tempfile_in(dir).map_err(|e| failed(Action::Write, path, e))?;
    let permissions = unfinished.as_file().metadata().map_err(|e| failed(Action::Write, path, e))?.permissions();
    fill(unfinished.path())?;
    // `fill` may have replaced the file by one that is private to its owner, as safetensors does.
    fs::set_permissions(unfinished.path(), permissions).map_err(|e| failed(Action::Write, path, e))?;
    unfinished.persist(path).map(drop).map_err(|e| failed(Action::Write, path, e.error))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(dir: &Path) -> Vec<String> {
        let mut names: Vec<String> =
            fs::read_dir(dir).unwrap().map(|e| e.unwrap().file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }

    #[test]
    fn a_write_that_fails_leaves_the_old_file_and_nothing_else() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("figures.json");
        write(&path, "old").unwrap();
        let interrupted = replace(&path, |unfinished| {
            fs::write(unfinished, "half of the n").unwrap();
            Err(Error::io("the disk is full"))
        });
        assert_eq!(interrupted.unwrap_err().to_string(), "the disk is full");
        assert_eq!((read_text(&path).unwrap().as_str(), names(dir.path())), ("old", vec!["figures.json".to_owned()]));
        write(&path, "new").unwrap();
        assert_eq!((read_text(&path).unwrap().as_str(), names(dir.path())), ("new", vec!["figures.json".to_owned()]));
    }

    #[cfg(unix)]
    #[test]
    fn a_written_file_may_be_read_by_whoever_may_read_a_plainly_made_one() {
        use std::os::unix::fs::PermissionsExt;

        let dir = tempfile::tempdir().unwrap();
        let [ours, filled, plain] = ["ours", "filled", "plain"].map(|name| dir.path().join(name));
        write(&ours, "").unwrap();
        // As safetensors writes.
        let by_rename = |path: &Path| {
            tempfile::NamedTempFile::new_in(dir.path()).unwrap().persist(path).unwrap();
            Ok(())
        };
        replace(&filled, by_rename).unwrap();
        fs::write(&plain, "").unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode();
        assert_eq!([mode(&ours), mode(&filled)], [mode(&plain); 2]);
    }

    #[test]
    fn what_fails_is_named_with_its_path_and_reason() {
        let dir = tempfile::tempdir().unwrap();
        let missing = dir.path().join("nowhere").join("a.json");
        for error in [read(&missing).unwrap_err(), write(&missing, "").unwrap_err()] {
            let text = error.to_string();
            assert!(
                text.starts_with("cannot ") && text.contains("a.json (") && text.contains("No such file"),
                "{text}"
            );
        }
        remove(&missing).unwrap();
        write(&dir.path().join("a.json"), "[1,").unwrap();
        let damaged = read_json::<Vec<u32>>(&dir.path().join("a.json")).unwrap_err().to_string();
        assert!(damaged.contains("a.json is damaged ("), "{damaged}");
    }
}
