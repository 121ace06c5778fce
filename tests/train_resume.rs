//! A run that was stopped, by a kill or by Ctrl-C, ends at the same weights as one that was not.
#![allow(clippy::unwrap_used, reason = "a test may fail")]
#![cfg(all(feature = "train", unix))]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// Long enough for two epochs of a few steps on a busy machine.
const MOST_POLLS: usize = 12_000;
/// Largest relative difference of the loss after a few steps in mixed precision.
const FEW_STEPS_TOLERANCE: f64 = 0.1;

fn train() -> Command {
    Command::new(env!("CARGO_BIN_EXE_train"))
}

fn finetune(phantoms: &Path, run: &Path) -> Command {
    let mut command = train();
    command.arg("finetune").arg("--out").arg(run).arg("--data").arg(format!("phantom:{}", phantoms.display()));
    command.args(["--epochs", "2", "--batch", "4", "--accumulate", "2", "--warmup-steps", "2"]);
    command.stderr(Stdio::null()).stdout(Stdio::null());
    command
}

/// Bytes of the run's TensorBoard file: it grows at every step.
fn bytes_of_events(run: &Path) -> u64 {
    let Ok(entries) = fs::read_dir(run) else { return 0 };
    let is_events = |p: &PathBuf| p.file_name().unwrap().to_string_lossy().starts_with("events.");
    entries.map(|e| e.unwrap().path()).filter(is_events).map(|p| fs::metadata(p).unwrap().len()).sum()
}

fn wait_until(child: &mut Child, reached: impl Fn() -> bool) {
    for _ in 0..MOST_POLLS {
        if reached() {
            return;
        }
        assert!(child.try_wait().unwrap().is_none(), "the run ended before it could be stopped");
        std::thread::sleep(Duration::from_millis(5));
    }
    panic!("the run never got there");
}

/// Phantoms in a folder of their own.
fn draw(phantoms: &Path) {
    let phantom = ["phantom", "--healthy", "24", "--amd", "24", "--seed", "3", "--out"];
    assert!(train().args(phantom).arg(phantoms).stdout(Stdio::null()).status().unwrap().success());
}

fn towers(run: &Path) -> Vec<u8> {
    fs::read(run.join("towers.safetensors")).unwrap()
}

fn log(run: &Path) -> String {
    fs::read_to_string(run.join("log.jsonl")).unwrap()
}

/// Starts `command`, a run in `run`, and kills it after its first epoch.
fn kill_in_second_epoch(mut command: Command, run: &Path) {
    let mut child = command.spawn().unwrap();
    wait_until(&mut child, || run.join("checkpoint.safetensors").exists());
    child.kill().unwrap();
    child.wait().unwrap();
}

/// Flips a bit of the checkpoint of `run`, in a weight and in the position; puts it back afterwards.
fn refuses_a_flipped_bit(phantoms: &Path, run: &Path) {
    let checkpoint = run.join("checkpoint.safetensors");
    let whole = fs::read(&checkpoint).unwrap();
    // Its fields are a text in the header, in which quotation marks are escaped: n_steps\":12.
    let n_steps = whole.windows(7).position(|w| w == b"n_steps").unwrap() + 10;
    assert!(whole[n_steps].is_ascii_digit());
    for at in [whole.len() - 1, n_steps] {
        let mut flipped = whole.clone();
        flipped[at] ^= 1;
        fs::write(&checkpoint, flipped).unwrap();
        let output = finetune(phantoms, run).stderr(Stdio::piped()).output().unwrap();
        let error = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success(), "a flipped bit trains on");
        assert!(error.contains("checkpoint.safetensors is damaged: restore it from a copy, or remove it"), "{error}");
    }
    fs::write(&checkpoint, whole).unwrap();
}

