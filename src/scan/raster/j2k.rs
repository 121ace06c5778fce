//! JPEG 2000 files.

use super::canvas::{Channels, Store, draw};
use super::depth::Depth;
use super::refusal;
use crate::error::{Error, Instead, Result};
use crate::scan::b_scan::Scan;
use crate::scan::format::Format;
use crate::scan::jpeg2000::{self, Colour};

/// Reads a JP2 file or a bare codestream.
///
/// # Errors
/// It is damaged, cut short, too large, or of colours that are not read.
pub(super) fn decode(bytes: &[u8]) -> Result<Scan> {
    let picture = jpeg2000::decode(bytes)?;
    let channels = match (&picture.colour, picture.n_components) {
        (Colour::Grey, 1) => Channels::Grey,
        (Colour::Grey, 2) => Channels::GreyAlpha,
        (Colour::Rgb, 3) => Channels::Rgb,
        (Colour::Rgb, 4) => Channels::Rgba,
        _ => return Err(Error::unsupported("JPEG 2000 of such colours", Instead::SaveAsPng)),
    };
    let size = [picture.width, picture.height];
    let n = picture.width * channels.count();
    if picture.bit_depth == 1 {
        return Err(refusal::one_bit());
    }
    // Samples of less than eight bits are spread over them; alpha has the same depth as what it covers.
    let most = (1_u32 << picture.bit_depth.min(16)) - 1;
    if picture.bit_depth <= 8 {
        let (canvas, ()) = draw(size, Store::U8, |canvas| {
            for (y, row) in picture.samples.chunks_exact(n).enumerate() {
                let row: Vec<u8> = row.iter().map(|v| (u32::from(*v) * 255 / most) as u8).collect();
                canvas.put_u8([0, y], 1, channels, &row);
            }
            Ok(())
        })?;
        return Ok(canvas.into_scan(Format::Jpeg2000, |_| Depth::Bits(8)));
    }
    if matches!(channels, Channels::GreyAlpha | Channels::Rgba) && picture.bit_depth < 16 {
        return Err(Error::unsupported("deep JPEG 2000 with transparency", Instead::SaveAsPng));
    }
    let (canvas, ()) = draw(size, Store::U16, |canvas| {
        picture.samples.chunks_exact(n).enumerate().for_each(|(y, row)| canvas.put_u16([0, y], 1, channels, row));
        Ok(())
    })?;
    let declared = Some(picture.bit_depth).filter(|bits| *bits < 16);
    Ok(canvas.into_scan(Format::Jpeg2000, |extent| extent.unsigned(declared)))
}
