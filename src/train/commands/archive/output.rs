//! The file of `--output`, which a killed run leaves resumable.
//!
//! Lines are appended to `FILE.partial`, each in one write. Only when all are there does `FILE` appear, by a rename: as it is
//! (NDJSON), or written from those lines (Parquet). Whenever `FILE.partial` has lines, it has all lines of `FILE` too, so that a
//! run that is killed between the two loses and repeats nothing.

use std::collections::HashMap;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{BufRead, BufReader, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use super::input::Key;
use super::line::{Line, MadeBy};
use super::parquet;
use crate::error::{Error, Result};
use crate::train::files::{self, Action, failed};

/// The extension of the lines of an unfinished output.
const PARTIAL: &str = "partial";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    Ndjson,
    Parquet,
}

/// The path of an output, whose extension says the format.
#[derive(Clone, Debug)]
pub(super) struct OutputPath {
    path: PathBuf,
    format: Format,
}

impl FromStr for OutputPath {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let path = PathBuf::from(text);
        match path.extension().and_then(|extension| extension.to_str()) {
            Some("ndjson" | "jsonl") => Ok(Self { path, format: Format::Ndjson }),
            Some("parquet") => Ok(Self { path, format: Format::Parquet }),
            _ => Err("name a file that ends in .ndjson or .parquet".to_owned()),
        }
    }
}

/// An output that is being written.
pub(super) struct Output {
    to: OutputPath,
    partial: File,
    partial_path: PathBuf,
    /// Whether `partial` has lines.
    has_begun: bool,
    /// How many lines are there of each input that was not asked for again yet.
    there: HashMap<Key, usize>,
}

impl Output {
    /// Opens an output, and reads which lines are there already.
    ///
    /// # Errors
    /// Another process writes it, it is damaged, or what is there was not made as `made_by` says.
    pub(super) fn open(to: &OutputPath, made_by: MadeBy) -> Result<Self> {
        let partial_path = to.path.with_added_extension(PARTIAL);
        let io = |e| failed(Action::Write, &partial_path, e);
        let mut options = OpenOptions::new();
        let partial = options.read(true).append(true).create(true).open(&partial_path).map_err(io)?;
        let in_use =
            || Error::config(format!("{} is written by another process: wait until it ends", to.path.display()));
        match partial.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(in_use()),
            Err(TryLockError::Error(e)) => return Err(failed(Action::Lock, &partial_path, e)),
        }
        // The process that had it may just have finished and renamed it.
        if !partial_path.exists() {
            return Err(in_use());
        }
        let mut there = Counted { path: &to.path, made_by: Some(made_by), there: HashMap::new() };
        let n_bytes = whole_lines(&partial, &partial_path, |line| there.add(&line))?;
        // The last line, if the process was killed while the system wrote it.
        partial.set_len(n_bytes).map_err(io)?;
        if n_bytes == 0 && to.path.exists() {
            lines_of(to, |line| there.add(&line))?;
        }
        let there = there.there;
        Ok(Self { to: to.clone(), partial, partial_path, has_begun: n_bytes > 0, there })
    }

    /// Whether there is a line for this input; of one that a list names twice, there are two.
    pub(super) fn has(&mut self, key: &Key) -> bool {
        match self.there.get_mut(key) {
            Some(n) if *n > 0 => {
                *n -= 1;
                true
            }
            _ => false,
        }
    }

    /// Adds a line.
    pub(super) fn write(&mut self, line: &Line) -> Result<()> {
        if !self.has_begun && self.to.path.exists() {
            let Self { to, partial, partial_path, .. } = self;
            lines_of(to, |line| append(partial, partial_path, &line))?;
        }
        self.has_begun = true;
        append(&mut self.partial, &self.partial_path, line)
    }

    /// Makes the output of the lines.
    pub(super) fn finish(self) -> Result<()> {
        let Self { to: OutputPath { path, format }, partial, partial_path, has_begun, .. } = self;
        if !has_begun && path.exists() {
            return files::remove(&partial_path);
        }
        match format {
            Format::Ndjson => fs::rename(&partial_path, &path).map_err(|e| failed(Action::Write, &path, e)),
            Format::Parquet => {
                files::replace(&path, |unfinished| {
                    let mut writer = parquet::Writer::create(unfinished)?;
                    whole_lines(&partial, &partial_path, |line| writer.add(line))?;
                    writer.finish()
                })?;
                files::remove(&partial_path)
            }
        }
    }
}

/// Counts the lines that are there.
struct Counted<'a> {
    path: &'a Path,
    /// What makes the new lines, until a line that is there was compared with it: those agree with each other.
    made_by: Option<MadeBy>,
    there: HashMap<Key, usize>,
}

impl Counted<'_> {
    fn add(&mut self, line: &Line) -> Result<()> {
        if let Some(new) = self.made_by.take() {
            match line.made_by() {
                Some(old) if old != new => {
                    let path = self.path.display();
                    let message = format!("{path} has answers of another model or method: choose another --output");
                    return Err(Error::config(message));
                }
                Some(_) => {}
                None => self.made_by = Some(new),
            }
        }
        *self.there.entry(line.key()).or_default() += 1;
        Ok(())
    }
}

/// Adds a line in one write, so that another process's reader sees it whole.
fn append(file: &mut File, path: &Path, line: &Line) -> Result<()> {
    let text = line.text()? + "\n";
    file.write_all(text.as_bytes()).map_err(|e| failed(Action::Write, path, e))
}

/// Gives `take` each line of a finished output.
fn lines_of(OutputPath { path, format }: &OutputPath, take: impl FnMut(Line) -> Result<()>) -> Result<()> {
    match format {
        Format::Ndjson => whole_lines(&files::open(path)?, path, take).map(drop),
        Format::Parquet => parquet::read(path, take),
    }
}

/// Gives `take` each whole line of a file, and returns how many bytes they have.
fn whole_lines(mut file: &File, path: &Path, mut take: impl FnMut(Line) -> Result<()>) -> Result<u64> {
    let unreadable = |e| failed(Action::Read, path, e);
    file.seek(SeekFrom::Start(0)).map_err(unreadable)?;
    let mut reader = BufReader::new(file);
    let (mut n_bytes, mut n_lines) = (0, 0);
    loop {
        let mut bytes = Vec::new();
        reader.read_until(b'\n', &mut bytes).map_err(unreadable)?;
        if !bytes.ends_with(b"\n") {
            return Ok(n_bytes);
        }
        n_lines += 1;
        let line = serde_json::from_slice(&bytes).map_err(|e| {
            Error::data(format!("line {n_lines} of {} is damaged: remove that line, and repeat", path.display()))
                .because(e)
        })?;
        take(line)?;
        n_bytes += bytes.len() as u64;
    }
}
