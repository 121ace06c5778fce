//! Walks the elements of a DICOM data set within its bytes: tags, lengths, items. Headers are read by `dicom-encoding`;
//! here is what holds whatever the bytes claim: no length beyond the data, no nesting without end, nothing copied.
//!
//! A data set stays where it is; an [`Element`] is a slice of it. Text of patients is skipped and never read.

use std::ops::Range;

use dicom_core::dictionary::stub::StubDataDictionary;
use dicom_core::header::{DataElementHeader, HasLength, Header, SequenceItemHeader};
use dicom_core::{Tag, VR};
use dicom_dictionary_std::tags;
use dicom_encoding::decode::Decode;
use dicom_encoding::decode::explicit_be::ExplicitVRBigEndianDecoder;
use dicom_encoding::decode::explicit_le::ExplicitVRLittleEndianDecoder;
use dicom_encoding::decode::implicit_le::ImplicitVRLittleEndianDecoder;

use crate::error::{Detail, Error, Result};

/// How deep sequences may be nested. Functional groups of real files need four.
const MAX_DEPTH: usize = 16;
/// The least that a header of an element takes.
const MIN_HEADER: usize = 8;
/// The tag of an item, little endian, which no other encoding begins a sequence with.
pub(super) const ITEM: &[u8] = b"\xfe\xff\x00\xe0";
/// The group of items and delimiters.
const ITEM_GROUP: u16 = 0xFFFE;

/// How headers and numbers of a data set are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Encoding {
    ImplicitLittle,
    ExplicitLittle,
    ExplicitBig,
}

impl Encoding {
    /// Tells how the data set is written by its first element, whatever the file says: VRs are two letters, and groups are
    /// small numbers.
    pub(super) fn of(data: &[u8]) -> Self {
        match data {
            [group_0, group_1, _, _, vr_0, vr_1, ..] if VR::from_binary([*vr_0, *vr_1]).is_some() => {
                if *group_0 == 0 && *group_1 != 0 { Self::ExplicitBig } else { Self::ExplicitLittle }
            }
            _ => Self::ImplicitLittle,
        }
    }

    pub(super) fn u16(self, bytes: [u8; 2]) -> u16 {
        if self == Self::ExplicitBig { u16::from_be_bytes(bytes) } else { u16::from_le_bytes(bytes) }
    }

    /// Reads the header at the beginning of `bytes`, and its length in bytes.
    fn header(self, mut bytes: &[u8]) -> Option<(DataElementHeader, usize)> {
        let source = &mut bytes;
        match self {
            Self::ImplicitLittle => ImplicitVRLittleEndianDecoder::with_dict(StubDataDictionary).decode_header(source),
            Self::ExplicitLittle => ExplicitVRLittleEndianDecoder::default().decode_header(source),
            Self::ExplicitBig => ExplicitVRBigEndianDecoder::default().decode_header(source),
        }
        .ok()
    }

    fn item_header(self, mut bytes: &[u8]) -> Option<SequenceItemHeader> {
        let source = &mut bytes;
        match self {
            Self::ImplicitLittle => {
                ImplicitVRLittleEndianDecoder::with_dict(StubDataDictionary).decode_item_header(source)
            }
            Self::ExplicitLittle => ExplicitVRLittleEndianDecoder::default().decode_item_header(source),
            Self::ExplicitBig => ExplicitVRBigEndianDecoder::default().decode_item_header(source),
        }
        .ok()
    }
}

/// The error of a file whose structure ends too early.
pub(super) fn cut() -> Error {
    Error::scan("the DICOM file is damaged or cut short: export the scan again").with_detail(Detail::DamagedFile)
}

fn nested() -> Error {
    let message =
        format!("the DICOM file nests sequences more than {MAX_DEPTH} deep, it is damaged: export the scan again");
    Error::scan(message).with_detail(Detail::DamagedFile)
}

/// An element of a data set.
#[derive(Clone, Copy, Debug)]
pub(super) struct Element<'a> {
    pub(super) tag: Tag,
    /// [`VR::UN`] where the file does not say.
    pub(super) vr: VR,
    /// The value's place in the bytes that were walked.
    pub(super) at: usize,
    /// The value. With an undefined length: all until behind its delimiter.
    pub(super) value: &'a [u8],
    /// Whether its length is undefined: its items end with a delimiter.
    pub(super) is_undefined: bool,
    /// Whether the value is shorter than the header says, because the bytes end.
    pub(super) is_cut: bool,
    /// How its items, or its numbers, are written.
    pub(super) encoding: Encoding,
}

/// Walks the elements of one data set, nested ones left out.
pub(super) struct Walk<'a> {
    bytes: &'a [u8],
    at: usize,
    end: usize,
    encoding: Encoding,
    depth: usize,
}

