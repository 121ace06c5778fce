//! `train explain --stdin` and `--output`: a line for each scan of a list, so that engines which run many processes over an
//! archive (GNU parallel, Spark, Slurm, Ray) can use it as it is. Knows no such engine.
//!
//! A line depends on its scan, the weights and the options only: not on the run, the shard or the number of threads. Times are
//! therefore left out.

mod input;
mod line;
mod output;
mod parquet;
mod shard;

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use clap::Args;

use self::input::{Input, Inputs};
use self::line::{Line, MadeBy};
use self::output::{Output, OutputPath};
use self::shard::Shard;
use super::asked::{Asked, Frames};
use super::output::{note, print};
use crate::error::{Error, Result};
use crate::report::{Report, TimingsMs};

#[derive(Args)]
pub(super) struct ArchiveArgs {
    /// Read the scans from standard input, a path or an object {"path": …, "frame": …} per line, and print a line of JSON for
    /// each: {"input": …, "report": …}, or {"input": …, "error": …}.
    ///
    /// Lines are in the order of the input, and each is written before the next is read. A scan without an answer does not end
    /// the program, nor change its exit code. Frames count from 0, as in reports; --frame says which one is meant where a line
    /// does not. Reports have no timings, so that lines are the same in every run.
    #[arg(long, conflicts_with_all = ["images", "json", "out", "eye", "show_identifiers"])]
    stdin: bool,
    /// File for the lines of --stdin, or of the scans that are named, instead of standard output: .ndjson, or .parquet.
    ///
    /// What a stopped run has answered is in FILE.partial, and is not done again by the same command. FILE is there when
    /// everything is in it.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["json", "out", "eye", "show_identifiers"])]
    output: Option<OutputPath>,
    /// Answer only about the I-th of N parts of the scans, from 1: those whose path has a hash that falls to it. Each part needs
    /// an --output of its own.
    #[arg(long, value_name = "I/N", requires = "lines")]
    shard: Option<Shard>,
}

/// Where lines go to.
enum Sink {
    Printed,
    File(Output),
}

impl Sink {
    /// Whether the line of this input is there already.
    fn has(&mut self, input: &Input) -> bool {
        match self {
            Self::Printed => false,
            Self::File(output) => output.has(&input.key()),
        }
    }

    fn write(&mut self, line: &Line) -> Result<()> {
        match self {
            Self::Printed => print(line.text()?),
            Self::File(output) => output.write(line),
        }
    }
}

#[derive(Default)]
struct Counts {
    n_answered: usize,
    n_failed: usize,
    n_there: usize,
}

impl ArchiveArgs {
    /// Whether lines are wanted.
    pub(super) fn is_asked(&self) -> bool {
        self.stdin || self.output.is_some()
    }

    /// Writes a line about each of `images`, or of those that standard input names.
    ///
    /// # Errors
    /// An option is wrong for every scan, or lines cannot be written. A scan without an answer is no error.
    pub(super) fn run(&self, asked: &Asked<'_>, images: &[PathBuf], frames: Option<Frames>) -> Result<()> {
        let usual_frame = match frames {
            None => 0,
            Some(Frames::One(frame)) => frame,
            Some(Frames::All) => {
                return Err(Error::config("--frame all has no line per scan: name the frames in the list"));
            }
        };
        // An unknown class or phrase is said once, before the first of ten million lines.
        let made_by = MadeBy::of(&asked.trial()?);
        let mut sink = match &self.output {
            None => Sink::Printed,
            Some(path) => Sink::File(Output::open(path, made_by)?),
        };
        let mut counts = Counts::default();
        let inputs: Box<dyn Iterator<Item = Result<Input>>> = if self.stdin {
            Box::new(Inputs::of(io::stdin().lock()))
        } else {
            Box::new(images.iter().map(|path| Ok(Input::of_path(path.clone()))))
        };
        for input in inputs {
            let input = input?;
            if self.shard.is_some_and(|shard| !shard.has(&input.text)) {
                continue;
            }
            if sink.has(&input) {
                counts.n_there += 1;
                continue;
            }
            let report = answer(asked, &input, usual_frame);
            *(if report.is_ok() { &mut counts.n_answered } else { &mut counts.n_failed }) += 1;
            sink.write(&Line::new(&input, report)?)?;
        }
        if let Sink::File(output) = sink {
            output.finish()?;
            let Counts { n_answered, n_failed, n_there } = counts;
            note(format_args!(
                "{n_answered} scans answered, {n_failed} without an answer, {n_there} were there already"
            ));
        }
        Ok(())
    }
}

fn answer(asked: &Asked<'_>, input: &Input, usual_frame: usize) -> Result<Report, String> {
    let path = input.path.as_ref().map_err(ToString::to_string)?;
    let frame = input.frame.map_or(usual_frame, |frame| frame as usize);
    // A file that makes a decoder panic costs its own line only.
    let outcome = catch_unwind(AssertUnwindSafe(|| report_on(asked, path, frame)));
    outcome
        .unwrap_or_else(|_| Err(Error::scan(format!("{}: the program failed on this file", path.display()))))
        .map_err(|error| error.to_string())
}

/// The report on one B-scan, without its timings.
fn report_on(asked: &Asked<'_>, path: &Path, frame: usize) -> Result<Report> {
    let mut answered = None;
    let outcome = asked.answer(path, Some(Frames::One(frame)), |report, _, _| {
        answered = Some(Report { timings_ms: TimingsMs::default(), ..report });
        Ok(())
    });
    outcome.map_err(|broken| broken.error)?;
    answered.ok_or_else(|| Error::scan(format!("{} has no frame {frame}", path.display())))
}
