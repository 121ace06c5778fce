//! Trains both heads on frozen towers, with the paper's consistency loss.
//!
//! The text head sees each caption in turn: whole, without its class word, and, for diseased scans, as other findings of
//! that disease with any class word or none. So it cannot rely on the class word, and a person may choose lesions in any
//! combination.

pub(crate) mod baseline;
pub(crate) mod calibrate;
pub mod loss;

use std::ops::Range;

use candle_core::{DType, Device, Tensor};
use candle_nn::{VarBuilder, VarMap};
use indicatif::ProgressBar;
use rand::seq::{IndexedRandom, SliceRandom};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::json;

use self::calibrate::{Heads, calibrate};
use self::loss::consistency_loss;
use crate::caption::Caption;
use crate::clip::Clip;
use crate::error::{Error, Result};
use crate::head::Head;
use crate::train::data::record::Record;
use crate::train::data::samples::Sample;
use crate::train::fit::adamw::{AdamW, AdamWConfig};
use crate::train::fit::batches::{text_batch, views};
use crate::train::fit::checkpoint::named_variables;
use crate::train::fit::embed::IMAGES_PER_PASS;
use crate::train::fit::init::initialize;
use crate::train::run::{Prepared, Run, names};

/// Embeddings per step: they are small.
const BATCH: usize = 256;
/// Captions of random findings, over all classes.
const N_SYNTHETIC: usize = 512;
/// Probability that a diseased scan is paired with one of them.
const SYNTHETIC_SHARE: f64 = 0.25;
/// Probability that a caption is seen without its class word.
const CLASS_WORD_DROPOUT: f64 = 0.5;

/// The texts that a sample may be paired with, as rows of one table of text embeddings.
struct Texts {
    embeds: Tensor,
    n_captions: usize,
    /// Rows of synthetic captions by class; none for healthy and for diseases without findings.
    synthetic: Vec<Range<usize>>,
}

impl Texts {
    fn new(clip: &Clip, prepared: &Prepared, rng: &mut ChaCha8Rng, device: &Device) -> Result<Self> {
        let spec = &prepared.spec;
        let (labels, findings) = (&spec.vocabulary.labels, &spec.vocabulary.findings);
        let mut texts: Vec<String> = spec.captions.iter().map(Caption::text).collect();
        texts.extend(spec.captions.iter().map(|c| c.findings_only().text()));
        let mut synthetic = Vec::new();
        for (class, label) in labels.iter().enumerate() {
            let is_seen =
                |f: &&String| spec.captions.iter().any(|c| c.label.as_ref() == Some(label) && c.findings.contains(f));
            let of_class: Vec<&String> = findings.iter().filter(is_seen).collect();
            let first = texts.len();
            let n_texts = if class == 0 || of_class.is_empty() { 0 } else { N_SYNTHETIC / (labels.len() - 1) };
            for _ in 0..n_texts {
                let n = rng.random_range(1..=4);
                let some: Vec<&str> = of_class.choose_multiple(rng, n).map(|f| f.as_str()).collect();
                let word = if rng.random_bool(0.5) { labels.choose(rng).map(String::as_str) } else { None };
                let text = Caption::new(&spec.vocabulary, word, &some).text();
                // Another vocabulary may split words into so many tokens that a text becomes too long.
                if prepared.tokenizer.encode(&text)?.ids.len() <= spec.clip.text.context_length {
                    texts.push(text);
                }
            }
            synthetic.push(first..texts.len());
        }
        let mut embeds = Vec::new();
        for batch in texts.chunks(BATCH) {
            let (token_ids, end) = text_batch(&prepared.tokenizer, batch, device)?;
            embeds.push(clip.text.forward(&token_ids, &end)?.detach());
        }
        Ok(Self { embeds: Tensor::cat(&embeds, 0)?, n_captions: spec.captions.len(), synthetic })
    }

    /// A random row for a scan of this caption and class.
    fn pick(&self, caption: usize, class: usize, rng: &mut ChaCha8Rng) -> u32 {
        let synthetic = &self.synthetic[class];
        let row = if !synthetic.is_empty() && rng.random_bool(SYNTHETIC_SHARE) {
            rng.random_range(synthetic.clone())
        } else if rng.random_bool(CLASS_WORD_DROPOUT) {
            self.n_captions + caption
        } else {
            caption
        };
        row as u32
    }
}

