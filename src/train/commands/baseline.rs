//! `train baseline`: the paper's ResNet-50, trained and measured on the patients of a run.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use super::args::{CpuArgs, RunArgs};
use super::output::{print, print_json};
use super::records::{read_dataset, some_records_of, usable};
use crate::bundle::Bundle;
use crate::bundle::index::ModelKind;
use crate::error::Result;
use crate::train::data::split::Split;
use crate::train::export::publish::{Listing, publish};
use crate::train::heads::baseline::{self, BaselineSettings};
use crate::train::run::{Prepared, Run};
use crate::train::{import, progress};

#[derive(Args)]
pub(crate) struct BaselineArgs {
    #[command(flatten)]
    pub(super) run: RunArgs,
    /// torchvision's ResNet-50: a state dict (resnet50-….pth) or safetensors.
    #[arg(long)]
    pub(super) resnet50: PathBuf,
    /// Folder for the weights file and index.json.
    #[arg(long, default_value = "weights")]
    pub(super) out: PathBuf,
    /// Name of the model and of its file.
    #[arg(long, default_value = "resnet50")]
    pub(super) name: String,
    #[command(flatten)]
    pub(super) settings: BaselineSettings,
    /// Print figures as JSON.
    #[arg(long)]
    pub(super) json: bool,
    #[command(flatten)]
    pub(super) device: CpuArgs,
}

impl BaselineArgs {
    pub(crate) fn run(self) -> Result<()> {
        self.device.check()?;
        let Self { run, resnet50, out, name, settings, json, .. } = self;
        let prepared = Prepared::read(&Run::open(&run.run)?)?;
        let dataset = read_dataset(&run.data, &prepared.spec.vocabulary.labels)?;
        // Without figures on test patients the file would not be read.
        let of = |split| usable(some_records_of(&dataset, &prepared.splits, split)?, run.data.strict);
        let [train, test] = [of(Split::Train)?, of(Split::Test)?];
        let backbone = import::resnet50::read(&resnet50)?;
        let bar = progress::bar("baseline", train.len() + test.len());
        let trained = baseline::train(backbone, &prepared, &name, &settings, (&train, &test), &bar)?;
        bar.finish_and_clear();
        let bytes = Bundle::write(&trained.metadata, &trained.tensors, false)?;
        let labels = &trained.metadata.labels;
        let listing = Listing { name: &name, title: baseline::TITLE, kind: ModelKind::Baseline, labels };
        let path = publish(&out, &bytes, &listing)?;
        if !json {
            print(format_args!("{name} is in {}", path.display()))?;
        }
        print_json(&json!(trained.metadata.metrics))
    }
}
