//! The command line: what each subcommand takes. The work is in `commands`.

use std::ffi::OsString;
use std::path::PathBuf;

use candle_core::Device;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, Parser, Subcommand, ValueEnum};

use super::commands;
use super::commands::paper::{self, Paper};
use super::config::Settings;
use super::data::dataset::DataSpec;
use super::data::record::SourceKind;
use super::data::split;
use super::heads::baseline::BaselineSettings;
use crate::error::{Error, Result};
use crate::report::WordMethod;

/// Makes the weights that octlens explains scans with.
///
/// From data to page: `phantom` and `import` (both optional), `finetune`, `heads`, `export`. `eval`, `explain` and
/// `embed` ask a weights file.
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
    /// Turn a CLIP that others trained (OpenAI's RN50.pt, a state dict, safetensors) into a start for finetune.
    Import(ImportArgs),
    /// Train both towers on scans and captions; goes on from the last epoch if the run has one.
    Finetune(FinetuneArgs),
    /// Train both heads of a run on its frozen towers.
    Heads(RunArgs),
    /// Train the paper's baseline: a linear head on a frozen ResNet-50.
    Baseline(BaselineArgs),
    /// Measure a run on its test patients and write one weights file for the page.
    Export(ExportArgs),
    /// Measure a weights file: both heads, what each text protocol is told, calibration, captions.
    Eval(EvalArgs),
    /// Report and overlay for scans.
    Explain(ExplainArgs),
    /// L2-normalised embeddings of images and texts.
    Embed(EmbedArgs),
    /// The paper's experiment from CLIP's weights and OCT5k to its Table 1; goes on where it was stopped.
    Paper(PaperArgs),
}

/// `cpu`, `cuda`, `cuda:N` or `metal`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum DeviceName {
    Cpu,
    Cuda(usize),
    Metal,
}

impl std::str::FromStr for DeviceName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once(':') {
            None if text == "cpu" => Ok(Self::Cpu),
            None if text == "cuda" => Ok(Self::Cuda(0)),
            None if text == "metal" => Ok(Self::Metal),
            Some(("cuda", n)) => n.parse().map(Self::Cuda).map_err(|_| format!("{n} is no GPU number")),
            _ => Err("use cpu, cuda, cuda:N or metal".to_owned()),
        }
    }
}

#[derive(Args)]
struct DeviceArgs {
    /// Where to compute: cpu, cuda, cuda:N or metal.
    #[arg(long, default_value = "cpu")]
    device: DeviceName,
}

impl DeviceArgs {
    fn device(&self) -> Result<Device> {
        let missing = |what: &str| {
            Error::config(format!(
                "--device {what} cannot be used: build with --features {what}, on a machine that has it"
            ))
        };
        match self.device {
            DeviceName::Cpu => Ok(Device::Cpu),
            DeviceName::Cuda(n) => Device::new_cuda(n).map_err(|e| missing("cuda").because(e)),
            DeviceName::Metal => Device::new_metal(0).map_err(|e| missing("metal").because(e)),
        }
    }
}

#[derive(Args)]
struct PhantomArgs {
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
    device: DeviceArgs,
}

#[derive(Args)]
struct ImportArgs {
    /// OpenAI's TorchScript archive, a PyTorch state dict (.pt, .pth, .bin) or safetensors of open_clip. The model must
    /// have a ModifiedResNet and QuickGELU, as OpenAI's RN50 and open_clip's RN50-quickgelu.
    #[arg(long)]
    weights: PathBuf,
    /// CLIP's bpe_simple_vocab_16e6.txt.gz, or the tokenizer.json of a CLIP on Hugging Face.
    #[arg(long)]
    tokenizer: PathBuf,
    /// Heads of the text tower, where its width is no multiple of 64: a file cannot tell.
    #[arg(long)]
    text_heads: Option<usize>,
    /// Folder to write: towers.safetensors, tokenizer.json, clip.json.
    #[arg(long)]
    out: PathBuf,
    /// Print what was imported as JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    device: DeviceArgs,
}

#[derive(Args)]
struct FinetuneArgs {
    /// The run's folder.
    #[arg(long)]
    out: PathBuf,
    /// KIND:DIR with KIND oct5k, octdl or phantom; may be given several times.
    #[arg(long, required = true)]
    data: Vec<DataSpec>,
    /// What to begin from: a folder that import wrote, another run's, or a weights file (with --freeze-bn true: its
    /// norms are folded). Its sizes and tokenizer hold, not --model's; whom it learnt from stays in the same split.
    #[arg(long)]
    init: Option<PathBuf>,
    #[command(flatten)]
    settings: Settings,
    #[command(flatten)]
    device: DeviceArgs,
}

