//! What in a file names its patient, and what names the file: for objects that refer to it, and for people who want to see
//! it. Read only when it is asked for; scans and reports never hold any of it.

use std::ops::Range;

use dicom_core::dictionary::{DataDictionary, DataDictionaryEntry};
use dicom_core::{Tag, VR};
use dicom_dictionary_std::{StandardDataDictionary, tags};
use dicom_encoding::text::{SpecificCharacterSet, TextCodec};
use sha2::{Digest, Sha256};

use super::data_set::DataSet;
use super::element::{Element, Encoding, ITEM, Walk, items};
use crate::error::Result;

/// What identifies beside all of group 0010 (the patient), all names of persons and private attributes: the attributes of
/// the Basic Application Level Confidentiality Profile (PS3.15, Table E.1-1) that pictures of eyes have.
const IDENTIFYING: [Tag; 48] = [
    tags::SOP_INSTANCE_UID,
    tags::STUDY_DATE,
    tags::SERIES_DATE,
    tags::ACQUISITION_DATE,
    tags::CONTENT_DATE,
    tags::ACQUISITION_DATE_TIME,
    tags::INSTANCE_CREATION_DATE,
    tags::STUDY_TIME,
    tags::SERIES_TIME,
    tags::ACQUISITION_TIME,
    tags::CONTENT_TIME,
    tags::ACCESSION_NUMBER,
    tags::INSTITUTION_NAME,
    tags::INSTITUTION_ADDRESS,
    tags::INSTITUTIONAL_DEPARTMENT_NAME,
    tags::REFERRING_PHYSICIAN_ADDRESS,
    tags::REFERRING_PHYSICIAN_TELEPHONE_NUMBERS,
    tags::PERSON_ADDRESS,
    tags::PERSON_TELEPHONE_NUMBERS,
    tags::STATION_NAME,
    tags::STUDY_DESCRIPTION,
    tags::SERIES_DESCRIPTION,
    tags::ADMITTING_DIAGNOSES_DESCRIPTION,
    tags::DERIVATION_DESCRIPTION,
    tags::REFERENCED_SOP_INSTANCE_UID,
    tags::DEVICE_SERIAL_NUMBER,
    tags::DEVICE_UID,
    tags::GANTRY_ID,
    tags::PROTOCOL_NAME,
    tags::ACQUISITION_PROTOCOL_DESCRIPTION,
    tags::STUDY_INSTANCE_UID,
    tags::SERIES_INSTANCE_UID,
    tags::STUDY_ID,
    tags::FRAME_OF_REFERENCE_UID,
    tags::SYNCHRONIZATION_FRAME_OF_REFERENCE_UID,
    tags::IMAGE_COMMENTS,
    tags::FRAME_COMMENTS,
    tags::REQUESTED_PROCEDURE_DESCRIPTION,
    tags::REQUESTED_PROCEDURE_COMMENTS,
    tags::ADMISSION_ID,
    tags::CURRENT_PATIENT_LOCATION,
    tags::PATIENT_STATE,
    tags::REQUESTED_PROCEDURE_ID,
    tags::SCHEDULED_PROCEDURE_STEP_ID,
    tags::PERFORMED_PROCEDURE_STEP_ID,
    tags::PERFORMED_PROCEDURE_STEP_DESCRIPTION,
    tags::PLACER_ORDER_NUMBER_IMAGING_SERVICE_REQUEST,
    tags::FILLER_ORDER_NUMBER_IMAGING_SERVICE_REQUEST,
];
/// What does not identify anyone, but is needed to refer to the file.
const NEEDED: [Tag; 6] = [
    tags::SPECIFIC_CHARACTER_SET,
    tags::SOP_CLASS_UID,
    tags::LOSSY_IMAGE_COMPRESSION,
    tags::LOSSY_IMAGE_COMPRESSION_RATIO,
    tags::LOSSY_IMAGE_COMPRESSION_METHOD,
    tags::PATIENT_IDENTITY_REMOVED,
];
/// The group of the patient.
const PATIENT_GROUP: u16 = 0x0010;
/// The longest value that is kept, in bytes.
const MAX_VALUE: usize = 1 << 10;
/// The most characters of a value that are shown.
const MAX_SHOWN: usize = 100;
/// The deepest sequences that are looked into.
const MAX_DEPTH: usize = 8;

/// What in a DICOM file names its patient and itself.
pub struct Identity {
    /// Values of the file's own attributes as they are stored, without their padding.
    own: Vec<(Tag, Vec<u8>)>,
    identifiers: Vec<Identifier>,
    n_frames: usize,
}

/// An attribute that may say who the patient is.
#[derive(Clone, PartialEq, Eq)]
pub struct Identifier {
    /// Its keyword in the standard, behind those of the sequences that it is in: `PatientName`,
    /// `RequestAttributesSequence/RequestedProcedureID`; of private attributes the word `private`, all of them being one entry.
    pub path: String,
    /// The first value as text of one line, cut if it is long; of private attributes none.
    pub value: String,
    /// How often such an attribute is there, with this value or with others.
    pub n_values: usize,
}

impl Identity {
    /// Reads the data set at `data_set_at` of `bytes`, and what meta information at `meta_at` says instead.
    pub(super) fn read(
        bytes: &[u8],
        meta_at: usize,
        data_set_at: usize,
        encoding: Encoding,
        n_frames: usize,
    ) -> Result<Self> {
        let mut identity = Self { own: vec![], identifiers: vec![], n_frames };
        let mut reader = Reader { bytes, identity: &mut identity, character_set: SpecificCharacterSet::ISO_IR_6 };
        reader.walk(data_set_at..bytes.len(), encoding, "", 0)?;
        // Some writers name the object only there.
        let meta = DataSet::read_meta(bytes, meta_at)?.0;
        for (tag, meta_tag) in [
            (tags::SOP_CLASS_UID, tags::MEDIA_STORAGE_SOP_CLASS_UID),
            (tags::SOP_INSTANCE_UID, tags::MEDIA_STORAGE_SOP_INSTANCE_UID),
        ] {
            let uid = meta.code(meta_tag);
            if identity.value(tag).is_empty() && !uid.is_empty() {
                identity.own.push((tag, uid.as_bytes().to_vec()));
            }
        }
        Ok(identity)
    }

