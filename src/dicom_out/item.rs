//! Writes data sets in Explicit VR Little Endian: attributes in the order of their tags, values padded, sequences of stated
//! length. Headers are encoded by `dicom-encoding`, VRs are those of the standard's dictionary.

use std::collections::BTreeMap;

use dicom_core::dictionary::{DataDictionary, DataDictionaryEntry};
use dicom_core::header::{DataElementHeader, Length};
use dicom_core::{Tag, VR};
use dicom_dictionary_std::{StandardDataDictionary, tags};
use dicom_encoding::encode::Encode;
use dicom_encoding::encode::explicit_le::ExplicitVRLittleEndianEncoder;

use crate::error::{Error, Result};

/// A data set: that of a file, or an item of a sequence.
#[derive(Clone, Debug, Default)]
pub(super) struct Item {
    elements: BTreeMap<Tag, Value>,
}

#[derive(Clone, Debug)]
enum Value {
    Bytes(Vec<u8>),
    Items(Vec<Item>),
}

impl Item {
    /// Adds a value as it is stored, but for its padding.
    pub(super) fn raw(mut self, tag: Tag, value: impl Into<Vec<u8>>) -> Self {
        self.elements.insert(tag, Value::Bytes(value.into()));
        self
    }

    /// Adds text of this crate. What is not ASCII becomes `?`: the character set is that of the source.
    pub(super) fn text(self, tag: Tag, value: &str) -> Self {
        self.raw(tag, ascii(value))
    }

    /// The same, with what follows the `max_len`-th character left out.
    pub(super) fn short_text(self, tag: Tag, value: &str, max_len: usize) -> Self {
        let mut value = ascii(value);
        value.truncate(max_len);
        self.raw(tag, value)
    }

    /// Adds an empty value: the standard wants the attribute, and nothing is known.
    pub(super) fn empty(self, tag: Tag) -> Self {
        self.raw(tag, [])
    }

    /// Adds a number of VR US.
    pub(super) fn u16(self, tag: Tag, value: u16) -> Self {
        self.raw(tag, value.to_le_bytes())
    }

    /// Adds a number of VR UL.
    pub(super) fn u32(self, tag: Tag, value: u32) -> Self {
        self.raw(tag, value.to_le_bytes())
    }

    /// Adds a number of VR FD.
    pub(super) fn f64(self, tag: Tag, value: f64) -> Self {
        self.raw(tag, value.to_le_bytes())
    }

    /// Adds a tag as a value, of VR AT.
    pub(super) fn tag(self, tag: Tag, Tag(group, element): Tag) -> Self {
        self.raw(tag, [group.to_le_bytes(), element.to_le_bytes()].concat())
    }

    /// Adds a sequence.
    pub(super) fn items(mut self, tag: Tag, items: impl IntoIterator<Item = Item>) -> Self {
        self.elements.insert(tag, Value::Items(items.into_iter().collect()));
        self
    }

    /// Adds a sequence of one item.
    pub(super) fn item(self, tag: Tag, item: Item) -> Self {
        self.items(tag, [item])
    }

    /// Adds a sequence of one item if there is one.
    pub(super) fn maybe_item(self, tag: Tag, item: Option<Item>) -> Self {
        if item.is_some() { self.items(tag, item) } else { self }
    }

    /// Adds what another data set has.
    pub(super) fn with(mut self, other: Self) -> Self {
        self.elements.extend(other.elements);
        self
    }

    /// The encoded data set.
    ///
    /// # Errors
    /// A value is longer than its VR allows.
    pub(super) fn encode(&self) -> Result<Vec<u8>> {
        let encoder = ExplicitVRLittleEndianEncoder::default();
        let mut out = Vec::new();
        for (&tag, value) in &self.elements {
            let vr = vr(tag);
            let mut bytes = match value {
                Value::Bytes(bytes) => bytes.clone(),
                Value::Items(items) => {
                    let mut bytes = Vec::new();
                    for item in items {
                        let item = item.encode()?;
                        encoder.encode_item_header(&mut bytes, item.len() as u32).map_err(failed)?;
                        bytes.extend(item);
                    }
                    bytes
                }
            };
            if bytes.len() % 2 == 1 {
                bytes.push(if matches!(vr, VR::UI | VR::OB) { 0 } else { b' ' });
            }
            let header = DataElementHeader::new(tag, vr, Length(bytes.len() as u32));
            encoder.encode_element_header(&mut out, header).map_err(failed)?;
            out.extend(bytes);
        }
        Ok(out)
    }
}

/// Text without what is not ASCII or not printable.
fn ascii(text: &str) -> Vec<u8> {
    text.chars().map(|c| if c.is_ascii() && !c.is_ascii_control() { c as u8 } else { b'?' }).collect()
}

fn vr(tag: Tag) -> VR {
    match tag {
        // By the number of bits, which is 8 here.
        tags::PIXEL_DATA => VR::OB,
        _ => StandardDataDictionary.by_tag(tag).map_or(VR::UN, |entry| entry.vr().relaxed()),
    }
}

fn failed(error: dicom_encoding::encode::Error) -> Error {
    Error::scan("the DICOM object cannot be written, a value of the source is too long: export the scan again")
        .because(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_are_in_the_order_of_their_tags_and_values_of_even_length() {
        let inner = Item::default().text(tags::CODE_VALUE, "abc");
        let item = Item::default().items(tags::CONCEPT_NAME_CODE_SEQUENCE, [inner]).text(tags::SOP_INSTANCE_UID, "1.2");
        let expected = [
            &b"\x08\x00\x18\x00UI\x04\x001.2\x00"[..],
            b"\x40\x00\x43\xa0SQ\x00\x00\x14\x00\x00\x00",
            b"\xfe\xff\x00\xe0\x0c\x00\x00\x00\x08\x00\x00\x01SH\x04\x00abc ",
        ];
        assert_eq!(item.encode().unwrap(), expected.concat());
    }

    #[test]
    fn text_stays_printable_ascii() {
        assert_eq!(ascii("drüsen\n1"), b"dr?sen?1");
    }
}