#[derive(Args)]
struct RunArgs {
    /// The run's folder.
    #[arg(long)]
    run: PathBuf,
    /// KIND:DIR as for finetune.
    #[arg(long, required = true)]
    data: Vec<DataSpec>,
    #[command(flatten)]
    device: DeviceArgs,
}

#[derive(Args)]
struct BaselineArgs {
    #[command(flatten)]
    run: RunArgs,
    /// torchvision's ResNet-50: a state dict (resnet50-….pth) or safetensors.
    #[arg(long)]
    resnet50: PathBuf,
    /// Folder for the file and index.json.
    #[arg(long, default_value = "weights")]
    out: PathBuf,
    /// The model's name, and its file's.
    #[arg(long, default_value = "resnet50")]
    name: String,
    #[command(flatten)]
    settings: BaselineSettings,
    /// Print figures as JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
struct PaperArgs {
    /// OpenAI's RN50.pt, or what else import reads.
    #[arg(long)]
    clip: PathBuf,
    /// CLIP's vocabulary; by default bpe_simple_vocab_16e6.txt.gz beside --clip.
    #[arg(long)]
    vocabulary: Option<PathBuf>,
    /// Heads of the text tower, as for import.
    #[arg(long)]
    text_heads: Option<usize>,
    /// torchvision's ResNet-50, for the baseline; without it there is none.
    #[arg(long)]
    resnet50: Option<PathBuf>,
    /// OCT5k's folder.
    #[arg(long)]
    oct5k: Option<PathBuf>,
    /// More data, KIND:DIR as for finetune.
    #[arg(long)]
    data: Vec<DataSpec>,
    /// The run's folder.
    #[arg(long)]
    out: PathBuf,
    #[command(flatten)]
    settings: Settings,
    #[command(flatten)]
    device: DeviceArgs,
}

#[derive(Args)]
struct ExportArgs {
    #[command(flatten)]
    run: RunArgs,
    /// Folder for the weights file and index.json.
    #[arg(long, default_value = "weights")]
    out: PathBuf,
    /// The model's name, and its file's.
    #[arg(long, default_value = "compact")]
    name: String,
    /// A line for people.
    #[arg(long, default_value = "Healthy or AMD")]
    title: String,
    /// Licence of the weights.
    #[arg(long, default_value = "CC BY 4.0")]
    licence: String,
    /// How weights are stored.
    #[arg(long, value_enum, default_value_t = Precision::Int8)]
    precision: Precision,
    /// Print figures as JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Precision {
    Int8,
    Float,
}

#[derive(Args)]
struct EvalArgs {
    /// The weights file.
    #[arg(long)]
    weights: PathBuf,
    /// KIND:DIR as for finetune.
    #[arg(long, required = true)]
    data: Vec<DataSpec>,
    /// Whose scans: a split that the weights file remembers, or all scans of a folder that it never saw.
    #[arg(long, value_enum, default_value_t = Which::Test)]
    split: Which,
    /// Write a report with plots to this HTML file, which opens without a network.
    #[arg(long, value_name = "FILE.html")]
    report: Option<PathBuf>,
    /// Print figures as JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    device: DeviceArgs,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Which {
    Train,
    Val,
    Test,
    All,
}

impl Which {
    fn split(self) -> Option<split::Split> {
        match self {
            Which::Train => Some(split::Split::Train),
            Which::Val => Some(split::Split::Val),
            Which::Test => Some(split::Split::Test),
            Which::All => None,
        }
    }
}

#[derive(Args)]
struct ExplainArgs {
    /// Scans: PNG, JPEG, TIFF or BMP.
    #[arg(required = true)]
    images: Vec<PathBuf>,
    /// The weights file.
    #[arg(long, default_value = "weights/compact.safetensors")]
    weights: PathBuf,
    /// A file of baseline, to be asked about the same scans.
    #[arg(long)]
    baseline: Option<PathBuf>,
    /// Folder for a report and an overlay of each scan.
    #[arg(long)]
    out: Option<PathBuf>,
    /// The class to explain, if not the most probable one.
    #[arg(long)]
    target: Option<String>,
    /// A caption to read instead of the retrieved one.
    #[arg(long)]
    caption: Option<String>,
    /// How words are scored: shapley measures what each phrase changes, gradient_x_activation is the paper's.
    #[arg(long, default_value = WordMethod::default().name(), value_parser = word_method())]
    words: WordMethod,
    /// Print reports as JSON: one object, or an array of them for several scans.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    device: DeviceArgs,
}

fn word_method() -> impl TypedValueParser<Value = WordMethod> {
    let names = WordMethod::ALL.map(WordMethod::name);
    PossibleValuesParser::new(names).map(|name| WordMethod::from_name(&name).unwrap_or_default())
}

#[derive(Args)]
struct EmbedArgs {
    /// The weights file.
    #[arg(long, default_value = "weights/compact.safetensors")]
    weights: PathBuf,
    /// A scan; may be given several times.
    #[arg(long)]
    image: Vec<PathBuf>,
    /// A text; may be given several times.
    #[arg(long)]
    text: Vec<String>,
    /// Print everything as JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    device: DeviceArgs,
}

impl Cli {
    /// Reads the command line. The paper's experiment has the paper's settings, where no others are given.
    pub fn of_args() -> Self {
        let mut args: Vec<OsString> = std::env::args_os().collect();
        let is_preset = |arg: &OsString| arg.to_string_lossy().starts_with("--preset");
        if args.get(1).is_some_and(|command| command == "paper") && !args.iter().any(is_preset) {
            args.push("--preset=paper".into());
        }
        Self::parse_from(args)
    }

