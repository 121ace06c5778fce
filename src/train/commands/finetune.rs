//! `train finetune`: trains both towers on scans and captions.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::Args;

use super::args::{DataArgs, DeviceArgs};
use super::output::{be_silent, note};
use super::records::{
    check_all, check_splits, keep_labels, note_torn_families, read_dataset, read_samples, records_of,
};
use crate::error::{Error, Result};
use crate::train::config::{ModelSpec, SPLIT_FRACTIONS, Settings};
use crate::train::data::dataset;
use crate::train::data::record::{Dataset, Record};
use crate::train::data::split::{Split, Splits};
use crate::train::data::twins::Families;
use crate::train::files::read_json;
use crate::train::fit::{self, vocab};
use crate::train::import::{Pretrained, start};
use crate::train::ranks::{self, Ranks};
use crate::train::run::{Prepared, Run, names};

#[derive(Args)]
pub(crate) struct FinetuneArgs {
    /// The run's folder.
    #[arg(long)]
    pub(super) out: PathBuf,
    #[command(flatten)]
    pub(super) data: DataArgs,
    /// What to start from: a folder that import wrote, another run's, or a weights file (with --freeze-bn true, because
    /// its norms are folded). Its sizes and tokenizer are used instead of --model's, and patients that it was trained on
    /// stay in their split.
    #[arg(long)]
    pub(super) init: Option<PathBuf>,
    /// Give words of the captions that the tokenizer of --init splits a token of their own. Not for CLIP's vocabulary,
    /// which has a part for every word.
    #[arg(long, requires = "init")]
    pub(super) add_words: bool,
    /// Splits to keep, as a run's splits.json has them; patients that are not in it are split as usual.
    #[arg(long)]
    pub(super) splits: Option<PathBuf>,
    #[command(flatten)]
    pub(super) settings: Settings,
    #[command(flatten)]
    pub(super) device: DeviceArgs,
}

impl FinetuneArgs {
    /// Trains, alone or with the processes that this one was started with.
    pub(crate) fn run(self) -> Result<()> {
        in_ranks(|ranks| self.train(ranks))
    }

    /// The same with the processes `ranks`, of which this is one.
    pub(super) fn train(self, ranks: &dyn Ranks) -> Result<()> {
        let Self { out, data, init, add_words, splits, settings, device } = self;
        let device = device.open()?;
        let run = Run::create(&out)?;
        let _lock = if ranks.is_first() { Some(run.lock()?) } else { None };
        let mut everyone = read_dataset(&data, &[])?;
        check_classes(&everyone, settings.labels())?;
        let families = check_all(&mut everyone, data.strict)?;
        let mut dataset = everyone.clone();
        keep_labels(&mut dataset, settings.labels())?;
        check_classes(&dataset, settings.labels())?;
        let (prepared, start) = if run.path(names::CHECKPOINT).exists() {
            let prepared = Prepared::read(&run)?;
            if prepared.settings != settings {
                return Err(Error::config(format!(
                    "{} was started with other settings ({}): repeat them, or choose another --out",
                    out.display(),
                    run.path(names::SETTINGS).display()
                )));
            }
            start::check(&run, init.as_deref())?;
            (prepared, None)
        } else {
            let init = init.as_deref();
            let start = if ranks.is_first() { start::begin(&run, init)? } else { init.map(start::read).transpose()? };
            prepare(&dataset, &everyone.records, &families, settings, start, add_words, splits.as_deref())?
        };
        if ranks.is_first() {
            prepared.write(&run)?;
        }
        let train = records_of(&dataset, &prepared.splits, Split::Train);
        let val = records_of(&dataset, &prepared.splits, Split::Val);
        let train_samples = read_samples(&train, &prepared.spec, "train scans")?;
        let val_samples = read_samples(&val, &prepared.spec, "val scans")?;
        note(format_args!("{} scans to train on, {} captions", train.len(), prepared.spec.captions.len()));
        let towers = start.as_ref().map(|start| &start.towers);
        fit::fit(&run, &prepared, (&train, &train_samples), &val_samples, towers, (&device, ranks))
    }
}