impl<'a> Walk<'a> {
    /// Walks `range` of `bytes`, the data set of a file.
    pub(super) fn new(bytes: &'a [u8], range: Range<usize>, encoding: Encoding) -> Self {
        Self { bytes, at: range.start, end: range.end.min(bytes.len()), encoding, depth: 0 }
    }

    /// Where the next element begins.
    pub(super) fn at(&self) -> usize {
        self.at
    }

    /// The next element; none at the end, or behind the delimiter of an item. The file's own pixel data is the last one: its
    /// value is what there is of it.
    pub(super) fn next(&mut self) -> Result<Option<Element<'a>>> {
        // What is shorter than any header is padding.
        if self.end.saturating_sub(self.at) < MIN_HEADER {
            self.at = self.end;
            return Ok(None);
        }
        let (header, n_bytes) = self.encoding.header(&self.bytes[self.at..self.end]).ok_or_else(cut)?;
        let (tag, at) = (header.tag(), self.at + n_bytes);
        if tag.group() == ITEM_GROUP {
            self.at = at;
            return Ok(None);
        }
        let length = header.length().get().map(|length| length as usize);
        // A sequence of unknown VR has implicit items (PS3.5, 6.2.2), but not all writers know that.
        let encoding = match self.bytes[at..self.end].strip_prefix(ITEM) {
            Some([_, _, _, _, item @ ..]) if header.vr() == VR::UN && self.encoding != Encoding::ImplicitLittle => {
                Encoding::of(item)
            }
            _ => self.encoding,
        };
        let is_pixel_data = self.depth == 0 && tag == tags::PIXEL_DATA;
        let value_end = match length {
            _ if is_pixel_data => at.saturating_add(length.unwrap_or(usize::MAX)).min(self.end),
            Some(length) => at.checked_add(length).filter(|end| *end <= self.end).ok_or_else(cut)?,
            None => walk_items(self.bytes, at..self.end, encoding, self.depth + 1, &mut |_| {})?,
        };
        self.at = value_end;
        Ok(Some(Element {
            tag,
            vr: header.vr(),
            at,
            value: &self.bytes[at..value_end],
            is_undefined: length.is_none(),
            is_cut: length.is_some_and(|length| length > value_end - at),
            encoding,
        }))
    }
}

/// Calls `visit` with the place of each item's content in `bytes`. Returns where the sequence ends: behind its delimiter, or
/// at the end of `range`.
fn walk_items(
    bytes: &[u8],
    range: Range<usize>,
    encoding: Encoding,
    depth: usize,
    visit: &mut dyn FnMut(Range<usize>),
) -> Result<usize> {
    if depth > MAX_DEPTH {
        return Err(nested());
    }
    let mut at = range.start;
    while range.end.saturating_sub(at) >= MIN_HEADER {
        let header = encoding.item_header(&bytes[at..range.end]).ok_or_else(cut)?;
        at += MIN_HEADER;
        let SequenceItemHeader::Item { len } = header else {
            // A delimiter of an item that has a length is superfluous, and ends nothing.
            if header == SequenceItemHeader::SequenceDelimiter {
                return Ok(at);
            }
            continue;
        };
        let start = at;
        at = match len.get() {
            Some(length) => start.checked_add(length as usize).filter(|end| *end <= range.end).ok_or_else(cut)?,
            None => {
                let mut walk = Walk { bytes, at: start, end: range.end, encoding, depth };
                while walk.next()?.is_some() {}
                walk.at
            }
        };
        visit(start..at);
    }
    Ok(range.end)
}

/// The places of a sequence's items in `bytes`, which are those that `sequence` was found in.
pub(super) fn items(bytes: &[u8], sequence: &Element) -> Result<Vec<Range<usize>>> {
    let mut items = Vec::new();
    let range = sequence.at..sequence.at + sequence.value.len();
    walk_items(bytes, range, sequence.encoding, 1, &mut |item| items.push(item))?;
    Ok(items)
}

/// A fragment of encapsulated pixel data: its place, and whether the bytes end before it does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fragment {
    pub(super) range: Range<usize>,
    pub(super) is_cut: bool,
}

/// The fragments of pixel data of undefined length, the offset table first; a cut one is the last.
pub(super) fn fragments(bytes: &[u8], pixel_data: &Element) -> Result<Vec<Fragment>> {
    let (mut at, end) = (pixel_data.at, pixel_data.at + pixel_data.value.len());
    let mut fragments = Vec::new();
    while end - at >= MIN_HEADER {
        let Some(SequenceItemHeader::Item { len }) = pixel_data.encoding.item_header(&bytes[at..end]) else {
            break;
        };
        at += MIN_HEADER;
        let wanted = len.get().ok_or_else(cut)? as usize;
        let n_bytes = wanted.min(end - at);
        fragments.push(Fragment { range: at..at + n_bytes, is_cut: n_bytes < wanted });
        at += n_bytes;
    }
    Ok(fragments)
}
