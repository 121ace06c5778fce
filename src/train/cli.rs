//! The command line: what each subcommand takes, and the order of its steps. Computes nothing itself.

use std::path::PathBuf;

use candle_core::Device;
use clap::{Args, Parser, Subcommand};

use super::config::{ModelSpec, SPLIT_FRACTIONS, Settings};
use super::dataset::{DataSpec, Dataset, Record};
use super::run::{Prepared, Run, files};
use super::samples::{self, Sample};
use super::split::{Split, Splits};
use super::{fit, phantom, progress, vocab};
use crate::error::{Error, Result};

#[derive(Parser)]
#[command(name = "train", version, about)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}
#[derive(Subcommand)]
enum Command {
    Phantom(PhantomArgs),
    Finetune(FinetuneArgs),
}
#[derive(Args)]
struct PhantomArgs { #[arg(long)] out: PathBuf, #[arg(long, default_value_t=530)] healthy: usize, #[arg(long, default_value_t=462)] amd: usize, #[arg(long, default_value_t=1)] seed: u64 }
#[derive(Args)]
struct FinetuneArgs {
    #[arg(long)] out: PathBuf,
    #[arg(long, required = true)] data: Vec<DataSpec>,
    #[command(flatten)] settings: Settings,
}
impl Cli {
    pub fn run(self) -> Result<()> {
        match self.command {
            Command::Phantom(a) => {
                let bar = progress::bar("phantom", a.healthy + a.amd);
                let s = phantom::write_folder(&a.out, &phantom::Settings { healthy: a.healthy, amd: a.amd, seed: a.seed }, &mut || bar.inc(1))?;
                println!("{} images {} boxes", s.images, s.boxes);
                Ok(())
            }
            Command::Finetune(a) => finetune(a),
        }
    }
}
fn finetune(args: FinetuneArgs) -> Result<()> {
    let device = Device::Cpu;
    let run = Run::new(&args.out)?;
    let dataset = Dataset::read(&args.data)?;
    for p in &dataset.problems { eprintln!("left out: {p}"); }
    let prepared = if run.path(files::POSITION).exists() { Prepared::read(&run)? } else {
        let splits = Splits::make(&dataset.records, args.settings.seed, SPLIT_FRACTIONS);
        let mut captions: Vec<_> = of(&dataset, &splits, Split::Train).into_iter().map(|r| r.caption.clone()).collect();
        captions.sort(); captions.dedup();
        let mut texts: Vec<String> = captions.iter().map(|c| c.text()).collect();
        let v = dataset.vocabulary();
        texts.extend(v.findings.clone()); texts.extend(v.labels.clone());
        let tokenizer = vocab::train(&texts)?;
        let spec = ModelSpec::new(&args.settings, &dataset, captions, tokenizer.vocab_size())?;
        Prepared { settings: args.settings, spec, splits, tokenizer }
    };
    prepared.write(&run)?;
    let (train, val) = (of(&dataset, &prepared.splits, Split::Train), of(&dataset, &prepared.splits, Split::Val));
    let read = |records: &[&Record], what: &str| -> Result<Vec<Sample>> {
        let bar = progress::bar(what, records.len());
        samples::read(records, &prepared.spec, &bar)
    };
    let (ts, vs) = (read(&train, "train scans")?, read(&val, "val scans")?);
    eprintln!("{} train, {} val, {} captions", ts.len(), vs.len(), prepared.spec.captions.len());
    fit::fit(&run, &prepared, (&train, &val), (&ts, &vs), &device)
}
fn of<'a>(dataset: &'a Dataset, splits: &Splits, split: Split) -> Vec<&'a Record> {
    dataset.records.iter().filter(|r| splits.split_of(r) == Some(split)).collect()
}
