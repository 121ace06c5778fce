//! Why pictures are refused: the errors that formats share.

use crate::error::{Detail, Error, Instead};

/// A picture that cannot be decoded although it did come whole.
pub(super) fn damaged() -> Error {
    let message = "the picture is damaged: copy or export the scan again";
    Error::scan(message).with_detail(Detail::DamagedFile)
}

/// A picture that ends before its first pixel.
pub(super) fn no_pixels_came() -> Error {
    let message = "the picture is cut short: none of its rows came; copy or export the scan again";
    Error::scan(message).with_detail(Detail::DamagedFile)
}

/// A picture that ends before its last pixel, where it is not known how many rows came.
pub(super) fn cut_short() -> Error {
    let message = "the picture is cut short: copy or export the scan again";
    Error::scan(message).with_detail(Detail::DamagedFile)
}

/// A picture whose pixels would take more memory than is taken.
pub(super) fn too_large([width, height]: [usize; 2]) -> Error {
    let message = format!(
        "the picture is {width} × {height} pixels of a kind that takes too much memory: crop it, or save it as a grey PNG"
    );
    Error::scan(message).with_detail(Detail::LargeScan { width, height })
}

/// The most memory that the samples of a picture may take, beside its grey pixels.
pub(super) const MAX_SAMPLE_BYTES: u64 = 96 << 20;

/// Black and white without shades shows no layers.
pub(super) fn one_bit() -> Error {
    Error::unsupported("black-and-white (1-bit) pictures", Instead::SaveInGrey)
}

/// There are fewer frames.
pub(super) fn no_such_frame(frame: usize, n_frames: usize) -> Error {
    let message = match n_frames {
        1 => format!("the picture has one frame, not a frame {}: choose frame 1", frame + 1),
        n => format!("the file has {n} frames, not a frame {}: choose a frame from 1 to {n}", frame + 1),
    };
    Error::scan(message).with_detail(Detail::NoSuchFrame { frame })
}
