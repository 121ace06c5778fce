//! Where in a named folder a data set begins, and where its list is. An archive often unpacks to a folder in a folder.

use std::path::{Path, PathBuf};
use std::{fs, io};

use super::pictures::{composed, is_junk};
use crate::error::{Error, Result};
use crate::train::files::{Action, failed};

/// Folders within the named one that are looked into.
const MAX_DEPTH: usize = 2;
/// What lists and tables end with.
const TABLES: [&str; 6] = ["csv", "tsv", "txt", "xls", "xlsx", "ods"];

/// Files and folders in `dir` by their names in composed letters, without junk.
fn entries(dir: &Path) -> Result<Vec<(String, PathBuf)>> {
    let unreadable = |e: io::Error| failed(Action::Read, dir, e);
    let mut entries = Vec::new();
    for entry in fs::read_dir(dir).map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?;
        let name = composed(&entry.file_name());
        if !is_junk(&name) {
            entries.push((name, entry.path()));
        }
    }
    entries.sort();
    Ok(entries)
}

/// The file or folder at `path` below `dir`, with `/` between its parts, in any case.
pub(super) fn in_any_case(dir: &Path, path: &str) -> Option<PathBuf> {
    path.split('/').try_fold(dir.to_owned(), |dir, part| {
        let exact = dir.join(part);
        if exact.exists() {
            return Some(exact);
        }
        let mut entries = entries(&dir).ok()?.into_iter();
        entries.find(|(name, _)| name.eq_ignore_ascii_case(part)).map(|(_, path)| path)
    })
}

/// The folder in which `is_root` holds: `dir`, or the only one at the least depth within it.
///
/// # Errors
/// There is none or not only one, or `dir` is no folder. `what` is what the folder must hold.
pub(super) fn root(dir: &Path, what: &str, is_root: impl Fn(&Path) -> bool) -> Result<PathBuf> {
    if dir.is_file() {
        let folder = dir.parent().unwrap_or(dir).display();
        return Err(Error::data(format!("{} is a file: name the folder {folder}, which holds it", dir.display())));
    }
    let mut level = vec![dir.to_owned()];
    for depth in 0..=MAX_DEPTH {
        let mut found: Vec<PathBuf> = level.iter().filter(|dir| is_root(dir)).cloned().collect();
        if found.len() > 1 {
            let found: Vec<String> = found.iter().map(|dir| dir.display().to_string()).collect();
            return Err(Error::data(format!("{what} are in several folders: name one of {}", found.join(", "))));
        }
        if let Some(found) = found.pop() {
            return Ok(found);
        }
        if depth == 0 {
            entries(dir)?;
        }
        // A folder that cannot be listed deeper down may be anything.
        let inner = level.iter().flat_map(|dir| entries(dir).unwrap_or_default());
        level = inner.map(|(_, path)| path).filter(|path| path.is_dir()).collect();
    }
    let tables = tables(dir);
    let advice =
        if tables.is_empty() { String::new() } else { format!("; there is {}: rename the list", tables.join(", ")) };
    Err(Error::data(format!("{} does not hold {what}{advice}", dir.display())))
}

/// Names of tables in `dir` and in its folders, a few.
pub(super) fn tables(dir: &Path) -> Vec<String> {
    let inner = entries(dir).unwrap_or_default();
    let folders =
        inner.iter().filter(|(_, path)| path.is_dir()).flat_map(|(_, path)| entries(path).unwrap_or_default());
    let all = inner.iter().cloned().chain(folders);
    let is_table = |path: &Path| {
        path.is_file() && path.extension().is_some_and(|e| TABLES.iter().any(|table| e.eq_ignore_ascii_case(table)))
    };
    all.filter(|(_, path)| is_table(path)).map(|(name, _)| name).take(3).collect()
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A folder with these empty files.
    pub(in crate::train::data) fn folder(files: &[&str]) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        for file in files {
            let path = dir.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, b"").unwrap();
        }
        dir
    }

    fn found(files: &[&str]) -> Result<String> {
        let dir = folder(files);
        let root = root(dir.path(), "the list list.csv", |dir| in_any_case(dir, "list.csv").is_some())?;
        Ok(root.strip_prefix(dir.path()).unwrap().to_string_lossy().into_owned())
    }

    #[test]
    fn a_data_set_may_lie_a_little_deeper() {
        assert_eq!(found(&["list.csv", "deeper/list.csv"]).unwrap(), "");
        assert_eq!(found(&["a/LIST.csv", "b/c/list.csv"]).unwrap(), "a");
        assert_eq!(found(&["a/b/list.csv", "__MACOSX/list.csv", "a/._list.csv"]).unwrap(), "a/b");
        assert!(found(&["a/list.csv", "b/list.csv"]).unwrap_err().to_string().contains("name one of"));
        assert!(found(&["a/b/c/list.csv"]).unwrap_err().to_string().contains("does not hold the list list.csv"));
    }

    #[test]
    fn a_list_of_another_name_is_said() {
        let refused = found(&["list (1).csv", "~$list.csv", "a/scan.png"]).unwrap_err().to_string();
        assert!(
            refused.ends_with("does not hold the list list.csv; there is list (1).csv: rename the list"),
            "{refused}"
        );
    }

    #[test]
    fn a_file_or_nothing_is_refused_by_name() {
        let dir = folder(&["list.csv"]);
        let refused = |name: &str| root(&dir.path().join(name), "a list", |_| false).unwrap_err().to_string();
        assert!(refused("list.csv").contains("is a file: name the folder"));
        assert!(refused("none").contains("cannot read"));
    }
}
