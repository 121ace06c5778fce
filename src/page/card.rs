//! The figures and notes of a model card as rows of a table. Pure: knows no DOM and no language.

use serde_json::Value;

use crate::bundle::card::{Drift, Figures, Interval, Measure, Metrics, Split, Splits, Training, WeightPrecision};

/// One measure of both heads.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// Which.
    pub measure: Measure,
    /// The image head's.
    pub image: Option<Interval>,
    /// The text head's.
    pub text: Option<Interval>,
}

/// The figures of one source of scans.
#[derive(Clone, Debug, PartialEq)]
pub struct Section {
    /// Precision and source: `int8 · octdl`.
    pub name: String,
    /// Both heads' measures; those that neither head has are left out.
    pub rows: Vec<Row>,
    /// Scans that were judged.
    pub n_scans: usize,
    /// Their patients.
    pub n_patients: usize,
    /// The other figures: name and value.
    pub notes: Vec<Note>,
}

/// A name and a value in words.
pub type Note = (String, String);

/// The figures of both precisions, those of `first`, in which the model answers here, first.
pub fn sections(metrics: &Metrics, first: WeightPrecision) -> Vec<Section> {
    let of = |precision: WeightPrecision| {
        let name = |source| format!("{} · {source}", precision.name());
        metrics.at(precision).iter().map(|(source, figures)| section(name(source), figures)).collect::<Vec<_>>()
    };
    let mut precisions = WeightPrecision::ALL;
    precisions.sort_by_key(|precision| *precision != first);
    precisions.map(of).concat()
}

fn section(name: String, figures: &Figures) -> Section {
    let heads = [&figures.image, &figures.text];
    let row = |measure: Measure| {
        let [image, text] = heads.map(|head| head.get(measure));
        (image.is_some() || text.is_some()).then_some(Row { measure, image, text })
    };
    // With two classes the mean over classes is the one area that there is.
    let is_repeated =
        |measure| measure == Measure::MacroAuroc && heads.iter().all(|head| head.macro_auroc == head.auroc);
    let rows = Measure::ALL.into_iter().filter(|measure| !is_repeated(*measure)).filter_map(row).collect();
    let mut notes = Vec::new();
    let mut add = |name: &str, value: Option<String>| notes.extend(value.map(|value| (name.to_owned(), value)));
    add("device", figures.device.clone());
    add("findings keep label", Some(significant(figures.findings_keep_label)));
    add("class word share", figures.class_word_share.map(significant));
    if let Some(condition) = &figures.condition {
        add("condition, accuracy", condition.accuracy.map(with_interval));
        add("condition, balanced accuracy", condition.balanced_accuracy.map(with_interval));
    }
    if let Some(lesions) = &figures.lesions {
        add("lesions, micro F1", Some(significant(lesions.micro_f1)));
        add("lesions, macro F1", Some(significant(lesions.macro_f1)));
        add("drusen and fluid, micro F1", lesions.drusen_fluid_f1.map(significant));
        add("lesions, pointing game", lesions.pointing_game.map(significant));
        add("lesions, pointing game, by chance", lesions.pointing_game_chance.map(significant));
        add("lesions, pointing game, half a cell", lesions.pointing_game_half_cell.map(significant));
        add("lesions, pointing game, half a cell, by chance", lesions.pointing_game_half_cell_chance.map(significant));
    }
    Section { name, rows, n_scans: figures.n_scans, n_patients: figures.n_patients, notes }
}

/// How far 8-bit integers are from floats.
pub fn drift_notes(drift: &Drift) -> Vec<Note> {
    let figures = [
        ("AUROC, integers minus floats", drift.auroc_change),
        ("heatmaps, correlation", drift.heatmap_pearson),
        ("labels, share that agrees", Some(drift.label_agreement)),
        ("words, rank correlation", drift.word_spearman),
    ];
    figures.into_iter().filter_map(|(name, value)| Some((name.to_owned(), significant(value?)))).collect()
}

/// Data, splits and settings of a training; patients are counted, not listed.
pub fn training_notes(training: &Training) -> Vec<Note> {
    let mut notes: Vec<Note> =
        training.data.iter().map(|(source, citation)| (format!("data, {source}"), citation.clone())).collect();
    let mut add = |name: &str, value: String| notes.push((name.to_owned(), value));
    if let Some(start) = &training.start {
        add("start", format!("{} ({}), SHA-256 {}", start.file, start.format, start.sha256));
    }
    if let Some(splits) = &training.splits {
        add("patients", patients(splits));
    }
    if let Some(temperatures) = &training.calibration {
        let heads = [("image", temperatures.image), ("text", temperatures.text)];
        let of_heads = heads.into_iter().filter_map(|(head, t)| Some(format!("{head} {}", significant(t?))));
        let on = std::iter::once(format!("on {} scans", temperatures.n_scans));
        add("temperatures", of_heads.chain(on).collect::<Vec<_>>().join(", "));
    }
    let settings =
        training.settings.iter().filter_map(|(name, value)| Some((name.replace('_', " "), in_words(value)?)));
    notes.extend(settings);
    notes
}

