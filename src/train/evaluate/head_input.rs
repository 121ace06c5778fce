//! What a head reads. The text head is measured on several *caption variants*: a record's own caption names the class, so
//! that a head which reads it is given the answer, and each figure of the text head says on which variant it was measured.

use serde::{Deserialize, Serialize};

/// The scan, for the image head; a caption variant, for the text head. Ordered as reports list them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum HeadInput {
    /// The image head: pixels alone.
    Image,
    /// The text head as in use: the training caption nearest to the image. It is given no part of the answer.
    TextRetrieved,
    /// The text head on findings that were scored on the image one by one, without any class word. It is given no part
    /// of the answer.
    TextComposed,
    /// The text head on the record's own caption, class word included: it is given the answer.
    TextGiven,
    /// The text head on the record's own caption without its class word: it is given what a person saw, and an empty
    /// caption says healthy.
    TextLesionsOnly,
}

impl HeadInput {
    /// All of them.
    pub(crate) const ALL: [Self; 5] =
        [Self::Image, Self::TextRetrieved, Self::TextComposed, Self::TextGiven, Self::TextLesionsOnly];

    /// A short name.
    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::Image => "image head",
            Self::TextRetrieved => "text, retrieved",
            Self::TextComposed => "text, composed",
            Self::TextGiven => "text, given",
            Self::TextLesionsOnly => "text, lesions only",
        }
    }

    /// What the head reads, in sentences.
    pub(crate) fn description(self) -> &'static str {
        match self {
            Self::Image => "Reads the scan alone.",
            Self::TextRetrieved => {
                "Reads the training caption nearest to the scan. This is how octlens is used: the record's own caption is \
                 never seen."
            }
            Self::TextComposed => {
                "Reads the findings whose score on the scan passes their threshold, without any class word. The record's \
                 own caption is never seen."
            }
            Self::TextGiven => {
                "Reads the record's own caption. It begins with the class word, so the head is given the answer: the \
                 figure shows that it can read, not that it can see."
            }
            Self::TextLesionsOnly => {
                "Reads the record's own caption without its class word. A person saw these lesions, not the model; and a \
                 healthy scan has none, so that the empty caption gives the answer away as well."
            }
        }
    }

    /// Whether a person who annotated the scan wrote the caption: such figures say nothing about use.
    pub(crate) fn is_annotated(self) -> bool {
        matches!(self, Self::TextGiven | Self::TextLesionsOnly)
    }
}
