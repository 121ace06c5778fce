//! The pictures below a folder, found by the names that a list has for them. Reads names; opens no picture.
//!
//! Names are compared in composed letters (NFC), without regard to case, to the kind of slash and to the extension: lists
//! leave it out or name another one than the disk. What systems put beside pictures is passed over.

use std::collections::{HashMap, HashSet};
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use unicode_normalization::UnicodeNormalization;

use crate::error::Result;
use crate::scan::format::Format;
use crate::train::files::{Action, failed};

/// Folders within folders that are looked into. Links may lead in a circle.
const MAX_DEPTH: usize = 12;
/// Of pictures that differ in their extension only, the one that is taken first.
const PREFERRED: [&str; 3] = ["jpg", "jpeg", "png"];

/// A picture's file.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Picture {
    /// Where it is.
    pub path: PathBuf,
    /// Its path below the folder with `/` between parts, in composed letters: `AMD/amd_1.jpg`.
    pub name: String,
}

impl Picture {
    /// Its name without the extension.
    pub(super) fn stem(&self) -> &str {
        without_extension(&self.name)
    }
}

/// The pictures below a folder. Those that differ in their extension only are one scan, saved twice.
#[derive(Debug)]
pub(super) struct Pictures {
    /// By name.
    all: Vec<Picture>,
    /// Places in `all` by the last part of the name without extension, in lower case.
    by_file: HashMap<String, Vec<usize>>,
}

/// Why a name stands for no picture.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum NotFound {
    /// No picture is called so.
    Missing,
    /// Several are, in different folders.
    Several(Vec<String>),
    /// The name leads out of the folder.
    Outside,
}

impl NotFound {
    /// In words, for a problem of the row that names `name`.
    pub(super) fn what(&self, name: &str) -> String {
        match self {
            Self::Missing => format!("image {name} is missing"),
            Self::Several(names) => format!("image {name} may be {}: name its folder too", names.join(" or ")),
            Self::Outside => format!("image {name} is outside of the folder, and is not read: name a file in it"),
        }
    }
}

impl Pictures {
    /// The pictures below `root`.
    ///
    /// # Errors
    /// A folder cannot be listed.
    pub(super) fn below(root: &Path) -> Result<Self> {
        let mut all = Vec::new();
        collect(root, "", MAX_DEPTH, &mut all)?;
        let rank = |picture: &Picture| {
            let extension = extension(&picture.name).to_lowercase();
            PREFERRED.iter().position(|e| *e == extension).unwrap_or(PREFERRED.len())
        };
        all.sort_by_key(|picture| (picture.stem().to_owned(), rank(picture), picture.name.clone()));
        let mut by_file: HashMap<String, Vec<usize>> = HashMap::new();
        for (i, picture) in all.iter().enumerate() {
            by_file.entry(last_part(&picture.stem().to_lowercase()).to_owned()).or_default().push(i);
        }
        Ok(Self { all, by_file })
    }

    /// One picture of each scan.
    pub(super) fn scans(&self) -> impl Iterator<Item = &Picture> {
        let mut seen = HashSet::new();
        self.all.iter().filter(move |picture| seen.insert(picture.stem()))
    }

    /// The picture that a list calls `name`: its path below the folder, or the end of it, with or without extension. Where
    /// several are called so, those that `prefer` favours come first.
    ///
    /// # Errors
    /// There is none or not only one, or the name leads out of the folder.
    pub(super) fn find(&self, name: &str, prefer: impl Fn(&Picture) -> bool) -> Result<&Picture, NotFound> {
        let name = name.replace('\\', "/");
        let name: String = name.trim_start_matches("./").nfc().collect();
        let has_drive = name.as_bytes().get(1) == Some(&b':');
        if name.starts_with('/') || has_drive || name.split('/').any(|part| part == "..") {
            return Err(NotFound::Outside);
        }
        let key = name.to_lowercase();
        // What follows a dot may be part of the name, where the list has no extensions.
        let found =
            [without_extension(&key), &key].into_iter().map(|key| self.ending_with(key)).find(|f| !f.is_empty());
        let mut found = found.ok_or(NotFound::Missing)?;
        let mut narrow = |is_better: &dyn Fn(&Picture) -> bool| {
            if found.iter().any(|p| is_better(p)) {
                found.retain(|p| is_better(p));
            }
        };
        narrow(&prefer);
        // Whole paths before ends of paths, the same case before another one, the named extension before others.
        narrow(&|p| p.stem().to_lowercase() == without_extension(&key) || p.stem().to_lowercase() == key);
        narrow(&|p| p.name.ends_with(&name) || p.stem().ends_with(without_extension(&name)));
        narrow(&|p| p.name.to_lowercase().ends_with(&key));
        let first = found.first().ok_or(NotFound::Missing)?;
        if found.iter().all(|p| p.stem() == first.stem()) {
            return Ok(first);
        }
        Err(NotFound::Several(found.iter().take(3).map(|p| p.name.clone()).collect()))
    }

    /// Pictures whose name in lower case and without extension ends with the parts of `key`.
    fn ending_with(&self, key: &str) -> Vec<&Picture> {
        let is_end = |p: &&Picture| {
            let stem = p.stem().to_lowercase();
            stem.strip_suffix(key).is_some_and(|start| start.is_empty() || start.ends_with('/'))
        };
        let of_file = self.by_file.get(last_part(key)).into_iter().flatten();
        of_file.map(|i| &self.all[*i]).filter(is_end).collect()
    }
}

