//! Runs the `train` program.
#![allow(dead_code, reason = "not every test needs every helper")]

use std::path::Path;
use std::process::{Command, Output};

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
