//! Whether an answer is to be doubted, and for which reasons.

use serde::{Deserialize, Serialize};

/// Whether an answer is to be doubted.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Warning {
    /// The gravest kind of the reasons; [`WarningKind::None`] without a reason.
    pub kind: WarningKind,
    /// Why, gravest first.
    pub reasons: Vec<Doubt>,
    /// How doubtful the answer is, 0…1, for sorting: 0.5 or more exactly where there is a reason.
    #[serde(default)]
    pub score: f32,
}

impl Warning {
    /// Whether there is anything to warn of.
    pub fn is_none(&self) -> bool {
        self.kind.is_none()
    }
}

/// Kinds of warnings, from none to the gravest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WarningKind {
    /// Nothing speaks against the answer.
    #[default]
    None,
    /// The model knows such scans, and is not sure of this one.
    Unsure,
    /// A scan, but not of a kind that the model was trained to answer about.
    Unfamiliar,
    /// Not an OCT B-scan.
    NotAScan,
}

impl WarningKind {
    /// All of them, from none to the gravest.
    pub const ALL: [Self; 4] = [Self::None, Self::Unsure, Self::Unfamiliar, Self::NotAScan];

    /// As in a report.
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Unsure => "unsure",
            Self::Unfamiliar => "unfamiliar",
            Self::NotAScan => "not_a_scan",
        }
    }

    /// Whether there is nothing to warn of.
    pub fn is_none(self) -> bool {
        self == Self::None
    }

    /// What it means for the answer, as an English heading; empty for [`WarningKind::None`].
    pub fn heading(self) -> &'static str {
        match self {
            Self::None => "",
            Self::Unsure => "Not sure of this answer",
            Self::Unfamiliar => "Unfamiliar scan: do not rely on this answer",
            Self::NotAScan => "No answer: not an OCT B-scan",
        }
    }
}

/// A reason to doubt an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Doubt {
    /// So few pixels that layers cannot be seen.
    TooSmall,
    /// One colour, or nearly.
    OneColour,
    /// The pixels of a column have nothing to do with each other.
    Noise,
    /// A colour photograph, such as one of the fundus.
    Colour,
    /// No band of layers runs across it.
    NoRetina,
    /// Far from every scan that the model was trained on.
    UnlikeTraining,
    /// It shows more than a B-scan, or another one beside it.
    MoreThanAScan,
    /// Its layers run from top to bottom.
    Turned,
    /// Its tissue is dark, its background bright.
    Inverted,
    /// It looks like a disease that is neither healthy nor AMD.
    AnotherDisease,
    /// The most probable class is not probable enough.
    LowProbability,
    /// The image head and the text head answer differently.
    HeadsDisagree,
    /// No caption is close to it.
    CaptionFar,
}

impl Doubt {
    /// All of them, gravest first.
    pub const ALL: [Self; 13] = [
        Self::TooSmall,
        Self::OneColour,
        Self::Noise,
        Self::Colour,
        Self::NoRetina,
        Self::UnlikeTraining,
        Self::MoreThanAScan,
        Self::Turned,
        Self::Inverted,
        Self::AnotherDisease,
        Self::LowProbability,
        Self::HeadsDisagree,
        Self::CaptionFar,
    ];

    /// The kind of warning that it gives.
    pub fn kind(self) -> WarningKind {
        match self {
            Self::TooSmall | Self::OneColour | Self::Noise | Self::Colour | Self::NoRetina => WarningKind::NotAScan,
            Self::UnlikeTraining | Self::MoreThanAScan | Self::Turned | Self::Inverted | Self::AnotherDisease => {
                WarningKind::Unfamiliar
            }
            Self::LowProbability | Self::HeadsDisagree | Self::CaptionFar => WarningKind::Unsure,
        }
    }

    /// What it is and what to do, as one English sentence.
    pub fn advice(self) -> &'static str {
        match self {
            Self::TooSmall => "The picture has too few pixels to show retinal layers: export the B-scan at full size.",
            Self::OneColour => "The picture is nearly one colour: choose a picture that shows a B-scan.",
            Self::Noise => "The picture is noise without layers: choose a picture that shows a B-scan.",
            Self::Colour => "This is a colour photograph, not an OCT B-scan: choose the B-scan of the same eye.",
            Self::NoRetina => {
                "No retina was found in the picture: choose a B-scan, and crop away what stands beside it."
            }
            Self::UnlikeTraining => {
                "The picture is unlike every scan this model was trained on: check that it is a whole B-scan, and do not rely on the answer."
            }
            Self::MoreThanAScan => {
                "The picture shows more than one B-scan, or something beside it: crop it to the scan that you ask about."
            }
            Self::Turned => "The layers run from top to bottom: turn the scan so that the vitreous is above.",
            Self::Inverted => "The scan seems to be black on white: export it with white tissue on black.",
            Self::AnotherDisease => {
                "The scan may show a disease that is neither healthy nor AMD: do not rely on the answer, and read the scan for other diseases."
            }
            Self::LowProbability => {
                "No class is probable enough: read the scan yourself, or take another scan of the eye."
            }
            Self::HeadsDisagree => {
                "The scan and its caption give different answers: compare both before relying on either."
            }
            Self::CaptionFar => "No caption describes the scan well: check the findings yourself.",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_and_doubts_are_ordered_by_gravity_and_named_as_reports_write_them() {
        let kinds = [WarningKind::None, WarningKind::Unsure, WarningKind::Unfamiliar, WarningKind::NotAScan];
        for kind in kinds {
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.name());
        }
        assert!(Doubt::ALL.is_sorted_by_key(|doubt| std::cmp::Reverse(doubt.kind())));
        assert_eq!(serde_json::to_value(Doubt::AnotherDisease).unwrap(), "another_disease");
    }
}
