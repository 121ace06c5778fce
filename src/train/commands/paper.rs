//! The paper's experiment from end to end, in steps that each leave a file: what is there is not made again, so the
//! same command goes on where it was stopped.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use candle_core::Device;
use serde_json::Value;

use crate::engine::Engine;
use crate::engine::baseline::Baseline;
use crate::error::{Error, Result};
use crate::train::commands::{self, BaselineRequest, EvalRequest};
use crate::train::config::Settings;
use crate::train::data::dataset::DataSpec;
use crate::train::data::record::SourceKind;
use crate::train::data::split::Split;
use crate::train::export::Wording;
use crate::train::heads::baseline::BaselineSettings;
use crate::train::import;
use crate::train::run::names;

/// The paper's Table 1, on its own 99 test scans: accuracy, sensitivity, specificity (Cho, Park & Jeong).
const PUBLISHED: [(&str, [f64; 3]); 3] =
    [("ResNet50", [0.74, 0.58, 0.87]), ("CLIP image", [0.79, 0.89, 0.70]), ("CLIP text", [0.75, 0.89, 0.62])];
/// The three measures of that table.
const MEASURES: [&str; 3] = ["accuracy", "sensitivity", "specificity"];
/// CLIP's vocabulary, looked for beside its weights.
const VOCABULARY: &str = "bpe_simple_vocab_16e6.txt.gz";
/// Names of the files that the last steps leave.
const NAMES: [&str; 2] = ["paper", "resnet50"];

/// What the experiment is made of.
pub struct Paper<'a> {
    /// OpenAI's `RN50.pt`, or another file that `train import` reads.
    pub clip: &'a Path,
    /// CLIP's vocabulary; by default it lies beside `clip`.
    pub vocabulary: Option<&'a Path>,
    /// Heads of the text tower, where its width does not tell.
    pub text_heads: Option<usize>,
    /// torchvision's ResNet-50; without it there is no baseline.
    pub resnet50: Option<&'a Path>,
    /// OCT5k's folder and any others.
    pub data: &'a [DataSpec],
    /// The run's folder.
    pub out: &'a Path,
    /// Of the fine-tuning and the heads.
    pub settings: Settings,
}

/// Imports, fine-tunes, trains heads and baseline, exports, evaluates, and sets the paper's Table 1 beside ours.
///
/// # Errors
/// That of the first step that fails; the steps before it are kept.
pub fn paper(request: &Paper<'_>, device: &Device) -> Result<()> {
    let Paper { clip, vocabulary, text_heads, resnet50, data, out, settings } = request;
    let start = out.join("clip");
    let vocabulary = vocabulary.map_or_else(|| clip.with_file_name(VOCABULARY), Path::to_owned);
    step("import", &start.join(import::MANIFEST), || commands::import(clip, &vocabulary, *text_heads, &start, false))?;
    eprintln!("finetune: {} epochs", settings.epochs);
    commands::finetune(out, data, settings.clone(), Some(&start), device)?;
    step("heads", &out.join(names::HEADS), || commands::heads(out, data, device))?;
    let weights = out.join("weights");
    let [model, baseline] = NAMES.map(|name| weights.join(format!("{name}.safetensors")));
    match resnet50 {
        None => eprintln!("baseline: left out, for want of --resnet50"),
        Some(resnet50) => step("baseline", &baseline, || {
            let settings = BaselineSettings::paper();
            let name = NAMES[1];
            commands::baseline(&BaselineRequest {
                resnet50,
                run: out,
                data,
                out: &weights,
                name,
                settings,
                as_json: false,
            })
        })?,
    }
    step("export", &model, || {
        let wording = Wording {
            name: NAMES[0].to_owned(),
            title: "The paper's CLIP".to_owned(),
            licence: "those of its data and of the weights it began from".to_owned(),
            quantize: true,
        };
        commands::export(out, data, &wording, &weights, false)
    })?;
    let report = out.join("report.html");
    step("evaluate", &report, || {
        let split = Some(Split::Test);
        commands::eval(
            &EvalRequest { weights: &model, data, split, report: Some(&report), as_json: false },
            &Device::Cpu,
        )
    })?;
    let table = table(&model, resnet50.map(|_| baseline.as_path()))?;
    let path = out.join("table.md");
    fs::write(&path, &table).map_err(|e| Error::io(format!("cannot write {}", path.display())).because(e))?;
    println!("{table}\n{} holds this table, {} all figures", path.display(), report.display());
    Ok(())
}

fn step(name: &str, product: &Path, make: impl FnOnce() -> Result<()>) -> Result<()> {
    if product.exists() {
        eprintln!("{name}: there already, in {}", product.display());
        return Ok(());
    }
    eprintln!("{name} …");
    make()
}

/// Ours beside the paper's, by source of scans.
fn table(model: &Path, baseline: Option<&Path>) -> Result<String> {
    let read =
        |path: &Path| fs::read(path).map_err(|e| Error::io(format!("cannot read {}", path.display())).because(e));
    let name = |path: &Path| path.display().to_string();
    let metrics = Engine::load(&name(model), read(model)?)?.metadata().metrics.clone();
    let of_baseline = match baseline {
        Some(path) => Baseline::load(&name(path), read(path)?)?.metadata().metrics.clone(),
        None => Value::Null,
    };
    Ok(rows(&metrics["int8"], &of_baseline["float"]))
}

fn rows(model: &Value, baseline: &Value) -> String {
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
        let value = |head: &Value, measure: &str| head[measure]["value"].as_f64();
        let heads = [
            ("ResNet50", &baseline[&source]),
            ("CLIP image", &model[&source]["image"]),
            ("CLIP text, retrieved caption", &model[&source]["text"]),
        ];
        for (name, head) in heads.into_iter().filter(|(_, head)| !head.is_null()) {
            row(&format!("{name}, ours on {source}"), MEASURES.map(|m| value(head, m)));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn our_rows_stand_below_the_published_ones() {
        let head = |v: f64| json!({ "accuracy": { "value": v }, "sensitivity": { "value": v }, "specificity": null });
        let model = json!({ "oct5k": { "image": head(0.9), "text": head(0.8) } });
        let text = rows(&model, &Value::Null);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 2 + 3 + 2);
        assert_eq!(lines[2], "| ResNet50, published | 0.74 | 0.58 | 0.87 |");
        assert_eq!(lines[5], "| CLIP image, ours on oct5k | 0.90 | 0.90 | – |");
    }
}
