//! Contrastive training of both towers, read top to bottom.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use candle_core::{D, DType, Device, Tensor, Var};
use candle_nn::{VarBuilder, VarMap};
use rand::SeedableRng;
use rand::distr::{Distribution, weighted::WeightedIndex};
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::adamw::{AdamW, AdamWConfig};
use super::augment::{Augment, Warp};
use super::config::{ModelSpec, Settings};
use super::dataset::{Record, SourceKind};
use super::evaluate::embed_images;
use super::init::initialize;
use super::local::{CellTargets, Told};
use super::loss::{Findings, contrastive_loss, finding_loss};
use super::progress;
use super::run::{Prepared, Run, files};
use super::samples::Sample;
use super::schedule::warmup_cosine;
use crate::clip::Clip;
use crate::error::{Error, Result};
use crate::nn::Mode;
use crate::nn::norm::l2_normalize;
use crate::tokenizer::Tokenizer;

/// The most captions an image is compared with in one step; beyond, a random part of the others is taken.
const MAX_CAPTIONS_PER_STEP: usize = 96;

/// How far a checkpoint is.
#[derive(Serialize, Deserialize)]
struct Position {
    epoch: usize,
    n_steps: usize,
}

/// Texts as one batch for the text tower: token ids padded to the longest, and where each text ends.
pub fn text_batch(tokenizer: &Tokenizer, texts: &[String], device: &Device) -> Result<(Tensor, Vec<usize>)> {
    let tokens = texts.iter().map(|t| tokenizer.encode(t)).collect::<Result<Vec<_>>>()?;
    let longest = tokens.iter().map(|t| t.ids.len()).max().unwrap_or(0);
    // What follows the end token cannot reach it, so any id may pad.
    let ids = tokens.iter().flat_map(|t| t.ids.iter().copied().chain(std::iter::repeat_n(0, longest - t.ids.len())));
    let ids = Tensor::from_iter(ids, device)?.reshape((texts.len(), longest))?;
    Ok((ids, tokens.iter().map(|t| t.end()).collect()))
}

/// The weights in training and their running average, by the same names.
struct Weights {
    variables: BTreeMap<String, Var>,
    average: BTreeMap<String, Var>,
}

impl Weights {
    fn update_average(&self, decay: f64) -> Result<()> {
        self.average.par_iter().try_for_each(|(name, average)| {
            let now = self.variables[name].as_detached_tensor();
            Ok(average.set(&((average.as_detached_tensor() * decay)? + (now * (1. - decay))?)?)?)
        })
    }

    fn tensors(variables: &BTreeMap<String, Var>, prefix: &str) -> impl Iterator<Item = (String, Tensor)> {
        variables.iter().map(move |(name, var)| (format!("{prefix}{name}"), var.as_detached_tensor()))
    }

    fn restore(variables: &BTreeMap<String, Var>, prefix: &str, tensors: &HashMap<String, Tensor>) -> Result<()> {
        for (name, var) in variables {
            let tensor = tensors
                .get(&format!("{prefix}{name}"))
                .ok_or_else(|| Error::data(format!("the checkpoint has no {prefix}{name}: start a new run")))?;
            var.set(tensor)?;
        }
        Ok(())
    }
}

/// The variables of a map by name, in order.
pub fn named_variables(map: &VarMap) -> Result<BTreeMap<String, Var>> {
    let data = map.data().lock().map_err(|_| Error::config("a thread panicked while it held the weights"))?;
    Ok(data.iter().map(|(name, var)| (name.clone(), var.clone())).collect())
}

fn build(spec: &ModelSpec, device: &Device) -> Result<(Clip, BTreeMap<String, Var>)> {
    let map = VarMap::new();
    let clip = Clip::new(&spec.clip, VarBuilder::from_varmap(&map, DType::F32, device))?;
    Ok((clip, named_variables(&map)?))
}

/// How often each scan is drawn: phantoms by their share, real sources alike, captions within a source by their count
/// to the power `caption_balance`.
fn draw_weights(records: &[&Record], samples: &[Sample], settings: &Settings) -> Vec<f64> {
    let key = |s: &Sample| (records[s.record].source, s.caption);
    let balance = settings.caption_balance;
    let mut counts: BTreeMap<_, usize> = BTreeMap::new();
    samples.iter().for_each(|s| *counts.entry(key(s)).or_default() += 1);
    let mut totals: BTreeMap<SourceKind, f64> = BTreeMap::new();
    for ((source, _), n) in &counts {
        *totals.entry(*source).or_default() += (*n as f64).powf(balance);
    }
    let n_real = totals.keys().filter(|s| **s != SourceKind::Phantom).count();
    let share = |source| match source {
        SourceKind::Phantom => settings.phantom_share,
        _ => (1. - settings.phantom_share) / n_real as f64,
    };
    samples
        .iter()
        .map(|s| {
            let key = key(s);
            (counts[&key] as f64).powf(balance - 1.) / totals[&key.0] * share(key.0)
        })
        .collect()
}

