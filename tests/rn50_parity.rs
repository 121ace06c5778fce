//! CLIP's RN50 at full size against open_clip's, and the readers on files of full size. `parity/rn50.py` makes the
//! folder and says the commands; the folder is target/parity or that of OCTLENS_PARITY. CI has the same at a small size
//! in `clip_reference.rs` and `import.rs`.
#![allow(clippy::unwrap_used, reason = "a test may fail")]
#![cfg(feature = "train")]

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use candle_core::{DType, Device, Tensor, Var};
use candle_nn::{VarBuilder, VarMap};
use octlens::clip::{Clip, ClipConfig};
use octlens::nn::Mode;
use octlens::train::fit::batches::text_batch;
use octlens::train::fit::loss::contrastive_loss;
use octlens::train::import::{bpe, clip, resnet50};
use serde_json::Value;

/// Cosine of ours with open_clip's embedding, at least.
const COSINE: f64 = 0.99999;
/// Largest difference over the largest value, at most; for gradients, length of the difference over the length.
const RELATIVE: f64 = 1e-3;
/// A gradient that is this small a part of the whole is zero in exact arithmetic: no key's bias can change what a
/// softmax over keys gives.
const ZERO: f64 = 1e-9;
/// f16 keeps eleven bits of a number.
const F16_STEP: f64 = 1. / 2048.;
/// Below this f16 has fewer digits.
const F16_LEAST: f64 = 6.2e-5;
/// Texts on which the tokenizers must agree, at least.
const N_TEXTS: usize = 500;

fn folder() -> PathBuf {
    std::env::var_os("OCTLENS_PARITY")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("target/parity"), PathBuf::from)
}

fn parity() -> Value {
    let path = folder().join("parity.json");
    let text =
        fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}: run tests/parity/rn50.py", path.display()));
    serde_json::from_str(&text).unwrap()
}

fn vocabulary(parity: &Value) -> PathBuf {
    parity["vocab"].as_str().unwrap().into()
}

fn flat(t: &Tensor) -> Vec<f64> {
    t.to_dtype(DType::F64).unwrap().flatten_all().unwrap().to_vec1().unwrap()
}

fn length(values: &[f64]) -> f64 {
    values.iter().map(|v| v * v).sum::<f64>().sqrt()
}

/// The largest difference over the largest value of the reference.
fn relative(ours: &Tensor, reference: &Tensor) -> f64 {
    assert_eq!(ours.dims(), reference.dims());
    let (ours, reference) = (flat(ours), flat(reference));
    let largest = reference.iter().fold(0f64, |m, v| m.max(v.abs()));
    ours.iter().zip(&reference).fold(0f64, |m, (a, b)| m.max((a - b).abs())) / largest
}

/// The least cosine of two rows.
fn cosine(ours: &Tensor, reference: &Tensor) -> f64 {
    let rows = |t: &Tensor| (0..t.dim(0).unwrap()).map(|i| flat(&t.get(i).unwrap())).collect::<Vec<_>>();
    let of = |(a, b): (&Vec<f64>, &Vec<f64>)| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>() / length(a) / length(b);
    rows(ours).iter().zip(&rows(reference)).map(of).fold(1., f64::min)
}

