//! What a DICOM file is, if it holds no picture that is a scan: named by its SOP class, or by what is in it.

use dicom_dictionary_std::{tags, uids};

use super::data_set::DataSet;
use crate::error::{Error, Instead, Result};

/// Refuses kinds of files that are no scans, and those without pixels, by name.
///
/// # Errors
/// The file is such a one.
pub(super) fn check(meta: &DataSet, data_set: &DataSet) -> Result<()> {
    let class = match data_set.code(tags::SOP_CLASS_UID) {
        "" => meta.code(tags::MEDIA_STORAGE_SOP_CLASS_UID),
        class => class,
    };
    if class == uids::MEDIA_STORAGE_DIRECTORY_STORAGE || data_set.has(tags::DIRECTORY_RECORD_SEQUENCE) {
        return Err(Error::unsupported("DICOMDIR, which is a list of pictures and holds none", Instead::OpenListed));
    }
    if let Some(name) = named(class) {
        return Err(Error::unsupported(name, Instead::Export));
    }
    if data_set.has(tags::FLOAT_PIXEL_DATA) || data_set.has(tags::DOUBLE_FLOAT_PIXEL_DATA) {
        return Err(Error::unsupported("DICOM with pixels that are floating-point numbers", Instead::Export));
    }
    if data_set.has(tags::PIXEL_DATA) {
        return Ok(());
    }
    let name = if data_set.has(tags::ENCRYPTED_ATTRIBUTES_SEQUENCE) {
        "DICOM whose content is encrypted"
    } else if data_set.has(tags::ENCAPSULATED_DOCUMENT) {
        "a DICOM file that holds a document and no picture"
    } else if data_set.has(tags::CONTENT_SEQUENCE) {
        "a DICOM report, which holds no picture"
    } else if data_set.has(tags::WAVEFORM_SEQUENCE) {
        "a DICOM waveform, which holds no picture"
    } else {
        "a DICOM file without pixel data: it holds no picture"
    };
    Err(Error::unsupported(name, Instead::Export))
}

/// Classes that are never a scan, whether they hold pixels or not.
fn named(class: &str) -> Option<&'static str> {
    /// What the UIDs of all classes for storage begin with.
    const STORAGE: &str = "1.2.840.10008.5.1.4.1.1.";
    let rest = class.strip_prefix(STORAGE)?;
    let numbers: Vec<&str> = rest.split('.').collect();
    Some(match numbers[..] {
        ["88", "59"] => "a DICOM list of selected pictures (key object selection), which holds none",
        ["88", ..] => "a DICOM structured report, which holds no picture",
        ["104", "1"] => "a DICOM file with a PDF in it, which holds no picture",
        ["104", ..] => "a DICOM file with a document in it, which holds no picture",
        ["11", ..] => "a DICOM presentation state, which holds no picture",
        ["9", ..] => "a DICOM waveform, which holds no picture",
        ["66"] => "DICOM raw data, in which the vendor hides the pixels",
        ["66", "4" | "5" | "7" | "8"] => "a DICOM segmentation, which holds no scan",
        ["66", ..] => "a DICOM registration or surface, which holds no picture",
        ["78", ..] | ["79", ..] => "a DICOM file with measurements of the eye, which holds no picture",
        ["481", "2" | "3" | "5" | "8", ..] => "a DICOM file of radiotherapy, which holds no scan",
        _ => return None,
    })
}
