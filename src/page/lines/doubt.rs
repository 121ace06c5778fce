//! Lines that say how far an answer can be relied on: the warning, what stands on the picture, and what answers like it turned
//! out to be.

use super::{class_name, eye_line, joined_eye_line};
use crate::eye::EyeAnswer;
use crate::page::numbers::band_text;
use crate::page::picture::{Drawn, Label};
use crate::page::reading::{Agreement, agreement, parted_words};
use crate::page::state::JoinedEye;
use crate::page::text::Language;
use crate::page::track_record::{MIN_SCANS, Row, TrackRecord};
use crate::report::{Report, Warning};

/// What a warning means for the answer, then a sentence for each reason, the gravest first; nothing without a warning.
pub fn warning_lines(language: &Language, warning: &Warning) -> Vec<&'static str> {
    if warning.is_none() {
        return Vec::new();
    }
    let text = language.text.doubt;
    let heading = (text.warning)(warning.kind);
    std::iter::once(heading).chain(warning.reasons.iter().map(|doubt| (text.reason)(*doubt))).collect()
}

/// What the answers of both heads are to each other.
pub fn agreement_line(language: &Language, report: &Report) -> String {
    let [image, words] = [&report.image, &report.text].map(|head| class_name(language, &head.label));
    let text = language.text.doubt;
    match agreement(report) {
        Agreement::Same => text.same.to_owned(),
        Agreement::Split => (text.split)(&image, &words),
        Agreement::Edited if parted_words(report).1.is_empty() => {
            format!("{} {}", language.text.series.caption_without_finding, (text.edited)(&image, &words))
        }
        Agreement::Edited => (text.edited)(&image, &words),
    }
}

/// What stands on a picture.
pub fn label_line(language: &Language, label: &Label) -> String {
    let text = language.text.doubt;
    match label {
        Label::Doubt(kind) => (text.warning)(*kind).to_owned(),
        Label::OtherClass { target, answer } => {
            let answer = answer.as_ref().map(|label| language.name_of(label));
            (text.other_class)(language.name_of(target), answer)
        }
        Label::Finding { finding, is_like, is_empty } => {
            let (linked, finding) = (language.text.linked, language.name_of(finding));
            if *is_empty { (linked.empty_map)(finding) } else { (linked.on_map)(finding, *is_like) }
        }
        Label::Empty { target } => (text.empty_map)(language.name_of(target)),
        Label::Scale(drawn) => (text.drawn)(*drawn),
    }
}

/// How the map of a saved picture is drawn, with its class, in a line of text; nothing while no map is shown.
pub(super) fn drawn_line(language: &Language, target: &str, drawn: Drawn) -> String {
    let target = target.to_owned();
    label_line(language, &if drawn == Drawn::Empty { Label::Empty { target } } else { Label::Scale(drawn) })
}

/// Which answers a track record is about.
pub fn track_record_line(language: &Language, record: &TrackRecord) -> String {
    let band = band_text(record.probability);
    (language.text.doubt.answers_like)(&class_name(language, &record.label), &band, record.is_warned)
}

/// A row of a track record.
#[derive(Clone, Debug, PartialEq)]
pub struct RowLines {
    /// The device and the data set.
    pub source: String,
    /// Right answers in percent; nothing where there are too few to say.
    pub percent: Option<String>,
    /// The counts behind it.
    pub counts: String,
    /// Scans of other diseases that were answered so; nothing where there are none.
    pub others: Option<String>,
}

/// A row of a track record.
pub fn row_lines(language: &Language, row: &Row) -> RowLines {
    let text = language.text.doubt;
    let counts = if row.n_scans < MIN_SCANS { text.too_few } else { text.right_of };
    RowLines {
        source: format!("{} ({})", (language.text.device)(&row.source.device), row.source.data_set),
        percent: row.percent_right().map(|percent| format!("{percent:.0} %")),
        counts: counts(row.n_right, row.n_scans),
        others: row.n_other_diseases.filter(|n| *n > 0).map(text.other_diseases),
    }
}

/// The answer for the eye, after its doubt; where it is folded, the doubt and the frame to look at first.
pub fn eye_lines(language: &Language, eye: &EyeAnswer, is_folded: bool) -> String {
    let text = language.text.doubt;
    if is_folded {
        return (text.eye_folded)((text.in_short)(eye.warning), eye.frame + 1);
    }
    beside_doubt(language, eye, &eye_line(language, eye))
}

/// The same for an eye by several files; where it is folded, the scan to look at first.
pub fn joined_eye_lines(language: &Language, joined: &JoinedEye) -> String {
    let text = language.text.doubt;
    if joined.is_folded {
        return (text.joined_eye_folded)((text.in_short)(joined.eye.warning), &joined.title);
    }
    beside_doubt(language, &joined.eye, &joined_eye_line(language, joined))
}

