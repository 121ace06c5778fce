//! `train import`: converts a pretrained CLIP to a folder that `finetune` and `embed` read.

use std::path::PathBuf;

use clap::Args;

use super::args::CpuArgs;
use super::output::{print, print_json};
use crate::error::Result;
use crate::train::import;

#[derive(Args)]
pub(crate) struct ImportArgs {
    /// OpenAI's TorchScript archive, a PyTorch state dict (.pt, .pth, .bin) or safetensors of open_clip. The model must
    /// have a ModifiedResNet and QuickGELU, as OpenAI's RN50 and open_clip's RN50-quickgelu.
    #[arg(long)]
    pub(super) weights: PathBuf,
    /// CLIP's bpe_simple_vocab_16e6.txt.gz, or the tokenizer.json of a CLIP on Hugging Face.
    #[arg(long)]
    pub(super) tokenizer: PathBuf,
    /// Attention heads of the text tower; needed if its width is not a multiple of 64, since the weights do not say.
    #[arg(long)]
    pub(super) text_heads: Option<usize>,
    /// Folder to write: towers.safetensors, tokenizer.json, clip.json.
    #[arg(long)]
    pub(super) out: PathBuf,
    /// Print what was imported as JSON.
    #[arg(long)]
    pub(super) json: bool,
    #[command(flatten)]
    pub(super) device: CpuArgs,
}

impl ImportArgs {
    pub(crate) fn run(self) -> Result<()> {
        self.device.check()?;
        let pretrained = import::clip::read(&self.weights, &self.tokenizer, self.text_heads)?;
        import::folder::write(&pretrained, &self.out)?;
        if self.json {
            return print_json(&pretrained.manifest);
        }
        let (manifest, n_tensors) = (&pretrained.manifest, pretrained.towers.len());
        let (vision, text) = (&manifest.clip.vision, &manifest.clip.text);
        print(format_args!(
            "{} ({}): {n_tensors} tensors, images of {} × {}, {} tokens, in {}",
            manifest.weights.file,
            manifest.weights.format,
            vision.image_height,
            vision.image_width,
            text.vocab_size,
            self.out.display()
        ))
    }
}
