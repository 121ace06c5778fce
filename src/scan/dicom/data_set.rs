//! The attributes of a data set that a scan needs, by tag. All others, those of the patient among them, are passed over.

use std::ops::Range;

use dicom_core::{Tag, VR};
use dicom_dictionary_std::tags;

use super::element::{Element, Encoding, Walk, items};
use crate::error::Result;

/// What is kept; what is not listed is never looked at.
const WANTED: [Tag; 51] = [
    tags::TRANSFER_SYNTAX_UID,
    tags::MEDIA_STORAGE_SOP_CLASS_UID,
    tags::DIRECTORY_RECORD_SEQUENCE,
    tags::SOP_CLASS_UID,
    tags::LATERALITY,
    tags::IMAGE_LATERALITY,
    tags::FRAME_ANATOMY_SEQUENCE,
    tags::FRAME_LATERALITY,
    tags::SAMPLES_PER_PIXEL,
    tags::PHOTOMETRIC_INTERPRETATION,
    tags::PLANAR_CONFIGURATION,
    tags::NUMBER_OF_FRAMES,
    tags::ROWS,
    tags::COLUMNS,
    tags::PIXEL_SPACING,
    tags::BITS_ALLOCATED,
    tags::BITS_STORED,
    tags::HIGH_BIT,
    tags::PIXEL_REPRESENTATION,
    tags::PIXEL_PADDING_VALUE,
    tags::WINDOW_CENTER,
    tags::WINDOW_WIDTH,
    tags::RESCALE_INTERCEPT,
    tags::RESCALE_SLOPE,
    tags::VOILUT_FUNCTION,
    tags::RED_PALETTE_COLOR_LOOKUP_TABLE_DESCRIPTOR,
    tags::GREEN_PALETTE_COLOR_LOOKUP_TABLE_DESCRIPTOR,
    tags::BLUE_PALETTE_COLOR_LOOKUP_TABLE_DESCRIPTOR,
    tags::RED_PALETTE_COLOR_LOOKUP_TABLE_DATA,
    tags::GREEN_PALETTE_COLOR_LOOKUP_TABLE_DATA,
    tags::BLUE_PALETTE_COLOR_LOOKUP_TABLE_DATA,
    tags::SEGMENTED_RED_PALETTE_COLOR_LOOKUP_TABLE_DATA,
    tags::MODALITY_LUT_SEQUENCE,
    tags::LUT_DESCRIPTOR,
    tags::LUT_DATA,
    tags::VOILUT_SEQUENCE,
    tags::PIXEL_MEASURES_SEQUENCE,
    tags::FRAME_VOILUT_SEQUENCE,
    tags::PIXEL_VALUE_TRANSFORMATION_SEQUENCE,
    tags::ENCAPSULATED_DOCUMENT,
    tags::ENCRYPTED_ATTRIBUTES_SEQUENCE,
    tags::PRESENTATION_LUT_SHAPE,
    tags::CONTENT_SEQUENCE,
    tags::SHARED_FUNCTIONAL_GROUPS_SEQUENCE,
    tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE,
    tags::EXTENDED_OFFSET_TABLE,
    tags::WAVEFORM_SEQUENCE,
    tags::SEGMENT_SEQUENCE,
    tags::FLOAT_PIXEL_DATA,
    tags::DOUBLE_FLOAT_PIXEL_DATA,
    tags::PIXEL_DATA,
];
/// Group of the file meta information.
const META_GROUP: u16 = 0x0002;

/// Wanted attributes of one data set, each once.
pub(super) struct DataSet<'a> {
    bytes: &'a [u8],
    elements: Vec<Element<'a>>,
}

impl<'a> DataSet<'a> {
    /// Reads the data set in `range` of `bytes`; that of a file ends with its pixel data.
    pub(super) fn read(bytes: &'a [u8], range: Range<usize>, encoding: Encoding) -> Result<Self> {
        let mut walk = Walk::new(bytes, range, encoding);
        let mut data_set = Self { bytes, elements: Vec::new() };
        while let Some(element) = walk.next()? {
            data_set.keep(element);
            // What follows pixel data is padding and signatures.
            if element.tag == tags::PIXEL_DATA {
                break;
            }
        }
        Ok(data_set)
    }

