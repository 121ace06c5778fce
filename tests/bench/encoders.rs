//! How long each tower takes natively, int8 as the page gets it, on drawn weights of either size.
//!
//! `cargo bench --features train --profile dev --bench encoders` (the dev profile is optimised); `make bench` measures
//! the same in Chromium. Set `RAYON_NUM_THREADS=1` for one thread.
#![allow(clippy::unwrap_used, reason = "a benchmark may fail")]

use std::collections::HashMap;

use candle_core::{DType, Device, Tensor};
use candle_nn::{VarBuilder, VarMap};
use criterion::Criterion;
use octlens::bundle::card::{Training, WeightPrecision};
use octlens::bundle::{Bundle, CAPTION_EMBEDS, FORMAT, Metadata};
use octlens::caption::{Caption, Vocabulary};
use octlens::clip::{Clip, ClipConfig};
use octlens::engine::Engine;
use octlens::head::{Head, HeadConfig};
use octlens::preprocess::Preprocess;
use octlens::scan::Scan;
use octlens::tokenizer::Tokenizer;
use octlens::train::export::quantize;
use octlens::train::fit::checkpoint::named_variables;
use octlens::train::fit::init::initialize;
use octlens::train::fit::vocab;

/// 15 tokens with start and end, as `make bench` reads.
const FINDINGS: [&str; 4] = ["soft drusen", "hard drusen", "reticular drusen", "choroidal folds"];
const N_TOKENS: usize = 15;
const SEED: u64 = 1;

fn vocabulary() -> Vocabulary {
    Vocabulary::new(["healthy", "AMD"].map(str::to_owned).to_vec(), FINDINGS.map(str::to_owned).to_vec())
}

fn caption() -> Caption {
    Caption::new(&vocabulary(), Some("AMD"), &FINDINGS)
}

/// Weights as a new run draws them.
fn tensors(clip: &ClipConfig, head: &HeadConfig) -> HashMap<String, Tensor> {
    let map = VarMap::new();
    let vb = VarBuilder::from_varmap(&map, DType::F32, &Device::Cpu);
    Clip::new(clip, vb.clone()).unwrap();
    for name in ["image_head", "text_head"] {
        Head::new(head, vb.pp(name)).unwrap();
    }
    let mut variables: Vec<_> = named_variables(&map).unwrap().into_iter().collect();
    initialize(&mut variables, clip.text.layers, SEED).unwrap();
    let mut tensors: HashMap<_, _> =
        variables.into_iter().map(|(name, var)| (name, var.as_detached_tensor())).collect();
    let caption_embeds = Tensor::zeros((1, clip.embed_dim), DType::F32, &Device::Cpu).unwrap();
    tensors.insert(CAPTION_EMBEDS.to_owned(), caption_embeds);
    tensors
}

/// With scales that suit the sample.
fn quantizable(
    clip: &ClipConfig,
    preprocess: &Preprocess,
    tensors: HashMap<String, Tensor>,
) -> HashMap<String, Tensor> {
    let float = Clip::new(clip, VarBuilder::from_tensors(tensors.clone(), DType::F32, &Device::Cpu)).unwrap();
    let pixel_values = preprocess.pixel_values(preprocess.grey(&sample()), &Device::Cpu).unwrap();
    let ranges = quantize::activation_ranges(&float, [&pixel_values]).unwrap();
    quantize::prepare(&float, tensors, &ranges).unwrap()
}

fn sample() -> Scan {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/www/samples/drusen.png");
    Scan::decode(&std::fs::read(path).unwrap(), 0).unwrap()
}

fn engine(name: &str, clip: ClipConfig, tokenizer: &Tokenizer) -> Engine {
    let vocabulary = vocabulary();
    let head = HeadConfig { embed_dim: clip.embed_dim, hidden: 128, n_classes: vocabulary.labels.len() };
    let preprocess = Preprocess::b_scan(clip.vision.image_height, clip.vision.image_width);
    let tensors = quantizable(&clip, &preprocess, tensors(&clip, &head));
    let metadata = Metadata {
        format: FORMAT,
        name: name.to_owned(),
        title: String::new(),
        precision: WeightPrecision::Int8,
        preprocess,
        clip,
        head,
        vocabulary,
        captions: vec![caption()],
        tokenizer: tokenizer.to_json().unwrap(),
        doubt: None,
        licence: String::new(),
        training: Training::default(),
        metrics: None,
        explanations: None,
    };
    Engine::load_draft(name, Bundle::write(&metadata, &tensors, true).unwrap()).unwrap()
}

fn main() {
    let mut criterion = Criterion::default().sample_size(10).configure_from_args();
    let scan = sample();
    let text = caption().text();
    let tokenizer = vocab::train(std::slice::from_ref(&text)).unwrap();
    assert_eq!(tokenizer.encode(&text).unwrap().ids.len(), N_TOKENS);
    for (name, clip) in [("rn50", ClipConfig::rn50()), ("compact", ClipConfig::compact(tokenizer.vocab_size()))] {
        let engine = engine(name, clip, &tokenizer);
        criterion.bench_function(&format!("{name}/image_encoder"), |b| b.iter(|| engine.embed_scan(&scan).unwrap()));
        criterion.bench_function(&format!("{name}/text_encoder_{N_TOKENS}_tokens"), |b| {
            b.iter(|| engine.embed_text(&text).unwrap());
        });
    }
    criterion.final_summary();
}
