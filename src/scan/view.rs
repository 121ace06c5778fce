//! How a picture is looked at before anything else: a part of it, turned, in negative. Plain data, so that reports and the
//! page can hold it without linking a decoder.

use serde::{Deserialize, Serialize};

/// A turn of a picture.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Turn {
    /// It stays as it is.
    #[default]
    None,
    /// By 90° counterclockwise: what was on the right is on top.
    Left,
    /// By 90° clockwise: what was on the left is on top.
    Right,
    /// Upside down, by 180°.
    Half,
}

/// A part of a picture, turned, in negative; steps are taken in the order of the fields.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct View {
    /// The part that is kept: x, y, width, height in pixels of the decoded picture; none for the whole.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub crop: Option<[usize; 4]>,
    /// How it is turned.
    pub turn: Turn,
    /// Whether black becomes white.
    pub invert: bool,
}

impl View {
    /// Whether it leaves a picture as it is.
    pub fn is_whole(&self) -> bool {
        *self == Self::default()
    }
}
