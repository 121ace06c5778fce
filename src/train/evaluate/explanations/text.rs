//! The table of maps as lines for a terminal.

use crate::bundle::card::{ExplanationMetrics, LesionSize, MapMeasure, MethodMetrics};
use crate::train::evaluate::format::figure;

/// Columns of a figure with its interval.
const WIDTH: usize = 20;

/// One table for each data set and group of lesions, a line for each measure, a column for each method.
pub(crate) fn lines(metrics: &ExplanationMetrics) -> Vec<String> {
    let mut lines = Vec::new();
    let table_of = |r: &MethodMetrics| (r.set.clone(), r.lesions, r.finding.clone());
    let mut tables: Vec<_> = metrics.methods.iter().map(table_of).collect();
    tables.dedup();
    for table in tables {
        let rows: Vec<&MethodMetrics> = metrics.methods.iter().filter(|r| table_of(r) == table).collect();
        let (set, size, finding) = &table;
        let of = match (finding, size) {
            (Some(finding), _) => format!("maps of {finding}"),
            (None, LesionSize::All) => "all lesions".to_owned(),
            (None, _) => format!("the {} third of lesions", size.name()),
        };
        let (n_scans, n_patients) = (rows[0].n_scans, rows[0].n_patients);
        lines.push(format!("heatmaps, {set} ({}), {of}: {n_scans} scans of {n_patients} patients", rows[0].split));
        let titles: Vec<String> = rows.iter().map(|row| format!("{:>WIDTH$}", row.method)).collect();
        lines.push(format!("  {:26}{}", "", titles.join(" ")));
        for measure in MapMeasure::ALL {
            let cell = |row: &&MethodMetrics| figure(row.figures.get(&measure).map(|f| f.interval));
            if rows.iter().any(|row| row.figures.contains_key(&measure)) {
                let cells: Vec<String> = rows.iter().map(|row| format!("{:>WIDTH$}", cell(row))).collect();
                lines.push(format!("  {:26}{}", title(measure), cells.join(" ")));
            }
        }
    }
    for peak in &metrics.peaks {
        let (method, target, p95, n_scans) = (&peak.method, &peak.target, peak.p95, peak.n_scans);
        lines.push(format!("95th percentile of the peak of {method} for {target}: {p95:.4}, {n_scans} scans"));
    }
    if !metrics.rule.is_empty() {
        lines.push(format!("default method: {}. {}", metrics.default, metrics.rule));
    }
    lines
}

fn title(measure: MapMeasure) -> &'static str {
    match measure {
        MapMeasure::PointingGame => "pointing game",
        MapMeasure::PointingGameHalfCell => "  half a cell wider",
        MapMeasure::EnergyInBox => "energy in boxes",
        MapMeasure::BestIou => "IoU, best threshold",
        MapMeasure::RelevanceMass => "relevance mass",
        MapMeasure::RelevanceRank => "relevance rank",
        MapMeasure::EnergyInRetina => "energy in retina",
        MapMeasure::Deletion => "deletion, low is good",
        MapMeasure::Insertion => "insertion",
        MapMeasure::OverRandomOrder => "insertion less deletion",
        MapMeasure::Road => "ROAD",
        MapMeasure::MaxSensitivity => "max-sensitivity, low",
        MapMeasure::RandomHead => "random head, low",
        MapMeasure::RandomLastStage => "random last stage, low",
    }
}
