//! Figures with their 95 % intervals as text.

use crate::bundle::card::Interval;

/// Stands for a figure that is not defined.
pub(super) const UNDEFINED: &str = "–";

/// `0.912 (0.850–0.961)`.
pub(super) fn figure(interval: Option<Interval>) -> String {
    interval.map_or(UNDEFINED.to_owned(), |i| format!("{:.3} ({:.3}–{:.3})", i.value, i.low, i.high))
}

/// A difference: `+0.021 (-0.004 to +0.047)`.
pub(super) fn difference(interval: Option<Interval>) -> String {
    interval.map_or(UNDEFINED.to_owned(), |i| format!("{:+.3} ({:+.3} to {:+.3})", i.value, i.low, i.high))
}
