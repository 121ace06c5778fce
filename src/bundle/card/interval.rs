//! A figure with its interval.

use serde::{Deserialize, Serialize};

/// A figure and its 95 % interval.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    /// On all scans.
    pub value: f64,
    /// 2.5th percentile over draws of a bootstrap.
    pub low: f64,
    /// 97.5th percentile over draws.
    pub high: f64,
}
