//! A model's classes as the page shows them, the same for two and for more: healthy, AMD, and another disease, which is
//! named where the model is sure enough.

use crate::caption::Diagnosis;
use crate::report::{Prediction, Report};

/// A disease that is neither is named if it is more probable than not.
const NAMED_PROBABILITY: f32 = 0.5;

/// Classes that are shown as one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClassGroup {
    /// No disease.
    Healthy,
    /// Age-related macular degeneration.
    Amd,
    /// Every other class.
    OtherDisease,
}

impl ClassGroup {
    /// All, in the order in which they are shown.
    pub const ALL: [Self; 3] = [Self::Healthy, Self::Amd, Self::OtherDisease];

    /// The group of a class word.
    pub fn of(label: &str) -> Self {
        [(Diagnosis::Healthy, Self::Healthy), (Diagnosis::Amd, Self::Amd)]
            .into_iter()
            .find(|(diagnosis, _)| diagnosis.label() == label)
            .map_or(Self::OtherDisease, |(_, group)| group)
    }

    /// The class word of the only class of the group; none for the other diseases.
    pub fn label(self) -> Option<&'static str> {
        match self {
            Self::Healthy => Some(Diagnosis::Healthy.label()),
            Self::Amd => Some(Diagnosis::Amd.label()),
            Self::OtherDisease => None,
        }
    }

    /// The probability of its classes together.
    pub fn probability(self, prediction: &Prediction) -> f32 {
        prediction.probabilities.iter().filter(|(label, _)| Self::of(label) == self).map(|(_, p)| p).sum()
    }
}

/// What a head answers.
#[derive(Clone, Debug, PartialEq)]
pub struct ClassAnswer {
    /// The group of its most probable class.
    pub group: ClassGroup,
    /// The class word of another disease, where the head is sure enough of it.
    pub disease: Option<String>,
    /// The probability of what is named: of the class, or of all other diseases together.
    pub probability: f32,
}

/// What a head answers.
pub fn class_answer(prediction: &Prediction) -> ClassAnswer {
    let group = ClassGroup::of(&prediction.label);
    let of_label = prediction.probabilities.get(&prediction.label).copied().unwrap_or_default();
    let is_other = group == ClassGroup::OtherDisease;
    let disease = (is_other && of_label >= NAMED_PROBABILITY).then(|| prediction.label.clone());
    let probability = if is_other && disease.is_none() { group.probability(prediction) } else { of_label };
    ClassAnswer { group, disease, probability }
}

/// Whether a head knows other diseases than AMD.
pub fn knows_other_diseases(prediction: &Prediction) -> bool {
    prediction.probabilities.keys().any(|label| ClassGroup::of(label) == ClassGroup::OtherDisease)
}

/// Class words that stand for themselves, and those of other diseases, each in their order.
pub fn parted(labels: Vec<String>) -> [Vec<String>; 2] {
    let (others, own) = labels.into_iter().partition(|label| ClassGroup::of(label) == ClassGroup::OtherDisease);
    [own, others]
}

/// A row of the table of probabilities.
#[derive(Clone, Debug, PartialEq)]
pub struct ClassRow<T> {
    /// A group, or a class word.
    pub class: T,
    /// The image head's probability.
    pub image: f32,
    /// The text head's.
    pub text: f32,
}

/// The groups of which a report's model has classes.
pub fn group_rows(report: &Report) -> Vec<ClassRow<ClassGroup>> {
    let has = |group: ClassGroup| report.image.probabilities.keys().any(|label| ClassGroup::of(label) == group);
    let row = |class: ClassGroup| ClassRow {
        class,
        image: class.probability(&report.image),
        text: class.probability(&report.text),
    };
    ClassGroup::ALL.into_iter().filter(|group| has(*group)).map(row).collect()
}

/// The other diseases one by one, in the order of the model.
pub fn disease_rows(report: &Report) -> Vec<ClassRow<String>> {
    let of = |prediction: &Prediction, label: &str| prediction.probabilities.get(label).copied().unwrap_or_default();
    let [_, others] = parted(report.image.probabilities.keys().cloned().collect());
    let row = |class: String| ClassRow { image: of(&report.image, &class), text: of(&report.text, &class), class };
    others.into_iter().map(row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::page::fixtures::{prediction, report};

    #[test]
    fn another_disease_is_named_if_it_is_more_probable_than_not() {
        let answer = class_answer(&prediction(&[("healthy", 0.1), ("AMD", 0.3), ("DME", 0.6)]));
        let dme = ClassAnswer { group: ClassGroup::OtherDisease, disease: Some("DME".into()), probability: 0.6 };
        assert_eq!(answer, dme);
        let answer = class_answer(&prediction(&[("healthy", 0.125), ("AMD", 0.125), ("DME", 0.5), ("RVO", 0.25)]));
        assert_eq!((answer.disease.as_deref(), answer.probability), (Some("DME"), 0.5));
        let answer = class_answer(&prediction(&[("healthy", 0.125), ("AMD", 0.125), ("DME", 0.375), ("RVO", 0.375)]));
        assert_eq!((answer.group, answer.disease, answer.probability), (ClassGroup::OtherDisease, None, 0.75));
    }

    #[test]
    fn healthy_and_amd_are_named_however_probable_they_are() {
        let answer = class_answer(&prediction(&[("healthy", 0.25), ("AMD", 0.4), ("DME", 0.2), ("RVO", 0.15)]));
        assert_eq!(answer, ClassAnswer { group: ClassGroup::Amd, disease: None, probability: 0.4 });
        assert_eq!(class_answer(&prediction(&[("healthy", 0.9), ("AMD", 0.1)])).group, ClassGroup::Healthy);
    }

    #[test]
    fn the_other_diseases_are_one_row_and_then_one_each() {
        let mut report = report("AMD");
        assert_eq!(group_rows(&report).iter().map(|row| row.class).collect::<Vec<_>>(), ClassGroup::ALL[..2]);
        assert!(disease_rows(&report).is_empty() && !knows_other_diseases(&report.image));
        report.image = prediction(&[("healthy", 0.125), ("AMD", 0.125), ("DME", 0.5), ("RVO", 0.25)]);
        report.text = prediction(&[("healthy", 0.25), ("AMD", 0.25), ("DME", 0.25), ("RVO", 0.25)]);
        let rows = group_rows(&report);
        assert_eq!(rows.len(), 3);
        assert_eq!(rows[2], ClassRow { class: ClassGroup::OtherDisease, image: 0.75, text: 0.5 });
        let dme = ClassRow { class: "DME".to_owned(), image: 0.5, text: 0.25 };
        assert_eq!(disease_rows(&report)[0], dme);
        assert_eq!(disease_rows(&report).len(), 2);
        assert!(knows_other_diseases(&report.image));
    }

    #[test]
    fn class_words_are_parted_in_their_order() {
        let labels = ["DME", "healthy", "RVO", "AMD"].map(str::to_owned).to_vec();
        assert_eq!(parted(labels), [["healthy", "AMD"].map(str::to_owned), ["DME", "RVO"].map(str::to_owned)]);
    }
}
