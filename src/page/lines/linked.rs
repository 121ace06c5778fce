//! Lines about a hidden region.

use super::prediction_line;
use crate::page::linked::effect;
use crate::page::text::Language;
use crate::report::Hidden;

/// What hiding a region did to the answer.
pub fn effect_line(language: &Language, hidden: &Hidden) -> String {
    let [before, after] = [&hidden.image.before, &hidden.image.after].map(|p| prediction_line(language, p));
    let share = match hidden.share * 100. {
        percent if percent < 1. => "< 1 %".to_owned(),
        percent => format!("{percent:.0} %"),
    };
    (language.text.linked.effect)(effect(hidden), &before, &after, &share)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::page::fixtures::hidden;
    use crate::page::text::LANGUAGES;

    #[test]
    fn the_line_names_both_answers_and_how_much_is_hidden() {
        let mut said = Vec::new();
        for language in &LANGUAGES {
            let mut hidden = hidden();
            let line = effect_line(language, &hidden);
            for part in [".90", ".80", "50 %", language.name_of("AMD"), language.name_of("healthy")] {
                assert!(line.contains(part), "{part}: {line}");
            }
            said.push(line);
            hidden.image.after = hidden.image.before.clone();
            said.push(effect_line(language, &hidden));
            hidden.share = 0.;
            let line = effect_line(language, &hidden);
            assert!(!line.contains('%'), "{line}");
            said.push(line);
        }
        let n_said = said.len();
        said.sort();
        said.dedup();
        assert_eq!(said.len(), n_said);
    }
}
