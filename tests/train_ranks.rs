//! `train finetune` in several processes: they take the steps of one, end together, and a run goes on with another number of
//! them.
#![allow(clippy::unwrap_used, reason = "a test may fail")]
#![cfg(all(feature = "train", unix))]

mod common;

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use common::{printed, text};

/// Largest relative difference of the mean loss of the first epoch, nine steps: sums of 32-bit floats in another order.
const FIRST_TOLERANCE: f64 = 1e-5;
/// The same after more epochs: Adam divides by the root of a small second moment, so what rounding changed grows with every step.
const LATER_TOLERANCE: f64 = 1e-3;

/// A tiny run of `epochs` of nine steps.
fn finetune(phantoms: &Path, run: &Path, epochs: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_train"));
    command.arg("finetune").arg("--out").arg(run).arg("--data").arg(format!("phantom:{}", phantoms.display()));
    command.args([
        "--epochs",
        epochs,
        "--batch",
        "4",
        "--warmup-steps",
        "2",
        "--freeze-bn",
        "true",
        "--input",
        "64x128",
    ]);
    command.env("RAYON_NUM_THREADS", "1").stdout(Stdio::null()).stderr(Stdio::piped());
    command
}

/// Starts the same command as each of `n` ranks, as torchrun does.
fn start(n: usize, command: impl Fn() -> Command) -> Vec<Child> {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let rank = |rank: usize| {
        let variables = [("RANK", rank.to_string()), ("WORLD_SIZE", n.to_string()), ("MASTER_PORT", port.to_string())];
        command().envs(variables).env("MASTER_ADDR", "127.0.0.1").spawn().unwrap()
    };
    (0..n).map(rank).collect()
}

/// What each process wrote to standard error, and whether it succeeded.
fn ends(children: Vec<Child>) -> Vec<(bool, String)> {
    let end = |child: Child| {
        let output = child.wait_with_output().unwrap();
        (output.status.success(), String::from_utf8(output.stderr).unwrap())
    };
    children.into_iter().map(end).collect()
}

fn draw(dir: &Path) -> PathBuf {
    let phantoms = dir.join("phantoms");
    printed(&["phantom", "--healthy", "24", "--amd", "24", "--seed", "3", "--out", text(&phantoms)]);
    phantoms
}

fn losses(run: &Path) -> Vec<f64> {
    let log = fs::read_to_string(run.join("log.jsonl")).unwrap();
    let loss = |line: &str| serde_json::from_str::<serde_json::Value>(line).unwrap()["train_loss"].as_f64().unwrap();
    log.lines().map(loss).collect()
}

/// Asserts that two runs took the same steps, up to the order of sums.
fn assert_same(run: &Path, alone: &Path) {
    let (losses, expected) = (losses(run), losses(alone));
    assert_eq!(losses.len(), expected.len());
    let off: Vec<f64> = losses.iter().zip(&expected).map(|(a, b)| (a - b).abs() / b).collect();
    println!("losses differ by {off:?}");
    assert!(off[0] < FIRST_TOLERANCE, "{losses:?}, alone {expected:?}");
    assert!(off.iter().all(|off| *off < LATER_TOLERANCE), "{losses:?}, alone {expected:?}");
}

#[test]
fn several_ranks_take_the_steps_of_one_and_the_first_alone_speaks() {
    let dir = tempfile::tempdir().unwrap();
    let phantoms = draw(dir.path());
    let [alone, two, three] = ["alone", "two", "three"].map(|name| dir.path().join(name));
    let one = finetune(&phantoms, &alone, "6").output().unwrap();
    assert!(one.status.success());
    for (n, run) in [(2, &two), (3, &three)] {
        let ended = ends(start(n, || finetune(&phantoms, run, "6")));
        assert!(ended.iter().all(|(success, _)| *success), "{ended:?}");
        assert_eq!(ended[0].1, String::from_utf8_lossy(&one.stderr));
        assert!(ended[1..].iter().all(|(_, said)| said.is_empty()), "{ended:?}");
        assert_same(run, &alone);
    }
}

