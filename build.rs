//! Gives page and worker the build that both must be of: a hash of the crate's sources, so that equal sources make equal
//! builds, and two builds of one version can be told apart.

#![allow(clippy::disallowed_methods, reason = "it runs where the crate is built, not in a browser")]

use std::path::{Path, PathBuf};
use std::{fs, io};

use sha2::{Digest, Sha256};

/// What the crate is built from, beside the compiler.
const SOURCES: [&str; 4] = ["Cargo.toml", "Cargo.lock", "build.rs", "src"];
/// Enough of the hash to tell builds apart.
const N_DIGITS: usize = 16;

fn main() -> io::Result<()> {
    let mut files = Vec::new();
    for source in SOURCES {
        println!("cargo::rerun-if-changed={source}");
        list(Path::new(source), &mut files)?;
    }
    let mut hash = Sha256::new();
    for file in files {
        // With their lengths, so that no byte can move from one to the next.
        let (name, content) = (file.to_string_lossy().replace('\\', "/"), fs::read(&file)?);
        for part in [name.as_bytes(), &content] {
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part);
        }
    }
    let digits: String = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    println!("cargo::rustc-env=OCTLENS_BUILD={}", &digits[..N_DIGITS]);
    Ok(())
}

/// Lists the files below `path`, in order of their names. A package may lack the lock file.
fn list(path: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    if path.is_dir() {
        let mut entries = fs::read_dir(path)?.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<_>>>()?;
        entries.sort();
        entries.iter().try_for_each(|entry| list(entry, files))
    } else {
        files.extend(path.exists().then(|| path.to_owned()));
        Ok(())
    }
}
