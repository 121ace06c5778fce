//! From colours to grey, the same for every reader.

/// Difference between the channels of a pixel from which it is clearly coloured: compressed grey stays below.
const MIN_CHROMA: u8 = 40;

/// Rec. 601 luma (0.299, 0.587, 0.114), in integers, so that every target gives the same grey.
pub(super) fn luma(rgb: [u8; 3]) -> u8 {
    let [r, g, b] = rgb.map(u32::from);
    ((299 * r + 587 * g + 114 * b + 500) / 1000) as u8
}

/// Whether a pixel is clearly coloured.
pub(super) fn is_coloured([r, g, b]: [u8; 3]) -> bool {
    r.max(g).max(b) - r.min(g).min(b) >= MIN_CHROMA
}
