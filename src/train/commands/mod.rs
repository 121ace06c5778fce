//! The subcommands: the order of their steps, and what they print.

pub mod paper;

use std::fs;
use std::path::{Path, PathBuf};

use candle_core::Device;
use serde_json::json;

use crate::bundle::Bundle;
use crate::engine::baseline::Baseline;
use crate::engine::{Engine, Input};
use crate::error::{Error, Result};
use crate::protocol::Options;
use crate::protocol::index::ModelKind;
use crate::render;
use crate::report::{Heatmap, Report};
use crate::train::config::{ModelSpec, SPLIT_FRACTIONS, Settings};
use crate::train::data::dataset::{self, DataSpec};
use crate::train::data::record::{Dataset, Record};
use crate::train::data::samples::{self, Sample};
use crate::train::data::split::{Split, Splits};
use crate::train::evaluate::reading::Reader;
use crate::train::evaluate::study::{self, Validation};
use crate::train::evaluate::{evaluate, html, print};
use crate::train::export::publish::{Listing, publish};
use crate::train::export::{self, Wording};
use crate::train::fit::vocab;
use crate::train::heads::baseline;
use crate::train::heads::baseline::BaselineSettings;
use crate::train::import::{self, Imported, start};
use crate::train::run::{Prepared, Run, names};
use crate::train::{fit, heads, phantom, progress};

/// Overlay strength of the pictures that `explain` writes.
const OVERLAY_OPACITY: f32 = 0.6;

fn io(path: &Path, what: &str, e: std::io::Error) -> Error {
    Error::io(format!("cannot {what} {}", path.display())).because(e)
}

fn print_json(value: &impl serde::Serialize) -> Result<()> {
    println!("{}", serde_json::to_string_pretty(value).map_err(|e| Error::io("JSON").because(e))?);
    Ok(())
}

/// `train phantom`.
pub fn phantom(out: &Path, healthy: usize, amd: usize, seed: u64) -> Result<()> {
    let bar = progress::bar("phantom", healthy + amd);
    let settings = phantom::Settings { healthy, amd, seed };
    let summary = phantom::write_folder(out, &settings, &mut || bar.inc(1))?;
    bar.finish_and_clear();
    println!("{} images, {} lesion boxes in {}", summary.images, summary.boxes, out.display());
    Ok(())
}

/// `train import`.
pub fn import(weights: &Path, tokenizer: &Path, text_heads: Option<usize>, out: &Path, as_json: bool) -> Result<()> {
    let imported = import::import(weights, tokenizer, text_heads)?;
    imported.write(out)?;
    if as_json {
        return print_json(&imported.manifest);
    }
    let (manifest, n_tensors) = (&imported.manifest, imported.towers.len());
    let (vision, text) = (&manifest.clip.vision, &manifest.clip.text);
    println!(
        "{} ({}): {n_tensors} tensors, images of {} × {}, {} tokens, in {}",
        manifest.weights.file,
        manifest.weights.format,
        vision.image_height,
        vision.image_width,
        text.vocab_size,
        out.display()
    );
    Ok(())
}

/// The scans of `labels`, or all if there are none.
fn read_dataset(data: &[DataSpec], labels: &[String]) -> Result<Dataset> {
    const SHOWN: usize = 10;
    let mut dataset = dataset::read(data)?;
    for problem in dataset.problems.iter().take(SHOWN) {
        eprintln!("left out: {problem}");
    }
    if dataset.problems.len() > SHOWN {
        eprintln!("… {} rows or files left out in all", dataset.problems.len());
    }
    if labels.is_empty() {
        return Ok(dataset);
    }
    let n_others = dataset.keep_labels(labels);
    if n_others > 0 {
        eprintln!("left out: {n_others} scans of other classes than {}", labels.join(", "));
    }
    if dataset.records.is_empty() {
        return Err(Error::data(format!("no scan of --data is of a class among {}", labels.join(", "))));
    }
    Ok(dataset)
}

fn part<'a>(dataset: &'a Dataset, splits: &Splits, split: Split) -> Vec<&'a Record> {
    dataset.records.iter().filter(|r| splits.split_of(r) == Some(split)).collect()
}

fn read_samples(records: &[&Record], spec: &ModelSpec, what: &str) -> Result<Vec<Sample>> {
    let bar = progress::bar(what, records.len());
    let samples = samples::read(records, spec, &bar);
    bar.finish_and_clear();
    samples
}

