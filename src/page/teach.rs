//! What a lecture needs beside the answer: the true lesions on drawn scans, votes before an answer, a tour, and links to what
//! is shown. Plain data; the scans themselves and what is asked about them are in `page::state`.

pub mod findings;
pub mod guess;
pub mod levels;
pub mod link;
pub mod reveal;
pub mod scene;
pub mod tour;

use guess::Guess;
use tour::Tour;

/// The state of a lecture.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Teaching {
    /// Whether the panel is open.
    pub is_open: bool,
    /// Whether true lesions are shown on drawn scans.
    pub is_revealed: bool,
    /// Votes before an answer.
    pub guess: Guess,
    /// The tour.
    pub tour: Tour,
}
