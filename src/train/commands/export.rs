//! `train export`: a run becomes one weights file for the page, with figures measured on its test patients.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use super::args::{CpuArgs, RunArgs};
use super::output::{print, print_json};
use super::records::{read_dataset, records_of, some_records_of, usable};
use crate::error::Result;
use crate::train::data::split::Split;
use crate::train::evaluate::explanations::peaks;
use crate::train::export::{self, ExportOptions, Scans};
use crate::train::progress;
use crate::train::run::{Prepared, Run};

#[derive(Args)]
pub(crate) struct ExportArgs {
    #[command(flatten)]
    pub(super) run: RunArgs,
    /// Folder for the weights file and index.json.
    #[arg(long, default_value = "weights")]
    pub(super) out: PathBuf,
    #[command(flatten)]
    pub(super) options: ExportOptions,
    /// Print figures as JSON.
    #[arg(long)]
    pub(super) json: bool,
    #[command(flatten)]
    pub(super) device: CpuArgs,
}

impl ExportArgs {
    pub(crate) fn run(self) -> Result<()> {
        self.device.check()?;
        let Self { run: RunArgs { run, data }, out, options, json, .. } = self;
        let run = Run::open(&run)?;
        let prepared = Prepared::read(&run)?;
        let mut dataset = read_dataset(&data, &[])?;
        let others = dataset.take_others(&prepared.spec.vocabulary.labels);
        let splits = &prepared.splits;
        let [train, test] = [Split::Train, Split::Test].map(|split| some_records_of(&dataset, splits, split));
        let others_of = |split| others.iter().filter(|r| splits.split_of(r) == Some(split)).collect::<Vec<_>>();
        let check = |records| usable(records, data.strict);
        let (train, val, test) = (check(train?)?, check(records_of(&dataset, splits, Split::Val))?, check(test?)?);
        let (others, test_others) = (check(others_of(Split::Train))?, check(others_of(Split::Test))?);
        let bar = progress::bar("measure", 2 * (test.len() + test_others.len()) + peaks::scans(&val).len());
        let scans = Scans { train, val, test, others, test_others };
        let metrics = export::export(&run, &prepared, &options, &scans, &out, &bar)?;
        bar.finish_and_clear();
        if json {
            return print_json(&json!(metrics));
        }
        print(format_args!("{} is in {}", options.name, out.display()))?;
        print_json(&json!(metrics.at(options.precision)))
    }
}
