//! The answer as a Comprehensive SR (PS3.3, A.35.3) after TID 1500, Imaging Measurement Report (PS3.16).

use dicom_dictionary_std::{tags, uids};

use super::code::{self, Code};
use super::common::{MANUFACTURER, Source, VERSION, reference};
use super::content::{Relation, coded, container, image, part, share, text, uid as uid_reference};
use super::file::Object;
use super::item::Item;
use super::uid;
use crate::error::Result;
use crate::report::{CaptionSource, Prediction, Report, WarningKind};

const SERIES_NUMBER: u16 = 9002;
/// What every answer of octlens is, and is not.
const LIMITS: &str = "Research use only: octlens is no medical device, and its answer is no diagnosis.";

/// Makes the object. `segmentation`: the UID of the heatmap's object.
///
/// # Errors
/// A text is longer than DICOM allows.
pub(super) fn object(source: &Source, segmentation: &str) -> Result<Object> {
    let mut content = vec![coded(Relation::ConceptMod, &code::LANGUAGE, &code::ENGLISH)];
    content.extend(observer(source.report));
    content.push(coded(Relation::ConceptMod, &code::PROCEDURE_REPORTED, &code::OPHTHALMIC_TOMOGRAPHY));
    content.push(text(Relation::Contains, &code::COMMENT, LIMITS));
    let groups = vec![image_head(source), text_head(source), heatmap(source, segmentation)];
    content.push(part(&code::IMAGING_MEASUREMENTS, None, groups));
    let data_set = source
        .header("SR", SERIES_NUMBER, "Answer, research use only")
        .empty(tags::REFERENCED_PERFORMED_PROCEDURE_STEP_SEQUENCE)
        .empty(tags::PERFORMED_PROCEDURE_CODE_SEQUENCE)
        .text(tags::COMPLETION_FLAG, "COMPLETE")
        .text(tags::VERIFICATION_FLAG, "UNVERIFIED")
        .items(tags::CURRENT_REQUESTED_PROCEDURE_EVIDENCE_SEQUENCE, evidence(source, segmentation))
        .item(tags::CODING_SCHEME_IDENTIFICATION_SEQUENCE, code::private_scheme())
        .with(container(&code::MEASUREMENT_REPORT, Some("1500"), content));
    Object::new(uids::COMPREHENSIVE_SR_STORAGE, data_set)
}

/// The model as a device that observes (TID 1004).
fn observer(report: &Report) -> Vec<Item> {
    let model = &report.model;
    let about = |name: &Code, value: &str| text(Relation::ObsContext, name, value);
    vec![
        coded(Relation::ObsContext, &code::OBSERVER_TYPE, &code::DEVICE),
        uid_reference(Relation::ObsContext, &code::DEVICE_UID, &uid::of(&[b"octlens model", model.sha256.as_bytes()])),
        about(&code::DEVICE_NAME, &format!("octlens {VERSION}")),
        about(&code::DEVICE_MANUFACTURER, MANUFACTURER),
        about(&code::DEVICE_MODEL_NAME, &model.name),
        about(&code::DEVICE_SERIAL_NUMBER, &model.sha256),
    ]
}

/// The beginning of a measurement group: what it tracks, by which algorithm, where.
fn group(source: &Source, tracked: &str) -> Vec<Item> {
    let Report { model, input, .. } = source.report;
    let tracking_uid = uid::of(&[
        b"octlens group",
        source.own_series("SR").as_bytes(),
        &input.frame.to_le_bytes(),
        tracked.as_bytes(),
    ]);
    let site = coded(Relation::ConceptMod, &code::FINDING_SITE, &code::RETINA);
    let side = source.laterality().map(|side| coded(Relation::ConceptMod, &code::LATERALITY, &code::side(side)));
    vec![
        text(Relation::ObsContext, &code::TRACKING_IDENTIFIER, tracked),
        uid_reference(Relation::ObsContext, &code::TRACKING_UID, &tracking_uid),
        text(Relation::ConceptMod, &code::ALGORITHM_NAME, &format!("octlens {}", model.name)),
        text(Relation::ConceptMod, &code::ALGORITHM_VERSION, VERSION),
        site.maybe_item(tags::CONTENT_SEQUENCE, side),
    ]
}

/// The answer of a head: its class, unless what was asked about is no scan, and every class's probability.
fn answer(source: &Source, prediction: &Prediction) -> Vec<Item> {
    let mut items = vec![image(&code::SOURCE_OF_MEASUREMENT, source.frame())];
    if source.report.warning.kind != WarningKind::NotAScan {
        items.push(coded(Relation::Contains, &code::FINDING, &code::class(&prediction.label)));
    }
    items.extend(prediction.probabilities.iter().map(|(label, p)| share(&code::probability(label), *p)));
    items
}

fn image_head(source: &Source) -> Item {
    let warning = &source.report.warning;
    let mut items = group(source, "Answer of the image head");
    items.extend(answer(source, &source.report.image));
    items.push(coded(Relation::Contains, &code::WARNING, &code::warning(warning)));
    for doubt in &warning.reasons {
        items.push(coded(Relation::Contains, &code::WARNING_REASON, &code::doubt(*doubt)));
        items.push(text(Relation::Contains, &code::ADVICE, doubt.advice()));
    }
    part(&code::MEASUREMENT_GROUP, Some("1501"), items)
}

fn text_head(source: &Source) -> Item {
    let caption = &source.report.caption;
    let mut items = group(source, "Answer of the text head to the caption");
    items.extend(answer(source, &source.report.text));
    items.push(text(Relation::Contains, &code::CAPTION, &caption.text));
    if caption.source == CaptionSource::Edited {
        items.push(text(Relation::Contains, &code::COMMENT, "The caption was written by a person."));
    }
    part(&code::MEASUREMENT_GROUP, Some("1501"), items)
}

/// The segment of the heatmap, as a region of the source's frame.
fn heatmap(source: &Source, segmentation: &str) -> Item {
    let target = &source.report.heatmap.target;
    // The frame says which segment it is; the standard forbids to name both.
    let segment = reference(uids::SEGMENTATION_STORAGE, segmentation).text(tags::REFERENCED_FRAME_NUMBER, "1");
    let mut items = group(source, "Heatmap of the image head");
    items.extend([
        coded(Relation::Contains, &code::FINDING, &code::EVIDENCE),
        image(&code::REFERENCED_SEGMENTATION_FRAME, segment),
        image(&code::SOURCE_IMAGE_FOR_SEGMENTATION, source.frame()),
        coded(Relation::Contains, &code::EVIDENCE, &code::class(target)),
    ]);
    part(&code::MEASUREMENT_GROUP, Some("1410"), items)
}

/// All objects that the report refers to, by study and series.
fn evidence(source: &Source, segmentation: &str) -> Vec<Item> {
    let heatmap = Item::default()
        .text(tags::SERIES_INSTANCE_UID, &source.own_series("SEG"))
        .item(tags::REFERENCED_SOP_SEQUENCE, reference(uids::SEGMENTATION_STORAGE, segmentation));
    let image = source.series(tags::REFERENCED_SOP_SEQUENCE);
    let study = |uid: &str, series: Vec<Item>| {
        Item::default().text(tags::STUDY_INSTANCE_UID, uid).items(tags::REFERENCED_SERIES_SEQUENCE, series)
    };
    let own = source.own_study();
    if own == source.study() {
        vec![study(&own, vec![image, heatmap])]
    } else {
        vec![study(source.study(), vec![image]), study(&own, vec![heatmap])]
    }
}
