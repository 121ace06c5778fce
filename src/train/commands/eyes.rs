//! What `train explain` says about an eye after the answers about its B-scans.

use clap::ValueEnum;

use crate::caption::Diagnosis;
use crate::error::{Error, Result};
use crate::eye::{EyeAnswer, EyeKey, EyeReport, has_both_eyes};
use crate::report::Report;

/// Which files are of one eye.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum EyeChoice {
    /// All that are given: the caller knows that they are.
    All,
    /// DICOM files of one B-scan that say so: those of one study and one side.
    Study,
}

/// A report, and which eye its file says it is of.
pub(super) type Keyed<'a> = (&'a Report, Option<&'a EyeKey>);

/// The answers about the eyes of several files.
///
/// # Errors
/// All are to be of one eye, and they show a right and a left one.
pub(super) fn joined(choice: EyeChoice, answered: &[Keyed<'_>]) -> Result<Vec<EyeReport>> {
    match choice {
        EyeChoice::All => {
            let reports = || answered.iter().map(|(report, _)| *report);
            if has_both_eyes(reports().map(|report| &report.input)) {
                let message = "the scans show a right and a left eye, which have no answer together: give those of one \
                               eye, or use --eye study";
                return Err(Error::config(message));
            }
            Ok(EyeReport::of(reports()).into_iter().collect())
        }
        EyeChoice::Study => {
            let mut keys: Vec<&EyeKey> = Vec::new();
            for key in answered.iter().filter_map(|(_, key)| *key) {
                if !keys.contains(&key) {
                    keys.push(key);
                }
            }
            let of_key = |key| answered.iter().filter(move |(_, other)| *other == Some(key)).map(|(report, _)| *report);
            let reports = keys.into_iter().filter_map(|key| EyeReport::of(of_key(key)));
            Ok(reports.filter(|eye| eye.inputs.len() > 1).collect())
        }
    }
}

/// An answer in a line.
pub(super) fn eye_line(EyeReport { input, inputs, eye, .. }: &EyeReport) -> String {
    let (name, of) = match inputs.len() {
        0 => (input.name.clone(), String::new()),
        n_files => (format!("{n_files} files"), format!(" of {}", input.name)),
    };
    match eye {
        Some(EyeAnswer { label, probability, frame, warning, n_warned, n_counted, n_answered, .. }) => {
            let role = if label == Diagnosis::Healthy.label() { "looks most like disease" } else { "decided" };
            let frame = frame + 1;
            let doubt = if warning.is_none() { String::new() } else { format!("{}: ", warning.heading()) };
            let warned = if *n_warned > 0 { format!(", {n_warned} with a warning") } else { String::new() };
            format!(
                "{name}: {doubt}the eye is {label} ({probability:.3}); frame {frame}{of} {role}, {n_counted} of {n_answered} \
                 frames count{warned}"
            )
        }
        None => format!(
            "{name}: no answer for the eye, because no frame is a scan that the model knows, or because both eyes are shown"
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::made_up;
    use crate::scan::note::Laterality;

    fn report(name: &str, laterality: Option<Laterality>) -> Report {
        let mut report = made_up::report("AMD", [2, 1], &[1.]);
        (report.input.name, report.input.sha256, report.input.laterality) = (name.into(), name.into(), laterality);
        report
    }

    #[test]
    fn files_of_a_study_are_joined_by_side_and_a_file_alone_has_no_answer_of_its_own() {
        let sides = [Laterality::Right, Laterality::Left, Laterality::Right].map(Some);
        let reports: Vec<Report> = ["a", "b", "c"].iter().zip(sides).map(|(name, side)| report(name, side)).collect();
        let keys: Vec<_> = reports.iter().map(|report| EyeKey::of(Some("1".to_owned()), &report.input)).collect();
        let answered: Vec<Keyed> = reports.iter().zip(&keys).map(|(report, key)| (report, key.as_ref())).collect();
        let eyes = joined(EyeChoice::Study, &answered).unwrap();
        let names: Vec<&str> = eyes[0].inputs.iter().map(|input| input.name.as_str()).collect();
        assert_eq!((eyes.len(), names), (1, vec!["a", "c"]));
        let refused = joined(EyeChoice::All, &answered).unwrap_err().to_string();
        assert!(refused.contains("--eye study") && !refused.contains('\n'), "{refused}");
    }

    #[test]
    fn all_that_are_given_are_joined_where_no_side_is_known() {
        let reports = ["a", "b"].map(|name| report(name, None));
        let answered: Vec<Keyed> = reports.iter().map(|report| (report, None)).collect();
        assert_eq!(joined(EyeChoice::Study, &answered).unwrap(), []);
        let eyes = joined(EyeChoice::All, &answered).unwrap();
        assert_eq!((eyes[0].inputs.len(), eyes[0].eye.as_ref().unwrap().n_answered), (2, 2));
        let line = eye_line(&eyes[0]);
        assert!(line.starts_with("2 files: the eye is AMD (") && line.contains("frame 1 of b decided"), "{line}");
        assert!(eye_line(&EyeReport::of(&reports[..1]).unwrap()).starts_with("a: the eye is AMD ("));
    }
}
