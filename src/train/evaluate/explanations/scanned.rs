//! One scan with the figures of its maps.

use super::measures::Measured;
use crate::train::data::record::Record;

/// One scan, with the figures of every method and control.
pub(super) struct Scanned<'r> {
    /// The scan.
    pub record: &'r Record,
    /// Share of the scan that lesions cover.
    pub share: f64,
    /// Names, layers and figures of methods and controls, always in the same order.
    pub maps: Vec<(&'static str, String, Measured)>,
}
