//! The scans that a command works on: read from the folders of `--data`, chosen by split, loaded into memory.

use std::num::NonZeroUsize;

use crate::error::{Error, Result};
use crate::train::commands::output::note;
use crate::train::config::ModelSpec;
use crate::train::data::dataset::{self, DataSpec};
use crate::train::data::record::{Dataset, Record, SourceKind};
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
    keep_labels(&mut dataset, labels)?;
    Ok(dataset)
}

/// Keeps the scans with one of `labels`, or all scans if `labels` is empty, and notes how many were left out.
///
/// # Errors
/// None is left.
pub(super) fn keep_labels(dataset: &mut Dataset, labels: &[String]) -> Result<()> {
    if labels.is_empty() {
        return Ok(());
    }
    let n_others = dataset.take_others(labels).len();
    if n_others > 0 {
        note(format_args!("left out: {n_others} scans of other classes than {}", labels.join(", ")));
    }
    if dataset.records.is_empty() {
        return Err(Error::data(format!("no scan of --data has one of the classes {}", labels.join(", "))));
    }
    Ok(())
}

/// The records of one split.
pub(super) fn records_of<'a>(dataset: &'a Dataset, splits: &Splits, split: Split) -> Vec<&'a Record> {
    dataset.records.iter().filter(|r| splits.split_of(r) == Some(split)).collect()
}

/// All scans of `dataset`, if none is of a patient that a weights file lists in `splits`.
///
/// # Errors
/// A patient is listed: the weights were trained or chosen on their scans.
pub(super) fn unseen<'a>(dataset: &'a Dataset, splits: Option<&Splits>) -> Result<Vec<&'a Record>> {
    let of = |split| dataset.records.iter().filter(|r| splits.and_then(|s| s.split_of(r)) == Some(split)).count();
    let [n_train, n_val, n_test] = [Split::Train, Split::Val, Split::Test].map(of);
    let n_seen = n_train + n_val + n_test;
    if n_seen == 0 {
        return Ok(dataset.records.iter().collect());
    }
    Err(Error::data(format!(
        "{n_seen} of {} scans in --data are of patients that the weights file lists (train {n_train}, val {n_val}, test \
         {n_test}): use --split test for those held back, or leave these patients out of --data",
        dataset.records.len()
    )))
}

/// At most `limit` of `records` of each kind of data, evenly spaced, in their order.
pub(super) fn evenly_spaced(records: Vec<&Record>, limit: Option<NonZeroUsize>) -> Vec<&Record> {
    let Some(limit) = limit.map(NonZeroUsize::get) else { return records };
    let spaced = |source| {
        let of_source: Vec<&Record> = records.iter().copied().filter(|r| r.source == source).collect();
        let n = of_source.len();
        (0..limit.min(n)).map(|i| of_source[i * n / limit.min(n)]).collect::<Vec<_>>()
    };
    SourceKind::ALL.into_iter().flat_map(spaced).collect()
}

/// Loads `records` into memory, with a progress bar named `what`.
pub(super) fn read_samples(records: &[&Record], spec: &ModelSpec, what: &str) -> Result<Vec<Sample>> {
    let bar = progress::bar(what, records.len());
    let samples = samples::read(records, spec, &bar);
    bar.finish_and_clear();
    samples
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::caption::Caption;

    fn record(source: SourceKind, patient: &str) -> Record {
        Record {
            path: patient.into(),
            name: patient.into(),
            source,
            patient: patient.into(),
            label: "healthy".into(),
            caption: Caption::default(),
            annotated: vec![],
            boxes: vec![],
        }
    }

    #[test]
    fn a_limit_holds_for_each_kind_of_data_and_reaches_over_all_scans() {
        let mut records: Vec<Record> = (0..10).map(|i| record(SourceKind::Octdl, &i.to_string())).collect();
        records.extend([record(SourceKind::Phantom, "a"), record(SourceKind::Phantom, "b")]);
        let names = |limit| {
            let chosen = evenly_spaced(records.iter().collect(), NonZeroUsize::new(limit));
            chosen.iter().map(|r| r.name.clone()).collect::<Vec<_>>()
        };
        assert_eq!(names(3), ["0", "3", "6", "a", "b"]);
        assert_eq!(names(1), ["0", "a"]);
        assert_eq!((names(0).len(), names(20).len()), (12, 12));
    }

    #[test]
    fn a_listed_patient_is_not_unseen_in_whatever_split() {
        let dataset = |patients: &[&str]| Dataset {
            records: patients.iter().map(|p| record(SourceKind::Octdl, p)).collect(),
            problems: vec![],
        };
        let listed = [("octdl/1", Split::Train), ("octdl/2", Split::Val), ("octdl/3", Split::Test)];
        let patients = listed.map(|(patient, split)| (patient.to_owned(), split)).into();
        let splits = Splits { seed: 0, fractions: [0.7, 0.1, 0.2], patients };
        let refused = |patients| unseen(&dataset(patients), Some(&splits)).unwrap_err().to_string();
        assert!(refused(&["1", "1", "2", "3", "4"]).contains("4 of 5 scans") && refused(&["1"]).contains("train 1"));
        assert!(refused(&["3"]).contains("test 1") && refused(&["3"]).contains("--split test"));
        assert_eq!(unseen(&dataset(&["4", "5"]), Some(&splits)).unwrap().len(), 2);
        assert_eq!(unseen(&dataset(&["1"]), None).unwrap().len(), 1);
    }
}
