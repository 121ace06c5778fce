//! What a page is made of: the report, its pictures, and what else was asked.

use crate::bundle::card::ModelCard;
use crate::page::faithfulness::Faithfulness;
use crate::page::linked::FindingMap;
use crate::page::picture::{Drawn, Label};
use crate::report::Report;

/// What a page is made of.
pub struct Contents<'a> {
    /// The report, signed: with its date, and without the name of its file where that is not wanted.
    pub report: &'a Report,
    /// Whether the answer is folded: it is left out then.
    pub is_folded: bool,
    /// The card of the model that answered.
    pub card: &'a ModelCard,
    /// The pictures, the scan first.
    pub pictures: &'a [Picture],
    /// How the map of the class is drawn.
    pub drawn: Drawn,
    /// The panel that tests the map.
    pub tests: &'a Faithfulness,
}

/// A picture.
pub struct Picture {
    /// What it shows.
    pub shows: Shows,
    /// What stands on it.
    pub labels: Vec<Label>,
    /// A PNG as a `data:` URL.
    pub png: String,
    /// The colours of its map, from nothing to the last one; empty without a map.
    pub colours: Vec<[u8; 3]>,
}

/// What a picture shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shows {
    /// The scan as the model was asked about it.
    Scan,
    /// The map of a class.
    Class,
    /// A map of a finding.
    Finding(FindingMap),
    /// The region that was hidden.
    Hidden,
}

impl Shows {
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Scan => "scan",
            Self::Class => "class",
            Self::Finding(_) => "finding",
            Self::Hidden => "hidden",
        }
    }
}
