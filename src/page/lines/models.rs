//! Lines about models.

use crate::bundle::card::ModelCard;
use crate::bundle::index::ModelChoice;
use crate::page::model_card::drift_figures;
use crate::page::own_model::is_own;
use crate::page::text::Language;

/// What a model is called in the list.
pub fn choice_line(language: &Language, choice: &ModelChoice) -> String {
    if is_own(choice) { (language.text.models.own)(&choice.title) } else { choice.title.clone() }
}

/// The rows of a model card, each a name and a value.
pub fn model_rows(language: &Language, card: &ModelCard) -> Vec<[String; 2]> {
    let text = language.text.models;
    let labels = &card.vocabulary.labels;
    let classes = labels.iter().map(|label| language.full_name(label)).collect::<Vec<_>>().join(", ");
    let drift = drift_figures(card);
    let drift =
        drift.map_or_else(|| text.no_drift.to_owned(), |(same, maps)| (text.drift_line)(&same, maps.as_deref()));
    let file = format!("{}, {}, SHA-256 {}", (language.text.megabytes)(card.bytes), card.precision.name(), card.sha256);
    let input = card.input.as_ref().map(language.text.report.prepared);
    let start = card.training.start.as_ref().map(|start| format!("{} ({})", start.file, start.format));
    let rows = [
        (text.intended_use, Some((text.intended)(labels.len()))),
        (text.not_for, Some(text.not_intended.to_owned())),
        (text.classes, Some(classes)),
        (text.input, input),
        (text.licence, Some(card.licence.clone())),
        (text.size, Some(file)),
        (text.drift, Some(drift)),
        (text.started_from, start),
    ];
    rows.into_iter().filter_map(|(name, value)| Some([name.to_owned(), value?])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::page::model_card::tests::full_card;
    use crate::page::own_model::OwnModel;
    use crate::page::text::LANGUAGES;

    #[test]
    fn an_own_model_says_that_it_is_one() {
        let own = OwnModel::new(1, "mine.safetensors", 1).choice();
        for language in &LANGUAGES {
            assert!(choice_line(language, &own).starts_with("own: mine"));
        }
        let listed = ModelChoice { name: "compact".into(), title: "Compact".into(), bytes: 1 };
        assert_eq!(choice_line(&LANGUAGES[0], &listed), "Compact");
    }

    #[test]
    fn a_card_says_what_a_model_is_for_and_what_not() {
        for language in &LANGUAGES {
            let rows = model_rows(language, &full_card());
            let said = |name: &str| rows.iter().find(|[row, _]| row == name).map(|[_, value]| value.as_str());
            let text = language.text.models;
            assert_eq!(said(text.not_for), Some(text.not_intended));
            assert!(said(text.classes).unwrap().contains(language.full_name("AMD")));
            assert!(said(text.drift).unwrap().contains("99.8 %") && said(text.input).unwrap().contains("384 × 192"));
            assert_eq!(said(text.started_from), None, "it began from random weights");
        }
    }
}
