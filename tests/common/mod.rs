//! Runs the `train` program.
#![allow(dead_code, reason = "not every test needs every helper")]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

/// The model of the repository.
pub const WEIGHTS: &str = "weights/compact.safetensors";

/// Runs `train`, with backtraces switched on: messages must not contain them.
pub fn train(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_train")).args(args).env("RUST_BACKTRACE", "1").output().unwrap()
}

/// Standard output of a call that must succeed.
pub fn printed(args: &[&str]) -> String {
    let output = train(args);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "train {}: {errors}", args.join(" "));
    String::from_utf8(output.stdout).unwrap()
}

/// A path as an argument.
pub fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// Standard output of a call that must succeed, which is JSON.
pub fn json(args: &[&str]) -> Value {
    serde_json::from_str(&printed(args)).unwrap()
}

/// The sum of an array of counts.
pub fn sum(counts: &Value) -> u64 {
    counts.as_array().unwrap().iter().map(|n| n.as_u64().unwrap()).sum()
}

/// A path below the repository's root.
pub fn in_repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// Standard error of a call that must fail with `code`.
pub fn refusal(args: &[&str], code: i32) -> String {
    let output = train(args);
    assert_eq!(output.status.code(), Some(code), "train {}", args.join(" "));
    String::from_utf8(output.stderr).unwrap()
}

/// A refusal of one line that names no temporary file.
pub fn one_line(args: &[&str]) -> String {
    let refused = refusal(args, 1);
    let is_one_line = refused.starts_with("error: ") && refused.lines().count() == 1;
    assert!(is_one_line && !refused.contains(".unfinished-"), "{refused}");
    refused
}

/// Copies of a demo scan, one at each path.
pub fn copy_scan(paths: &[PathBuf]) {
    for path in paths {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::copy(in_repository("www/samples/fluid.png"), path).unwrap();
    }
}
