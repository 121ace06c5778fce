//! How faithful heatmaps are: a table for each data set, and one of the maps of single findings.

use maud::{Markup, html};

use super::numbers::figure;
use super::tables::{Row, table};
use crate::bundle::card::{CENTRE, ExplanationMetrics, LesionSize, MapMeasure, MethodMetrics, RANDOM};

/// A measure as the heading of a column.
fn title(measure: MapMeasure) -> &'static str {
    match measure {
        MapMeasure::PointingGame => "Peak in a lesion",
        MapMeasure::PointingGameHalfCell => "Half a cell wider",
        MapMeasure::EnergyInBox => "Energy in boxes",
        MapMeasure::BestIou => "Best IoU",
        MapMeasure::RelevanceMass => "Relevance mass",
        MapMeasure::RelevanceRank => "Relevance rank",
        MapMeasure::EnergyInRetina => "Energy in retina",
        MapMeasure::Deletion => "Deletion ↓",
        MapMeasure::Insertion => "Insertion",
        MapMeasure::OverRandomOrder => "Insertion less deletion",
        MapMeasure::Road => "ROAD",
        MapMeasure::MaxSensitivity => "Max-sensitivity ↓",
        MapMeasure::RandomHead => "Like a random head's ↓",
        MapMeasure::RandomLastStage => "Like a random last stage's ↓",
    }
}

/// The section on heatmaps.
pub(super) fn section(metrics: &ExplanationMetrics) -> Markup {
    let mut sets: Vec<&str> = metrics.methods.iter().map(|row| row.set.as_str()).collect();
    sets.dedup();
    html! {
        section {
            h2 { "How faithful are the heatmaps?" }
            p {
                "Each map is of the scan's own class, whatever the head answers, on scans with outlined lesions. A method that \
                 is no better than the map of the centre has found nothing that the centre does not hold. ↓: lower is better."
            }
            @if !metrics.rule.is_empty() {
                p { "The rule picks " b { (metrics.default) } ". " (metrics.rule) }
            }
            @for set in sets { (of_set(set, metrics)) }
        }
    }
}

fn of_set(set: &str, metrics: &ExplanationMetrics) -> Markup {
    let rows = |is_shown: &dyn Fn(&MethodMetrics) -> bool, measures: &[MapMeasure]| {
        let columns: Vec<&str> =
            ["", "Scans", "Patients"].into_iter().chain(measures.iter().copied().map(title)).collect();
        let row = |of: &MethodMetrics| {
            let counts = [of.n_scans, of.n_patients].map(|n| html! { (n) });
            let figures = measures.iter().map(|measure| figure(of.figures.get(measure).map(|f| f.interval)));
            Row::new(name(of), counts.into_iter().chain(figures))
        };
        let shown: Vec<Row> = metrics.methods.iter().filter(|of| of.set == set && is_shown(of)).map(row).collect();
        (!shown.is_empty()).then(|| table(&columns, shown))
    };
    let of_lesions: Vec<MapMeasure> =
        MapMeasure::ALL.into_iter().filter(|measure| measure.is_about_lesions()).collect();
    let all = rows(&|of| of.finding.is_none() && of.lesions == LesionSize::All, &MapMeasure::ALL);
    let by_size = rows(&|of| of.finding.is_none() && of.lesions != LesionSize::All, &of_lesions);
    let of_findings = rows(&|of| of.finding.is_some() && of.lesions == LesionSize::All, &of_lesions);
    html! {
        h3 { (set) }
        @if let Some(all) = all { (all) }
        @if let Some(by_size) = by_size {
            details { summary { "By size of the lesions" } (by_size) }
        }
        @if let Some(of_findings) = of_findings {
            details { summary { "Maps of single findings" } (of_findings) }
        }
    }
}

/// What a row is about.
fn name(of: &MethodMetrics) -> Markup {
    let method = match of.method.as_str() {
        RANDOM => "random values",
        CENTRE => "the centre",
        method => method,
    };
    html! {
        (method)
        @if let Some(finding) = &of.finding { ", " (finding) }
        @if of.lesions != LesionSize::All { ", " (of.lesions.name()) }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::bundle::card::{Interval, MapFigure};

    #[test]
    fn every_row_of_a_data_set_stands_in_one_of_its_tables() {
        let row = |method: &str, lesions, finding: Option<&str>, value| MethodMetrics {
            method: method.to_owned(),
            layer: String::new(),
            set: "kermany".to_owned(),
            split: "test".to_owned(),
            lesions,
            finding: finding.map(str::to_owned),
            n_scans: 4,
            n_patients: 3,
            figures: BTreeMap::from([(
                MapMeasure::PointingGame,
                MapFigure { interval: Interval { value, low: value, high: value }, n_scans: 4 },
            )]),
        };
        let metrics = ExplanationMetrics {
            methods: vec![
                row("grad_cam", LesionSize::All, None, 0.125),
                row("grad_cam", LesionSize::Small, None, 0.25),
                row("local", LesionSize::All, Some("fluid"), 0.375),
                row(RANDOM, LesionSize::All, None, 0.5),
            ],
            peaks: vec![],
            default: "grad_cam".to_owned(),
            rule: "The best <one>.".to_owned(),
        };
        let page = section(&metrics).into_string();
        for shown in ["0.125", "0.250", "0.375", "0.500", "grad_cam, small", "local, fluid", "The best &lt;one&gt;."] {
            assert!(page.contains(shown), "{shown}");
        }
        assert_eq!(page.matches("<table>").count(), 3);
    }
}