fn patients(splits: &Splits) -> String {
    let count = |split| splits.patients.values().filter(|of| **of == split).count();
    let counts = [Split::Train, Split::Val, Split::Test].map(|split| format!("{split} {}", count(split)));
    format!("{}, seed {}", counts.join(", "), splits.seed)
}

/// A setting's value; none where it was left open.
fn in_words(value: &Value) -> Option<String> {
    let text = match value {
        Value::Null => return None,
        Value::String(text) => text.clone(),
        Value::Bool(answer) => if *answer { "yes" } else { "no" }.to_owned(),
        Value::Number(number) if number.is_i64() || number.is_u64() => number.to_string(),
        Value::Number(number) => significant(number.as_f64()?),
        Value::Array(items) => items.iter().filter_map(in_words).collect::<Vec<_>>().join(", "),
        Value::Object(_) => value.to_string(),
    };
    (!text.is_empty()).then_some(text)
}

fn with_interval(figure: Interval) -> String {
    format!("{} ({}–{})", significant(figure.value), significant(figure.low), significant(figure.high))
}

/// Three digits behind the point, or in powers of ten when it is small or large.
fn significant(value: f64) -> String {
    if value == 0.0 || (0.01..1000.0).contains(&value.abs()) {
        return format!("{value:.3}");
    }
    let text = format!("{value:.2e}");
    match text.split_once('e') {
        Some((digits, power)) => format!("{}e{power}", digits.trim_end_matches('0').trim_end_matches('.')),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::json;

    use super::*;
    use crate::bundle::card::HeadFigures;

    fn interval(value: f64) -> Option<Interval> {
        Some(Interval { value, low: value - 0.1, high: value + 0.05 })
    }

    fn figures() -> Figures {
        let head = |auroc, macro_auroc| HeadFigures {
            accuracy: interval(0.8),
            sensitivity: None,
            specificity: None,
            balanced_accuracy: None,
            auroc,
            macro_auroc,
        };
        Figures {
            n_scans: 200,
            n_patients: 90,
            device: Some("Heidelberg Spectralis".to_owned()),
            image: head(interval(0.9), interval(0.9)),
            text: head(interval(0.85), interval(0.85)),
            findings_keep_label: 0.974,
            class_word_share: Some(0.0021),
            condition: None,
            lesions: None,
        }
    }

    #[test]
    fn the_precision_that_answers_comes_first() {
        let drift =
            Drift { auroc_change: None, heatmap_pearson: Some(0.998), label_agreement: 1., word_spearman: None };
        let by_source = BTreeMap::from([("octdl".to_owned(), figures())]);
        let metrics = Metrics { drift, float: by_source.clone(), int8: by_source, split: Split::Test };
        let names = |precision| sections(&metrics, precision).into_iter().map(|s| s.name).collect::<Vec<_>>();
        assert_eq!(names(WeightPrecision::Int8), ["int8 · octdl", "float · octdl"]);
        assert_eq!(names(WeightPrecision::Float), ["float · octdl", "int8 · octdl"]);
        assert_eq!(
            drift_notes(&metrics.drift),
            [
                ("heatmaps, correlation".to_owned(), "0.998".to_owned()),
                ("labels, share that agrees".to_owned(), "1.000".to_owned()),
            ]
        );
    }

    #[test]
    fn measures_come_in_order_and_each_once() {
        let measures = |figures: &Figures| {
            section(String::new(), figures).rows.into_iter().map(|row| row.measure).collect::<Vec<_>>()
        };
        let mut figures = figures();
        assert_eq!(measures(&figures), [Measure::Auroc, Measure::Accuracy], "no mean of two equal areas");
        figures.text.macro_auroc = interval(0.7);
        assert_eq!(measures(&figures), [Measure::Auroc, Measure::MacroAuroc, Measure::Accuracy]);
        let of = section(String::new(), &figures);
        assert_eq!((of.n_scans, of.n_patients, of.rows[1].text), (200, 90, interval(0.7)));
        assert_eq!(of.notes[0], ("device".to_owned(), "Heidelberg Spectralis".to_owned()));
        assert!(of.notes.contains(&("class word share".to_owned(), "2.1e-3".to_owned())), "{:?}", of.notes);
    }

    #[test]
    fn a_training_is_summed_up_with_its_patients_counted() {
        let patients = [("octdl/1", Split::Train), ("octdl/2", Split::Train), ("octdl/3", Split::Test)];
        let training = Training {
            data: BTreeMap::from([("octdl".to_owned(), "OCTDL, CC BY 4.0".to_owned())]),
            settings: [("epochs", json!(30)), ("learning_rate", json!(5e-5)), ("input", json!(null))]
                .map(|(name, value)| (name.to_owned(), value))
                .into(),
            splits: Some(Splits {
                seed: 42,
                fractions: [0.7, 0.1, 0.2],
                patients: patients.map(|(patient, split)| (patient.to_owned(), split)).into(),
            }),
            ..Training::default()
        };
        let expected = [
            ("data, octdl", "OCTDL, CC BY 4.0"),
            ("patients", "train 2, val 0, test 1, seed 42"),
            ("epochs", "30"),
            ("learning rate", "5e-5"),
        ];
        assert_eq!(training_notes(&training), expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
    }
}
