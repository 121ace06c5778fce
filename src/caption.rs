//! Captions: `<class>, <finding 1>, <finding 2>, …`. Knows the words and their order; no tensors, no pixels.

pub mod finding;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::error::{Detail, Error, Result};

/// The lesions that OCT5k marks with boxes (Arikan et al. 2023, `Detection/all_classes.csv`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Lesion {
    /// Wavy folds of Bruch's membrane and choroid.
    ChoroidalFolds,
    /// Dark intra- or subretinal fluid.
    Fluid,
    /// Loss of the RPE, with the choroid shining through below.
    GeographicAtrophy,
    /// Small, sharply bounded drusen.
    HardDrusen,
    /// Bright dots above the RPE.
    HyperfluorescentSpots,
    /// A break in the photoreceptor layer.
    PrLayerDisruption,
    /// Deposits above the RPE, a row of small peaks.
    ReticularDrusen,
    /// Broad domes under the RPE.
    SoftDrusen,
    /// A large drusenoid detachment of the pigment epithelium.
    SoftDrusenPed,
}

impl Lesion {
    /// All nine, in OCT5k's order (its class index).
    pub const ALL: [Lesion; 9] = [
        Lesion::ChoroidalFolds,
        Lesion::Fluid,
        Lesion::GeographicAtrophy,
        Lesion::HardDrusen,
        Lesion::HyperfluorescentSpots,
        Lesion::PrLayerDisruption,
        Lesion::ReticularDrusen,
        Lesion::SoftDrusen,
        Lesion::SoftDrusenPed,
    ];

    /// The name in OCT5k's box file.
    pub fn oct5k_name(self) -> &'static str {
        match self {
            Lesion::ChoroidalFolds => "Choroidalfolds",
            Lesion::Fluid => "Fluid",
            Lesion::GeographicAtrophy => "Geographicatrophy",
            Lesion::HardDrusen => "Harddrusen",
            Lesion::HyperfluorescentSpots => "Hyperfluorescentspots",
            Lesion::PrLayerDisruption => "PRlayerdisruption",
            Lesion::ReticularDrusen => "Reticulardrusen",
            Lesion::SoftDrusen => "Softdrusen",
            Lesion::SoftDrusenPed => "SoftdrusenPED",
        }
    }

    /// The words used in captions.
    pub fn phrase(self) -> &'static str {
        match self {
            Lesion::ChoroidalFolds => "choroidal folds",
            Lesion::Fluid => "fluid",
            Lesion::GeographicAtrophy => "geographic atrophy",
            Lesion::HardDrusen => "hard drusen",
            Lesion::HyperfluorescentSpots => "hyperfluorescent spots",
            Lesion::PrLayerDisruption => "PR layer disruption",
            Lesion::ReticularDrusen => "reticular drusen",
            Lesion::SoftDrusen => "soft drusen",
            Lesion::SoftDrusenPed => "soft drusen PED",
        }
    }

    /// The lesion that captions call `phrase`.
    pub fn from_phrase(phrase: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|l| l.phrase() == phrase)
    }

    /// The lesion of a name in OCT5k's box file, in any case, with or without blanks, `_` and `-` between its words.
    pub fn from_oct5k_name(name: &str) -> Option<Self> {
        let name: String = name.chars().filter(|c| !c.is_whitespace() && !matches!(c, '_' | '-')).collect();
        Self::ALL.into_iter().find(|l| l.oct5k_name().eq_ignore_ascii_case(&name))
    }
}

/// A scan's class in the paper's task.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Diagnosis {
    /// No disease seen.
    Healthy,
    /// Age-related macular degeneration.
    Amd,
}

impl Diagnosis {
    /// The class word of captions and the label of reports.
    pub fn label(self) -> &'static str {
        match self {
            Diagnosis::Healthy => "healthy",
            Diagnosis::Amd => "AMD",
        }
    }
}

/// The words a model knows: its class words and its findings, each in caption order. Stored in the weights file, so that
/// nothing is fixed to two classes or nine lesions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Vocabulary {
    /// Class words; the index is the class index of both heads' logits.
    pub labels: Vec<String>,
    /// Findings, in the order in which captions name them.
    pub findings: Vec<String>,
    /// The wider finding of each narrower one, both of this vocabulary: soft drusen are drusen. Empty in files from before
    /// this field.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub parents: BTreeMap<String, String>,
}

