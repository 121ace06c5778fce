//! The words of an answer as rows of a table, for those who hear it.

use crate::page::numbers::share_text;
use crate::page::reading::parted_words;
use crate::page::text::Language;
use crate::report::{Report, Word};

/// Each phrase of the caption, findings first: its name, its share, and what it speaks for. The class word says that it is no
/// reason.
pub fn word_rows(language: &Language, report: &Report) -> Vec<[String; 3]> {
    let (text, target) = (language.text, language.name_of(&report.tokens.target));
    let (class_words, findings) = parted_words(report);
    let name = |word: &Word| language.name_of(&word.text).to_owned();
    let side = |word: &Word| if word.score < 0. { (text.word_against)(target) } else { (text.word_for)(target) };
    let findings = findings.iter().map(|word| [name(word), share_text(word.score), side(word)]);
    let class_words =
        class_words.iter().map(|word| [name(word), share_text(word.score), text.report.is_class_word.to_owned()]);
    findings.chain(class_words).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::page::fixtures::report;
    use crate::page::text::LANGUAGES;

    #[test]
    fn every_phrase_has_a_row_and_the_class_word_is_no_reason() {
        let mut report = report("AMD, fluid, drusen");
        for language in &LANGUAGES {
            for (i, word) in report.tokens.words.iter_mut().enumerate() {
                word.score = [0.1, 0.7, -0.2][i % 3];
            }
            let rows = word_rows(language, &report);
            assert_eq!(rows.len(), report.tokens.words.len());
            let [name, share, side] = rows.last().expect("a caption has words");
            assert_eq!((name.as_str(), share.as_str()), (language.name_of("AMD"), ".10"));
            assert_eq!(side, language.text.report.is_class_word);
            let against = rows.iter().filter(|[_, share, _]| share.starts_with('−')).collect::<Vec<_>>();
            for [_, _, side] in against {
                assert_eq!(*side, (language.text.word_against)(language.name_of(&report.tokens.target)));
            }
        }
    }
}
