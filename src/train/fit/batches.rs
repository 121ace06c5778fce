//! One batch of contrastive training: scans are sampled and augmented, captions chosen to compare them with, losses summed.

use std::collections::BTreeMap;

use candle_core::{D, Device, Tensor};
use rand::SeedableRng;
use rand::distr::{Distribution, weighted::WeightedIndex};
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use super::local::{Annotation, CellTargets};
use super::loss::{Findings, contrastive_loss, finding_loss};
use crate::clip::Clip;
use crate::error::{Error, Result};
use crate::nn::Mode;
use crate::nn::norm::l2_normalize;
use crate::tokenizer::Tokenizer;
use crate::train::config::{Contrast, ModelSpec, Settings};
use crate::train::data::augment::{Augment, Warp};
use crate::train::data::record::{Record, SourceKind};
use crate::train::data::samples::Sample;
use crate::train::run::Prepared;

/// The most captions that an image is compared with in one step; of more, a random part is taken.
const MAX_CAPTIONS_PER_STEP: usize = 96;

/// Texts as one batch for the text tower: token ids padded to the longest, and where each text ends.
pub fn text_batch(tokenizer: &Tokenizer, texts: &[String], device: &Device) -> Result<(Tensor, Vec<usize>)> {
    let tokens = texts.iter().map(|t| tokenizer.encode(t)).collect::<Result<Vec<_>>>()?;
    let longest = tokens.iter().map(|t| t.ids.len()).max().unwrap_or(0);
    // The end token attends to nothing after it, so any id may pad.
    let ids = tokens.iter().flat_map(|t| t.ids.iter().copied().chain(std::iter::repeat_n(0, longest - t.ids.len())));
    let ids = Tensor::from_iter(ids, device)?.reshape((texts.len(), longest))?;
    Ok((ids, tokens.iter().map(|t| t.end()).collect()))
}

/// The batches of a run. The n-th always holds the same scans, views and captions, so that a resumed run equals an
/// uninterrupted one.
pub struct Batches<'a> {
    prepared: &'a Prepared,
    samples: &'a [Sample],
    sampler: WeightedIndex<f64>,
    annotations: Annotations<'a>,
    device: &'a Device,
}

impl<'a> Batches<'a> {
    /// Batches of `samples`, which were read from `records`.
    ///
    /// # Errors
    /// There is nothing to sample from.
    pub fn new(
        prepared: &'a Prepared,
        records: &'a [&'a Record],
        samples: &'a [Sample],
        device: &'a Device,
    ) -> Result<Self> {
        let sampler = WeightedIndex::new(sampling_weights(records, samples, &prepared.settings))
            .map_err(|e| Error::data("there is no scan to train on: check --data and --phantom-share").because(e))?;
        Ok(Self { prepared, samples, sampler, annotations: Annotations::new(records, &prepared.spec), device })
    }

    /// The loss of the `n`-th batch, a scalar.
    pub fn loss(&self, clip: &Clip, n: usize) -> Result<Tensor> {
        let Prepared { settings, spec, tokenizer, .. } = self.prepared;
        let mut rng = ChaCha8Rng::seed_from_u64(settings.seed);
        rng.set_stream(n as u64);
        let picked: Vec<&Sample> = (0..settings.batch).map(|_| &self.samples[self.sampler.sample(&mut rng)]).collect();
        let (pixel_values, warps) = views(&picked, spec, settings.augment, &mut rng, self.device)?;
        let (shown, positives) = match settings.contrast {
            Contrast::Captions => step_captions(&picked, spec, &mut rng),
            Contrast::Scans => (picked.iter().filter_map(|s| s.caption).collect(), (0..picked.len()).collect()),
        };
        let mut texts = caption_texts(&shown, spec, settings.class_word_dropout, &mut rng);
        let n_captions = texts.len();
        let n_findings = spec.vocabulary.findings.len();
        if settings.finding_weight > 0. || settings.local_weight > 0. {
            texts.extend(spec.vocabulary.findings.iter().chain(spec.vocabulary.labels.first()).cloned());
        }
        let (token_ids, end) = text_batch(tokenizer, &texts, self.device)?;
        let mode = if settings.freeze_bn { Mode::Eval } else { Mode::Train };
        let feature_map = clip.visual.feature_map(&pixel_values, mode)?;
        let image_embeds = clip.visual.pool(&feature_map)?;
        let text_embeds = clip.text.forward(&token_ids, &end)?;
        let logits = clip.logits_per_image(&image_embeds, &text_embeds)?;
        let mut loss = contrastive_loss(&logits.narrow(1, 0, n_captions)?, &positives)?;
        if settings.finding_weight > 0. {
            let of_findings = logits.narrow(1, n_captions, n_findings)?;
            let of_healthy = logits.narrow(1, n_captions + n_findings, 1)?;
            let findings = finding_loss(&of_findings, &of_healthy, self.annotations.findings(&picked))?;
            loss = (loss + (findings * settings.finding_weight)?)?;
        }
        if settings.local_weight > 0. {
            let phrases = text_embeds.narrow(0, n_captions, n_findings + 1)?;
            let logits = cell_logits(clip, &feature_map, &phrases)?;
            loss = (loss + (self.annotations.cells(&picked, &warps).loss(&logits)? * settings.local_weight)?)?;
        }
        Ok(loss)
    }
}

