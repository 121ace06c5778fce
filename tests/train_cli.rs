//! The `train` program as its users meet it: from phantoms to a weights file and its answers, and what it says of
//! mistakes. What is learnt in a few steps is worth nothing; that every step leads to the next is what counts.
#![allow(clippy::unwrap_used, reason = "a test may fail")]
#![cfg(feature = "train")]

mod common;

use std::path::Path;

use candle_core::{Device, Tensor};
use common::{printed, text, train};
use serde_json::Value;

fn json(args: &[&str]) -> Value {
    serde_json::from_str(&printed(args)).unwrap()
}

/// The last line on standard error of a call that must fail with `code`.
fn refusal(args: &[&str], code: i32) -> String {
    let output = train(args);
    assert_eq!(output.status.code(), Some(code), "train {}", args.join(" "));
    String::from_utf8(output.stderr).unwrap()
}

fn norm(embedding: &Value) -> f64 {
    embedding.as_array().unwrap().iter().map(|v| v.as_f64().unwrap().powi(2)).sum::<f64>().sqrt()
}

fn sum(counts: &Value) -> u64 {
    counts.as_array().unwrap().iter().map(|n| n.as_u64().unwrap()).sum()
}

#[test]
fn phantoms_become_a_weights_file_that_answers() {
    let dir = tempfile::tempdir().unwrap();
    let [phantoms, run, weights, out] = ["phantoms", "run", "weights", "out"].map(|name| dir.path().join(name));
    printed(&["phantom", "--out", text(&phantoms), "--healthy", "24", "--amd", "24", "--seed", "3"]);
    let data = format!("phantom:{}", text(&phantoms));
    let finetune = |epochs: &str| {
        let run = text(&run).to_owned();
        ["finetune", "--out", &run, "--data", &data, "--epochs", epochs, "--batch", "4", "--warmup-steps", "2"]
            .map(str::to_owned)
            .to_vec()
    };
    let call = |args: Vec<String>| train(&args.iter().map(String::as_str).collect::<Vec<_>>());
    assert!(call(finetune("1")).status.success());
    assert!(!call(finetune("2")).status.success(), "a run keeps its settings");
    printed(&["heads", "--run", text(&run), "--data", &data]);
    let metrics =
        json(&["export", "--run", text(&run), "--data", &data, "--out", text(&weights), "--name", "tiny", "--json"]);
    assert!(metrics["drift"]["label_agreement"].as_f64().unwrap() >= 0.5, "{}", metrics["drift"]);

    let index: Value = serde_json::from_slice(&std::fs::read(weights.join("index.json")).unwrap()).unwrap();
    let file = weights.join("tiny.safetensors");
    assert_eq!(index["models"][0]["bytes"].as_u64(), Some(std::fs::metadata(&file).unwrap().len()));
    assert_eq!(index["models"][0]["default"], true);

    let page = dir.path().join("report.html");
    let figures = json(&["eval", "--weights", text(&file), "--data", &data, "--json", "--report", text(&page)]);
    let accuracy = figures["sources"]["phantom"]["image"]["accuracy"]["value"].as_f64().unwrap();
    assert!((0. ..=1.).contains(&accuracy));
    assert_eq!(figures["split"], "test");
    assert_eq!(figures["sources"]["phantom"]["image"], metrics["int8"]["phantom"]["image"]);

    let heads = &figures["sources"]["phantom"]["heads"];
    for protocol in ["image", "text_retrieved", "text_composed", "text_given", "text_lesions_only"] {
        let confusion: u64 = heads[protocol]["confusion"].as_array().unwrap().iter().map(sum).sum();
        assert_eq!(Some(confusion), figures["sources"]["phantom"]["n_scans"].as_u64(), "{protocol}");
        assert!(heads[protocol]["calibration"]["n_validation_scans"].as_u64().unwrap() > 0, "{protocol}");
    }
    assert_eq!(heads["image"]["accuracy"], figures["sources"]["phantom"]["image"]["accuracy"]);
    assert_eq!(heads["text_retrieved"]["auroc"], figures["sources"]["phantom"]["text"]["auroc"]);
    let captions = &figures["sources"]["phantom"]["captions"];
    assert!(captions["retrieved"].is_object() && captions["composed"].is_object());
    let page = std::fs::read_to_string(page).unwrap();
    assert!(page.contains("<svg") && page.contains("text, lesions only") && !page.contains("://"));

    let unseen = json(&["eval", "--weights", text(&file), "--data", &data, "--split", "all", "--json"]);
    let unseen = &unseen["sources"]["phantom"];
    assert!(unseen["heads"]["image"]["calibration"]["after"].is_null(), "nothing to calibrate on");
    assert!(unseen["captions"]["composed"].is_null() && unseen["captions"]["composed_untuned"].is_object());

    let image = phantoms.join("Images/Images_Original/AMD Part1/AMD (1)/Image (1).png");
    let explain = ["explain", text(&image), "--weights", text(&file), "--out", text(&out), "--json"];
    let report = json(&explain);
    assert_eq!(report["schema"], "octlens.report/1");
    assert_eq!(report["model"]["sha256"], index["models"][0]["sha256"]);
    let cells = report["heatmap"]["rows"].as_u64().unwrap() * report["heatmap"]["cols"].as_u64().unwrap();
    assert_eq!(report["heatmap"]["values"].as_array().unwrap().len() as u64, cells);
    let written: Value = serde_json::from_slice(&std::fs::read(out.join("Image (1).json")).unwrap()).unwrap();
    assert_eq!(written, report);
    let overlay = image::open(out.join("Image (1).png")).unwrap();
    assert_eq!((overlay.width(), overlay.height()), (512, 512));

    let image_and_text = ["--image", text(&image), "--text", "AMD, fluid"];
    let embeds = json(&[&["embed", "--weights", text(&file), "--json"], &image_and_text[..]].concat());
    assert!((norm(&embeds["images"][0]["embedding"]) - 1.).abs() < 1e-4);
    assert!((norm(&embeds["texts"][0]["embedding"]) - 1.).abs() < 1e-4);
    assert!(embeds["texts"][0]["token_ids"].as_array().unwrap().len() > 3);

    let mut bytes = std::fs::read(&file).unwrap();
    bytes.truncate(bytes.len() - 100);
    let cut = weights.join("cut.safetensors");
    std::fs::write(&cut, bytes).unwrap();
    let refused = refusal(&["explain", text(&image), "--weights", text(&cut)], 1);
    assert!(refused.contains("cut.safetensors"), "{refused}");
    let refused = refusal(&["explain", text(&file), "--weights", text(&file)], 1);
    assert!(refused.contains("not a picture"), "{refused}");
    let refused = refusal(&["explain", text(&image), "--weights", text(&file), "--caption", "blue drusen"], 1);
    assert!(refused.contains("blue drusen"), "{refused}");
}

