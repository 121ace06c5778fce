//! `train paper`: the paper's experiment from end to end, in steps that each leave a file. A step whose file exists is
//! skipped, so the same command continues where it was stopped.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use clap::Args;

use super::args::{CpuArgs, DataArgs, DeviceArgs, RunArgs, StrictArgs, data_help};
use super::baseline::BaselineArgs;
use super::eval::{EvalArgs, Part};
use super::explanations::ExplanationArgs;
use super::export::ExportArgs;
use super::finetune::FinetuneArgs;
use super::heads::HeadsArgs;
use super::import::ImportArgs;
use super::output::{note, print};
use super::weights::{load, load_baseline};
use crate::bundle::card::{Figures, HeadFigures, WeightPrecision};
use crate::error::{Error, Result};
use crate::train::config::Settings;
use crate::train::data::dataset::DataSpec;
use crate::train::data::record::SourceKind;
use crate::train::export::ExportOptions;
use crate::train::files;
use crate::train::heads::baseline::BaselineSettings;
use crate::train::import::MANIFEST;
use crate::train::ranks::One;
use crate::train::run::names;

/// The paper's Table 1, on its own 99 test scans: accuracy, sensitivity, specificity (Cho, Park & Jeong).
const PUBLISHED: [(&str, [f64; 3]); 3] =
    [("ResNet50", [0.74, 0.58, 0.87]), ("CLIP image", [0.79, 0.89, 0.70]), ("CLIP text", [0.75, 0.89, 0.62])];
/// CLIP's vocabulary, expected in the folder of its weights.
const VOCABULARY: &str = "bpe_simple_vocab_16e6.txt.gz";
/// Names of the files that the last steps leave.
const NAMES: [&str; 2] = ["paper", "resnet50"];

#[derive(Args)]
pub(crate) struct PaperArgs {
    /// OpenAI's RN50.pt, or another file that import reads.
    #[arg(long)]
    clip: PathBuf,
    /// CLIP's vocabulary; by default bpe_simple_vocab_16e6.txt.gz in the folder of --clip.
    #[arg(long)]
    vocabulary: Option<PathBuf>,
    /// Attention heads of the text tower, as for import.
    #[arg(long)]
    text_heads: Option<usize>,
    /// torchvision's ResNet-50, for the baseline; without it no baseline is trained.
    #[arg(long)]
    resnet50: Option<PathBuf>,
    /// OCT5k's folder: the same as --data oct5k:DIR.
    #[arg(long)]
    oct5k: Option<PathBuf>,
    #[arg(long, value_name = "KIND:DIR", help = data_help())]
    data: Vec<DataSpec>,
    #[command(flatten)]
    strict: StrictArgs,
    /// The run's folder.
    #[arg(long)]
    out: PathBuf,
    #[command(flatten)]
    settings: Settings,
    #[command(flatten)]
    device: DeviceArgs,
}

/// `args` of the program, with the paper's preset where the command is `paper` and no preset is given. The preset must be
/// an argument, since it sets other options' defaults only where it is given.
pub(crate) fn with_preset(mut args: Vec<OsString>) -> Vec<OsString> {
    let is_preset = |arg: &OsString| arg.to_string_lossy().starts_with("--preset");
    if args.get(1).is_some_and(|command| command == "paper") && !args.iter().any(is_preset) {
        args.push("--preset=paper".into());
    }
    args
}

