//! One scan with the figures of its maps.

use super::measures::Measured;
use crate::train::data::record::Record;

/// One scan, with the figures of every method and control.
pub(super) struct Scanned<'r> {
    /// The scan.
    pub record: &'r Record,
    /// Share of the scan that lesions cover.
    pub share: f64,
    /// Its maps, always in the same order.
    pub maps: Vec<ScannedMap>,
}

/// One map of a scan.
pub(super) struct ScannedMap {
    /// The method or control.
    pub method: &'static str,
    /// The layer that is explained; empty for a control.
    pub layer: String,
    /// The finding that is explained; none for the scan's class.
    pub finding: Option<&'static str>,
    /// Its figures.
    pub measured: Measured,
}
