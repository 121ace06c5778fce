//! DICOM files with pictures, by the headers of `dicom-encoding` and decoders of pictures. A frame is decoded when it is
//! asked for; opening a file reads no pixels. Knows no patient: the attributes that are read are listed in `data_set`, and only
//! `identity`, which is asked for by name, looks at others.
//!
//! - `container` finds the data set, with or without preamble and meta information, deflated or not;
//! - `element` walks it, `data_set` keeps what is wanted, `kind` names files that hold no scan;
//! - `layout`, `frames` and `facts` say how the pixels lie, where, and what is said about them;
//! - `pixels` decodes a frame by `rle`, `jpeg` or `jpeg2000`; `grey`, `lut` and `colour` turn it into 8-bit grey.
//!
//! Files are strangers': lengths, nesting, and sizes against the bytes that are there are checked before memory is allocated.

mod colour;
mod container;
mod data_set;
mod element;
mod facts;
mod frames;
mod grey;
mod identity;
mod jpeg;
mod jpeg2000;
mod kind;
mod layout;
mod lut;
mod pixels;
mod rle;
mod transfer_syntax;

use std::borrow::Cow;
use std::ops::Range;

use dicom_core::VR;
use dicom_dictionary_std::tags;

use super::b_scan::Scan;
use super::format::Format;
use super::note::Note;
use crate::error::{Detail, Error, Instead, Result};
use data_set::DataSet;
use element::Encoding;
use facts::Facts;
use frames::Frames;
use layout::{Layout, Photometric};
use lut::Palette;
use pixels::{ByteOrder, Samples};
use transfer_syntax::Codec;

pub use identity::{Identifier, Identity};

/// An opened DICOM file.
pub(super) struct DicomFile<'a> {
    /// The data set with what is before it, inflated.
    bytes: Cow<'a, [u8]>,
    meta_at: usize,
    data_set_at: usize,
    encoding: Encoding,
    layout: Layout,
    frames: Frames,
    codec: Codec,
    order: ByteOrder,
    /// What holds for every frame that says nothing else.
    facts: Facts,
    /// The places of the items with what is said of each frame.
    per_frame: Vec<Range<usize>>,
    per_frame_encoding: Encoding,
    palette: Option<Palette>,
    /// A value that means no pixel.
    padding: Option<i64>,
    is_inverted: bool,
}

impl<'a> DicomFile<'a> {
    /// Reads everything but the pixels.
    ///
    /// # Errors
    /// The file is damaged or cut short, holds no picture, or one of a kind that is not read: by name.
    pub(super) fn open(bytes: &'a [u8]) -> Result<Self> {
        let container = container::open(bytes)?;
        let bytes = container.bytes;
        let (meta_at, data_set_at) = (container.meta_at, container.data_set_at);
        let meta = DataSet::read_meta(&bytes, meta_at)?.0;
        let encoding = container.encoding;
        let data_set = DataSet::read(&bytes, data_set_at..bytes.len(), encoding)?;
        kind::check(&meta, &data_set)?;
        let codec = container.codec?;
        let mut layout = Layout::read(&data_set)?;
        let (frames, codec) = Frames::find(&bytes, &data_set, &mut layout, codec)?;
        let is_word = data_set.get(tags::PIXEL_DATA).is_some_and(|element| element.vr == VR::OW);
        let order = match encoding {
            Encoding::ExplicitBig if layout.bits_allocated == 8 && is_word => ByteOrder::SwappedPairs,
            Encoding::ExplicitBig => ByteOrder::Big,
            Encoding::ImplicitLittle | Encoding::ExplicitLittle => ByteOrder::Little,
        };
        let palette = match layout.photometric {
            Photometric::Palette if data_set.has(tags::SEGMENTED_RED_PALETTE_COLOR_LOOKUP_TABLE_DATA) => {
                return Err(Error::unsupported("DICOM with a segmented palette", Instead::Export));
            }
            Photometric::Palette => Some(Palette::read(&data_set, layout.is_signed)?),
            _ => None,
        };
        let mut facts = Facts::of_file(&data_set, layout.is_signed)?;
        if let Some(shared) = data_set.first_item(tags::SHARED_FUNCTIONAL_GROUPS_SEQUENCE)? {
            facts = Facts::of_groups(&shared, layout.is_signed)?.or(&facts);
        }
        let per_frame = data_set.items(tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE)?;
        let per_frame_encoding =
            data_set.get(tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE).map_or(encoding, |element| element.encoding);
        let padding = data_set.u16(tags::PIXEL_PADDING_VALUE);
        let padding = padding.map(|value| if layout.is_signed { i64::from(value as i16) } else { value.into() });
        let is_inverted =
            layout.photometric == Photometric::Monochrome1 || data_set.code(tags::PRESENTATION_LUT_SHAPE) == "INVERSE";
        Ok(Self {
            meta_at,
            data_set_at,
            encoding,
            layout,
            frames,
            codec,
            order,
            facts,
            per_frame,
            per_frame_encoding,
            palette,
            padding,
            is_inverted,
            bytes,
        })
    }

