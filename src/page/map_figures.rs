//! How the heatmaps of each method were measured, as tables of the model's card. Knows no language.

use crate::bundle::card::{CENTRE, ExplanationMetrics, LesionSize, MapMeasure, MethodMetrics, RANDOM};
use crate::page::card::Source;
use crate::report::MapMethod;

/// The columns of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Column {
    /// Share of maps whose peak lies on a lesion, or half a cell beside it.
    PeakOnLesion,
    /// Share of the heat that lies in lesions.
    HeatInLesions,
    /// How much more the answer depends on the hottest parts than on random ones.
    OverRandomOrder,
    /// How alike the map is to that of a model with random weights.
    LikeRandomWeights,
}

impl Column {
    /// All, in the order in which they are shown.
    pub const ALL: [Self; 4] =
        [Self::PeakOnLesion, Self::HeatInLesions, Self::OverRandomOrder, Self::LikeRandomWeights];

    fn measure(self) -> MapMeasure {
        match self {
            Self::PeakOnLesion => MapMeasure::PointingGameHalfCell,
            Self::HeatInLesions => MapMeasure::RelevanceMass,
            Self::OverRandomOrder => MapMeasure::OverRandomOrder,
            Self::LikeRandomWeights => MapMeasure::RandomLastStage,
        }
    }
}

/// What a row is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RowName {
    /// A method.
    Method(MapMethod),
    /// A map of random values.
    Random,
    /// A map that is largest at the centre.
    Centre,
}

impl RowName {
    fn of(method: &str) -> Option<Self> {
        match method {
            RANDOM => Some(Self::Random),
            CENTRE => Some(Self::Centre),
            method => MapMethod::from_name(method).map(Self::Method),
        }
    }
}

/// A method and its figures.
#[derive(Clone, Debug, PartialEq)]
pub struct MapRow {
    /// Which.
    pub name: RowName,
    /// Whether it is the method that the rule picked on validation patients.
    pub is_picked: bool,
    /// Its figures, by [`Column::ALL`].
    pub figures: [Option<f64>; 4],
}

/// The figures on one set of scans.
#[derive(Clone, Debug, PartialEq)]
pub struct MapTable {
    /// Whose scans they are.
    pub source: Source,
    /// Scans with lesions that were measured.
    pub n_scans: usize,
    /// Their patients.
    pub n_patients: usize,
    /// The methods, then the controls.
    pub rows: Vec<MapRow>,
}

/// A table for each set of scans, of maps of the class and lesions of every size; methods that this page does not know are left
/// out.
pub fn map_tables(metrics: &ExplanationMetrics) -> Vec<MapTable> {
    let mut tables: Vec<(&str, MapTable)> = Vec::new();
    let of_class = |row: &&MethodMetrics| row.lesions == LesionSize::All && row.finding.is_none();
    for row in metrics.methods.iter().filter(of_class) {
        let Some(name) = RowName::of(&row.method) else { continue };
        let figure = |column: Column| row.figures.get(&column.measure()).map(|figure| figure.interval.value);
        let is_picked = !metrics.rule.is_empty() && row.method == metrics.default;
        let shown = MapRow { name, is_picked, figures: Column::ALL.map(figure) };
        match tables.iter_mut().find(|(set, _)| *set == row.set) {
            Some((_, table)) => table.rows.push(shown),
            None => {
                let source = Source::of(&row.set, None);
                let (n_scans, n_patients) = (row.n_scans, row.n_patients);
                tables.push((&row.set, MapTable { source, n_scans, n_patients, rows: vec![shown] }));
            }
        }
    }
    tables.into_iter().map(|(_, table)| table).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::bundle::card::{Interval, MapFigure};

    fn row(method: &str, set: &str, lesions: LesionSize, finding: Option<&str>) -> MethodMetrics {
        let interval = Interval { value: 0.75, low: 0.5, high: 1. };
        MethodMetrics {
            method: method.to_owned(),
            layer: String::new(),
            set: set.to_owned(),
            split: "test".to_owned(),
            lesions,
            finding: finding.map(str::to_owned),
            n_scans: 4,
            n_patients: 3,
            figures: BTreeMap::from([(MapMeasure::PointingGameHalfCell, MapFigure { interval, n_scans: 4 })]),
        }
    }

    #[test]
    fn every_set_has_a_table_of_its_methods_and_controls() {
        let methods = vec![
            row("grad_cam", "kermany", LesionSize::All, None),
            row("grad_cam", "kermany", LesionSize::Small, None),
            row("grad_cam", "kermany", LesionSize::All, Some("drusen")),
            row("of_the_future", "kermany", LesionSize::All, None),
            row(RANDOM, "kermany", LesionSize::All, None),
            row("occlusion", "phantom", LesionSize::All, None),
        ];
        let (default, rule) = ("grad_cam".to_owned(), "the best".to_owned());
        let mut metrics = ExplanationMetrics { methods, peaks: vec![], default, rule };
        let tables = map_tables(&metrics);
        let names: Vec<Vec<RowName>> = tables.iter().map(|t| t.rows.iter().map(|row| row.name).collect()).collect();
        assert_eq!(
            names,
            [vec![RowName::Method(MapMethod::GradCam), RowName::Random], vec![RowName::Method(MapMethod::Occlusion)]]
        );
        assert_eq!(tables[0].rows[0].figures, [Some(0.75), None, None, None]);
        assert_eq!(tables[0].rows.iter().map(|row| row.is_picked).collect::<Vec<_>>(), [true, false]);
        metrics.rule.clear();
        assert!(!map_tables(&metrics)[0].rows[0].is_picked, "nothing was picked without validation scans");
    }
}
