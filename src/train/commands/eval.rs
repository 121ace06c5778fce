//! `train eval`: measures a weights file.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use serde_json::json;

use super::args::{CpuArgs, data_help};
use super::output::{print, print_json};
use super::records::read_dataset;
use super::weights::load;
use crate::error::{Error, Result};
use crate::train::data::dataset::DataSpec;
use crate::train::data::record::Record;
use crate::train::data::split::Split;
use crate::train::evaluate::evaluation::evaluate;
use crate::train::evaluate::reading::Reader;
use crate::train::evaluate::study::{self, Validation};
use crate::train::evaluate::{html, text};
use crate::train::{files, progress};

#[derive(Args)]
pub(crate) struct EvalArgs {
    /// The weights file.
    #[arg(long)]
    pub(super) weights: PathBuf,
    #[arg(long, required = true, value_name = "KIND:DIR", help = data_help())]
    pub(super) data: Vec<DataSpec>,
    /// Which scans: a split that is recorded in the weights file, or all scans of a folder that it was not trained on.
    #[arg(long, value_enum, default_value_t = Part::Test)]
    pub(super) split: Part,
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
        let engine = load(&self.weights)?;
        let metadata = engine.metadata();
        let dataset = read_dataset(&self.data, &metadata.vocabulary.labels)?;
        let known: Vec<&Record> = dataset.records.iter().collect();
        let splits = &metadata.training.splits;
        if split.is_some() && splits.is_none() {
            return Err(Error::weights("the weights file records no splits: use --split all"));
        }
        let of = |split| {
            known.iter().copied().filter(|r| splits.as_ref().and_then(|s| s.split_of(r)) == Some(split)).collect()
        };
        let records: Vec<&Record> = split.map_or(known.clone(), of);
        if records.is_empty() {
            return Err(Error::data(
                "no scan of --data is in that split: use --split all for scans it was not trained on",
            ));
        }
        let validation: Vec<&Record> =
            if matches!(split, None | Some(Split::Val)) { Vec::new() } else { of(Split::Val) };
        let bar = progress::bar("eval", records.len() + validation.len());
        let mut reader = Reader::new(&engine)?;
        let evaluation = evaluate(&mut reader, &records, &bar)?;
        let validation = match split {
            Some(Split::Val) => Validation::TheSame,
            _ if validation.is_empty() => Validation::None,
            _ => Validation::Others(
                validation.into_iter().inspect(|_| bar.inc(1)).map(|r| reader.read(r)).collect::<Result<_>>()?,
            ),
        };
        let study = study::study(&mut reader, &evaluation, &validation)?;
        bar.finish_and_clear();
        let split = split.map_or("all".to_owned(), |s| s.to_string());
        let card = engine.card();
        if let Some(path) = &self.report {
            let (model, title, precision) = (&card.name, &card.title, card.precision.name());
            let about = html::About { model, title, precision, sha256: &card.sha256, split: &split };
            files::write(path, html::page(&about, &study))?;
        }
        if self.json {
            let mut all = serde_json::to_value(&study)
                .map_err(|e| Error::io("the figures cannot be written as JSON").because(e))?;
            all["model"] = json!({ "name": card.name, "sha256": card.sha256 });
            all["split"] = json!(split);
            return print_json(&all);
        }
        print(text::summary(&study))
    }
}
