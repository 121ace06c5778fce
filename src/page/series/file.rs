//! All results as a file: a table for spreadsheets (CSV), or whole reports (JSON).

use serde::Serialize;

use crate::page::reading::source_name;
use crate::page::series::{Outcome, SeriesRow};
use crate::report::Report;

/// The value of `schema` in the JSON.
const SCHEMA: &str = "octlens.series/1";
/// Of the page that writes the file.
const VERSION: &str = env!("CARGO_PKG_VERSION");
/// What a spreadsheet may take for the beginning of a formula; the wide forms are those of East Asian input.
const FORMULA_STARTS: [char; 8] = ['=', '+', '-', '@', '＝', '＋', '－', '＠'];

/// What such a file is called: by the day and the version, never by a scan, whose name may be that of a person. `date` is
/// an ISO date with or without a time.
pub fn file_name(date: &str, extension: &str) -> String {
    let day = date.get(..10).unwrap_or(date);
    format!("octlens-results-{day}-v{VERSION}.{extension}")
}

/// The rows as CSV with a heading: UTF-8 with a mark that says so, lines end with CR LF, every text is quoted, and none begins
/// like a formula. Frames count from 1. The doubts stand before the answer.
pub fn csv(rows: &[SeriesRow], date: &str) -> String {
    let mut classes: Vec<&str> = Vec::new();
    for label in rows.iter().filter_map(SeriesRow::report).flat_map(|report| report.image.probabilities.keys()) {
        if !classes.contains(&label.as_str()) {
            classes.push(label);
        }
    }
    let mut table = Table::default();
    for name in ["file", "frame", "frames", "status", "warning", "warning_reasons", "label"] {
        table.text(name);
    }
    for class in &classes {
        table.text(&format!("p({class})"));
    }
    for name in ["words_label", "caption", "caption_source", "model", "model_sha256", "file_sha256"] {
        table.text(name);
    }
    for name in ["failure", "octlens_version", "date"] {
        table.text(name);
    }
    table.end();
    for row in rows {
        table.text(&row.name);
        table.plain(&(row.frame + 1).to_string());
        table.plain(&row.n_frames.to_string());
        table.text(row.outcome.name());
        answer_cells(&mut table, &classes, row.report());
        table.text(if let Outcome::Failed(failure) = &row.outcome { &failure.message } else { "" });
        table.text(VERSION);
        table.text(date);
        table.end();
    }
    table.csv
}

fn answer_cells(table: &mut Table, classes: &[&str], report: Option<&Report>) {
    let Some(report) = report else {
        return (0..classes.len() + 9).for_each(|_| table.plain(""));
    };
    let reasons: Vec<String> = report.warning.reasons.iter().map(|doubt| doubt_name(*doubt)).collect();
    table.text(report.warning.kind.name());
    table.text(&reasons.join("; "));
    table.text(&report.image.label);
    for class in classes {
        table.plain(&report.image.probabilities.get(*class).map(|p| format!("{p:.4}")).unwrap_or_default());
    }
    table.text(&report.text.label);
    table.text(&report.caption.text);
    table.text(source_name(report.caption.source));
    table.text(&report.model.name);
    table.text(&report.model.sha256);
    table.text(&report.input.sha256);
}

/// As in a report.
fn doubt_name(doubt: crate::report::Doubt) -> String {
    let name = serde_json::to_value(doubt).ok();
    name.and_then(|name| name.as_str().map(str::to_owned)).unwrap_or_default()
}

/// A table that is being written.
struct Table {
    csv: String,
    is_in_line: bool,
}

impl Default for Table {
    fn default() -> Self {
        // Without the mark, some spreadsheets read UTF-8 as another encoding.
        Self { csv: "\u{feff}".to_owned(), is_in_line: false }
    }
}

impl Table {
    /// A cell that needs no quotes.
    fn plain(&mut self, cell: &str) {
        if self.is_in_line {
            self.csv.push(',');
        }
        self.is_in_line = true;
        self.csv.push_str(cell);
    }

    /// A cell of any text.
    fn text(&mut self, cell: &str) {
        let is_formula = cell.trim_start().starts_with(FORMULA_STARTS) || cell.starts_with(char::is_control);
        let inside = cell.replace(|c: char| c.is_control(), " ").replace('"', "\"\"");
        let mark = if is_formula { "'" } else { "" };
        self.plain(&format!("\"{mark}{inside}\""));
    }

    fn end(&mut self) {
        self.csv.push_str("\r\n");
        self.is_in_line = false;
    }
}

/// The rows as JSON, `octlens.series/1`: each file and frame (from 0) with its whole report, if there is one.
///
/// # Errors
/// A report cannot be written.
pub fn json(rows: &[SeriesRow], date: &str) -> serde_json::Result<String> {
    let result = |row: &SeriesRow| ResultOf {
        failure: if let Outcome::Failed(failure) = &row.outcome { Some(failure.message.clone()) } else { None },
        name: row.name.clone(),
        frame: row.frame,
        n_frames: row.n_frames,
        status: row.outcome.name(),
        report: row.report().cloned(),
    };
    let results = rows.iter().map(result).collect();
    serde_json::to_string_pretty(&Series { schema: SCHEMA, date, octlens_version: VERSION, results })
}

