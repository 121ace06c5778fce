//! `train import` on small files in every format, honest and hostile (`fixtures/import/make.py`, which says what each is):
//! what is read equals what the original libraries read, and what is wrong is refused in one line, at no cost.
#![allow(clippy::unwrap_used, reason = "a test may fail")]
#![cfg(feature = "train")]

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use candle_core::{D, DType, Device, Tensor};
use candle_nn::VarBuilder;
use octlens::clip::Clip;
use octlens::nn::Mode;
use octlens::train::import::{Pretrained, bpe, clip, folder, resnet50};
use serde_json::Value;

/// The width of the fixture's text tower is no multiple of 64, so the number of its attention heads must be given.
const TEXT_HEADS: Option<usize> = Some(2);
/// open_clip computes in 64-bit floats, octlens in 32-bit.
const TOLERANCE: f32 = 1e-5;
/// bf16 keeps eight bits of a number.
const BF16_STEP: f32 = 1. / 256.;
/// A refusal reads headers; far less would do, but a busy machine may be slow.
const SOON: Duration = Duration::from_secs(10);

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/import").join(name)
}

fn imported(name: &str) -> octlens::error::Result<Pretrained> {
    clip::read(&fixture(name), &fixture("bpe_small.txt.gz"), TEXT_HEADS)
}

fn tensors(name: &str) -> HashMap<String, Tensor> {
    candle_core::safetensors::load(fixture(name), &Device::Cpu).unwrap()
}

fn flat(t: &Tensor) -> Vec<f32> {
    t.to_dtype(DType::F32).unwrap().flatten_all().unwrap().to_vec1().unwrap()
}

/// The largest difference, where the largest value counts as one.
fn difference(ours: &Tensor, reference: &Tensor) -> f32 {
    assert_eq!(ours.dims(), reference.dims());
    let (ours, reference) = (flat(ours), flat(reference));
    let largest = reference.iter().fold(f32::MIN_POSITIVE, |m, v| m.max(v.abs()));
    ours.iter().zip(&reference).fold(0f32, |m, (a, b)| m.max((a - b).abs())) / largest
}

/// A refusal of one line.
fn refusal<T>(result: octlens::error::Result<T>) -> String {
    let message = result.err().expect("it must be refused").to_string();
    assert_eq!(message.lines().count(), 1, "{message}");
    message
}

#[test]
fn openais_archive_gives_the_embeddings_that_open_clip_gives() {
    let imported = imported("openai.pt").unwrap();
    assert_eq!(imported.manifest.weights.format, "TorchScript archive");
    assert_eq!(imported.manifest.clip.vision.image_height, 64);
    let vb = VarBuilder::from_tensors(imported.towers, DType::F32, &Device::Cpu);
    let clip = Clip::new(&imported.manifest.clip, vb).unwrap();
    let reference = tensors("reference.safetensors");
    let map = clip.visual.feature_map(&reference["pixel_values"], Mode::Eval).unwrap();
    assert!(difference(&clip.visual.pool(&map).unwrap(), &reference["image_embeds"]) < TOLERANCE);
    let ids = &reference["token_ids"];
    let end: Vec<usize> =
        ids.argmax(D::Minus1).unwrap().to_vec1::<u32>().unwrap().into_iter().map(|e| e as usize).collect();
    let text_embeds = clip.text.forward(&ids.to_dtype(DType::U32).unwrap(), &end).unwrap();
    assert!(difference(&text_embeds, &reference["text_embeds"]) < TOLERANCE);
}

#[test]
fn every_format_gives_the_same_weights() {
    let original = tensors("small.safetensors");
    let n_counters = original.keys().filter(|name| name.ends_with("num_batches_tracked")).count();
    assert!(n_counters > 0);
    for (name, format, step) in [
        ("small.safetensors", "safetensors", 0.),
        ("training.pt", "PyTorch state dict", BF16_STEP),
        ("openai.pt", "TorchScript archive", 1. / 1024.),
    ] {
        let imported = imported(name).unwrap();
        assert_eq!(imported.manifest.weights.format, format);
        assert_eq!(imported.towers.len(), original.len() - n_counters, "{name}");
        for (key, tensor) in &imported.towers {
            assert_eq!(tensor.dtype(), DType::F32);
            let off = difference(tensor, &original[key]);
            assert!(off <= step, "{name}: {key} is off by {off}");
        }
    }
}

#[test]
fn an_imported_folder_is_read_back_as_it_was() {
    let dir = tempfile::tempdir().unwrap();
    let before = imported("openai.pt").unwrap();
    folder::write(&before, dir.path()).unwrap();
    let after = folder::read(dir.path()).unwrap();
    assert_eq!(after.manifest, before.manifest);
    assert_eq!(after.towers.len(), before.towers.len());
    for (name, tensor) in &after.towers {
        assert_eq!(flat(tensor), flat(&before.towers[name]), "{name}");
    }
    let text = "soft drusen 드루젠";
    assert_eq!(after.tokenizer.encode(text).unwrap(), before.tokenizer.encode(text).unwrap());
    fs::write(dir.path().join("towers.safetensors"), b"not tensors at all").unwrap();
    assert!(refusal(folder::read(dir.path())).contains("train import"));
}

