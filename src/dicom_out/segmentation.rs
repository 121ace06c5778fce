//! The heatmap as a Segmentation (PS3.3, A.51): one frame, one segment, the rows and columns of the source's frame.

use dicom_dictionary_std::{tags, uids};

use super::code;
use super::common::{MANUFACTURER, Source, VERSION};
use super::file::Object;
use super::item::Item;
use super::uid;
use crate::error::{Error, Result};
use crate::render;
use crate::report::Report;

/// The number of the only segment.
const SEGMENT: u16 = 1;
const SERIES_NUMBER: u16 = 9001;
/// The value where the scan counted most.
const MAXIMUM: u16 = 255;

/// Makes the object.
///
/// # Errors
/// The heatmap or the scan is of a size that DICOM does not have, or the object cannot be encoded.
pub(super) fn object(source: &Source) -> Result<Object> {
    let Report { heatmap, input, .. } = source.report;
    let size = [input.width, input.height];
    let [Ok(columns), Ok(rows)] = size.map(u16::try_from) else {
        return Err(Error::scan(format!(
            "a heatmap of {} × {} pixels is too large for DICOM: crop the scan",
            size[0], size[1]
        )));
    };
    if heatmap.values.len() != heatmap.rows * heatmap.cols {
        return Err(Error::scan("the report's heatmap is damaged: make the report again"));
    }
    let dimension_organization = uid::of(&[b"octlens dimensions"]);
    let dimension = Item::default()
        .text(tags::DIMENSION_ORGANIZATION_UID, &dimension_organization)
        .tag(tags::DIMENSION_INDEX_POINTER, tags::REFERENCED_SEGMENT_NUMBER)
        .tag(tags::FUNCTIONAL_GROUP_POINTER, tags::SEGMENT_IDENTIFICATION_SEQUENCE)
        .text(tags::DIMENSION_DESCRIPTION_LABEL, "Segment Number");
    let data_set = source
        .header("SEG", SERIES_NUMBER, "Heatmap, research use only")
        .empty(tags::PATIENT_ORIENTATION)
        .text(tags::IMAGE_TYPE, "DERIVED\\PRIMARY")
        .u16(tags::SAMPLES_PER_PIXEL, 1)
        .text(tags::PHOTOMETRIC_INTERPRETATION, "MONOCHROME2")
        .text(tags::NUMBER_OF_FRAMES, "1")
        .u16(tags::ROWS, rows)
        .u16(tags::COLUMNS, columns)
        .u16(tags::BITS_ALLOCATED, 8)
        .u16(tags::BITS_STORED, 8)
        .u16(tags::HIGH_BIT, 7)
        .u16(tags::PIXEL_REPRESENTATION, 0)
        .with(aspect_ratio(source))
        .with(lossy(source))
        .text(tags::SEGMENTATION_TYPE, "FRACTIONAL")
        .text(tags::SEGMENTATION_FRACTIONAL_TYPE, "PROBABILITY")
        .u16(tags::MAXIMUM_FRACTIONAL_VALUE, MAXIMUM)
        .text(tags::CONTENT_LABEL, "HEATMAP")
        .short_text(tags::CONTENT_DESCRIPTION, &label(source.report), 64)
        .text(tags::CONTENT_CREATOR_NAME, "octlens^")
        .item(tags::SEGMENT_SEQUENCE, segment(source))
        .item(
            tags::DIMENSION_ORGANIZATION_SEQUENCE,
            Item::default().text(tags::DIMENSION_ORGANIZATION_UID, &dimension_organization),
        )
        .item(tags::DIMENSION_INDEX_SEQUENCE, dimension)
        .item(tags::SHARED_FUNCTIONAL_GROUPS_SEQUENCE, Item::default())
        .item(tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE, per_frame(source))
        .item(tags::CODING_SCHEME_IDENTIFICATION_SEQUENCE, code::private_scheme())
        .with(references(source))
        .raw(tags::PIXEL_DATA, render::levels(heatmap, size));
    Object::new(uids::SEGMENTATION_STORAGE, data_set)
}

/// What the segment is called.
fn label(report: &Report) -> String {
    format!("Evidence for {} (GradCAM)", report.heatmap.target)
}