/// Trains both towers on `train`, looks at `val` after each epoch, and leaves averaged weights in the run's folder.
/// A run with a checkpoint goes on from it. Ctrl-C ends the epoch's step and keeps the last checkpoint.
pub fn fit(
    run: &Run,
    prepared: &Prepared,
    records: (&[&Record], &[&Record]),
    samples: (&[Sample], &[Sample]),
    device: &Device,
) -> Result<()> {
    let Prepared { settings, spec, tokenizer, .. } = prepared;
    let (train, val) = samples;
    if train.is_empty() {
        return Err(Error::data("there is no scan to train on: check --data"));
    }
    let (clip, variables) = build(spec, device)?;
    let (average_clip, average) = build(spec, device)?;
    let mut list: Vec<_> = variables.iter().map(|(n, v)| (n.clone(), v.clone())).collect();
    initialize(&mut list, spec.clip.text.layers, settings.seed)?;
    for (name, var) in &average {
        var.set(&variables[name].as_detached_tensor())?;
    }
    let weights = Weights { variables, average };
    let trainable =
        weights.variables.iter().filter(|(n, _)| !n.contains("running_")).map(|(n, v)| (n.clone(), v.clone()));
    let mut adamw = AdamW::new(trainable, adamw_config(settings))?;

    let steps_per_epoch = train.len().div_ceil(settings.batch);
    let n_total = steps_per_epoch * settings.epochs;
    let mut n_steps = 0;
    let mut first_epoch = 0;
    if run.path(files::POSITION).exists() {
        let position: Position = run.read_json(files::POSITION)?;
        let tensors = run.read_tensors(files::CHECKPOINT, device)?;
        Weights::restore(&weights.variables, "weight.", &tensors)?;
        Weights::restore(&weights.average, "average.", &tensors)?;
        adamw.restore(&tensors, position.n_steps)?;
        (first_epoch, n_steps) = (position.epoch, position.n_steps);
    }

    let interrupted = Arc::new(AtomicBool::new(false));
    let flag = interrupted.clone();
    // A second handler in one process is refused; the first one then stays, which serves as well.
    let _ = ctrlc::set_handler(move || flag.store(true, Ordering::Relaxed));

    let draw = WeightedIndex::new(draw_weights(records.0, train, settings))
        .map_err(|e| Error::data("the training scans cannot be drawn").because(e))?;
    let marked = Marked::new(records.0, spec);
    let n_findings = spec.vocabulary.findings.len();
    let bar = progress::bar("finetune", n_total);
    bar.set_position(n_steps as u64);
    for epoch in first_epoch..settings.epochs {
        let started = Instant::now();
        // Seeded by epoch, so that a resumed run draws what an unbroken one would have drawn.
        let mut rng = ChaCha8Rng::seed_from_u64(settings.seed ^ (epoch as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15));
        let mut losses = 0.;
        for _ in 0..steps_per_epoch {
            let picked: Vec<&Sample> = (0..settings.batch).map(|_| &train[draw.sample(&mut rng)]).collect();
            let (pixel_values, warps) = views(&picked, spec, &mut rng, device)?;
            let (mut texts, positives) = caption_texts(&picked, spec, settings, &mut rng);
            let n_captions = texts.len();
            texts.extend(spec.vocabulary.findings.iter().chain(spec.vocabulary.labels.first()).cloned());
            let (token_ids, end) = text_batch(tokenizer, &texts, device)?;
            let feature_map = clip.visual.feature_map(&pixel_values, Mode::Train)?;
            let image_embeds = clip.visual.pool(&feature_map)?;
            let text_embeds = clip.text.forward(&token_ids, &end)?;
            let logits = clip.logits_per_image(&image_embeds, &text_embeds)?;
            let of_findings = logits.narrow(1, n_captions, n_findings)?;
            let of_healthy = logits.narrow(1, n_captions + n_findings, 1)?;
            let mut loss = (contrastive_loss(&logits.narrow(1, 0, n_captions)?, &positives)?
                + finding_loss(&of_findings, &of_healthy, marked.of(&picked))?)?;
            if settings.local_weight > 0. {
                let phrases = text_embeds.narrow(0, n_captions, n_findings + 1)?;
                let logits = cell_logits(&clip, &feature_map, &phrases)?;
                loss = (loss + (marked.cells(&picked, &warps).loss(&logits)? * settings.local_weight)?)?;
            }
            let rate = settings.learning_rate * warmup_cosine(n_steps, settings.warmup_steps, n_total);
            let norm = adamw.step(&loss.backward()?, rate, settings.clip_norm)?;
            let loss = f64::from(loss.to_scalar::<f32>()?);
            if !(loss.is_finite() && norm.is_finite()) {
                return Err(Error::config(format!("the loss is {loss} at step {n_steps}: lower --learning-rate")));
            }
            n_steps += 1;
            // Short memory at first, or the random start would linger in the average.
            weights.update_average(settings.ema_decay.min((n_steps as f64 + 1.) / (n_steps as f64 + 10.)))?;
            losses += loss;
            bar.inc(1);
            bar.set_message(format!("loss {loss:.3}"));
            if interrupted.load(Ordering::Relaxed) {
                return Err(Error::config("interrupted: the same command goes on from the last epoch"));
            }
        }
        let seen = look(&average_clip, prepared, val, device)?;
        let line = json!({
            "epoch": epoch + 1, "step": n_steps, "train_loss": losses / steps_per_epoch as f64,
            "val_label_accuracy": seen.0, "val_caption_accuracy": seen.1, "seconds": started.elapsed().as_secs_f64(),
        });
        bar.println(line.to_string());
        run.log(&line)?;
        let state = Weights::tensors(&weights.variables, "weight.")
            .chain(Weights::tensors(&weights.average, "average."))
            .chain(adamw.state())
            .collect();
        run.write_tensors(files::CHECKPOINT, &state)?;
        run.write_json(files::POSITION, &Position { epoch: epoch + 1, n_steps })?;
        run.write_tensors(files::TOWERS, &Weights::tensors(&weights.average, "").collect())?;
    }
    bar.finish();
    Ok(())
}

