//! A model on changed scans: what its answers, heatmaps and warnings do when a scan looks as if from elsewhere. `changes`
//! are the changes, `maps` compares heatmaps across them.

mod changes;
mod maps;

use std::collections::BTreeMap;

use indicatif::ProgressBar;
use serde::Serialize;

use self::changes::Changed;
pub(crate) use self::changes::{Change, Strength};
use super::reading::doubles;
use crate::bundle::card::Interval;
use crate::engine::Engine;
use crate::error::{Error, Result};
use crate::head::log_odds;
use crate::report::{Options, Report, WordMethod};
use crate::scan::Scan;
use crate::train::data::record::{Record, SourceKind};
use crate::train::data::samples::read_scan;
use crate::train::files;
use crate::train::metrics::correlation::median;
use crate::train::metrics::{bootstrap, ranking};

/// How often each scan is run: as it is, and changed.
pub(crate) const N_RUNS: usize = 1 + Change::ALL.len() * Strength::ALL.len();

/// The suite on the scans of one source.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct StressStudy {
    /// Scans.
    pub n_scans: usize,
    /// Of the image head for disease, on the scans as they are.
    pub clean_auroc: Option<Interval>,
    /// Share of the scans as they are that have a warning.
    pub clean_warned: f64,
    /// Each change at each strength.
    pub rows: Vec<StressRow>,
}

/// One change at one strength.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct StressRow {
    /// The change.
    pub change: Change,
    /// How strong it is.
    pub strength: Strength,
    /// How much that is: see [`Change::unit`].
    pub amount: f32,
    /// Of the image head for disease.
    pub auroc: Option<Interval>,
    /// The same minus that of the scans as they are, on the same draws of patients.
    pub auroc_change: Option<Interval>,
    /// Share of scans with the same image label as before.
    pub label_agreement: f64,
    /// Median correlation of the heatmap for the scan's class with that of the scan as it is, in places of the latter.
    pub heatmap_pearson: Option<f64>,
    /// Share of scans with a warning.
    pub warned: f64,
}

/// Runs the suite on `records`, whose classes the model knows; `bar` counts runs, [`N_RUNS`] for each scan.
///
/// # Errors
/// Names the first file that cannot be read.
pub(crate) fn study(
    engine: &Engine,
    records: &[&Record],
    bar: &ProgressBar,
) -> Result<BTreeMap<SourceKind, StressStudy>> {
    let mut sources: BTreeMap<SourceKind, Vec<Stressed>> = BTreeMap::new();
    for record in records {
        let stressed = stressed(engine, record, bar).map_err(|e| files::in_file(&record.path, e))?;
        sources.entry(record.source).or_default().push(stressed);
    }
    let healthy = &engine.metadata().vocabulary.labels[0];
    Ok(sources.into_iter().map(|(source, scans)| (source, figures(&scans, healthy))).collect())
}

/// One scan as it is and under every change.
struct Stressed {
    patient: String,
    label: String,
    clean: Answer,
    /// By change, then strength.
    changed: Vec<Answer>,
}

/// What is answered to a scan.
struct Answer {
    /// Log-odds of disease.
    disease: f64,
    label: String,
    is_warned: bool,
    /// Of its heatmap with the clean one.
    correlation: Option<f64>,
}

impl Answer {
    fn new(report: &Report, correlation: Option<f64>) -> Self {
        Self {
            disease: -log_odds(&doubles(&report.image.logits), 0),
            label: report.image.label.clone(),
            is_warned: !report.warning.is_none(),
            correlation,
        }
    }
}

fn stressed(engine: &Engine, record: &Record, bar: &ProgressBar) -> Result<Stressed> {
    // Phrases are not compared, so the method that runs the text tower once is enough.
    let options =
        Options { target: Some(record.label.clone()), words: WordMethod::GradientXActivation, ..Options::default() };
    let run = |scan: Scan| {
        let analysis = engine.analyze_scan(&record.name, scan, &options)?;
        bar.inc(1);
        Ok::<_, Error>(analysis.report)
    };
    let scan = read_scan(record)?;
    let clean = run(scan.clone())?;
    let mut changed = Vec::with_capacity(N_RUNS - 1);
    for (change, strength) in rows() {
        let Changed { scan, motion } = change.apply(strength, &record.name, &scan);
        let size = [scan.width, scan.height];
        let report = run(scan)?;
        changed.push(Answer::new(&report, maps::correlation(&clean.heatmap, &report.heatmap, motion, size)));
    }
    Ok(Stressed {
        patient: record.patient.clone(),
        label: record.label.clone(),
        clean: Answer::new(&clean, None),
        changed,
    })
}