fn beside_doubt(language: &Language, eye: &EyeAnswer, answer: &str) -> String {
    let text = language.text.doubt;
    let doubt = if eye.warning.is_none() { String::new() } else { format!("({}) ", (text.in_short)(eye.warning)) };
    let warned = if eye.n_warned > 0 { format!(". {}", (text.n_warned)(eye.n_warned)) } else { String::new() };
    format!("{doubt}{answer}{warned}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::page::card::Source;
    use crate::page::fixtures::{report, warning};
    use crate::page::text::LANGUAGES;
    use crate::report::{CaptionSource, Doubt, WarningKind};

    #[test]
    fn agreement_is_never_told_as_a_second_opinion() {
        let [english, korean] = ["en", "ko"].map(Language::from_tag);
        let mut report = report("AMD, fluid");
        assert!(agreement_line(english, &report).contains("no second opinion"));
        assert!(agreement_line(korean, &report).contains("별개의 의견이 아닙니다"));
        report.caption.source = CaptionSource::Edited;
        for language in &LANGUAGES {
            let line = agreement_line(language, &report);
            assert_ne!(line, language.text.doubt.same);
            assert!(line.matches(language.name_of("AMD")).count() >= 2, "{line}");
        }
    }

    #[test]
    fn a_map_says_whose_it_is_and_by_what_it_is_drawn() {
        let other = Label::OtherClass { target: "healthy".into(), answer: Some("AMD".into()) };
        assert_eq!(label_line(Language::from_tag("en"), &other), "Map for healthy. The answer is AMD.");
        let absolute = Label::Scale(Drawn::Absolute { share: 0.125 });
        assert!(label_line(Language::from_tag("en"), &absolute).contains("12 %"));
        let labels = [
            Label::Doubt(WarningKind::Unsure),
            other,
            Label::OtherClass { target: "healthy".into(), answer: None },
            Label::Empty { target: "AMD".into() },
            Label::Scale(Drawn::Relative),
            absolute,
        ];
        for language in &LANGUAGES {
            let lines: Vec<_> = labels.iter().map(|label| label_line(language, label)).collect();
            assert!(lines.iter().all(|line| lines.iter().filter(|other| *other == line).count() == 1), "{lines:?}");
        }
    }

    #[test]
    fn a_track_record_counts_and_claims_no_share_of_a_few() {
        let english = Language::from_tag("en");
        let source = Source::of("kermany", None);
        let record = TrackRecord { label: "AMD".into(), probability: [0.75, 0.9], is_warned: true, rows: Vec::new() };
        let line = track_record_line(english, &record);
        assert!(line.contains("“AMD”") && line.contains(".75–.90 and there was a warning"), "{line}");
        let row = Row { source: source.clone(), n_scans: 40, n_right: 38, n_other_diseases: Some(12) };
        let lines = row_lines(english, &row);
        assert_eq!((lines.percent.as_deref(), lines.counts.as_str()), (Some("95 %"), "38 of 40 scans"));
        assert!(lines.source.contains("Heidelberg Spectralis") && lines.others.unwrap().contains("12 scans"));
        let few = row_lines(english, &Row { source, n_scans: 3, n_right: 3, n_other_diseases: None });
        assert_eq!((few.percent, few.counts.as_str(), few.others), (None, "too few to tell: 3 of 3", None));
    }

    #[test]
    fn the_doubt_about_an_eye_comes_before_its_answer() {
        let eye = EyeAnswer {
            label: "AMD".into(),
            probability: 0.8,
            frame: 2,
            warning: WarningKind::Unsure,
            n_warned: 3,
            n_counted: 5,
            n_answered: 5,
            n_frames: 5,
        };
        let english = Language::from_tag("en");
        let line = eye_lines(english, &eye, false);
        assert_eq!(line, "(not sure) Eye: AMD .80, frame 3 of 5 decided. 3 frames have a warning.");
        for language in &LANGUAGES {
            let folded = eye_lines(language, &eye, true);
            assert!(folded.contains('3') && !folded.contains(language.name_of("AMD")), "{folded}");
        }
    }

    #[test]
    fn a_warning_is_its_heading_and_its_reasons() {
        let warning = warning(&[Doubt::OneColour, Doubt::LowProbability]);
        let said = warning_lines(Language::from_tag("en"), &warning);
        assert_eq!(said, [warning.kind.heading(), Doubt::OneColour.advice(), Doubt::LowProbability.advice()]);
        assert!(warning_lines(Language::from_tag("en"), &Warning::default()).is_empty());
    }
}