impl Vocabulary {
    /// A vocabulary with the pairs of [`finding::PARENTS`] of which it has both findings.
    pub fn new(labels: Vec<String>, findings: Vec<String>) -> Self {
        let has = |finding: &str| findings.iter().any(|f| f == finding);
        let parents = finding::PARENTS
            .into_iter()
            .filter(|(narrower, wider)| has(narrower) && has(wider))
            .map(|(narrower, wider)| (narrower.to_owned(), wider.to_owned()))
            .collect();
        Self { labels, findings, parents }
    }

    /// The finding that `finding` is a kind of.
    pub fn parent(&self, finding: &str) -> Option<&str> {
        self.parents.get(finding).map(String::as_str)
    }

    /// The findings that are kinds of `finding`.
    pub fn children<'a>(&'a self, finding: &'a str) -> impl Iterator<Item = &'a str> {
        self.parents.iter().filter(move |(_, wider)| *wider == finding).map(|(narrower, _)| narrower.as_str())
    }

    /// Whether the findings `named` imply `finding`: they name it, or a kind of it.
    pub fn implies(&self, named: &[String], finding: &str) -> bool {
        named.iter().any(|f| f == finding || self.parent(f) == Some(finding))
    }

    /// Whether the findings `named` include the one that `finding` is a kind of.
    pub fn names_parent(&self, named: &[String], finding: &str) -> bool {
        self.parent(finding).is_some_and(|wider| named.iter().any(|f| f == wider))
    }
}

/// A parsed caption.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Caption {
    /// The class word, if it is named.
    pub label: Option<String>,
    /// The findings named, in caption order, each once.
    pub findings: Vec<String>,
}

impl Caption {
    /// A caption of a class word and findings, sorted and made unique by `vocabulary`.
    pub fn new(vocabulary: &Vocabulary, label: Option<&str>, findings: &[&str]) -> Self {
        let findings = vocabulary.findings.iter().filter(|f| findings.contains(&f.as_str())).cloned().collect();
        Self { label: label.map(str::to_owned), findings }
    }

    /// The caption as text: `AMD, soft drusen, fluid`.
    pub fn text(&self) -> String {
        self.label.iter().chain(&self.findings).map(String::as_str).collect::<Vec<_>>().join(", ")
    }

    /// The caption without its class word.
    pub fn findings_only(&self) -> Self {
        Self { label: None, findings: self.findings.clone() }
    }

    /// Parses typed text: phrases between commas, in any case and order.
    ///
    /// # Errors
    /// A phrase that is neither a class word nor a finding is named, with the words that are known.
    pub fn parse(vocabulary: &Vocabulary, text: &str) -> Result<Self> {
        let mut label = None;
        let mut named = Vec::new();
        for phrase in text.split([',', ';']).map(str::trim).filter(|p| !p.is_empty()) {
            let folded = phrase.split_whitespace().collect::<Vec<_>>().join(" ");
            if let Some(found) = vocabulary.labels.iter().find(|l| l.eq_ignore_ascii_case(&folded)) {
                if label.as_ref().is_some_and(|l| l != found) {
                    return Err(
                        Error::caption("the caption names two classes: keep one").with_detail(Detail::TwoClasses)
                    );
                }
                label = Some(found.clone());
            } else if let Some(found) = vocabulary.findings.iter().find(|f| f.eq_ignore_ascii_case(&folded)) {
                named.push(found.as_str());
            } else {
                let error = Error::caption(format!(
                    "\"{phrase}\" is not a phrase this model knows: use {}",
                    vocabulary.labels.iter().chain(&vocabulary.findings).cloned().collect::<Vec<_>>().join(", ")
                ));
                return Err(error.with_detail(Detail::UnknownPhrase { phrase: phrase.to_owned() }));
            }
        }
        Ok(Self::new(vocabulary, label.as_deref(), &named))
    }

    /// [`Self::parse`] for a caption that the text head is to read.
    ///
    /// # Errors
    /// As [`Self::parse`], or no phrase is named.
    pub fn parse_nonempty(vocabulary: &Vocabulary, text: &str) -> Result<Self> {
        let caption = Self::parse(vocabulary, text)?;
        if caption == Self::default() {
            let error = Error::caption("the caption is empty: name at least one finding or a class word");
            return Err(error.with_detail(Detail::EmptyCaption));
        }
        Ok(caption)
    }
}

