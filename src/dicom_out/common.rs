//! What both objects say: patient, study, series, equipment, and which frame they are about.

use dicom_core::Tag;
use dicom_dictionary_std::tags;

use super::item::Item;
use super::patient::Patient;
use super::uid;
use crate::error::{Error, Result};
use crate::report::Report;
use crate::scan::Identity;
use crate::scan::note::Laterality;

/// Who made the objects.
pub(super) const MANUFACTURER: &str = "octlens";
pub(super) const VERSION: &str = env!("CARGO_PKG_VERSION");
/// Dates and times where those of the source are not copied, or not there.
const DUMMY_DATE: &[u8] = b"19000101";
const DUMMY_TIME: &[u8] = b"000000";

/// Attributes of patient and study that must be there, if only empty.
const WANTED: [Tag; 9] = [
    tags::PATIENT_NAME,
    tags::PATIENT_ID,
    tags::PATIENT_BIRTH_DATE,
    tags::PATIENT_SEX,
    tags::STUDY_DATE,
    tags::STUDY_TIME,
    tags::REFERRING_PHYSICIAN_NAME,
    tags::STUDY_ID,
    tags::ACCESSION_NUMBER,
];
/// Attributes that are copied if they are there.
const OPTIONAL: [Tag; 2] = [tags::ISSUER_OF_PATIENT_ID, tags::STUDY_DESCRIPTION];

/// The source of both objects, and what is said about it.
pub(super) struct Source<'a> {
    pub(super) identity: &'a Identity,
    pub(super) report: &'a Report,
    patient: Patient,
    /// UIDs of the source.
    study: &'a str,
    series: &'a str,
    instance: &'a str,
    class: &'a str,
}

impl<'a> Source<'a> {
    /// # Errors
    /// The source has no UIDs that could be referred to.
    pub(super) fn new(identity: &'a Identity, report: &'a Report, patient: Patient) -> Result<Self> {
        let uid = |tag: Tag, name: &str| {
            let missing = || {
                Error::scan(format!(
                    "the DICOM file has no valid {name}, so that nothing can refer to it: export the scan again"
                ))
            };
            Some(identity.uid(tag)).filter(|uid| !uid.is_empty()).ok_or_else(missing)
        };
        Ok(Self {
            identity,
            report,
            patient,
            study: uid(tags::STUDY_INSTANCE_UID, "StudyInstanceUID")?,
            series: uid(tags::SERIES_INSTANCE_UID, "SeriesInstanceUID")?,
            instance: uid(tags::SOP_INSTANCE_UID, "SOPInstanceUID")?,
            class: uid(tags::SOP_CLASS_UID, "SOPClassUID")?,
        })
    }

    pub(super) fn laterality(&self) -> Option<Laterality> {
        self.report.input.laterality
    }

    /// The study that the objects are in.
    pub(super) fn own_study(&self) -> String {
        match self.patient {
            Patient::AsSource => self.study.to_owned(),
            Patient::Unnamed => uid::of(&[b"octlens study", self.study.as_bytes()]),
        }
    }

    /// The series of objects of that modality by the same model.
    pub(super) fn own_series(&self, modality: &str) -> String {
        let Report { model, .. } = self.report;
        let names = [&self.own_study(), self.series, modality, &model.name, &model.sha256, VERSION];
        let parts: Vec<&[u8]> = [&b"octlens series"[..]].into_iter().chain(names.map(str::as_bytes)).collect();
        uid::of(&parts)
    }

    /// Patient, study, series and equipment of an object.
    pub(super) fn header(&self, modality: &str, series_number: u16, description: &str) -> Item {
        let Report { model, input, .. } = self.report;
        self.patient_and_study()
            .text(tags::MODALITY, modality)
            .text(tags::SERIES_INSTANCE_UID, &self.own_series(modality))
            .text(tags::SERIES_NUMBER, &series_number.to_string())
            .text(tags::SERIES_DESCRIPTION, description)
            .text(tags::INSTANCE_NUMBER, &(input.frame + 1).to_string())
            .text(tags::MANUFACTURER, MANUFACTURER)
            .short_text(tags::MANUFACTURER_MODEL_NAME, &model.name, 64)
            .short_text(tags::DEVICE_SERIAL_NUMBER, &model.sha256, 64)
            .text(tags::SOFTWARE_VERSIONS, VERSION)
            .with(self.content_date())
    }

    fn patient_and_study(&self) -> Item {
        let mut item = WANTED.into_iter().fold(Item::default(), Item::empty);
        item = item.text(tags::STUDY_INSTANCE_UID, &self.own_study());
        if self.patient == Patient::Unnamed {
            return item
                .text(tags::SPECIFIC_CHARACTER_SET, "ISO_IR 192")
                .text(tags::PATIENT_IDENTITY_REMOVED, "YES")
                .text(tags::DEIDENTIFICATION_METHOD, "octlens: nothing copied but UIDs of the source image");
        }
        let value = |tag| self.identity.value(tag);
        let copy = |item: Item, tag| if value(tag).is_empty() { item } else { item.raw(tag, value(tag)) };
        let mut copied: Vec<Tag> = [WANTED.as_slice(), &OPTIONAL, &[tags::SPECIFIC_CHARACTER_SET]].concat();
        if !value(tags::DEIDENTIFICATION_METHOD).is_empty() {
            copied.extend([tags::PATIENT_IDENTITY_REMOVED, tags::DEIDENTIFICATION_METHOD]);
        }
        copied.into_iter().fold(item, copy)
    }

    /// When the content was made: as the source, since no clock is read.
    fn content_date(&self) -> Item {
        let digits = |tag, n: usize| {
            let value = self.identity.value(tag);
            value.get(..n).filter(|digits| digits.iter().all(u8::is_ascii_digit))
        };
        let dates = [tags::CONTENT_DATE, tags::ACQUISITION_DATE, tags::ACQUISITION_DATE_TIME, tags::STUDY_DATE];
        let date = dates.into_iter().find_map(|tag| digits(tag, DUMMY_DATE.len()));
        let times = [tags::CONTENT_TIME, tags::ACQUISITION_TIME, tags::STUDY_TIME];
        let time = times.into_iter().find_map(|tag| digits(tag, DUMMY_TIME.len()));
        let (date, time) = match self.patient {
            Patient::AsSource => (date.unwrap_or(DUMMY_DATE), time.unwrap_or(DUMMY_TIME)),
            Patient::Unnamed => (DUMMY_DATE, DUMMY_TIME),
        };
        Item::default().raw(tags::CONTENT_DATE, date).raw(tags::CONTENT_TIME, time)
    }

    /// The reference to the source without its frame.
    pub(super) fn instance(&self) -> Item {
        reference(self.class, self.instance)
    }

    /// The reference to the source's frame.
    pub(super) fn frame(&self) -> Item {
        let number = (self.report.input.frame + 1).to_string();
        if self.identity.n_frames() > 1 {
            self.instance().text(tags::REFERENCED_FRAME_NUMBER, &number)
        } else {
            self.instance()
        }
    }

    /// The source in its series, as lists of references want it: `instances` is their name for the objects.
    pub(super) fn series(&self, instances: Tag) -> Item {
        Item::default().text(tags::SERIES_INSTANCE_UID, self.series).item(instances, self.instance())
    }

    /// The source's study.
    pub(super) fn study(&self) -> &str {
        self.study
    }
}

/// A reference to an object.
pub(super) fn reference(class: &str, instance: &str) -> Item {
    Item::default().text(tags::REFERENCED_SOP_CLASS_UID, class).text(tags::REFERENCED_SOP_INSTANCE_UID, instance)
}
