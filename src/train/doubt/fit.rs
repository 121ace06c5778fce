//! Fits what tells doubtful answers: the detector on training patients and generated oddities, the thresholds on validation
//! patients.

use std::collections::HashMap;

use candle_core::{D, DType, Device, Tensor, Var};
use candle_nn::optim::{AdamW, Optimizer, ParamsAdamW};
use candle_nn::{VarBuilder, ops};
use rand::SeedableRng;
use rand::seq::IndexedRandom;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use super::oddities::Oddity;
use crate::bundle::DOUBT;
use crate::caption::Diagnosis;
use crate::doubt::detector::{Detector, MANNERS, standardised};
use crate::doubt::{Evidence, Thresholds};
use crate::engine::Engine;
use crate::error::{Error, Result};
use crate::train::config::{ModelSpec, Settings};
use crate::train::data::appearance::change;
use crate::train::data::augment::Augment;
use crate::train::data::record::{Record, SourceKind};
use crate::train::data::samples::read_scan;
use crate::train::fit::loss::softplus;

/// Training scans that the detector sees, of each source, evenly spaced; each as it is and once changed.
const N_SCANS: usize = 500;
/// The most oddities of each kind; of few scans, as many in all as there are examples of scans.
const MAX_ODDITIES: usize = 90;
/// Steps on all features at once.
const N_STEPS: usize = 400;
const LEARNING_RATE: f64 = 0.02;
/// Weight of the squared weights in the loss. Without it the detector tells devices apart, and doubts those it has not seen.
const DECAY: f64 = 0.05;
/// Share of validation scans that each threshold may call doubtful.
const FALSE_ALARM_RATE: f32 = 0.02;
/// The detector's probability of an oddity below this never doubts: a threshold from known devices alone would doubt every
/// other one. The smallest of 0.5, 0.6, … that doubts at most 0.05 of the scans of a device left out of the fit
/// (docs/results-scanners.md).
const MIN_ODDITY: f32 = 0.8;
/// The same for its probability of another disease.
const MIN_ANOTHER_DISEASE: f32 = 0.5;
/// Limits of the threshold on the image head's probability.
const PROBABILITY: [f32; 2] = [0.55, 0.9];

/// What the detector is fitted on: features (F) with the index among [`MANNERS`], and whether the scan shows another disease,
/// if that is known.
struct Example {
    features: Vec<f32>,
    manner: u32,
    another_disease: Option<bool>,
}

fn is_known(label: &str) -> bool {
    [Diagnosis::Healthy, Diagnosis::Amd].iter().any(|diagnosis| diagnosis.label() == label)
}

/// The tensors of a detector for `engine`, by their names in a weights file. `train` may hold scans of diseases that are no
/// class of the model.
///
/// # Errors
/// Names the first file that cannot be read.
pub(crate) fn detector(
    engine: &Engine,
    spec: &ModelSpec,
    settings: &Settings,
    train: &[&Record],
) -> Result<HashMap<String, Tensor>> {
    let scans = chosen(train);
    if scans.is_empty() {
        return Err(Error::data("there is no scan to fit the detector of doubt on: check --data"));
    }
    let mut examples = scans
        .par_iter()
        .enumerate()
        .map(|(i, record)| of_scan(engine, spec, settings, record, i as u64))
        .collect::<Result<Vec<_>>>()?
        .into_iter()
        .flatten()
        .collect::<Vec<_>>();
    let n_of_each = examples.len().div_ceil(Oddity::ALL.len()).min(MAX_ODDITIES);
    let odd = (0..Oddity::ALL.len() * n_of_each).into_par_iter().map(|i| {
        let mut rng = ChaCha8Rng::seed_from_u64(settings.seed);
        rng.set_stream(i as u64);
        let oddity = Oddity::ALL[i % Oddity::ALL.len()];
        let record = scans.choose(&mut rng).ok_or_else(|| Error::data("no scan"))?;
        let picture = oddity.make(&read_scan(record)?, &mut rng);
        let manner = MANNERS.iter().position(|m| *m == Some(oddity.doubt())).unwrap_or(1) as u32;
        let features = features(engine, spec, spec.preprocess.grey(&picture))?;
        Ok(Example { features, manner, another_disease: None })
    });
    examples.extend(odd.collect::<Result<Vec<_>>>()?);
    let fitted = fit(&examples)?;
    Ok(fitted.into_iter().map(|(name, tensor)| (format!("{DOUBT}.{name}"), tensor)).collect())
}

