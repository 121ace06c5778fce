//! Lines about saved reports that are opened again.

use crate::page::reproduce::{Outcome, Part};
use crate::page::stamp::short_hash;
use crate::page::state::Reproduced;
use crate::page::text::Language;
use crate::report::Report;

/// Whether the same came out again, and what did not.
pub fn reproduced_lines(language: &Language, state: &Reproduced) -> Vec<String> {
    let text = language.text.report;
    let Reproduced::Done(outcome) = state else { return vec![text.comparing.to_owned()] };
    let Outcome { other_model, other_version, other_values, not_asked } = outcome;
    let parts = |parts: &[Part]| parts.iter().map(|part| (text.part)(*part)).collect::<Vec<_>>().join(", ");
    let mut lines = vec![if outcome.is_same() { text.same } else { text.differs }.to_owned()];
    lines.extend(other_model.as_ref().map(|[then, now]| (text.other_model)(short_hash(then), short_hash(now))));
    lines.extend(other_version.as_ref().map(|[then, now]| (text.other_version)(then, now)));
    lines.extend((!other_values.is_empty()).then(|| (text.other_values)(&parts(other_values))));
    lines.extend((!not_asked.is_empty()).then(|| (text.not_compared)(&parts(not_asked))));
    lines
}

/// Which files to add, for reports without their scans.
pub fn missing_lines(language: &Language, reports: &[Report]) -> Vec<String> {
    let line = |report: &Report| {
        let input = &report.input;
        (language.text.report.add_scan)(&input.name, &input.format, short_hash(&input.sha256))
    };
    reports.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::page::fixtures::report;
    use crate::page::text::LANGUAGES;

    #[test]
    fn what_differs_is_said_in_every_language() {
        let hashes = ["0123456789ab", "fedcba987654"].map(str::to_owned);
        let outcome = Outcome {
            other_model: Some(hashes),
            other_version: Some(["0.0.1".into(), "9.9.9".into()]),
            other_values: vec![Part::Heatmap, Part::WordScores],
            not_asked: vec![Part::Baseline],
        };
        for language in &LANGUAGES {
            let said = reproduced_lines(language, &Reproduced::Done(outcome.clone()));
            assert_eq!(said.len(), 5);
            let text = language.text.report;
            let parts =
                ["01234567", "fedcba98", "0.0.1", "9.9.9", (text.part)(Part::Heatmap), (text.part)(Part::Baseline)];
            assert!(parts.iter().all(|part| said.iter().any(|line| line.contains(part))), "{said:?}");
            let same = reproduced_lines(language, &Reproduced::Done(Outcome::default()));
            assert_eq!(same, [text.same]);
            assert_eq!(reproduced_lines(language, &Reproduced::Comparing), [text.comparing]);
        }
    }

    #[test]
    fn a_report_without_its_scan_says_which_file_to_add() {
        let mut report = report("AMD");
        report.input.sha256 = "0123456789abcdef".into();
        for language in &LANGUAGES {
            let lines = missing_lines(language, &[report.clone()]);
            assert!(lines[0].contains("scan.png") && lines[0].contains("01234567"), "{lines:?}");
        }
    }
}