#[derive(Serialize)]
struct Series<'a> {
    schema: &'static str,
    date: &'a str,
    octlens_version: &'static str,
    results: Vec<ResultOf>,
}

#[derive(Serialize)]
struct ResultOf {
    name: String,
    frame: usize,
    n_frames: usize,
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    failure: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    report: Option<Report>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Error;
    use crate::page::fixtures::{held, prediction, report, warning};
    use crate::page::scans::{Answer, OpenScan};
    use crate::page::series::{FailedScan, series_rows};
    use crate::report::{Doubt, Options};
    use std::sync::Arc;

    const DATE: &str = "2026-02-03T04:05:06.000Z";

    fn scan(id: u32, name: &str, report: Report) -> OpenScan {
        let mut scan = held(id, "AMD");
        (scan.batch, scan.name) = (1, name.to_owned());
        scan.answer = Some(Answer { report: Arc::new(report), answered: Options::default() });
        scan
    }

    fn rows(names: [&str; 2]) -> Vec<SeriesRow> {
        let mut doubtful = report("AMD, soft \"drusen\"");
        doubtful.image = prediction(&[("healthy", 0.25), ("AMD", 0.75)]);
        doubtful.warning = warning(&[Doubt::LowProbability, Doubt::CaptionFar]);
        let failed = FailedScan::of(&scan(2, names[1], report("AMD")), Error::scan("no scan").into());
        series_rows([scan(1, names[0], doubtful)].iter(), &[failed])
    }

    /// Reads the cells back, as a spreadsheet does.
    fn cells(csv: &str) -> Vec<Vec<String>> {
        let mut lines = vec![vec![String::new()]];
        let mut is_quoted = false;
        let mut letters = csv.trim_start_matches('\u{feff}').chars().peekable();
        while let Some(letter) = letters.next() {
            let line = lines.last_mut().unwrap();
            match letter {
                '"' if is_quoted && letters.peek() == Some(&'"') => {
                    letters.next();
                    line.last_mut().unwrap().push('"');
                }
                '"' => is_quoted = !is_quoted,
                ',' if !is_quoted => line.push(String::new()),
                '\r' if !is_quoted => {}
                '\n' if !is_quoted => lines.push(vec![String::new()]),
                _ => line.last_mut().unwrap().push(letter),
            }
        }
        assert_eq!(lines.pop(), Some(vec![String::new()]), "the last line ends too");
        lines
    }

    #[test]
    fn every_result_is_a_line_with_as_many_cells_as_the_heading() {
        let csv = csv(&rows(["scan, of one.png", "broken.png"]), DATE);
        assert!(csv.starts_with('\u{feff}') && csv.matches("\r\n").count() == 3);
        let lines = cells(&csv);
        assert!(lines.iter().all(|line| line.len() == lines[0].len()), "{lines:?}");
        let of = |line: usize, name: &str| lines[line][lines[0].iter().position(|cell| cell == name).unwrap()].as_str();
        let expected = [
            ("file", "scan, of one.png"),
            ("frame", "1"),
            ("status", "answered"),
            ("warning", "unsure"),
            ("warning_reasons", "low_probability; caption_far"),
            ("label", "AMD"),
            ("p(healthy)", "0.2500"),
            ("p(AMD)", "0.7500"),
            ("words_label", "AMD"),
            ("caption", "AMD, soft \"drusen\""),
            ("caption_source", "retrieved"),
            ("model", "m"),
            ("model_sha256", "0"),
            ("date", DATE),
        ];
        for (name, value) in expected {
            assert_eq!(of(1, name), value, "{name}");
        }
        assert_eq!([of(2, "file"), of(2, "status"), of(2, "label")], ["broken.png", "failed", ""]);
        assert!(of(2, "failure").contains("no scan"));
    }

    #[test]
    fn no_cell_is_a_formula_for_a_spreadsheet() {
        for name in ["=HYPERLINK(\"x\")", "+1.png", "-1.png", "@SUM(A1)", "\t=1", " =1", "＝1", "\r=1"] {
            let csv = csv(&rows([name, "b.png"]), DATE);
            let file = &cells(&csv)[1][0];
            assert!(file.starts_with('\''), "{file}");
            assert_eq!(csv.matches("\r\n").count(), 3, "no name ends a line");
        }
        assert_eq!(cells(&csv(&rows(["a-b=c.png", "b.png"]), DATE))[1][0], "a-b=c.png");
    }

    #[test]
    fn the_file_is_named_by_day_and_version_only() {
        assert_eq!(file_name(DATE, "csv"), format!("octlens-results-2026-02-03-v{VERSION}.csv"));
    }

    #[test]
    fn the_json_has_whole_reports() {
        let rows = rows(["a.png", "broken.png"]);
        let value: serde_json::Value = serde_json::from_str(&json(&rows, DATE).unwrap()).unwrap();
        assert_eq!((value["schema"].as_str(), value["date"].as_str()), (Some(SCHEMA), Some(DATE)));
        let report: Report = serde_json::from_value(value["results"][0]["report"].clone()).unwrap();
        assert_eq!(Some(&report), rows[0].report());
        assert_eq!(value["results"][1]["status"], "failed");
        assert!(value["results"][1].get("report").is_none());
    }
}
