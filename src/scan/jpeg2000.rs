//! JPEG 2000 codestreams and JP2 files, by `hayro-jpeg2000`, for pictures, TIFF and DICOM alike.

mod header;

use hayro_jpeg2000::{ColorSpace, DecodeSettings, DecoderContext, Image};
pub(super) use header::{Header, code_stream, is_jpeg2000};

use super::b_scan::check_size;
use crate::error::{Detail, Error, Result};

/// What the components of a pixel are, without an alpha that may follow them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Colour {
    Grey,
    Rgb,
    /// Anything else.
    Other,
}

/// A decoded picture.
pub(super) struct Picture {
    /// Columns.
    pub(super) width: usize,
    /// Rows.
    pub(super) height: usize,
    /// Samples of a pixel.
    pub(super) n_components: usize,
    /// What they are.
    pub(super) colour: Colour,
    /// Bits of a sample, up to 16.
    pub(super) bit_depth: u8,
    /// Row by row, pixel by pixel, 0…2^`bit_depth` - 1. The library reads signed samples as if they were unsigned.
    pub(super) samples: Vec<u16>,
}

/// The most samples that are decoded: each takes several floats on its way.
const MAX_SAMPLES: usize = 16 << 20;

/// Decodes a codestream or a JP2 file.
///
/// # Errors
/// It is damaged or cut short, too large, or has more than 16 bits in a sample.
pub(super) fn decode(bytes: &[u8]) -> Result<Picture> {
    Header::read(bytes)?;
    let settings = DecodeSettings { strict: true, ..DecodeSettings::default() };
    let image = Image::new(bytes, &settings).map_err(|error| damaged().because(error))?;
    let (width, height) = (image.width() as usize, image.height() as usize);
    check_size(width, height)?;
    let colour = match image.color_space() {
        ColorSpace::Gray | ColorSpace::Icc { num_channels: 1, .. } | ColorSpace::Unknown { num_channels: 1 } => {
            Colour::Grey
        }
        ColorSpace::RGB | ColorSpace::Icc { num_channels: 3, .. } | ColorSpace::Unknown { num_channels: 3 } => {
            Colour::Rgb
        }
        _ => Colour::Other,
    };
    let n_expected = usize::from(image.color_space().num_channels()) + usize::from(image.has_alpha());
    if width * height * n_expected > MAX_SAMPLES {
        let message = format!(
            "the scan is {width} × {height} pixels in JPEG 2000, more than the {} megapixels that are read: crop it",
            MAX_SAMPLES >> 20
        );
        return Err(Error::scan(message).with_detail(Detail::LargeScan { width, height }));
    }
    let mut context = DecoderContext::default();
    let decoded = image.decode(&mut context).map_err(|error| damaged().because(error))?;
    let components = decoded.components();
    let bit_depth = components.iter().map(|component| component.bit_depth()).max().unwrap_or_default();
    let is_whole = components.iter().all(|component| component.samples().len() == width * height);
    if components.is_empty() || !is_whole || !(1..=16).contains(&bit_depth) {
        let message = format!("the picture is JPEG 2000 of {bit_depth} bits that cannot be read: save the scan as PNG");
        return Err(Error::scan(message));
    }
    let n_components = components.len();
    let most = ((1_u32 << bit_depth) - 1) as f32;
    let mut samples = vec![0; width * height * n_components];
    for (at, component) in components.iter().enumerate() {
        let out = samples.iter_mut().skip(at).step_by(n_components);
        out.zip(component.samples()).for_each(|(out, sample)| *out = sample.round().clamp(0., most) as u16);
    }
    Ok(Picture { width, height, n_components, colour, bit_depth, samples })
}

fn damaged() -> Error {
    let message = "the JPEG 2000 picture is damaged or cut short: copy or export the scan again";
    Error::scan(message).with_detail(Detail::DamagedFile)
}