/// Thresholds that call at most [`FALSE_ALARM_RATE`] of the healthy and AMD scans in `val` doubtful, each on its own, of those
/// that the image head is right about; none without such a scan.
///
/// # Errors
/// Names the first file that cannot be read.
pub(crate) fn thresholds(
    engine: &Engine,
    spec: &ModelSpec,
    detector: &HashMap<String, Tensor>,
    val: &[&Record],
) -> Result<Option<Thresholds>> {
    let vb = VarBuilder::from_tensors(detector.clone(), DType::F32, &Device::Cpu).pp(DOUBT);
    let n_features = spec.clip.vision.feature_dim() + spec.clip.embed_dim;
    let detector = Detector::new(n_features, vb)?;
    let is_real = |r: &&&Record| r.source != SourceKind::Phantom;
    let has_real = val.iter().any(|r| is_real(&r));
    let scans: Vec<&&Record> = val.iter().filter(|r| is_known(&r.label) && (is_real(r) || !has_real)).collect();
    let assess = |record: &&&Record| {
        let grey = spec.preprocess.grey(&read_scan(record)?);
        let (features, embeds) = engine.features(&spec.preprocess.pixel_values(grey, &Device::Cpu)?)?;
        let image = engine.image_prediction(&embeds)?;
        let detected = detector.detect(&features)?;
        let similarity = engine.retrieve(&embeds)?[0].1;
        let known = [Diagnosis::Healthy.label(), Diagnosis::Amd.label()];
        let evidence =
            Evidence { picture: &[], detected: Some(&detected), image: &image, text: None, similarity, known };
        let another_disease = evidence.another_disease().unwrap_or(0.);
        let probability = image.probabilities.get(&image.label).copied().unwrap_or(0.);
        let is_right = image.label == record.label;
        Ok(is_right.then_some([detected.probability_odd(), another_disease, -probability, -similarity]))
    };
    let assessed: Vec<[f32; 4]> =
        scans.par_iter().map(assess).collect::<Result<Vec<_>>>()?.into_iter().flatten().collect();
    if assessed.is_empty() {
        return Ok(None);
    }
    let [oddity, another_disease, probability, similarity] = [0, 1, 2, 3].map(|i| {
        let mut values: Vec<f32> = assessed.iter().map(|scan| scan[i]).collect();
        largest_but(&mut values, FALSE_ALARM_RATE)
    });
    // A model that has classes for other diseases does not need the detector's row for them.
    let is_of_head = spec.vocabulary.labels.iter().any(|label| !is_known(label));
    Ok(Some(Thresholds {
        false_alarm_rate: FALSE_ALARM_RATE,
        oddity: oddity.max(MIN_ODDITY),
        another_disease: if is_of_head { another_disease } else { another_disease.max(MIN_ANOTHER_DISEASE) },
        probability: (-probability).clamp(PROBABILITY[0], PROBABILITY[1]),
        similarity: -similarity,
    }))
}

/// A value that at most the share `rate` of `values`, whose order it changes, lies above.
fn largest_but(values: &mut [f32], rate: f32) -> f32 {
    values.sort_by(f32::total_cmp);
    let above = (values.len() as f32 * rate) as usize;
    values[values.len() - 1 - above]
}

/// Scans evenly spaced in each source; of phantoms half as many, since they all come from one simulation.
fn chosen<'a>(train: &[&'a Record]) -> Vec<&'a Record> {
    SourceKind::ALL
        .into_iter()
        .flat_map(|source| {
            let of_source: Vec<&Record> = train.iter().copied().filter(|r| r.source == source).collect();
            let n = if source == SourceKind::Phantom { N_SCANS / 2 } else { N_SCANS };
            let stride = of_source.len().div_ceil(n).max(1);
            of_source.into_iter().step_by(stride)
        })
        .collect()
}

/// The scan as it is, and once as training changes it.
fn of_scan(engine: &Engine, spec: &ModelSpec, settings: &Settings, record: &Record, n: u64) -> Result<Vec<Example>> {
    let mut rng = ChaCha8Rng::seed_from_u64(settings.seed);
    rng.set_stream(n);
    let (height, width) = (spec.preprocess.image_height, spec.preprocess.image_width);
    let plain = spec.preprocess.grey(&read_scan(record)?);
    let bytes: Vec<u8> = plain.iter().map(|v| (v * 255.).round() as u8).collect();
    let (mut changed, _) = Augment::of(settings).view(&bytes, height, width, &mut rng);
    change(&mut changed, width, &bytes, &settings.appearance, &mut rng);
    let another_disease = (record.source != SourceKind::Phantom).then(|| !is_known(&record.label));
    [plain, changed]
        .into_iter()
        .map(|grey| Ok(Example { features: features(engine, spec, grey)?, manner: 0, another_disease }))
        .collect()
}

fn features(engine: &Engine, spec: &ModelSpec, grey: Vec<f32>) -> Result<Vec<f32>> {
    let (features, _) = engine.features(&spec.preprocess.pixel_values(grey, &Device::Cpu)?)?;
    Ok(features.get(0)?.to_vec1()?)
}

