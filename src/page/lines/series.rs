//! Lines about all scans at a glance: the cells of a row, and what is said of the shown scan.

use super::prediction_line;
use crate::page::classes::ClassGroup;
use crate::page::lines::{group_name, warning_lines};
use crate::page::numbers::probability_text;
use crate::page::scans::OpenScan;
use crate::page::series::{Outcome, SeriesRow};
use crate::page::text::Language;
use crate::report::{Report, WarningKind};

/// What the cells of a row say beside its name and its answer. Of a folded answer only the doubt is said.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RowCells {
    /// How probable AMD is.
    pub suspicion: String,
    /// What the words say.
    pub words: String,
    /// The caption that they are.
    pub caption: String,
    /// The reasons to doubt the answer, or why there is none.
    pub doubt: String,
}

/// The cells of a row.
pub fn row_cells(language: &Language, row: &SeriesRow) -> RowCells {
    match &row.outcome {
        Outcome::Answered { report, is_folded } => answered_cells(language, report, *is_folded),
        Outcome::Failed(failure) => RowCells { doubt: (language.text.failure)(failure), ..RowCells::default() },
        Outcome::Waiting | Outcome::NotAsked => RowCells::default(),
    }
}

fn answered_cells(language: &Language, report: &Report, is_folded: bool) -> RowCells {
    let doubt = match warning_lines(language, &report.warning).split_first() {
        Some((heading, reasons)) => format!("{heading}. {}", reasons.join(" ")),
        None => String::new(),
    };
    if is_folded || report.warning.kind == WarningKind::NotAScan {
        return RowCells { doubt, ..RowCells::default() };
    }
    RowCells {
        suspicion: probability_text(ClassGroup::Amd.probability(&report.image)),
        words: prediction_line(language, &report.text),
        caption: language.translated(&report.caption.text),
        doubt,
    }
}

/// The heading of the column of how probable AMD is.
pub fn suspicion_heading(language: &Language) -> String {
    (language.text.series.column_probability)(group_name(language, ClassGroup::Amd))
}

/// What is said when the answer about a scan is shown: its name, and the doubt before the answer.
pub fn live_line(language: &Language, scan: &OpenScan) -> Option<String> {
    let (report, text) = (scan.report()?, language.text);
    let kind = report.warning.kind;
    let doubt = if kind.is_none() { String::new() } else { format!("{}. ", (text.doubt.warning)(kind)) };
    let answer = match kind {
        WarningKind::NotAScan => String::new(),
        _ if scan.is_folded() => text.doubt.folded.to_owned(),
        _ => prediction_line(language, &report.image),
    };
    Some((text.series.live)(&scan.title(), format!("{doubt}{answer}").trim_end()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Error;
    use crate::page::fixtures::{held, report, warning};
    use crate::page::lines::agreement_line;
    use crate::page::scans::Answer;
    use crate::page::series::{FailedScan, SeriesCount, series_rows};
    use crate::page::text::LANGUAGES;
    use crate::report::{CaptionSource, Doubt, Options};
    use std::sync::Arc;

    fn doubtful(doubt: Doubt) -> OpenScan {
        let report = Report { warning: warning(&[doubt]), ..report("AMD, fluid") };
        let mut scan = held(1, "AMD, fluid");
        scan.answer = Some(Answer { report: Arc::new(report), answered: Options::default() });
        scan
    }

    fn cells(language: &Language, scan: &OpenScan) -> RowCells {
        row_cells(language, &series_rows(std::iter::once(scan), &[])[0])
    }

    #[test]
    fn a_row_says_the_answer_only_where_it_is_not_folded() {
        let english = Language::from_tag("en");
        let plain = cells(english, &held(1, "AMD, fluid"));
        assert_eq!((plain.suspicion.as_str(), plain.words.as_str(), plain.doubt.as_str()), (".90", "AMD .90", ""));
        assert_eq!(plain.caption, "AMD, fluid");
        for language in &LANGUAGES {
            for doubt in [Doubt::LowProbability, Doubt::Noise] {
                let folded = cells(language, &doubtful(doubt));
                assert!(!folded.doubt.is_empty());
                assert_eq!(folded, RowCells { doubt: folded.doubt.clone(), ..RowCells::default() });
            }
            let failed = FailedScan::of(&held(1, "AMD"), Error::scan("no scan").into());
            let row = &series_rows(std::iter::empty(), &[failed])[0];
            assert!(row_cells(language, row).doubt.contains("no scan"));
        }
    }

    #[test]
    fn what_is_said_of_a_scan_has_its_name_and_the_doubt_first() {
        let english = Language::from_tag("en");
        assert_eq!(live_line(english, &held(1, "AMD, fluid")).as_deref(), Some("1.png: AMD .90"));
        let folded = live_line(english, &doubtful(Doubt::LowProbability)).unwrap();
        assert!(folded.starts_with("1.png: Not sure of this answer. ") && !folded.contains(".90"), "{folded}");
        let mut opened = doubtful(Doubt::LowProbability);
        opened.opened_despite = Some(vec![Doubt::LowProbability]);
        assert!(live_line(english, &opened).unwrap().ends_with("Not sure of this answer. AMD .90"));
        let none = live_line(english, &doubtful(Doubt::Noise)).unwrap();
        assert_eq!(none, "1.png: No answer: not an OCT B-scan.");
        let mut waits = held(1, "AMD");
        waits.answer = None;
        assert_eq!(live_line(english, &waits), None);
    }

    #[test]
    fn a_caption_without_a_finding_says_that_the_words_have_nothing_to_go_by() {
        for language in &LANGUAGES {
            let mut edited = report("AMD");
            edited.caption.source = CaptionSource::Edited;
            let line = agreement_line(language, &edited);
            assert!(line.starts_with(language.text.series.caption_without_finding), "{line}");
            let mut with_finding = report("AMD, fluid");
            with_finding.caption.source = CaptionSource::Edited;
            assert!(!agreement_line(language, &with_finding).contains(language.text.series.caption_without_finding));
        }
    }

    #[test]
    fn counts_say_what_failed() {
        let count = |n_failed| SeriesCount { n_answered: 12, n_total: 40, n_failed };
        let english = Language::from_tag("en").text.series;
        assert_eq!((english.count)(count(2)), "12 of 40 answered, 2 failed");
        assert_eq!((english.count)(count(0)), "12 of 40 answered");
        let korean = (Language::from_tag("ko").text.series.count)(count(2));
        assert_eq!(korean, "40장 중 12장 분석됨, 실패 2장");
    }
}