/// `train finetune`.
pub fn finetune(out: &Path, data: &[DataSpec], settings: Settings, init: Option<&Path>, device: &Device) -> Result<()> {
    settings.check()?;
    let run = Run::create(out)?;
    let dataset = read_dataset(data, settings.labels())?;
    if let Some(missing) = settings.labels().iter().find(|l| !dataset.records.iter().any(|r| r.label == **l)) {
        return Err(Error::data(format!("no scan of --data is of class {missing}: check --classes")));
    }
    let (prepared, start) = if run.path(names::CHECKPOINT).exists() {
        let prepared = Prepared::read(&run)?;
        if prepared.settings != settings {
            return Err(Error::config(format!(
                "{} was begun with other settings ({}): repeat them, or choose another --out",
                out.display(),
                run.path(names::SETTINGS).display()
            )));
        }
        start::check(&run, init)?;
        (prepared, None)
    } else {
        prepare(&dataset, settings, start::begin(&run, init)?)?
    };
    prepared.write(&run)?;
    let train = part(&dataset, &prepared.splits, Split::Train);
    let val = part(&dataset, &prepared.splits, Split::Val);
    let train_samples = read_samples(&train, &prepared.spec, "train scans")?;
    let val_samples = read_samples(&val, &prepared.spec, "val scans")?;
    eprintln!("{} scans to train on, {} captions", train.len(), prepared.spec.captions.len());
    fit::fit(&run, &prepared, (&train, &val), (&train_samples, &val_samples), start.as_ref().map(|s| &s.towers), device)
}

fn prepare(dataset: &Dataset, settings: Settings, start: Option<Imported>) -> Result<(Prepared, Option<Imported>)> {
    if start.as_ref().is_some_and(|s| !s.has_norms) && !settings.freeze_bn {
        return Err(Error::config("the batch norms of --init are folded into its convolutions: add --freeze-bn true"));
    }
    let known = start.as_ref().and_then(|s| s.splits.as_ref());
    let splits = Splits::make(&dataset.records, settings.seed, SPLIT_FRACTIONS, known);
    let mut captions: Vec<_> = part(dataset, &splits, Split::Train).into_iter().map(|r| r.caption.clone()).collect();
    captions.sort();
    captions.dedup();
    // Words that no training caption holds may still be ticked by a person.
    let vocabulary = dataset::vocabulary(&dataset.records);
    let mut texts: Vec<String> = captions.iter().map(|c| c.text()).collect();
    texts.extend(vocabulary.findings.iter().chain(&vocabulary.labels).cloned());
    let tokenizer = match &start {
        Some(imported) => imported.tokenizer.clone(),
        None => vocab::train(&texts)?,
    };
    let start = match (start, settings.input) {
        (Some(imported), Some(input)) => Some(imported.at(input)?),
        (start, _) => start,
    };
    let mut spec = ModelSpec::new(&settings, vocabulary, captions, tokenizer.vocab_size());
    if let Some(imported) = &start {
        imported.adapt(&mut spec);
    }
    Ok((Prepared { settings, spec, splits, tokenizer }, start))
}

/// `train heads`.
pub fn heads(run: &Path, data: &[DataSpec], device: &Device) -> Result<()> {
    let run = Run::open(run)?;
    let prepared = Prepared::read(&run)?;
    let dataset = read_dataset(data, &prepared.spec.vocabulary.labels)?;
    let [train, val] = [Split::Train, Split::Val].map(|split| part(&dataset, &prepared.splits, split));
    let train_samples = read_samples(&train, &prepared.spec, "train scans")?;
    let val_samples = read_samples(&val, &prepared.spec, "val scans")?;
    let bar = progress::bar("heads", train_samples.len() * prepared.settings.head_views.max(1));
    heads::train(&run, &prepared, (&train, &train_samples), (&val, &val_samples), device, &bar)?;
    bar.finish_and_clear();
    println!("both heads are in {}", run.path(names::HEADS).display());
    Ok(())
}

/// `train export`.
pub fn export(run: &Path, data: &[DataSpec], wording: &Wording, out: &Path, as_json: bool) -> Result<()> {
    let run = Run::open(run)?;
    let prepared = Prepared::read(&run)?;
    let dataset = read_dataset(data, &prepared.spec.vocabulary.labels)?;
    let [train, test] = [Split::Train, Split::Test].map(|split| part(&dataset, &prepared.splits, split));
    for (split, records) in [("training", &train), ("test", &test)] {
        if records.is_empty() {
            return Err(Error::data(format!(
                "--data holds no {split} patient of this run: name the data it was trained with"
            )));
        }
    }
    let bar = progress::bar("measure", 2 * test.len());
    let metrics = export::export(&run, &prepared, wording, (&train, &test), out, &bar)?;
    bar.finish_and_clear();
    if as_json {
        return print_json(&metrics);
    }
    println!("{} is in {}", wording.name, out.display());
    print_json(&metrics[wording.precision()])
}

