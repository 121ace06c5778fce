//! Figures of single scans become means with intervals over patients, by data set and by size of lesions.

use super::lesions::terciles;
use super::scanned::Scanned;
use crate::bundle::card::{Interval, LesionSize, MapFigure, MapMeasure, MethodMetrics};
use crate::train::data::record::SourceKind;
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
            let Some(first) = chosen.first() else { continue };
            for (i, (method, layer, _)) in first.maps.iter().enumerate() {
                let is_shown = |measure: &MapMeasure| size == LesionSize::All || measure.is_about_lesions();
                let measures = MapMeasure::ALL.into_iter().filter(is_shown);
                rows.push(MethodMetrics {
                    method: (*method).to_owned(),
                    layer: layer.clone(),
                    set: source.name().to_owned(),
                    split: split.to_owned(),
                    lesions: size,
                    finding: None,
                    n_scans: chosen.len(),
                    n_patients: n_patients(chosen.iter().map(|s| s.record)),
                    figures: measures.filter_map(|m| Some((m, figure(&chosen, i, m)?))).collect(),
                });
            }
        }
    }
    rows
}

/// The mean of a measure over the scans on which it is defined.
fn figure(scans: &[&Scanned<'_>], map: usize, measure: MapMeasure) -> Option<MapFigure> {
    let value = |s: &&Scanned<'_>| Some((s.record.patient.clone(), *s.maps[map].2.get(&measure)?));
    let (patients, values): (Vec<String>, Vec<f64>) = scans.iter().filter_map(value).unzip();
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
    use crate::train::data::record::Record;

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
            maps: vec![(
                "grad_cam",
                "layer4".to_owned(),
                [(PointingGame, hit)].into_iter().chain(deletion.map(|d| (Deletion, d))).collect(),
            )],
        };
        let scans = [
            scan(0, 0.3, 1., Some(0.25)),
            scan(1, 0.1, 0., None),
            scan(2, 0.2, 1., Some(0.5)),
            scan(3, 0.1, 1., Some(1.)),
        ];
        let rows = rows(&scans, "test");
        let all = |set: &str| rows.iter().find(|r| r.set == set && r.lesions == LesionSize::All).unwrap();
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
