//! A scan and what the image tower made of it: what maps are drawn from.

use candle_core::Tensor;

use crate::preprocess::Region;
use crate::scan::Scan;

/// A scan that the image tower has run on.
pub(super) struct EncodedScan<'a> {
    /// The scan.
    pub scan: &'a Scan,
    /// The part of it that the tower saw.
    pub region: Region,
    /// The last feature map (1, C, rows, cols).
    pub feature_map: &'a Tensor,
}