/// Every change at every strength, in the order of the rows.
fn rows() -> impl Iterator<Item = (Change, Strength)> {
    Change::ALL.into_iter().flat_map(|change| Strength::ALL.map(|strength| (change, strength)))
}

fn figures(scans: &[Stressed], healthy: &str) -> StressStudy {
    let patients: Vec<String> = scans.iter().map(|s| s.patient.clone()).collect();
    let is_ill: Vec<bool> = scans.iter().map(|s| s.label != healthy).collect();
    let auroc = |drawn: &[usize], of: &[f64]| {
        let pick = |i: &usize| (is_ill[*i], of[*i]);
        let (is_ill, scores): (Vec<bool>, Vec<f64>) = drawn.iter().map(pick).unzip();
        ranking::auroc(&is_ill, &scores)
    };
    let share = |is_so: &dyn Fn(&Stressed) -> bool| {
        scans.iter().filter(|s| is_so(s)).count() as f64 / scans.len().max(1) as f64
    };
    let clean: Vec<f64> = scans.iter().map(|s| s.clean.disease).collect();
    let row = |(i, (change, strength)): (usize, (Change, Strength))| {
        let changed: Vec<f64> = scans.iter().map(|s| s.changed[i].disease).collect();
        StressRow {
            change,
            strength,
            amount: change.amount(strength),
            auroc: bootstrap(&patients, |drawn| auroc(drawn, &changed)),
            auroc_change: bootstrap(&patients, |drawn| Some(auroc(drawn, &changed)? - auroc(drawn, &clean)?)),
            label_agreement: share(&|s| s.changed[i].label == s.clean.label),
            heatmap_pearson: median(scans.iter().filter_map(|s| s.changed[i].correlation).collect()),
            warned: share(&|s| s.changed[i].is_warned),
        }
    };
    StressStudy {
        n_scans: scans.len(),
        clean_auroc: bootstrap(&patients, |drawn| auroc(drawn, &clean)),
        clean_warned: share(&|s| s.clean.is_warned),
        rows: rows().enumerate().map(row).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(disease: f64, label: &str, is_warned: bool, correlation: Option<f64>) -> Answer {
        Answer { disease, label: label.to_owned(), is_warned, correlation }
    }

    /// A scan that every change makes look like `changed`.
    fn scan(patient: &str, label: &str, clean: f64, changed: f64, correlation: Option<f64>) -> Stressed {
        let called = |disease: f64| if disease > 0. { "AMD" } else { "healthy" };
        let under = |_| answer(changed, called(changed), changed > 2., correlation);
        Stressed {
            patient: patient.to_owned(),
            label: label.to_owned(),
            clean: answer(clean, called(clean), false, None),
            changed: (1..N_RUNS).map(under).collect(),
        }
    }

    #[test]
    fn a_row_compares_changed_scans_with_the_same_scans_as_they_are() {
        let scans = [
            scan("1", "healthy", -3., 1., Some(0.9)),
            scan("2", "healthy", -2., -2., Some(0.5)),
            scan("3", "AMD", 1., 0.5, Some(0.7)),
            scan("4", "AMD", 4., 3., None),
        ];
        let study = figures(&scans, "healthy");
        assert_eq!((study.n_scans, study.rows.len()), (4, 27));
        assert_eq!((study.clean_auroc.unwrap().value, study.clean_warned), (1., 0.));
        let row = &study.rows[4];
        assert_eq!((row.change, row.strength, row.amount), (Change::Averaging, Strength::Middle, 5.));
        // Of four pairs, the first healthy scan now ranks above the first diseased one.
        assert_eq!((row.auroc.unwrap().value, row.auroc_change.unwrap().value), (0.75, -0.25));
        assert_eq!((row.label_agreement, row.heatmap_pearson, row.warned), (0.75, Some(0.7), 0.25));
    }

    #[test]
    fn one_class_alone_has_no_area() {
        let study = figures(&[scan("1", "AMD", 1., 2., None)], "healthy");
        assert_eq!((study.clean_auroc, study.rows[0].auroc_change, study.rows[0].heatmap_pearson), (None, None, None));
    }
}