impl PaperArgs {
    /// Imports, fine-tunes, trains heads and baseline, exports, evaluates, and compares the result with the paper's Table 1.
    ///
    /// # Errors
    /// The error of the first step that fails; the files of earlier steps are kept.
    pub(crate) fn run(self) -> Result<()> {
        let Self { clip, vocabulary, text_heads, resnet50, oct5k, data, strict, out, settings, device } = self;
        let oct5k = oct5k.map(|dir| DataSpec { kind: SourceKind::Oct5k, dir });
        let data: Vec<DataSpec> = oct5k.into_iter().chain(data).collect();
        if data.is_empty() {
            return Err(Error::config("there is no data to train on: give --oct5k DIR or --data KIND:DIR"));
        }
        let data = DataArgs { specs: data, strict };
        let cpu = CpuArgs::default();
        let run = RunArgs { run: out.clone(), data: data.clone() };
        let start = out.join("clip");
        step("import", &start.join(MANIFEST), || {
            let tokenizer = vocabulary.unwrap_or_else(|| clip.with_file_name(VOCABULARY));
            ImportArgs { weights: clip, tokenizer, text_heads, out: start.clone(), json: false, device: cpu }.run()
        })?;
        note(format_args!("finetune: {} epochs", settings.epochs));
        FinetuneArgs {
            out: out.clone(),
            data: data.clone(),
            init: Some(start),
            add_words: false,
            splits: None,
            settings,
            device,
        }
        .train(&One)?;
        step("heads", &out.join(names::HEADS), || HeadsArgs { run: run.clone(), device }.run())?;
        let weights = out.join("weights");
        let [model, baseline] = NAMES.map(|name| weights.join(format!("{name}.safetensors")));
        let has_baseline = resnet50.is_some();
        match resnet50 {
            None => note("baseline: left out, because --resnet50 is not given"),
            Some(resnet50) => step("baseline", &baseline, || {
                let (run, out, name) = (run.clone(), weights.clone(), NAMES[1].to_owned());
                let settings = BaselineSettings::paper();
                BaselineArgs { run, resnet50, out, name, settings, json: false, device: cpu }.run()
            })?,
        }
        step("export", &model, || {
            let options = ExportOptions {
                name: NAMES[0].to_owned(),
                title: "The paper's CLIP".to_owned(),
                licence: "those of its data and of the weights it began from".to_owned(),
                precision: WeightPrecision::Int8,
            };
            ExportArgs { run, out: weights, options, json: false, device: cpu }.run()
        })?;
        let report = out.join("report.html");
        step("evaluate", &report, || {
            let (weights, report) = (model.clone(), Some(report.clone()));
            let (stress, limit, explanations) = (false, None, ExplanationArgs::default());
            let split = Part::Test;
            EvalArgs { weights, data, split, stress, explanations, limit, report, json: false, device: cpu }.run()
        })?;
        let table = table(&model, has_baseline.then_some(baseline.as_path()))?;
        let path = out.join("table.md");
        files::write(&path, &table)?;
        print(format_args!("{table}\n{} holds this table, {} all figures", path.display(), report.display()))
    }
}

/// Runs a step, unless the file that it makes exists.
fn step(name: &str, product: &Path, make: impl FnOnce() -> Result<()>) -> Result<()> {
    if product.exists() {
        note(format_args!("{name}: there already, in {}", product.display()));
        return Ok(());
    }
    note(format_args!("{name} …"));
    make()
}

/// The figures of this run and the published ones, by source of scans.
fn table(model: &Path, baseline: Option<&Path>) -> Result<String> {
    let metrics = load(model)?.metadata().metrics.clone();
    let of_baseline = match baseline {
        Some(path) => load_baseline(path)?.metadata().metrics.clone(),
        None => None,
    };
    Ok(rows(&metrics.map(|m| m.int8).unwrap_or_default(), &of_baseline.map(|m| m.float).unwrap_or_default()))
}

fn rows(model: &BTreeMap<String, Figures>, baseline: &BTreeMap<String, HeadFigures>) -> String {
    let mut text = String::from("| | accuracy | sensitivity | specificity |\n|---|---|---|---|\n");
    let mut row = |name: &str, cells: [Option<f64>; 3]| {
        let cells = cells.map(|c| c.map_or("–".to_owned(), |c| format!("{c:.2}")));
        // Writing to a string cannot fail.
        let _ = writeln!(text, "| {name} | {} |", cells.join(" | "));
    };
    for (name, published) in PUBLISHED {
        row(&format!("{name}, published"), published.map(Some));
    }
    for source in SourceKind::ALL.map(|s| s.to_string()) {
        let heads = [
            ("ResNet50", baseline.get(&source)),
            ("CLIP image", model.get(&source).map(|figures| &figures.image)),
            ("CLIP text, retrieved caption", model.get(&source).map(|figures| &figures.text)),
        ];
        for (name, head) in heads.into_iter().filter_map(|(name, head)| Some((name, head?))) {
            let measures = [head.accuracy, head.sensitivity, head.specificity];
            row(&format!("{name}, ours on {source}"), measures.map(|figure| figure.map(|figure| figure.value)));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bundle::card::Interval;

    #[test]
    fn our_rows_stand_below_the_published_ones() {
        let head = |value: f64| {
            let figure = Some(Interval { value, low: value, high: value });
            HeadFigures {
                accuracy: figure,
                sensitivity: figure,
                specificity: None,
                balanced_accuracy: None,
                auroc: None,
                macro_auroc: None,
            }
        };
        let figures = Figures {
            n_scans: 99,
            n_patients: 99,
            device: None,
            image: head(0.9),
            text: head(0.8),
            answers: vec![],
            findings_keep_label: 1.,
            class_word_share: None,
            condition: None,
            lesions: None,
        };
        let text = rows(&BTreeMap::from([("oct5k".to_owned(), figures)]), &BTreeMap::new());
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 2 + 3 + 2);
        assert_eq!(lines[2], "| ResNet50, published | 0.74 | 0.58 | 0.87 |");
        assert_eq!(lines[5], "| CLIP image, ours on oct5k | 0.90 | 0.90 | – |");
    }
}
