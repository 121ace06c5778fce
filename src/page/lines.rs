//! Lines composed of a language's strings and a report's values.

mod doubt;
mod linked;
mod models;
mod reproduced;
mod saved;
mod series;
mod teach;
mod viewer;
mod words;

use crate::eye::EyeAnswer;
use crate::page::card::{Note, Section};
use crate::page::classes::{ClassAnswer, ClassGroup, class_answer};
use crate::page::map_figures::MapTable;
use crate::page::numbers::{probability_text, total_ms};
use crate::page::reading::{ScanStatus, Verdict, eye_answer, verdict};
use crate::page::state::JoinedEye;
use crate::page::text::Language;
use crate::protocol::Progress;
use crate::report::{InputRef, Prediction, Report, TimingsMs, WarningKind, Word};

pub use doubt::{
    RowLines, agreement_line, eye_lines, joined_eye_lines, label_line, row_lines, track_record_line, warning_lines,
};
pub use linked::effect_line;
pub use models::{choice_line, model_rows};
pub use reproduced::{missing_lines, reproduced_lines};
pub use saved::saved_lines;
pub use series::{RowCells, live_line, row_cells, suspicion_heading};
pub use teach::{definition_lines, reveal_lines, vote_line};
pub use viewer::{map_name, window_line};
pub use words::word_rows;

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

/// The verdict, and what it means. Of what is not a scan the warning says all there is to say.
pub fn verdict_lines(language: &Language, report: &Report) -> [String; 2] {
    let text = language.text;
    match verdict(report) {
        Verdict::NotAScan => [String::new(), String::new()],
        Verdict::Unreliable(answer) => [answer_line(language, &answer), text.doubt.unreliable.to_owned()],
        Verdict::Unclear => [text.doubt.no_clear_answer.to_owned(), String::new()],
        Verdict::Leaning(answer) => [answer_line(language, &answer), text.doubt.unsure.to_owned()],
        Verdict::Likely { answer, knows_others } => {
            let meaning = match (answer.group, &answer.disease) {
                (ClassGroup::Healthy, _) => (text.no_sign)(knows_others).to_owned(),
                (ClassGroup::Amd, _) => {
                    (text.likely)(answer.group.label().map(|label| language.full_name(label)).unwrap_or_default())
                }
                (ClassGroup::OtherDisease, Some(_)) => text.is_likely.to_owned(),
                (ClassGroup::OtherDisease, None) => text.some_is_likely.to_owned(),
            };
            [answer_line(language, &answer), meaning]
        }
    }
}

/// The name of a scan, with its number where its file has several.
pub fn input_title(input: &InputRef) -> String {
    match input.n_frames {
        0 | 1 => input.name.clone(),
        n_frames => format!("{}, {}/{n_frames}", input.name, input.frame + 1),
    }
}

/// The answer for the eye, and the frame that decided; while frames wait, how many are answered.
fn eye_line(language: &Language, eye: &EyeAnswer) -> String {
    let answer = eye_answer(eye);
    let named = format!("{} {}", answer_name(language, &answer), probability_text(answer.probability));
    let line = (language.text.eye)(&named, eye.frame + 1, eye.n_frames, answer.group == ClassGroup::Healthy);
    so_far(language, line, eye)
}

/// The answer for an eye by several files, and the scan that decided; while scans wait, how many are answered.
fn joined_eye_line(language: &Language, JoinedEye { eye, title, .. }: &JoinedEye) -> String {
    let answer = eye_answer(eye);
    let named = format!("{} {}", answer_name(language, &answer), probability_text(answer.probability));
    let line = (language.text.joined_eye)(&named, title, answer.group == ClassGroup::Healthy);
    so_far(language, line, eye)
}

fn so_far(language: &Language, line: String, eye: &EyeAnswer) -> String {
    if eye.n_answered < eye.n_frames {
        format!("{line} {}", (language.text.eye_so_far)(eye.n_answered, eye.n_frames))
    } else {
        line
    }
}

