//! What a file says about a frame beside its pixels: scale, eye, rescale and window. Enhanced files say it for all frames or
//! for each in functional groups (PS3.3, C.7.6.16), others once.

use dicom_dictionary_std::tags;

use super::data_set::DataSet;
use super::grey::{Function, Modality, Voi};
use super::lut::Lut;
use crate::error::Result;
use crate::scan::note::Laterality;

/// Micrometres per pixel that OCT can have; others are of another kind of picture, or in another unit.
const UM_PER_PIXEL: std::ops::RangeInclusive<f64> = 0.5..=50.;

/// What is known; what is not said there is none.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Facts {
    /// Micrometres per pixel, across and down.
    pub(super) um_per_pixel: Option<[f64; 2]>,
    pub(super) laterality: Option<Laterality>,
    pub(super) modality: Option<Modality>,
    pub(super) voi: Option<Voi>,
}

impl Facts {
    /// Of attributes of the file itself.
    pub(super) fn of_file(data_set: &DataSet, is_signed: bool) -> Result<Self> {
        let laterality = laterality(data_set.code(tags::IMAGE_LATERALITY));
        Ok(Self {
            um_per_pixel: um_per_pixel(data_set),
            laterality: laterality.or_else(|| self::laterality(data_set.code(tags::LATERALITY))),
            modality: modality(data_set, is_signed)?,
            voi: voi(data_set, is_signed)?,
        })
    }

    /// Of an item with functional groups.
    pub(super) fn of_groups(groups: &DataSet, is_signed: bool) -> Result<Self> {
        let mut facts = Self::default();
        if let Some(group) = groups.first_item(tags::PIXEL_MEASURES_SEQUENCE)? {
            facts.um_per_pixel = um_per_pixel(&group);
        }
        if let Some(group) = groups.first_item(tags::FRAME_ANATOMY_SEQUENCE)? {
            facts.laterality = laterality(group.code(tags::FRAME_LATERALITY));
        }
        if let Some(group) = groups.first_item(tags::PIXEL_VALUE_TRANSFORMATION_SEQUENCE)? {
            facts.modality = modality(&group, is_signed)?;
        }
        if let Some(group) = groups.first_item(tags::FRAME_VOILUT_SEQUENCE)? {
            facts.voi = voi(&group, is_signed)?;
        }
        Ok(facts)
    }

    /// These facts, and where there are none, others.
    pub(super) fn or(self, other: &Self) -> Self {
        Self {
            um_per_pixel: self.um_per_pixel.or(other.um_per_pixel),
            laterality: self.laterality.or(other.laterality),
            modality: self.modality.or_else(|| other.modality.clone()),
            voi: self.voi.or_else(|| other.voi.clone()),
        }
    }
}

/// From PixelSpacing alone: the spacing of a detector or of a scanned film is not that of the retina.
fn um_per_pixel(data_set: &DataSet) -> Option<[f64; 2]> {
    // Millimetres between rows, then between columns; rounded to nanometres.
    let [down, across] = data_set.numbers(tags::PIXEL_SPACING)[..] else { return None };
    let um = [across, down].map(|mm| (mm * 1e6).round() / 1e3);
    um.iter().all(|um| UM_PER_PIXEL.contains(um)).then_some(um)
}

fn laterality(code: &str) -> Option<Laterality> {
    match code {
        "R" => Some(Laterality::Right),
        "L" => Some(Laterality::Left),
        _ => None,
    }
}

fn modality(data_set: &DataSet, is_signed: bool) -> Result<Option<Modality>> {
    if let Some(lut) = Lut::of_sequence(data_set, tags::MODALITY_LUT_SEQUENCE, is_signed)? {
        return Ok(Some(Modality::Lut(lut)));
    }
    let first = |tag| data_set.numbers(tag).first().copied();
    let (slope, intercept) = (first(tags::RESCALE_SLOPE), first(tags::RESCALE_INTERCEPT));
    let is_given = slope.is_some() || intercept.is_some();
    // A slope of 0 would make every value the same.
    let slope = slope.filter(|slope| slope.abs() > f64::MIN_POSITIVE).unwrap_or(1.);
    Ok(is_given.then_some(Modality::Rescale { slope, intercept: intercept.unwrap_or(0.) }))
}

/// The table if there is one, else the first window; the others are for other purposes.
fn voi(data_set: &DataSet, is_signed: bool) -> Result<Option<Voi>> {
    if let Some(lut) = Lut::of_sequence(data_set, tags::VOILUT_SEQUENCE, is_signed)? {
        return Ok(Some(Voi::Lut(lut)));
    }
    let first = |tag| data_set.numbers(tag).first().copied();
    let (Some(center), Some(width)) = (first(tags::WINDOW_CENTER), first(tags::WINDOW_WIDTH)) else { return Ok(None) };
    let function = match data_set.code(tags::VOILUT_FUNCTION) {
        "SIGMOID" => Function::Sigmoid,
        "LINEAR_EXACT" => Function::LinearExact,
        _ => Function::Linear,
    };
    Ok(Voi::window(function, center, width))
}