#[test]
fn a_stopped_run_ends_at_the_weights_of_an_unbroken_one() {
    let dir = tempfile::tempdir().unwrap();
    let [phantoms, unbroken, killed, asked] = ["phantoms", "unbroken", "killed", "asked"].map(|n| dir.path().join(n));
    draw(&phantoms);
    assert!(finetune(&phantoms, &unbroken).status().unwrap().success());

    // Killed in its second epoch, which is repeated.
    kill_in_second_epoch(finetune(&phantoms, &killed), &killed);
    let leftover = killed.join(".unfinished-abcdef");
    fs::write(&leftover, "half a checkpoint").unwrap();
    refuses_a_flipped_bit(&phantoms, &killed);
    assert!(finetune(&phantoms, &killed).status().unwrap().success());
    assert!(!leftover.exists());

    // Ctrl-C in its first epoch: the step is finished and saved.
    let mut child = finetune(&phantoms, &asked).spawn().unwrap();
    let header = 120;
    wait_until(&mut child, || bytes_of_events(&asked) > header);
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    assert_eq!(child.wait().unwrap().code(), Some(1));
    assert!(asked.join("checkpoint.safetensors").exists());
    assert!(!asked.join("towers.safetensors").exists(), "no epoch was finished");
    assert!(finetune(&phantoms, &asked).status().unwrap().success());

    for stopped in [&killed, &asked] {
        assert!(towers(stopped) == towers(&unbroken), "{} differs", stopped.display());
        assert_eq!(log(stopped).lines().count(), 2, "each epoch is logged once");
    }

    // A finished run is left as it is, with what the heads have logged.
    let log_path = unbroken.join("log.jsonl");
    fs::write(&log_path, log(&unbroken) + "{\"head_epoch\":1}\n").unwrap();
    let before = (log(&unbroken), bytes_of_events(&unbroken));
    assert!(finetune(&phantoms, &unbroken).status().unwrap().success());
    assert_eq!((log(&unbroken), bytes_of_events(&unbroken)), before);
}

#[test]
fn mixed_precision_learns_and_resumes_and_exports() {
    let dir = tempfile::tempdir().unwrap();
    let [phantoms, exact, unbroken, killed] = ["phantoms", "exact", "unbroken", "killed"].map(|n| dir.path().join(n));
    draw(&phantoms);
    let short = |run: &Path, precision: &str| {
        let mut command = finetune(&phantoms, run);
        command.args(["--precision", precision, "--head-views", "1", "--head-epochs", "2"]);
        command
    };
    assert!(short(&exact, "f32").status().unwrap().success());
    assert!(short(&unbroken, "bf16").status().unwrap().success());
    kill_in_second_epoch(short(&killed, "bf16"), &killed);
    assert!(!short(&killed, "f32").status().unwrap().success(), "a run keeps its precision");
    assert!(short(&killed, "bf16").status().unwrap().success());
    assert!(towers(&killed) == towers(&unbroken), "a run that was killed ends at other weights");

    let losses = |run: &Path| -> Vec<f64> {
        let loss =
            |line: &str| serde_json::from_str::<serde_json::Value>(line).unwrap()["train_loss"].as_f64().unwrap();
        log(run).lines().map(loss).collect()
    };
    let (exact, rounded) = (losses(&exact), losses(&unbroken));
    assert!(rounded[1] < rounded[0], "{rounded:?}");
    let off = (rounded[1] - exact[1]).abs() / exact[1];
    assert!(off > 0. && off < FEW_STEPS_TOLERANCE, "{rounded:?}, in 32 bits {exact:?}");

    let call = |command: &[&str]| {
        let data = format!("phantom:{}", phantoms.display());
        let mut train = train();
        train.args(command).arg("--run").arg(&unbroken).args(["--data", &data]).stdout(Stdio::null());
        assert!(train.stderr(Stdio::null()).status().unwrap().success(), "{command:?}");
    };
    call(&["heads"]);
    let weights = dir.path().join("weights");
    call(&["export", "--name", "tiny", "--out", weights.to_str().unwrap()]);
    assert!(weights.join("tiny.safetensors").exists());
}