    /// Reads the file meta information at `start`, and says where it ends.
    pub(super) fn read_meta(bytes: &'a [u8], start: usize) -> Result<(Self, usize)> {
        let mut data_set = Self { bytes, elements: Vec::new() };
        let mut walk = Walk::new(bytes, start..bytes.len(), Encoding::of(&bytes[start..]));
        // Its stated length is often wrong, and nothing but it is of this group.
        while bytes.get(walk.at()..).is_some_and(|rest| rest.starts_with(&META_GROUP.to_le_bytes())) {
            let Some(element) = walk.next()? else { break };
            data_set.keep(element);
        }
        Ok((data_set, walk.at()))
    }

    fn keep(&mut self, element: Element<'a>) {
        if WANTED.contains(&element.tag) && self.get(element.tag).is_none() {
            self.elements.push(element);
        }
    }

    /// The attribute, if it is there.
    pub(super) fn get(&self, tag: Tag) -> Option<&Element<'a>> {
        self.elements.iter().find(|element| element.tag == tag)
    }

    /// Whether the attribute is there.
    pub(super) fn has(&self, tag: Tag) -> bool {
        self.get(tag).is_some()
    }

    /// A number of 16 bits without sign.
    pub(super) fn u16(&self, tag: Tag) -> Option<u16> {
        self.u16s(tag).next()
    }

    /// Numbers of 16 bits without sign.
    pub(super) fn u16s(&self, tag: Tag) -> impl Iterator<Item = u16> + use<'a> {
        let element = self.get(tag).copied();
        let encoding = element.map_or(Encoding::ImplicitLittle, |element| element.encoding);
        let value = element.map_or(&[][..], |element| element.value);
        value.as_chunks().0.iter().map(move |bytes| encoding.u16(*bytes))
    }

    /// The bytes of a value.
    pub(super) fn bytes(&self, tag: Tag) -> Option<&'a [u8]> {
        self.get(tag).map(|element| element.value)
    }

    /// A code or UID, without its padding; empty if it is missing, or none.
    pub(super) fn code(&self, tag: Tag) -> &'a str {
        const MAX_LEN: usize = 66;
        let text =
            self.bytes(tag).filter(|value| value.len() <= MAX_LEN).and_then(|value| std::str::from_utf8(value).ok());
        text.unwrap_or_default().trim_matches([' ', '\0'])
    }

    /// Numbers written as text, or as floats; what is none, is not finite or is far too long gives no numbers at all.
    pub(super) fn numbers(&self, tag: Tag) -> Vec<f64> {
        const MAX_LEN: usize = 1 << 10;
        let Some(element) = self.get(tag).filter(|element| element.value.len() <= MAX_LEN) else { return vec![] };
        let big = element.encoding == Encoding::ExplicitBig;
        let numbers: Option<Vec<f64>> = match element.vr {
            VR::FD => Some(
                element
                    .value
                    .as_chunks()
                    .0
                    .iter()
                    .map(|b| if big { f64::from_be_bytes(*b) } else { f64::from_le_bytes(*b) })
                    .collect(),
            ),
            VR::FL => Some(
                element
                    .value
                    .as_chunks()
                    .0
                    .iter()
                    .map(|b| f64::from(if big { f32::from_be_bytes(*b) } else { f32::from_le_bytes(*b) }))
                    .collect(),
            ),
            _ => std::str::from_utf8(element.value).ok().and_then(|text| {
                let texts = text.trim_matches([' ', '\0']).split('\\');
                // Some writers use the decimal comma of their country.
                texts.map(|text| text.trim().replace(',', ".").parse().ok()).collect()
            }),
        };
        numbers.filter(|numbers| numbers.iter().all(|number| number.is_finite())).unwrap_or_default()
    }

    /// The places of a sequence's items in the file; none if it is missing.
    pub(super) fn items(&self, tag: Tag) -> Result<Vec<Range<usize>>> {
        self.get(tag).map_or(Ok(vec![]), |sequence| items(self.bytes, sequence))
    }

    /// The first item of a sequence.
    pub(super) fn first_item(&self, tag: Tag) -> Result<Option<Self>> {
        let Some(sequence) = self.get(tag) else { return Ok(None) };
        let Some(item) = items(self.bytes, sequence)?.into_iter().next() else { return Ok(None) };
        Self::read(self.bytes, item, sequence.encoding).map(Some)
    }
}
