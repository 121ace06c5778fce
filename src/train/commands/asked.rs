//! What `train explain` asks about every scan, and the answers about one file.

use std::path::Path;

use clap::ValueEnum;

use super::dicom::DicomArgs;
use super::output::note;
use crate::bundle::sha256;
use crate::engine::baseline::Baseline;
use crate::engine::{Analysis, Engine, Input};
use crate::error::{Error, Kind, Result};
use crate::eye::EyeKey;
use crate::report::{FindingReport, Options, Report};
use crate::scan::{Scan, ScanFile};
use crate::train::data::scan_file;
use crate::train::files::{self, in_file};

/// How pictures are looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum ViewChoice {
    /// As their report suggests.
    Suggested,
}

/// Which B-scans of a file are answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Frames {
    /// One, by its number from 0.
    One(usize),
    All,
}

impl Frames {
    /// A number from 1, or `all`.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        match text.parse::<usize>() {
            Ok(number @ 1..) => Ok(Self::One(number - 1)),
            _ if text == "all" => Ok(Self::All),
            _ => Err("give a number from 1, or all".to_owned()),
        }
    }
}

/// What is asked about every scan, and who answers.
pub(super) struct Asked<'a> {
    pub(super) engine: &'a Engine,
    pub(super) baseline: Option<&'a Baseline>,
    pub(super) options: &'a Options,
    pub(super) findings: &'a [String],
    pub(super) hidden: &'a [[f32; 4]],
    pub(super) dicom: &'a DicomArgs,
    pub(super) view: Option<ViewChoice>,
    /// Whether it matters which eye files say that they are of.
    pub(super) wants_keys: bool,
}

/// Why a file has no answer, or not all of them.
pub(super) struct Broken {
    pub(super) error: Error,
    /// Whether the other scans may have answers nevertheless.
    pub(super) is_of_scan: bool,
}

impl Broken {
    fn of_all(error: Error) -> Self {
        Self { error, is_of_scan: false }
    }

    fn of_scan(path: &Path, error: Error) -> Self {
        match error.kind() {
            Kind::Caption | Kind::Config => Self::of_all(error),
            _ => Self { error: in_file(path, error), is_of_scan: true },
        }
    }
}

/// A grey square, for [`Asked::trial`].
const TRIAL: (&[u8], usize) = (b"P5\n64 64\n255\n", 64 * 64);

impl Asked<'_> {
    /// The report on a picture that is no scan: what is wrong with an option for every scan is wrong for this one.
    ///
    /// # Errors
    /// The options name a class, phrase or method that is not the model's.
    pub(super) fn trial(&self) -> Result<Report> {
        let bytes = [TRIAL.0, &[128; TRIAL.1]].concat();
        let analysis = self.engine.analyze(&Input { name: "trial.pgm", bytes: &bytes, frame: 0 }, self.options)?;
        let mut report = analysis.report.clone();
        report.findings = self.find(&analysis)?;
        if let Some(baseline) = self.baseline {
            baseline.add_answer(&mut report, &analysis.scan, self.options, &mut None)?;
        }
        Ok(report)
    }

    /// Gives `take` the report on each of the wanted B-scans of a file, the B-scan, and which eye the file says it is of.
    pub(super) fn answer(
        &self,
        path: &Path,
        frames: Option<Frames>,
        mut take: impl FnMut(Report, Scan, Option<EyeKey>) -> Result<()>,
    ) -> Result<(), Broken> {
        let of_scan = |error| Broken::of_scan(path, error);
        // It names the file itself.
        let bytes = scan_file::read(path).map_err(|error| Broken { error, is_of_scan: true })?;
        let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy();
        let file = ScanFile::open_named(&name, &bytes).map_err(of_scan)?;
        let identity = self.dicom.identity(&file).map_err(of_scan)?;
        let sha256 = sha256::of(&bytes);
        let study = self.wants_keys.then(|| file.study()).flatten();
        let n_frames = file.n_frames();
        if frames.is_none() && n_frames > 1 {
            note(format_args!("{name}: the first of {n_frames} B-scans; --frame all answers about all of them"));
        }
        let wanted = match frames {
            None => 0..1,
            Some(Frames::One(frame)) => frame..frame + 1,
            Some(Frames::All) => 0..n_frames,
        };
        for frame in wanted {
            let ask = |options| self.engine.analyze_frame(&name, &file, frame, &sha256, options).map_err(of_scan);
            let mut analysis = ask(self.options)?;
            if let (Some(ViewChoice::Suggested), Some(view)) = (self.view, analysis.report.suggestion) {
                analysis = ask(&Options { view: Some(view), ..self.options.clone() })?;
            }
            let mut report = analysis.report.clone();
            self.add_evidence(&analysis, &mut report).map_err(of_scan)?;
            if let Some(baseline) = self.baseline {
                baseline.add_answer(&mut report, &analysis.scan, self.options, &mut None).map_err(Broken::of_all)?;
            }
            let objects = self.dicom.objects(identity.as_ref(), &report).map_err(of_scan)?;
            for (path, bytes) in objects {
                files::write(&path, bytes).map_err(Broken::of_all)?;
            }
            let key = EyeKey::of(study.clone(), &report.input);
            take(report, analysis.scan, key).map_err(Broken::of_all)?;
        }
        Ok(())
    }

    fn add_evidence(&self, analysis: &Analysis, report: &mut Report) -> Result<()> {
        report.findings = self.find(analysis)?;
        if !self.hidden.is_empty() {
            report.hidden = Some(self.engine.hide(analysis, self.hidden)?);
        }
        Ok(())
    }

    fn find(&self, analysis: &Analysis) -> Result<Vec<FindingReport>> {
        let Options { map, layer, .. } = *self.options;
        self.findings.iter().map(|finding| self.engine.finding_report(analysis, finding, map, layer)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_numbered_from_1_for_people() {
        assert_eq!(Frames::parse("1"), Ok(Frames::One(0)));
        assert_eq!(Frames::parse("all"), Ok(Frames::All));
        for wrong in ["0", "-1", "", "every", "1.5"] {
            assert!(Frames::parse(wrong).is_err(), "{wrong}");
        }
    }
}
