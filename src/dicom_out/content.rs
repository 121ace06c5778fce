//! Content items of structured reports (PS3.3, C.17.3): each with its relation to the one that it is in.

use dicom_dictionary_std::tags;

use super::code::{Code, NO_UNITS};
use super::item::Item;

/// How an item relates to the one above it.
#[derive(Clone, Copy, Debug)]
pub(super) enum Relation {
    Contains,
    /// It says what the name of the one above means.
    ConceptMod,
    /// It says who observed, or what.
    ObsContext,
}

impl Relation {
    fn term(self) -> &'static str {
        match self {
            Self::Contains => "CONTAINS",
            Self::ConceptMod => "HAS CONCEPT MOD",
            Self::ObsContext => "HAS OBS CONTEXT",
        }
    }
}

fn of_type(value_type: &str, relation: Relation, name: &Code) -> Item {
    Item::default()
        .text(tags::RELATIONSHIP_TYPE, relation.term())
        .text(tags::VALUE_TYPE, value_type)
        .item(tags::CONCEPT_NAME_CODE_SEQUENCE, name.item())
}

/// The attributes of a container, without a relation: the root has none. `template`: the number of its template.
pub(super) fn container(name: &Code, template: Option<&str>, content: Vec<Item>) -> Item {
    let template = template
        .map(|number| Item::default().text(tags::MAPPING_RESOURCE, "DCMR").text(tags::TEMPLATE_IDENTIFIER, number));
    Item::default()
        .text(tags::VALUE_TYPE, "CONTAINER")
        .item(tags::CONCEPT_NAME_CODE_SEQUENCE, name.item())
        .text(tags::CONTINUITY_OF_CONTENT, "SEPARATE")
        .maybe_item(tags::CONTENT_TEMPLATE_SEQUENCE, template)
        .items(tags::CONTENT_SEQUENCE, content)
}

/// A container inside another.
pub(super) fn part(name: &Code, template: Option<&str>, content: Vec<Item>) -> Item {
    container(name, template, content).text(tags::RELATIONSHIP_TYPE, Relation::Contains.term())
}

pub(super) fn text(relation: Relation, name: &Code, value: &str) -> Item {
    of_type("TEXT", relation, name).text(tags::TEXT_VALUE, value)
}

pub(super) fn coded(relation: Relation, name: &Code, value: &Code) -> Item {
    of_type("CODE", relation, name).item(tags::CONCEPT_CODE_SEQUENCE, value.item())
}

pub(super) fn uid(relation: Relation, name: &Code, value: &str) -> Item {
    of_type("UIDREF", relation, name).text(tags::UID, value)
}

/// A number between 0 and 1 without a unit, as text of six decimals and as it is.
pub(super) fn share(name: &Code, value: f32) -> Item {
    let value = f64::from(value);
    let measured = Item::default()
        .text(tags::NUMERIC_VALUE, &format!("{value:.6}"))
        .f64(tags::FLOATING_POINT_VALUE, value)
        .item(tags::MEASUREMENT_UNITS_CODE_SEQUENCE, NO_UNITS.item());
    of_type("NUM", Relation::Contains, name).item(tags::MEASURED_VALUE_SEQUENCE, measured)
}

/// An image that `reference` refers to.
pub(super) fn image(name: &Code, reference: Item) -> Item {
    of_type("IMAGE", Relation::Contains, name).item(tags::REFERENCED_SOP_SEQUENCE, reference)
}
