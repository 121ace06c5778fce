//! Everything that `train eval` reports of a model, by source: heads on each input, calibration, captions.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::captions::{self, CaptionStudy, Threshold, compose, thresholds};
use super::evaluation::Evaluation;
use super::figures::figures;
use super::head_input::HeadInput;
use super::predictions::{HeadStudy, Predictions};
use super::reading::{Outcome, Reader, Reading, n_patients};
use super::stress::StressStudy;
use super::warnings::{self, Answer, WarningStudy};
use crate::bundle::card::{ExplanationMetrics, Figures, HeadFigures};
use crate::error::Result;
use crate::train::data::record::SourceKind;

/// The scans that temperatures and thresholds are fitted on.
pub(crate) enum Validation<'a> {
    /// There are none: nothing is fitted.
    None,
    /// The scans that are measured; what is fitted then looks better than it is.
    TheSame,
    /// Scans of other patients.
    Others(Vec<Reading<'a>>),
}

/// A model on some scans.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Study {
    /// By source: real scans and phantoms are never averaged together.
    pub sources: BTreeMap<SourceKind, SourceStudy>,
    /// By device, sources with the same one together.
    pub devices: BTreeMap<&'static str, DeviceStudy>,
    /// Changed copies of the scans, if they were asked for.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub stress: BTreeMap<SourceKind, StressStudy>,
    /// What was measured of heatmaps, if it was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub explanations: Option<ExplanationMetrics>,
    /// The thresholds of composed captions, in vocabulary order.
    pub thresholds: Vec<Threshold>,
    /// Whether temperatures and thresholds were fitted on the scans that are measured.
    pub fitted_on_the_same_scans: bool,
}

/// A model on the scans of one device.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct DeviceStudy {
    /// Where the scans come from.
    pub sources: Vec<SourceKind>,
    /// Scans.
    pub n_scans: usize,
    /// Patients.
    pub n_patients: usize,
    /// The image head.
    pub image: HeadFigures,
    /// The text head, on the retrieved caption.
    pub text: HeadFigures,
}

/// A model on the scans of one source.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct SourceStudy {
    /// The figures that a weights file keeps.
    #[serde(flatten)]
    pub figures: Figures,
    /// Validation scans of this source.
    pub n_validation_scans: usize,
    /// Of how many patients.
    pub n_validation_patients: usize,
    /// Both heads, the text head on each caption variant.
    pub heads: BTreeMap<HeadInput, HeadStudy>,
    /// Retrieved against composed captions.
    pub captions: CaptionStudy,
    /// Warnings, also on scans of diseases that are no class of the model.
    pub warnings: WarningStudy,
}

/// The study of `evaluation`; temperatures and thresholds are fitted on `validation`.
///
/// # Errors
/// A tensor operation fails.
pub(crate) fn study(
    reader: &mut Reader<'_>,
    evaluation: &Evaluation<'_>,
    validation: &Validation<'_>,
) -> Result<Study> {
    let vocabulary = &reader.engine().metadata().vocabulary;
    let measured: Vec<&Reading<'_>> = evaluation.sources.values().flatten().map(|o| &o.reading).collect();
    let validation_readings: Vec<&Reading<'_>> = match validation {
        Validation::None => Vec::new(),
        Validation::TheSame => measured.clone(),
        Validation::Others(readings) => readings.iter().collect(),
    };
    let thresholds = thresholds(vocabulary, &validation_readings);
    let mut sources = BTreeMap::new();
    for (source, outcomes) in &evaluation.sources {
        let others = evaluation.others.get(source).map_or(&[][..], Vec::as_slice);
        let of_source: Vec<&Reading<'_>> =
            validation_readings.iter().filter(|r| r.record.source == *source).copied().collect();
        let study = SourceStudy {
            figures: figures(vocabulary, *source, outcomes, others),
            n_validation_scans: of_source.len(),
            n_validation_patients: n_patients(of_source.iter().map(|r| r.record)),
            heads: heads(reader, outcomes, &of_source, &thresholds)?,
            captions: captions::study(
                &outcomes.iter().map(|o| &o.reading).collect::<Vec<_>>(),
                vocabulary,
                &thresholds,
                !validation_readings.is_empty(),
            ),
            warnings: warnings::study(
                &outcomes.iter().map(|o| Answer::new(o.reading.record, &o.report)).collect::<Vec<_>>(),
                others,
            ),
        };
        sources.insert(*source, study);
    }
    let devices = devices(&measured);
    Ok(Study {
        sources,
        devices,
        stress: BTreeMap::new(),
        explanations: None,
        thresholds,
        fitted_on_the_same_scans: matches!(validation, Validation::TheSame),
    })
}

fn devices(readings: &[&Reading<'_>]) -> BTreeMap<&'static str, DeviceStudy> {
    let mut devices: BTreeMap<&'static str, Vec<&Reading<'_>>> = BTreeMap::new();
    for reading in readings {
        devices.entry(reading.record.source.device()).or_default().push(reading);
    }
    let study = |readings: Vec<&Reading<'_>>| {
        let figures = |input| {
            let mut predictions = Predictions::of(readings.iter().copied(), input);
            // Patients of two sources may have the same name.
            for (patient, reading) in predictions.patients.iter_mut().zip(&readings) {
                *patient = format!("{}/{patient}", reading.record.source);
            }
            predictions.figures()
        };
        DeviceStudy {
            sources: readings.iter().map(|r| r.record.source).collect::<BTreeSet<_>>().into_iter().collect(),
            n_scans: readings.len(),
            n_patients: n_patients(readings.iter().map(|r| r.record)),
            image: figures(HeadInput::Image),
            text: figures(HeadInput::TextRetrieved),
        }
    };
    devices.into_iter().map(|(device, readings)| (device, study(readings))).collect()
}

fn heads(
    reader: &mut Reader<'_>,
    outcomes: &[Outcome<'_>],
    validation: &[&Reading<'_>],
    thresholds: &[Threshold],
) -> Result<BTreeMap<HeadInput, HeadStudy>> {
    let labels = &reader.engine().metadata().vocabulary.labels;
    let mut predictions = |readings: &[&Reading<'_>], input| -> Result<Predictions> {
        if input != HeadInput::TextComposed {
            return Ok(Predictions::of(readings.iter().copied(), input));
        }
        let mut predictions = Predictions::default();
        for reading in readings {
            predictions.push(reading, reader.truncated_text_logits(compose(&reading.margins, thresholds))?);
        }
        Ok(predictions)
    };
    let measured: Vec<&Reading<'_>> = outcomes.iter().map(|o| &o.reading).collect();
    let mut heads = BTreeMap::new();
    for input in HeadInput::ALL {
        let study = predictions(&measured, input)?.study(input, labels, &predictions(validation, input)?);
        heads.insert(input, study);
    }
    Ok(heads)
}
