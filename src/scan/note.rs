//! What a reader has to say about a scan that it did read: facts only, so that reports and the page can hold them without
//! linking a decoder.

use serde::{Deserialize, Serialize};

/// Something that a person should know about how a file was read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Note {
    /// The file says that its picture is stored turned or mirrored, and it was put upright.
    Oriented,
    /// The file was cut: only the B-scans before the cut are there.
    FramesMissing {
        /// The B-scans that are whole.
        n_frames: usize,
        /// The B-scans that the file claims to have.
        n_claimed: usize,
    },
    /// The file ends early; what is missing is black.
    CutShort {
        /// Rows that came.
        n_rows: usize,
        /// Rows that there should be.
        height: usize,
    },
    /// The file holds more pictures than the one that was read.
    MoreFrames,
    /// The file says which values to show, but all of its values lie outside of them.
    WindowIgnored,
}

impl Note {
    /// The note as an English sentence without its full stop.
    pub fn text(&self) -> String {
        match self {
            Self::Oriented => "the picture was stored turned, and put upright as its orientation tag says".to_owned(),
            Self::FramesMissing { n_frames, n_claimed } => {
                format!("the file is cut short: {n_frames} of its {n_claimed} B-scans are there")
            }
            Self::CutShort { n_rows, height } => {
                format!(
                    "the file is cut short: {} of {height} rows are missing at the end, and left black",
                    height - n_rows
                )
            }
            Self::MoreFrames => "the file holds more pictures; only the first was read".to_owned(),
            Self::WindowIgnored => {
                "the window that the file names shows nothing of its values, and was passed over".to_owned()
            }
        }
    }
}

/// Which eye a scan shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Laterality {
    /// The right eye, oculus dexter.
    #[serde(rename = "OD")]
    Right,
    /// The left eye, oculus sinister.
    #[serde(rename = "OS")]
    Left,
}
