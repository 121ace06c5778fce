//! How far an answer can be relied on, in English, and the type of these strings, which every language fills.

use crate::page::picture::{Drawn, HeatScale};
use crate::report::{Doubt, WarningKind};

/// The strings about doubt in one language.
#[derive(Debug)]
pub struct DoubtText {
    /// What a warning means for the answer.
    pub warning: fn(WarningKind) -> &'static str,
    /// The same in two words, in place of an answer that is folded.
    pub in_short: fn(WarningKind) -> &'static str,
    /// Why an answer is doubtful, and what to do.
    pub reason: fn(Doubt) -> &'static str,
    /// On the button that opens a folded answer.
    pub open: fn(WarningKind) -> &'static str,
    /// On the button that folds it again.
    pub fold: &'static str,
    /// In place of a folded answer.
    pub folded: &'static str,
    /// In place of the words while the heatmap is hidden.
    pub words_without_map: &'static str,
    /// After the answer for an eye: so many of its frames have a warning.
    pub n_warned: fn(usize) -> String,
    /// In place of the answer for an eye: how doubtful it is, and the frame to look at first, from 1.
    pub eye_folded: fn(&str, usize) -> String,
    /// The same of an eye by several files: the name of the scan to look at first.
    pub joined_eye_folded: fn(&str, &str) -> String,

    /// Below the verdict: at a low probability, or with another reason to be unsure.
    pub unsure: &'static str,
    /// On the answer about a scan of a kind that the model does not know.
    pub unreliable: &'static str,
    /// In place of the class of what is not a scan.
    pub no_answer: &'static str,
    /// In place of the class where the image and its caption differ.
    pub no_clear_answer: &'static str,
    /// Image and retrieved words give the same class.
    pub same: &'static str,
    /// They give different ones: the image's and the words'.
    pub split: fn(&str, &str) -> String,
    /// A person wrote the words: the image's class and the words'.
    pub edited: fn(&str, &str) -> String,

    /// Above what answers like the shown one turned out to be.
    pub track_record: &'static str,
    /// Which answers those are: class, band of probability, whether there was a warning.
    pub answers_like: fn(&str, &str, bool) -> String,
    /// How many were right, of how many.
    pub right_of: fn(usize, usize) -> String,
    /// The same of so few scans that a share says nothing.
    pub too_few: fn(usize, usize) -> String,
    /// So many scans of diseases that the model does not know were answered so.
    pub other_diseases: fn(usize) -> String,

    /// On the picture: the map's class, and the answer where it is another one.
    pub other_class: fn(&str, Option<&str>) -> String,
    /// On the picture: no place speaks for the map's class.
    pub empty_map: fn(&str) -> String,
    /// The choice of what a map's colours are compared with.
    pub scale: &'static str,
    /// What the choice means.
    pub scale_detail: &'static str,
    /// What a map's colours are compared with.
    pub scale_name: fn(HeatScale) -> &'static str,
    /// On the picture: by what the map is drawn; nothing of an empty one.
    pub drawn: fn(Drawn) -> String,
}

/// The strings about doubt in English.
pub(super) static DOUBT: DoubtText = DoubtText {
    warning: WarningKind::heading,
    in_short: |kind| match kind {
        WarningKind::None => "",
        WarningKind::Unsure => "not sure",
        WarningKind::Unfamiliar => "unfamiliar",
        WarningKind::NotAScan => "no answer",
    },
    reason: Doubt::advice,
    open: |kind| match kind {
        WarningKind::NotAScan => "Show what was computed",
        _ => "Show the answer anyway",
    },
    fold: "Fold the answer",
    folded: "Answer, heatmap and words are folded: read the warning first.",
    words_without_map: "The words are shown together with the heatmap only: switch it on.",
    n_warned: |n| match n {
        1 => "1 frame has a warning.".to_owned(),
        _ => format!("{n} frames have a warning."),
    },
    eye_folded: |doubt, frame| format!("Eye: {doubt}. Look at frame {frame} first, which counts most."),
    joined_eye_folded: |doubt, name| format!("Eye: {doubt}. Look at {name} first, which counts most."),

    unsure: "leaning this way, not sure",
    unreliable: "not to be relied on",
    no_answer: "no answer",
    no_clear_answer: "No clear answer",
    same: "Image and words give the same class. This is one reading seen twice, no second opinion: the image picked the caption, \
           and the words’ figure is the same for every scan with that caption.",
    split: |image, words| {
        format!(
            "They disagree: the image says {image}, the words that it picked say {words}. Rely on neither without looking \
             yourself."
        )
    },
    edited: |image, words| {
        format!(
            "A person wrote these words: they say {words} of any scan, and confirm nothing. The image says {image}."
        )
    },

    track_record: "Answers like this one",
    answers_like: |answer, band, is_warned| {
        let warning = if is_warned { "a" } else { "no" };
        format!(
            "Patients held back from training: how often the answer “{answer}” was right when its probability was {band} and \
             there was {warning} warning."
        )
    },
    right_of: |n_right, n_scans| format!("{n_right} of {n_scans} scans"),
    too_few: |n_right, n_scans| format!("too few to tell: {n_right} of {n_scans}"),
    other_diseases: |n| match n {
        1 => "and wrongly given to 1 scan of a disease that it does not know".to_owned(),
        _ => format!("and wrongly given to {n} scans of diseases that it does not know"),
    },

    other_class: |target, answer| match answer {
        Some(answer) => format!("Map for {target}. The answer is {answer}."),
        None => format!("Map for {target}."),
    },
    empty_map: |target| format!("Empty map: by this method, no place speaks for {target}."),
    scale: "Scale",
    scale_detail: "The same for all scans: the last colour is a peak that one in twenty validation scans with this answer \
                   exceeds. Relative: the last colour is this scan’s own maximum, however weak.",
    scale_name: |scale| match scale {
        HeatScale::Absolute => "same for all scans",
        HeatScale::Relative => "relative to this scan",
    },
    drawn: |drawn| match drawn {
        Drawn::Empty => String::new(),
        Drawn::Relative => "Colours relative to this scan’s own maximum".to_owned(),
        Drawn::Absolute { share } => format!("Strength: {:.0} % of a strong map", share * 100.),
    },
};
