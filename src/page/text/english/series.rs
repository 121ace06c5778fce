//! All scans at a glance, in English, and the type of these strings, which every language fills.

use crate::page::series::{Filter, SeriesCount, SeriesKey};
use crate::page::state::Wait;

/// The strings about all scans in one language.
#[derive(Debug)]
#[allow(missing_docs, reason = "each name says where its string is used")]
pub struct SeriesText {
    /// How many scans are answered, of how many, and how many failed.
    pub count: fn(SeriesCount) -> String,
    /// So many files were taken, and what they wait for.
    pub taken: fn(usize, Wait) -> String,
    /// So many files were removed.
    pub removed: fn(usize) -> String,
    pub undo: &'static str,
    /// Where scans will be listed.
    pub none_open: &'static str,
    /// No scan passes the filter.
    pub none_such: &'static str,
    pub filter: &'static str,
    pub filter_name: fn(Filter) -> &'static str,
    pub sort: &'static str,
    pub key_name: fn(SeriesKey) -> &'static str,
    /// On the button that opens the table.
    pub open_table: &'static str,
    pub close_table: &'static str,
    pub results: &'static str,
    /// Below the title of the table: what its order does not do.
    pub note: &'static str,
    pub column_scan: &'static str,
    pub column_answer: &'static str,
    /// The column of a class's probability.
    pub column_probability: fn(&str) -> String,
    pub column_words: &'static str,
    pub column_caption: &'static str,
    pub column_doubt: &'static str,
    /// The column of the buttons that remove a row's file; heard only.
    pub column_remove: &'static str,
    /// In place of an answer that is folded behind its warning.
    pub folded: &'static str,
    pub failed: &'static str,
    pub save_csv: &'static str,
    pub save_csv_detail: &'static str,
    pub save_json: &'static str,
    pub save_json_detail: &'static str,
    /// On the button that removes a file of so many frames.
    pub remove_file: fn(&str, usize) -> String,
    pub remove_all: &'static str,
    /// Before another model takes the place of the one that answered.
    pub ask_switch: &'static str,
    /// What is lost by it.
    pub ask_switch_detail: fn(usize) -> String,
    pub switch_anyway: &'static str,
    pub keep_model: &'static str,
    /// Said once when the answer about a scan is shown: its name and the answer.
    pub live: fn(&str, &str) -> String,
    /// After the last finding was taken out of a caption.
    pub caption_without_finding: &'static str,
}

/// The strings about all scans in English.
pub(super) static SERIES: SeriesText = SeriesText {
    count: |SeriesCount { n_answered, n_total, n_failed }| {
        let failed = if n_failed > 0 { format!(", {n_failed} failed") } else { String::new() };
        format!("{n_answered} of {n_total} answered{failed}")
    },
    taken: |n_files, wait| {
        let files = if n_files == 1 { "1 file".to_owned() } else { format!("{n_files} files") };
        let wait = match wait {
            Wait::ForModel => "answered when the model is loaded",
            Wait::ForOthers => "answered after the current scan",
            Wait::ForVisitor => "answered when you resume",
        };
        format!("{files} added, {wait}.")
    },
    removed: |n_files| match n_files {
        1 => "1 file removed.".to_owned(),
        n => format!("{n} files removed."),
    },
    undo: "Undo",
    none_open: "Scans that you open are listed here.",
    none_such: "No scan of this kind.",
    filter: "Show",
    filter_name: |filter| match filter {
        Filter::All => "All scans",
        Filter::Amd => "AMD",
        Filter::Healthy => "Healthy",
        Filter::OtherDisease => "Other disease",
        Filter::Warned => "With a warning",
        Filter::Waiting => "Waiting",
        Filter::Failed => "Failed",
    },
    sort: "Sort",
    key_name: |key| match key {
        SeriesKey::File => "By file",
        SeriesKey::Suspicion => "By suspicion of AMD",
        SeriesKey::Answer => "By answer",
        SeriesKey::Doubt => "By doubt",
    },
    open_table: "Table",
    close_table: "Back to the scan",
    results: "Results",
    note: "A doubtful answer keeps its place in every order and is marked. Read its warning before its answer.",
    column_scan: "Scan",
    column_answer: "Image says",
    column_probability: |label| format!("P({label})"),
    column_words: "Words say",
    column_caption: "Caption",
    column_doubt: "Warning",
    column_remove: "Remove",
    folded: "folded",
    failed: "failed",
    save_csv: "↓ CSV",
    save_csv_detail: "Save all results as a table for spreadsheets",
    save_json: "↓ JSON",
    save_json_detail: "Save all reports in one file",
    remove_file: |name, n_frames| match n_frames {
        0 | 1 => format!("Remove {name}"),
        n => format!("Remove {name} with its {n} frames"),
    },
    remove_all: "Remove all",
    ask_switch: "Switch to another model?",
    ask_switch_detail: |n| {
        let (answers, are) = if n == 1 { ("answer", "is") } else { ("answers", "are") };
        format!(
            "{n} {answers} {are} not saved and will be dropped. The scans stay open, and the other model is asked about them."
        )
    },
    switch_anyway: "Switch",
    keep_model: "Keep this model",
    live: |name, answer| format!("{name}: {answer}"),
    caption_without_finding: "The caption now names no finding, so the words have nothing to go by.",
};
