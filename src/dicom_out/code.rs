//! Coded concepts: of DICOM's own scheme (PS3.16, annex D), SNOMED CT, and those that only octlens knows.

use std::borrow::Cow;

use dicom_dictionary_std::tags;

use super::item::Item;
use super::uid;
use crate::report::{Doubt, Warning};
use crate::scan::note::Laterality;

/// The private scheme; its name begins as PS3.16, 8.2 wants.
const PRIVATE: &str = "99OCTLENS";
/// The most characters of a code (VR SH).
const MAX_VALUE: usize = 16;
/// The most characters of a meaning (VR LO).
const MAX_MEANING: usize = 64;

/// A concept.
#[derive(Clone, Debug)]
pub(super) struct Code {
    value: Cow<'static, str>,
    scheme: &'static str,
    meaning: Cow<'static, str>,
}

const fn code(scheme: &'static str, value: &'static str, meaning: &'static str) -> Code {
    Code { value: Cow::Borrowed(value), scheme, meaning: Cow::Borrowed(meaning) }
}

pub(super) const ALGORITHM_NAME: Code = code("DCM", "111001", "Algorithm Name");
pub(super) const ALGORITHM_VERSION: Code = code("DCM", "111003", "Algorithm Version");
pub(super) const ARTIFICIAL_INTELLIGENCE: Code = code("DCM", "123110", "Artificial Intelligence");
pub(super) const COMMENT: Code = code("DCM", "121106", "Comment");
pub(super) const DEVICE: Code = code("DCM", "121007", "Device");
pub(super) const DEVICE_MANUFACTURER: Code = code("DCM", "121014", "Device Observer Manufacturer");
pub(super) const DEVICE_MODEL_NAME: Code = code("DCM", "121015", "Device Observer Model Name");
pub(super) const DEVICE_NAME: Code = code("DCM", "121013", "Device Observer Name");
pub(super) const DEVICE_SERIAL_NUMBER: Code = code("DCM", "121016", "Device Observer Serial Number");
pub(super) const DEVICE_UID: Code = code("DCM", "121012", "Device Observer UID");
pub(super) const ENGLISH: Code = code("RFC5646", "en", "English");
pub(super) const FINDING: Code = code("DCM", "121071", "Finding");
pub(super) const FINDING_SITE: Code = code("SCT", "363698007", "Finding Site");
pub(super) const IMAGING_MEASUREMENTS: Code = code("DCM", "126010", "Imaging Measurements");
pub(super) const LANGUAGE: Code = code("DCM", "121049", "Language of Content Item and Descendants");
pub(super) const LATERALITY: Code = code("SCT", "272741003", "Laterality");
pub(super) const MEASUREMENT_GROUP: Code = code("DCM", "125007", "Measurement Group");
pub(super) const MEASUREMENT_REPORT: Code = code("DCM", "126000", "Imaging Measurement Report");
pub(super) const NO_UNITS: Code = code("UCUM", "1", "no units");
pub(super) const OBSERVER_TYPE: Code = code("DCM", "121005", "Observer Type");
pub(super) const OPHTHALMIC_TOMOGRAPHY: Code = code("DCM", "OPT", "Ophthalmic Tomography");
pub(super) const PROCEDURE_REPORTED: Code = code("DCM", "121058", "Procedure reported");
pub(super) const REFERENCED_SEGMENTATION_FRAME: Code = code("DCM", "121214", "Referenced Segmentation Frame");
pub(super) const RETINA: Code = code("SCT", "5665001", "Retina");
pub(super) const SEGMENTATION: Code = code("DCM", "113076", "Segmentation");
pub(super) const SOURCE_IMAGE: Code = code("DCM", "121322", "Source image for image processing operation");
pub(super) const SOURCE_IMAGE_FOR_SEGMENTATION: Code = code("DCM", "121233", "Source image for segmentation");
pub(super) const SOURCE_OF_MEASUREMENT: Code = code("DCM", "121112", "Source of Measurement");
pub(super) const SPATIAL_CONCEPT: Code = code("SCT", "309825002", "Spatial and Relational Concept");
pub(super) const TRACKING_IDENTIFIER: Code = code("DCM", "112039", "Tracking Identifier");
pub(super) const TRACKING_UID: Code = code("DCM", "112040", "Tracking Unique Identifier");

