//! What a weights file says of itself, as plain data. Knows no tensor and no file.

use serde::{Deserialize, Serialize};

use crate::caption::Vocabulary;

/// What a weights file says of itself, for people.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ModelCard {
    /// The model's name.
    pub name: String,
    /// A line for people.
    pub title: String,
    /// SHA-256 of the file, in hex.
    pub sha256: String,
    /// Size of the file.
    pub bytes: u64,
    /// `int8` or `float`.
    pub precision: String,
    /// The instructions that 8-bit layers run with (`kernels::Kernel::name`).
    pub kernels: String,
    /// The most memory that the worker took while it loaded the model, where it can tell.
    pub peak_bytes: Option<u64>,
    /// The words it knows.
    pub vocabulary: Vocabulary,
    /// The weights' licence.
    pub licence: String,
    /// Data and settings of its training, as the file tells them.
    pub training: serde_json::Value,
    /// Measured figures on held-out patients, as the file tells them.
    pub metrics: serde_json::Value,
}
