//! Lines composed of a language's strings and a report's values.

use crate::page::numbers::{probability_of_label, probability_text, total_ms};
use crate::page::reading::{Agreement, Badge, Verdict, agreement, verdict};
use crate::page::text::Language;
use crate::protocol::Progress;
use crate::report::{CaptionSource, Prediction, Report, TimingsMs, Warning, Word};

/// What is being loaded, with its progress in bytes.
pub fn loading_line(language: &Language, what: &str, progress: Progress) -> String {
    if progress.total_bytes == 0 {
        return what.to_owned();
    }
    let megabytes = language.text.megabytes;
    format!("{what}: {} / {}", megabytes(progress.done_bytes), megabytes(progress.total_bytes))
}

/// How long each step took.
pub fn timings_line(language: &Language, timings: &TimingsMs) -> String {
    let text = language.text;
    let steps = [
        (text.decode, timings.decode),
        (text.preprocess, timings.preprocess),
        (text.image_encoder, timings.image_encoder),
        (text.text_encoder, timings.text_encoder),
        (text.explain, timings.explain),
    ];
    steps.map(|(step, ms)| format!("{step} {ms:.0} ms")).join(" · ")
}

/// How long an answer took.
pub fn total_line(timings: &TimingsMs) -> String {
    format!("{:.0} ms", total_ms(timings))
}

/// What a warning means for the answer, then a sentence for each reason, the gravest first; nothing without a warning.
pub fn warning_lines(language: &Language, warning: &Warning) -> Vec<&'static str> {
    if warning.is_none() {
        return Vec::new();
    }
    let heading = (language.text.warning)(warning.kind);
    std::iter::once(heading).chain(warning.reasons.iter().map(|doubt| (language.text.doubt)(*doubt))).collect()
}

/// The verdict, and what it means. Of what is not a scan the warning says all there is to say.
pub fn verdict_lines(language: &Language, report: &Report) -> [String; 2] {
    let text = language.text;
    match verdict(report) {
        Verdict::NotAScan => [String::new(), String::new()],
        Verdict::Unreliable(label) => [language.name_of(&label).to_owned(), text.unreliable.to_owned()],
        Verdict::Unclear => [text.no_clear_answer.to_owned(), String::new()],
        Verdict::Leaning(label) => [language.name_of(&label).to_owned(), text.unsure.to_owned()],
        Verdict::Likely { label, others } => {
            let others = language.translated(&others.join(", "));
            [language.name_of(&label).to_owned(), (text.likely)(&label, &others)]
        }
    }
}

/// Whether both heads agree.
pub fn agreement_line(language: &Language, report: &Report) -> String {
    let (image, words) = (language.name_of(&report.image.label), language.name_of(&report.text.label));
    match agreement(report) {
        Agreement::Same => language.text.agree.to_owned(),
        Agreement::Split => (language.text.disagree)(image, words),
        Agreement::EditedSplit => (language.text.edited_disagree)(image, words),
    }
}

/// The class that is predicted, and its probability.
pub fn prediction_line(language: &Language, prediction: &Prediction) -> String {
    format!("{} {}", language.name_of(&prediction.label), probability_text(probability_of_label(prediction)))
}

/// Every class with its probability.
pub fn probabilities_line(language: &Language, prediction: &Prediction) -> String {
    let classes = prediction.probabilities.iter().map(|(label, p)| format!("{} {p:.4}", language.name_of(label)));
    classes.collect::<Vec<_>>().join(" · ")
}

/// What a thumbnail shows of an answer, and what it means.
pub fn badge_lines(language: &Language, badge: &Badge) -> [String; 2] {
    let Badge { label, probability, is_named } = badge;
    let label = language.name_of(label);
    let shown = if *is_named { format!("{label} {probability}") } else { probability.clone() };
    [shown, (language.text.probability_of)(label, probability)]
}

/// What a finding's score means for the class `target`.
pub fn finding_line(language: &Language, word: &Word, target: &str) -> String {
    let (text, target) = (language.text, language.name_of(target));
    let share = (text.word_detail)(language.name_of(&word.text), word.score, target);
    match word.log_odds {
        Some(log_odds) => format!("{share}. {}", (text.word_odds)(log_odds.exp(), target)),
        None => share,
    }
}