/// The paper's rule: the class word, then every lesion that has a box, each once, in OCT5k's order.
/// Healthy scans have no boxes, so their caption is the class word alone.
pub fn from_boxes(diagnosis: Diagnosis, lesions: impl IntoIterator<Item = Lesion>) -> Caption {
    let mut lesions: Vec<_> = lesions.into_iter().collect();
    lesions.sort_unstable();
    lesions.dedup();
    Caption {
        label: Some(diagnosis.label().to_owned()),
        findings: lesions.into_iter().map(|l| l.phrase().to_owned()).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vocabulary() -> Vocabulary {
        let findings = Lesion::ALL.iter().map(|l| l.phrase().into()).chain([finding::DRUSEN.into()]);
        Vocabulary::new(vec!["healthy".into(), "AMD".into()], findings.collect())
    }

    #[test]
    fn boxes_become_a_caption_with_each_lesion_once() {
        let caption = from_boxes(Diagnosis::Amd, [Lesion::SoftDrusen, Lesion::Fluid, Lesion::SoftDrusen]);
        assert_eq!(caption.text(), "AMD, fluid, soft drusen");
        assert_eq!(from_boxes(Diagnosis::Healthy, []).text(), "healthy");
    }

    #[test]
    fn typed_captions_are_read_in_any_case_and_order() {
        let caption = Caption::parse(&vocabulary(), " SOFT  drusen ,amd, Fluid").unwrap();
        assert_eq!(caption.text(), "AMD, fluid, soft drusen");
        assert_eq!(caption.findings_only().text(), "fluid, soft drusen");
    }

    #[test]
    fn an_unknown_phrase_is_named() {
        let error = Caption::parse(&vocabulary(), "AMD, blue drusen").unwrap_err();
        assert!(error.to_string().contains("blue drusen"), "{error}");
        assert!(Caption::parse(&vocabulary(), "AMD, healthy").is_err());
    }

    #[test]
    fn a_caption_to_read_names_a_phrase() {
        for empty in ["", " ", " , ;"] {
            let error = Caption::parse_nonempty(&vocabulary(), empty).unwrap_err();
            assert_eq!(error.detail(), Some(&Detail::EmptyCaption), "{empty:?}");
        }
        assert_eq!(Caption::parse_nonempty(&vocabulary(), "amd,").unwrap().text(), "AMD");
        assert_eq!(Caption::parse_nonempty(&vocabulary(), "fluid").unwrap().text(), "fluid");
    }

    #[test]
    fn a_kind_of_a_finding_implies_the_finding() {
        let vocabulary = vocabulary();
        let named = ["soft drusen".to_owned()];
        assert!(vocabulary.implies(&named, "drusen") && vocabulary.implies(&named, "soft drusen"));
        assert!(!vocabulary.implies(&named, "hard drusen"));
        assert!(!vocabulary.implies(&["drusen".to_owned()], "soft drusen"));
        assert_eq!(vocabulary.children("drusen").count(), 4);
        // This vocabulary has no kind of fluid.
        assert_eq!(vocabulary.children("fluid").count(), 0);
    }

    #[test]
    fn a_vocabulary_without_parents_is_read_and_written_as_before() {
        let old = r#"{"labels":["healthy","AMD"],"findings":["drusen","soft drusen"]}"#;
        let vocabulary: Vocabulary = serde_json::from_str(old).unwrap();
        assert_eq!(vocabulary.parent("soft drusen"), None);
        assert_eq!(serde_json::to_string(&vocabulary).unwrap(), old);
        let new = Vocabulary::new(vocabulary.labels, vocabulary.findings);
        assert_eq!(serde_json::from_str::<Vocabulary>(&serde_json::to_string(&new).unwrap()).unwrap(), new);
        assert_eq!(new.parent("soft drusen"), Some("drusen"));
    }

    #[test]
    fn oct5k_names_are_read_whatever_their_case() {
        for lesion in Lesion::ALL {
            assert_eq!(Lesion::from_oct5k_name(&lesion.oct5k_name().to_uppercase()), Some(lesion));
        }
        assert_eq!(Lesion::from_oct5k_name("drusen"), None);
    }
}
