//! One scan as the model reads it: what each head answers on each input, and how strongly the scan suggests each finding.
//! Runs the engine; measures nothing.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use candle_core::Tensor;

use super::head_input::HeadInput;
use crate::caption::Caption;
use crate::engine::{Analysis, Engine, Input};
use crate::error::{Error, Kind, Result};
use crate::report::{Options, Prediction, Report};
use crate::train::data::record::Record;
use crate::train::data::samples::read_scan;
use crate::train::data::scan_file;
use crate::train::files;

/// What the model makes of a record.
pub(crate) struct Reading<'a> {
    /// The scan, and what its source says of it.
    pub record: &'a Record,
    /// Its class index.
    pub class: usize,
    /// Logits (K) on each input that needs no threshold: all but [`HeadInput::TextComposed`].
    pub logits: BTreeMap<HeadInput, Vec<f64>>,
    /// The training caption nearest to the image.
    pub retrieved: Caption,
    /// By how much the cosine with each finding's text exceeds that with the healthy text, in vocabulary order. Above 0
    /// the finding counts as shown, as the finding loss trains it.
    pub margins: Vec<f64>,
}

/// A reading with its explanations.
pub(crate) struct Outcome<'a> {
    /// What was answered.
    pub reading: Reading<'a>,
    /// What the page would show, explained for the record's class.
    pub report: Report,
    /// Whether the retrieved caption without its class word gets the same label.
    pub same_without_class: bool,
}

/// Reads scans with one engine; each text is run once.
pub(crate) struct Reader<'e> {
    engine: &'e Engine,
    /// Findings minus healthy text, (n_findings, D); none if the model knows no finding.
    directions: Option<Tensor>,
    predictions: HashMap<String, Prediction>,
}

/// How many patients there are; one patient of two sources counts twice.
pub(super) fn n_patients<'r>(records: impl Iterator<Item = &'r Record>) -> usize {
    records.map(|r| (r.source, &r.patient)).collect::<BTreeSet<_>>().len()
}

/// Logits as 64-bit floats.
pub(super) fn doubles(logits: &[f32]) -> Vec<f64> {
    logits.iter().map(|z| f64::from(*z)).collect()
}

impl<'e> Reader<'e> {
    /// Embeds the texts of `engine`'s findings.
    pub(crate) fn new(engine: &'e Engine) -> Result<Self> {
        let vocabulary = &engine.metadata().vocabulary;
        let embed = |text: &String| Ok::<_, Error>(engine.embed_text(text)?.1.detach());
        let findings = vocabulary.findings.iter().map(embed).collect::<Result<Vec<_>>>()?;
        let healthy = embed(&vocabulary.labels[0])?;
        let directions = match findings.as_slice() {
            [] => None,
            findings => Some(Tensor::cat(findings, 0)?.broadcast_sub(&healthy)?),
        };
        Ok(Self { engine, directions, predictions: HashMap::new() })
    }

    /// The model.
    pub(crate) fn engine(&self) -> &'e Engine {
        self.engine
    }

    fn text(&mut self, text: &str) -> Result<&Prediction> {
        if !self.predictions.contains_key(text) {
            self.predictions.insert(text.to_owned(), self.engine.text_prediction(text)?);
        }
        Ok(&self.predictions[text])
    }

    /// Reads a record without explaining it.
    ///
    /// # Errors
    /// Names a file that cannot be read.
    pub(crate) fn read<'a>(&mut self, record: &'a Record) -> Result<Reading<'a>> {
        let embeds = self.engine.embed_scan(&read_scan(record)?)?.detach();
        let image = self.engine.image_prediction(&embeds)?;
        self.reading(record, &image, &embeds)
    }

    /// Reads and explains a record, as the page would.
    ///
    /// # Errors
    /// Names a file that cannot be read.
    pub(crate) fn outcome<'a>(&mut self, record: &'a Record) -> Result<Outcome<'a>> {
        // The heatmap is judged for the record's class, whatever the head answers.
        let analysis = self.analyze(record, Some(record.label.clone()))?;
        let reading = self.reading(record, &analysis.report.image, analysis.image_embeds())?;
        let without = &self.text(&reading.retrieved.findings_only().text())?.label;
        let same_without_class = *without == analysis.report.text.label;
        Ok(Outcome { reading, report: analysis.report, same_without_class })
    }

    /// What the page would show of a record, whose class need not be one of the model's.
    ///
    /// # Errors
    /// Names a file that cannot be read.
    pub(crate) fn report(&self, record: &Record) -> Result<Report> {
        Ok(self.analyze(record, None)?.report)
    }

    fn analyze(&self, record: &Record, target: Option<String>) -> Result<Analysis> {
        let bytes = scan_file::read(&record.path)?;
        let input = Input { name: &record.name, bytes: &bytes, frame: 0 };
        let options = Options { target, ..Options::default() };
        self.engine.analyze(&input, &options).map_err(|e| files::in_file(&record.path, e))
    }

    fn reading<'a>(&mut self, record: &'a Record, image: &Prediction, embeds: &Tensor) -> Result<Reading<'a>> {
        let named = |e: Error| files::in_file(&record.path, e);
        let retrieved = self.engine.retrieve(embeds)?[0].0.clone();
        let mut logits = BTreeMap::from([(HeadInput::Image, doubles(&image.logits))]);
        for (input, caption) in [
            (HeadInput::TextRetrieved, &retrieved),
            (HeadInput::TextGiven, &record.caption),
            (HeadInput::TextLesionsOnly, &record.caption.findings_only()),
        ] {
            // Sources may name more findings than an older model's text tower can read.
            logits.insert(input, self.truncated_text_logits(caption.clone()).map_err(named)?);
        }
        let margins = match &self.directions {
            Some(directions) => embeds.matmul(&directions.t()?)?.get(0)?.to_vec1::<f32>()?,
            None => Vec::new(),
        };
        let labels = &self.engine.metadata().vocabulary.labels;
        let class = labels.iter().position(|l| *l == record.label).ok_or_else(|| {
            named(Error::data(format!("class {} is none of this model's: {}", record.label, labels.join(", "))))
        })?;
        Ok(Reading { record, class, logits, retrieved, margins: doubles(&margins) })
    }

    /// Logits (K) of the text head on a caption.
    pub(crate) fn text_logits(&mut self, caption: &Caption) -> Result<Vec<f64>> {
        Ok(doubles(&self.text(&caption.text())?.logits))
    }

    /// The same on as many of its findings as the text tower can read.
    pub(crate) fn truncated_text_logits(&mut self, mut caption: Caption) -> Result<Vec<f64>> {
        loop {
            match self.text_logits(&caption) {
                Err(e) if e.kind() == Kind::Caption && caption.findings.pop().is_some() => (),
                outcome => return outcome,
            }
        }
    }
}
