//! `train explain --stdin`, `--shard` and `--output`: a line for each scan of a list, whatever is wrong with some, the same in
//! every run and every shard; and outputs that are taken up again after a kill.
#![allow(clippy::unwrap_used, reason = "a test may fail")]
#![cfg(feature = "train")]

mod common;

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use common::{WEIGHTS, in_repository, refusal, text};
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::Field;
use serde_json::Value;

/// `train explain` with `args`, as an engine starts it.
fn explain(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_train"));
    command.arg("explain").args(args).arg("--weights").arg(in_repository(WEIGHTS));
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Starts it and gives it `list`.
fn start(list: &str, args: &[&str]) -> Child {
    let mut child = explain(args).spawn().unwrap();
    child.stdin.take().unwrap().write_all(list.as_bytes()).unwrap();
    child
}

/// Standard output of a call that gets `list` and must succeed.
fn answers(list: &str, args: &[&str]) -> String {
    let output = start(list, args).wait_with_output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn parsed(lines: &str) -> Vec<Value> {
    lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Copies of two samples under `n` names, as lines of a list.
fn scans(dir: &Path, n: usize) -> String {
    let samples = ["fluid.png", "healthy.png"].map(|name| in_repository("www/samples").join(name));
    let names = (0..n).map(|i| dir.join(format!("scan {i}.png")));
    names.zip(samples.iter().cycle()).fold(String::new(), |list, (path, sample)| {
        fs::copy(sample, &path).unwrap();
        list + text(&path) + "\n"
    })
}

#[test]
fn every_line_has_an_answer_or_an_error_in_its_place() {
    let dir = tempfile::tempdir().unwrap();
    let good = in_repository("www/samples/fluid.png");
    let damaged = dir.path().join("damaged.png");
    fs::write(&damaged, b"\x89PNG\r\n\x1a\n and no more").unwrap();
    let (good, damaged) = (text(&good), text(&damaged));
    let list = [
        "missing.png".to_owned(),
        good.to_owned(),
        String::new(),
        format!("{{\"path\": \"{good}\", \"frame\": 0}}"),
        damaged.to_owned(),
        format!("{{\"path\": \"{good}\", \"frame\": 7}}"),
        format!("{{\"path\": \"{good}\", \"frame\": 4294967295}}"),
        "{\"name\": 1}".to_owned(),
        dir.path().display().to_string(),
        "/dev/zero".to_owned(),
        good.to_owned(),
    ];
    let lines = parsed(&answers(&(list.join("\n") + "\n"), &["--stdin"]));
    assert_eq!(lines.len(), list.len());
    for (i, (line, input)) in lines.iter().zip(&list).enumerate() {
        let is_object = [3, 5, 6].contains(&i);
        assert_eq!(line["input"], if is_object { good } else { input.as_str() });
        let is_answered = [1, 3, 10].contains(&i);
        assert_eq!(line["report"]["schema"] == "octlens.report/1", is_answered, "{line}");
        assert_eq!(line["error"].as_str().is_some_and(|error| !error.contains('\n')), !is_answered, "{line}");
    }
    assert_eq!(lines[3]["frame"], 0);
    assert_eq!(lines[1], lines[10], "the same scan, the same line");
    assert!(lines[1]["report"].get("timings_ms").is_none());
    assert!(lines[5]["error"].as_str().unwrap().contains("fluid.png"), "{}", lines[5]);
}

#[test]
fn an_answer_comes_before_the_next_scan_is_asked() {
    let mut child = explain(&["--stdin"]).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    for name in ["fluid.png", "no-such.png", "healthy.png"] {
        writeln!(stdin, "{}", text(&in_repository("www/samples").join(name))).unwrap();
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        assert!(serde_json::from_str::<Value>(&line).unwrap()["input"].as_str().unwrap().ends_with(name), "{line}");
    }
    drop(stdin);
    assert!(child.wait().unwrap().success());
}

#[test]
fn shards_have_together_the_lines_of_one_run_on_any_number_of_threads() {
    let dir = tempfile::tempdir().unwrap();
    let list = scans(dir.path(), 9) + "missing.png\n";
    let all = answers(&list, &["--stdin"]);
    let mut of_shards: Vec<String> = Vec::new();
    for shard in ["1/3", "2/3", "3/3"] {
        let mut command = explain(&["--stdin", "--shard", shard]);
        let mut child = command.env("RAYON_NUM_THREADS", "1").spawn().unwrap();
        child.stdin.take().unwrap().write_all(list.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        let lines = String::from_utf8(output.stdout).unwrap();
        let in_order: Vec<&str> = all.lines().filter(|line| lines.lines().any(|other| other == *line)).collect();
        assert_eq!(lines.lines().collect::<Vec<_>>(), in_order, "a shard keeps the order of the list");
        of_shards.extend(lines.lines().map(str::to_owned));
    }
    of_shards.sort();
    let mut all: Vec<&str> = all.lines().collect();
    all.sort_unstable();
    assert_eq!(of_shards, all);
}

/// Kills a run after two of its lines, takes it up with the same command, and returns what it says then.
fn killed_and_resumed(list: &str, output: &Path) -> String {
    let partial = output.with_added_extension("partial");
    let args = ["--stdin", "--output", text(output)];
    let mut child = explain(&args).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    // It waits for the third line when it is killed.
    let first: String = list.split_inclusive('\n').take(2).collect();
    stdin.write_all(first.as_bytes()).unwrap();
    let n_lines = || fs::read_to_string(&partial).unwrap_or_default().lines().count();
    while n_lines() < 2 {
        assert!(child.try_wait().unwrap().is_none(), "the run ended before it could be killed");
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    // In the meantime, nobody else may write there.
    let busy = start(list, &args).wait_with_output().unwrap();
    let refused = String::from_utf8(busy.stderr).unwrap();
    assert!(!busy.status.success() && refused.contains("is written by another process"), "{refused}");
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(!output.exists(), "an output that is there is whole");
    // What a system may leave of a line that was being written.
    let mut torn = File::options().append(true).open(&partial).unwrap();
    torn.write_all(b"{\"input\":\"half a li").unwrap();
    let child = start(list, &args).wait_with_output().unwrap();
    assert!(child.status.success() && child.stdout.is_empty());
    assert!(!partial.exists());
    String::from_utf8(child.stderr).unwrap()
}

#[test]
fn a_killed_run_is_taken_up_and_ends_with_the_lines_of_an_unbroken_one() {
    let dir = tempfile::tempdir().unwrap();
    // A scan that is listed twice has two lines.
    let list = scans(dir.path(), 4) + "missing.png\n" + text(&dir.path().join("scan 0.png")) + "\n";
    let unbroken = answers(&list, &["--stdin"]);
    let [ndjson, parquet] = ["lines.ndjson", "lines.parquet"].map(|name| dir.path().join(name));
    for output in [&ndjson, &parquet] {
        let said = killed_and_resumed(&list, output);
        assert_eq!(said, "3 scans answered, 1 without an answer, 2 were there already\n");
    }
    assert_eq!(fs::read_to_string(&ndjson).unwrap(), unbroken);
    assert_eq!(read_parquet(&parquet), parsed(&unbroken));

    // A longer list is done from where it goes on, and a finished one is left alone.
    for output in [&ndjson, &parquet] {
        let before = fs::read(output).unwrap();
        let again = start(&list, &["--stdin", "--output", text(output)]).wait_with_output().unwrap();
        assert!(String::from_utf8(again.stderr).unwrap().ends_with(" 6 were there already\n"));
        assert!(fs::read(output).unwrap() == before, "{}", output.display());
        let longer = list.clone() + "another.png\n";
        answers(&longer, &["--stdin", "--output", text(output)]);
        assert!(!output.with_added_extension("partial").exists());
    }
    let lines = parsed(&fs::read_to_string(&ndjson).unwrap());
    assert_eq!((lines.len(), lines[6]["input"].as_str()), (7, Some("another.png")));
    assert_eq!(read_parquet(&parquet), lines);

    let other =
        start(&list, &["--stdin", "--output", text(&parquet), "--map", "eigen_cam"]).wait_with_output().unwrap();
    let refused = String::from_utf8(other.stderr).unwrap();
    assert!(!other.status.success() && refused.contains("of another model or method"), "{refused}");
}

/// The lines that a Parquet file's rows are.
fn read_parquet(path: &Path) -> Vec<Value> {
    let reader = SerializedFileReader::new(File::open(path).unwrap()).unwrap();
    let line = |row: parquet::record::Row| {
        let mut line = serde_json::Map::new();
        let mut columns = std::collections::BTreeMap::new();
        for (name, value) in row.get_column_iter() {
            columns.insert(name.clone(), value.clone());
        }
        for name in ["input", "error"] {
            if let Field::Str(text) = &columns[name] {
                line.insert(name.into(), text.clone().into());
            }
        }
        if let Field::Str(report) = &columns["report"] {
            let report: Value = serde_json::from_str(report).unwrap();
            assert_eq!(columns["label"], Field::Str(report["image"]["label"].as_str().unwrap().to_owned()));
            assert_eq!(columns["sha256"], Field::Str(report["input"]["sha256"].as_str().unwrap().to_owned()));
            assert!(matches!(columns["probability"], Field::Float(p) if (0.5..=1.).contains(&p)));
            line.insert("report".into(), report);
        } else {
            assert_eq!((&columns["label"], &columns["probability"]), (&Field::Null, &Field::Null));
        }
        Value::Object(line)
    };
    reader.get_row_iter(None).unwrap().map(|row| line(row.unwrap())).collect()
}

#[test]
fn scans_that_are_named_can_be_written_without_a_list() {
    let dir = tempfile::tempdir().unwrap();
    let output = dir.path().join("lines.ndjson");
    let scans: Vec<PathBuf> = ["fluid.png", "drusen.png"].map(|name| in_repository("www/samples").join(name)).to_vec();
    answers("", &[text(&scans[0]), text(&scans[1]), "--output", text(&output)]);
    let lines = parsed(&fs::read_to_string(&output).unwrap());
    let inputs: BTreeSet<&str> = lines.iter().map(|line| line["input"].as_str().unwrap()).collect();
    assert_eq!(inputs, scans.iter().map(|path| text(path)).collect());

    let empty = dir.path().join("nothing.parquet");
    answers("", &["--stdin", "--output", text(&empty)]);
    assert_eq!(read_parquet(&empty), Vec::<Value>::new());
}

#[test]
fn wrong_usage_is_said_once_before_the_first_line() {
    for (args, code, expected) in [
        (&["explain", "a.png", "--shard", "1/2"][..], 2, "--stdin"),
        (&["explain", "--stdin", "--shard", "3/2"], 2, "I from 1 to N"),
        (&["explain", "--stdin", "--output", "lines.csv"], 2, ".ndjson or .parquet"),
        (&["explain", "--stdin", "a.png"], 2, "cannot be used with"),
        (&["explain", "--stdin", "--json"], 2, "cannot be used with"),
        (&["explain", "--stdin", "--frame", "all"], 1, "name the frames in the list"),
    ] {
        let weights = in_repository(WEIGHTS);
        let refused = refusal(&[args, &["--weights", text(&weights)]].concat(), code);
        assert!(refused.contains(expected), "{args:?}: {refused}");
    }
    let refused = start("a.png\nb.png\n", &["--stdin", "--target", "glaucoma"]).wait_with_output().unwrap();
    let error = String::from_utf8(refused.stderr).unwrap();
    assert!(refused.status.code() == Some(1) && refused.stdout.is_empty() && error.lines().count() == 1, "{error}");
    assert!(error.contains("glaucoma"), "{error}");
}