    /// How many frames it holds; at least one.
    pub(super) fn n_frames(&self) -> usize {
        self.frames.len()
    }

    /// Decodes a frame.
    ///
    /// # Errors
    /// There is no such frame, it is damaged, or its pixels are of a kind that is not read.
    pub(super) fn frame(&self, frame: usize) -> Result<Scan> {
        let Some(bytes) = self.frames.get(&self.bytes, frame) else {
            let n_frames = self.n_frames();
            let message = format!("the file has {n_frames} frames, not a frame {}: choose one of them", frame + 1);
            return Err(Error::scan(message).with_detail(Detail::NoSuchFrame { frame }));
        };
        let samples = pixels::samples(&bytes, &self.layout, self.codec, self.order)?;
        let facts = self.facts_of(frame)?;
        let mut notes = vec![];
        let (pixels, coloured) = match samples.photometric {
            Photometric::Monochrome1 | Photometric::Monochrome2 => {
                let modality = facts.modality.clone().unwrap_or_default();
                let values = samples.values.iter().map(|value| samples.number(*value));
                let range = self.range(&samples);
                let (pixels, is_ignored) = grey::grey(values, range, &modality, facts.voi.as_ref(), self.is_inverted);
                if is_ignored {
                    notes.push(Note::WindowIgnored);
                }
                (pixels, 0.)
            }
            Photometric::Palette => {
                let palette = self.palette.as_ref().ok_or_else(element::cut)?;
                colour::of_palette(&samples, palette)
            }
            Photometric::Rgb => colour::of_samples(&samples, false, self.layout.bits_stored),
            Photometric::YbrFull | Photometric::YbrFull422 => {
                colour::of_samples(&samples, true, self.layout.bits_stored)
            }
        };
        Ok(Scan {
            width: self.layout.columns,
            height: self.layout.rows,
            pixels,
            format: Format::Dicom,
            frame,
            n_frames: self.n_frames(),
            um_per_pixel: facts.um_per_pixel,
            laterality: facts.laterality,
            coloured,
            layers: vec![],
            notes,
        })
    }

    /// What in the file names its patient and itself.
    ///
    /// # Errors
    /// A nested part of it is damaged.
    pub(super) fn identity(&self) -> Result<Identity> {
        Identity::read(&self.bytes, self.meta_at, self.data_set_at, self.encoding, self.n_frames())
    }

    fn facts_of(&self, frame: usize) -> Result<Facts> {
        let Some(item) = self.per_frame.get(frame) else { return Ok(self.facts.clone()) };
        let groups = DataSet::read(&self.bytes, item.clone(), self.per_frame_encoding)?;
        Ok(Facts::of_groups(&groups, self.layout.is_signed)?.or(&self.facts))
    }

    fn range(&self, samples: &Samples) -> grey::Range {
        let values = || samples.values.iter().map(|value| samples.number(*value));
        let (mut min, mut max) = (i64::MAX, i64::MIN);
        for value in values().filter(|value| Some(*value) != self.padding) {
            (min, max) = (min.min(value), max.max(value));
        }
        if min > max {
            // Nothing but padding.
            (min, max) = (self.padding.unwrap_or(0), self.padding.unwrap_or(0));
        }
        let bits = Some(self.layout.bits_stored).filter(|bits| *bits < self.layout.bits_allocated);
        grey::Range { min, max, is_signed: samples.is_signed, bits }
    }
}