#[test]
#[ignore = "needs the folder that tests/parity/rn50.py writes"]
fn rn50_equals_open_clips() {
    let (dir, parity) = (folder(), parity());
    let imported = clip::read(&dir.join("weights.pt"), &vocabulary(&parity), None).unwrap();
    assert_eq!(imported.manifest.clip, ClipConfig::rn50());
    let reference = candle_core::safetensors::load(dir.join("reference.safetensors"), &Device::Cpu).unwrap();
    let texts: Vec<String> = serde_json::from_value(parity["texts"].clone()).unwrap();
    let (token_ids, end) = text_batch(&imported.tokenizer, &texts, &Device::Cpu).unwrap();
    let positives: Vec<usize> = (0..texts.len()).collect();

    let map = VarMap::new();
    let vb = VarBuilder::from_varmap(&map, DType::F32, &Device::Cpu);
    let clip = Clip::new(&imported.manifest.clip, vb).unwrap();
    let variables: HashMap<String, Var> = map.data().lock().unwrap().clone();
    for (name, var) in &variables {
        var.set(&imported.towers[name]).unwrap();
    }
    for (mode, prefix) in [(Mode::Eval, ""), (Mode::Train, "train.")] {
        let of = |key: &str| &reference[&format!("{prefix}{key}")];
        let feature_map = clip.visual.feature_map(&reference["pixel_values"], mode).unwrap();
        let image_embeds = clip.visual.pool(&feature_map).unwrap();
        let text_embeds = clip.text.forward(&token_ids, &end).unwrap();
        let logits = clip.logits_per_image(&image_embeds, &text_embeds).unwrap();
        let loss = contrastive_loss(&logits, &positives, &[]).unwrap();
        println!("{mode:?}");
        for (name, ours) in [("image_embeds", &image_embeds), ("text_embeds", &text_embeds)] {
            let (cosine, off) = (cosine(ours, of(name)), relative(ours, of(name)));
            println!("  {name}: least cosine {cosine:.9}, largest relative difference {off:.2e}");
            assert!(cosine >= COSINE && off <= RELATIVE);
        }
        for (name, ours) in [("logit_scale", &clip.logit_scale().unwrap()), ("loss", &loss)] {
            let off = relative(ours, of(name));
            println!("  {name}: {:?}, relative difference {off:.2e}", flat(ours));
            assert!(off <= RELATIVE);
        }
        if mode == Mode::Eval {
            continue;
        }
        let gradients = loss.backward().unwrap();
        let references: HashMap<&str, Vec<f64>> = reference
            .iter()
            .filter_map(|(key, t)| Some((key.strip_prefix(prefix)?.strip_prefix("grad.")?, flat(t))))
            .collect();
        let n_parameters = variables.keys().filter(|name| !name.contains("running_")).count();
        assert_eq!(references.len(), n_parameters);
        let whole = length(&references.values().map(|g| length(g)).collect::<Vec<_>>());
        let (mut worst, mut n_zero) = ((0., ""), 0);
        for (name, expected) in &references {
            let ours = flat(gradients.get(&variables[*name]).unwrap());
            assert_eq!(ours.len(), expected.len(), "{name}");
            let difference = length(&ours.iter().zip(expected).map(|(a, b)| a - b).collect::<Vec<_>>());
            if length(expected) < ZERO * whole {
                n_zero += 1;
                assert!(difference < RELATIVE * whole, "{name}");
                continue;
            }
            let error = difference / length(expected);
            assert!(error <= RELATIVE, "{prefix}{name}: relative error {error:.2e}");
            if error > worst.0 {
                worst = (error, *name);
            }
        }
        println!("  gradients: {} by name, worst relative error {:.2e} ({})", references.len(), worst.0, worst.1);
        println!("  of which zero in exact arithmetic: {n_zero}");
        assert!(n_zero <= 1);
    }
}

#[test]
#[ignore = "needs the folder that tests/parity/rn50.py writes"]
fn clips_vocabulary_gives_the_token_ids_of_clips_tokenizer() {
    let parity = parity();
    let cases = parity["tokens"].as_array().unwrap();
    assert!(cases.len() >= N_TEXTS);
    let files = [Some(vocabulary(&parity)), parity["tokenizer_json"].as_str().map(PathBuf::from)];
    for file in files.into_iter().flatten() {
        let tokenizer = bpe::read(&file).unwrap();
        assert_eq!(tokenizer.vocab_size(), ClipConfig::rn50().text.vocab_size);
        for case in cases {
            let text = case["text"].as_str().unwrap();
            let expected: Vec<u32> = serde_json::from_value(case["ids"].clone()).unwrap();
            let tokens = tokenizer.encode(text).unwrap();
            assert_eq!(tokens.ids[1..tokens.end()], expected, "{text:?}");
            assert!(tokens.spans.iter().all(|span| text.get(span.clone()).is_some()), "{text:?}");
        }
        println!("{}: {} texts give equal token ids", file.display(), cases.len());
    }
}

#[test]
#[ignore = "needs the folder that tests/parity/rn50.py writes"]
fn archives_of_full_size_are_read() {
    let (dir, parity) = (folder(), parity());
    let read = |name: &str| {
        let started = Instant::now();
        let imported = clip::read(&dir.join(name), &vocabulary(&parity), None).unwrap();
        let (format, seconds) = (&imported.manifest.weights.format, started.elapsed().as_secs_f32());
        println!("{name}: {format}, {} tensors in {seconds:.1} s", imported.towers.len());
        imported
    };
    let (floats, halves) = (read("weights.pt"), read("RN50.pt"));
    assert_eq!(halves.manifest.clip, ClipConfig::rn50());
    assert_eq!(halves.towers.len(), floats.towers.len());
    for (name, half) in &halves.towers {
        let off = flat(half)
            .iter()
            .zip(flat(&floats.towers[name]))
            .all(|(a, b)| (a - b).abs() <= F16_STEP * b.abs().max(F16_LEAST));
        assert!(off, "{name}");
    }
    let [pth, safetensors] = ["resnet50.pth", "resnet50.safetensors"].map(|f| resnet50::read(&dir.join(f)).unwrap());
    assert_eq!(pth.len(), safetensors.len());
    for (name, tensor) in &pth {
        assert_eq!(flat(tensor), flat(&safetensors[name]), "{name}");
    }
    println!("ResNet-50: {} tensors, the same from both formats", pth.len());
}
