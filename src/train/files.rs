//! Reads and writes files: one form of error message, and atomic writes.

use std::fs;
use std::io::{self, Read};
use std::path::Path;

use serde::Serialize;
use serde::de::DeserializeOwned;
use tempfile::NamedTempFile;

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
    /// Locking a file.
    Lock,
}

/// How the files begin that are not finished yet.
pub(super) const UNFINISHED: &str = ".unfinished-";

/// The error of `action` on `path`: `cannot read scans/a.png (permission denied)`.
pub(super) fn failed(action: Action, path: &Path, source: impl std::error::Error + Send + Sync + 'static) -> Error {
    let verb = match action {
        Action::Read => "read",
        Action::Write => "write",
        Action::Make => "make",
        Action::Remove => "remove",
        Action::Lock => "lock",
    };
    Error::io(format!("cannot {verb} {}", path.display())).because(source)
}

/// Prefixes an error about a file's content with its path: `scans/a.png (the file is empty: …)`.
pub(super) fn in_file(path: &Path, error: Error) -> Error {
    Error::new(error.kind(), path.display().to_string()).because(error)
}

/// Opens a file to read.
///
/// # Errors
/// It is missing, or no plain file: a device or a pipe may have no end.
pub(super) fn open(path: &Path) -> Result<fs::File> {
    // Before it is opened: opening a pipe waits for whoever writes to it.
    let about = fs::metadata(path).map_err(|e| failed(Action::Read, path, e))?;
    if !about.is_file() {
        let kind = if about.is_dir() { "a folder" } else { "a device or a pipe" };
        return Err(Error::io(format!("cannot read {}: it is {kind}, name a file", path.display())));
    }
    fs::File::open(path).map_err(|e| failed(Action::Read, path, e))
}

/// Reads a whole file.
pub(super) fn read(path: &Path) -> Result<Vec<u8>> {
    read_within(path, |_| Ok(()))
}

/// Reads a whole file, unless `check` refuses its size.
///
/// # Errors
/// As [`open`], and `check`'s with the file's name.
pub(super) fn read_within(path: &Path, check: impl Fn(u64) -> Result<()>) -> Result<Vec<u8>> {
    let mut file = open(path)?;
    let n_bytes = file.metadata().map_err(|e| failed(Action::Read, path, e))?.len();
    check(n_bytes).map_err(|e| in_file(path, e))?;
    let mut bytes = Vec::with_capacity(n_bytes as usize);
    file.read_to_end(&mut bytes).map_err(|e| failed(Action::Read, path, e))?;
    Ok(bytes)
}

/// Reads a whole file of UTF-8.
pub(super) fn read_text(path: &Path) -> Result<String> {
    String::from_utf8(read(path)?).map_err(|e| failed(Action::Read, path, e))
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

/// Checks that [`write()`] can write to `path`, for commands that compute long before they write.
///
/// # Errors
/// There is a folder at `path`, or no file can be made beside it.
pub(super) fn check_writable(path: &Path) -> Result<()> {
    if path.is_dir() {
        return Err(failed(Action::Write, path, io::Error::from(io::ErrorKind::IsADirectory)));
    }
    make_unfinished(path).map(drop)
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
    let unfinished = make_unfinished(path)?;
    let permissions = unfinished.as_file().metadata().map_err(|e| failed(Action::Write, path, e))?.permissions();
    fill(unfinished.path())?;
    // `fill` may have replaced the file by one that is private to its owner, as safetensors does.
    fs::set_permissions(unfinished.path(), permissions).map_err(|e| failed(Action::Write, path, e))?;
    unfinished.persist(path).map(drop).map_err(|e| failed(Action::Write, path, e.error))
}

/// An empty file in the folder of `path`, which is removed when it is dropped.
fn make_unfinished(path: &Path) -> Result<NamedTempFile> {
    // In the target's folder, since a file cannot be renamed across file systems.
    let dir = path.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."));
    // Not by `tempfile_in`, which names the temporary file in its errors and makes it private to its owner: these files
    // are served and shared, as the umask allows.
    let made = tempfile::Builder::new().prefix(UNFINISHED).make_in(dir, |path| fs::File::create_new(path));
    made.map_err(|e| failed(Action::Write, path, e))
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
    fn what_may_have_no_end_is_not_read() {
        let dir = tempfile::tempdir().unwrap();
        let pipe = dir.path().join("pipe");
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        for path in [Path::new("/dev/zero"), &pipe] {
            let refused = read(path).unwrap_err().to_string();
            assert!(refused.ends_with("a device or a pipe, name a file"), "{refused}");
        }
        assert!(read(dir.path()).unwrap_err().to_string().contains("it is a folder"));
    }

    #[test]
    fn a_file_whose_size_is_refused_is_not_read() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("scan.png");
        write(&path, "1234").unwrap();
        let at_most = |limit| move |n| if n <= limit { Ok(()) } else { Err(Error::scan(format!("{n} bytes"))) };
        assert_eq!(read_within(&path, at_most(4)).unwrap(), b"1234");
        assert_eq!(read_within(&path, at_most(3)).unwrap_err().to_string(), format!("{} (4 bytes)", path.display()));
    }

    #[test]
    fn what_can_be_written_is_known_before() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.html");
        check_writable(&path).unwrap();
        assert_eq!(names(dir.path()), Vec::<String>::new());
        write(&path, "old").unwrap();
        check_writable(&path).unwrap();
        assert_eq!((read_text(&path).unwrap().as_str(), names(dir.path())), ("old", vec!["a.html".to_owned()]));
        for impossible in [dir.path().to_owned(), dir.path().join("nowhere").join("a.html"), path.join("a.html")] {
            let refused = check_writable(&impossible).unwrap_err().to_string();
            let start = format!("cannot write {} (", impossible.display());
            assert!(refused.starts_with(&start) && !refused.contains(".unfinished-"), "{refused}");
        }
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
        let unwritten = write(&missing, "").unwrap_err().to_string();
        assert!(!unwritten.contains(".unfinished-"), "only the wanted path is named: {unwritten}");
        remove(&missing).unwrap();
        write(&dir.path().join("a.json"), "[1,").unwrap();
        let damaged = read_json::<Vec<u32>>(&dir.path().join("a.json")).unwrap_err().to_string();
        assert!(damaged.contains("a.json is damaged ("), "{damaged}");
    }
}
