//! Output of commands: results on standard output, notes on standard error.

use std::error::Error as _;
use std::fmt::Display;
use std::io::{self, Write};
use std::sync::atomic::{AtomicBool, Ordering};

use serde::Serialize;

use crate::error::{Error, Result};

/// Writes a result and a line break to standard output.
///
/// # Errors
/// Standard output cannot be written to; [`is_closed_pipe`] tells whether it was closed.
pub(super) fn print(result: impl Display) -> Result<()> {
    let mut stdout = io::stdout().lock();
    let written = writeln!(stdout, "{result}").and_then(|()| stdout.flush());
    written.map_err(|e| Error::io("cannot write to standard output").because(e))
}

/// Writes a result as JSON, as [`print`] does.
pub(super) fn print_json(value: &impl Serialize) -> Result<()> {
    print(
        serde_json::to_string_pretty(value)
            .map_err(|e| Error::io("the result cannot be written as JSON").because(e))?,
    )
}

/// Whether [`note`] writes nothing.
static IS_SILENT: AtomicBool = AtomicBool::new(false);

/// Makes this process say nothing, or speak again: of several that do the same, one speaks.
pub(super) fn be_silent(is_silent: bool) {
    IS_SILENT.store(is_silent, Ordering::Relaxed);
}

/// Writes a note and a line break to standard error. Failures are ignored: no result depends on notes.
pub(crate) fn note(note: impl Display) {
    if IS_SILENT.load(Ordering::Relaxed) {
        return;
    }
    let _ = writeln!(io::stderr(), "{note}");
}

/// The inputs of a command, of which one that fails does not stop the others.
pub(super) struct Failures {
    n_inputs: usize,
    n_failed: usize,
}

impl Failures {
    /// None yet, of `n_inputs`.
    pub(super) fn of(n_inputs: usize) -> Self {
        Self { n_inputs, n_failed: 0 }
    }

    /// What an input gave; a failure is noted and counted.
    ///
    /// # Errors
    /// The input failed and is the only one.
    pub(super) fn keep<T>(&mut self, outcome: Result<T>) -> Result<Option<T>> {
        match outcome {
            Ok(value) => Ok(Some(value)),
            Err(error) if self.n_inputs == 1 => Err(error),
            Err(error) => {
                self.n_failed += 1;
                note(format_args!("error: {error}"));
                Ok(None)
            }
        }
    }

    /// The command's outcome, after all inputs.
    ///
    /// # Errors
    /// An input failed.
    pub(super) fn finish(self) -> Result<()> {
        match self {
            Self { n_failed: 0, .. } => Ok(()),
            Self { n_failed, n_inputs } => {
                Err(Error::io(format!("{n_failed} of {n_inputs} scans have no answer: each is named above")))
            }
        }
    }
}

/// Whether `error` only says that the reader of standard output has closed it, as `head` does after its last line.
pub(crate) fn is_closed_pipe(error: &Error) -> bool {
    let source = error.source().and_then(|source| source.downcast_ref::<io::Error>());
    source.is_some_and(|source| source.kind() == io::ErrorKind::BrokenPipe)
}
