//! Trains the paper's baseline: a linear head on the features of a frozen ResNet-50.

use std::collections::{BTreeMap, HashMap};

use candle_core::{DType, Device, Tensor, Var};
use candle_nn::{VarBuilder, VarMap};
use clap::Args;
use indicatif::ProgressBar;
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use serde::Serialize;

use super::loss::cross_entropy;
use crate::bundle::card::{BaselineMetrics, BaselineTraining, Split, settings_record};
use crate::bundle::{FORMAT, Header};
use crate::engine::baseline::{Baseline, BaselineMetadata};
use crate::error::{Error, Result};
use crate::nn::linear::Linear;
use crate::preprocess::Preprocess;
use crate::resnet::ResNetConfig;
use crate::train::config::{Optimizer, at_least_one, at_least_zero};
use crate::train::data::record::{Record, SourceKind};
use crate::train::data::samples::read_scan;
use crate::train::evaluate::predictions::Predictions;
use crate::train::fit::adamw::{AdamW, AdamWConfig};
use crate::train::fit::checkpoint::named_variables;
use crate::train::fit::init::initialize;
use crate::train::run::Prepared;

/// Its title in the list of models.
pub(crate) const TITLE: &str = "ResNet-50 baseline";
/// Side of the input in pixels, at which torchvision's weights were trained.
const SIZE: usize = 224;
/// ImageNet's (torchvision's `ResNet50_Weights.transforms`).
const PIXEL_MEAN: [f32; 3] = [0.485, 0.456, 0.406];
const PIXEL_STD: [f32; 3] = [0.229, 0.224, 0.225];

/// How the head is trained; the defaults are the paper's.
#[derive(Args, Clone, Debug, PartialEq, Serialize)]
pub(crate) struct BaselineSettings {
    /// Passes of the head over the features.
    #[arg(long, default_value_t = Self::paper().epochs)]
    pub epochs: usize,
    /// Adam's learning rate.
    #[arg(long, value_parser = at_least_zero, default_value_t = Self::paper().learning_rate)]
    pub learning_rate: f64,
    /// Scans per step.
    #[arg(long, value_parser = at_least_one(), default_value_t = Self::paper().batch)]
    pub batch: usize,
}

impl BaselineSettings {
    /// The paper's settings.
    pub(crate) fn paper() -> Self {
        Self { epochs: 50, learning_rate: 1e-4, batch: 32 }
    }
}

/// A trained baseline.
pub(crate) struct Trained {
    /// The metadata of its weights file.
    pub metadata: BaselineMetadata,
    /// Backbone and `fc`, by torchvision's names.
    pub tensors: HashMap<String, Tensor>,
}

