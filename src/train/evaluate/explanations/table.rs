//! Figures of single scans become means with intervals over patients, by data set and by size of lesions.

use super::lesions::terciles;
use super::scanned::{Scanned, ScannedMap};
use crate::bundle::card::{Interval, LesionSize, MapFigure, MapMeasure, MethodMetrics};
use crate::train::data::record::{Record, SourceKind};
use crate::train::evaluate::reading::n_patients;
use crate::train::metrics::bootstrap;

/// Figures are kept to so many decimals: intervals are wider by far.
const N_DECIMALS: i32 = 4;

/// Rows of all scans and, of measures that depend on a lesion, of each tercile.
pub(super) fn rows(scans: &[Scanned<'_>], split: &str) -> Vec<MethodMetrics> {
    let mut rows = Vec::new();
    for source in SourceKind::ALL {
        let of_source: Vec<&Scanned<'_>> = scans.iter().filter(|s| s.record.source == source).collect();
        let sizes = terciles(&of_source.iter().map(|s| s.share).collect::<Vec<_>>());
        for size in LesionSize::ALL {
            let is_of_size = |of: &LesionSize| size == LesionSize::All || *of == size;
            let chosen: Vec<&Scanned<'_>> =
                of_source.iter().zip(&sizes).filter(|(_, of)| is_of_size(of)).map(|(s, _)| *s).collect();
            for kind in kinds(&chosen, size) {
                let maps: Vec<(&Record, &ScannedMap)> = chosen
                    .iter()
                    .filter_map(|s| Some((s.record, s.maps.iter().find(|map| (map.method, map.finding) == kind)?)))
                    .collect();
                let is_shown = |measure: &MapMeasure| size == LesionSize::All || measure.is_about_lesions();
                let measures = MapMeasure::ALL.into_iter().filter(is_shown);
                rows.push(MethodMetrics {
                    method: kind.0.to_owned(),
                    layer: maps.first().map(|(_, map)| map.layer.clone()).unwrap_or_default(),
                    set: source.name().to_owned(),
                    split: split.to_owned(),
                    lesions: size,
                    finding: kind.1.map(str::to_owned),
                    n_scans: maps.len(),
                    n_patients: n_patients(maps.iter().map(|(record, _)| *record)),
                    figures: measures.filter_map(|m| Some((m, figure(&maps, m)?))).collect(),
                });
            }
        }
    }
    rows
}

/// Methods and the findings that they explain, each once in the order in which scans have them; terciles are of maps of the
/// class alone.
fn kinds(scans: &[&Scanned<'_>], size: LesionSize) -> Vec<(&'static str, Option<&'static str>)> {
    let mut kinds = Vec::new();
    for map in scans.iter().flat_map(|s| &s.maps) {
        let kind = (map.method, map.finding);
        if !kinds.contains(&kind) && (size == LesionSize::All || map.finding.is_none()) {
            kinds.push(kind);
        }
    }
    // Stable: maps of the class come first, then those of each finding.
    kinds.sort_by_key(|(_, finding)| *finding);
    kinds
}

/// The mean of a measure over the scans on which it is defined.
fn figure(maps: &[(&Record, &ScannedMap)], measure: MapMeasure) -> Option<MapFigure> {
    let value = |(record, map): &(&Record, &ScannedMap)| {
        map.measured.get(&measure).map(|value| (record.patient.clone(), *value))
    };
    let (patients, values): (Vec<String>, Vec<f64>) = maps.iter().filter_map(value).unzip();
    let mean = |drawn: &[usize]| {
        (!drawn.is_empty()).then(|| drawn.iter().map(|i| values[*i]).sum::<f64>() / drawn.len() as f64)
    };
    let Interval { value, low, high } = bootstrap(&patients, mean)?;
    let rounded = |v: f64| (v * 10f64.powi(N_DECIMALS)).round() / 10f64.powi(N_DECIMALS);
    let interval = Interval { value: rounded(value), low: rounded(low), high: rounded(high) };
    Some(MapFigure { interval, n_scans: values.len() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::caption::Caption;

    fn record(source: SourceKind, patient: &str) -> Record {
        Record {
            path: "".into(),
            name: String::new(),
            source,
            patient: patient.into(),
            label: "AMD".into(),
            caption: Caption::default(),
            annotated: vec![],
            boxes: vec![],
        }
    }

    #[test]
    fn rows_are_means_by_data_set_and_size_of_lesions() {
        use MapMeasure::{Deletion, PointingGame};
        let records = [
            record(SourceKind::Kermany, "1"),
            record(SourceKind::Kermany, "1"),
            record(SourceKind::Kermany, "2"),
            record(SourceKind::Phantom, "1"),
        ];
        let scan = |i: usize, share, hit, deletion: Option<f64>| Scanned {
            record: &records[i],
            share,
            maps: [None, Some("drusen")]
                .into_iter()
                .take(if i == 1 { 2 } else { 1 })
                .map(|finding| ScannedMap {
                    method: "grad_cam",
                    layer: "layer4".to_owned(),
                    finding,
                    measured: [(PointingGame, hit)].into_iter().chain(deletion.map(|d| (Deletion, d))).collect(),
                })
                .collect(),
        };
        let scans = [
            scan(0, 0.3, 1., Some(0.25)),
            scan(1, 0.1, 0., None),
            scan(2, 0.2, 1., Some(0.5)),
            scan(3, 0.1, 1., Some(1.)),
        ];
        let rows = rows(&scans, "test");
        let is_of_all = |r: &&MethodMetrics| r.lesions == LesionSize::All && r.finding.is_none();
        let all = |set: &str| rows.iter().filter(is_of_all).find(|r| r.set == set).unwrap();
        let of_drusen: Vec<_> = rows.iter().filter(|r| r.finding.as_deref() == Some("drusen")).collect();
        assert_eq!((of_drusen.len(), of_drusen[0].n_scans, of_drusen[0].figures[&PointingGame].n_scans), (1, 1, 1));
        let kermany = all("kermany");
        assert_eq!((kermany.n_scans, kermany.n_patients, kermany.split.as_str()), (3, 2, "test"));
        let hits = kermany.figures[&PointingGame];
        assert_eq!((hits.interval.value, hits.n_scans), (0.6667, 3));
        assert!(hits.interval.low >= 0.5 && hits.interval.high == 1., "patients are drawn whole: {hits:?}");
        assert_eq!((kermany.figures[&Deletion].interval.value, kermany.figures[&Deletion].n_scans), (0.375, 2));
        assert_eq!(kermany.figures.get(&MapMeasure::Road), None);
        assert_eq!(all("phantom").figures[&Deletion].interval.value, 1.);
        let small = rows.iter().find(|r| r.set == "kermany" && r.lesions == LesionSize::Small).unwrap();
        assert_eq!((small.figures[&PointingGame].interval.value, small.figures.get(&Deletion)), (0., None));
        assert_eq!(rows.iter().filter(|r| r.set == "phantom").count(), 2, "all, and one scan is a tercile");
    }
}