/// The optimiser's settings.
pub fn adamw_config(settings: &Settings) -> AdamWConfig {
    let Settings { beta1, beta2, eps, weight_decay, .. } = *settings;
    AdamWConfig { beta1, beta2, eps, weight_decay }
}

/// How much more each cell speaks for each finding than for the healthy text. `phrases` (n_findings + 1, D) are the
/// findings' embeddings, then the healthy text's. Returns (batch, n_cells, n_findings).
///
/// Cells are divided by their mean length, not each by its own: GradCAM's peak is where direction *and* strength are.
fn cell_logits(clip: &Clip, feature_map: &Tensor, phrases: &Tensor) -> Result<Tensor> {
    let cells = clip.visual.cell_embeds(feature_map)?;
    let lengths = (cells.sqr()?.sum_keepdim(D::Minus1)? + 1e-12)?.sqrt()?;
    let cells = cells.broadcast_div(&lengths.mean_all()?)?;
    let n_findings = phrases.dim(0)? - 1;
    let phrases = l2_normalize(phrases)?;
    let directions = phrases.narrow(0, 0, n_findings)?.broadcast_sub(&phrases.narrow(0, n_findings, 1)?)?;
    Ok(cells.broadcast_matmul(&directions.t()?)?.broadcast_mul(&clip.logit_scale()?)?)
}

/// A random view of each sample, as `pixel_values`, and where its pixels come from.
pub fn views(
    samples: &[&Sample],
    spec: &ModelSpec,
    rng: &mut ChaCha8Rng,
    device: &Device,
) -> Result<(Tensor, Vec<Warp>)> {
    let seeds: Vec<u64> = samples.iter().map(|_| rand::Rng::random(rng)).collect();
    let (height, width) = (spec.preprocess.image_height, spec.preprocess.image_width);
    let (grey, warps): (Vec<_>, Vec<_>) = samples
        .par_iter()
        .zip(seeds)
        .map(|(s, seed)| Augment::default().view(&s.grey, height, width, &mut ChaCha8Rng::seed_from_u64(seed)))
        .unzip();
    Ok((spec.preprocess.pixel_values(grey.concat(), device)?, warps))
}