    /// What is there of all that may identify the patient, in the order of the file.
    pub fn identifiers(&self) -> &[Identifier] {
        &self.identifiers
    }

    /// How many frames the file has.
    pub(crate) fn n_frames(&self) -> usize {
        self.n_frames
    }

    /// An attribute of the file itself as it is stored, without padding; empty if it is not there, or not one of those that
    /// are kept.
    pub(crate) fn value(&self, tag: Tag) -> &[u8] {
        let is_empty_or_tag = |(own, value): &&(Tag, Vec<u8>)| *own == tag && !value.is_empty();
        self.own.iter().find(is_empty_or_tag).map_or(&[], |(_, value)| value)
    }

    /// A hash of the UID of the file's study, in hex.
    pub(crate) fn study(&self) -> Option<String> {
        let uid = Some(self.uid(tags::STUDY_INSTANCE_UID)).filter(|uid| !uid.is_empty())?;
        Some(Sha256::digest(uid).iter().map(|byte| format!("{byte:02x}")).collect())
    }

    /// The same as a UID; empty if it is none.
    pub(crate) fn uid(&self, tag: Tag) -> &str {
        const MAX_LEN: usize = 64;
        let is_uid = |uid: &&str| uid.len() <= MAX_LEN && uid.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
        std::str::from_utf8(self.value(tag)).ok().filter(is_uid).unwrap_or_default()
    }
}

struct Reader<'a> {
    bytes: &'a [u8],
    identity: &'a mut Identity,
    character_set: SpecificCharacterSet,
}

impl Reader<'_> {
    /// Reads the data set in `range`, nested ones too; `prefix` names the sequence it is in.
    fn walk(&mut self, range: Range<usize>, encoding: Encoding, prefix: &str, depth: usize) -> Result<()> {
        let mut walk = Walk::new(self.bytes, range, encoding);
        while let Some(element) = walk.next()? {
            if depth == 0 && element.tag == tags::PIXEL_DATA {
                break;
            }
            if element.tag.group() % 2 == 1 {
                self.list("private".to_owned(), String::new());
                continue;
            }
            let entry = StandardDataDictionary.by_tag(element.tag);
            let vr = entry.map_or(element.vr, |entry| entry.vr().relaxed());
            let keyword = entry.map_or_else(|| element.tag.to_string(), |entry| entry.alias().to_owned());
            if vr == VR::SQ || element.value.starts_with(ITEM) {
                if depth < MAX_DEPTH {
                    for item in items(self.bytes, &element)? {
                        self.walk(item, element.encoding, &format!("{prefix}{keyword}/"), depth + 1)?;
                    }
                }
                continue;
            }
            self.take(&element, vr, format!("{prefix}{keyword}"), depth);
        }
        Ok(())
    }

    fn take(&mut self, element: &Element, vr: VR, path: String, depth: usize) {
        let Element { tag, value, .. } = *element;
        let value = trimmed(value);
        let identifies = tag.group() == PATIENT_GROUP || vr == VR::PN || IDENTIFYING.contains(&tag);
        // Says only that the file is made anonymous, or not.
        let is_needed = NEEDED.contains(&tag) || tag == tags::DEIDENTIFICATION_METHOD;
        if value.is_empty() || !(identifies || is_needed) {
            return;
        }
        if depth == 0 && value.len() <= MAX_VALUE && self.identity.own.iter().all(|(own, _)| *own != tag) {
            self.identity.own.push((tag, value.to_vec()));
        }
        if tag == tags::SPECIFIC_CHARACTER_SET {
            let codes = String::from_utf8_lossy(value).into_owned();
            let mut sets = codes.split('\\').filter_map(|code| SpecificCharacterSet::from_code(code.trim()));
            self.character_set = sets.next_back().unwrap_or_default();
        }
        if identifies {
            let shown = self.text(value);
            self.list(path, shown);
        }
    }

    fn list(&mut self, path: String, value: String) {
        match self.identity.identifiers.iter_mut().find(|identifier| identifier.path == path) {
            Some(identifier) => identifier.n_values += 1,
            None => self.identity.identifiers.push(Identifier { path, value, n_values: 1 }),
        }
    }

    /// A value as text of one line.
    fn text(&self, value: &[u8]) -> String {
        let cut = &value[..value.len().min(MAX_VALUE)];
        let decoded = match std::str::from_utf8(cut) {
            Ok(text) if !text.contains('\x1b') => text.to_owned(),
            _ => {
                let decoded = self.character_set.decode(cut);
                // Which announces Korean, and is no character.
                decoded.map_or_else(|_| String::from_utf8_lossy(cut).into_owned(), |text| text.replace("\x1b$)C", ""))
            }
        };
        let mut shown: String = decoded
            .chars()
            .take(MAX_SHOWN)
            .map(|c| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c })
            .collect();
        if decoded.chars().nth(MAX_SHOWN).is_some() || cut.len() < value.len() {
            shown.push('…');
        }
        shown
    }
}

/// A value without its padding.
fn trimmed(value: &[u8]) -> &[u8] {
    let is_padding = |byte: &u8| matches!(byte, b' ' | 0);
    let end = value.iter().rposition(|byte| !is_padding(byte)).map_or(0, |last| last + 1);
    &value[..end]
}
