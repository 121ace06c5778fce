//! The rule that picks the default method, written down before any figure was measured but for one condition, that of time: see
//! `docs/explanations.md`.

use crate::bundle::card::{LesionSize, MapMeasure, MethodMetrics};
use crate::report::MapMethod;
use crate::train::data::record::SourceKind;

/// The largest mean rank correlation that a map may keep with that of a model whose last stage is random.
const MAX_RANDOM_AGREEMENT: f64 = 0.5;

/// The rule as one sentence, for the weights file. Its figures are those of the code below.
pub(crate) const RULE: &str = "On validation patients, of the methods that do not ask the model about dozens of changed scans, \
    whose insertion less deletion is above 0 with its whole 95 % interval and whose mean rank correlation with the map of a \
    random last stage is below 0.5, on every data set of real scans, the one whose peak lies in an outlined lesion most often, \
    averaged over these data sets; of equal ones the one with the larger relevance rank accuracy; without such a method, the \
    paper's GradCAM.";

/// What the rule picks from figures of validation patients; the paper's method if none is good enough or nothing was measured
/// on real scans.
pub(super) fn pick(rows: &[MethodMetrics]) -> MapMethod {
    let is_real = |row: &&MethodMetrics| {
        row.set != SourceKind::Phantom.name() && row.lesions == LesionSize::All && row.finding.is_none()
    };
    let standing = |method: MapMethod| {
        let of: Vec<&MethodMetrics> = rows.iter().filter(is_real).filter(|row| row.method == method.name()).collect();
        let is_faithful = |row: &&MethodMetrics| {
            row.figures.get(&MapMeasure::OverRandomOrder).is_some_and(|f| f.interval.low > 0.)
                && row
                    .figures
                    .get(&MapMeasure::RandomLastStage)
                    .is_some_and(|f| f.interval.value < MAX_RANDOM_AGREEMENT)
        };
        let mean = |measure| {
            let values = of.iter().filter_map(|row| row.figures.get(&measure)).map(|f| f.interval.value);
            values.sum::<f64>() / of.len() as f64
        };
        let good_enough = !of.is_empty() && of.iter().all(is_faithful);
        good_enough.then(|| (mean(MapMeasure::PointingGame), mean(MapMeasure::RelevanceRank)))
    };
    // A default is waited for with every scan, so it must not take longer than the answer. From the last, so that of equal ones
    // the first is kept.
    let quick = MapMethod::ALL.into_iter().rev().filter(|method| !method.asks_often());
    let candidates = quick.filter_map(|method| Some((standing(method)?, method)));
    let better = |a: &(f64, f64), b: &(f64, f64)| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1));
    candidates.max_by(|a, b| better(&a.0, &b.0)).map_or(MapMethod::GradCam, |(_, method)| method)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bundle::card::{Interval, MapFigure};

    fn row(method: MapMethod, set: &str, hits: f64, low: f64, random: f64) -> MethodMetrics {
        let figure = |value, low| MapFigure { interval: Interval { value, low, high: 1. }, n_scans: 9 };
        MethodMetrics {
            method: method.name().to_owned(),
            layer: "layer4".to_owned(),
            set: set.to_owned(),
            split: "val".to_owned(),
            lesions: LesionSize::All,
            finding: None,
            n_scans: 9,
            n_patients: 9,
            figures: [
                (MapMeasure::PointingGame, figure(hits, 0.)),
                (MapMeasure::RelevanceRank, figure(hits, 0.)),
                (MapMeasure::OverRandomOrder, figure(0.2, low)),
                (MapMeasure::RandomLastStage, figure(random, -1.)),
            ]
            .into(),
        }
    }

    #[test]
    fn the_method_that_points_best_among_the_faithful_ones_is_picked() {
        let (first, last) = (MapMethod::GradCam, MapMethod::LayerCam);
        let rows = |low, random| [row(first, "kermany", 0.5, 0.1, 0.2), row(last, "kermany", 0.8, low, random)];
        assert_eq!(pick(&rows(0.1, 0.2)), last);
        // No better than a random order, or blind to what the model has learned.
        assert_eq!((pick(&rows(0., 0.2)), pick(&rows(0.1, 0.6))), (first, first));
        // Not on every data set, and phantoms do not count.
        let twice = [row(first, "octdl", 0.1, 0.1, 0.2), row(last, "octdl", 0.9, 0., 0.2)];
        assert_eq!(pick(&[rows(0.1, 0.2), twice].concat()), first);
        let phantoms = [row(first, "phantom", 1., 0.1, 0.2), row(last, "phantom", 0., 0., 0.9)];
        assert_eq!(pick(&[rows(0.1, 0.2), phantoms].concat()), last);
        // Nor does a method that is waited for.
        let slow = [row(MapMethod::GScoreCam, "kermany", 0.9, 0.1, 0.2)];
        assert_eq!(pick(&[rows(0.1, 0.2).as_slice(), &slow].concat()), last);
    }

    #[test]
    fn without_a_faithful_method_the_papers_is_kept() {
        assert_eq!(pick(&[]), MapMethod::GradCam);
        assert_eq!(pick(&MapMethod::ALL.map(|m| row(m, "kermany", 1., -0.1, 0.))), MapMethod::GradCam);
        assert_eq!(pick(&MapMethod::ALL.map(|m| row(m, "phantom", 1., 0.1, 0.))), MapMethod::GradCam);
        assert_eq!(pick(&MapMethod::ALL.map(|m| row(m, "kermany", 1., 0.1, 0.))), MapMethod::ALL[0]);
        assert!(RULE.contains(&MAX_RANDOM_AGREEMENT.to_string()));
    }
}
