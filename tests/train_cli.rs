//! The `train` program end to end: from phantoms to a weights file and its answers, error messages, and its behaviour in a
//! pipe and on a terminal. The model is trained for a few steps only: what is tested is that every command accepts what the
//! one before it wrote.
#![allow(clippy::unwrap_used, reason = "a test may fail")]
#![cfg(feature = "train")]

mod common;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use candle_core::{DType, Device, Tensor};
use candle_nn::VarBuilder;
use common::{WEIGHTS, copy_scan, in_repository, json, one_line, printed, refusal, sum, text, train};
use octlens::clip::Clip;
use octlens::train::import::folder;
use serde_json::Value;

/// How closely the same network answers in 8-bit integers and in floats, as a correlation of heatmaps and of word scores.
const LEAST_CORRELATION: f64 = 0.98;
/// Sums of 32-bit floats, added up in the same order.
const ROUNDING: f64 = 1e-6;

fn norm(embedding: &Value) -> f64 {
    embedding.as_array().unwrap().iter().map(|v| v.as_f64().unwrap().powi(2)).sum::<f64>().sqrt()
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
    for correlation in ["heatmap_pearson", "word_spearman"] {
        let drift = &metrics["drift"];
        assert!(drift[correlation].as_f64().unwrap() >= LEAST_CORRELATION, "{drift}");
    }

    let index: Value = serde_json::from_slice(&std::fs::read(weights.join("index.json")).unwrap()).unwrap();
    let file = weights.join("tiny.safetensors");
    assert_eq!(index["models"][0]["bytes"].as_u64(), Some(std::fs::metadata(&file).unwrap().len()));
    assert_eq!(index["models"][0]["default"], true);

    // A model that was hardly trained need not know a scan, but no picture of one colour is one.
    let black = dir.path().join("black.png");
    image::GrayImage::new(300, 150).save(&black).unwrap();
    let report = json(&["explain", text(&black), "--weights", text(&file), "--json"]);
    assert_eq!(report["warning"]["kind"], "not_a_scan", "{}", report["warning"]);
    assert_eq!(report["warning"]["reasons"][0], "one_colour");
    let bytes = std::fs::read(&file).unwrap();
    let header = safetensors::SafeTensors::read_metadata(&bytes).unwrap().1;
    assert!(
        ["mean", "scale", "weight", "bias"].iter().all(|part| header.tensors().contains_key(&format!("doubt.{part}")))
    );

    let page = dir.path().join("report.html");
    let figures = json(&["eval", "--weights", text(&file), "--data", &data, "--json", "--report", text(&page)]);
    assert_eq!(figures["split"], "test");
    assert_eq!(figures["sources"]["phantom"]["image"], metrics["int8"]["phantom"]["image"]);

    let heads = &figures["sources"]["phantom"]["heads"];
    for variant in ["image", "text_retrieved", "text_composed", "text_given", "text_lesions_only"] {
        let confusion = heads[variant]["confusion"].as_array().unwrap();
        let n_scans: u64 = confusion.iter().map(sum).sum();
        assert_eq!(Some(n_scans), figures["sources"]["phantom"]["n_scans"].as_u64(), "{variant}");
        let n_right: u64 = confusion.iter().enumerate().map(|(i, row)| row[i].as_u64().unwrap()).sum();
        let accuracy = heads[variant]["accuracy"]["value"].as_f64().unwrap();
        assert!((accuracy - n_right as f64 / n_scans as f64).abs() < ROUNDING, "{variant}: {confusion:?}");
        assert!(heads[variant]["calibration"]["n_validation_scans"].as_u64().unwrap() > 0, "{variant}");
    }
    assert_eq!(heads["image"]["accuracy"], figures["sources"]["phantom"]["image"]["accuracy"]);
    assert_eq!(heads["text_retrieved"]["auroc"], figures["sources"]["phantom"]["text"]["auroc"]);
    let captions = &figures["sources"]["phantom"]["captions"];
    assert!(captions["retrieved"].is_object() && captions["composed"].is_object());
    let page = std::fs::read_to_string(page).unwrap();
    assert!(page.contains("<svg") && page.contains("text, lesions only") && !page.contains("://"));

    let device = &figures["devices"]["none, simulated"];
    assert_eq!(device["image"], figures["sources"]["phantom"]["image"]);
    assert_eq!(metrics["int8"]["phantom"]["device"], "none, simulated");

    let refused = one_line(&["eval", "--weights", text(&file), "--data", &data, "--split", "all"]);
    assert!(refused.contains("48 of 48 scans") && refused.contains("use --split test"), "{refused}");
    let data = format!("phantom:{}", text(&of_other_eyes(&dir.path().join("others"))));
    let unseen = json(&["eval", "--weights", text(&file), "--data", &data, "--split", "all", "--json"]);
    let unseen = &unseen["sources"]["phantom"];
    assert_eq!(unseen["n_scans"], 4);
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

/// Draws two healthy and two AMD phantoms into `dir`, of eyes that no other folder of this file's tests has.
fn of_other_eyes(dir: &Path) -> PathBuf {
    printed(&["phantom", "--out", text(dir), "--healthy", "2", "--amd", "2", "--seed", "4"]);
    for part in ["AMD", "Normal"] {
        let eyes = dir.join("Images/Images_Original").join(format!("{part} Part1"));
        for eye in std::fs::read_dir(&eyes).unwrap().map(|entry| entry.unwrap().path()) {
            let name = eye.file_name().unwrap().to_str().unwrap().replace('(', "(99");
            std::fs::rename(&eye, eyes.join(name)).unwrap();
        }
    }
    let boxes = dir.join("Detection/all_bounding_boxes.csv");
    let renamed = std::fs::read_to_string(&boxes).unwrap().replace("/AMD (", "/AMD (99");
    std::fs::write(&boxes, renamed).unwrap();
    dir.to_owned()
}

/// Imports the small CLIP of the fixtures to `start`.
fn import_small(start: &Path) {
    let [weights, vocabulary] =
        ["openai.pt", "bpe_small.txt.gz"].map(|name| in_repository("tests/fixtures/import").join(name));
    let import = ["import", "--weights", text(&weights), "--tokenizer", text(&vocabulary), "--text-heads", "2"];
    printed(&[&import[..], &["--out", text(start)]].concat());
}

#[test]
fn no_epochs_leave_imported_towers_as_they_are() {
    let dir = tempfile::tempdir().unwrap();
    let [phantoms, start, run] = ["phantoms", "start", "run"].map(|name| dir.path().join(name));
    printed(&["phantom", "--out", text(&phantoms), "--healthy", "10", "--amd", "10", "--seed", "3"]);
    import_small(&start);
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

    // So both embed alike.
    let image = in_repository("www/samples/fluid.png");
    let embed = |weights: &Path| {
        json(&["embed", "--weights", text(weights), "--image", text(&image), "--text", "AMD, fluid", "--json"])
    };
    assert_eq!(embed(&run), embed(&start));
}

#[test]
fn what_was_imported_embeds_images_and_texts() {
    let dir = tempfile::tempdir().unwrap();
    import_small(dir.path());
    let image = in_repository("www/samples/fluid.png");
    let tokens: Vec<Value> =
        serde_json::from_slice(&std::fs::read(in_repository("tests/fixtures/import/tokens.json")).unwrap()).unwrap();
    // The longest text that the small tower can read.
    let fits =
        |case: &&Value| case["ids"].as_array().unwrap().len() <= 40 && !case["text"].as_str().unwrap().contains('\0');
    let case = tokens.iter().filter(fits).max_by_key(|case| case["ids"].as_array().unwrap().len()).unwrap();
    let embed = |weights: &Path| {
        let images_and_texts = ["--image", text(&image), "--text", case["text"].as_str().unwrap(), "--json"];
        json(&[&["embed", "--weights", text(weights)], &images_and_texts[..]].concat())
    };
    let embeds = embed(dir.path());
    assert_eq!(embed(&dir.path().join("towers.safetensors")), embeds, "the file stands for its folder");

    let ids: Vec<u32> = serde_json::from_value(embeds["texts"][0]["token_ids"].clone()).unwrap();
    let inner: Vec<u32> = serde_json::from_value(case["ids"].clone()).unwrap();
    assert_eq!(ids[1..ids.len() - 1], inner, "between start and end, the ids of CLIP's own tokenizer");

    let imported = folder::read(dir.path()).unwrap();
    let vb = VarBuilder::from_tensors(imported.towers, DType::F32, &Device::Cpu);
    let clip = Clip::new(&imported.manifest.clip, vb).unwrap();
    let token_ids = Tensor::new(ids.as_slice(), &Device::Cpu).unwrap().unsqueeze(0).unwrap();
    let expected = clip.text.forward(&token_ids, &[ids.len() - 1]).unwrap().get(0).unwrap().to_vec1::<f32>().unwrap();
    let length = expected.iter().map(|v| f64::from(*v).powi(2)).sum::<f64>().sqrt();
    let printed = embeds["texts"][0]["embedding"].as_array().unwrap();
    assert_eq!(printed.len(), expected.len());
    for (ours, expected) in printed.iter().zip(&expected) {
        assert!((ours.as_f64().unwrap() - f64::from(*expected) / length).abs() < ROUNDING);
    }
    let image = &embeds["images"][0]["embedding"];
    assert_eq!(image.as_array().unwrap().len(), expected.len());
    assert!((norm(image) - 1.).abs() < ROUNDING);

    std::fs::remove_file(dir.path().join("tokenizer.json")).unwrap();
    let refused = refusal(&["embed", "--weights", text(dir.path()), "--text", "fluid"], 1);
    assert!(refused.contains("train import"), "{refused}");
}

#[test]
fn a_run_goes_on_from_a_weights_file_with_frozen_norms_and_a_larger_input() {
    let dir = tempfile::tempdir().unwrap();
    let [phantoms, run] = ["phantoms", "run"].map(|name| dir.path().join(name));
    printed(&["phantom", "--out", text(&phantoms), "--healthy", "24", "--amd", "24", "--seed", "3"]);
    let data = format!("phantom:{}", text(&phantoms));
    let init = in_repository(WEIGHTS);
    let finetune = ["finetune", "--data", &data, "--batch", "8", "--epochs", "1", "--init", text(&init)];
    let finetune = [&finetune[..], &["--learning-rate", "1e-5", "--input", "160x320", "--out", text(&run)]].concat();
    assert!(refusal(&finetune, 1).contains("--freeze-bn true"));
    printed(&[&finetune[..], &["--freeze-bn", "true"]].concat());
    let log = std::fs::read_to_string(run.join("log.jsonl")).unwrap();
    let last: Value = serde_json::from_str(log.lines().last().unwrap()).unwrap();
    assert!(
        last["val_label_accuracy"].as_f64().is_some_and(|a| a >= 0.9),
        "what the weights had learnt is lost: {last}"
    );
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
    let refused = refusal(&["finetune", "--out", "x", "--data", "octdl:.", "--input", "100x200"], 2);
    assert!(refused.contains("multiples of 32"), "{refused}");
    for (option, value) in [
        ("--batch", "0"),
        ("--accumulate", "0"),
        ("--class-word-dropout", "1.5"),
        ("--augment", "-1"),
        ("--vary-field", "nan"),
        ("--learning-rate", "nan"),
        ("--learning-rate", "inf"),
        ("--learning-rate", "-0.1"),
        ("--weight-decay", "-1"),
        ("--beta2", "1"),
        ("--class-balance", "nan"),
    ] {
        let option_value = format!("{option}={value}");
        let refused = refusal(&["finetune", "--out", "no-run", "--data", "octdl:.", &option_value], 2);
        assert!(refused.contains(option) && !refused.contains("panicked"), "{refused}");
    }
    let baseline = ["baseline", "--run", "r", "--data", "octdl:d", "--resnet50", "w", "--learning-rate"];
    refusal(&[&baseline[..], &["nan"]].concat(), 2);
    refusal(&["export", "--run", "r", "--data", "octdl:d", "--licence", ""], 2);
    assert!(refusal(&["phantom", "--out", "no-folder", "--healthy", "0", "--amd", "0"], 1).contains("nothing to draw"));
    assert!(!Path::new("no-run").exists() && !Path::new("no-folder").exists());
    let missing = refusal(&["eval", "--weights", "no-such.safetensors", "--data", "octdl:."], 1);
    assert!(missing.starts_with("error: ") && missing.contains("no-such.safetensors"), "{missing}");
    assert_eq!(missing.lines().count(), 1, "{missing}");
}

/// Every command that computes on the CPU only, with its required options.
const ON_CPU_ONLY: [&[&str]; 7] = [
    &["phantom", "--out", "no-folder"],
    &["import", "--weights", "w", "--tokenizer", "t", "--out", "no-folder"],
    &["baseline", "--run", "r", "--data", "octdl:d", "--resnet50", "w"],
    &["export", "--run", "r", "--data", "octdl:d"],
    &["eval", "--weights", "w", "--data", "octdl:d"],
    &["explain", "scan.png", "--weights", "w"],
    &["embed", "--weights", "w", "--text", "healthy"],
];

#[cfg(target_os = "linux")]
#[test]
fn an_image_is_embedded_whose_path_is_not_utf_8() {
    use std::os::unix::ffi::OsStrExt;

    let dir = tempfile::tempdir().unwrap();
    let image = dir.path().join(std::ffi::OsStr::from_bytes(b"bad\xff.png"));
    copy_scan(std::slice::from_ref(&image));
    let mut command = Command::new(env!("CARGO_BIN_EXE_train"));
    command.arg("embed").arg("--weights").arg(in_repository(WEIGHTS)).arg("--image").arg(&image).arg("--json");
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let embeds: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(embeds["images"][0]["image"], image.to_string_lossy().as_ref());
}

#[test]
fn a_report_that_cannot_be_written_is_refused_before_anything_is_measured() {
    let dir = tempfile::tempdir().unwrap();
    let report = dir.path().join("nowhere").join("report.html");
    // No weights file is there either, so that nothing can have been read before.
    let refused = one_line(&["eval", "--weights", "no-such", "--data", "octdl:d", "--report", text(&report)]);
    assert!(refused.starts_with(&format!("error: cannot write {} (", text(&report))), "{refused}");
}

#[test]
fn a_folder_without_a_model_is_refused_with_what_may_be_named() {
    let weights = in_repository("weights");
    let refused = one_line(&["embed", "--weights", text(&weights), "--text", "fluid"]);
    for expected in [text(&weights), "weights file in it", "train import", "train finetune"] {
        assert!(refused.contains(expected), "{refused}");
    }
}

#[test]
fn explain_refuses_an_empty_caption() {
    let [weights, scan] = [WEIGHTS, "www/samples/fluid.png"].map(in_repository);
    for caption in ["", " , "] {
        let refused = one_line(&["explain", text(&scan), "--weights", text(&weights), "--caption", caption]);
        assert!(refused.starts_with("error: the caption is empty"), "{refused}");
    }
}

#[test]
fn a_command_on_the_cpu_refuses_other_devices_before_it_starts() {
    for command in ON_CPU_ONLY {
        for device in ["cuda", "cuda:1", "metal"] {
            let refused = refusal(&[command, &["--device", device]].concat(), 1);
            assert!(refused.contains("CPU only: leave --device out"), "{command:?}: {refused}");
            assert_eq!(refused.lines().count(), 1, "{refused}");
        }
    }
    let named = printed(&["embed", "--weights", text(&in_repository(WEIGHTS)), "--text", "healthy", "--device", "cpu"]);
    assert!(named.contains("token_ids"));
}

#[cfg(not(feature = "cuda"))]
#[test]
fn a_device_that_is_not_built_in_is_refused_with_the_way_to_it() {
    for command in [&["finetune", "--out", "no-run"][..], &["heads", "--run", "no-run"]] {
        let refused = refusal(&[command, &["--data", "octdl:d", "--device", "cuda"]].concat(), 1);
        assert!(refused.contains("--features cuda"), "{refused}");
        assert_eq!(refused.lines().count(), 1, "{refused}");
    }
}

#[test]
fn a_run_that_is_not_there_is_refused_and_not_made() {
    let dir = tempfile::tempdir().unwrap();
    let run = dir.path().join("run");
    let refused = refusal(&["heads", "--run", text(&run), "--data", "octdl:d"], 1);
    assert!(refused.contains("holds no run"), "{refused}");
    assert!(!run.exists());
}

/// Runs `train` with a standard output that is closed without being read; returns exit code and standard error.
fn without_reader(args: &[&str]) -> (Option<i32>, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_train"));
    let mut child = command.args(args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    (output.status.code(), String::from_utf8(output.stderr).unwrap())
}

#[test]
fn a_closed_pipe_ends_a_command_quietly() {
    let dir = tempfile::tempdir().unwrap();
    let weights = in_repository(WEIGHTS);
    let [scan, other] = ["fluid", "healthy"].map(|name| in_repository("www/samples").join(name).with_extension("png"));
    let (weights, scan, other, phantoms) = (text(&weights), text(&scan), text(&other), dir.path().join("phantoms"));
    let commands: [&[&str]; 5] = [
        &["explain", scan, "--weights", weights, "--json"],
        &["explain", scan, other, "--weights", weights],
        &["embed", "--weights", weights, "--text", "healthy", "--text", "AMD", "--json"],
        &["phantom", "--out", text(&phantoms), "--healthy", "1", "--amd", "1"],
        &["--help"],
    ];
    for command in commands {
        assert_eq!(without_reader(command), (Some(0), String::new()), "{command:?}");
    }
    assert!(phantoms.join("Detection/all_bounding_boxes.csv").exists(), "what was asked for is done");

    // An error is one all the same.
    let (code, error) = without_reader(&["embed", "--weights", "no-such.safetensors", "--text", "healthy"]);
    assert!(code == Some(1) && error.contains("no-such.safetensors"), "{code:?}: {error}");
}

#[cfg(unix)]
#[test]
fn head_gets_the_first_line_of_a_report() {
    let pipeline = Command::new("sh")
        .args(["-c", "\"$0\" explain \"$1\" --weights \"$2\" --json | head -n 1", env!("CARGO_BIN_EXE_train")])
        .args([in_repository("www/samples/fluid.png"), in_repository(WEIGHTS)])
        .output()
        .unwrap();
    assert_eq!((String::from_utf8(pipeline.stdout).unwrap().as_str(), pipeline.stderr), ("{\n", vec![]));
}

/// What `train` writes to a terminal, which util-linux's `script` plays.
#[cfg(target_os = "linux")]
fn on_terminal(args: &[&str], no_color: bool) -> String {
    let line: Vec<String> = [env!("CARGO_BIN_EXE_train")].iter().chain(args).map(|arg| format!("'{arg}'")).collect();
    let mut script = Command::new("script");
    script.args(["--quiet", "--command", &line.join(" "), "/dev/null"]).stdin(Stdio::null()).env("TERM", "xterm");
    if no_color {
        script.env("NO_COLOR", "1")
    } else {
        script.env_remove("NO_COLOR")
    };
    String::from_utf8(script.output().unwrap().stdout).unwrap()
}

#[cfg(target_os = "linux")]
#[test]
fn colours_and_progress_are_for_terminals() {
    /// How a colour or another rendition begins: `ESC [`, numbers, `m`.
    fn has_colour(text: &str) -> bool {
        text.split("\x1b[").skip(1).any(|rest| {
            let end = rest.find(|c: char| !(c.is_ascii_digit() || c == ';')).unwrap_or(rest.len());
            rest[end..].starts_with('m')
        })
    }
    let usage = ["phantom"];
    assert!(has_colour(&on_terminal(&usage, false)), "the terminal of this test shows colours");
    assert!(!has_colour(&on_terminal(&usage, true)), "NO_COLOR is heeded");
    assert!(!refusal(&usage, 2).contains('\x1b'), "a pipe gets no colours");

    let dir = tempfile::tempdir().unwrap();
    let draw = |name: &str| {
        ["phantom", "--healthy", "1", "--amd", "1", "--out"]
            .map(str::to_owned)
            .into_iter()
            .chain([text(&dir.path().join(name)).to_owned()])
    };
    let shown: Vec<String> = draw("a").collect();
    let shown = on_terminal(&shown.iter().map(String::as_str).collect::<Vec<_>>(), true);
    assert!(shown.contains("/2") && shown.contains("left") && !has_colour(&shown), "a bar is drawn: {shown:?}");
    let piped: Vec<String> = draw("b").collect();
    let piped = train(&piped.iter().map(String::as_str).collect::<Vec<_>>());
    assert_eq!(String::from_utf8(piped.stderr).unwrap(), "", "a pipe gets no progress");
}
