//! Records from the rows of a list: a scan that is listed twice counts once, and one that is listed as two things is an error.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use super::record::{Dataset, Problem, Record};
use crate::error::{Error, Result};

/// Conflicts that are named one by one.
const MAX_SHOWN: usize = 3;

/// What has been read of a list so far.
pub(super) struct Listed {
    list: PathBuf,
    dataset: Dataset,
    /// Place among the records, and line, of each picture.
    seen: HashMap<PathBuf, (usize, usize)>,
    n_repeated: usize,
    conflicts: Vec<String>,
}

impl Listed {
    /// Nothing yet of `list`.
    pub(super) fn of(list: &Path) -> Self {
        let (dataset, seen) = (Dataset::default(), HashMap::new());
        Self { list: list.to_owned(), dataset, seen, n_repeated: 0, conflicts: vec![] }
    }

    /// Adds the record of a line, unless its picture has been listed before.
    pub(super) fn add(&mut self, line: usize, record: Record) {
        let Some((place, first_line)) = self.seen.get(&record.path) else {
            self.seen.insert(record.path.clone(), (self.dataset.records.len(), line));
            self.dataset.records.push(record);
            return;
        };
        let first = &self.dataset.records[*place];
        let text = |r: &Record| format!("\"{}\" of patient {}", r.caption.text(), r.patient);
        let [before, now] = [first, &record].map(text);
        if before == now {
            self.n_repeated += 1;
        } else {
            self.conflict(format!("{} is {before} in line {first_line} and {now} in line {line}", record.name));
        }
    }

    /// Adds what contradicts the list itself.
    pub(super) fn conflict(&mut self, what: String) {
        self.conflicts.push(what);
    }

    /// The record of a picture and its line, if it has been listed.
    pub(super) fn get(&self, path: &Path) -> Option<(&Record, usize)> {
        self.seen.get(path).map(|(place, line)| (&self.dataset.records[*place], *line))
    }

    /// Adds a row that cannot be used.
    pub(super) fn problem(&mut self, line: usize, what: String) {
        self.dataset.problems.push(Problem { file: self.list.clone(), line: Some(line), what });
    }

    /// The records; `n_pictures` are in the folder.
    ///
    /// # Errors
    /// A scan is listed as two things.
    pub(super) fn finish(mut self, n_pictures: usize) -> Result<Dataset> {
        let list = self.list.display();
        if !self.conflicts.is_empty() {
            let n_more = self.conflicts.len().saturating_sub(MAX_SHOWN);
            let mut shown = self.conflicts[..self.conflicts.len() - n_more].join("; ");
            if n_more > 0 {
                shown += &format!("; and {n_more} more");
            }
            return Err(Error::data(format!("{list} contradicts itself: {shown}: keep the right row of each scan")));
        }
        if self.n_repeated > 0 {
            let n = self.n_repeated;
            self.dataset.notes.push(format!("{list}: {n} rows repeat a scan of a row before, which counts once"));
        }
        let n_unlisted = n_pictures.saturating_sub(self.seen.len());
        if n_unlisted > 0 {
            let note = format!("{list}: {n_unlisted} of {n_pictures} pictures in the folder are in no usable row");
            self.dataset.notes.push(note);
        }
        self.dataset.problems.sort_by_key(|problem| problem.line);
        Ok(self.dataset)
    }
}
