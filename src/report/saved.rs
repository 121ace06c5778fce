//! What a saved report says of itself.

use serde::{Deserialize, Serialize};

/// When and by what a report was saved, and what it may be used for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SavedNote {
    /// Local date and time with its distance from UTC (ISO 8601).
    pub at: String,
    /// The version of the program.
    pub version: String,
    /// What it is not for.
    pub notice: String,
}