/// Trains a head on the run's training patients and measures it on its test patients. `backbone` holds torchvision's
/// tensors without `fc`; it is not changed.
///
/// # Errors
/// Nothing to train on, or a scan that cannot be read.
pub(crate) fn train(
    mut backbone: HashMap<String, Tensor>,
    prepared: &Prepared,
    name: &str,
    settings: &BaselineSettings,
    (train, test): (&[&Record], &[&Record]),
    bar: &ProgressBar,
) -> Result<Trained> {
    if train.is_empty() {
        return Err(Error::data("there is no scan to train on: check --data"));
    }
    let labels = &prepared.spec.vocabulary.labels;
    let resnet = ResNetConfig::resnet50();
    let map = VarMap::new();
    let vb = VarBuilder::from_varmap(&map, DType::F32, &Device::Cpu);
    let fc = Linear::new(resnet.feature_dim(), labels.len(), vb.pp("fc"))?;
    let variables = named_variables(&map)?;
    let mut list: Vec<_> = variables.into_iter().collect();
    initialize(&mut list, 0, prepared.settings.seed)?;
    let mut metadata = BaselineMetadata {
        format: FORMAT,
        kind: BaselineMetadata::KIND.to_owned(),
        name: name.to_owned(),
        resnet,
        // The same region and contrast as for octlens, so that both models see the same part of a scan.
        preprocess: Preprocess { mean: PIXEL_MEAN, std: PIXEL_STD, ..Preprocess::b_scan(SIZE, SIZE) },
        labels: labels.clone(),
        licence: "that of its backbone".to_owned(),
        training: BaselineTraining { seed: prepared.settings.seed, settings: settings_record(settings)? },
        metrics: None,
    };
    let head = || list.iter().map(|(name, var)| (name.clone(), var.as_detached_tensor()));
    backbone.extend(head());
    let build = |metadata: &BaselineMetadata, tensors: &HashMap<String, Tensor>| {
        let vb = VarBuilder::from_tensors(tensors.clone(), DType::F32, &Device::Cpu);
        Baseline::new(metadata.clone(), &vb, String::new())
    };
    let untrained = build(&metadata, &backbone)?;
    let features = |records: &[&Record]| -> Result<Vec<Vec<f32>>> {
        let of = |r: &&Record| {
            let features = untrained.features(&read_scan(r)?);
            bar.inc(1);
            features
        };
        records.iter().map(of).collect()
    };
    fit(&fc, list.clone(), &features(train)?, &classes(prepared, train)?, prepared.settings.seed, settings)?;
    backbone.extend(head());
    let trained = build(&metadata, &backbone)?;
    let truth = classes(prepared, test)?;
    let mut answers: BTreeMap<SourceKind, Predictions> = BTreeMap::new();
    for ((record, class), features) in test.iter().zip(truth).zip(features(test)?) {
        let logits = trained.prediction(&features)?.logits;
        let of_source = answers.entry(record.source).or_default();
        of_source.patients.push(record.patient.clone());
        of_source.truth.push(class);
        of_source.logits.push(logits.into_iter().map(f64::from).collect());
    }
    let float = answers.iter().map(|(source, answers)| (source.to_string(), answers.figures())).collect();
    metadata.metrics = Some(BaselineMetrics { float, split: Split::Test });
    Ok(Trained { metadata, tensors: backbone })
}

fn classes(prepared: &Prepared, records: &[&Record]) -> Result<Vec<usize>> {
    records.iter().map(|r| prepared.spec.class_of(&r.label)).collect()
}

/// Trains `fc` on features (n, C) by cross-entropy in which all classes have the same total weight.
fn fit(
    fc: &Linear,
    variables: Vec<(String, Var)>,
    features: &[Vec<f32>],
    classes: &[usize],
    seed: u64,
    settings: &BaselineSettings,
) -> Result<()> {
    let device = Device::Cpu;
    let n_classes = 1 + classes.iter().max().copied().unwrap_or(0);
    let counts: Vec<usize> = (0..n_classes).map(|c| classes.iter().filter(|k| **k == c).count()).collect();
    let n_present = counts.iter().filter(|n| **n > 0).count();
    let config = AdamWConfig { beta1: 0.9, beta2: 0.999, eps: 1e-8, weight_decay: 0., optimizer: Optimizer::Adam };
    let mut adam = AdamW::new(variables, config, |_| 1.)?;
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut order: Vec<usize> = (0..features.len()).collect();
    for _ in 0..settings.epochs {
        order.shuffle(&mut rng);
        for batch in order.chunks(settings.batch) {
            let rows = batch.iter().flat_map(|i| features[*i].iter().copied());
            let logits = fc.forward(&Tensor::from_iter(rows, &device)?.reshape((batch.len(), ()))?)?;
            let n_logits = logits.dim(1)?;
            let mut targets = vec![0f32; batch.len() * n_logits];
            batch.iter().enumerate().for_each(|(row, i)| targets[row * n_logits + classes[*i]] = 1.);
            let weight = |i: &usize| classes.len() as f32 / (n_present * counts[classes[*i]]) as f32;
            let weights: Vec<f32> = batch.iter().map(weight).collect();
            let targets = Tensor::from_vec(targets, logits.shape(), &device)?;
            let loss = cross_entropy(&logits, &targets, &Tensor::new(weights, &device)?)?;
            adam.accumulate(&loss.backward()?)?;
            adam.step(settings.learning_rate, f64::INFINITY)?;
        }
    }
    Ok(())
}
