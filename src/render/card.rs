//! The figures and notes of a model card as rows for people. Pure: knows no DOM and no language.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::bundle::card::{BaselineMetrics, Drift, Figures, HeadFigures, Interval, Metrics, Split, Splits, Training};

/// A measure of a head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Measure {
    /// Area under the ROC curve of disease.
    Auroc,
    /// Mean over classes of each one's area against the rest.
    MacroAuroc,
    /// Mean recall over classes.
    BalancedAccuracy,
    /// Share of diseased scans called diseased.
    Sensitivity,
    /// Share of healthy scans called healthy.
    Specificity,
    /// Share of right labels.
    Accuracy,
}

impl Measure {
    /// All, in the order in which they are shown.
    pub const ALL: [Self; 6] = [
        Self::Auroc,
        Self::MacroAuroc,
        Self::BalancedAccuracy,
        Self::Sensitivity,
        Self::Specificity,
        Self::Accuracy,
    ];

    /// As in a weights file.
    pub fn key(self) -> &'static str {
        match self {
            Self::Auroc => "auroc",
            Self::MacroAuroc => "macro_auroc",
            Self::BalancedAccuracy => "balanced_accuracy",
            Self::Sensitivity => "sensitivity",
            Self::Specificity => "specificity",
            Self::Accuracy => "accuracy",
        }
    }

    fn of(self, head: &HeadFigures) -> Option<Interval> {
        match self {
            Self::Auroc => head.auroc,
            Self::MacroAuroc => head.macro_auroc,
            Self::BalancedAccuracy => head.balanced_accuracy,
            Self::Sensitivity => head.sensitivity,
            Self::Specificity => head.specificity,
            Self::Accuracy => head.accuracy,
        }
    }
}

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

/// The figures of both precisions, those of `precision` (`int8` or `float`), which answers here, first.
pub fn sections(metrics: &Metrics, precision: &str) -> Vec<Section> {
    let of = |name: &str| {
        let sources = metrics.at(name).into_iter().flatten();
        sources.map(|(source, figures)| section(format!("{name} · {source}"), figures)).collect::<Vec<_>>()
    };
    let mut names = ["int8", "float"];
    names.sort_by_key(|name| *name != precision);
    names.map(of).concat()
}

fn section(name: String, figures: &Figures) -> Section {
    let heads = [&figures.image, &figures.text];
    let row = |measure: Measure| {
        let [image, text] = heads.map(|head| measure.of(head));
        (image.is_some() || text.is_some()).then_some(Row { measure, image, text })
    };
    // With two classes the mean over classes is the one area that there is.
    let is_repeated =
        |measure| measure == Measure::MacroAuroc && heads.iter().all(|head| head.macro_auroc == head.auroc);
    let rows = Measure::ALL.into_iter().filter(|measure| !is_repeated(*measure)).filter_map(row).collect();
    let mut notes = vec![("findings keep label".to_owned(), significant(figures.findings_keep_label))];
    let mut add = |name: &str, value: Option<String>| notes.extend(value.map(|value| (name.to_owned(), value)));
    add("class word share", figures.class_word_share.map(significant));
    if let Some(condition) = &figures.condition {
        add("condition, accuracy", condition.accuracy.map(with_interval));
        add("condition, balanced accuracy", condition.balanced_accuracy.map(with_interval));
    }
    if let Some(lesions) = &figures.lesions {
        add("lesions, micro F1", Some(significant(lesions.micro_f1)));
        add("lesions, macro F1", Some(significant(lesions.macro_f1)));
        add("lesions, pointing game", lesions.pointing_game.map(significant));
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
    let settings = training.settings.iter().filter_map(|(name, value)| Some((name.replace('_', " "), in_words(value)?)));
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
