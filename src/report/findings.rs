//! Single findings: how strongly a scan suggests each, where on it, and what changes when a part of the scan is hidden.

use serde::{Deserialize, Serialize};

use super::{Heatmap, Prediction};

/// How much a scan resembles a finding's text.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Likeness {
    /// Cosine of the scan's embedding with the finding's, -1…1.
    pub similarity: f32,
    /// By how much that exceeds the cosine with the healthy text: above 0 the model takes the finding as shown.
    pub margin: f32,
}

/// One finding and where on the scan it speaks.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FindingReport {
    /// The finding, as in the model's vocabulary.
    pub finding: String,
    /// How much the whole scan resembles it.
    pub likeness: Likeness,
    /// What raises its margin, by the method that was asked for; then which cells resemble it on their own
    /// ([`super::MapMethod::Local`]). Their target is the finding.
    pub maps: Vec<Heatmap>,
}

/// What the model says of a scan of which some regions are hidden, beside what it says of the whole.
///
/// What is hidden is interpolated from the pixels around it, at the resolution of the model's input: a black or grey patch would
/// itself be something to see.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Hidden {
    /// The regions: x, y, width, height in scan pixels.
    pub regions: Vec<[f32; 4]>,
    /// The share of the model's input that they cover, 0…1: 0 where they lie outside of what the model sees.
    pub share: f32,
    /// The image head's answers to the whole scan and to what is left.
    pub image: BeforeAfter<Prediction>,
    /// The retrieved captions.
    pub caption: BeforeAfter<String>,
    /// All findings of the model's vocabulary, in its order.
    pub findings: Vec<FindingChange>,
}

/// The same of the whole scan, and of the scan without what is hidden.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BeforeAfter<T> {
    /// Of the whole.
    pub before: T,
    /// Of what is left.
    pub after: T,
}

/// How a finding's likeness changes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FindingChange {
    /// The finding.
    pub finding: String,
    /// How much the scan resembles it.
    #[serde(flatten)]
    pub likeness: BeforeAfter<Likeness>,
}
