//! What `train` does with files that are damaged, endless or in use, and with inputs of which one is bad.
#![allow(clippy::unwrap_used, reason = "a test may fail")]
#![cfg(feature = "train")]

mod common;

use std::path::{Path, PathBuf};

use common::{WEIGHTS, copy_scan, in_repository, json, one_line, printed, refusal, text, train};
use safetensors::SafeTensors;
use serde_json::Value;

/// A copy of the shipped weights with its list in `dir`, and where a tensor lies in it.
fn weights_with_list(dir: &Path, tensor: &str) -> (PathBuf, std::ops::Range<usize>) {
    for name in ["compact.safetensors", "index.json"] {
        std::fs::copy(in_repository("weights").join(name), dir.join(name)).unwrap();
    }
    let path = dir.join("compact.safetensors");
    let bytes = std::fs::read(&path).unwrap();
    let data = SafeTensors::deserialize(&bytes).unwrap().tensor(tensor).unwrap().data().as_ptr_range();
    let [start, end] = [data.start, data.end].map(|at| at as usize - bytes.as_ptr() as usize);
    (path, start..end)
}

fn overwrite(path: &Path, at: usize, with: &[u8]) {
    let mut bytes = std::fs::read(path).unwrap();
    bytes[at..at + with.len()].copy_from_slice(with);
    std::fs::write(path, bytes).unwrap();
}

#[test]
fn weights_that_are_not_the_listed_ones_are_refused_by_every_command() {
    let dir = tempfile::tempdir().unwrap();
    let (weights, tensor) = weights_with_list(dir.path(), "image_head.fc2.weight");
    let scan = in_repository("www/samples/healthy.png");
    let (file, scan) = (text(&weights).to_owned(), text(&scan));
    printed(&["embed", "--weights", &file, "--text", "healthy"]);
    overwrite(&weights, tensor.start, &[0x5a]);
    for command in [
        &["explain", scan, "--weights", &file][..],
        &["embed", "--weights", &file, "--text", "healthy"],
        &["eval", "--weights", &file, "--data", "octdl:d"],
        &["finetune", "--init", &file, "--out", text(&dir.path().join("run")), "--data", &phantoms(dir.path())],
    ] {
        let refused = one_line(command);
        assert!(refused.contains(&file) && refused.contains("index.json beside it lists"), "{refused}");
    }
}

/// Two phantoms in `dir`, as `--data`.
fn phantoms(dir: &Path) -> String {
    let phantoms = dir.join("phantoms");
    printed(&["phantom", "--out", text(&phantoms), "--healthy", "1", "--amd", "1"]);
    format!("phantom:{}", text(&phantoms))
}

#[test]
fn a_weight_that_is_not_finite_gives_no_answer() {
    let dir = tempfile::tempdir().unwrap();
    let (weights, tensor) = weights_with_list(dir.path(), "image_head.fc2.bias");
    // Nothing lists it any more.
    std::fs::remove_file(dir.path().join("index.json")).unwrap();
    overwrite(&weights, tensor.start, &f32::NAN.to_le_bytes());
    let scan = in_repository("www/samples/healthy.png");
    for command in [&["explain", text(&scan), "--json"][..], &["embed", "--text", "healthy", "--json"]] {
        let refused = one_line(&[command, &["--weights", text(&weights)]].concat());
        assert!(refused.contains("compact.safetensors"), "{refused}");
    }
}

#[test]
fn scans_of_one_name_have_results_of_their_own_and_inputs_stay() {
    let dir = tempfile::tempdir().unwrap();
    let [first, second, out] = ["a/scan.png", "b/scan.png", "out"].map(|name| dir.path().join(name));
    copy_scan(std::slice::from_ref(&first));
    std::fs::create_dir(dir.path().join("b")).unwrap();
    std::fs::copy(in_repository("www/samples/healthy.png"), &second).unwrap();
    let before = std::fs::read(&first).unwrap();
    let weights = in_repository(WEIGHTS);
    let explain = |scans: &[&Path], out: &Path| {
        let scans: Vec<&str> = scans.iter().map(|scan| text(scan)).collect();
        json(&[&["explain"], &scans[..], &["--out", text(out), "--weights", text(&weights), "--json"]].concat())
    };
    let read = |path: PathBuf| serde_json::from_slice::<Value>(&std::fs::read(path).unwrap()).unwrap();
    let reports = explain(&[&first, &second], &out);
    assert_ne!(reports[0]["input"]["sha256"], reports[1]["input"]["sha256"]);
    for (name, report) in [("scan", &reports[0]), ("scan-2", &reports[1])] {
        assert_eq!(read(out.join(name).with_extension("json")), *report);
        assert!(out.join(name).with_extension("png").exists());
    }
    // Another call's result stays as well.
    explain(&[&second], &out);
    assert_eq!(read(out.join("scan.json")), reports[0]);

    let beside = dir.path().join("a");
    explain(&[&first], &beside);
    assert_eq!(std::fs::read(&first).unwrap(), before, "the overlay would have been the scan");
    assert!(beside.join("scan-2.png").exists() && beside.join("scan-2.json").exists());
}

