//! `train heads`: trains both classification heads on the frozen towers of a run.

use clap::Args;

use super::args::{DeviceArgs, RunArgs};
use super::output::print;
use super::records::{read_dataset, read_samples, records_of, usable};
use crate::error::Result;
use crate::train::data::split::Split;
use crate::train::run::{Prepared, Run, names};
use crate::train::{heads, progress};

#[derive(Args)]
pub(crate) struct HeadsArgs {
    #[command(flatten)]
    pub(super) run: RunArgs,
    #[command(flatten)]
    pub(super) device: DeviceArgs,
}

impl HeadsArgs {
    pub(crate) fn run(self) -> Result<()> {
        let device = self.device.open()?;
        let run = Run::open(&self.run.run)?;
        let _lock = run.lock()?;
        let prepared = Prepared::read(&run)?;
        let dataset = read_dataset(&self.run.data, &prepared.spec.vocabulary.labels)?;
        let of = |split| usable(records_of(&dataset, &prepared.splits, split), self.run.data.strict);
        let [train, val] = [of(Split::Train)?, of(Split::Val)?];
        let train_samples = read_samples(&train, &prepared.spec, "train scans")?;
        let val_samples = read_samples(&val, &prepared.spec, "val scans")?;
        let bar = progress::bar("heads", train_samples.len() * prepared.settings.head_views.max(1));
        heads::train(&run, &prepared, (&train, &train_samples), (&val, &val_samples), &device, &bar)?;
        bar.finish_and_clear();
        print(format_args!("both heads are in {}", run.path(names::HEADS).display()))
    }
}
