//! The parts of the page. They draw what the signals hold; they compute nothing.

pub mod answer;
pub mod baseline;
pub mod edit;
pub mod header;
pub mod stage;
pub mod status;
pub mod strip;
pub mod trust;
pub mod viewer;
pub mod words;

use crate::report::Prediction;

/// The probability of what is said.
pub fn probability_of_label(prediction: &Prediction) -> f32 {
    prediction.probabilities.get(&prediction.label).copied().unwrap_or_default()
}

/// A label and its probability.
pub fn prediction_text(prediction: &Prediction) -> String {
    format!("{} {}", prediction.label, probability_text(probability_of_label(prediction)))
}

/// A probability in two digits; never as certain as 0 or 1.
pub fn probability_text(probability: f32) -> String {
    match probability {
        p if p > 0.994 => "> .99".to_owned(),
        p if p < 0.006 => "< .01".to_owned(),
        p => format!("{p:.2}").replacen("0.", ".", 1),
    }
}
