//! The panel that tests a map, in English, and the type of these strings, which every language fills.

use crate::page::faithfulness::reading::{Kind, Standing};
use crate::page::numbers::two_digits;
use crate::report::RandomPart;

/// The strings of the panel in one language.
#[derive(Debug)]
pub struct FaithfulnessText {
    /// Its heading.
    pub title: &'static str,
    /// What is done when it is opened.
    pub detail: &'static str,
    /// On the button that opens it.
    pub open: &'static str,
    /// On the button that closes it.
    pub close: &'static str,
    /// While workers load the model.
    pub preparing: &'static str,
    /// So many questions of all are answered.
    pub running: fn(usize, usize) -> String,
    /// After it was stopped.
    pub cancelled: &'static str,
    /// On the button that goes on after that.
    pub resume: &'static str,
    /// Before the reason why it failed.
    pub failed: &'static str,
    /// What a curve is.
    pub curve: fn(Kind) -> &'static str,
    /// The area of the map's curve, and the mean area of random orders.
    pub area: fn(f32, Option<f32>) -> String,
    /// What the lines of the drawing are.
    pub legend: [&'static str; 2],
    /// How the map stands beside random orders.
    pub standing: fn(Standing) -> &'static str,
    /// What a test cannot tell.
    pub limit: &'static str,
    /// How much of the heat lies in the retina, in percent; none where no retina was found or the map is empty.
    pub in_retina: fn(Option<f64>) -> String,
    /// Above the figures of the words.
    pub words: &'static str,
    /// Probability that is missing with the top phrases alone, and the same of random phrases.
    pub sufficiency: fn(f32, f32) -> String,
    /// Probability that is lost without the top phrases, and the same of random phrases.
    pub comprehensiveness: fn(f32, f32) -> String,
    /// On the button that asks for maps with random weights.
    pub randomize: &'static str,
    /// What that shows.
    pub randomize_detail: &'static str,
    /// Below the shown map, small.
    pub shown_map: &'static str,
    /// Which part has random weights.
    pub part: fn(RandomPart) -> &'static str,
    /// The rank correlation with the shown map.
    pub agreement: fn(f64) -> String,
    /// Whether a map with random weights is another one, as it should be.
    pub is_other: fn(bool) -> &'static str,
}

/// The strings of the panel in English.
pub(super) static FAITHFULNESS: FaithfulnessText = FaithfulnessText {
    title: "Can this map be trusted?",
    detail: "Asks the model about this scan with parts hidden, some 120 times, to see whether what the map marks counts.",
    open: "Test it",
    close: "Close",
    preparing: "Loading the model once more for each processor core",
    running: |n_done, n_all| format!("{n_done} of {n_all} questions answered"),
    cancelled: "Stopped.",
    resume: "Go on",
    failed: "The test broke off:",
    curve: |kind| match kind {
        Kind::Deletion => "Hottest hidden first (deletion): a good map falls early",
        Kind::Insertion => "Hottest shown first (insertion): a good map rises early",
    },
    area: |area, random| match random {
        Some(random) => format!("area {area:.2}, random {random:.2}"),
        None => format!("area {area:.2}"),
    },
    legend: ["this map", "random orders"],
    standing: |standing| match standing {
        Standing::Empty => "The map is empty: there is nothing to test.",
        Standing::Unmoved => "The answer stays the same whatever is hidden, so this test says nothing about the map.",
        Standing::Better => "What the map marks counts for the answer more than places picked at random.",
        Standing::Partly => {
            "What the map marks counts more than random places in one of the two curves only: read the map with care."
        }
        Standing::NoBetter => {
            "What the map marks counts no more than places picked at random: do not rely on this map."
        }
    },
    limit: "A map that passes can still belong to a wrong answer.",
    in_retina: |share| match share {
        Some(share) => format!("{:.0} % of the heat lies in the retina.", share * 100.),
        None => "No heat, or no retina was found: where the heat lies cannot be said.".to_owned(),
    },
    words: "The words",
    sufficiency: |value, random| {
        let [value, random] = [value, random].map(two_digits);
        format!("Top phrases alone: the probability falls by {value} (random phrases {random}); near 0 is good.")
    },
    comprehensiveness: |value, random| {
        let [value, random] = [value, random].map(two_digits);
        format!("Without the top phrases: it falls by {value} (random phrases {random}); large is good.")
    },
    randomize: "Forget what was learned",
    randomize_detail: "Draws the map again after parts of the model were replaced by random numbers. It must become another map.",
    shown_map: "As shown",
    part: |part| match part {
        RandomPart::Head => "Head random",
        RandomPart::LastStage => "Head and last stage random",
    },
    agreement: |value| format!("rank correlation {value:.2}"),
    is_other: |is_other| {
        if is_other {
            "another map, as it should be"
        } else {
            "nearly the same map: it shows little of what was learned here"
        }
    },
};