#[test]
fn a_killed_rank_ends_all_and_the_run_goes_on_with_another_number() {
    let dir = tempfile::tempdir().unwrap();
    let phantoms = draw(dir.path());
    let [alone, run] = ["alone", "run"].map(|name| dir.path().join(name));
    assert!(finetune(&phantoms, &alone, "6").status().unwrap().success());
    for (n, killed, survivor) in [(2, 1, 0), (3, 0, 1)] {
        let before = fs::metadata(run.join("checkpoint.safetensors")).and_then(|file| file.modified()).ok();
        let mut ranks = start(n, || finetune(&phantoms, &run, "6"));
        // After an epoch more.
        while fs::metadata(run.join("checkpoint.safetensors")).and_then(|file| file.modified()).ok() == before {
            assert!(ranks[0].try_wait().unwrap().is_none(), "the run ended before it could be killed");
            std::thread::sleep(Duration::from_millis(5));
        }
        ranks[killed].kill().unwrap();
        let ended = ends(ranks);
        assert!(ended.iter().all(|(success, _)| !success), "{ended:?}");
        let errors: Vec<&str> =
            ended.iter().flat_map(|(_, said)| said.lines()).filter(|l| l.starts_with("error")).collect();
        let expected = format!("error: rank {killed} ended, and with it the run: the same command continues");
        assert!(errors.len() == 1 && errors[0].starts_with(&expected), "{ended:?}");
        assert!(ended[survivor].1.contains(errors[0]), "{ended:?}");
    }
    assert!(finetune(&phantoms, &run, "6").status().unwrap().success());
    assert_same(&run, &alone);
}

#[test]
fn what_ranks_cannot_do_is_said_once() {
    let dir = tempfile::tempdir().unwrap();
    let phantoms = draw(dir.path());
    let run = dir.path().join("run");
    for (option, value, expected) in
        [("--freeze-bn", "false", "--freeze-bn true"), ("--batch", "1", "2 ranks cannot share 1 scans")]
    {
        let command = || {
            let mut command = Command::new(env!("CARGO_BIN_EXE_train"));
            command.arg("finetune").arg("--out").arg(&run).arg("--data").arg(format!("phantom:{}", phantoms.display()));
            command.args(["--input", "64x128", option, value]).stdout(Stdio::null()).stderr(Stdio::piped());
            if option != "--freeze-bn" {
                command.args(["--freeze-bn", "true"]);
            }
            command
        };
        let ended = ends(start(2, command));
        let errors: Vec<&str> =
            ended.iter().flat_map(|(_, said)| said.lines()).filter(|l| l.starts_with("error")).collect();
        assert!(errors.len() == 1 && errors[0].contains(expected), "{ended:?}");
        assert!(ended.iter().all(|(success, _)| !success));
    }
    let mut lone = finetune(&phantoms, &run, "1");
    let said = lone.env("WORLD_SIZE", "2").output().unwrap();
    assert!(String::from_utf8(said.stderr).unwrap().contains("RANK is not"));
}

/// `mpirun` with `n` processes on this machine, whoever runs the tests.
#[cfg(feature = "mpi")]
fn mpirun(n: &str, phantoms: &Path, run: &Path) -> Command {
    let finetune = finetune(phantoms, run, "6");
    let mut command = Command::new("mpirun");
    command.args(["-n", n, "--oversubscribe", "--allow-run-as-root", "--bind-to", "none"]);
    command.arg(finetune.get_program()).args(finetune.get_args());
    command.env("RAYON_NUM_THREADS", "1").stdout(Stdio::null()).stderr(Stdio::piped());
    command
}

#[cfg(feature = "mpi")]
#[test]
fn ranks_that_mpi_connects_take_the_same_steps() {
    let dir = tempfile::tempdir().unwrap();
    let phantoms = draw(dir.path());
    let [alone, run] = ["alone", "run"].map(|name| dir.path().join(name));
    assert!(finetune(&phantoms, &alone, "6").status().unwrap().success());
    let said = mpirun("2", &phantoms, &run).output().unwrap();
    assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
    assert_same(&run, &alone);
}
