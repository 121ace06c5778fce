//! How faithful a model's heatmaps are, for every method, beside controls.
//!
//! `lesions` are the areas that maps are compared with, `measures` measures one map of one scan, `controls` are maps that know
//! nothing; `scanned` is a scan with its figures, `table` gathers figures with intervals, `rule` picks the default method, `peaks` are the references of the heat's
//! scale, `text` shows the table.

mod controls;
mod lesions;
mod measures;
pub(crate) mod peaks;
mod rule;
mod scanned;
mod table;
mod text;

use indicatif::ProgressBar;
use rayon::prelude::*;

use self::controls::Control;
use self::lesions::Lesions;
use self::measures::{Depth, Subject, places};
pub(crate) use self::rule::RULE;
use self::scanned::{Scanned, ScannedMap};
pub(crate) use self::text::lines;
use crate::bundle::card::MethodMetrics;
use crate::caption::finding;
use crate::engine::Engine;
use crate::engine::faithfulness::ModelView;
use crate::error::Result;
use crate::explain::faithfulness::field;
use crate::preprocess::Preprocess;
use crate::report::{MapMethod, RandomPart};
use crate::scan::Scan;
use crate::train::data::lesion_box::LesionBox;
use crate::train::data::record::Record;
use crate::train::data::samples::read_scan;
use crate::train::files;

/// Copies of the model with random weights, for each part: scans take turns with them, because one draw may by chance make
/// maps alike.
const N_RANDOM_MODELS: usize = 3;
/// The seed of everything random, so that figures are the same in every call.
const SEED: u64 = 2018;
/// How far lesions are widened for the second pointing game, in cells of the paper's map.
const MARGIN: f32 = 0.5;
/// The findings whose own maps are measured: those that data sets outline most.
const FINDINGS: [&str; 2] = [finding::DRUSEN, finding::FLUID];

/// What was measured of maps on some scans.
pub(crate) struct MapStudy {
    /// A row for each method or control, data set and group of lesions.
    pub rows: Vec<MethodMetrics>,
}

impl MapStudy {
    /// What the rule picks from these figures, which are to be those of validation patients.
    pub(crate) fn pick(&self) -> MapMethod {
        rule::pick(&self.rows)
    }
}

/// Those of `records` on which maps can be measured: diseased scans with a lesion that is outlined or boxed.
pub(crate) fn measurable<'r>(engine: &Engine, records: &[&'r Record]) -> Vec<&'r Record> {
    let healthy = &engine.metadata().vocabulary.labels[0];
    let is_measurable = |r: &&&Record| r.label != *healthy && lesions::of(r).next().is_some();
    records.iter().filter(is_measurable).copied().collect()
}

/// Measures `methods` and the controls on `records`, which are [`measurable`] and of `split`; `bar` counts scans.
///
/// # Errors
/// Names the first file that cannot be read.
pub(crate) fn study(
    engine: &Engine,
    methods: &[MapMethod],
    records: &[&Record],
    split: &str,
    bar: &ProgressBar,
) -> Result<MapStudy> {
    run(engine, methods, records, split, Depth::Full, bar)
}

/// Measures what the rule reads ([`MapStudy::pick`]), on validation scans.
///
/// # Errors
/// As [`study`].
pub(crate) fn study_for_rule(
    engine: &Engine,
    methods: &[MapMethod],
    records: &[&Record],
    bar: &ProgressBar,
) -> Result<MapStudy> {
    run(engine, methods, records, "val", Depth::Rule, bar)
}

fn run(
    engine: &Engine,
    methods: &[MapMethod],
    records: &[&Record],
    split: &str,
    depth: Depth,
    bar: &ProgressBar,
) -> Result<MapStudy> {
    let model = |seed: u64| {
        let copy = |part| Ok((part, engine.randomized(part, seed)?));
        RandomPart::ALL.into_iter().map(copy).collect::<Result<Vec<_>>>()
    };
    let random = (0..N_RANDOM_MODELS as u64).map(|i| model(SEED + i)).collect::<Result<Vec<_>>>()?;
    let found = records.par_iter().copied().enumerate().map(|(i, record)| {
        let found = scanned(engine, methods, &random[i % N_RANDOM_MODELS], record, SEED + i as u64, depth);
        bar.inc(1);
        found.map_err(|e| files::in_file(&record.path, e))
    });
    let found: Vec<Option<Scanned<'_>>> = found.collect::<Result<_>>()?;
    let scans: Vec<Scanned<'_>> = found.into_iter().flatten().collect();
    Ok(MapStudy { rows: table::rows(&scans, split) })
}

/// None if no lesion lies on the scan.
fn scanned<'r>(
    engine: &Engine,
    methods: &[MapMethod],
    random: &[(RandomPart, Engine)],
    record: &'r Record,
    seed: u64,
    depth: Depth,
) -> Result<Option<Scanned<'r>>> {
    let scan = read_scan(record)?;
    let view = engine.model_view(&scan);
    let target = record.label.as_str();
    let map_of = |method| engine.map_of(view.grey.clone(), view.region, target, method);
    // The paper's map gives the cells that controls have, and the unit of the margin.
    let paper = map_of(MapMethod::GradCam)?;
    let margin = [paper.region[2] / paper.cols as f32, paper.region[3] / paper.rows as f32].map(|side| MARGIN * side);
    let Some(lesions) = Lesions::new(lesions::of(record), &scan, margin) else { return Ok(None) };
    let retina = Preprocess::retina(&scan);
    let subject =
        Subject { engine, random, scan: &scan, view: &view, lesions: &lesions, retina: &retina, target, seed };
    let mut maps = Vec::new();
    for method in methods {
        let map = map_of(*method)?;
        let measured = subject.method(*method, &map, depth)?;
        maps.push(ScannedMap { method: method.name(), layer: map.layer, finding: None, measured });
    }
    for control in Control::ALL {
        let measured = subject.map(&control.map(&paper, seed), depth)?;
        maps.push(ScannedMap { method: control.name(), layer: String::new(), finding: None, measured });
    }
    if depth == Depth::Full {
        for finding in FINDINGS {
            maps.extend(of_finding(engine, methods, record, &scan, &view, margin, finding)?);
        }
    }
    Ok(Some(Scanned { record, share: lesions.share, maps }))
}

/// Where the maps of a finding lie, against the lesions of its kind; none if the scan shows none, or the model does not know it.
fn of_finding(
    engine: &Engine,
    methods: &[MapMethod],
    record: &Record,
    scan: &Scan,
    view: &ModelView,
    margin: [f32; 2],
    finding: &'static str,
) -> Result<Vec<ScannedMap>> {
    let vocabulary = &engine.metadata().vocabulary;
    let is_of_kind = |b: &&LesionBox| b.finding == finding || finding::PARENTS.contains(&(b.finding, finding));
    let shown = lesions::of(record).filter(is_of_kind);
    let Some(lesions) = Lesions::new(shown, scan, margin).filter(|_| vocabulary.findings.iter().any(|f| f == finding))
    else {
        return Ok(Vec::new());
    };
    let quick = methods.iter().copied().filter(|method| !method.asks_often());
    let measured = |method: MapMethod| {
        let map = engine.finding_map_of(view.grey.clone(), view.region, finding, method)?;
        let measured = places(&field::over_scan(&map, scan.width, scan.height), &lesions);
        Ok(ScannedMap { method: method.name(), layer: map.layer, finding: Some(finding), measured })
    };
    quick.chain([MapMethod::Local]).map(measured).collect()
}