/// Trains both heads on `train`, calibrates them on `val` (records and the samples read from them), and writes them to the
/// run's folder.
pub fn train(
    run: &Run,
    prepared: &Prepared,
    (records, train): (&[&Record], &[Sample]),
    val: (&[&Record], &[Sample]),
    device: &Device,
    bar: &ProgressBar,
) -> Result<()> {
    let Prepared { settings, spec, .. } = prepared;
    if train.is_empty() {
        return Err(Error::data("there is no scan to train on: check --data"));
    }
    let (towers, _) = run.read_tensors(names::TOWERS, device)?;
    let clip = Clip::new(&spec.clip, VarBuilder::from_tensors(towers, DType::F32, device))?;
    let mut rng = ChaCha8Rng::seed_from_u64(settings.seed);
    let texts = Texts::new(&clip, prepared, &mut rng, device)?;
    let shown: Vec<&Sample> = std::iter::repeat_n(train, settings.head_views.max(1)).flatten().collect();
    let mut embeds = Vec::new();
    for batch in shown.chunks(IMAGES_PER_PASS) {
        let (pixel_values, _) = views(batch, spec, settings, &mut rng, device)?;
        embeds.push(clip.image_embeds(&pixel_values)?.detach());
        bar.inc(batch.len() as u64);
    }
    let image_embeds = Tensor::cat(&embeds, 0)?;

    let map = VarMap::new();
    let vb = VarBuilder::from_varmap(&map, DType::F32, device);
    let image_head = Head::new(&spec.head, vb.pp("image_head"))?;
    let text_head = Head::new(&spec.head, vb.pp("text_head"))?;
    let variables = named_variables(&map)?;
    let mut list: Vec<_> = variables.iter().map(|(n, v)| (n.clone(), v.clone())).collect();
    initialize(&mut list, spec.clip.text.layers, settings.seed)?;
    let config = AdamWConfig { weight_decay: settings.head_weight_decay, ..AdamWConfig::new(settings) };
    let mut adamw = AdamW::new(list, config, |_| 1.)?;
    let weights = balance(records, &shown);
    let n_classes = spec.head.n_classes;
    let mut order: Vec<usize> = (0..shown.len()).collect();
    for epoch in 0..settings.head_epochs {
        order.shuffle(&mut rng);
        let mut losses = 0.;
        for batch in order.chunks(BATCH) {
            let rows: Vec<u32> = batch.iter().map(|i| *i as u32).collect();
            let text_rows: Vec<u32> =
                batch.iter().map(|i| texts.pick(shown[*i].caption.unwrap_or(0), shown[*i].class, &mut rng)).collect();
            let mut targets = vec![0f32; batch.len() * n_classes];
            batch.iter().enumerate().for_each(|(row, i)| targets[row * n_classes + shown[*i].class] = 1.);
            let weights: Vec<f32> = batch.iter().map(|i| weights[*i]).collect();
            let select = |from: &Tensor, rows: Vec<u32>| from.index_select(&Tensor::new(rows, device)?, 0);
            let loss = consistency_loss(
                &image_head.forward(&select(&image_embeds, rows)?)?,
                &text_head.forward(&select(&texts.embeds, text_rows)?)?,
                &Tensor::from_vec(targets, (batch.len(), n_classes), device)?,
                &Tensor::new(weights, device)?,
            )?;
            adamw.accumulate(&loss.backward()?)?;
            adamw.step(settings.head_learning_rate, settings.gradient_bound())?;
            losses += f64::from(loss.to_scalar::<f32>()?) * batch.len() as f64;
        }
        run.log(&json!({ "head_epoch": epoch + 1, "train_loss": losses / shown.len() as f64 }))?;
    }
    let caption_embeds = texts.embeds.narrow(0, 0, texts.n_captions)?;
    let heads = Heads { image: &image_head, text: &text_head, variables: &variables };
    let temperatures = calibrate(&clip, spec, &heads, &caption_embeds, val, device)?;
    run.write_json(names::CALIBRATION, &temperatures)?;
    let tensors = variables.iter().map(|(name, var)| (name.clone(), var.as_detached_tensor())).collect();
    run.write_tensors(names::HEADS, &tensors, "{}")
}

/// Weights of mean 1 under which every class of every source has the same total.
fn balance(records: &[&Record], shown: &[&Sample]) -> Vec<f32> {
    let mut counts: std::collections::BTreeMap<_, f32> = std::collections::BTreeMap::new();
    let key = |s: &Sample| (records[s.record].source, s.class);
    shown.iter().for_each(|s| *counts.entry(key(s)).or_default() += 1.);
    let groups = counts.len() as f32;
    shown.iter().map(|s| shown.len() as f32 / (groups * counts[&key(s)])).collect()
}