#[test]
fn token_ids_equal_those_of_clips_own_tokenizer() {
    let tokens: Vec<Value> = serde_json::from_str(&fs::read_to_string(fixture("tokens.json")).unwrap()).unwrap();
    assert!(tokens.len() >= 150);
    for vocabulary in ["bpe_small.txt.gz", "tokenizer.json"] {
        let tokenizer = bpe::read(&fixture(vocabulary)).unwrap();
        for case in &tokens {
            let text = case["text"].as_str().unwrap();
            let expected: Vec<u32> = serde_json::from_value(case["ids"].clone()).unwrap();
            let ids = tokenizer.encode(text).unwrap().ids;
            assert_eq!(ids[1..ids.len() - 1], expected, "{vocabulary}: {text:?}");
        }
    }
}

#[test]
fn tensors_that_do_not_fit_are_all_named_in_one_line() {
    let message = refusal(imported("faulty.safetensors"));
    for part in [
        "faulty.safetensors",
        "1 missing: visual.layer3.0.bn2.running_var",
        "1 not known: visual.layer9.extra",
        "2 of another shape: text_projection is [16, 17], not [16, 16], visual.conv1.weight is [1, 1, 3, 3], not [1, 3, 3, 3]",
    ] {
        assert!(message.contains(part), "{message}");
    }
}

#[test]
fn sizes_and_vocabulary_must_agree() {
    let (weights, vocabulary) = (fixture("openai.pt"), fixture("bpe_small.txt.gz"));
    assert!(refusal(clip::read(&weights, &vocabulary, None)).contains("--text-heads"));
    let other = tempfile::NamedTempFile::new().unwrap();
    fs::write(other.path(), "heading\na b\n").unwrap();
    let message = refusal(clip::read(&weights, other.path(), TEXT_HEADS));
    assert!(message.contains("515 tokens") && message.contains("560"), "{message}");
    assert!(refusal(clip::read(&weights, &weights, TEXT_HEADS)).contains("not text"));
    let message = refusal(clip::read(&fixture("missing.pt"), &vocabulary, TEXT_HEADS));
    assert!(message.contains("missing.pt"), "{message}");
    assert!(refusal(clip::read(&fixture("strings.py"), &vocabulary, TEXT_HEADS)).contains("safetensors"));
}

#[test]
fn hostile_files_are_refused_at_no_cost() {
    let expected = [
        ("os_system_2.pt", ".system"),
        ("os_system_4.pt", ".system"),
        ("eval.pt", "builtins.eval"),
        ("inst.pt", "opcode 0x69"),
        ("laughs_list.pt", "no CLIP"),
        ("laughs_dict.pt", "repeat more"),
        ("deep_list.pt", "no CLIP"),
        ("deep_dict.pt", "nest deeper"),
        ("cycle.pt", "nest deeper"),
        ("long_string.pt", "damaged"),
        ("short_stack.pt", "damaged"),
        ("below_mark.pt", "damaged"),
        ("offset.pt", "logit_scale claims []"),
        ("overflow.pt", "logit_scale claims []"),
        ("claims_more.pt", "logit_scale claims []"),
        ("no_storage.pt", "is missing"),
        ("stride.pt", "visual.conv3.weight claims [2, 1, 3, 3]"),
        ("stride_zero.pt", "token_embedding.weight claims [500000, 16]"),
        ("huge_shape.pt", "out of range"),
        ("shared.pt", "more bytes than the file holds"),
        ("compressed.pt", "compressed"),
        ("huge_entry.pt", "more bytes than the file holds"),
        ("checksum.pt", "damaged"),
        ("not_finite.pt", "logit_scale holds a number that is not finite"),
        ("plain_zip.pt", "not one of PyTorch's"),
        ("before_1_6.pt", "before 1.6"),
        ("shape.safetensors", "damaged"),
        ("header.safetensors", "damaged"),
    ];
    let vocabulary = fixture("bpe_small.txt.gz");
    let files = fs::read_dir(fixture("hostile")).unwrap().count();
    assert_eq!(files, expected.len() + 1, "every hostile file is tried");
    for (name, why) in expected {
        let path = fixture("hostile").join(name);
        let started = Instant::now();
        let message = refusal(clip::read(&path, &vocabulary, TEXT_HEADS));
        assert!(message.contains(name) && message.contains(why), "{name}: {message}");
        assert!(message.len() < 4000, "{name}: {} characters", message.len());
        // The baseline's reader refuses it too.
        refusal(resnet50::read(&path));
        assert!(started.elapsed() < SOON, "{name} took {:?}", started.elapsed());
    }
    let bomb = fixture("hostile/vocabulary.txt.gz");
    assert!(refusal(clip::read(&fixture("openai.pt"), &bomb, TEXT_HEADS)).contains("larger than any vocabulary"));
}