    /// Does what was asked.
    ///
    /// # Errors
    /// One line that says what is wrong and what to do.
    pub fn run(self) -> Result<()> {
        match self.command {
            Command::Phantom(a) => {
                a.device.device()?;
                commands::phantom(&a.out, a.healthy, a.amd, a.seed)
            }
            Command::Import(a) => {
                a.device.device()?;
                commands::import(&a.weights, &a.tokenizer, a.text_heads, &a.out, a.json)
            }
            Command::Finetune(a) => {
                commands::finetune(&a.out, &a.data, a.settings, a.init.as_deref(), &a.device.device()?)
            }
            Command::Heads(a) => commands::heads(&a.run, &a.data, &a.device.device()?),
            Command::Export(a) => {
                a.run.device.device()?;
                let wording = super::export::Wording {
                    name: a.name,
                    title: a.title,
                    licence: a.licence,
                    quantize: a.precision == Precision::Int8,
                };
                commands::export(&a.run.run, &a.run.data, &wording, &a.out, a.json)
            }
            Command::Eval(a) => {
                let (split, report) = (a.split.split(), a.report.as_deref());
                let request =
                    commands::EvalRequest { weights: &a.weights, data: &a.data, split, report, as_json: a.json };
                commands::eval(&request, &a.device.device()?)
            }
            Command::Explain(a) => {
                let options = crate::protocol::Options {
                    target: a.target,
                    caption: a.caption,
                    words: a.words,
                    baseline: a.baseline.is_some(),
                };
                let request = commands::ExplainRequest {
                    weights: &a.weights,
                    baseline: a.baseline.as_deref(),
                    images: &a.images,
                    options: &options,
                    out: a.out.as_deref(),
                    as_json: a.json,
                };
                commands::explain(&request, &a.device.device()?)
            }
            Command::Baseline(a) => {
                a.run.device.device()?;
                commands::baseline(&commands::BaselineRequest {
                    resnet50: &a.resnet50,
                    run: &a.run.run,
                    data: &a.run.data,
                    out: &a.out,
                    name: &a.name,
                    settings: a.settings,
                    as_json: a.json,
                })
            }
            Command::Paper(a) => {
                let oct5k = a.oct5k.map(|dir| DataSpec { kind: SourceKind::Oct5k, dir });
                let data: Vec<DataSpec> = oct5k.into_iter().chain(a.data).collect();
                if data.is_empty() {
                    return Err(Error::config("there is nothing to learn from: give --oct5k DIR or --data KIND:DIR"));
                }
                let paper = Paper {
                    clip: &a.clip,
                    vocabulary: a.vocabulary.as_deref(),
                    text_heads: a.text_heads,
                    resnet50: a.resnet50.as_deref(),
                    data: &data,
                    out: &a.out,
                    settings: a.settings,
                };
                paper::paper(&paper, &a.device.device()?)
            }
            Command::Embed(a) => commands::embed(&a.weights, &a.image, &a.text, a.json, &a.device.device()?),
        }
    }
}
