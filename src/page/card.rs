//! The figures and notes of a model card as rows of a table. Knows no language: `text` names what is named here.

use crate::bundle::card::{Drift, Figures, Interval, Measure, Metrics, WeightPrecision};

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
    /// The precision in which they were measured.
    pub precision: WeightPrecision,
    /// Whose scans they are.
    pub source: Source,
    /// Both heads' measures; those that neither head has are left out.
    pub rows: Vec<Row>,
    /// Scans that were judged.
    pub n_scans: usize,
    /// Their patients.
    pub n_patients: usize,
    /// The other figures.
    pub notes: Vec<Note>,
}

/// A source of scans.
#[derive(Clone, Debug, PartialEq)]
pub struct Source {
    /// The data set, as it is cited.
    pub data_set: String,
    /// What its scans were recorded with.
    pub device: Device,
}

/// What scans were recorded with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Device {
    /// A device of a maker.
    Scanner(String),
    /// None: a program drew them.
    Simulated,
    /// Not known.
    Unknown,
}

impl Source {
    /// The source of a kind of data (`octdl`), as weights files key them, with the device that the file names. Files from
    /// before that field name none: theirs is known by the kind.
    pub(super) fn of(kind: &str, device: Option<&str>) -> Self {
        let named = |device: Option<&str>| device.map_or(Device::Unknown, |name| Device::Scanner(name.to_owned()));
        let (data_set, device) = match kind {
            // Kulyabin et al. 2024.
            "octdl" => ("OCTDL", named(device.or(Some("Optovue Avanti RTVue XR")))),
            // Kermany et al. 2018.
            "kermany" => ("Kermany", named(device.or(Some("Heidelberg Spectralis")))),
            // It gathers scans of other sets.
            "oct5k" => ("OCT5k", Device::Unknown),
            "phantom" => ("phantom", Device::Simulated),
            other => (other, named(device)),
        };
        Self { data_set: data_set.to_owned(), device }
    }
}

/// The devices on which a model was measured, each once.
pub fn scanners(metrics: &Metrics, precision: WeightPrecision) -> Vec<String> {
    let devices =
        metrics.at(precision).iter().map(|(kind, figures)| Source::of(kind, figures.device.as_deref()).device);
    let mut names: Vec<String> = Vec::new();
    for device in devices {
        if let Device::Scanner(name) = device
            && !names.contains(&name)
        {
            names.push(name);
        }
    }
    names
}

/// A name and a value.
#[derive(Clone, Debug, PartialEq)]
pub struct Note {
    /// What it is.
    pub name: NoteName,
    /// What it amounts to: the same in every language.
    pub value: String,
}

impl Note {
    fn new(name: NoteName, value: impl Into<String>) -> Self {
        Self { name, value: value.into() }
    }
}

/// What a note is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the fields of the model card, where each is documented")]
pub enum NoteName {
    FindingsKeepLabel,
    ClassWordShare,
    ConditionAccuracy,
    ConditionBalancedAccuracy,
    LesionMicroF1,
    LesionMacroF1,
    DrusenFluidF1,
    PointingGame,
    PointingGameChance,
    PointingGameHalfCell,
    PointingGameHalfCellChance,
    AurocChange,
    HeatmapPearson,
    LabelAgreement,
    WordSpearman,
}

/// The figures of both precisions, those of `first`, in which the model answers here, first.
pub fn sections(metrics: &Metrics, first: WeightPrecision) -> Vec<Section> {
    let of = |precision: WeightPrecision| {
        let sources = metrics.at(precision).iter();
        sources.map(|(kind, figures)| section(precision, kind, figures)).collect::<Vec<_>>()
    };
    let mut precisions = WeightPrecision::ALL;
    precisions.sort_by_key(|precision| *precision != first);
    precisions.map(of).concat()
}