/// Softmax regression over [`MANNERS`] and logistic regression of another disease, both on standardised features, with
/// [`DECAY`]; classes count alike, however many examples they have.
fn fit(examples: &[Example]) -> Result<HashMap<String, Tensor>> {
    let device = Device::Cpu;
    let rows: Vec<f32> = examples.iter().flat_map(|e| e.features.iter().copied()).collect();
    let x = Tensor::from_vec(rows, (examples.len(), examples[0].features.len()), &device)?;
    let mean = x.mean(0)?;
    // A feature that never changes says nothing: it stays 0.
    let scale = (x.broadcast_sub(&mean)?.sqr()?.mean(0)? + 1e-6)?.sqrt()?;
    let x = standardised(&x, &mean, &scale)?;
    let n_manners = MANNERS.len();
    let weight = Var::zeros((n_manners + 1, x.dim(1)?), DType::F32, &device)?;
    let bias = Var::zeros(n_manners + 1, DType::F32, &device)?;

    let mut targets = vec![0f32; examples.len() * n_manners];
    let manners: Vec<Option<u32>> = examples.iter().map(|e| Some(e.manner)).collect();
    let diseases: Vec<Option<u32>> = examples.iter().map(|e| e.another_disease.map(u32::from)).collect();
    for (row, share) in balanced(&manners).into_iter().enumerate() {
        targets[row * n_manners + examples[row].manner as usize] = share;
    }
    let targets = Tensor::from_vec(targets, (examples.len(), n_manners), &device)?;
    let is_disease: Vec<f32> = diseases.iter().map(|d| d.unwrap_or(0) as f32).collect();
    let is_disease = Tensor::new(is_disease, &device)?;
    let shares = Tensor::new(balanced(&diseases), &device)?;

    let parameters = ParamsAdamW { lr: LEARNING_RATE, weight_decay: 0., ..ParamsAdamW::default() };
    let mut adamw = AdamW::new(vec![weight.clone(), bias.clone()], parameters)?;
    for _ in 0..N_STEPS {
        let logits = x.matmul(&weight.t()?)?.broadcast_add(&bias)?;
        let of_manners = ops::log_softmax(&logits.narrow(1, 0, n_manners)?, D::Minus1)?;
        let of_manners = (of_manners * &targets)?.sum_all()?.neg()?;
        let z = logits.narrow(1, n_manners, 1)?.squeeze(1)?;
        let of_disease = ((softplus(&z)? - (&z * &is_disease)?)? * &shares)?.sum_all()?;
        let decay = (weight.sqr()?.sum_all()? * (DECAY / 2.))?;
        adamw.backward_step(&((of_manners + of_disease)? + decay)?)?;
    }
    Ok(HashMap::from([
        ("mean".to_owned(), mean),
        ("scale".to_owned(), scale),
        ("weight".to_owned(), weight.as_detached_tensor()),
        ("bias".to_owned(), bias.as_detached_tensor()),
    ]))
}

/// A weight for each example, such that those of each class add up to the same, and all to 1; 0 where the class is not known.
fn balanced(classes: &[Option<u32>]) -> Vec<f32> {
    let mut counts: HashMap<u32, f32> = HashMap::new();
    classes.iter().flatten().for_each(|class| *counts.entry(*class).or_default() += 1.);
    let n = counts.len() as f32;
    classes.iter().map(|class| class.map_or(0., |class| 1. / (n * counts[&class]))).collect()
}

#[cfg(test)]
mod tests {
    use rand::Rng;

    use super::*;

    #[test]
    fn at_most_the_stated_share_lies_above_a_threshold() {
        for n in [1, 30, 50, 99, 1000] {
            let mut values: Vec<f32> = (0..n).map(|i| (i * 7919 % n) as f32).collect();
            let threshold = largest_but(&mut values, 0.02);
            let above = values.iter().filter(|v| **v > threshold).count();
            assert!(above as f32 <= 0.02 * n as f32 && (n < 50 || above > 0), "{above} of {n}");
        }
    }

    #[test]
    fn classes_count_alike_and_what_is_not_known_not_at_all() {
        assert_eq!(balanced(&[Some(0), Some(1), Some(0), None]), [0.25, 0.5, 0.25, 0.]);
    }

    #[test]
    fn the_detector_finds_what_it_was_fitted_on() {
        let mut rng = ChaCha8Rng::seed_from_u64(5);
        let mut example = |manner: u32, another_disease: Option<bool>| {
            let mut features: Vec<f32> = (0..8).map(|_| rng.random_range(-1f32..1.)).collect();
            features[manner as usize] += 4.;
            features[6] += if another_disease == Some(true) { 3. } else { 0. };
            Example { features, manner, another_disease }
        };
        let mut examples = Vec::new();
        for i in 0..60 {
            examples.push(example(0, Some(i % 3 == 0)));
            examples.push(example(1 + i % 4, None));
        }
        let fitted = fit(&examples).unwrap();
        let detector = Detector::new(8, VarBuilder::from_tensors(fitted, DType::F32, &Device::Cpu)).unwrap();
        let detect = |e: &Example| {
            let features = Tensor::new(e.features.as_slice(), &Device::Cpu).unwrap().unsqueeze(0).unwrap();
            detector.detect(&features).unwrap()
        };
        for e in &examples {
            let found = detect(e);
            assert_eq!(found.probability_odd() > 0.5, e.manner > 0, "{found:?}");
            if e.manner > 0 {
                assert_eq!(Some(found.oddity()), MANNERS[e.manner as usize]);
            }
            if let Some(is_other) = e.another_disease {
                assert_eq!(found.another_disease > 0.5, is_other, "{found:?}");
            }
        }
    }
}
