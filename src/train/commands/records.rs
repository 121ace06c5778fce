//! The scans that a command works on: read from the folders of `--data`, chosen by split, loaded into memory.

use crate::error::{Error, Result};
use crate::train::commands::output::note;
use crate::train::config::ModelSpec;
use crate::train::data::dataset::{self, DataSpec};
use crate::train::data::record::{Dataset, Record};
use crate::train::data::samples::{self, Sample};
use crate::train::data::split::{Split, Splits};
use crate::train::progress;

/// Problems of a dataset that are printed one by one.
const MAX_SHOWN: usize = 10;

/// Reads the scans with one of `labels`, or all scans if `labels` is empty, and notes what was left out.
pub(super) fn read_dataset(data: &[DataSpec], labels: &[String]) -> Result<Dataset> {
    let mut dataset = dataset::read(data)?;
    for problem in dataset.problems.iter().take(MAX_SHOWN) {
        note(format_args!("left out: {problem}"));
    }
    if dataset.problems.len() > MAX_SHOWN {
        note(format_args!("… {} rows or files left out altogether", dataset.problems.len()));
    }
    if labels.is_empty() {
        return Ok(dataset);
    }
    let n_others = dataset.take_others(labels).len();
    if n_others > 0 {
        note(format_args!("left out: {n_others} scans of other classes than {}", labels.join(", ")));
    }
    if dataset.records.is_empty() {
        return Err(Error::data(format!("no scan of --data has one of the classes {}", labels.join(", "))));
    }
    Ok(dataset)
}

/// The records of one split.
pub(super) fn records_of<'a>(dataset: &'a Dataset, splits: &Splits, split: Split) -> Vec<&'a Record> {
    dataset.records.iter().filter(|r| splits.split_of(r) == Some(split)).collect()
}

/// Loads `records` into memory, with a progress bar named `what`.
pub(super) fn read_samples(records: &[&Record], spec: &ModelSpec, what: &str) -> Result<Vec<Sample>> {
    let bar = progress::bar(what, records.len());
    let samples = samples::read(records, spec, &bar);
    bar.finish_and_clear();
    samples
}
