//! What answers like the shown one turned out to be on held-back patients, by source of scans. The figures are those of the
//! weights file; where it has none, there is nothing to say.

use crate::bundle::card::{AnswerBand, ModelCard};
use crate::page::card::{Device, Source};
use crate::page::numbers::probability_of_label;
use crate::report::{Report, WarningKind};

/// Below so many scans a percentage would claim too much.
pub const MIN_SCANS: usize = 10;

/// What answers like one turned out to be.
#[derive(Clone, Debug, PartialEq)]
pub struct TrackRecord {
    /// The class that is answered.
    pub label: String,
    /// The band of its probability, from and to.
    pub probability: [f32; 2],
    /// Whether there is a warning with it.
    pub is_warned: bool,
    /// By source of scans, in the order of the card.
    pub rows: Vec<Row>,
}

/// What answers like one turned out to be on the scans of one source.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// Whose scans.
    pub source: Source,
    /// Scans answered so, of classes that the model knows.
    pub n_scans: usize,
    /// Of these, those that the answer was right about.
    pub n_right: usize,
    /// Scans answered so of diseases that the model does not know; none where none was measured.
    pub n_other_diseases: Option<usize>,
}

impl Row {
    fn new(source: Source, band: &AnswerBand) -> Self {
        let AnswerBand { n_scans, n_right, n_other_diseases, .. } = *band;
        Self { source, n_scans, n_right, n_other_diseases }
    }

    /// Share of right answers in percent; none where there are too few to say.
    pub fn percent_right(&self) -> Option<f64> {
        (self.n_scans >= MIN_SCANS).then(|| 100. * self.n_right as f64 / self.n_scans as f64)
    }
}

/// What answers like that of `report` turned out to be, by the figures of `card` in the precision that answers. None where the
/// card has no such figures, and of what is not a scan, about which there is no answer. Scans that a program drew are left
/// out: they say nothing about patients.
pub fn track_record(card: &ModelCard, report: &Report) -> Option<TrackRecord> {
    let metrics = card.metrics.as_ref().filter(|_| report.warning.kind != WarningKind::NotAScan)?;
    let (label, probability) = (&report.image.label, probability_of_label(&report.image));
    let is_warned = !report.warning.is_none();
    let mut band_of_answer = None;
    let mut rows = Vec::new();
    for (kind, figures) in metrics.at(card.precision) {
        let source = Source::of(kind, figures.device.as_deref());
        let band = figures.answers.iter().find(|band| band.holds(label, probability, is_warned));
        if let Some(band) = band.filter(|_| source.device != Device::Simulated) {
            band_of_answer = Some(band.probability);
            rows.push(Row::new(source, band));
        }
    }
    Some(TrackRecord { label: label.clone(), probability: band_of_answer?, is_warned, rows })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::bundle::card::{Drift, Figures, HeadFigures, Metrics, Split};
    use crate::page::fixtures::{card, report, warning};
    use crate::report::Doubt;

    fn figures(answers: Vec<AnswerBand>) -> Figures {
        let head = HeadFigures {
            accuracy: None,
            sensitivity: None,
            specificity: None,
            balanced_accuracy: None,
            auroc: None,
            macro_auroc: None,
        };
        Figures {
            n_scans: 100,
            n_patients: 50,
            device: None,
            image: head.clone(),
            text: head,
            answers,
            findings_keep_label: 1.,
            class_word_share: None,
            condition: None,
            lesions: None,
        }
    }

    fn band(label: &str, probability: [f32; 2], is_warned: bool, n_scans: usize, n_right: usize) -> AnswerBand {
        let n_other_diseases = Some(3);
        AnswerBand { label: label.into(), probability, is_warned, n_scans, n_right, n_patients: 5, n_other_diseases }
    }

    /// A card with figures of three sources, one of them drawn by a program.
    fn card_with_figures() -> ModelCard {
        let sure = |n_scans, n_right| band("AMD", [0.9, 1.], false, n_scans, n_right);
        let sources = BTreeMap::from([
            ("kermany".to_owned(), figures(vec![sure(50, 45), band("AMD", [0.9, 1.], true, 20, 4)])),
            ("octdl".to_owned(), figures(vec![sure(4, 3), band("healthy", [0.9, 1.], false, 40, 40)])),
            ("phantom".to_owned(), figures(vec![sure(90, 90)])),
        ]);
        let drift = Drift { auroc_change: None, heatmap_pearson: None, label_agreement: 1., word_spearman: None };
        let metrics = Metrics { drift, float: BTreeMap::new(), int8: sources, split: Split::Test };
        ModelCard { metrics: Some(metrics), ..card("m") }
    }

    #[test]
    fn answers_of_the_same_kind_are_told_by_device() {
        let record = track_record(&card_with_figures(), &report("AMD")).unwrap();
        assert_eq!((record.label.as_str(), record.probability, record.is_warned), ("AMD", [0.9, 1.], false));
        let rows: Vec<_> = record.rows.iter().map(|row| (row.source.data_set.as_str(), row.percent_right())).collect();
        assert_eq!(rows, [("Kermany", Some(90.)), ("OCTDL", None)], "of four scans there is no percentage");
        assert_eq!(record.rows[1].n_right, 3);
    }

    #[test]
    fn an_answer_with_a_warning_is_compared_with_such() {
        let mut warned = report("AMD");
        warned.warning = warning(&[Doubt::CaptionFar]);
        let record = track_record(&card_with_figures(), &warned).unwrap();
        assert_eq!((record.is_warned, record.rows.len(), record.rows[0].percent_right()), (true, 1, Some(20.)));
        warned.warning = warning(&[Doubt::Noise]);
        assert_eq!(track_record(&card_with_figures(), &warned), None);
    }

    #[test]
    fn a_card_without_such_figures_says_nothing() {
        assert_eq!(track_record(&card("m"), &report("AMD")), None);
        let mut older = card_with_figures();
        older.metrics.iter_mut().flat_map(|m| m.int8.values_mut()).for_each(|figures| figures.answers.clear());
        assert_eq!(track_record(&older, &report("AMD")), None);
    }
}
