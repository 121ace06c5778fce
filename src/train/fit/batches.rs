//! What the batches of contrastive training hold: scans are sampled and augmented, captions chosen to compare them with.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::{Mutex, MutexGuard, PoisonError};

use candle_core::{Device, Tensor};
use rand::SeedableRng;
use rand::distr::{Distribution, weighted::WeightedIndex};
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use super::batch::{Batch, Input};
use crate::error::{Error, Result};
use crate::tokenizer::Tokenizer;
use crate::train::config::{Contrast, ModelSpec, Settings};
use crate::train::data::appearance::change;
use crate::train::data::augment::{Augment, Warp};
use crate::train::data::record::{Record, SourceKind};
use crate::train::data::samples::Sample;
use crate::train::ranks::Shares;
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
    device: &'a Device,
    /// The batch that was drawn ahead, and its number.
    ahead: Mutex<Option<(usize, Result<Batch<'a>>)>>,
}

impl<'a> Batches<'a> {
    /// Batches of `samples`, which were read from `records`.
    ///
    /// # Errors
    /// There is nothing to sample from.
    pub fn new(prepared: &'a Prepared, records: &[&Record], samples: &'a [Sample], device: &'a Device) -> Result<Self> {
        let sampler = WeightedIndex::new(sampling_weights(records, samples, &prepared.settings))
            .map_err(|e| Error::data("there is no scan to train on: check --data and --phantom-share").because(e))?;
        Ok(Self { prepared, samples, sampler, device, ahead: Mutex::default() })
    }

    /// The `n`-th batch, of which this rank has its micro-batches.
    ///
    /// Which scans, views and texts a batch has does not depend on the ranks.
    pub(crate) fn draw(&self, n: usize, shares: &Shares) -> Result<Batch<'a>> {
        match self.ahead().take() {
            Some((drawn, batch)) if drawn == n => return batch,
            _ => {}
        }
        let Prepared { settings, spec, tokenizer, .. } = self.prepared;
        let mut rng = ChaCha8Rng::seed_from_u64(settings.seed);
        rng.set_stream(n as u64);
        let picked: Vec<&Sample> = (0..settings.batch).map(|_| &self.samples[self.sampler.sample(&mut rng)]).collect();
        let seeds = seeds(&picked, &mut rng);
        let (captions, positives) = match settings.contrast {
            Contrast::Captions => step_captions(&picked, spec, &mut rng),
            Contrast::Scans => (picked.iter().filter_map(|s| s.caption).collect(), (0..picked.len()).collect()),
        };
        let undecided = match settings.contrast {
            Contrast::Captions => undecided(&picked, &captions),
            Contrast::Scans => vec![],
        };
        let mut texts = caption_texts(&captions, spec, settings.class_word_dropout, &mut rng);
        let n_captions = texts.len();
        if settings.finding_weight > 0. || settings.local_weight > 0. {
            texts.extend(spec.vocabulary.findings.iter().chain(spec.vocabulary.labels.first()).cloned());
        }
        let input = |i: usize| -> Result<Input<'a>> {
            let own = shares.part(picked.len(), i);
            let (pixel_values, warps) = views_of(own.clone(), &picked, &seeds, spec, settings, self.device)?;
            let samples = picked[own].to_vec();
            let texts = match &texts[shares.part(texts.len(), i)] {
                [] => None,
                own => Some(text_batch(tokenizer, own, self.device)?),
            };
            Ok(Input { samples, pixel_values, warps, texts })
        };
        let own = shares.own().map(input).collect::<Result<_>>()?;
        Ok(Batch { prepared: self.prepared, picked, positives, undecided, n_captions, own })
    }

    /// Runs `work`, and draws the `n`-th batch meanwhile, on cores that it leaves idle.
    pub(crate) fn drawing_ahead<T>(&self, n: usize, shares: &Shares, work: impl FnOnce() -> T) -> T {
        std::thread::scope(|scope| {
            scope.spawn(|| {
                let batch = self.draw(n, shares);
                *self.ahead() = Some((n, batch));
            });
            work()
        })
    }

    fn ahead(&self) -> MutexGuard<'_, Option<(usize, Result<Batch<'a>>)>> {
        // Poisoned: the thread that drew panicked, which ends the run.
        self.ahead.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The probability weight of each scan: phantoms have their share, real sources equal shares of the rest, classes within a
/// source shares by their count to the power `class_balance`, and captions within a class by theirs to the power
/// `caption_balance`.
fn sampling_weights(records: &[&Record], samples: &[Sample], settings: &Settings) -> Vec<f64> {
    let source = |s: &Sample| records[s.record].source;
    // Without a balance of classes, a source is one group of captions.
    let group = |s: &Sample| (source(s), settings.class_balance.map(|_| s.class));
    let mut captions: BTreeMap<_, usize> = BTreeMap::new();
    let mut groups: BTreeMap<_, usize> = BTreeMap::new();
    for sample in samples {
        *captions.entry((group(sample), sample.caption)).or_default() += 1;
        *groups.entry(group(sample)).or_default() += 1;
    }
    let power = |n: usize, exponent: f64| (n as f64).powf(exponent);
    let class_balance = settings.class_balance.unwrap_or(1.);
    let mut of_group: BTreeMap<_, f64> = BTreeMap::new();
    for ((group, _), n) in &captions {
        *of_group.entry(*group).or_default() += power(*n, settings.caption_balance);
    }
    let mut totals: BTreeMap<SourceKind, f64> = BTreeMap::new();
    for ((source, _), n) in &groups {
        *totals.entry(*source).or_default() += power(*n, class_balance);
    }
    let n_real = totals.keys().filter(|s| **s != SourceKind::Phantom).count();
    let share = |source| match source {
        SourceKind::Phantom => settings.phantom_share,
        _ => (1. - settings.phantom_share) / n_real as f64,
    };
    samples
        .iter()
        .map(|s| {
            let of_caption =
                power(captions[&(group(s), s.caption)], settings.caption_balance - 1.) / of_group[&group(s)];
            let of_class = power(groups[&group(s)], class_balance) / totals[&source(s)];
            of_caption * of_class * share(source(s))
        })
        .collect()
}

/// A random view of each sample, as `pixel_values` (batch, 3, H, W), and where its pixels come from.
pub fn views(
    samples: &[&Sample],
    spec: &ModelSpec,
    settings: &Settings,
    rng: &mut ChaCha8Rng,
    device: &Device,
) -> Result<(Tensor, Vec<Warp>)> {
    views_of(0..samples.len(), samples, &seeds(samples, rng), spec, settings, device)
}

/// A seed for the view of each sample.
fn seeds(samples: &[&Sample], rng: &mut ChaCha8Rng) -> Vec<u64> {
    samples.iter().map(|_| rand::Rng::random(rng)).collect()
}

/// The same for the samples at `own`: each has the view that it has among all.
fn views_of(
    own: Range<usize>,
    samples: &[&Sample],
    seeds: &[u64],
    spec: &ModelSpec,
    settings: &Settings,
    device: &Device,
) -> Result<(Tensor, Vec<Warp>)> {
    let (height, width) = (spec.preprocess.image_height, spec.preprocess.image_width);
    let augment = Augment::of(settings);
    // Each scan may take the contrast of the one before it.
    let others = samples.iter().cycle().skip(samples.len().saturating_sub(1));
    let pairs: Vec<_> = samples.iter().zip(others).zip(seeds).skip(own.start).take(own.len()).collect();
    let (grey, warps): (Vec<_>, Vec<_>) = pairs
        .into_par_iter()
        .map(|((sample, other), seed)| {
            let mut rng = ChaCha8Rng::seed_from_u64(*seed);
            let (mut view, warp) = augment.view(&sample.grey, height, width, &mut rng);
            change(&mut view, width, &other.grey, &settings.appearance, &mut rng);
            (view, warp)
        })
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
        let findings_only = rand::Rng::random_bool(rng, class_word_dropout);
        if findings_only { caption.findings_only().text() } else { caption.text() }
    };
    shown.iter().map(text).collect()
}