fn section(precision: WeightPrecision, kind: &str, figures: &Figures) -> Section {
    let heads = [&figures.image, &figures.text];
    let row = |measure: Measure| {
        let [image, text] = heads.map(|head| head.get(measure));
        (image.is_some() || text.is_some()).then_some(Row { measure, image, text })
    };
    // With two classes the mean over classes is the one area that there is.
    let is_repeated =
        |measure| measure == Measure::MacroAuroc && heads.iter().all(|head| head.macro_auroc == head.auroc);
    let rows = Measure::ALL.into_iter().filter(|measure| !is_repeated(*measure)).filter_map(row).collect();
    let mut notes = vec![Note::new(NoteName::FindingsKeepLabel, significant(figures.findings_keep_label))];
    let mut add = |name: NoteName, value: Option<String>| notes.extend(value.map(|value| Note::new(name, value)));
    add(NoteName::ClassWordShare, figures.class_word_share.map(significant));
    if let Some(condition) = &figures.condition {
        add(NoteName::ConditionAccuracy, condition.accuracy.map(with_interval));
        add(NoteName::ConditionBalancedAccuracy, condition.balanced_accuracy.map(with_interval));
    }
    if let Some(lesions) = &figures.lesions {
        add(NoteName::LesionMicroF1, Some(significant(lesions.micro_f1)));
        add(NoteName::LesionMacroF1, Some(significant(lesions.macro_f1)));
        add(NoteName::DrusenFluidF1, lesions.drusen_fluid_f1.map(significant));
        add(NoteName::PointingGame, lesions.pointing_game.map(significant));
        add(NoteName::PointingGameChance, lesions.pointing_game_chance.map(significant));
        add(NoteName::PointingGameHalfCell, lesions.pointing_game_half_cell.map(significant));
        add(NoteName::PointingGameHalfCellChance, lesions.pointing_game_half_cell_chance.map(significant));
    }
    let source = Source::of(kind, figures.device.as_deref());
    Section { precision, source, rows, n_scans: figures.n_scans, n_patients: figures.n_patients, notes }
}

/// How far 8-bit integers are from floats.
pub fn drift_notes(drift: &Drift) -> Vec<Note> {
    let figures = [
        (NoteName::AurocChange, drift.auroc_change),
        (NoteName::HeatmapPearson, drift.heatmap_pearson),
        (NoteName::LabelAgreement, Some(drift.label_agreement)),
        (NoteName::WordSpearman, drift.word_spearman),
    ];
    figures.into_iter().filter_map(|(name, value)| Some(Note::new(name, significant(value?)))).collect()
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

    use super::*;
    use crate::bundle::card::{HeadFigures, Split};

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
            answers: Vec::new(),
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
        let [int8, float] = [WeightPrecision::Int8, WeightPrecision::Float];
        let order = |first| sections(&metrics, first).into_iter().map(|s| s.precision).collect::<Vec<_>>();
        assert_eq!([order(int8), order(float)], [[int8, float], [float, int8]]);
        assert_eq!(
            drift_notes(&metrics.drift),
            [Note::new(NoteName::HeatmapPearson, "0.998"), Note::new(NoteName::LabelAgreement, "1.000")]
        );
    }

    #[test]
    fn figures_name_the_device_and_a_simulation_is_none() {
        let drift = Drift { auroc_change: None, heatmap_pearson: None, label_agreement: 1., word_spearman: None };
        let of = |kind: &str, device: Option<&str>| {
            (kind.to_owned(), Figures { device: device.map(str::to_owned), ..figures() })
        };
        let by_source = [
            of("elsewhere", None),
            of("here", Some("Zeiss Cirrus")),
            of("kermany", None),
            of("octdl", Some("Optovue Avanti")),
            of("phantom", Some("none, simulated")),
        ];
        let metrics = Metrics { drift, float: BTreeMap::new(), int8: by_source.into(), split: Split::Test };
        let devices: Vec<_> =
            sections(&metrics, WeightPrecision::Int8).into_iter().map(|section| section.source.device).collect();
        assert_eq!([&devices[0], &devices[4]], [&Device::Unknown, &Device::Simulated]);
        let measured = scanners(&metrics, WeightPrecision::Int8);
        assert_eq!(measured, ["Zeiss Cirrus", "Heidelberg Spectralis", "Optovue Avanti"]);
        assert!(scanners(&metrics, WeightPrecision::Float).is_empty());
    }

    #[test]
    fn measures_come_in_order_and_each_once() {
        let measures = |figures: &Figures| {
            section(WeightPrecision::Int8, "octdl", figures).rows.into_iter().map(|row| row.measure).collect::<Vec<_>>()
        };
        let mut figures = figures();
        assert_eq!(measures(&figures), [Measure::Auroc, Measure::Accuracy], "no mean of two equal areas");
        figures.text.macro_auroc = interval(0.7);
        assert_eq!(measures(&figures), [Measure::Auroc, Measure::MacroAuroc, Measure::Accuracy]);
        let of = section(WeightPrecision::Int8, "octdl", &figures);
        assert_eq!((of.n_scans, of.n_patients, of.rows[1].text), (200, 90, interval(0.7)));
        assert!(of.notes.contains(&Note::new(NoteName::ClassWordShare, "2.1e-3")), "{:?}", of.notes);
    }
}
