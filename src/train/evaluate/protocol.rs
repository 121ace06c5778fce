//! What the text head is told. A caption names the class, so whoever hands it a record's own caption hands it the
//! answer: each figure of the text head says under which of these protocols it was measured.

use serde::{Deserialize, Serialize};

/// A head, and for the text head the caption it reads. Ordered as reports list them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Protocol {
    /// The image head: pixels alone.
    Image,
    /// The text head as in use: the training caption nearest to the image. Nobody tells it anything.
    TextRetrieved,
    /// The text head on findings that were scored on the image one by one, without any class word. Nobody tells it
    /// anything.
    TextComposed,
    /// The text head on the record's own caption, class word included: it is told the answer.
    TextGiven,
    /// The text head on the record's own caption without its class word: it is told what a person saw, and an empty
    /// caption says healthy.
    TextLesionsOnly,
}

impl Protocol {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::Image, Self::TextRetrieved, Self::TextComposed, Self::TextGiven, Self::TextLesionsOnly];

    /// A short name.
    pub fn title(self) -> &'static str {
        match self {
            Self::Image => "image head",
            Self::TextRetrieved => "text, retrieved",
            Self::TextComposed => "text, composed",
            Self::TextGiven => "text, given",
            Self::TextLesionsOnly => "text, lesions only",
        }
    }

    /// What the head is told, in a sentence.
    pub fn told(self) -> &'static str {
        match self {
            Self::Image => "Reads the scan alone.",
            Self::TextRetrieved => {
                "Reads the training caption that lies nearest to the scan. This is how octlens is used: the record's own \
                 caption is never seen."
            }
            Self::TextComposed => {
                "Reads the findings whose score on the scan passes their threshold, without any class word. The record's \
                 own caption is never seen."
            }
            Self::TextGiven => {
                "Reads the record's own caption. It begins with the class word, so the head is told the answer: the \
                 figure shows that it can read, not that it can see."
            }
            Self::TextLesionsOnly => {
                "Reads the record's own caption without its class word. A person saw these lesions, not the model; and a \
                 healthy scan has none, so that the empty caption gives the answer away as well."
            }
        }
    }

    /// Whether the caption was written by whoever annotated the scan: such figures are no measure of use.
    pub fn is_told(self) -> bool {
        matches!(self, Self::TextGiven | Self::TextLesionsOnly)
    }
}
