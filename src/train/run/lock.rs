//! A folder's lock: one process trains in it at a time, and others are told which. What killed processes left there is
//! removed under the lock.
//!
//! The operating system holds the lock on an open file and frees it when the process ends, however it ends: nobody needs
//! to find out whether a process that is named in the file still lives.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{Read, Write};
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use indicatif::HumanDuration;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::train::files::{self, Action, UNFINISHED, failed};

/// The file that is locked; it stays, and means nothing where no process holds it.
const LOCK: &str = "run.lock";
/// How temporary files begin that the safetensors library makes, and how many letters and digits follow.
const TEMPORARY: (&str, usize) = (".tmp", 6);

/// Who holds a lock.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Holder {
    pid: u32,
    host: String,
    /// Seconds since 1970.
    since: u64,
}

impl Holder {
    fn this_process() -> Self {
        let host = hostname::get().map_or_else(|_| "unknown".to_owned(), |host| host.to_string_lossy().into_owned());
        Self { pid: std::process::id(), host, since: now().as_secs() }
    }
}

fn now() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

/// A lock on a folder, held until it is dropped.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

impl Lock {
    /// Takes the lock of `dir`, then removes unfinished files of killed processes from it.
    ///
    /// # Errors
    /// Another process holds it, or the folder cannot be written to.
    pub(super) fn take(dir: &Path) -> Result<Self> {
        let path = dir.join(LOCK);
        let io = |e| failed(Action::Write, &path, e);
        let mut file =
            OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path).map_err(io)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(held(dir, &mut file)),
            Err(TryLockError::Error(e)) => return Err(failed(Action::Lock, &path, e)),
        }
        file.set_len(0).map_err(io)?;
        let holder = serde_json::to_string(&Holder::this_process()).map_err(|e| failed(Action::Write, &path, e))?;
        file.write_all(holder.as_bytes()).map_err(io)?;
        remove_leftovers(dir)?;
        Ok(Self { _file: file })
    }
}

/// Says who holds the lock of `dir`, as far as its file tells.
fn held(dir: &Path, file: &mut File) -> Error {
    let mut text = String::new();
    let holder = file.read_to_string(&mut text).ok().and_then(|_| serde_json::from_str::<Holder>(&text).ok());
    let who = holder.map_or("another process".to_owned(), |Holder { pid, host, since }| {
        let age = Duration::from_secs(now().as_secs().saturating_sub(since));
        format!("process {pid} on {host} (for {})", HumanDuration(age))
    });
    Error::config(format!("{} is in use by {who}: wait until it ends, or choose another folder", dir.display()))
}

/// Removes files that a killed process had not finished. Call it under the lock: a living one's look alike.
fn remove_leftovers(dir: &Path) -> Result<()> {
    for entry in fs::read_dir(dir).map_err(|e| failed(Action::Read, dir, e))? {
        let entry = entry.map_err(|e| failed(Action::Read, dir, e))?;
        let is_file = entry.file_type().is_ok_and(|kind| kind.is_file());
        if is_file && is_unfinished(&entry.file_name().to_string_lossy()) {
            files::remove(&entry.path())?;
        }
    }
    Ok(())
}

fn is_unfinished(name: &str) -> bool {
    let is_temporary =
        |rest: &str| rest.len() == TEMPORARY.1 && rest.chars().all(|letter| letter.is_ascii_alphanumeric());
    name.starts_with(UNFINISHED) || name.strip_prefix(TEMPORARY.0).is_some_and(is_temporary)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_in_use_is_refused_with_who_uses_it() {
        let dir = tempfile::tempdir().unwrap();
        let lock = Lock::take(dir.path()).unwrap();
        let refused = Lock::take(dir.path()).unwrap_err().to_string();
        let who = format!("is in use by process {} on {} (for ", std::process::id(), Holder::this_process().host);
        assert!(refused.contains(&who) && refused.contains("seconds): wait"), "{refused}");
        drop(lock);
        Lock::take(dir.path()).unwrap();
    }

    #[test]
    fn a_lock_that_no_process_holds_is_taken_over() {
        let dir = tempfile::tempdir().unwrap();
        let dead = Holder { pid: 1, host: "elsewhere".into(), since: 0 };
        fs::write(dir.path().join(LOCK), serde_json::to_string(&dead).unwrap() + " and a longer text").unwrap();
        let _lock = Lock::take(dir.path()).unwrap();
        let holder: Holder = files::read_json(&dir.path().join(LOCK)).unwrap();
        assert_eq!((holder.pid, holder.host), (std::process::id(), Holder::this_process().host));
    }

    #[test]
    fn what_killed_processes_left_is_removed_under_the_lock_and_nothing_else() {
        let dir = tempfile::tempdir().unwrap();
        let [ours, others] = [[".unfinished-aB3dE6", ".tmpaB3dE6"], [".tmpaB3dE6.txt", ".tmp-notes"]];
        let kept = ["towers.safetensors", "unfinished-", ".tmp"].into_iter().chain(others);
        let all: Vec<&str> = kept.clone().chain(ours).collect();
        all.iter().for_each(|name| fs::write(dir.path().join(name), "x").unwrap());
        fs::create_dir(dir.path().join(".unfinished-folder")).unwrap();
        let there = |name: &&str| dir.path().join(name).exists();

        let held = File::create(dir.path().join(LOCK)).unwrap();
        held.lock().unwrap();
        Lock::take(dir.path()).unwrap_err();
        assert!(all.iter().all(there), "a living process writes these");
        drop(held);
        let _lock = Lock::take(dir.path()).unwrap();
        assert!(kept.clone().all(|name| there(&name)) && !ours.iter().any(there));
        assert!(dir.path().join(".unfinished-folder").is_dir());
    }
}