fn collect(dir: &Path, prefix: &str, depth: usize, pictures: &mut Vec<Picture>) -> Result<()> {
    let unreadable = |e| failed(Action::Read, dir, e);
    for entry in fs::read_dir(dir).map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?;
        let (path, file_name) = (entry.path(), composed(&entry.file_name()));
        if is_junk(&file_name) {
            continue;
        }
        let name = if prefix.is_empty() { file_name } else { format!("{prefix}/{file_name}") };
        if path.is_dir() {
            if depth > 0 {
                collect(&path, &name, depth - 1, pictures)?;
            }
        } else if has_picture_extension(&name) {
            pictures.push(Picture { path, name });
        }
    }
    Ok(())
}

/// A file's or folder's name in composed letters.
pub(super) fn composed(name: &OsStr) -> String {
    name.to_string_lossy().nfc().collect()
}

/// Whether a name is of a file or folder that a system or an office program keeps beside others: `.DS_Store`, `._scan.jpg`,
/// `__MACOSX`, `~$list.csv`.
pub(super) fn is_junk(name: &str) -> bool {
    name.starts_with('.') || name.starts_with("~$") || name.starts_with("__MACOSX") || name == "@eaDir"
}

fn last_part(name: &str) -> &str {
    name.rsplit('/').next().unwrap_or(name)
}

/// What follows the last dot of the last part; empty if there is none.
fn extension(name: &str) -> &str {
    last_part(name).rsplit_once('.').map_or("", |(_, extension)| extension)
}

fn has_picture_extension(name: &str) -> bool {
    let extension = extension(name);
    let mut known = Format::ALL.into_iter().flat_map(Format::extensions);
    known.any(|e| e.eq_ignore_ascii_case(extension))
}

/// A name without the extension of a picture.
pub(super) fn without_extension(name: &str) -> &str {
    if has_picture_extension(name) { &name[..name.len() - extension(name).len() - 1] } else { name }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pictures(files: &[&str]) -> (tempfile::TempDir, Pictures) {
        let dir = tempfile::tempdir().unwrap();
        for file in files {
            let path = dir.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, b"").unwrap();
        }
        let pictures = Pictures::below(dir.path()).unwrap();
        (dir, pictures)
    }

    fn found(pictures: &Pictures, name: &str) -> Result<String, NotFound> {
        pictures.find(name, |_| false).map(|picture| picture.name.clone())
    }

    #[test]
    fn a_picture_is_found_however_a_list_writes_its_name() {
        let (_dir, all) = pictures(&["AMD/amd_1.JPG", "AMD/-amd_2.tif", "NO/no 1.v2.png", "NO/e\u{301}.bmp"]);
        for (name, expected) in [
            ("amd_1", "AMD/amd_1.JPG"),
            ("AMD_1.jpg", "AMD/amd_1.JPG"),
            ("amd_1.png", "AMD/amd_1.JPG"),
            ("AMD\\amd_1.jpg", "AMD/amd_1.JPG"),
            ("./amd/amd_1", "AMD/amd_1.JPG"),
            ("-amd_2", "AMD/-amd_2.tif"),
            ("no 1.v2", "NO/no 1.v2.png"),
            ("\u{e9}", "NO/\u{e9}.bmp"),
            ("e\u{301}.bmp", "NO/\u{e9}.bmp"),
        ] {
            assert_eq!(found(&all, name).as_deref(), Ok(expected), "{name}");
        }
        for name in ["md_1", "NO/amd_1", "amd", "no 1", ""] {
            assert_eq!(found(&all, name), Err(NotFound::Missing), "{name}");
        }
    }

    #[test]
    fn a_name_that_leads_outside_is_not_followed() {
        let (_dir, all) = pictures(&["AMD/a.jpg", "a.jpg"]);
        for name in ["../a", "AMD/../../a.jpg", "..\\a", "/a.jpg", "C:\\a.jpg", "\\\\server\\a"] {
            assert_eq!(found(&all, name), Err(NotFound::Outside), "{name}");
        }
    }

    #[test]
    fn of_pictures_of_one_name_the_exact_one_is_meant_or_none() {
        let (_dir, all) = pictures(&["A/a.png", "A/a.jpg", "a.jpg", "B/x.png", "C/x.png"]);
        assert_eq!(found(&all, "A/a").as_deref(), Ok("A/a.jpg"), "the first of the same scan");
        assert_eq!(found(&all, "A/a.png").as_deref(), Ok("A/a.png"));
        assert_eq!(found(&all, "a").as_deref(), Ok("a.jpg"));
        assert_eq!(found(&all, "x"), Err(NotFound::Several(vec!["B/x.png".into(), "C/x.png".into()])));
        assert_eq!(all.find("x", |p| p.name.starts_with('C')).unwrap().name, "C/x.png");
        assert_eq!(all.scans().count(), 4);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn where_case_tells_pictures_apart_it_counts() {
        let (_dir, all) = pictures(&["b.png", "B.png"]);
        assert_eq!((found(&all, "b").as_deref(), found(&all, "B").as_deref()), (Ok("b.png"), Ok("B.png")));
    }

    #[test]
    fn what_systems_put_beside_pictures_is_passed_over() {
        let junk =
            ["AMD/._a.jpg", ".DS_Store", "AMD/Thumbs.db", "__MACOSX/AMD/a.jpg", "~$a.jpg", "AMD/a.txt", "AMD/jpg"];
        let (_dir, all) = pictures(&[&junk[..], &["AMD/a.jpg"]].concat());
        assert_eq!(all.scans().map(|p| p.name.as_str()).collect::<Vec<_>>(), ["AMD/a.jpg"]);
    }
}