/// The lines below a saved picture of a report.
pub fn saved_lines(language: &Language, report: &Report) -> Vec<String> {
    let text = language.text;
    let says = |head: &str, prediction: &Prediction| format!("{head}: {}", prediction_line(language, prediction));
    let caption = &report.caption;
    let source = if caption.source == CaptionSource::Edited { text.edited } else { text.retrieved };
    let mut lines: Vec<_> = warning_lines(language, &report.warning).into_iter().map(str::to_owned).collect();
    let n_warning = lines.len();
    lines.extend([
        format!("{}   ·   {}", says(text.image_says, &report.image), says(text.words_say, &report.text)),
        format!("{} ({source})", caption.text),
        format!(
            "{} · {} {} → {} · octlens {} · {}",
            report.input.name,
            (text.map_method)(report.heatmap.method),
            report.heatmap.layer,
            language.name_of(&report.heatmap.target),
            report.model.name,
            text.research_only
        ),
    ]);
    // On the right, where its picture is.
    if let Some(baseline) = &report.baseline {
        lines.insert(n_warning + 1, (text.on_the_right)(&says(text.baseline, &baseline.image)));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::page::fixtures::{prediction, report, warning};
    use crate::page::numbers::odds_text;
    use crate::page::reading::badge;
    use crate::page::text::LANGUAGES;
    use crate::report::{BaselineReport, Doubt, WordMethod};

    fn english() -> &'static Language {
        Language::from_tag("en")
    }

    fn korean() -> &'static Language {
        Language::from_tag("ko")
    }

    #[test]
    fn loading_is_told_in_bytes_once_their_number_is_known() {
        let line = |done_bytes, total_bytes| loading_line(english(), "Loading", Progress { done_bytes, total_bytes });
        assert_eq!(line(0, 0), "Loading");
        assert_eq!(line(1_250_000, 80_000_000), "Loading: 1.2 MB / 80.0 MB");
    }

    #[test]
    fn every_language_names_classes_in_its_own_words() {
        let amd = report("AMD, fluid");
        assert_eq!(verdict_lines(english(), &amd), ["AMD", "age-related macular degeneration likely"]);
        assert_eq!(verdict_lines(korean(), &amd), ["황반변성", "나이관련 황반변성 가능성 높음"]);
        let mut healthy = amd.clone();
        healthy.image = prediction(&[("healthy", 0.9), ("AMD", 0.1)]);
        assert_eq!(verdict_lines(english(), &healthy), ["healthy", "no sign of AMD found"]);
        assert_eq!(verdict_lines(korean(), &healthy), ["정상", "황반변성 징후 없음"]);
        assert_eq!(prediction_line(korean(), &amd.image), "황반변성 .90");
        healthy.agreement.same_label = false;
        let line = agreement_line(korean(), &healthy);
        assert!(line.contains("정상") && line.contains("황반변성") && !line.contains("AMD"), "{line}");
    }

    #[test]
    fn a_finding_says_its_share_its_side_and_its_odds() {
        let word = Word { text: "fluid".into(), start: 0, end: 5, score: -0.25, log_odds: Some(-1.0) };
        let line = finding_line(english(), &word, "AMD");
        assert!(line.starts_with("fluid: 25 % of the weight, against AMD. "), "{line}");
        assert!(line.contains(&odds_text(1f32.exp())), "{line}");
        let line = finding_line(korean(), &Word { log_odds: None, ..word }, "AMD");
        assert!(line.starts_with("망막내·하액: ") && line.contains("황반변성"), "{line}");
    }

    #[test]
    fn a_saved_picture_names_scan_method_and_model() {
        for language in &LANGUAGES {
            let mut report = report("AMD, fluid");
            let lines = saved_lines(language, &report);
            assert_eq!(lines.len(), 3);
            assert!(lines[1].starts_with("AMD, fluid ("), "captions stay as the model reads them: {}", lines[1]);
            for part in ["scan.png", "GradCAM", "layer4", "octlens m", language.text.research_only] {
                assert!(lines[2].contains(part), "{part}: {}", lines[2]);
            }
            let baseline = BaselineReport {
                model: report.model.clone(),
                image: prediction(&[("healthy", 0.8), ("AMD", 0.2)]),
                heatmap: report.heatmap.clone(),
            };
            report.baseline = Some(baseline);
            let lines = saved_lines(language, &report);
            assert!(lines.len() == 4 && lines[1].contains(".80"), "{}", lines[1]);
        }
    }

    #[test]
    fn a_warning_heads_the_answer_and_the_saved_picture() {
        let mut report = report("AMD, fluid");
        assert!(warning_lines(english(), &report.warning).is_empty());
        report.warning = warning(&[Doubt::OneColour, Doubt::LowProbability]);
        let said = warning_lines(english(), &report.warning);
        assert_eq!(said, [report.warning.kind.heading(), Doubt::OneColour.advice(), Doubt::LowProbability.advice()]);
        assert_eq!(verdict_lines(english(), &report), ["", ""]);
        for language in &LANGUAGES {
            let lines = saved_lines(language, &report);
            assert_eq!(lines[..3], *warning_lines(language, &report.warning));
            assert_eq!(lines.len(), 6);
        }
        report.warning = warning(&[Doubt::AnotherDisease]);
        assert_eq!(verdict_lines(english(), &report), ["AMD", "not to be relied on"]);
    }

    #[test]
    fn a_badge_names_its_class_where_it_must() {
        let two = badge(&prediction(&[("healthy", 0.9), ("AMD", 0.1)]));
        assert_eq!(badge_lines(english(), &two), [".10", "Image says AMD: .10"]);
        let three = badge(&prediction(&[("healthy", 0.1), ("AMD", 0.1), ("DME", 0.8)]));
        assert_eq!(badge_lines(korean(), &three)[0], "당뇨황반부종 .80");
    }

    #[test]
    fn every_score_has_a_meaning_in_every_language() {
        for language in &LANGUAGES {
            let meanings = [true, false].map(|is_exact| (language.text.score_meaning)(WordMethod::Shapley, is_exact));
            assert_ne!(meanings[0], meanings[1], "{}", language.tag);
            let names = WordMethod::ALL.map(language.text.word_method);
            assert_ne!(names[0], names[1], "{}", language.tag);
        }
    }
}