#[test]
fn no_epochs_leave_imported_towers_as_they_are() {
    let dir = tempfile::tempdir().unwrap();
    let [phantoms, start, run] = ["phantoms", "start", "run"].map(|name| dir.path().join(name));
    printed(&["phantom", "--out", text(&phantoms), "--healthy", "10", "--amd", "10", "--seed", "3"]);
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/import");
    let [weights, vocabulary] = ["openai.pt", "bpe_small.txt.gz"].map(|name| fixtures.join(name));
    let import = ["import", "--weights", text(&weights), "--tokenizer", text(&vocabulary), "--text-heads", "2"];
    printed(&[&import[..], &["--out", text(&start)]].concat());
    let data = format!("phantom:{}", text(&phantoms));
    let finetune = ["finetune", "--data", &data, "--epochs", "0", "--init", text(&start), "--out", text(&run)];
    printed(&finetune);
    printed(&["heads", "--run", text(&run), "--data", &data]);
    let towers = |dir: &Path| candle_core::safetensors::load(dir.join("towers.safetensors"), &Device::Cpu).unwrap();
    let (before, after) = (towers(&start), towers(&run));
    assert_eq!(after.len(), before.len());
    for (name, tensor) in &after {
        let values = |t: &Tensor| t.flatten_all().unwrap().to_vec1::<f32>().unwrap();
        assert_eq!(values(tensor), values(&before[name]), "{name}");
    }
}

