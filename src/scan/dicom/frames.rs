//! Where each frame lies in a file's bytes: one after the other, or in fragments with or without a table of offsets. Refuses
//! files with fewer frames than they claim.

use std::borrow::Cow;
use std::ops::Range;

use dicom_dictionary_std::tags;

use super::data_set::DataSet;
use super::element::{Element, Encoding, Fragment, fragments};
use super::layout::Layout;
use super::transfer_syntax::Codec;
use crate::error::{Detail, Error, Instead, Result};

/// The places of all frames.
#[derive(Debug)]
pub(super) enum Frames {
    /// Frames of `frame_bytes` each, one after the other.
    Native { start: usize, frame_bytes: usize, n_frames: usize },
    /// The fragments of each frame; frame `i` has those in `of_frame[i]`.
    Fragments { fragments: Vec<Fragment>, of_frame: Vec<Range<usize>> },
}

impl Frames {
    /// Finds the frames of `bytes`, and how they are encoded: a file that says it is compressed may have been decompressed
    /// without saying so.
    ///
    /// # Errors
    /// There are fewer frames than claimed, or it cannot be told which fragments are whose.
    pub(super) fn find(bytes: &[u8], data_set: &DataSet, layout: &mut Layout, codec: Codec) -> Result<(Self, Codec)> {
        let n_frames = n_frames(data_set);
        let Some(pixel_data) = data_set.get(tags::PIXEL_DATA) else { return Err(short(0, n_frames)) };
        if pixel_data.is_undefined {
            return Ok((encapsulated(bytes, data_set, layout, pixel_data, n_frames, codec)?, codec));
        }
        let (start, n_bytes) = (pixel_data.at, pixel_data.value.len());
        if codec != Codec::Native && n_frames == 1 && starts_picture(pixel_data.value) {
            let fragments = vec![Fragment { range: start..start + n_bytes, is_cut: pixel_data.is_cut }];
            return Ok((Self::Fragments { fragments: whole(fragments, 1)?, of_frame: one_frame(1) }, codec));
        }
        layout.fit(n_bytes, n_frames);
        let frame_bytes = layout.frame_bytes();
        let n_whole = n_bytes / frame_bytes;
        if n_whole < n_frames {
            return Err(short(n_whole, n_frames));
        }
        Ok((Self::Native { start, frame_bytes, n_frames }, Codec::Native))
    }

    /// How many there are; at least one.
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Native { n_frames, .. } => *n_frames,
            Self::Fragments { of_frame, .. } => of_frame.len(),
        }
    }

    /// The bytes of a frame; none if there is no such frame.
    pub(super) fn get<'a>(&self, bytes: &'a [u8], frame: usize) -> Option<Cow<'a, [u8]>> {
        if frame >= self.len() {
            return None;
        }
        match self {
            Self::Native { start, frame_bytes, .. } => {
                let at = start + frame * frame_bytes;
                bytes.get(at..at + frame_bytes).map(Cow::Borrowed)
            }
            Self::Fragments { fragments, of_frame } => {
                let parts = fragments.get(of_frame[frame].clone())?;
                if let [part] = parts {
                    return bytes.get(part.range.clone()).map(Cow::Borrowed);
                }
                let parts: Option<Vec<&[u8]>> = parts.iter().map(|part| bytes.get(part.range.clone())).collect();
                parts.map(|parts| Cow::Owned(parts.concat()))
            }
        }
    }
}

/// The number of frames that the file claims; one if it does not say, or says nothing sensible.
fn n_frames(data_set: &DataSet) -> usize {
    match data_set.numbers(tags::NUMBER_OF_FRAMES)[..] {
        [n, ..] if n >= 1. => n as usize,
        _ => 1,
    }
}

fn short(n_whole: usize, n_frames: usize) -> Error {
    let message = if n_frames == 1 {
        "the pixels of the DICOM file are cut short: export the scan again".to_owned()
    } else {
        format!("the DICOM file is cut short, {n_whole} of its {n_frames} frames are there: export the scan again")
    };
    Error::scan(message).with_detail(Detail::DamagedFile)
}

/// A frame of all fragments.
fn one_frame(n_fragments: usize) -> Vec<Range<usize>> {
    std::iter::once(0..n_fragments).collect()
}