/// What `train baseline` trains on, and where it writes it.
pub struct BaselineRequest<'a> {
    /// torchvision's ResNet-50.
    pub resnet50: &'a Path,
    /// The run whose patients and classes are used.
    pub run: &'a Path,
    /// The run's folders.
    pub data: &'a [DataSpec],
    /// Folder for the file.
    pub out: &'a Path,
    /// The model's name, and its file's.
    pub name: &'a str,
    /// Of the head.
    pub settings: BaselineSettings,
    /// Whether figures are printed as JSON.
    pub as_json: bool,
}

/// `train baseline`.
pub fn baseline(request: &BaselineRequest<'_>) -> Result<()> {
    let BaselineRequest { resnet50, run, data, out, name, settings, as_json } = request;
    let prepared = Prepared::read(&Run::open(run)?)?;
    let backbone = import::resnet50::read(resnet50)?;
    let dataset = read_dataset(data, &prepared.spec.vocabulary.labels)?;
    let [train, test] = [Split::Train, Split::Test].map(|split| part(&dataset, &prepared.splits, split));
    let bar = progress::bar("baseline", train.len() + test.len());
    let trained = baseline::train(backbone, &prepared, name, settings, (&train, &test), &bar)?;
    bar.finish_and_clear();
    let bytes = Bundle::write(&trained.metadata, &trained.tensors, false)?;
    let labels = &trained.metadata.labels;
    let listing = Listing { name, title: baseline::TITLE, kind: ModelKind::Baseline, labels };
    let path = publish(out, &bytes, &listing)?;
    if !as_json {
        println!("{name} is in {}", path.display());
    }
    print_json(&trained.metadata.metrics)
}

fn load(weights: &Path) -> Result<Engine> {
    let bytes = fs::read(weights).map_err(|e| io(weights, "read", e))?;
    Engine::load(&weights.display().to_string(), bytes)
}

fn cpu_only(device: &Device) -> Result<()> {
    if device.is_cpu() { Ok(()) } else { Err(Error::config("weights files run on the CPU: leave --device out")) }
}

/// What `train eval` measures, and where it writes it.
pub struct EvalRequest<'a> {
    /// The weights file.
    pub weights: &'a Path,
    /// The folders.
    pub data: &'a [DataSpec],
    /// Whose scans; none for all.
    pub split: Option<Split>,
    /// A file for the HTML report.
    pub report: Option<&'a Path>,
    /// Whether figures are printed as JSON.
    pub as_json: bool,
}

/// `train eval`.
pub fn eval(request: &EvalRequest<'_>, device: &Device) -> Result<()> {
    cpu_only(device)?;
    let EvalRequest { weights, data, split, report, as_json } = *request;
    let engine = load(weights)?;
    let metadata = engine.metadata();
    let dataset = read_dataset(data, &metadata.vocabulary.labels)?;
    let known: Vec<&Record> = dataset.records.iter().collect();
    let splits: Option<Splits> = split
        .map(|_| serde_json::from_value(metadata.training["splits"].clone()))
        .transpose()
        .map_err(|e| Error::weights("the weights file remembers no splits: use --split all").because(e))?;
    let of =
        |split| known.iter().copied().filter(|r| splits.as_ref().and_then(|s| s.split_of(r)) == Some(split)).collect();
    let records: Vec<&Record> = split.map_or(known.clone(), of);
    if records.is_empty() {
        return Err(Error::data("no scan of --data is in that split: use --split all for scans the weights never saw"));
    }
    let validation: Vec<&Record> = if matches!(split, None | Some(Split::Val)) { Vec::new() } else { of(Split::Val) };
    let bar = progress::bar("eval", records.len() + validation.len());
    let mut reader = Reader::new(&engine)?;
    let evaluation = evaluate(&mut reader, &records, &bar)?;
    let validation = match split {
        Some(Split::Val) => Validation::TheSame,
        _ if validation.is_empty() => Validation::None,
        _ => Validation::Others(
            validation.into_iter().inspect(|_| bar.inc(1)).map(|r| reader.glance(r)).collect::<Result<_>>()?,
        ),
    };
    let study = study::study(&mut reader, &evaluation, &validation)?;
    bar.finish_and_clear();
    let split = split.map_or("all".to_owned(), |s| s.to_string());
    let card = engine.card();
    if let Some(path) = report {
        let (model, title, precision) = (&card.name, &card.title, &card.precision);
        let about = html::About { model, title, precision, sha256: &card.sha256, split: &split };
        fs::write(path, html::page(&about, &study)).map_err(|e| io(path, "write", e))?;
    }
    if as_json {
        let mut all = serde_json::to_value(&study).map_err(|e| Error::io("JSON").because(e))?;
        all["model"] = json!({ "name": card.name, "sha256": card.sha256 });
        all["split"] = json!(split);
        return print_json(&all);
    }
    println!("{}", print::text(&study));
    Ok(())
}