/// Pairs (scan, caption), by their positions in the batch, that are neither positive nor negative: the caption is as true
/// of the scan as its own.
fn undecided(picked: &[&Sample], captions: &[usize]) -> Vec<(usize, usize)> {
    let of = |(i, s): (usize, &&Sample)| {
        let also_true: Vec<_> =
            captions.iter().enumerate().filter(|(_, c)| s.also_true.contains(c)).map(|(j, _)| (i, j)).collect();
        also_true
    };
    picked.iter().enumerate().flat_map(of).collect()
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::caption::Caption;

    #[derive(Parser)]
    struct Only {
        #[command(flatten)]
        settings: Settings,
    }

    /// `(source, class, caption, how many)` as records and samples.
    fn scans(groups: &[(SourceKind, usize, usize, usize)]) -> (Vec<Record>, Vec<Sample>) {
        let all = groups.iter().flat_map(|group| std::iter::repeat_n(*group, group.3)).enumerate();
        all.map(|(i, (source, class, caption, _))| {
            let record = Record {
                path: "".into(),
                name: i.to_string(),
                source,
                patient: i.to_string(),
                label: String::new(),
                caption: Caption::default(),
                annotated: vec![],
                boxes: vec![],
            };
            let sample = Sample {
                record: i,
                grey: vec![],
                class,
                caption: Some(caption),
                also_true: vec![],
                annotations: vec![],
                places: vec![],
            };
            (record, sample)
        })
        .unzip()
    }

    #[test]
    fn sources_classes_and_captions_have_the_shares_of_the_settings() {
        use SourceKind::{Kermany, Octdl, Phantom};
        let (records, samples) =
            scans(&[(Octdl, 0, 0, 10), (Octdl, 1, 1, 80), (Octdl, 1, 2, 10), (Kermany, 1, 1, 7), (Phantom, 1, 3, 50)]);
        let records: Vec<&Record> = records.iter().collect();
        let shares = |options: &[&str]| {
            let settings = Only::parse_from(["settings", "--phantom-share", "0.2"].iter().chain(options)).settings;
            let weights = sampling_weights(&records, &samples, &settings);
            move |range: std::ops::Range<usize>| weights[range].iter().sum::<f64>()
        };
        let close = |share: f64, expected: f64| assert!((share - expected).abs() < 1e-9, "{share}, not {expected}");
        let alike = shares(&["--class-balance", "0", "--caption-balance", "0"]);
        close(alike(0..10), 0.2);
        close(alike(10..90), 0.1);
        close(alike(90..100), 0.1);
        close(alike(100..107), 0.4);
        close(alike(107..157), 0.2);
        let as_they_come = shares(&["--class-balance", "1", "--caption-balance", "1"]);
        close(as_they_come(0..10), 0.04);
        close(as_they_come(10..90), 0.32);
        let roots = shares(&["--class-balance", "0.5", "--caption-balance", "1"]);
        close(roots(10..100) / roots(0..10), 3.);
    }
}
