//! A data set as a file: preamble, meta information (PS3.10, 7.1), data set; and the object's UID, made from its content.

use dicom_dictionary_std::{tags, uids};

use super::item::Item;
use super::uid;
use crate::error::Result;

/// A finished object.
pub(super) struct Object {
    pub(super) uid: String,
    pub(super) bytes: Vec<u8>,
}

impl Object {
    /// Of a data set that has everything but SOPClassUID and SOPInstanceUID.
    pub(super) fn new(sop_class: &str, data_set: Item) -> Result<Self> {
        let data_set = data_set.text(tags::SOP_CLASS_UID, sop_class);
        let uid = uid::of(&[b"octlens object", &data_set.encode()?]);
        let data_set = data_set.text(tags::SOP_INSTANCE_UID, &uid).encode()?;
        let meta = Item::default()
            .raw(tags::FILE_META_INFORMATION_VERSION, [0, 1])
            .text(tags::MEDIA_STORAGE_SOP_CLASS_UID, sop_class)
            .text(tags::MEDIA_STORAGE_SOP_INSTANCE_UID, &uid)
            .text(tags::TRANSFER_SYNTAX_UID, uids::EXPLICIT_VR_LITTLE_ENDIAN)
            .text(tags::IMPLEMENTATION_CLASS_UID, &uid::of(&[b"octlens implementation"]))
            .short_text(tags::IMPLEMENTATION_VERSION_NAME, concat!("OCTLENS_", env!("CARGO_PKG_VERSION")), 16)
            .encode()?;
        let length = Item::default().u32(tags::FILE_META_INFORMATION_GROUP_LENGTH, meta.len() as u32).encode()?;
        let bytes = [&[0; 128][..], b"DICM", &length, &meta, &data_set].concat();
        Ok(Self { uid, bytes })
    }
}
