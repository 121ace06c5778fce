//! The parts of the page. They draw what the signals hold; they compute nothing.

pub mod answer;
pub mod edit;
pub mod header;
pub mod status;
pub mod strip;
pub mod trust;
pub mod viewer;
pub mod words;

/// A probability in two digits; never as certain as 0 or 1.
pub fn probability_text(probability: f32) -> String {
    match probability {
        p if p > 0.994 => "> .99".to_owned(),
        p if p < 0.006 => "< .01".to_owned(),
        p => format!("{p:.2}").replacen("0.", ".", 1),
    }
}
