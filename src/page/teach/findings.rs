//! What a finding says about AMD. Definitions stand in `page::text`, in every language.

use crate::caption::finding;

/// What a finding speaks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bearing {
    /// AMD.
    Amd,
    /// Seen in AMD and in other diseases.
    Shared,
    /// Another disease than AMD.
    NotAmd,
    /// Common in healthy eyes.
    Healthy,
}

/// What a finding of a caption speaks for; none of a phrase that is not known.
///
/// AMD is staged by drusen, geographic atrophy and macular neovascularisation (Ferris et al. 2013). Fluid, hyperreflective foci and photoreceptor loss follow from many diseases. Choroidal folds come from hypotony, tumours,
/// inflammation or hyperopia.
pub fn bearing(phrase: &str) -> Option<Bearing> {
    Some(match phrase {
        finding::DRUSEN
        | "soft drusen"
        | "hard drusen"
        | "reticular drusen"
        | "soft drusen PED"
        | "geographic atrophy"
        | finding::MNV
        | "suspected MNV" => Bearing::Amd,
        finding::FLUID
        | finding::INTRARETINAL_FLUID
        | finding::SUBRETINAL_FLUID
        | finding::SUBRETINAL_HYPERREFLECTIVE_MATERIAL
        | "hyperfluorescent spots"
        | "PR layer disruption" => Bearing::Shared,
        "choroidal folds"
        | "macular edema"
        | "cystoid macular edema"
        | "DRIL"
        | "epiretinal membrane"
        | "macular hole"
        | finding::LAMELLAR_HOLE
        | finding::VITREOMACULAR_TRACTION => Bearing::NotAmd,
        finding::POSTERIOR_VITREOUS_DETACHMENT => Bearing::Healthy,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::caption::Lesion;
    use crate::page::text::LANGUAGES;

    #[test]
    fn every_finding_has_a_bearing_and_a_definition_in_every_language() {
        let shared = [
            finding::DRUSEN,
            finding::MNV,
            "suspected MNV",
            finding::LAMELLAR_HOLE,
            finding::VITREOMACULAR_TRACTION,
            finding::INTRARETINAL_FLUID,
            finding::SUBRETINAL_FLUID,
            finding::SUBRETINAL_HYPERREFLECTIVE_MATERIAL,
            finding::POSTERIOR_VITREOUS_DETACHMENT,
            "macular edema",
            "cystoid macular edema",
            "DRIL",
            "epiretinal membrane",
            "macular hole",
        ];
        for phrase in Lesion::ALL.map(Lesion::phrase).into_iter().chain(shared) {
            assert!(bearing(phrase).is_some(), "{phrase}");
            for language in &LANGUAGES {
                let [name, sentence] =
                    language.definition(phrase).unwrap_or_else(|| panic!("{phrase}: {}", language.tag));
                assert!(!name.is_empty() && sentence.ends_with('.'), "{name}: {sentence}");
            }
        }
        assert_eq!(bearing("glitter"), None);
        assert!(LANGUAGES.iter().all(|language| language.definition("glitter").is_none()));
    }

    #[test]
    fn folds_do_not_speak_for_amd() {
        assert_eq!(bearing(Lesion::ChoroidalFolds.phrase()), Some(Bearing::NotAmd));
        assert_eq!(bearing(Lesion::SoftDrusen.phrase()), Some(Bearing::Amd));
        assert_eq!(bearing(Lesion::Fluid.phrase()), Some(Bearing::Shared));
    }
}