#[test]
fn a_bad_scan_does_not_stop_the_others() {
    let dir = tempfile::tempdir().unwrap();
    let [missing, damaged] = ["missing.png", "damaged.png"].map(|name| dir.path().join(name));
    std::fs::write(&damaged, b"\x89PNG\r\n\x1a\n and no more").unwrap();
    let good = in_repository("www/samples/healthy.png");
    let weights = in_repository(WEIGHTS);
    let [missing, damaged, good, weights] = [&missing, &damaged, &good, &weights].map(|path| text(path));
    for command in [
        &["explain", missing, good, damaged, "--weights", weights, "--json"][..],
        &["embed", "--image", missing, "--image", good, "--image", damaged, "--weights", weights, "--json"],
    ] {
        let output = train(command);
        let errors = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{errors}");
        let lines: Vec<&str> = errors.lines().collect();
        assert!(lines[0].contains(missing) && lines[1].contains(damaged), "{errors}");
        assert!(lines.len() == 3 && lines[2].starts_with("error: 2 of 3 scans"), "{errors}");
        let answers: Value = serde_json::from_slice(&output.stdout).unwrap();
        let answers = answers.as_array().or(answers["images"].as_array()).unwrap();
        assert_eq!(answers.len(), 1, "{answers:?}");
    }
    // What is wrong for every scan is said once.
    let refused = one_line(&["explain", good, good, "--weights", weights, "--target", "glaucoma"]);
    assert!(refused.contains("glaucoma"), "{refused}");
}

#[cfg(unix)]
#[test]
fn a_file_without_an_end_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let pipe = dir.path().join("pipe.png");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let weights = in_repository(WEIGHTS);
    for endless in ["/dev/zero", text(&pipe)] {
        for command in [
            &["explain", endless, "--weights", text(&weights)][..],
            &["embed", "--image", endless, "--weights", text(&weights)],
            &["embed", "--text", "healthy", "--weights", endless],
        ] {
            let refused = one_line(command);
            assert!(refused.contains(endless) && refused.contains("a device or a pipe"), "{refused}");
        }
    }
}

#[test]
fn a_run_in_use_is_refused_with_who_uses_it() {
    let dir = tempfile::tempdir().unwrap();
    let lock = std::fs::File::create(dir.path().join("run.lock")).unwrap();
    lock.lock().unwrap();
    let holder = r#"{"pid":4711,"host":"elsewhere","since":0}"#;
    std::io::Write::write_all(&mut &lock, holder.as_bytes()).unwrap();
    // What a run's folder is known by.
    std::fs::write(dir.path().join("model.json"), "{}").unwrap();
    std::fs::write(dir.path().join(".unfinished-abcdef"), "").unwrap();
    for command in [["finetune", "--out"], ["heads", "--run"]] {
        let refused = refusal(&[&command, &[text(dir.path()), "--data", "octdl:no-folder"][..]].concat(), 1);
        assert!(refused.contains("is in use by process 4711 on elsewhere"), "{refused}");
    }
    assert!(dir.path().join(".unfinished-abcdef").exists(), "the other process writes it");
    // When the process that holds it ends, the lock is free.
    drop(lock);
    let refused = refusal(&["finetune", "--out", text(dir.path()), "--data", "octdl:no-folder"], 1);
    assert!(refused.contains("no-folder"), "{refused}");
    assert!(!dir.path().join(".unfinished-abcdef").exists());
}
