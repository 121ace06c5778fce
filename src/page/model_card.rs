//! The model card for people: what a model is for, what it was trained and measured on, and what it cannot do. Patients are
//! counted, never listed. [`chai`] has the same for machines.

pub mod chai;

use std::collections::BTreeMap;

use crate::bundle::card::{ModelCard, Split, Training};
use crate::page::card::Source;
use crate::page::numbers::percent_text;

/// A set of training data.
#[derive(Clone, Debug, PartialEq)]
pub struct DataRow {
    /// The set and its device.
    pub source: Source,
    /// What to cite, with its licence.
    pub citation: String,
    /// Patients to train, to choose and to measure on; none where no split is recorded.
    pub patients: Option<[usize; 3]>,
    /// Scans of the figures, in the precision in which the model answers.
    pub n_scans_measured: Option<usize>,
}

/// The sets of a model's data, each with its patients by part.
pub fn data_rows(card: &ModelCard) -> Vec<DataRow> {
    let patients = patients_by_set(&card.training);
    let figures = card.metrics.as_ref().map(|metrics| metrics.at(card.precision));
    let row = |(kind, citation): (&String, &String)| {
        let measured = figures.and_then(|figures| figures.get(kind));
        DataRow {
            source: Source::of(kind, measured.and_then(|figures| figures.device.as_deref())),
            citation: citation.clone(),
            patients: card.training.splits.is_some().then(|| patients.get(kind).copied().unwrap_or_default()),
            n_scans_measured: measured.map(|figures| figures.n_scans),
        }
    };
    card.training.data.iter().map(row).collect()
}

/// Patients to train, to choose and to measure on, by set.
pub fn patients_by_set(training: &Training) -> BTreeMap<String, [usize; 3]> {
    let mut counts = BTreeMap::<String, [usize; 3]>::new();
    for (patient, split) in training.splits.iter().flat_map(|splits| &splits.patients) {
        let set = patient.split_once('/').map_or(patient.as_str(), |(set, _)| set);
        let at = match split {
            Split::Train => 0,
            Split::Val => 1,
            Split::Test => 2,
        };
        // A clone only for the first patient of a set.
        match counts.get_mut(set) {
            Some(of) => of[at] += 1,
            None => counts.entry(set.to_owned()).or_default()[at] += 1,
        }
    }
    counts
}

/// How far 8-bit integers are from floats: the share of scans with the same answer, and the correlation of heatmaps.
pub fn drift_figures(card: &ModelCard) -> Option<(String, Option<String>)> {
    let drift = &card.metrics.as_ref()?.drift;
    Some((percent_text(drift.label_agreement), drift.heatmap_pearson.map(|pearson| format!("{pearson:.3}"))))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::bundle::card::{Drift, Figures, HeadFigures, Interval, Metrics, ModelInput, Splits};
    use crate::page::card::Device;
    use crate::page::fixtures::card;

    /// A card with patients of two sets, one of which was measured.
    pub(crate) fn full_card() -> ModelCard {
        let interval = Some(Interval { value: 0.9, low: 0.8, high: 0.95 });
        let head = HeadFigures { auroc: interval, accuracy: interval, ..HeadFigures::default() };
        let figures = Figures {
            n_scans: 40,
            n_patients: 20,
            device: Some("Optovue Avanti RTVue XR".into()),
            image: head.clone(),
            text: head,
            answers: vec![],
            findings_keep_label: 1.,
            class_word_share: None,
            condition: None,
            lesions: None,
        };
        let drift =
            Drift { auroc_change: None, heatmap_pearson: Some(0.9991), label_agreement: 0.998, word_spearman: None };
        let by_source = BTreeMap::from([("octdl".to_owned(), figures)]);
        let patients = [
            ("octdl/secret-17", Split::Train),
            ("octdl/secret-18", Split::Train),
            ("octdl/secret-19", Split::Test),
            ("phantom/1", Split::Val),
        ];
        let data = [("octdl", "OCTDL, CC BY 4.0"), ("phantom", "drawn")];
        let mut card = card("m");
        card.licence = "CC BY 4.0".into();
        card.input = Some(ModelInput { height: 192, width: 384, contrast_percentiles: [2., 99.5], is_cleaned: true });
        card.metrics = Some(Metrics { drift, float: by_source.clone(), int8: by_source, split: Split::Test });
        card.training = Training {
            data: data.map(|(set, citation)| (set.to_owned(), citation.to_owned())).into(),
            settings: [("epochs".to_owned(), serde_json::json!(12))].into(),
            splits: Some(Splits {
                seed: 42,
                fractions: [0.7, 0.1, 0.2],
                patients: patients.map(|(patient, split)| (patient.to_owned(), split)).into(),
            }),
            ..Training::default()
        };
        card
    }

    #[test]
    fn patients_are_counted_by_set_and_part() {
        let rows = data_rows(&full_card());
        assert_eq!(rows.len(), 2);
        assert_eq!((rows[0].patients, rows[0].n_scans_measured), (Some([2, 0, 1]), Some(40)));
        assert_eq!(rows[0].source.device, Device::Scanner("Optovue Avanti RTVue XR".into()));
        assert_eq!((rows[1].patients, rows[1].n_scans_measured), (Some([0, 1, 0]), None));
        assert_eq!(rows[1].source.device, Device::Simulated);
        assert_eq!(data_rows(&card("m")), []);
    }

    #[test]
    fn drift_is_told_only_where_it_was_measured() {
        assert_eq!(drift_figures(&full_card()), Some(("99.8 %".into(), Some("0.999".into()))));
        assert_eq!(drift_figures(&card("m")), None);
    }
}
