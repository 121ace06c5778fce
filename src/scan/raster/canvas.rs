//! Rows of samples become grey: the one place where colours, alpha and deep samples meet. Decodes no format.

use super::depth::{self, Depth, Extent};
use crate::error::Result;
use crate::scan::b_scan::{Scan, check_size};
use crate::scan::format::Format;
use crate::scan::luma::{MIN_CHROMA, chroma, luma};

/// What the samples of a pixel are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Channels {
    Grey,
    GreyAlpha,
    Rgb,
    Rgba,
}

impl Channels {
    /// Samples of a pixel.
    pub(super) fn count(self) -> usize {
        match self {
            Self::Grey => 1,
            Self::GreyAlpha => 2,
            Self::Rgb => 3,
            Self::Rgba => 4,
        }
    }
}

/// How samples are stored until the range that they use is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Store {
    /// 0…255.
    U8,
    /// 0…65 535.
    U16,
    /// Signed samples, samples of more than 16 bits, and floats.
    F32,
}

enum Luma {
    U8(Vec<u8>),
    U16(Vec<u16>),
    F32(Vec<f32>),
}

/// A picture that is being decoded.
pub(super) struct Canvas {
    width: usize,
    height: usize,
    luma: Luma,
    /// Whether pixels are laid on black by their alpha.
    uses_alpha: bool,
    /// Whether any pixel is not fully transparent.
    is_visible: bool,
    /// The samples' extent, without alpha.
    extent: Extent,
    /// Clearly coloured pixels if samples have 8, 9, … 16 bits.
    coloured: [usize; 9],
}

/// Draws a picture by `decode`. Where alpha is zero everywhere, as in 32-bit bitmaps whose fourth byte means nothing, it is
/// drawn again without alpha.
///
/// # Errors
/// The size is out of range, or what `decode` refuses.
pub(super) fn draw<T>(
    [width, height]: [usize; 2],
    store: Store,
    mut decode: impl FnMut(&mut Canvas) -> Result<T>,
) -> Result<(Canvas, T)> {
    check_size(width, height)?;
    let mut canvas = Canvas::new(width, height, store, true);
    let told = decode(&mut canvas)?;
    if canvas.is_visible {
        return Ok((canvas, told));
    }
    drop(canvas);
    let mut canvas = Canvas::new(width, height, store, false);
    let told = decode(&mut canvas)?;
    Ok((canvas, told))
}

impl Canvas {
    fn new(width: usize, height: usize, store: Store, uses_alpha: bool) -> Self {
        let n = width * height;
        let luma = match store {
            Store::U8 => Luma::U8(vec![0; n]),
            Store::U16 => Luma::U16(vec![0; n]),
            Store::F32 => Luma::F32(vec![0.; n]),
        };
        Self { width, height, luma, uses_alpha, is_visible: false, extent: Extent::default(), coloured: [0; 9] }
    }

    /// Columns and rows.
    pub(super) fn size(&self) -> [usize; 2] {
        [self.width, self.height]
    }

    /// Puts pixels of `channels` into row `y`, from column `x` on and `step` columns apart. What lies outside is left out.
    pub(super) fn put_u8(&mut self, [x, y]: [usize; 2], step: usize, channels: Channels, samples: &[u8]) {
        let Luma::U8(luma) = &mut self.luma else { return };
        let Some(row) = luma.get_mut(y * self.width..).and_then(|rows| rows.get_mut(..self.width)) else { return };
        let out = row.iter_mut().skip(x).step_by(step.max(1));
        if channels == Channels::Grey {
            self.is_visible = true;
            out.zip(samples).for_each(|(out, sample)| *out = *sample);
            return;
        }
        for (out, pixel) in out.zip(samples.chunks_exact(channels.count())) {
            let (grey, chroma, alpha) = mixed(channels, pixel.iter().map(|v| u32::from(*v)), 255);
            self.is_visible |= alpha > 0;
            self.coloured[0] += usize::from(chroma >= MIN_CHROMA);
            *out = if self.uses_alpha { ((grey * alpha + 127) / 255) as u8 } else { grey as u8 };
        }
    }

    /// The same for 16-bit samples.
    pub(super) fn put_u16(&mut self, [x, y]: [usize; 2], step: usize, channels: Channels, samples: &[u16]) {
        let Luma::U16(luma) = &mut self.luma else { return };
        let Some(row) = luma.get_mut(y * self.width..).and_then(|rows| rows.get_mut(..self.width)) else { return };
        let out = row.iter_mut().skip(x).step_by(step.max(1));
        for (out, pixel) in out.zip(samples.chunks_exact(channels.count())) {
            let (grey, chroma, alpha) = mixed(channels, pixel.iter().map(|v| u32::from(*v)), 65_535);
            self.is_visible |= alpha > 0;
            self.extent.add(f64::from(grey));
            let clear = self.coloured.iter_mut().enumerate().take_while(|(bit, _)| chroma >= MIN_CHROMA << bit);
            clear.for_each(|(_, n)| *n += 1);
            *out = if self.uses_alpha && alpha < 65_535 {
                ((u64::from(grey) * u64::from(alpha) + 32_767) / 65_535) as u16
            } else {
                grey as u16
            };
        }
    }

    /// The same for grey samples of any other kind.
    pub(super) fn put_f32(&mut self, [x, y]: [usize; 2], samples: impl Iterator<Item = f32>) {
        let Luma::F32(luma) = &mut self.luma else { return };
        let Some(row) = luma.get_mut(y * self.width..).and_then(|rows| rows.get_mut(..self.width)) else { return };
        self.is_visible = true;
        for (out, sample) in row.iter_mut().skip(x).zip(samples) {
            self.extent.add(f64::from(sample));
            *out = sample;
        }
    }

    /// The samples' extent.
    pub(super) fn extent(&self) -> &Extent {
        &self.extent
    }

    /// The picture in 8-bit grey; `depth` says what is black and white in deep samples, and is asked for their extent.
    pub(super) fn into_scan(self, format: Format, depth: impl FnOnce(&Extent) -> Depth) -> Scan {
        let depth = match self.luma {
            Luma::U8(_) => Depth::Bits(8),
            _ => depth(&self.extent),
        };
        let bit = match depth {
            Depth::Bits(bits) => usize::from(bits.clamp(8, 16) - 8),
            Depth::Range(_) => 8,
        };
        let pixels = match self.luma {
            Luma::U8(luma) => luma,
            Luma::U16(luma) => depth::to_u8(luma.into_iter().map(f64::from), depth),
            Luma::F32(luma) => depth::to_u8(luma.into_iter().map(f64::from), depth),
        };
        Scan {
            width: self.width,
            height: self.height,
            format,
            frame: 0,
            n_frames: 1,
            um_per_pixel: None,
            coloured: self.coloured[bit] as f32 / pixels.len().max(1) as f32,
            pixels,
            laterality: None,
            layers: vec![],
            notes: vec![],
        }
    }
}

/// Grey, chroma and alpha of a pixel.
fn mixed(channels: Channels, mut samples: impl Iterator<Item = u32>, opaque: u32) -> (u32, u32, u32) {
    let mut next = || samples.next().unwrap_or_default();
    match channels {
        Channels::Grey => (next(), 0, opaque),
        Channels::GreyAlpha => (next(), 0, next()),
        Channels::Rgb | Channels::Rgba => {
            let rgb = [next(), next(), next()];
            (luma(rgb), chroma(rgb), if channels == Channels::Rgba { next() } else { opaque })
        }
    }
}
