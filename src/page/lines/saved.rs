//! The lines below a saved picture.

use super::doubt::drawn_line;
use super::{input_title, prediction_line, warning_lines};
use crate::page::picture::Drawn;
use crate::page::stamp::{moment_text, short_hash};
use crate::page::text::Language;
use crate::report::{CaptionSource, Heatmap, Prediction, Report};

/// The lines below a saved picture of a report, the warning first. A folded answer is left out. `map` is the map that is shown and
/// how it is drawn, none while it is hidden; without it the words are left out: they are never shown without the map.
pub fn saved_lines(
    language: &Language,
    report: &Report,
    is_folded: bool,
    map: Option<(&Heatmap, Drawn)>,
) -> Vec<String> {
    let text = language.text;
    let says = |head: &str, prediction: &Prediction| format!("{head}: {}", prediction_line(language, prediction));
    let mut lines: Vec<_> = warning_lines(language, &report.warning).into_iter().map(str::to_owned).collect();
    let mut source = vec![input_title(&report.input)];
    if is_folded {
        lines.push(text.doubt.folded.to_owned());
    } else {
        let image = says(text.image_says, &report.image);
        // On the right, where its picture is.
        let baseline = report.baseline.as_ref().map(|b| (text.on_the_right)(&says(text.baseline, &b.image)));
        match map {
            None => lines.extend([image].into_iter().chain(baseline)),
            Some((map, drawn)) => {
                let caption = &report.caption;
                let written = if caption.source == CaptionSource::Edited { text.edited } else { text.retrieved };
                lines.push(format!("{image}   ·   {}", says(text.words_say, &report.text)));
                lines.extend(baseline);
                lines.push(format!("{} ({written})", caption.text));
                let (method, target) = ((text.map_method)(map.method), language.name_of(&map.target));
                source.push(format!("{method} {} → {target}", map.layer));
                source.push(drawn_line(language, &map.target, drawn));
            }
        }
    }
    let version = report.saved.as_ref().map_or(env!("CARGO_PKG_VERSION"), |note| &note.version);
    source.push(format!("octlens {version}, {} {}", report.model.name, short_hash(&report.model.sha256)));
    source.extend(report.saved.as_ref().map(|note| moment_text(&note.at)));
    lines.push(source.join(" · "));
    // In a line of its own it is not overlooked.
    lines.push(format!("{} {}", text.research_only, text.not_a_device));
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::page::fixtures::{prediction, report, warning};
    use crate::page::stamp::{Moment, Stamp};
    use crate::page::text::LANGUAGES;
    use crate::report::{BaselineReport, Doubt};

    #[test]
    fn a_saved_picture_names_scan_method_scale_and_model() {
        for language in &LANGUAGES {
            let mut report = report("AMD, fluid");
            let lines = saved_lines(language, &report, false, Some((&report.heatmap, Drawn::Relative)));
            assert_eq!(lines.len(), 4);
            assert!(lines[1].starts_with("AMD, fluid ("), "captions stay as the model reads them: {}", lines[1]);
            let scale = (language.text.doubt.drawn)(Drawn::Relative);
            for part in
                ["scan.png", "GradCAM", "layer4", &scale, concat!("octlens ", env!("CARGO_PKG_VERSION"), ", m 0")]
            {
                assert!(lines[2].contains(part), "{part}: {}", lines[2]);
            }
            assert!(lines[3].contains(language.text.research_only) && lines[3].contains(language.text.not_a_device));
            let at = Moment { date: [2026, 1, 2], time: [3, 4, 5], utc_offset_min: 0 };
            let signed = Stamp { at, keeps_name: false }.sign(language, &report);
            let lines = saved_lines(language, &signed, false, None);
            assert!(lines[1].contains("2026-01-02 03:04:05") && !lines[1].contains("scan.png"), "{}", lines[1]);
            let baseline = BaselineReport {
                model: report.model.clone(),
                image: prediction(&[("healthy", 0.8), ("AMD", 0.2)]),
                heatmap: report.heatmap.clone(),
            };
            report.baseline = Some(baseline);
            let lines = saved_lines(language, &report, false, Some((&report.heatmap, Drawn::Relative)));
            assert!(lines.len() == 5 && lines[1].contains(".80"), "{}", lines[1]);
        }
    }

    #[test]
    fn the_warning_stands_first_and_a_folded_answer_is_not_saved() {
        let mut report = report("AMD, fluid");
        report.warning = warning(&[Doubt::UnlikeTraining, Doubt::LowProbability]);
        for language in &LANGUAGES {
            let opened = saved_lines(language, &report, false, Some((&report.heatmap, Drawn::Relative)));
            let folded = saved_lines(language, &report, true, None);
            for lines in [&opened, &folded] {
                assert_eq!(lines[..3], *warning_lines(language, &report.warning));
            }
            assert_eq!([opened.len(), folded.len()], [7, 6]);
            let said = folded[3..].join(" ");
            assert!(!said.contains(".90") && !said.contains("fluid") && !said.contains("GradCAM"), "{said}");
        }
    }

    #[test]
    fn words_are_not_saved_without_the_map() {
        let lines = saved_lines(Language::from_tag("en"), &report("AMD, fluid"), false, None);
        assert_eq!(lines.len(), 3);
        assert!(lines[0].contains(".90") && !lines.join(" ").contains("fluid"), "{lines:?}");
    }
}
