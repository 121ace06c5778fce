//! `train phantom`: draws synthetic scans with exact lesion boxes.

use std::path::PathBuf;

use clap::Args;

use super::args::CpuArgs;
use super::output::print;
use crate::error::{Error, Result};
use crate::train::{phantom, progress};

#[derive(Args)]
pub(crate) struct PhantomArgs {
    /// Folder to write; it must not hold phantoms yet.
    #[arg(long)]
    out: PathBuf,
    /// Healthy scans.
    #[arg(long, default_value_t = 530)]
    healthy: usize,
    /// Scans with lesions.
    #[arg(long, default_value_t = 462)]
    amd: usize,
    /// The same seed draws the same scans.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    #[command(flatten)]
    device: CpuArgs,
}

impl PhantomArgs {
    pub(crate) fn run(self) -> Result<()> {
        self.device.check()?;
        if self.healthy + self.amd == 0 {
            return Err(Error::config("nothing to draw: give --healthy or --amd at least 1"));
        }
        let bar = progress::bar("phantom", self.healthy + self.amd);
        let options = phantom::FolderOptions { healthy: self.healthy, amd: self.amd, seed: self.seed };
        let summary = phantom::write_folder(&self.out, &options, &mut || bar.inc(1))?;
        bar.finish_and_clear();
        print(format_args!("{} images, {} lesion boxes in {}", summary.images, summary.boxes, self.out.display()))
    }
}
