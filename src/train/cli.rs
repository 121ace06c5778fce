//! The command line: the list of commands. Each is in `commands`.

use clap::{Parser, Subcommand};

use super::commands::baseline::BaselineArgs;
use super::commands::bench::BenchArgs;
use super::commands::embed::EmbedArgs;
use super::commands::eval::EvalArgs;
use super::commands::explain::ExplainArgs;
use super::commands::export::ExportArgs;
use super::commands::finetune::FinetuneArgs;
use super::commands::heads::HeadsArgs;
use super::commands::import::ImportArgs;
use super::commands::output::{is_closed_pipe, note};
use super::commands::paper::{PaperArgs, with_preset};
use super::commands::phantom::PhantomArgs;
use crate::error::Result;

/// Trains, exports and measures the models of octlens.
///
/// From data to page: `phantom` and `import` (both optional), `finetune`, `heads`, `export`. `eval`, `explain` and
/// `embed` use a weights file.
#[derive(Parser)]
#[command(name = "train", version)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Write synthetic B-scans with exact lesion boxes, in OCT5k's layout.
    Phantom(PhantomArgs),
    /// Convert a pretrained CLIP (OpenAI's RN50.pt, a state dict, safetensors) for finetune and embed.
    Import(ImportArgs),
    /// Train both towers on scans and captions; continues after the last epoch if the run has one.
    Finetune(FinetuneArgs),
    /// Time the steps that finetune would take, and write what the first one computes.
    Bench(BenchArgs),
    /// Train both classification heads of a run on its frozen towers.
    Heads(HeadsArgs),
    /// Train the paper's baseline: a linear head on a frozen ResNet-50.
    Baseline(BaselineArgs),
    /// Measure a run on its test patients and write one weights file for the page.
    Export(ExportArgs),
    /// Measure a weights file: both heads on each caption variant, calibration, captions.
    Eval(EvalArgs),
    /// Analyse scans: print or write their reports and overlays.
    Explain(ExplainArgs),
    /// Print L2-normalised embeddings of images and texts.
    Embed(EmbedArgs),
    /// Reproduce the paper's experiment, from CLIP's weights and OCT5k to its Table 1; continues where it was stopped.
    Paper(PaperArgs),
}

impl Cli {
    /// Parses the program's arguments; wrong ones end the program with exit code 2. For the command `paper`, the preset
    /// `paper` is the default.
    pub fn from_args() -> Self {
        Self::parse_from(with_preset(std::env::args_os().collect()))
    }

    /// Runs the command and returns the program's exit code: 0, or 1 after one line on standard error that says what is
    /// wrong and what to do. A closed standard output is no failure.
    pub fn run(self) -> u8 {
        match self.command.run() {
            Err(error) if !is_closed_pipe(&error) => {
                note(format_args!("error: {error}"));
                1
            }
            _ => 0,
        }
    }
}

impl Command {
    fn run(self) -> Result<()> {
        match self {
            Self::Phantom(args) => args.run(),
            Self::Import(args) => args.run(),
            Self::Finetune(args) => args.run(),
            Self::Bench(args) => args.run(),
            Self::Heads(args) => args.run(),
            Self::Baseline(args) => args.run(),
            Self::Export(args) => args.run(),
            Self::Eval(args) => args.run(),
            Self::Explain(args) => args.run(),
            Self::Embed(args) => args.run(),
            Self::Paper(args) => args.run(),
        }
    }
}