/// What `train explain` is asked, and where it writes the answers.
pub struct ExplainRequest<'a> {
    /// The weights file.
    pub weights: &'a Path,
    /// A baseline's file, to be asked too.
    pub baseline: Option<&'a Path>,
    /// The scans.
    pub images: &'a [PathBuf],
    /// What to explain.
    pub options: &'a Options,
    /// Folder for reports and overlays.
    pub out: Option<&'a Path>,
    /// Whether reports are printed as JSON.
    pub as_json: bool,
}

/// `train explain`.
pub fn explain(request: &ExplainRequest<'_>, device: &Device) -> Result<()> {
    cpu_only(device)?;
    let ExplainRequest { weights, baseline, images, options, out, as_json } = *request;
    let engine = load(weights)?;
    let baseline = baseline
        .map(|path| {
            let bytes = fs::read(path).map_err(|e| io(path, "read", e))?;
            Baseline::load(&path.display().to_string(), bytes)
        })
        .transpose()?;
    if let Some(out) = out {
        fs::create_dir_all(out).map_err(|e| io(out, "make", e))?;
    }
    let mut reports: Vec<Report> = Vec::new();
    for path in images {
        let bytes = fs::read(path).map_err(|e| io(path, "read", e))?;
        let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy();
        let analysis = engine
            .analyze(&Input { name: &name, bytes: &bytes, frame: 0 }, options)
            .map_err(|e| Error::new(e.kind(), path.display().to_string()).because(e))?;
        let mut report = analysis.report;
        if let Some(baseline) = &baseline {
            baseline.answer_beside(&mut report, &analysis.scan, &mut None)?;
        }
        if let Some(out) = out {
            let stem = path.file_stem().unwrap_or(path.as_os_str());
            let json_path = out.join(stem).with_added_extension("json");
            let text = serde_json::to_string_pretty(&report).map_err(|e| Error::io("JSON").because(e))?;
            fs::write(&json_path, text).map_err(|e| io(&json_path, "write", e))?;
            let size = [analysis.scan.width, analysis.scan.height];
            let overlay = |map: &Heatmap, extension: &str| {
                let rgb = render::composite_rgb(&analysis.scan.pixels, size, map, OVERLAY_OPACITY);
                let path = out.join(stem).with_added_extension(extension);
                image::save_buffer(&path, &rgb, size[0] as u32, size[1] as u32, image::ColorType::Rgb8)
                    .map_err(|e| Error::io(format!("cannot write {}", path.display())).because(e))
            };
            overlay(&report.heatmap, "png")?;
            if let Some(baseline) = &report.baseline {
                overlay(&baseline.heatmap, "baseline.png")?;
            }
        }
        if !as_json {
            let p = |prediction: &crate::report::Prediction| prediction.probabilities[&prediction.label];
            println!(
                "{name}: image says {} ({:.3}), words say {} ({:.3}): {}",
                report.image.label,
                p(&report.image),
                report.text.label,
                p(&report.text),
                report.caption.text
            );
        }
        reports.push(report);
    }
    match (as_json, reports.as_slice()) {
        (true, [report]) => print_json(report),
        (true, reports) => print_json(&reports),
        (false, _) => Ok(()),
    }
}

/// `train embed`.
pub fn embed(weights: &Path, images: &[PathBuf], texts: &[String], as_json: bool, device: &Device) -> Result<()> {
    cpu_only(device)?;
    if images.is_empty() && texts.is_empty() {
        return Err(Error::config("nothing to embed: give --image FILE or --text TEXT"));
    }
    let engine = load(weights)?;
    let flat = |t: &candle_core::Tensor| Ok::<_, Error>(t.flatten_all()?.to_vec1::<f32>()?);
    let mut of_images = Vec::new();
    for path in images {
        let bytes = fs::read(path).map_err(|e| io(path, "read", e))?;
        let scan = crate::scan::Scan::decode(&bytes, 0)
            .map_err(|e| Error::new(e.kind(), path.display().to_string()).because(e))?;
        of_images.push(json!({ "image": path, "embedding": flat(&engine.embed_scan(&scan)?)? }));
    }
    let mut of_texts = Vec::new();
    for text in texts {
        let (token_ids, embedding) = engine.embed_text(text)?;
        of_texts.push(json!({ "text": text, "token_ids": token_ids, "embedding": flat(&embedding)? }));
    }
    if as_json {
        return print_json(&json!({ "images": of_images, "texts": of_texts }));
    }
    for one in of_images.iter().chain(&of_texts) {
        println!("{one}");
    }
    Ok(())
}
