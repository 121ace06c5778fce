//! How a report is read: the verdict, whether both heads agree, which words are reasons and which only name the class.

use crate::eye::EyeAnswer;
use crate::page::classes::{ClassAnswer, ClassGroup, class_answer, knows_other_diseases};
use crate::page::scans::OpenScan;
use crate::report::{CaptionSource, Report, WarningKind, Word};

/// Below this probability the verdict is [`Verdict::Leaning`].
const SURE_PROBABILITY: f32 = 0.75;

/// The page's summary of both answers.
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    /// What was opened is not a scan: there is no answer, whatever the heads say.
    NotAScan,
    /// The image head's answer, about a scan of a kind that the model does not know.
    Unreliable(ClassAnswer),
    /// The heads disagree about the retrieved caption, or the most probable class is not one of the most probable group.
    Unclear,
    /// The image head's answer, at a low probability or with another reason to be unsure.
    Leaning(ClassAnswer),
    /// The image head's answer, at a high probability.
    Likely {
        /// The answer.
        answer: ClassAnswer,
        /// Whether the model knows other diseases than AMD, so that healthy means none of them.
        knows_others: bool,
    },
}

/// Disagreement about the retrieved caption leaves no verdict; an edited caption is only a what-if.
pub fn verdict(report: &Report) -> Verdict {
    let answer = class_answer(&report.image);
    let probability = |group: ClassGroup| group.probability(&report.image);
    let of_answer = probability(answer.group);
    let is_split =
        agreement(report) == Agreement::Split || ClassGroup::ALL.into_iter().any(|g| probability(g) > of_answer);
    match report.warning.kind {
        WarningKind::NotAScan => Verdict::NotAScan,
        _ if is_split => Verdict::Unclear,
        WarningKind::Unfamiliar => Verdict::Unreliable(answer),
        WarningKind::None if of_answer >= SURE_PROBABILITY => {
            Verdict::Likely { answer, knows_others: knows_other_diseases(&report.image) }
        }
        WarningKind::None | WarningKind::Unsure => Verdict::Leaning(answer),
    }
}

/// What the answers of both heads are to each other. They are never two opinions: the image's embedding retrieves the caption, so
/// that the words say again what the image head read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Agreement {
    /// The same class, from one source.
    Same,
    /// Different classes, from one source.
    Split,
    /// A person wrote the words: they say nothing about the scan, whatever their class is.
    Edited,
}

/// What the answers of both heads are to each other.
pub fn agreement(report: &Report) -> Agreement {
    match (report.agreement.same_label, report.caption.source) {
        (_, CaptionSource::Edited) => Agreement::Edited,
        (true, CaptionSource::Retrieved) => Agreement::Same,
        (false, CaptionSource::Retrieved) => Agreement::Split,
    }
}

/// The value of the caption's `data-source`.
pub fn source_name(source: CaptionSource) -> &'static str {
    match source {
        CaptionSource::Retrieved => "retrieved",
        CaptionSource::Edited => "edited",
    }
}

/// Whether a word names a class rather than a finding.
fn is_class_word(report: &Report, word: &Word) -> bool {
    report.text.probabilities.keys().any(|label| label.eq_ignore_ascii_case(&word.text))
}

/// The caption's words in two groups: those that name a class, and the findings.
pub fn parted_words(report: &Report) -> (Vec<Word>, Vec<Word>) {
    report.tokens.words.iter().cloned().partition(|word| is_class_word(report, word))
}

/// The share of the weight that lies on words that name a class, 0…1.
pub fn class_word_share(report: &Report) -> f32 {
    let class_words = report.tokens.words.iter().filter(|word| is_class_word(report, word));
    // From 0 on: the sum of no floats is -0, which would be shown so.
    class_words.fold(0.0, |share, word| share + word.score.abs())
}

/// Whether the scores are exact: every order of the phrases was evaluated, or the method has no orders.
pub fn is_exact(report: &Report) -> bool {
    report.tokens.sum.is_none_or(|sum| sum.is_exact)
}

/// What a thumbnail says about its scan.
#[derive(Clone, Debug, PartialEq)]
pub enum ScanStatus {
    /// The image head's answer, and how far it is doubtful.
    Answered(ClassAnswer, WarningKind),
    /// It is doubtful, and nobody has opened the answer.
    Folded(WarningKind),
    /// It is not a scan.
    NotAScan,
    /// The answer is on its way.
    Waiting,
    /// The model is asked when the scan is shown.
    NotAsked,
}

/// The answer for an eye as one of a scan.
pub fn eye_answer(eye: &EyeAnswer) -> ClassAnswer {
    let group = ClassGroup::of(&eye.label);
    let disease = (group == ClassGroup::OtherDisease).then(|| eye.label.clone());
    ClassAnswer { group, disease, probability: eye.probability }
}

/// Whether what was opened is known not to be a scan.
pub fn is_not_a_scan(scan: &OpenScan) -> bool {
    scan.report().is_some_and(|report| report.warning.kind == WarningKind::NotAScan)
}

/// What a thumbnail says of a file with several frames: the answer for the eye, unless that is folded.
pub fn eye_status(eye: &EyeAnswer, is_folded: bool) -> ScanStatus {
    if is_folded { ScanStatus::Folded(eye.warning) } else { ScanStatus::Answered(eye_answer(eye), eye.warning) }
}

