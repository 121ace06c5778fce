//! `train eval`: measures a weights file.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use serde_json::json;

use super::args::{CpuArgs, DataArgs};
use super::explanations::{self, ExplanationArgs};
use super::output::{note, print, print_json};
use super::records::{evenly_spaced, read_dataset, unseen, usable};
use super::weights::load;
use crate::error::{Error, Result};
use crate::train::data::record::Record;
use crate::train::data::split::Split;
use crate::train::evaluate::evaluation::evaluate;
use crate::train::evaluate::reading::Reader;
use crate::train::evaluate::study::{self, Validation};
use crate::train::evaluate::{html, stress, text};
use crate::train::{files, progress};

#[derive(Args)]
pub(crate) struct EvalArgs {
    /// The weights file.
    #[arg(long)]
    pub(super) weights: PathBuf,
    #[command(flatten)]
    pub(super) data: DataArgs,
    /// Which scans: a split that is recorded in the weights file, or all scans, if it lists none of their patients.
    ///
    /// Scans of diseases that are no class of the model are read too, for the table of warnings alone: those of the split's
    /// patients, and of patients that the weights file does not list.
    #[arg(long, value_enum, default_value_t = Part::Test)]
    pub(super) split: Part,
    /// Also run changed copies of each scan: speckle, gamma, curvature, wedges and others, in three strengths.
    #[arg(long)]
    pub(super) stress: bool,
    #[command(flatten)]
    pub(super) explanations: ExplanationArgs,
    /// Read at most so many scans of each folder's kind and split, evenly spaced.
    #[arg(long, value_name = "N")]
    pub(super) limit: Option<NonZeroUsize>,
    /// Write a report with plots to this HTML file, which opens without a network.
    #[arg(long, value_name = "FILE.html")]
    pub(super) report: Option<PathBuf>,
    /// Print figures as JSON.
    #[arg(long)]
    pub(super) json: bool,
    #[command(flatten)]
    pub(super) device: CpuArgs,
}

/// Which scans of `--data` are measured.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Part {
    Train,
    Val,
    Test,
    All,
}

impl Part {
    /// None for all.
    fn split(self) -> Option<Split> {
        match self {
            Self::Train => Some(Split::Train),
            Self::Val => Some(Split::Val),
            Self::Test => Some(Split::Test),
            Self::All => None,
        }
    }
}

impl EvalArgs {
    pub(crate) fn run(self) -> Result<()> {
        self.device.check()?;
        if let Some(path) = &self.report {
            files::check_writable(path)?;
        }
        let split = self.split.split();
        let split_name = split.map_or("all".to_owned(), |s| s.to_string());
        self.explanations.check(&split_name)?;
        let engine = load(&self.weights)?;
        let metadata = engine.metadata();
        let mut dataset = read_dataset(&self.data, &[])?;
        // Scans of other diseases are no class of the model: only its warnings are measured on them.
        let others = dataset.take_others(&metadata.vocabulary.labels);
        let splits = metadata.training.splits.as_ref();
        if split.is_some() && splits.is_none() {
            return Err(Error::weights("the weights file records no splits: use --split all"));
        }
        let split_of = |r: &Record| splits.and_then(|s| s.split_of(r));
        let of = |split| dataset.records.iter().filter(|r| split_of(r) == Some(split)).collect::<Vec<_>>();
        let spaced = |records| evenly_spaced(records, self.limit);
        let records = match split {
            Some(split) => of(split),
            None => unseen(&dataset, splits)?,
        };
        if records.is_empty() {
            return Err(Error::data(
                "no scan of --data with a class of the model is in that split: use --split all for scans of patients that \
                 the weights file does not list",
            ));
        }
        let is_measured = |r: &&Record| split_of(r).is_none() || split_of(r) == split;
        let has_known = |r: &&Record| records.iter().any(|known| known.source == r.source);
        let (others, alone): (Vec<&Record>, Vec<&Record>) = others.iter().filter(is_measured).partition(has_known);
        if !alone.is_empty() {
            let n = alone.len();
            note(format_args!(
                "left out: {n} scans of other diseases, of kinds of data without a scan to compare with"
            ));
        }
        let scans = explanations::Scans {
            measured: records.clone(),
            split: split_name.clone(),
            validation: of(Split::Val),
            strict: self.data.strict,
        };
        let validation = if matches!(split, None | Some(Split::Val)) { Vec::new() } else { of(Split::Val) };
        let chosen = |records| usable(spaced(records), self.data.strict);
        let (records, others, validation) = (chosen(records)?, chosen(others)?, chosen(validation)?);
        let n_stress = if self.stress { records.len() * stress::N_RUNS } else { 0 };
        let bar = progress::bar("eval", records.len() + others.len() + validation.len() + n_stress);
        let mut reader = Reader::new(&engine)?;
        let mut evaluation = evaluate(&mut reader, &records, &bar)?;
        evaluation.add_others(&reader, &others, &bar)?;
        let validation = match split {
            Some(Split::Val) => Validation::TheSame,
            _ if validation.is_empty() => Validation::None,
            _ => Validation::Others(
                validation.into_iter().inspect(|_| bar.inc(1)).map(|r| reader.read(r)).collect::<Result<_>>()?,
            ),
        };
        let mut study = study::study(&mut reader, &evaluation, &validation)?;
        if self.stress {
            study.stress = stress::study(&engine, &records, &bar)?;
        }
        bar.finish_and_clear();
        study.explanations = self.explanations.measure(&engine, &scans)?;
        if self.explanations.record {
            explanations::record(&self.weights, &study)?;
        }
        let card = engine.card();
        if let Some(path) = &self.report {
            let (model, title, precision) = (&card.name, &card.title, card.precision.name());
            let about = html::About { model, title, precision, sha256: &card.sha256, split: &split_name };
            files::write(path, html::page(&about, &study))?;
        }
        if self.json {
            let mut all = serde_json::to_value(&study)
                .map_err(|e| Error::io("the figures cannot be written as JSON").because(e))?;
            all["model"] = json!({ "name": card.name, "sha256": card.sha256 });
            all["split"] = json!(split_name);
            return print_json(&all);
        }
        print(text::summary(&study))
    }
}