/// What a group of classes is called.
pub fn group_name(language: &Language, group: ClassGroup) -> &'static str {
    group.label().map_or(language.text.other_disease, |label| language.name_of(label))
}

/// What a class is called beside others: another disease says that it is one.
pub fn class_name(language: &Language, label: &str) -> String {
    let name = language.name_of(label);
    match ClassGroup::of(label) {
        ClassGroup::Healthy | ClassGroup::Amd => name.to_owned(),
        ClassGroup::OtherDisease => format!("{} ({name})", language.text.other_disease),
    }
}

/// A disease in full, with its class word where that is another.
pub fn disease_name(language: &Language, label: &str) -> String {
    let name = language.full_name(label);
    if name == label { name.to_owned() } else { format!("{name} ({label})") }
}

/// An answer as a heading: another disease in full.
fn answer_line(language: &Language, answer: &ClassAnswer) -> String {
    let group = group_name(language, answer.group);
    let disease = answer.disease.as_deref();
    disease.map_or_else(|| group.to_owned(), |label| format!("{group}: {}", disease_name(language, label)))
}

/// An answer in a row or a sentence.
pub fn answer_name(language: &Language, answer: &ClassAnswer) -> String {
    let disease = answer.disease.as_deref();
    disease.map_or_else(|| group_name(language, answer.group).to_owned(), |label| class_name(language, label))
}

/// The class that is predicted, and its probability.
pub fn prediction_line(language: &Language, prediction: &Prediction) -> String {
    let answer = class_answer(prediction);
    format!("{} {}", answer_name(language, &answer), probability_text(answer.probability))
}

/// What a thumbnail shows of an answer, and what it means.
pub fn badge_lines(language: &Language, answer: &ClassAnswer) -> [String; 2] {
    let probability = probability_text(answer.probability);
    // A thumbnail is narrow: of another disease, its own name is enough.
    let disease = answer.disease.as_deref();
    let label = disease.map_or_else(|| group_name(language, answer.group), |label| language.name_of(label));
    [format!("{label} {probability}"), (language.text.probability_of)(&answer_name(language, answer), &probability)]
}

