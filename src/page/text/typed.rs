//! Phrases as visitors type them, in the words of captions: in any language of the page, written out, or as clinics say.

use super::LANGUAGES;
use crate::caption::Vocabulary;

/// What clinics also say, and how captions name it.
const SYNONYMS: [[&str; 2]; 19] = [
    ["normal", "healthy"],
    ["연령관련 황반변성", "AMD"],
    ["노인성 황반변성", "AMD"],
    ["당뇨병성 황반부종", "DME"],
    ["hyperreflective foci", "hyperfluorescent spots"],
    ["고반사 병소", "hyperfluorescent spots"],
    ["drusenoid PED", "soft drusen PED"],
    ["reticular pseudodrusen", "reticular drusen"],
    ["subretinal drusenoid deposits", "reticular drusen"],
    ["ellipsoid zone disruption", "PR layer disruption"],
    ["GA", "geographic atrophy"],
    ["CNV", "MNV"],
    ["맥락막 신생혈관", "MNV"],
    ["IRF", "intraretinal fluid"],
    ["SRF", "subretinal fluid"],
    ["SHRM", "subretinal hyperreflective material"],
    ["VMT", "vitreomacular traction"],
    ["PVD", "posterior vitreous detachment"],
    ["망막전막", "epiretinal membrane"],
];

/// What was typed with each phrase in the words of captions, where it is known by another name; the rest as it was typed.
pub(crate) fn in_caption_words(vocabulary: &Vocabulary, typed: &str) -> String {
    let phrases = typed.split([',', ';', '，', '、', '\n']).map(str::trim);
    phrases.map(|phrase| written(vocabulary, phrase).unwrap_or(phrase)).collect::<Vec<_>>().join(", ")
}

/// The phrase of a caption that `name` stands for: a finding rather than a class word, if it can be either.
fn written<'a>(vocabulary: &'a Vocabulary, name: &str) -> Option<&'a str> {
    let words = || vocabulary.findings.iter().chain(&vocabulary.labels).map(String::as_str);
    let is_called = |word: &str, other: &str, by: &str| is_same(word, by) && is_same(other, name);
    let is_it = |word: &&str| {
        is_same(word, name)
            || LANGUAGES
                .iter()
                .flat_map(|l| l.names.iter().chain(l.full_names))
                .any(|[by, other]| is_called(word, other, by))
            || SYNONYMS.iter().any(|[other, by]| is_called(word, other, by))
    };
    words().find(is_it)
}

/// Whether two names differ in case and blanks at most.
fn is_same(a: &str, b: &str) -> bool {
    let folded =
        |name: &str| name.chars().filter(|c| !c.is_whitespace()).flat_map(char::to_lowercase).collect::<String>();
    folded(a) == folded(b)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::caption::{Lesion, finding};

    fn vocabulary() -> Vocabulary {
        let findings = Lesion::ALL.iter().map(|l| l.phrase().to_owned());
        let more = [finding::MNV, "epiretinal membrane", finding::INTRARETINAL_FLUID].map(str::to_owned);
        Vocabulary::new(["healthy", "AMD", "ERM"].map(str::to_owned).to_vec(), findings.chain(more).collect())
    }

    #[test]
    fn phrases_are_read_in_every_language_and_as_clinics_say() {
        let read = |typed: &str| in_caption_words(&vocabulary(), typed);
        assert_eq!(read("황반변성, 연성드루젠"), "AMD, soft drusen");
        assert_eq!(read("나이관련황반변성、망막내액·망막하액"), "AMD, fluid");
        assert_eq!(read("Age-related macular degeneration; drusenoid ped"), "AMD, soft drusen PED");
        assert_eq!(read("CNV, irf, Hyperreflective  foci"), "MNV, intraretinal fluid, hyperfluorescent spots");
        assert_eq!(read("망막앞막"), "epiretinal membrane", "the finding, not the class");
        assert_eq!(read(" SOFT drusen ,a purple elephant"), "soft drusen, a purple elephant");
    }

    #[test]
    fn a_name_of_a_word_that_the_model_lacks_stays_as_it_is() {
        let words = Vocabulary::new(vec!["healthy".to_owned()], vec!["drusen".to_owned()]);
        assert_eq!(in_caption_words(&words, "황반변성, 드루젠"), "황반변성, drusen");
        assert_eq!(in_caption_words(&words, ""), "");
    }

    #[test]
    fn no_synonym_is_a_name_already() {
        let names = || LANGUAGES.iter().flat_map(|l| l.names.iter().chain(l.full_names)).map(|[_, name]| *name);
        for (at, [synonym, by]) in SYNONYMS.iter().enumerate() {
            assert!(!names().any(|name| is_same(name, synonym)), "{synonym}");
            assert!(SYNONYMS[..at].iter().all(|[other, _]| !is_same(other, synonym)), "{synonym}");
            let korean = super::super::Language::from_tag("ko");
            assert!(korean.gloss(by).is_some(), "{by} is no word of any model");
        }
    }
}
