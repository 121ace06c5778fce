//! The scans that a command works on: read from the folders of `--data`, chosen by split, loaded into memory.

use std::borrow::Borrow;
use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroUsize;

use super::args::{DataArgs, StrictArgs};
use super::output::note;
use crate::error::{Error, Result};
use crate::train::config::ModelSpec;
use crate::train::data::check;
use crate::train::data::dataset;
use crate::train::data::record::{Dataset, Problem, Record, SourceKind};
use crate::train::data::samples::{self, Sample};
use crate::train::data::split::{Split, Splits};
use crate::train::data::twins::{self, Families, Fingerprint};
use crate::train::progress;

/// Problems of a dataset that are printed one by one.
const MAX_SHOWN: usize = 10;

/// Reads the scans with one of `labels`, or all scans if `labels` is empty, and notes what was left out. No picture is opened.
///
/// # Errors
/// A folder is not as documented, or no scan is left; with `--strict`, anything is left out.
pub(super) fn read_dataset(data: &DataArgs, labels: &[String]) -> Result<Dataset> {
    let mut dataset = dataset::read(&data.specs)?;
    leave_out(&dataset.problems, data.strict)?;
    dataset.notes.iter().for_each(note);
    keep_labels(&mut dataset, labels)?;
    Ok(dataset)
}

/// Notes what is left out, a few by name.
///
/// # Errors
/// Something is, and `--strict` is given.
fn leave_out(problems: &[Problem], strict: StrictArgs) -> Result<()> {
    let Some(first) = problems.first() else { return Ok(()) };
    if strict.strict {
        let n = problems.len();
        return Err(Error::data(format!("--strict: {n} rows or pictures cannot be used, first {first}")));
    }
    for problem in problems.iter().take(MAX_SHOWN) {
        note(format_args!("left out: {problem}"));
    }
    if problems.len() > MAX_SHOWN {
        note(format_args!("… {} rows or pictures left out altogether", problems.len()));
    }
    Ok(())
}

/// Those of `records` whose pictures can be used: each is read once, with a progress bar.
///
/// # Errors
/// None can be used; with `--strict`, not all can.
pub(super) fn usable(records: Vec<&Record>, strict: StrictArgs) -> Result<Vec<&Record>> {
    let checked = check(&records, strict)?;
    Ok(records.into_iter().zip(checked).filter_map(|(record, checked)| checked.map(|_| record)).collect())
}

/// Takes out of `dataset` what cannot be used, and returns the families of its patients: who share a picture.
///
/// # Errors
/// As [`usable`].
pub(super) fn check_all(dataset: &mut Dataset, strict: StrictArgs) -> Result<Families> {
    let checked = check(&dataset.records, strict)?;
    let (records, fingerprints): (Vec<Record>, Vec<Fingerprint>) =
        dataset.records.drain(..).zip(checked).filter_map(|(record, checked)| Some((record, checked?))).unzip();
    let contradictions = twins::contradictions(&records, &fingerprints);
    let contradiction = |group: &Vec<usize>| {
        let named = group.iter().map(|i| format!("{} ({})", records[*i].name, records[*i].label));
        let what = format!("one picture with two labels: {}", named.collect::<Vec<_>>().join(", "));
        Problem { file: records[group[0]].path.clone(), line: None, what }
    };
    leave_out(&contradictions.iter().map(contradiction).collect::<Vec<_>>(), strict)?;
    let pairs = twins::pairs(&records, &fingerprints);
    let families = Families::of(&records, &pairs);
    if let Some([a, b]) = pairs.first() {
        let [a, b] = [&records[*a], &records[*b]].map(|r| format!("{} of patient {}", r.name, r.patient));
        let (n_pairs, n_patients) = (pairs.len(), families.n_patients());
        let n_labels = pairs.iter().filter(|[a, b]| records[*a].label != records[*b].label).count();
        note(format_args!(
            "{n_pairs} pairs of scans are the same picture under two patients, {n_labels} of them under two labels (first \
             {a}, {b}); the {n_patients} patients that share a picture are kept in the same split"
        ));
    }
    let contradicting: Vec<usize> = contradictions.into_iter().flatten().collect();
    let keep = records.into_iter().enumerate().filter(|(i, _)| !contradicting.contains(i));
    dataset.records = keep.map(|(_, record)| record).collect();
    Ok(families)
}