/// Whether a compressed picture begins here: JPEG, or JPEG 2000 with or without its boxes.
fn starts_picture(bytes: &[u8]) -> bool {
    [&b"\xff\xd8\xff"[..], b"\xff\x4f\xff\x51", b"\0\0\0\x0cjP  "].iter().any(|start| bytes.starts_with(start))
}

/// The fragments, if the last one is whole.
fn whole(fragments: Vec<Fragment>, n_frames: usize) -> Result<Vec<Fragment>> {
    match fragments.last() {
        Some(last) if !last.is_cut => Ok(fragments),
        _ => Err(short(fragments.len().saturating_sub(1).min(n_frames - 1), n_frames)),
    }
}

fn encapsulated(
    bytes: &[u8],
    data_set: &DataSet,
    layout: &Layout,
    pixel_data: &Element,
    n_frames: usize,
    codec: Codec,
) -> Result<Frames> {
    let mut all = fragments(bytes, pixel_data)?.into_iter();
    let table = all.next().filter(|table| !table.is_cut).ok_or_else(|| short(0, n_frames))?;
    // Offsets count from behind the table, whose item was read before.
    let origin = table.range.end;
    let fragments = whole(all.filter(|fragment| fragment.is_cut || !fragment.range.is_empty()).collect(), n_frames)?;
    if fragments.len() < n_frames {
        return Err(short(fragments.len(), n_frames));
    }
    let is_every_frame_there = |of_frame: &[Range<usize>]| {
        codec != Codec::Native
            || of_frame.iter().all(|parts| {
                let n_bytes: usize = fragments[parts.clone()].iter().map(|part| part.range.len()).sum();
                n_bytes >= layout.frame_bytes()
            })
    };
    let of_frame = if n_frames == 1 {
        one_frame(fragments.len())
    } else if fragments.len() == n_frames {
        (0..n_frames).map(|frame| frame..frame + 1).collect()
    } else {
        // Each kind of table, then the pictures' own beginnings.
        let starts_of = |offsets: Vec<u64>| starts(&fragments, &offsets, origin, n_frames);
        let basic = offsets(&bytes[table.range], pixel_data.encoding);
        let extended = data_set.bytes(tags::EXTENDED_OFFSET_TABLE).unwrap_or_default();
        let extended = extended.as_chunks().0.iter().map(|offset| u64::from_le_bytes(*offset)).collect();
        let begins = || {
            let begins = |i: &usize| starts_picture(&bytes[fragments[*i].range.clone()]);
            let starts: Vec<usize> = (0..fragments.len()).filter(begins).collect();
            (starts.len() == n_frames && starts[0] == 0).then_some(starts)
        };
        let starts = starts_of(basic).or_else(|| starts_of(extended)).or_else(begins).ok_or_else(|| {
            Error::unsupported("DICOM whose frames are in fragments without a valid table of offsets", Instead::Export)
        })?;
        let ends = starts.iter().skip(1).copied().chain([fragments.len()]);
        starts.iter().copied().zip(ends).map(|(start, end)| start..end).collect()
    };
    if !is_every_frame_there(&of_frame) {
        return Err(short(0, n_frames));
    }
    Ok(Frames::Fragments { fragments, of_frame })
}

/// The basic offset table's entries.
fn offsets(table: &[u8], encoding: Encoding) -> Vec<u64> {
    let offset = |bytes: &[u8; 4]| match encoding {
        Encoding::ExplicitBig => u32::from_be_bytes(*bytes),
        Encoding::ImplicitLittle | Encoding::ExplicitLittle => u32::from_le_bytes(*bytes),
    };
    table.as_chunks().0.iter().map(|bytes| offset(bytes).into()).collect()
}

/// The fragment with which each frame begins; none if the offsets are not one for each frame, or point elsewhere.
fn starts(fragments: &[Fragment], offsets: &[u64], origin: usize, n_frames: usize) -> Option<Vec<usize>> {
    /// Of an item; offsets point there, and not to its content.
    const ITEM_HEADER: usize = 8;
    if offsets.len() != n_frames {
        return None;
    }
    let begin = |offset: &u64| {
        let at = usize::try_from(*offset).ok()?.checked_add(origin + ITEM_HEADER)?;
        fragments.binary_search_by_key(&at, |fragment| fragment.range.start).ok()
    };
    let starts: Vec<usize> = offsets.iter().map(begin).collect::<Option<_>>()?;
    (starts[0] == 0 && starts.is_sorted_by(|a, b| a < b)).then_some(starts)
}