/// What a thumbnail or a frame says about the scan of that name, in full: the doubt, and the answer.
pub fn status_line(language: &Language, name: &str, status: &ScanStatus) -> String {
    let text = language.text;
    let (kind, answer) = match status {
        ScanStatus::Answered(answer, kind) => {
            let [_, meaning] = badge_lines(language, answer);
            (*kind, meaning)
        }
        ScanStatus::Folded(kind) => (*kind, text.doubt.folded.to_owned()),
        ScanStatus::NotAScan => (WarningKind::NotAScan, String::new()),
        ScanStatus::Waiting => (WarningKind::None, text.waiting.to_owned()),
        ScanStatus::NotAsked => (WarningKind::None, text.not_asked.to_owned()),
    };
    let doubt = if kind.is_none() { String::new() } else { format!("{}. ", (text.doubt.warning)(kind)) };
    (text.series.live)(name, format!("{doubt}{answer}").trim_end())
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

/// Whose scans a section of figures is about: device, data set and precision; with the numbers of scans and patients.
pub fn section_line(language: &Language, section: &Section) -> String {
    let text = language.text;
    let (source, precision) = (&section.source, section.precision.name());
    let of = format!("{} ({}, {precision})", (text.device)(&source.device), source.data_set);
    format!("{of}: {}", (text.judged_on)(section.n_scans, section.n_patients))
}

/// Whose scans a table of heatmaps is about, and how many.
pub fn map_table_line(language: &Language, table: &MapTable) -> String {
    let (text, source) = (language.text, &table.source);
    let of = format!("{} ({})", (text.device)(&source.device), source.data_set);
    format!("{of}: {}", (text.judged_on)(table.n_scans, table.n_patients))
}

/// A note's name and value.
pub fn note_lines(language: &Language, note: &Note) -> [String; 2] {
    [(language.text.note_name)(note.name).to_owned(), note.value.clone()]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bundle::card::WeightPrecision;
    use crate::page::card::Source;
    use crate::page::fixtures::{prediction, report, warning};
    use crate::page::numbers::odds_text;
    use crate::page::text::LANGUAGES;
    use crate::report::{Doubt, WarningKind, WordMethod};

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
        assert_eq!(verdict_lines(english(), &healthy), ["healthy", "no sign of AMD"]);
        assert_eq!(verdict_lines(korean(), &healthy), ["정상", "황반변성 징후 없음"]);
        assert_eq!(prediction_line(korean(), &amd.image), "황반변성 .90");
        let dme = |p: [f32; 4]| prediction(&[("healthy", p[0]), ("AMD", p[1]), ("DME", p[2]), ("RVO", p[3])]);
        let mut other = amd.clone();
        other.image = dme([0.05, 0.05, 0.88, 0.02]);
        let lines = verdict_lines(english(), &other);
        assert_eq!(lines, ["another disease: diabetic macular edema (DME)", "likely"]);
        assert_eq!(verdict_lines(korean(), &other), ["다른 질환: 당뇨황반부종 (DME)", "가능성 높음"]);
        assert_eq!(prediction_line(english(), &other.image), "another disease (DME) .88");
        other.image = dme([0.05, 0.05, 0.47, 0.43]);
        assert_eq!(verdict_lines(english(), &other)[0], "another disease");
        assert_eq!(prediction_line(english(), &other.image), "another disease .90");
        other.image = dme([0.9, 0.05, 0.04, 0.01]);
        assert_eq!(verdict_lines(english(), &other), ["healthy", "no sign of AMD or of another disease it knows"]);
        other.image = dme([0.05, 0.05, 0.88, 0.02]);
        other.agreement.same_label = false;
        let line = agreement_line(english(), &other);
        assert!(line.contains("the image says another disease (DME), the words that it picked say AMD"), "{line}");
        healthy.agreement.same_label = false;
        let line = agreement_line(korean(), &healthy);
        assert!(line.contains("정상") && line.contains("황반변성") && !line.contains("AMD"), "{line}");
    }

    #[test]
    fn an_eye_has_an_answer_and_the_frame_that_decided() {
        let mut eye = EyeAnswer {
            label: "AMD".into(),
            probability: 0.97,
            frame: 22,
            warning: WarningKind::None,
            n_warned: 0,
            n_counted: 49,
            n_answered: 49,
            n_frames: 49,
        };
        assert_eq!(eye_line(english(), &eye), "Eye: AMD .97, frame 23 of 49 decided");
        eye.label = "healthy".into();
        eye.n_answered = 12;
        let line = eye_line(english(), &eye);
        assert_eq!(line, "Eye: healthy .97, frame 23 of 49 looks most like disease (12 of 49 answered)");
        eye.label = "DME".into();
        assert!(eye_line(korean(), &eye).contains("23번"), "{}", eye_line(korean(), &eye));
        let mut input = report("AMD").input;
        assert_eq!(input_title(&input), "scan.png");
        (input.frame, input.n_frames) = (2, 5);
        assert_eq!(input_title(&input), "scan.png, 3/5");
    }

    #[test]
    fn an_eye_of_several_files_names_the_scan_that_decided() {
        let (label, title) = ("AMD".to_owned(), "b.dcm".to_owned());
        let eye = EyeAnswer {
            label,
            probability: 0.97,
            frame: 0,
            warning: WarningKind::None,
            n_warned: 0,
            n_counted: 2,
            n_answered: 2,
            n_frames: 3,
        };
        let mut joined = JoinedEye { eye, decided: 1, title, is_folded: false };
        assert_eq!(joined_eye_line(english(), &joined), "Eye: AMD .97, b.dcm decided (2 of 3 answered)");
        let line = joined_eye_line(korean(), &joined);
        assert!(line.contains("황반변성") && line.contains("b.dcm"), "{line}");
        (joined.eye.warning, joined.eye.n_warned) = (WarningKind::Unsure, 1);
        let line = joined_eye_lines(english(), &joined);
        assert!(
            line.starts_with('(') && line.contains("AMD .97") && line.ends_with("1 frame has a warning."),
            "{line}"
        );
        joined.is_folded = true;
        for language in [english(), korean()] {
            let line = joined_eye_lines(language, &joined);
            assert!(line.contains("b.dcm") && !line.contains(language.name_of("AMD")), "{line}");
        }
    }

    #[test]
    fn a_finding_says_its_share_its_side_and_its_odds() {
        let word = Word { text: "fluid".into(), start: 0, end: 5, score: -0.25, log_odds: Some(-1.0) };
        let line = finding_line(english(), &word, "AMD");
        assert!(line.starts_with("fluid: 25 % of the weight, against AMD. "), "{line}");
        assert!(line.contains(&odds_text(1f32.exp())), "{line}");
        let line = finding_line(korean(), &Word { log_odds: None, ..word }, "AMD");
        assert!(line.starts_with("망막내액·망막하액: ") && line.contains("황반변성"), "{line}");
    }

    #[test]
    fn a_warning_leaves_less_of_the_verdict() {
        let mut report = report("AMD, fluid");
        report.warning = warning(&[Doubt::OneColour, Doubt::LowProbability]);
        assert_eq!(verdict_lines(english(), &report), ["", ""]);
        report.warning = warning(&[Doubt::AnotherDisease]);
        assert_eq!(verdict_lines(english(), &report), ["AMD", "not to be relied on"]);
    }

    #[test]
    fn a_badge_names_its_class_whatever_the_model_knows() {
        let two = class_answer(&prediction(&[("healthy", 0.9), ("AMD", 0.1)]));
        assert_eq!(badge_lines(english(), &two), ["healthy .90", "Image says healthy: .90"]);
        let three = class_answer(&prediction(&[("healthy", 0.1), ("AMD", 0.1), ("DME", 0.8)]));
        assert_eq!(badge_lines(english(), &three), ["DME .80", "Image says another disease (DME): .80"]);
        assert_eq!(badge_lines(korean(), &three)[0], "당뇨황반부종 .80");
    }

    #[test]
    fn a_thumbnail_says_in_full_what_it_is_and_how_doubtful() {
        let answer = class_answer(&prediction(&[("healthy", 0.9), ("AMD", 0.1)]));
        let line = |status| status_line(english(), "a.png", &status);
        assert_eq!(line(ScanStatus::Answered(answer.clone(), WarningKind::None)), "a.png: Image says healthy: .90");
        let doubtful = line(ScanStatus::Answered(answer, WarningKind::Unsure));
        assert!(doubtful.contains((english().text.doubt.warning)(WarningKind::Unsure)), "{doubtful}");
        for status in [ScanStatus::Folded(WarningKind::Unfamiliar), ScanStatus::NotAScan] {
            let folded = line(status);
            assert!(folded.len() > "a.png: ".len() && !folded.contains("healthy:"), "{folded}");
        }
        assert_eq!(line(ScanStatus::Waiting), format!("a.png: {}", english().text.waiting));
    }

    #[test]
    fn the_model_card_is_read_in_every_language() {
        let section = Section {
            precision: WeightPrecision::Int8,
            source: Source::of("octdl", None),
            rows: Vec::new(),
            n_scans: 308,
            n_patients: 121,
            notes: Vec::new(),
        };
        let line = section_line(english(), &section);
        assert_eq!(line, "Optovue Avanti RTVue XR (OCTDL, int8): 308 scans, 121 patients");
        let simulated = Section { source: Source::of("phantom", None), ..section };
        assert!(section_line(korean(), &simulated).starts_with("시뮬레이션 (phantom, int8): "));
        let devices = ["Heidelberg Spectralis", "Optovue Avanti RTVue XR"].map(str::to_owned);
        for language in &LANGUAGES {
            let limits = (language.text.limits)(&devices);
            assert!(devices.iter().all(|device| limits.contains(device)), "{limits}");
            assert_ne!((language.text.limits)(&[]), limits);
        }
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