/// The fingerprints of the pictures of `records`, none of one that is left out.
fn check<R: Borrow<Record> + Sync>(records: &[R], strict: StrictArgs) -> Result<Vec<Option<Fingerprint>>> {
    let bar = progress::bar("check", records.len());
    let checked = check::check(records, || bar.inc(1));
    bar.finish_and_clear();
    let problems: Vec<Problem> = checked.iter().filter_map(|c| c.as_ref().err().cloned()).collect();
    if let Some(first) = problems.first().filter(|_| problems.len() == records.len()) {
        return Err(Error::data(format!("none of the {} pictures can be used, first {first}", records.len())));
    }
    leave_out(&problems, strict)?;
    Ok(checked.into_iter().map(Result::ok).collect())
}

/// Notes how many scans and patients each class has, in all and in each split.
///
/// # Errors
/// A class has no patient to train on, or, if `needs_test`, none to measure on.
pub(super) fn check_splits(dataset: &Dataset, splits: &Splits, needs_test: bool) -> Result<()> {
    let mut labels: Vec<&str> = dataset.records.iter().map(|r| r.label.as_str()).collect();
    labels.sort_unstable();
    labels.dedup();
    let mut lines = Vec::new();
    let mut is_enough = true;
    for label in labels {
        let of_label: Vec<&Record> = dataset.records.iter().filter(|r| r.label == label).collect();
        let patients: BTreeMap<String, Option<Split>> =
            of_label.iter().map(|r| (r.patient_key(), splits.split_of(r))).collect();
        let n = |split| patients.values().filter(|s| **s == Some(split)).count();
        let [n_train, n_val, n_test] = [Split::Train, Split::Val, Split::Test].map(n);
        let (n_scans, n_patients) = (of_label.len(), patients.len());
        lines.push(format!(
            "{label} {n_scans} scans of {n_patients} patients (train {n_train}, val {n_val}, test {n_test})"
        ));
        is_enough &= n_train > 0 && (n_test > 0 || !needs_test);
    }
    let counts = lines.join(", ");
    if is_enough {
        note(format_args!("classes: {counts}"));
        return Ok(());
    }
    let need = if needs_test { "in train and in test" } else { "in train" };
    Err(Error::data(format!("too few patients, each class needs some {need}: {counts}: add scans of more patients")))
}

/// Notes how many families earlier splits have torn apart, which [`Splits::make`] does not.
pub(super) fn note_torn_families(records: &[Record], splits: &Splits, families: &Families) {
    let mut of_family: BTreeMap<String, BTreeSet<Split>> = BTreeMap::new();
    for record in records {
        let family = families.first_of(&record.patient_key()).to_owned();
        of_family.entry(family).or_default().extend(splits.split_of(record));
    }
    let n_torn = of_family.values().filter(|splits| splits.len() > 1).count();
    if n_torn > 0 {
        note(format_args!(
            "the splits of --init or --splits have {n_torn} groups of patients who share a picture in several splits: figures \
             on them are too good"
        ));
    }
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

/// The records of one split, of which there must be some.
///
/// # Errors
/// There are none.
pub(super) fn some_records_of<'a>(dataset: &'a Dataset, splits: &Splits, split: Split) -> Result<Vec<&'a Record>> {
    let records = records_of(dataset, splits, split);
    if records.is_empty() {
        let message = format!("--data holds no {split} patient of this run: name the data it was trained with");
        return Err(Error::data(message));
    }
    Ok(records)
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
            ..Dataset::default()
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