pub(super) const CAPTION: Code = code(PRIVATE, "CAPTION", "Caption that the text head read");
pub(super) const EVIDENCE: Code = code(PRIVATE, "EVIDENCE", "Evidence for a class");
pub(super) const WARNING: Code = code(PRIVATE, "WARNING", "Whether the answer is to be doubted");
pub(super) const WARNING_REASON: Code = code(PRIVATE, "WARNING-REASON", "Reason to doubt the answer");
pub(super) const ADVICE: Code = code(PRIVATE, "ADVICE", "What to do about the doubt");

/// The side of the body.
pub(super) fn side(laterality: Laterality) -> Code {
    match laterality {
        Laterality::Right => code("SCT", "24028007", "Right"),
        Laterality::Left => code("SCT", "7771000", "Left"),
    }
}

/// The class with that label: of those in the paper's task by SNOMED CT, others by their label.
pub(super) fn class(label: &str) -> Code {
    match label {
        "healthy" => code("SCT", "17621005", "Normal"),
        "AMD" => code("SCT", "267718000", "Age-related macular degeneration"),
        _ => private(&format!("C-{label}"), label.to_owned()),
    }
}

/// The name of the number that is a class's probability.
pub(super) fn probability(label: &str) -> Code {
    private(&format!("P-{label}"), format!("Probability of {label}"))
}

/// What kind of warning there is.
pub(super) fn warning(warning: &Warning) -> Code {
    let meaning = if warning.is_none() { "No reason to doubt the answer" } else { warning.kind.heading() };
    private(warning.kind.name(), meaning.to_owned())
}

/// A reason of a warning.
pub(super) fn doubt(doubt: Doubt) -> Code {
    let name = serde_json::to_value(doubt).ok().and_then(|name| name.as_str().map(str::to_owned)).unwrap_or_default();
    private(&name, name.replace('_', " "))
}

/// A private code from a name; one that is too long ends with digits that are made from it.
fn private(name: &str, meaning: String) -> Code {
    let mut value = name.to_ascii_uppercase().replace('\\', "?");
    if value.chars().count() > MAX_VALUE {
        let digits = uid::of(&[name.as_bytes()]);
        value = value.chars().take(MAX_VALUE - 7).chain(['-']).chain(digits.chars().skip(5).take(6)).collect();
    }
    Code { value: value.into(), scheme: PRIVATE, meaning: meaning.into() }
}

impl Code {
    /// The item of a code sequence.
    pub(super) fn item(&self) -> Item {
        Item::default()
            .text(tags::CODE_VALUE, &self.value)
            .text(tags::CODING_SCHEME_DESIGNATOR, self.scheme)
            .short_text(tags::CODE_MEANING, &self.meaning, MAX_MEANING)
    }
}

/// What the private scheme is, as an object that uses it says.
pub(super) fn private_scheme() -> Item {
    Item::default()
        .text(tags::CODING_SCHEME_DESIGNATOR, PRIVATE)
        .text(tags::CODING_SCHEME_NAME, "octlens, an open-source classifier of OCT B-scans")
        .text(tags::CODING_SCHEME_RESPONSIBLE_ORGANIZATION, "octlens")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_name_has_a_code_of_its_own_that_fits() {
        let [a, b] = ["P-choroidal neovascularisation", "P-choroidal neovascular tissue"]
            .map(|name| private(name, String::new()));
        assert!(a.value.len() <= MAX_VALUE && a.value != b.value, "{} {}", a.value, b.value);
        for reason in Doubt::ALL {
            assert!(doubt(reason).value.len() <= MAX_VALUE, "{reason:?}");
        }
    }
}
