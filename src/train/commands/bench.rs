//! `train bench`: how fast a run trains, on a device or in several processes.

use std::path::PathBuf;

use clap::Args;

use super::args::{DataArgs, DeviceArgs};
use super::finetune::{in_ranks, prepare};
use super::output::print_json;
use super::records::{check_all, keep_labels, read_dataset, read_samples, records_of};
use crate::error::Result;
use crate::train::config::Settings;
use crate::train::data::split::Split;
use crate::train::fit::bench::{Steps, bench};
use crate::train::import::start;
use crate::train::ranks::Ranks;

#[derive(Args)]
pub(crate) struct BenchArgs {
    #[command(flatten)]
    data: DataArgs,
    /// What to start from, as in finetune.
    #[arg(long)]
    init: Option<PathBuf>,
    /// Steps to time.
    #[arg(long, default_value_t = 10)]
    steps: usize,
    /// Steps before these.
    #[arg(long, default_value_t = 2)]
    untimed_steps: usize,
    /// File for what the first batch gives before any step: embeddings, loss and gradients, as safetensors.
    #[arg(long, value_name = "FILE")]
    dump: Option<PathBuf>,
    #[command(flatten)]
    settings: Settings,
    #[command(flatten)]
    device: DeviceArgs,
}

impl BenchArgs {
    pub(crate) fn run(self) -> Result<()> {
        in_ranks(|ranks| self.measure(ranks))
    }

    fn measure(self, ranks: &dyn Ranks) -> Result<()> {
        let Self { data, init, steps, untimed_steps, dump, settings, device } = self;
        let device = device.open()?;
        let mut everyone = read_dataset(&data, &[])?;
        let families = check_all(&mut everyone, data.strict)?;
        let mut dataset = everyone.clone();
        keep_labels(&mut dataset, settings.labels())?;
        let start = init.as_deref().map(start::read).transpose()?;
        let (prepared, start) = prepare(&dataset, &everyone.records, &families, settings, start, false, None)?;
        let train = records_of(&dataset, &prepared.splits, Split::Train);
        let samples = read_samples(&train, &prepared.spec, "train scans")?;
        let towers = start.as_ref().map(|start| &start.towers);
        let steps = Steps { n_untimed: untimed_steps, n_timed: steps };
        let measured = bench(&prepared, (&train, &samples), towers, &steps, dump.as_deref(), (&device, ranks))?;
        if ranks.is_first() { print_json(&measured) } else { Ok(()) }
    }
}
