//! Lookup tables of a file: for modality and VOI (PS3.3, C.11), and for palettes of colours (C.7.6.3.1.5).

use dicom_core::Tag;
use dicom_dictionary_std::tags;

use super::data_set::DataSet;
use super::element::{Encoding, cut};
use crate::error::Result;

/// A lookup table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Lut {
    /// The value that the first entry is for.
    first: i32,
    /// At least one.
    entries: Vec<u16>,
    /// Bits of an entry, 8…16.
    pub(super) bits: u32,
}

impl Lut {
    /// The table of the sequence's first item; none if there is none, or it makes no sense.
    pub(super) fn of_sequence(data_set: &DataSet, sequence: Tag, is_signed: bool) -> Result<Option<Self>> {
        let Some(item) = data_set.first_item(sequence)? else { return Ok(None) };
        Ok(Self::read(&item, tags::LUT_DESCRIPTOR, tags::LUT_DATA, is_signed))
    }

    /// The table with this descriptor and data.
    pub(super) fn read(data_set: &DataSet, descriptor: Tag, data: Tag, is_signed: bool) -> Option<Self> {
        let descriptor: Vec<u16> = data_set.u16s(descriptor).take(3).collect();
        let [n_entries, first, bits] = descriptor[..] else { return None };
        // 2^16 does not fit.
        let n_entries = if n_entries == 0 { 1 << 16 } else { usize::from(n_entries) };
        let first = if is_signed { i32::from(first as i16) } else { i32::from(first) };
        let data = data_set.get(data)?;
        // Entries of 8 bits are one or two to a word.
        let entries: Vec<u16> = if bits <= 8 && data.value.len() < 2 * n_entries {
            let swapped = data.encoding == Encoding::ExplicitBig;
            let pairs = data
                .value
                .chunks(2)
                .flat_map(|pair| if swapped { [pair.last(), pair.first()] } else { [pair.first(), pair.get(1)] });
            pairs.flatten().map(|entry| u16::from(*entry)).take(n_entries).collect()
        } else {
            data.value.as_chunks().0.iter().map(|entry| data.encoding.u16(*entry)).take(n_entries).collect()
        };
        let is_whole = entries.len() == n_entries && (1..=16).contains(&bits);
        let greatest = entries.iter().copied().max().unwrap_or_default();
        // Some writers say 16 bits for fewer, and some 8 for 16.
        let used = 16 - greatest.leading_zeros();
        let bits = if bits == 16 { used.max(8) } else { u32::from(bits).max(used).max(8) };
        is_whole.then_some(Self { first, entries, bits })
    }

    /// The entry for a value; beyond both ends that of the end.
    pub(super) fn get(&self, value: f64) -> u16 {
        let at = (value.round() - f64::from(self.first)).clamp(0., (self.entries.len() - 1) as f64);
        self.entries[at as usize]
    }

    /// The same in 8 bits.
    pub(super) fn get_u8(&self, value: f64) -> u8 {
        (self.get(value) >> (self.bits - 8)) as u8
    }
}

/// The three tables of a palette.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Palette([Lut; 3]);

impl Palette {
    /// Reads red, green and blue.
    ///
    /// # Errors
    /// One is missing or short.
    pub(super) fn read(data_set: &DataSet, is_signed: bool) -> Result<Self> {
        let lut = |descriptor, data| Lut::read(data_set, descriptor, data, is_signed).ok_or_else(cut);
        let mut luts = [
            lut(tags::RED_PALETTE_COLOR_LOOKUP_TABLE_DESCRIPTOR, tags::RED_PALETTE_COLOR_LOOKUP_TABLE_DATA)?,
            lut(tags::GREEN_PALETTE_COLOR_LOOKUP_TABLE_DESCRIPTOR, tags::GREEN_PALETTE_COLOR_LOOKUP_TABLE_DATA)?,
            lut(tags::BLUE_PALETTE_COLOR_LOOKUP_TABLE_DESCRIPTOR, tags::BLUE_PALETTE_COLOR_LOOKUP_TABLE_DATA)?,
        ];
        let bits = luts.iter().map(|lut| lut.bits).max().unwrap_or(8);
        luts.iter_mut().for_each(|lut| lut.bits = bits);
        Ok(Self(luts))
    }

    /// Red, green and blue of a stored value.
    pub(super) fn get(&self, stored: i64) -> [u8; 3] {
        self.0.each_ref().map(|lut| lut.get_u8(stored as f64))
    }
}
