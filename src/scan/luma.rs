//! From colours to grey, the same for every reader.

/// Difference between the channels of an 8-bit pixel from which it is clearly coloured: compressed grey stays below.
pub(super) const MIN_CHROMA: u32 = 40;

/// Rec. 601 luma (0.299, 0.587, 0.114) of samples of up to 16 bits, in integers, so that every target gives the same grey.
pub(super) fn luma([r, g, b]: [u32; 3]) -> u32 {
    (299 * r + 587 * g + 114 * b + 500) / 1000
}

/// Difference between the channels of a pixel.
pub(super) fn chroma([r, g, b]: [u32; 3]) -> u32 {
    r.max(g).max(b) - r.min(g).min(b)
}