#[test]
fn a_run_goes_on_from_a_weights_file_with_frozen_norms_and_a_larger_input() {
    let dir = tempfile::tempdir().unwrap();
    let [phantoms, run] = ["phantoms", "run"].map(|name| dir.path().join(name));
    printed(&["phantom", "--out", text(&phantoms), "--healthy", "24", "--amd", "24", "--seed", "3"]);
    let data = format!("phantom:{}", text(&phantoms));
    let init = Path::new(env!("CARGO_MANIFEST_DIR")).join("weights/compact.safetensors");
    let finetune = ["finetune", "--data", &data, "--batch", "8", "--epochs", "1", "--init", text(&init)];
    let finetune = [&finetune[..], &["--learning-rate", "1e-5", "--input", "160x320", "--out", text(&run)]].concat();
    assert!(refusal(&finetune, 1).contains("--freeze-bn true"));
    printed(&[&finetune[..], &["--freeze-bn", "true"]].concat());
    let log = std::fs::read_to_string(run.join("log.jsonl")).unwrap();
    let last: Value = serde_json::from_str(log.lines().last().unwrap()).unwrap();
    assert!(last["val_label_accuracy"].as_f64().is_some_and(|a| a >= 0.9), "what the weights knew is lost: {last}");
    let start: Value = serde_json::from_slice(&std::fs::read(run.join("start.json")).unwrap()).unwrap();
    assert_eq!(start["weights"]["file"], "compact.safetensors");
    let model: Value = serde_json::from_slice(&std::fs::read(run.join("model.json")).unwrap()).unwrap();
    for size in [&model["clip"]["vision"], &model["preprocess"]] {
        assert_eq!([&size["image_height"], &size["image_width"]], [160, 320]);
    }
}

#[test]
fn every_command_explains_itself() {
    for command in ["phantom", "import", "finetune", "heads", "baseline", "export", "eval", "explain", "embed", "paper"]
    {
        assert!(printed(&[command, "--help"]).contains("--device"), "{command}");
    }
}

#[test]
fn bad_usage_exits_with_2_and_bad_data_with_1() {
    refusal(&["dance"], 2);
    refusal(&["eval", "--weights", "w", "--data", "magic:folder"], 2);
    refusal(&["phantom", "--out", "x", "--device", "abacus"], 2);
    let told = refusal(&["finetune", "--out", "x", "--data", "octdl:.", "--input", "100x200"], 2);
    assert!(told.contains("multiples of 32"), "{told}");
    for (option, value) in [("--batch", "0"), ("--class-word-dropout", "1.5"), ("--augment", "-1")] {
        let option_value = format!("{option}={value}");
        let told = refusal(&["finetune", "--out", "no-run", "--data", "octdl:.", &option_value], 1);
        assert!(told.contains(option) && !told.contains("panicked"), "{told}");
    }
    let missing = refusal(&["eval", "--weights", "no-such.safetensors", "--data", "octdl:."], 1);
    assert!(missing.starts_with("error: ") && missing.contains("no-such.safetensors"), "{missing}");
    assert_eq!(missing.lines().count(), 1, "{missing}");
}

#[cfg(not(feature = "cuda"))]
#[test]
fn a_device_that_is_not_built_in_is_refused_with_the_way_to_it() {
    let refused = refusal(&["phantom", "--out", "x", "--device", "cuda"], 1);
    assert!(refused.contains("--features cuda"), "{refused}");
    assert_eq!(refused.lines().count(), 1, "{refused}");
}