/// The captions of one step, the batch's own first, each without its class word now and then; and each sample's
/// place among them.
fn caption_texts(
    picked: &[&Sample],
    spec: &ModelSpec,
    settings: &Settings,
    rng: &mut ChaCha8Rng,
) -> (Vec<String>, Vec<usize>) {
    let mut shown: Vec<usize> = picked.iter().filter_map(|s| s.caption).collect();
    shown.sort_unstable();
    shown.dedup();
    let mut others: Vec<usize> = (0..spec.captions.len()).filter(|c| !shown.contains(c)).collect();
    others.shuffle(rng);
    others.truncate(MAX_CAPTIONS_PER_STEP.saturating_sub(shown.len()));
    shown.extend(others);
    let positives = picked.iter().filter_map(|s| shown.iter().position(|c| Some(*c) == s.caption)).collect();
    let texts = shown
        .iter()
        .map(|&c| {
            let caption = &spec.captions[c];
            if rand::Rng::random_bool(rng, settings.class_word_dropout) {
                caption.findings_only().text()
            } else {
                caption.text()
            }
        })
        .collect();
    (texts, positives)
}

/// Which findings each source marks: OCT5k tells nothing of OCTDL's conditions, nor the other way round.
struct Marked<'a> {
    spec: &'a ModelSpec,
    records: &'a [&'a Record],
    by_source: BTreeMap<SourceKind, Vec<&'a str>>,
}

impl<'a> Marked<'a> {
    fn new(records: &'a [&'a Record], spec: &'a ModelSpec) -> Self {
        let mut by_source: BTreeMap<SourceKind, Vec<&str>> = BTreeMap::new();
        for record in records {
            by_source.entry(record.source).or_default().extend(record.caption.findings.iter().map(String::as_str));
        }
        by_source.values_mut().for_each(|findings| {
            findings.sort_unstable();
            findings.dedup();
        });
        Self { spec, records, by_source }
    }

    fn of(&self, picked: &[&Sample]) -> Findings {
        let vocabulary = &self.spec.vocabulary.findings;
        let mut findings = Findings { shown: Vec::new(), known: Vec::new() };
        for sample in picked {
            let record = self.records[sample.record];
            for finding in vocabulary {
                let shown = record.caption.findings.contains(finding);
                // A healthy scan shows none of them, whoever marked it.
                let known = sample.class == 0 || self.by_source[&record.source].contains(&finding.as_str());
                findings.shown.push(f32::from(u8::from(shown)));
                findings.known.push(f32::from(u8::from(known)));
            }
        }
        findings
    }

    fn cells(&self, picked: &[&Sample], warps: &[Warp]) -> CellTargets {
        let (vision, findings) = (&self.spec.clip.vision, &self.spec.vocabulary.findings);
        let index = |f: &str| findings.iter().position(|known| known == f);
        let mut targets = CellTargets::new(vision, findings.len());
        for (sample, warp) in picked.iter().zip(warps) {
            let record = self.records[sample.record];
            let marked: Vec<usize> = self.by_source[&record.source].iter().filter_map(|f| index(f)).collect();
            let told = if sample.class == 0 {
                Told::Healthy
            } else if sample.places.is_empty() {
                Told::Somewhere(record.caption.findings.iter().filter_map(|f| index(f)).collect())
            } else {
                Told::Boxes { marked: &marked, places: &sample.places }
            };
            targets.push(vision, warp, &told);
        }
        targets
    }
}

/// How often the retrieved caption names the right class, and is the right caption, on `samples`.
fn look(clip: &Clip, prepared: &Prepared, samples: &[Sample], device: &Device) -> Result<(f64, f64)> {
    let Prepared { spec, tokenizer, .. } = prepared;
    if samples.is_empty() {
        return Ok((f64::NAN, f64::NAN));
    }
    let texts: Vec<String> = spec.captions.iter().map(|c| c.text()).collect();
    let (token_ids, end) = text_batch(tokenizer, &texts, device)?;
    let captions = l2_normalize(&clip.text.forward(&token_ids, &end)?)?.detach();
    let images = embed_images(clip, spec, samples, device)?;
    let nearest = images.matmul(&captions.t()?)?.argmax(1)?.to_vec1::<u32>()?;
    let share = |right: &dyn Fn(&Sample, usize) -> bool| {
        let n = samples.iter().zip(&nearest).filter(|(s, c)| right(s, **c as usize)).count();
        n as f64 / samples.len() as f64
    };
    let label = |c: usize| spec.captions[c].label.as_deref();
    Ok((share(&|s, c| label(c) == Some(spec.vocabulary.labels[s.class].as_str())), share(&|s, c| s.caption == Some(c))))
}
