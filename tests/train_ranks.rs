//! `train finetune` in several processes: they take the steps of one, end together, and a run goes on with another number of
//! them.
#![allow(clippy::unwrap_used, reason = "a test may fail")]
#![cfg(all(feature = "train", unix))]

mod common;

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, SystemTime};

use common::{printed, text};

/// Largest relative difference of the mean loss of eight steps, where each process has one micro-batch: sums of 32-bit floats in
/// another order. It grows with every step, because Adam divides by the root of a small second moment.
const TOLERANCE: f64 = 1e-5;
/// Seven epochs of eight steps, the same to the bit whatever the number of processes.
const EXACT: &str = "--epochs 7 --micro-batches 4";

/// A tiny run whose epochs have eight steps.
fn finetune(phantoms: &Path, run: &Path, options: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_train"));
    command.arg("finetune").arg("--out").arg(run).arg("--data").arg(format!("phantom:{}", phantoms.display()));
    command.args(["--batch", "4", "--warmup-steps", "2", "--freeze-bn", "true", "--input", "64x128"]);
    command.args(options.split_whitespace());
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

/// Asserts that two runs took the same steps to the bit, and `n` of them.
fn assert_equal(run: &Path, alone: &Path, n: u64) {
    assert_eq!(losses(run), losses(alone));
    let log = fs::read_to_string(run.join("log.jsonl")).unwrap();
    let last: serde_json::Value = serde_json::from_str(log.lines().last().unwrap()).unwrap();
    assert_eq!(last["step"], n);
    let [towers, expected] = [run, alone].map(|run| fs::read(run.join("towers.safetensors")).unwrap());
    assert!(towers == expected, "the losses are equal, but not the weights");
}

/// The lines of all processes that begin with "error".
fn errors(ended: &[(bool, String)]) -> Vec<&str> {
    ended.iter().flat_map(|(_, said)| said.lines()).filter(|line| line.starts_with("error")).collect()
}

/// Waits until `run` has another checkpoint than `before`.
fn wait_for_checkpoint(run: &Path, before: Option<SystemTime>, mut still_runs: impl FnMut() -> bool) {
    while checkpoint_time(run) == before {
        assert!(still_runs(), "the run ended before it could be killed");
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn checkpoint_time(run: &Path) -> Option<SystemTime> {
    fs::metadata(run.join("checkpoint.safetensors")).and_then(|file| file.modified()).ok()
}

#[test]
fn several_ranks_take_the_steps_of_one_to_the_bit_and_the_first_alone_speaks() {
    let dir = tempfile::tempdir().unwrap();
    let phantoms = draw(dir.path());
    for (name, options, n_steps, all) in
        [("a", EXACT, 56, &[2, 3][..]), ("b", "--epochs 2 --accumulate 2 --micro-batches 3", 8, &[2])]
    {
        let alone = dir.path().join(name);
        let one = finetune(&phantoms, &alone, options).output().unwrap();
        assert!(one.status.success(), "{}", String::from_utf8_lossy(&one.stderr));
        for n in all {
            let run = dir.path().join(format!("{name}{n}"));
            let ended = ends(start(*n, || finetune(&phantoms, &run, options)));
            assert!(ended.iter().all(|(success, _)| *success), "{ended:?}");
            assert_eq!(ended[0].1, String::from_utf8_lossy(&one.stderr));
            assert!(ended[1..].iter().all(|(_, said)| said.is_empty()), "{ended:?}");
            assert_equal(&run, &alone, n_steps);
        }
    }
}

#[test]
fn with_a_micro_batch_for_each_rank_only_the_order_of_sums_differs() {
    let dir = tempfile::tempdir().unwrap();
    let phantoms = draw(dir.path());
    let [alone, run] = ["alone", "run"].map(|name| dir.path().join(name));
    assert!(finetune(&phantoms, &alone, "--epochs 1").status().unwrap().success());
    let ended = ends(start(3, || finetune(&phantoms, &run, "--epochs 1")));
    assert!(ended.iter().all(|(success, _)| *success), "{ended:?}");
    let (loss, expected) = (losses(&run)[0], losses(&alone)[0]);
    assert!((loss - expected).abs() < TOLERANCE * expected, "{loss}, alone {expected}");
}

#[test]
fn a_killed_rank_ends_all_and_the_run_goes_on_with_another_number() {
    let dir = tempfile::tempdir().unwrap();
    let phantoms = draw(dir.path());
    let [alone, run] = ["alone", "run"].map(|name| dir.path().join(name));
    assert!(finetune(&phantoms, &alone, EXACT).status().unwrap().success());
    for (n, killed, survivor) in [(2, 1, 0), (3, 0, 1)] {
        let before = checkpoint_time(&run);
        let mut ranks = start(n, || finetune(&phantoms, &run, EXACT));
        wait_for_checkpoint(&run, before, || ranks[0].try_wait().unwrap().is_none());
        ranks[killed].kill().unwrap();
        let ended = ends(ranks);
        assert!(ended.iter().all(|(success, _)| !success), "{ended:?}");
        let errors = errors(&ended);
        let expected = format!("error: rank {killed} ended, and with it the run: the same command continues");
        assert!(errors.len() == 1 && errors[0].starts_with(&expected), "{ended:?}");
        assert!(ended[survivor].1.contains(errors[0]), "{ended:?}");
    }
    assert!(finetune(&phantoms, &run, EXACT).status().unwrap().success());
    assert_equal(&run, &alone, 56);
}

#[test]
fn a_bench_times_steps_and_writes_the_first_gradients_of_all_ranks() {
    let dir = tempfile::tempdir().unwrap();
    let phantoms = draw(dir.path());
    let bench = |name: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_train"));
        command.arg("bench").arg("--data").arg(format!("phantom:{}", phantoms.display()));
        command.args("--batch 4 --freeze-bn true --input 64x128 --micro-batches 2 --steps 2".split_whitespace());
        command.arg("--dump").arg(dir.path().join(name));
        command.env("RAYON_NUM_THREADS", "1").stdout(Stdio::piped()).stderr(Stdio::null());
        command
    };
    let outputs = [vec![bench("1").spawn().unwrap()], start(2, || bench("2"))].map(|children| {
        let first = children.into_iter().map(|child| child.wait_with_output().unwrap()).next().unwrap();
        serde_json::from_slice::<serde_json::Value>(&first.stdout).unwrap()
    });
    for (n, output) in outputs.iter().enumerate() {
        assert_eq!((&output["n_ranks"], &output["n_scans"]), (&(n + 1).into(), &4.into()));
        assert_eq!(output["seconds"].as_array().unwrap().len(), 2);
        let [step, drawing, exchange] =
            ["step_seconds", "drawing_seconds", "exchange_seconds"].map(|name| output[name].as_f64().unwrap());
        assert!(drawing > 0. && drawing + exchange <= step, "{output}");
        let images_per_second = output["images_per_second"].as_f64().unwrap();
        assert!((images_per_second * step - 4.).abs() < 1e-6);
    }
    assert_eq!(outputs[0]["loss"], outputs[1]["loss"]);
    let [one, two] = ["1", "2"].map(|name| fs::read(dir.path().join(name)).unwrap());
    let [one, two] = [&one, &two].map(|bytes| safetensors::SafeTensors::deserialize(bytes).unwrap());
    let mut n_gradients = 0;
    for (name, gradient) in one.tensors().iter().filter(|(name, _)| name.starts_with("gradient.")) {
        assert_eq!(two.tensor(name).unwrap().data(), gradient.data(), "{name}");
        n_gradients += 1;
    }
    assert!(n_gradients > 100 && one.tensor("text_embeds").is_ok());
    // Rank 0 has the embeddings of its micro-batch.
    assert_eq!(one.tensor("image_embeds").unwrap().shape()[0], 4);
    assert_eq!(two.tensor("image_embeds").unwrap().shape()[0], 2);
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
        let errors = errors(&ended);
        assert!(errors.len() == 1 && errors[0].contains(expected), "{ended:?}");
        assert!(ended.iter().all(|(success, _)| !success));
    }
    let mut lone = finetune(&phantoms, &run, "--epochs 1");
    let said = lone.env("WORLD_SIZE", "2").output().unwrap();
    assert!(String::from_utf8(said.stderr).unwrap().contains("RANK is not"));
}

#[cfg(feature = "mpi")]
mod mpi {
    //! The same where MPI connects the processes.
    use super::*;

    /// `mpirun` with `n` processes on this machine, whoever runs the tests.
    fn mpirun(n: &str, finetune: &Command) -> Command {
        let mut command = Command::new("mpirun");
        command.args(["-n", n, "--oversubscribe", "--allow-run-as-root", "--bind-to", "none"]);
        command.arg(finetune.get_program()).args(finetune.get_args());
        command.env("RAYON_NUM_THREADS", "1").stdout(Stdio::null()).stderr(Stdio::piped());
        command
    }

    /// The process that is rank `rank` of the run in `run`.
    fn process_of(rank: usize, run: &Path) -> String {
        let is_it = |process: &Path| {
            let read = |name: &str| fs::read(process.join(name)).unwrap_or_default();
            let has = |bytes: &[u8], field: &str| bytes.split(|byte| *byte == 0).any(|f| f == field.as_bytes());
            has(&read("environ"), &format!("OMPI_COMM_WORLD_RANK={rank}")) && has(&read("cmdline"), text(run))
        };
        let mut processes = fs::read_dir("/proc").unwrap().map(|entry| entry.unwrap().path());
        processes.find(|process| is_it(process)).unwrap().file_name().unwrap().to_str().unwrap().to_owned()
    }

    #[test]
    fn ranks_take_the_steps_of_one_to_the_bit_and_go_on_with_another_number_when_one_is_killed() {
        let dir = tempfile::tempdir().unwrap();
        let phantoms = draw(dir.path());
        let [alone, run] = ["alone", "run"].map(|name| dir.path().join(name));
        assert!(finetune(&phantoms, &alone, EXACT).status().unwrap().success());
        let mut killed = mpirun("2", &finetune(&phantoms, &run, EXACT)).spawn().unwrap();
        wait_for_checkpoint(&run, None, || killed.try_wait().unwrap().is_none());
        assert!(Command::new("kill").args(["-9", &process_of(1, &run)]).status().unwrap().success());
        let ended = ends(vec![killed]);
        // The launcher says it.
        let said = ended[0].1.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(!ended[0].0 && said.contains("process rank 1 with PID"), "{said}");
        assert!(said.contains("exited on signal 9"), "{said}");
        for n in ["3", "2"] {
            let ended = ends(vec![mpirun(n, &finetune(&phantoms, &run, EXACT)).spawn().unwrap()]);
            assert!(ended[0].0, "{ended:?}");
            assert_equal(&run, &alone, 56);
            // The second time from the beginning.
            fs::remove_dir_all(&run).unwrap();
        }
    }

    #[test]
    fn what_ranks_cannot_do_is_said_once() {
        let dir = tempfile::tempdir().unwrap();
        let phantoms = draw(dir.path());
        let refused = finetune(&phantoms, &dir.path().join("run"), "--micro-batches 1");
        let ended = ends(vec![mpirun("2", &refused).spawn().unwrap()]);
        let errors = errors(&ended);
        assert!(!ended[0].0 && errors.len() == 1, "{ended:?}");
        assert!(errors[0].contains("2 ranks cannot share 1 micro-batches"), "{ended:?}");
    }
}
