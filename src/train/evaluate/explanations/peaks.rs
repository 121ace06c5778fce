//! How large the evidence of a map usually is: the reference that the page draws a scan's heat against.

use std::collections::BTreeMap;

use indicatif::ProgressBar;
use rayon::prelude::*;

use crate::bundle::card::PeakReference;
use crate::engine::Engine;
use crate::error::Result;
use crate::report::MapMethod;
use crate::train::data::record::{Record, SourceKind};
use crate::train::data::samples::read_scan;
use crate::train::files;

/// Scans of each kind of data that are enough for the percentile, evenly spaced.
const N_SCANS: usize = 100;
/// Of these, every so many-th is enough for methods that ask the tower dozens of times: they would take most of an export.
const SLOW_EVERY: usize = 5;
/// The percentile, as a share.
const SHARE: f64 = 0.95;

/// The scans that peaks are measured on: real ones if there are any, at most [`N_SCANS`] of each kind of data.
pub(crate) fn scans<'r>(validation: &[&'r Record]) -> Vec<&'r Record> {
    let is_real = |r: &&&Record| r.source != SourceKind::Phantom;
    let has_real = validation.iter().any(|r| is_real(&r));
    let spaced = |source| {
        let of: Vec<&Record> = validation.iter().filter(|r| r.source == source).copied().collect();
        let n = of.len().min(N_SCANS);
        (0..n).map(|i| of[i * of.len() / n]).collect::<Vec<_>>()
    };
    let kinds = SourceKind::ALL.into_iter().filter(|source| !has_real || *source != SourceKind::Phantom);
    kinds.flat_map(spaced).collect()
}

/// For every method and class, the 95th percentile of the peak over those of `records` that are answered as that class; `bar`
/// counts scans. A class that no measured scan is answered as has no reference.
///
/// # Errors
/// Names the first file that cannot be read.
pub(crate) fn references(engine: &Engine, records: &[&Record], bar: &ProgressBar) -> Result<Vec<PeakReference>> {
    let of_scan = |(i, record): (usize, &&Record)| {
        let peaks = || {
            let view = engine.model_view(&read_scan(record)?);
            let label = engine.answer(view.grey.clone())?.label;
            let is_measured = |method: MapMethod| !method.asks_often() || i.is_multiple_of(SLOW_EVERY);
            let peak = |method| {
                let map = || engine.map_of(view.grey.clone(), view.region, &label, method);
                Ok(if is_measured(method) { Some(map()?.peak) } else { None })
            };
            let peaks = MapMethod::ALL.into_iter().map(peak).collect::<Result<Vec<Option<f32>>>>()?;
            Ok((label, peaks))
        };
        let found = peaks().map_err(|e| files::in_file(&record.path, e));
        bar.inc(1);
        found
    };
    let found: Vec<(String, Vec<Option<f32>>)> = records.par_iter().enumerate().map(of_scan).collect::<Result<_>>()?;
    let mut by_label: BTreeMap<String, Vec<Vec<Option<f32>>>> = BTreeMap::new();
    for (label, peaks) in found {
        by_label.entry(label).or_default().push(peaks);
    }
    let of_method = |(i, method): (usize, MapMethod)| {
        let reference = |(label, scans): (&String, &Vec<Vec<Option<f32>>>)| {
            let peaks: Vec<f32> = scans.iter().filter_map(|peaks| peaks[i]).collect();
            let (n_scans, target) = (peaks.len(), label.clone());
            (n_scans > 0).then(|| PeakReference {
                method: method.name().to_owned(),
                target,
                p95: percentile(peaks),
                n_scans,
            })
        };
        by_label.iter().filter_map(reference).collect::<Vec<_>>()
    };
    Ok(MapMethod::ALL.into_iter().enumerate().flat_map(of_method).collect())
}

/// The value at the nearest rank of [`SHARE`]; `values` are not empty.
fn percentile(mut values: Vec<f32>) -> f32 {
    values.sort_by(f32::total_cmp);
    values.get(((values.len().max(1) - 1) as f64 * SHARE).round() as usize).copied().unwrap_or(0.)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::caption::Caption;

    #[test]
    fn the_percentile_is_that_of_the_nearest_rank() {
        assert_eq!(percentile((0..=100).rev().map(|v| v as f32).collect()), 95.);
        assert_eq!((percentile(vec![3.]), percentile(vec![2., 1.])), (3., 2.));
    }

    #[test]
    fn phantoms_count_only_where_there_are_no_real_scans() {
        let record = |source, i: usize| Record {
            path: "".into(),
            name: i.to_string(),
            source,
            patient: i.to_string(),
            label: "AMD".into(),
            caption: Caption::default(),
            annotated: vec![],
            boxes: vec![],
        };
        let phantoms: Vec<Record> = (0..3).map(|i| record(SourceKind::Phantom, i)).collect();
        let real: Vec<Record> = (0..2 * N_SCANS).map(|i| record(SourceKind::Octdl, i)).collect();
        let both: Vec<&Record> = phantoms.iter().chain(&real).collect();
        let chosen = scans(&both);
        assert!(chosen.len() == N_SCANS && chosen.iter().all(|r| r.source == SourceKind::Octdl));
        assert_eq!((chosen[0].name.as_str(), chosen[1].name.as_str()), ("0", "2"));
        assert_eq!(scans(&both[..3]).len(), 3);
    }
}
