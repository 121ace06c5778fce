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
