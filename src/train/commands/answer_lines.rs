//! What `train explain` prints about a scan for people.

use super::evidence_lines::evidence_lines;
use crate::report::{InputRef, Prediction, Report, WarningKind};

/// A scan's name in the output, with its number where the file has several.
pub(super) fn input_name(report: &Report) -> String {
    let InputRef { name, frame, n_frames, .. } = &report.input;
    if *n_frames > 1 { format!("{name}, frame {} of {n_frames}", frame + 1) } else { name.clone() }
}

/// Both answers in a line, below it a line for each reason to doubt them, for each note about the file, and for what else was
/// asked.
pub(super) fn lines(name: &str, report: &Report) -> String {
    let mut text = answer_line(name, report);
    for doubt in &report.warning.reasons {
        text.push_str(&format!("\n  warning, {}: {}", doubt.kind().name(), doubt.advice()));
    }
    if let Some(view) = report.suggestion {
        let what = view.suggestion([report.input.width, report.input.height]);
        text.push_str(&format!("\n  {what} Use --view suggested."));
    }
    for note in &report.input.notes {
        text.push_str(&format!("\n  note: {}", note.text()));
    }
    for line in evidence_lines(report) {
        text.push_str(&format!("\n  {line}"));
    }
    text
}

fn answer_line(name: &str, report: &Report) -> String {
    let p = |prediction: &Prediction| prediction.probabilities[&prediction.label];
    let answer = format!(
        "image says {} ({:.3}), words say {} ({:.3}): {}",
        report.image.label,
        p(&report.image),
        report.text.label,
        p(&report.text),
        report.caption.text
    );
    match report.warning.kind {
        kind @ WarningKind::NotAScan => format!("{name}: {} ({answer})", kind.heading()),
        _ => format!("{name}: {answer}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::{Doubt, Warning, made_up};
    use crate::scan::note::Note;
    use crate::scan::view::View;

    /// A report of a model that is sure of a healthy scan.
    fn report(reasons: &[Doubt]) -> Report {
        let mut report = made_up::report("healthy", [2, 1], &[1.]);
        let kind = reasons.first().map(|doubt| doubt.kind()).unwrap_or_default();
        report.warning = Warning { kind, reasons: reasons.to_vec(), score: 0.5 };
        report
    }

    #[test]
    fn a_file_of_several_scans_is_named_with_the_number_of_the_frame() {
        let mut report = report(&[]);
        assert_eq!((input_name(&report), report.input.frame_suffix()), ("a.png".to_owned(), String::new()));
        (report.input.frame, report.input.n_frames) = (6, 49);
        assert_eq!(input_name(&report), "a.png, frame 7 of 49");
        assert_eq!(report.input.frame_suffix(), "-frame-07");
    }

    #[test]
    fn doubts_are_printed_below_the_answer_and_what_is_not_a_scan_has_none() {
        let answer = "image says healthy (0.900), words say healthy (0.900): healthy";
        assert_eq!(lines("a.png", &report(&[])), format!("a.png: {answer}"));
        let unsure = lines("a.png", &report(&[Doubt::HeadsDisagree, Doubt::CaptionFar]));
        let printed: Vec<_> = unsure.lines().collect();
        assert_eq!(printed[0], format!("a.png: {answer}"));
        assert_eq!(printed[2], format!("  warning, unsure: {}", Doubt::CaptionFar.advice()));
        let mut oriented = report(&[Doubt::CaptionFar]);
        oriented.input.notes.push(Note::Oriented);
        assert!(lines("a.png", &oriented).ends_with(&format!("\n  note: {}", Note::Oriented.text())));
        let mut screenshot = report(&[Doubt::MoreThanAScan]);
        screenshot.suggestion = Some(View { crop: Some([1, 0, 1, 1]), ..View::default() });
        let printed = lines("a.png", &screenshot);
        assert!(printed.ends_with("with the scan at the right. Use --view suggested."), "{printed}");
        let noise = lines("a.png", &report(&[Doubt::Noise]));
        assert!(noise.starts_with("a.png: No answer: not an OCT B-scan (image says"), "{noise}");
    }
}
