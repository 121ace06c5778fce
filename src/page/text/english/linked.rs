//! Where findings speak, and what hiding a region changes, in English, and the type of these strings, which every language
//! fills.

use crate::page::linked::Effect;

/// The strings about findings on the map and hidden regions in one language.
#[derive(Debug)]
#[allow(missing_docs, reason = "each name says where its string is used")]
pub struct LinkedText {
    /// On a finding of the caption: what a click does.
    pub show_finding: fn(&str) -> String,
    /// On the picture: whose map it is, and whether the scan as a whole resembles it more than a healthy one.
    pub on_map: fn(&str, bool) -> String,
    /// While the map of a finding is on its way.
    pub coming: fn(&str) -> String,
    /// On the picture: the map of a finding is empty.
    pub empty_map: fn(&str) -> String,
    /// What a finding's two maps are a choice of.
    pub maps: &'static str,
    /// On the map of what raises the likeness, by the name of its method.
    pub likeness_map: fn(&str) -> String,
    pub likeness_detail: &'static str,
    pub local_map: &'static str,
    pub back_to: fn(&str) -> String,

    pub hide: &'static str,
    pub hide_detail: &'static str,
    /// How the rectangle is drawn, moved, applied and left.
    pub hide_help: &'static str,
    pub hidden_region: &'static str,
    pub show_again: &'static str,
    pub without_region: &'static str,
    /// What hiding did: the answer before and after, and the share of the model's input in percent.
    pub effect: fn(Effect, &str, &str, &str) -> String,
    /// What the answer without the region is about.
    pub hidden_note: &'static str,
    pub before: &'static str,
    pub after: &'static str,
    pub class: &'static str,
    pub caption: &'static str,
    pub finding: &'static str,
    /// What the figures of findings say.
    pub likeness_meaning: &'static str,
}

/// The strings about findings and regions in English.
pub(super) static LINKED: LinkedText = LinkedText {
    show_finding: |finding| format!("Show on the scan where it resembles {finding}"),
    on_map: |finding, is_like| {
        let whole = if is_like { "" } else { "; as a whole it resembles a healthy scan more" };
        format!("Where the scan resembles ‘{finding}’{whole}")
    },
    coming: |finding| format!("Looking for ‘{finding}’"),
    empty_map: |finding| format!("Empty map: by this method, no place resembles {finding}."),
    maps: "Map of the finding",
    likeness_map: |method| format!("Likeness ({method})"),
    likeness_detail: "Which places raise the likeness of the whole scan with this finding",
    local_map: "Place by place",
    back_to: |class| format!("Back to {class} (Esc)"),

    hide: "Hide a region",
    hide_detail: "Draw a rectangle on the scan and see what the model says without it",
    hide_help: "Drag a rectangle on the scan. With keys: arrows move it, Shift and arrows size it, Enter hides it, Escape leaves.",
    hidden_region: "Hidden",
    show_again: "Show again",
    without_region: "Without the hidden region",
    effect: |effect, before, after, share| match effect {
        Effect::Unseen => "The region lies outside of what the model sees, so nothing changes.".to_owned(),
        Effect::SameClass => {
            format!("Without {share} of what the model sees, its answer stays: {before} with it, {after} without it.")
        }
        Effect::OtherClass => {
            format!("Without {share} of what the model sees, its answer changes: {before} with it, {after} without it.")
        }
    },
    hidden_note: "The region is filled from its surroundings. This is a test of the model, not an answer about the eye.",
    before: "before",
    after: "after",
    class: "Image says",
    caption: "Caption",
    finding: "Finding",
    likeness_meaning: "How much more the scan resembles the finding than a healthy scan (difference of two cosines): above 0 the \
                       model takes it as shown.",
};