#[test]
fn a_file_that_is_cut_short_or_changed_anywhere_never_panics() {
    let dir = tempfile::tempdir().unwrap();
    let vocabulary = fixture("bpe_small.txt.gz");
    for name in ["training.pt", "openai.pt", "small.safetensors"] {
        let whole = fs::read(fixture(name)).unwrap();
        let path = dir.path().join(name);
        for i in 0..40 {
            fs::write(&path, &whole[..whole.len() * i / 40]).unwrap();
            refusal(clip::read(&path, &vocabulary, TEXT_HEADS));
        }
        // The first bytes are headers and the pickle; what lies there is changed most.
        for i in 0..200 {
            let mut changed = whole.clone();
            let at = (i * 7919) % whole.len().min(16_000);
            changed[at] = changed[at].wrapping_add(1 + (i % 254) as u8);
            fs::write(&path, changed).unwrap();
            if let Err(error) = clip::read(&path, &vocabulary, TEXT_HEADS) {
                assert_eq!(error.to_string().lines().count(), 1, "{error}");
            }
        }
    }
}

#[test]
fn the_list_of_resnet50s_tensors_is_torchvisions() {
    let text = fs::read_to_string(fixture("resnet50.json")).unwrap();
    let torchvisions: HashMap<String, Vec<usize>> = serde_json::from_str(&text).unwrap();
    let ours = resnet50::shapes().unwrap();
    let is_ours = |name: &str| !name.starts_with("fc.") && !name.ends_with("num_batches_tracked");
    assert_eq!(ours.len(), torchvisions.keys().filter(|name| is_ours(name)).count());
    for (name, shape) in ours {
        assert_eq!(torchvisions[&name], shape, "{name}");
    }
    let message = refusal(resnet50::read(&fixture("small.safetensors")));
    assert!(message.contains("layer4.2.conv3.weight") || message.contains("more"), "{message}");
}

#[test]
fn a_run_begins_from_imported_weights_and_goes_on_only_from_those() {
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name).display().to_string();
    let train = |args: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_train")).args(args).output().unwrap();
        (output.status.success(), String::from_utf8(output.stderr).unwrap(), String::from_utf8(output.stdout).unwrap())
    };
    let (weights, vocabulary) = (fixture("openai.pt"), fixture("bpe_small.txt.gz"));
    let (start, run, phantoms) = (path("start"), path("run"), path("phantoms"));
    let import = ["import", "--weights", weights.to_str().unwrap(), "--tokenizer", vocabulary.to_str().unwrap()];
    let (ok, errors, _) = train(&[&import[..], &["--out", &start]].concat());
    assert!(!ok && errors.contains("--text-heads") && errors.lines().count() == 1, "{errors}");
    let (ok, errors, printed) = train(&[&import[..], &["--text-heads", "2", "--out", &start, "--json"]].concat());
    assert!(ok, "{errors}");
    assert_eq!(serde_json::from_str::<Value>(&printed).unwrap()["clip"]["embed_dim"], 16);

    assert!(train(&["phantom", "--out", &phantoms, "--healthy", "12", "--amd", "12"]).0);
    let data = format!("phantom:{phantoms}");
    let finetune =
        ["finetune", "--out", &run, "--data", &data, "--epochs", "1", "--batch", "2", "--learning-rate", "0"];
    let (ok, errors, _) = train(&[&finetune[..], &["--init", &start]].concat());
    assert!(ok, "{errors}");
    // Without a learning rate the weights stay; only the norms' statistics follow the scans.
    let towers = candle_core::safetensors::load(Path::new(&run).join("towers.safetensors"), &Device::Cpu).unwrap();
    let began = folder::read(Path::new(&start)).unwrap();
    assert_eq!(towers.len(), began.towers.len());
    for (name, tensor) in towers.iter().filter(|(name, _)| !name.contains("running_")) {
        assert!(difference(tensor, &began.towers[name]) < 1e-5, "{name}");
    }
    let model: Value = serde_json::from_slice(&fs::read(Path::new(&run).join("model.json")).unwrap()).unwrap();
    assert_eq!(model["clip"], serde_json::to_value(&began.manifest.clip).unwrap());
    assert!((model["preprocess"]["mean"][0].as_f64().unwrap() - 0.481_454_66).abs() < 1e-6);

    let (ok, errors, _) = train(&finetune);
    assert!(!ok && errors.contains("openai.pt") && errors.contains("--init"), "{errors}");
    assert!(train(&[&finetune[..], &["--init", &start]].concat()).0, "the same command goes on");
}
