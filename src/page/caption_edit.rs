//! How a visitor's clicks and words become a caption that the text head can read.

use crate::caption::{Caption, Vocabulary};
use crate::error::Result;
use crate::page::scans::OpenScan;
use crate::page::text::in_caption_words;

/// The caption with one finding ticked or unticked.
///
/// A retrieved class word is left out of what a person edits, so that the findings decide: naming the answer is no reason
/// for it. One that the person wrote stays. Where no finding is left, the retrieved class word is all there is to read.
pub fn with_finding(vocabulary: &Vocabulary, scan: &OpenScan, finding: &str, is_ticked: bool) -> String {
    let mut caption = Caption::parse(vocabulary, scan.caption()).unwrap_or_default();
    let is_written = scan.wanted.caption.is_some() && !caption.findings.is_empty();
    caption.findings.retain(|named| named != finding);
    if is_ticked {
        caption.findings.push(finding.to_owned());
    }
    let label = if is_written { caption.label } else { None };
    let findings: Vec<_> = caption.findings.iter().map(String::as_str).collect();
    let edited = Caption::new(vocabulary, label.as_deref(), &findings).text();
    let retrieved = || scan.answer.as_ref().and_then(|answer| class_word(vocabulary, answer.retrieved()));
    if edited.is_empty() { retrieved().unwrap_or_default() } else { edited }
}

/// The caption with another class word, or with none; nothing where that leaves no word to read.
pub fn with_class_word(vocabulary: &Vocabulary, caption: &str, label: Option<String>) -> Option<String> {
    let caption = Caption::parse(vocabulary, caption).ok()?;
    let edited = Caption { label, ..caption }.text();
    (!edited.is_empty()).then_some(edited)
}

/// What a visitor typed, in any language of the page, as captions are written.
///
/// # Errors
/// The line is empty, or a phrase is not known.
pub fn read_caption(vocabulary: &Vocabulary, typed: &str) -> Result<String> {
    Ok(Caption::parse_nonempty(vocabulary, &in_caption_words(vocabulary, typed))?.text())
}

/// The class word that a caption names.
pub fn class_word(vocabulary: &Vocabulary, caption: &str) -> Option<String> {
    Caption::parse(vocabulary, caption).ok()?.label
}

/// A finding and those that are kinds of it.
#[derive(Clone, Debug, PartialEq)]
pub struct FindingGroup {
    /// The finding.
    pub finding: String,
    /// Its kinds, in caption order.
    pub kinds: Vec<String>,
}

/// The findings in caption order, each kind with the finding that it is a kind of.
pub fn finding_groups(vocabulary: &Vocabulary) -> Vec<FindingGroup> {
    let kinds_of = |parent: Option<&str>| -> Vec<String> {
        vocabulary.findings.iter().filter(|finding| vocabulary.parent(finding) == parent).cloned().collect()
    };
    let group = |finding: String| FindingGroup { kinds: kinds_of(Some(&finding)), finding };
    kinds_of(None).into_iter().map(group).collect()
}

/// Whether a caption names a finding.
pub fn names_finding(caption: &str, finding: &str) -> bool {
    caption.split(", ").any(|phrase| phrase == finding)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Detail;
    use crate::page::fixtures::{held, vocabulary};

    /// A scan for which `retrieved` was retrieved, and which was asked to read `wanted`.
    fn scan(retrieved: &str, wanted: Option<&str>) -> OpenScan {
        let mut scan = held(1, retrieved);
        scan.wanted.caption = wanted.map(str::to_owned);
        scan
    }

    #[test]
    fn a_tick_leaves_the_retrieved_class_word_out() {
        let retrieved = scan("AMD, fluid", None);
        assert_eq!(with_finding(&vocabulary(), &retrieved, "soft drusen", true), "fluid, soft drusen");
        assert_eq!(with_finding(&vocabulary(), &retrieved, "fluid", true), "fluid");
    }

    #[test]
    fn a_class_word_that_a_person_wrote_stays() {
        let written = scan("AMD, fluid", Some("healthy, fluid"));
        assert_eq!(with_finding(&vocabulary(), &written, "soft drusen", true), "healthy, fluid, soft drusen");
        assert_eq!(with_finding(&vocabulary(), &written, "fluid", false), "healthy");
    }

    #[test]
    fn without_a_finding_the_retrieved_class_word_is_read() {
        assert_eq!(with_finding(&vocabulary(), &scan("AMD, fluid", None), "fluid", false), "AMD");
        assert_eq!(with_finding(&vocabulary(), &scan("AMD, fluid", Some("fluid")), "fluid", false), "AMD");
    }

    #[test]
    fn the_class_word_is_set_and_removed() {
        let set =
            |caption: &str, label: Option<&str>| with_class_word(&vocabulary(), caption, label.map(str::to_owned));
        assert_eq!(set("AMD, fluid", Some("healthy")).as_deref(), Some("healthy, fluid"));
        assert_eq!(set("AMD, fluid", None).as_deref(), Some("fluid"));
        assert_eq!(set("AMD", None), None);
    }

    #[test]
    fn what_is_typed_is_read_or_refused_for_a_reason() {
        assert_eq!(read_caption(&vocabulary(), " Soft Drusen; amd").unwrap(), "AMD, soft drusen");
        assert_eq!(read_caption(&vocabulary(), "황반변성, 연성 드루젠").unwrap(), "AMD, soft drusen");
        let detail = |typed: &str| read_caption(&vocabulary(), typed).unwrap_err().detail().cloned();
        assert_eq!(detail(" , "), Some(Detail::EmptyCaption));
        assert_eq!(
            detail("fluid, a purple elephant"),
            Some(Detail::UnknownPhrase { phrase: "a purple elephant".into() })
        );
        assert_eq!(detail("AMD, healthy"), Some(Detail::TwoClasses));
    }

    #[test]
    fn kinds_stand_with_the_finding_that_they_are_kinds_of() {
        let findings = ["fluid", "hard drusen", "MNV", "soft drusen", "drusen"].map(str::to_owned).to_vec();
        let words = Vocabulary::new(Vec::new(), findings);
        let groups = finding_groups(&words);
        let listed: Vec<_> = groups.iter().map(|group| (group.finding.as_str(), group.kinds.join(", "))).collect();
        let expected = [("fluid", ""), ("MNV", ""), ("drusen", "hard drusen, soft drusen")];
        assert_eq!(listed, expected.map(|(finding, kinds)| (finding, kinds.to_owned())));
        let n_listed: usize = groups.iter().map(|group| 1 + group.kinds.len()).sum();
        assert_eq!(n_listed, words.findings.len(), "each finding once");
        assert!(finding_groups(&vocabulary()).iter().all(|group| group.kinds.is_empty()));
    }

    #[test]
    fn a_finding_is_named_whole() {
        assert!(names_finding("AMD, soft drusen", "soft drusen"));
        assert!(!names_finding("AMD, soft drusen PED", "soft drusen"));
    }
}