/// The probability weight of each scan: phantoms have their share, real sources equal shares of the rest, and captions within
/// a source their count to the power `caption_balance`.
fn sampling_weights(records: &[&Record], samples: &[Sample], settings: &Settings) -> Vec<f64> {
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

/// How much more each cell resembles each finding than the healthy text. `phrases` (n_findings + 1, D) are the
/// findings' embeddings, then the healthy text's. Returns (batch, n_cells, n_findings).
///
/// Cells are divided by their mean norm, not each by its own: GradCAM's peak depends on direction *and* magnitude.
fn cell_logits(clip: &Clip, feature_map: &Tensor, phrases: &Tensor) -> Result<Tensor> {
    let cells = clip.visual.cell_embeds(feature_map)?;
    let lengths = (cells.sqr()?.sum_keepdim(D::Minus1)? + 1e-12)?.sqrt()?;
    let cells = cells.broadcast_div(&lengths.mean_all()?)?;
    let n_findings = phrases.dim(0)? - 1;
    let phrases = l2_normalize(phrases)?;
    let directions = phrases.narrow(0, 0, n_findings)?.broadcast_sub(&phrases.narrow(0, n_findings, 1)?)?;
    Ok(cells.broadcast_matmul(&directions.t()?)?.broadcast_mul(&clip.logit_scale()?)?)
}

/// A random view of each sample, as `pixel_values` (batch, 3, H, W), and where its pixels come from. `strength` is the
/// strength of augmentation: 1 by default, 0 for none.
pub fn views(
    samples: &[&Sample],
    spec: &ModelSpec,
    strength: f32,
    rng: &mut ChaCha8Rng,
    device: &Device,
) -> Result<(Tensor, Vec<Warp>)> {
    let seeds: Vec<u64> = samples.iter().map(|_| rand::Rng::random(rng)).collect();
    let (height, width) = (spec.preprocess.image_height, spec.preprocess.image_width);
    let augment = Augment::of_strength(strength);
    let (grey, warps): (Vec<_>, Vec<_>) = samples
        .par_iter()
        .zip(seeds)
        .map(|(s, seed)| augment.view(&s.grey, height, width, &mut ChaCha8Rng::seed_from_u64(seed)))
        .unzip();
    Ok((spec.preprocess.pixel_values(grey.concat(), device)?, warps))
}

/// The distinct captions that a batch is compared with, by index, its own first; and the position of each scan's caption
/// among them.
fn step_captions(picked: &[&Sample], spec: &ModelSpec, rng: &mut ChaCha8Rng) -> (Vec<usize>, Vec<usize>) {
    let mut shown: Vec<usize> = picked.iter().filter_map(|s| s.caption).collect();
    shown.sort_unstable();
    shown.dedup();
    let mut others: Vec<usize> = (0..spec.captions.len()).filter(|c| !shown.contains(c)).collect();
    others.shuffle(rng);
    others.truncate(MAX_CAPTIONS_PER_STEP.saturating_sub(shown.len()));
    shown.extend(others);
    let positives = picked.iter().filter_map(|s| shown.iter().position(|c| Some(*c) == s.caption)).collect();
    (shown, positives)
}

/// The texts of captions, each without its class word with probability `class_word_dropout`.
fn caption_texts(shown: &[usize], spec: &ModelSpec, class_word_dropout: f64, rng: &mut ChaCha8Rng) -> Vec<String> {
    let text = |&c: &usize| {
        let caption = &spec.captions[c];
        let reasons_only = rand::Rng::random_bool(rng, class_word_dropout);
        if reasons_only { caption.findings_only().text() } else { caption.text() }
    };
    shown.iter().map(text).collect()
}

/// Which findings each source annotates: OCT5k has none of OCTDL's conditions, nor OCTDL OCT5k's lesions.
struct Annotations<'a> {
    spec: &'a ModelSpec,
    records: &'a [&'a Record],
    by_source: BTreeMap<SourceKind, Vec<&'a str>>,
}

impl<'a> Annotations<'a> {
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

    fn findings(&self, picked: &[&Sample]) -> Findings {
        let vocabulary = &self.spec.vocabulary.findings;
        let mut findings = Findings { shown: Vec::new(), known: Vec::new() };
        for sample in picked {
            let record = self.records[sample.record];
            for finding in vocabulary {
                let shown = record.caption.findings.contains(finding);
                // A healthy scan shows none of them, whatever its source annotates.
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
            let annotated: Vec<usize> = self.by_source[&record.source].iter().filter_map(|f| index(f)).collect();
            let annotation = if sample.class == 0 {
                Annotation::Healthy
            } else if sample.places.is_empty() {
                Annotation::Findings(record.caption.findings.iter().filter_map(|f| index(f)).collect())
            } else {
                Annotation::Boxes { annotated: &annotated, places: &sample.places }
            };
            targets.push(vision, warp, &annotation);
        }
        targets
    }
}
