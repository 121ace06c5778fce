//! A saved report and a report that is opened again, in English, and the type of these strings, which every language fills.

use crate::bundle::card::ModelInput;
use crate::page::reproduce::Part;

/// The strings of saved reports in one language.
#[derive(Debug)]
#[allow(missing_docs, reason = "each name says where its string is used")]
pub struct ReportText {
    /// On the button that saves a report to be read.
    pub save: &'static str,
    pub save_detail: &'static str,
    /// On the switch that lets the file's name into what is saved.
    pub keep_name: &'static str,
    pub keep_name_detail: &'static str,

    /// The heading of a report.
    pub title: &'static str,
    /// Above its warning.
    pub warning: &'static str,
    /// In place of a folded answer.
    pub folded: &'static str,
    pub scan: &'static str,
    /// Below the map of a class.
    pub map_for: fn(&str) -> String,
    /// The ends of a colour bar: no evidence, and the last colour.
    pub bar_none: &'static str,
    pub bar_own: &'static str,
    pub bar_strong: &'static str,
    pub phrase: &'static str,
    /// Above what a phrase speaks for.
    pub side: &'static str,
    pub share: &'static str,
    /// The factor by which naming a phrase changes the odds of a class.
    pub odds: fn(&str) -> String,
    /// After a phrase that names a class.
    pub is_class_word: &'static str,
    pub findings: &'static str,
    /// How much a scan resembles a finding more than a healthy one.
    pub margin: fn(f32) -> String,
    pub made_by: &'static str,
    pub model: &'static str,
    pub weights: &'static str,
    pub input: &'static str,
    pub preprocessing: &'static str,
    /// What a scan of some columns and rows is before the model sees it.
    pub prepared: fn(&ModelInput) -> String,
    pub not_recorded: &'static str,
    pub map: &'static str,
    pub words: &'static str,
    pub saved: &'static str,
    pub limits: &'static str,
    /// What a reader must know whatever the model is.
    pub what_it_is: [&'static str; 3],

    /// The heading of what became of a saved report that was opened again.
    pub again: &'static str,
    /// Everything is the same to the bit.
    pub same: &'static str,
    /// Something is not.
    pub differs: &'static str,
    pub comparing: &'static str,
    /// Another file of weights answered: hashes of then and now.
    pub other_model: fn(&str, &str) -> String,
    /// Another version of the program made it: then and now.
    pub other_version: fn(&str, &str) -> String,
    /// Which values are others.
    pub other_values: fn(&str) -> String,
    /// What was not asked again.
    pub not_compared: fn(&str) -> String,
    pub part: fn(Part) -> &'static str,
    /// The scan of a report is missing: its name, its format and the first digits of its hash.
    pub add_scan: fn(&str, &str, &str) -> String,
}

/// The strings of saved reports in English.
pub(super) static REPORT: ReportText = ReportText {
    save: "↓ Report",
    save_detail: "Save a report on one page, to be read and printed without this program",
    keep_name: "with file name",
    keep_name_detail: "A file’s name may be a patient’s: without this, saved files are named by date and a hash of the scan",

    title: "OCT B-scan: what a model says, and why",
    warning: "Warning",
    folded: "The answer was folded when this was saved, and is left out: read the warning.",
    scan: "Scan",
    map_for: |class| format!("What spoke for {class}"),
    bar_none: "nothing",
    bar_own: "this scan’s maximum",
    bar_strong: "a strong map",
    phrase: "Phrase",
    side: "for or against",
    share: "share of the weight",
    odds: |class| format!("odds of {class}"),
    is_class_word: "names the answer, no reason",
    findings: "Findings that were asked about",
    margin: |margin| format!("resembles it {} than a healthy scan", if margin > 0. { "more" } else { "less" }),
    made_by: "How it was made",
    model: "Model",
    weights: "Weights, SHA-256",
    input: "Scan, SHA-256",
    preprocessing: "Preprocessing",
    prepared: |input| {
        let [black, white] = input.contrast_percentiles;
        let cleaned = if input.is_cleaned { "bars, noise floor, speckle and overlays reduced; " } else { "" };
        format!(
            "{cleaned}cut to the retina, resized to {} × {} pixels; grey from the percentile {black} to {white}",
            input.width, input.height
        )
    },
    not_recorded: "not recorded",
    map: "Map",
    words: "Words",
    saved: "Saved",
    limits: "Limits",
    what_it_is: [
        "The map shows what the model’s answer rests on, not where disease is; it is coarse and can miss small lesions.",
        "The words are the closest caption of the training data, not a description of this scan.",
        "No diagnosis: a person qualified to do so must read the scan.",
    ],

    again: "A saved report, opened again",
    same: "Reproduced: every value is the same to the bit.",
    differs: "Not reproduced.",
    comparing: "Asking again, to compare",
    other_model: |then, now| format!("Other weights answer: SHA-256 {then} then, {now} now."),
    other_version: |then, now| format!("It was made by version {then}; this is {now}."),
    other_values: |parts| format!("Other values: {parts}."),
    not_compared: |parts| format!("Not asked again: {parts}."),
    part: |part| match part {
        Part::Scan => "the scan as it was read",
        Part::Image => "the image’s answer",
        Part::Caption => "the caption",
        Part::Words => "the words’ answer",
        Part::Agreement => "agreement",
        Part::Warning => "warning",
        Part::Heatmap => "heatmap",
        Part::WordScores => "word scores",
        Part::Findings => "maps of findings",
        Part::Hidden => "hidden region",
        Part::Baseline => "the baseline",
        Part::Suggestion => "the suggested view",
    },
    add_scan: |name, format, hash| {
        format!("This report is about {name} ({format}): add that file, whose SHA-256 begins with {hash}.")
    },
};