fn segment(source: &Source) -> Item {
    let Report { model, heatmap, .. } = source.report;
    let name = format!("octlens {}", model.name);
    let algorithm = Item::default()
        .item(tags::ALGORITHM_FAMILY_CODE_SEQUENCE, code::ARTIFICIAL_INTELLIGENCE.item())
        .short_text(tags::ALGORITHM_NAME, &name, 64)
        .text(tags::ALGORITHM_VERSION, VERSION)
        .text(
            tags::ALGORITHM_PARAMETERS,
            &format!("method {}, layer {}, weights {}", heatmap.method.name(), heatmap.layer, model.sha256),
        )
        .text(tags::ALGORITHM_SOURCE, MANUFACTURER);
    let side = source.laterality().map(|laterality| code::side(laterality).item());
    let region = code::RETINA.item().maybe_item(tags::ANATOMIC_REGION_MODIFIER_SEQUENCE, side);
    let description = "Relative: 255 is the value of the cell that counted most for the class, 0 of those that did not; no probability";
    Item::default()
        .u16(tags::SEGMENT_NUMBER, SEGMENT)
        .short_text(tags::SEGMENT_LABEL, &label(source.report), 64)
        .text(tags::SEGMENT_DESCRIPTION, description)
        .text(tags::SEGMENT_ALGORITHM_TYPE, "AUTOMATIC")
        .short_text(tags::SEGMENT_ALGORITHM_NAME, &name, 64)
        .item(tags::SEGMENTATION_ALGORITHM_IDENTIFICATION_SEQUENCE, algorithm)
        .item(tags::SEGMENTED_PROPERTY_CATEGORY_CODE_SEQUENCE, code::SPATIAL_CONCEPT.item())
        .item(tags::SEGMENTED_PROPERTY_TYPE_CODE_SEQUENCE, code::EVIDENCE.item())
        .item(tags::ANATOMIC_REGION_SEQUENCE, region)
}

/// Whether the source ever was compressed lossily; it stays true of what is made from it.
fn lossy(source: &Source) -> Item {
    let value = |tag| source.identity.value(tag);
    if value(tags::LOSSY_IMAGE_COMPRESSION) != b"01" {
        return Item::default().text(tags::LOSSY_IMAGE_COMPRESSION, "00");
    }
    let how = [tags::LOSSY_IMAGE_COMPRESSION_RATIO, tags::LOSSY_IMAGE_COMPRESSION_METHOD];
    let copied = how.into_iter().filter(|tag| !value(*tag).is_empty());
    copied.fold(Item::default().text(tags::LOSSY_IMAGE_COMPRESSION, "01"), |item, tag| item.raw(tag, value(tag)))
}

/// The shape of a pixel. Its size stands in the source: Pixel Measures want the thickness of a slice too, and readers refuse
/// them without.
fn aspect_ratio(source: &Source) -> Item {
    let nm = |um: f64| (um * 1e3).round();
    match source.report.input.um_per_pixel {
        Some([across, down]) => {
            Item::default().text(tags::PIXEL_ASPECT_RATIO, &format!("{}\\{}", nm(down), nm(across)))
        }
        None => Item::default(),
    }
}

fn per_frame(source: &Source) -> Item {
    let image = source
        .frame()
        .item(tags::PURPOSE_OF_REFERENCE_CODE_SEQUENCE, code::SOURCE_IMAGE.item())
        .text(tags::SPATIAL_LOCATIONS_PRESERVED, "YES");
    let derivation = Item::default()
        .item(tags::DERIVATION_CODE_SEQUENCE, code::SEGMENTATION.item())
        .item(tags::SOURCE_IMAGE_SEQUENCE, image);
    Item::default()
        .item(tags::DERIVATION_IMAGE_SEQUENCE, derivation)
        .item(tags::FRAME_CONTENT_SEQUENCE, Item::default().u32(tags::DIMENSION_INDEX_VALUES, SEGMENT.into()))
        .item(tags::SEGMENT_IDENTIFICATION_SEQUENCE, Item::default().u16(tags::REFERENCED_SEGMENT_NUMBER, SEGMENT))
}

/// The source in the list of references: one of the object's own study, or of another.
fn references(source: &Source) -> Item {
    let series = source.series(tags::REFERENCED_INSTANCE_SEQUENCE);
    let references = Item::default().item(tags::REFERENCED_SERIES_SEQUENCE, series);
    if source.own_study() == source.study() {
        return references;
    }
    let other = references.text(tags::STUDY_INSTANCE_UID, source.study());
    Item::default().item(tags::STUDIES_CONTAINING_OTHER_REFERENCED_INSTANCES_SEQUENCE, other)
}