/// Does `work` with the processes that this one was started with, of which one speaks.
pub(super) fn in_ranks(work: impl FnOnce(&dyn Ranks) -> Result<()>) -> Result<()> {
    let ranks = ranks::start()?;
    be_silent(!ranks.is_first());
    let outcome = work(&*ranks).map_err(|error| {
        let message = error.to_string();
        let printed = ranks.fail(error);
        be_silent(printed.is_none());
        printed.unwrap_or_else(|| Error::config(message))
    });
    outcome.inspect(|()| be_silent(false))
}

/// # Errors
/// A class of `labels` has no scan, or there is one class only.
fn check_classes(dataset: &Dataset, labels: &[String]) -> Result<()> {
    let mut counts: BTreeMap<&str, usize> = labels.iter().map(|label| (label.as_str(), 0)).collect();
    for record in &dataset.records {
        *counts.entry(&record.label).or_default() += 1;
    }
    let counted = || counts.iter().map(|(label, n)| format!("{label} {n}")).collect::<Vec<_>>().join(", ");
    if let Some(missing) = labels.iter().find(|label| counts[label.as_str()] == 0) {
        let message = format!("no scan of --data is of class {missing} (scans: {}): check --classes", counted());
        return Err(Error::data(message));
    }
    if counts.len() < 2 {
        return Err(Error::data(format!("all scans of --data are of one class ({}): two are needed", counted())));
    }
    Ok(())
}

/// Makes splits, tokenizer and model of a new run; returns them with what the run begins from, at its input size. `everyone`
/// are all scans, those of other classes too: they teach a model to doubt, and measure it, so that they need a split.
pub(super) fn prepare(
    dataset: &Dataset,
    everyone: &[Record],
    families: &Families,
    settings: Settings,
    start: Option<Pretrained>,
    add_words: bool,
    splits: Option<&Path>,
) -> Result<(Prepared, Option<Pretrained>)> {
    if start.as_ref().is_some_and(|s| !s.has_norms) && !settings.freeze_bn {
        return Err(Error::config("the batch norms of --init are folded into its convolutions: add --freeze-bn true"));
    }
    let known = known_splits(start.as_ref(), splits)?;
    let splits = Splits::make(everyone, settings.seed, SPLIT_FRACTIONS, known.as_ref(), families);
    check_splits(dataset, &splits, known.is_none())?;
    note_torn_families(everyone, &splits, families);
    let train = records_of(dataset, &splits, Split::Train);
    let mut captions: Vec<_> = train.into_iter().map(|r| r.caption.clone()).collect();
    captions.sort();
    captions.dedup();
    // A person may also choose findings that no training caption names.
    let vocabulary = dataset::vocabulary(&dataset.records);
    let mut texts: Vec<String> = captions.iter().map(|c| c.text()).collect();
    texts.extend(vocabulary.findings.iter().chain(&vocabulary.labels).cloned());
    let start = if add_words { start.map(|s| s.with_words(&texts)).transpose()? } else { start };
    let tokenizer = match &start {
        Some(pretrained) => pretrained.tokenizer.clone(),
        None => vocab::train(&texts)?,
    };
    let start = match (start, settings.input) {
        (Some(pretrained), Some(input)) => Some(pretrained.at(input)?),
        (start, _) => start,
    };
    let mut spec = ModelSpec::new(&settings, vocabulary, captions, tokenizer.vocab_size());
    if let Some(pretrained) = &start {
        pretrained.adapt(&mut spec);
    }
    Ok((Prepared { settings, spec, splits, tokenizer }, start))
}

/// The splits of what a run begins from, and those of a file.
///
/// # Errors
/// They contradict each other: a patient whom earlier weights were trained on would be measured on.
fn known_splits(start: Option<&Pretrained>, file: Option<&Path>) -> Result<Option<Splits>> {
    let of_start = start.and_then(|s| s.splits.clone());
    let Some(file) = file else { return Ok(of_start) };
    let mut known: Splits = read_json(file)?;
    for (patient, split) in of_start.into_iter().flat_map(|s| s.patients) {
        let other = *known.patients.entry(patient.clone()).or_insert(split);
        if other != split {
            return Err(Error::data(format!(
                "patient {patient} is in split {split} of --init and {other} of {}: change the file",
                file.display()
            )));
        }
    }
    Ok(Some(known))
}