/// What a thumbnail says about its scan.
pub fn scan_status(scan: &OpenScan) -> ScanStatus {
    match scan.report() {
        Some(_) if is_not_a_scan(scan) => ScanStatus::NotAScan,
        Some(report) if scan.is_folded() => ScanStatus::Folded(report.warning.kind),
        Some(report) => ScanStatus::Answered(class_answer(&report.image), report.warning.kind),
        None if scan.is_awaited() => ScanStatus::Waiting,
        None => ScanStatus::NotAsked,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::page::fixtures::{held, prediction, report, warning};
    use crate::page::scans::{Answer, ScanState};
    use crate::report::{Doubt, Options};

    fn amd(probability: f32) -> ClassAnswer {
        ClassAnswer { group: ClassGroup::Amd, disease: None, probability }
    }

    fn split(source: CaptionSource) -> Report {
        let mut report = report("AMD, fluid");
        report.agreement.same_label = false;
        report.caption.source = source;
        report
    }

    #[test]
    fn retrieved_words_that_disagree_leave_no_verdict() {
        assert_eq!(verdict(&split(CaptionSource::Retrieved)), Verdict::Unclear);
        let likely = Verdict::Likely { answer: amd(0.9), knows_others: false };
        assert_eq!(verdict(&split(CaptionSource::Edited)), likely);
        assert_eq!(verdict(&report("AMD, fluid")), likely);
        assert_eq!(agreement(&report("AMD")), Agreement::Same);
    }

    #[test]
    fn words_of_a_person_are_never_in_agreement() {
        let mut edited = split(CaptionSource::Edited);
        for is_same in [false, true] {
            edited.agreement.same_label = is_same;
            assert_eq!(agreement(&edited), Agreement::Edited);
        }
    }

    #[test]
    fn an_unsure_image_only_leans() {
        let mut report = report("AMD");
        report.image = prediction(&[("healthy", 0.3), ("AMD", 0.7)]);
        assert_eq!(verdict(&report), Verdict::Leaning(amd(0.7)));
        report.image = prediction(&[("healthy", 0.25), ("AMD", 0.75)]);
        assert!(matches!(verdict(&report), Verdict::Likely { .. }));
    }

    #[test]
    fn of_several_other_diseases_it_is_their_sum_that_counts() {
        let mut report = report("DME");
        report.image = prediction(&[("healthy", 0.125), ("AMD", 0.125), ("DME", 0.5), ("RVO", 0.25)]);
        assert!(matches!(verdict(&report), Verdict::Likely { knows_others: true, .. }));
        report.image = prediction(&[("healthy", 0.1), ("AMD", 0.35), ("DME", 0.3), ("RVO", 0.25)]);
        assert_eq!(verdict(&report), Verdict::Unclear, "AMD is the first class, but another disease is more probable");
    }

    #[test]
    fn a_warning_leaves_less_of_the_verdict_the_graver_it_is() {
        let warned = |doubt: Doubt| Report { warning: warning(&[doubt]), ..report("AMD, fluid") };
        assert_eq!(verdict(&warned(Doubt::CaptionFar)), Verdict::Leaning(amd(0.9)));
        assert_eq!(verdict(&warned(Doubt::AnotherDisease)), Verdict::Unreliable(amd(0.9)));
        assert_eq!(verdict(&warned(Doubt::Noise)), Verdict::NotAScan);
        let mut split = split(CaptionSource::Retrieved);
        split.warning = warning(&[Doubt::UnlikeTraining, Doubt::HeadsDisagree]);
        assert_eq!(verdict(&split), Verdict::Unclear);
        split.warning = warning(&[Doubt::OneColour, Doubt::HeadsDisagree]);
        assert_eq!(verdict(&split), Verdict::NotAScan);
    }

    #[test]
    fn the_list_shows_doubts_and_no_class_for_what_is_not_a_scan() {
        let mut scan = held(1, "AMD, fluid");
        let mut status = |doubt: Doubt| {
            let report = Report { warning: warning(&[doubt]), ..report("AMD, fluid") };
            scan.answer = Some(Answer { report: Arc::new(report), answered: Options::default() });
            scan_status(&scan)
        };
        assert_eq!(status(Doubt::LowProbability), ScanStatus::Folded(WarningKind::Unsure));
        assert_eq!(status(Doubt::Inverted), ScanStatus::Folded(WarningKind::Unfamiliar));
        assert_eq!(status(Doubt::TooSmall), ScanStatus::NotAScan);
        let report = Report { warning: warning(&[Doubt::LowProbability]), ..report("AMD, fluid") };
        scan.answer = Some(Answer { report: Arc::new(report), answered: Options::default() });
        scan.opened_despite = Some(vec![Doubt::LowProbability]);
        assert!(matches!(scan_status(&scan), ScanStatus::Answered(_, WarningKind::Unsure)));
    }

    #[test]
    fn a_word_that_names_a_class_is_no_finding() {
        let report = report("AMD, fluid, soft drusen");
        let (class_words, findings) = parted_words(&report);
        let texts = |words: &[Word]| words.iter().map(|word| word.text.clone()).collect::<Vec<_>>();
        assert_eq!(texts(&class_words), ["AMD"]);
        assert_eq!(texts(&findings), ["fluid", "soft drusen"]);
        assert!((class_word_share(&report) - 1. / 3.).abs() < 1e-6);
        let mut without = report.clone();
        without.tokens.words.remove(0);
        assert!(class_word_share(&without).is_sign_positive());
    }

    #[test]
    fn a_scan_without_an_answer_says_whether_one_is_on_its_way() {
        let mut scan = held(1, "AMD, fluid");
        let answered = ScanStatus::Answered(amd(0.9), WarningKind::None);
        for state in [ScanState::Queued, ScanState::Released] {
            scan.state = state;
            assert_eq!(scan_status(&scan), answered);
        }
        scan.answer = None;
        assert_eq!(scan_status(&scan), ScanStatus::NotAsked);
        for state in [ScanState::Fetching, ScanState::Queued, ScanState::Analyzing(1)] {
            scan.state = state;
            assert_eq!(scan_status(&scan), ScanStatus::Waiting);
        }
    }
}
