//! A data folder's list: the text of a table becomes rows of named columns. Knows no layout.
//!
//! Lists pass through spreadsheets. What can be understood is: the separator (comma, semicolon, tab or bar), Excel's `sep=`
//! line, a byte order mark, any line ends, the header in any case and order, further columns, empty rows, cells written
//! `="text"` or `'text`, and decomposed letters. Another encoding than UTF-8 is refused by its name.

use std::path::{Path, PathBuf};

use csv::StringRecord;
use unicode_normalization::UnicodeNormalization;

use crate::error::{Error, Result};
use crate::train::files;

/// How to save a list that is in another encoding.
const SAVE_AS: &str = "save it as UTF-8, in Excel by Save As, CSV UTF-8";
/// Characters between cells; of equally frequent ones, the first.
const SEPARATORS: [char; 4] = [',', ';', '\t', '|'];

/// A list in memory.
#[derive(Debug)]
pub(super) struct List {
    /// Where it was read from.
    pub path: PathBuf,
    header: Vec<String>,
    /// Rows that are not empty.
    pub rows: Vec<Row>,
}

/// A row below the header.
#[derive(Debug)]
pub(super) struct Row {
    /// Its line in the file, from 1.
    pub line: usize,
    /// As many cells as the header has, without blanks around them, in composed letters (NFC); or why there are not.
    pub cells: Result<Vec<String>, String>,
}

impl List {
    /// Reads a list with at least one row.
    ///
    /// # Errors
    /// The file cannot be read, is no UTF-8 text, is empty, or has only a header.
    pub(super) fn read(path: &Path) -> Result<Self> {
        let bytes = files::read(path)?;
        let refuse = |what: String| Error::data(format!("{} {what}", path.display()));
        let text = text(&bytes).map_err(refuse)?;
        let (first_line, text) = without_separator_line(&text);
        let Some(top) = text.lines().find(|line| !line.trim().is_empty()) else {
            return Err(refuse("is empty: it must have a header and a row for each scan".to_owned()));
        };
        let separator = first_line.separator.unwrap_or_else(|| separator(top));
        let mut reader = csv::ReaderBuilder::new().flexible(true).delimiter(separator).from_reader(text.as_bytes());
        let header = reader.headers().map_err(|e| refuse("has no header".to_owned()).because(e))?;
        let mut header: Vec<String> = header.iter().map(column_name).collect();
        while header.last().is_some_and(String::is_empty) {
            header.pop();
        }
        let mut rows = Vec::new();
        for row in reader.records() {
            let line = line(text, &row).unwrap_or_default() + first_line.n_skipped;
            match row {
                Ok(row) if row.iter().all(|cell| cell.trim().is_empty()) => {}
                Ok(row) => rows.push(Row { line, cells: cells(&row, header.len()) }),
                Err(e) => rows.push(Row { line, cells: Err(e.to_string()) }),
            }
        }
        if rows.is_empty() {
            return Err(refuse("has a header and no row: there is no scan to read".to_owned()));
        }
        Ok(Self { path: path.to_owned(), header, rows })
    }

    /// The places of columns in a row.
    ///
    /// # Errors
    /// A column is missing, or there twice. `owner` is whose list it must be.
    pub(super) fn columns<const N: usize>(&self, names: [&str; N], owner: &str) -> Result<[usize; N]> {
        let mut places = [0; N];
        for (place, name) in places.iter_mut().zip(names) {
            let found: Vec<usize> = (0..self.header.len()).filter(|i| self.header[*i] == name).collect();
            *place = match found[..] {
                [only] => only,
                [] => {
                    let (path, header) = (self.path.display(), self.header.join(", "));
                    return Err(Error::data(format!(
                        "{path} has no column {name}: is it {owner}? Its columns: {header}"
                    )));
                }
                _ => return Err(Error::data(format!("{} has the column {name} twice", self.path.display()))),
            };
        }
        Ok(places)
    }
}

/// The line of `row`, from 1, in `list`, the text that its reader reads, whose lines end with `\n`; none if reading itself
/// failed.
///
/// A row's position is where the row before it ended: empty lines may come first.
fn line(list: &str, row: &csv::Result<StringRecord>) -> Option<usize> {
    let position = row.as_ref().map_or_else(csv::Error::position, StringRecord::position)?;
    let rest = list.as_bytes().get(position.byte() as usize..).unwrap_or_default();
    Some(position.line() as usize + rest.iter().take_while(|b| **b == b'\n').count())
}

/// The text of a file, its lines ended by `\n`.
///
/// # Errors
/// What else it is than UTF-8, and what to do.
fn text(bytes: &[u8]) -> Result<String, String> {
    if bytes.starts_with(b"PK\x03\x04") || bytes.starts_with(b"\xd0\xcf\x11\xe0") {
        return Err(format!("is a workbook, not text: {SAVE_AS}"));
    }
    if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") || bytes.contains(&0) {
        return Err(format!("is not UTF-8 but UTF-16 (Excel's \"Unicode Text\") or binary: {SAVE_AS}"));
    }
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let text = std::str::from_utf8(bytes).map_err(|e| {
        let n_lines = 1 + bytes[..e.valid_up_to()].iter().filter(|b| **b == b'\n').count();
        format!("is not UTF-8 in line {n_lines}, but perhaps CP949 (Korean) or Latin-1 (Windows-1252): {SAVE_AS}")
    })?;
    Ok(text.replace("\r\n", "\n").replace('\r', "\n"))
}

/// What a first line `sep=;` says, and how many lines it takes.
struct FirstLine {
    separator: Option<u8>,
    n_skipped: usize,
}

fn without_separator_line(text: &str) -> (FirstLine, &str) {
    let (first, rest) = text.split_once('\n').unwrap_or((text, ""));
    match first.trim_matches(['"', ' ']).strip_prefix("sep=").map(str::as_bytes) {
        Some([separator]) => (FirstLine { separator: Some(*separator), n_skipped: 1 }, rest),
        _ => (FirstLine { separator: None, n_skipped: 0 }, text),
    }
}

/// The separator that a header has most often outside of quotes.
fn separator(header: &str) -> u8 {
    let mut counts = [0; SEPARATORS.len()];
    let mut is_quoted = false;
    for c in header.chars() {
        is_quoted ^= c == '"';
        if let Some(i) = SEPARATORS.iter().position(|s| *s == c && !is_quoted) {
            counts[i] += 1;
        }
    }
    // Of equal counts, `max_by_key` gives the last.
    let most = (0..SEPARATORS.len()).rev().max_by_key(|i| counts[*i]).unwrap_or_default();
    SEPARATORS[most] as u8
}

/// A column's name, whatever its case and however its words are joined.
fn column_name(cell: &str) -> String {
    clean(cell).to_lowercase().replace([' ', '-'], "_")
}

fn cells(row: &StringRecord, n_columns: usize) -> Result<Vec<String>, String> {
    let mut cells: Vec<String> = row.iter().map(clean).collect();
    // Spreadsheets fill rows up.
    while cells.len() > n_columns && cells.last().is_some_and(String::is_empty) {
        cells.pop();
    }
    if cells.len() == n_columns {
        Ok(cells)
    } else {
        Err(format!("{} columns, the header has {n_columns}", cells.len()))
    }
}

/// The text of a cell: what a spreadsheet wraps around it is removed, and letters are composed (NFC).
fn clean(cell: &str) -> String {
    let blank = |c: char| c.is_whitespace() || matches!(c, '\u{feff}' | '\u{200b}');
    let cell = cell.trim_matches(blank);
    let inner = cell.strip_prefix("=\"").and_then(|rest| rest.strip_suffix('"'));
    let cell = inner.or(cell.strip_prefix('\'')).unwrap_or(cell);
    cell.trim_matches(blank).nfc().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> Result<List> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), bytes).unwrap();
        List::read(file.path())
    }

    /// The lines and cells of a list.
    fn rows(text: &str) -> Vec<(usize, Option<Vec<String>>)> {
        read(text.as_bytes()).unwrap().rows.into_iter().map(|row| (row.line, row.cells.ok())).collect()
    }

    fn expected(rows: &[(usize, Option<[&str; 2]>)]) -> Vec<(usize, Option<Vec<String>>)> {
        rows.iter().map(|(line, cells)| (*line, cells.map(|cells| cells.map(str::to_owned).to_vec()))).collect()
    }

    #[test]
    fn lines_are_those_of_the_file_whatever_ends_them() {
        let all = expected(&[(2, Some(["1", "2"])), (3, None), (4, Some(["5", "6"]))]);
        for end in ["\n", "\r\n", "\r"] {
            assert_eq!(rows(&["a,b", "1,2", "3", "5,6", ""].join(end)), all, "{end:?}");
            assert_eq!(
                rows(&["a,b", "", "1,2", "", "3", "5,6"].join(end)).iter().map(|r| r.0).collect::<Vec<_>>(),
                [3, 5, 6]
            );
            let quoted = rows(&["a,b", "1,\"x", "y\"", "", "5,6", ""].join(end));
            assert_eq!(quoted, expected(&[(2, Some(["1", "x\ny"])), (5, Some(["5", "6"]))]), "{end:?}");
        }
    }

    #[test]
    fn the_separator_is_found() {
        let all = expected(&[(2, Some(["1", "2"]))]);
        for text in ["a,b\n1,2", "a;b\n1;2", "a\tb\n1\t2", "a|b\n1|2", "\u{feff}a;b\n1;2", "\"a;;\",b\n1,2"] {
            assert_eq!(rows(text), all, "{text:?}");
        }
        assert_eq!(rows("sep=;\na;b\n1;2"), expected(&[(3, Some(["1", "2"]))]));
        assert_eq!(rows("a;b\n1,5;2"), expected(&[(2, Some(["1,5", "2"]))]), "decimal commas stay");
    }

    #[test]
    fn what_a_spreadsheet_adds_is_removed() {
        let text = "a,b,\n\"=\"\"1\"\"\", 2 \n,,\n'3,4,,\n=SUM(A1),\u{a0}-x\n";
        let all = [(2, Some(["1", "2"])), (4, Some(["3", "4"])), (5, Some(["=SUM(A1)", "-x"]))];
        assert_eq!(rows(text), expected(&all));
        assert_eq!(rows("a,b\nA\u{308},\u{1112}\u{1161}\u{11ab}\n"), expected(&[(2, Some(["\u{c4}", "\u{d55c}"]))]));
    }

    #[test]
    fn columns_are_found_by_name_whatever_their_case_and_order() {
        let list = read(b",Patient ID,\" FILE_name \",x\n0,1,a,\n").unwrap();
        assert_eq!(list.columns(["file_name", "patient_id"], "OCTDL's").unwrap(), [2, 1]);
        let refused = list.columns(["disease"], "OCTDL's").unwrap_err().to_string();
        assert!(
            refused.contains("no column disease: is it OCTDL's? Its columns: , patient_id, file_name"),
            "{refused}"
        );
        let twice = read(b"x,X\n1,2\n").unwrap().columns(["x"], "OCTDL's").unwrap_err().to_string();
        assert!(twice.contains("column x twice"), "{twice}");
    }

    #[test]
    fn what_is_no_utf_8_table_is_refused_by_name() {
        let utf_16: Vec<u8> = "a,b\n1,2\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
        for (bytes, reason) in [
            (&b""[..], "is empty"),
            (b"\n \n", "is empty"),
            (b"a,b\n", "a header and no row"),
            (b"a,b\n,\n", "a header and no row"),
            (&[&b"\xff\xfe"[..], &utf_16].concat(), "UTF-16"),
            (&utf_16, "UTF-16"),
            // The Korean word for a patient in CP949, and a French one in Latin-1.
            (b"a,b\n\xc8\xaf\xc0\xda,1\n", "in line 2, but perhaps CP949"),
            (b"a,b\n1,2\n\xe9t\xe9,1\n", "in line 3, but perhaps CP949 (Korean) or Latin-1"),
            (b"PK\x03\x04 and more", "a workbook"),
        ] {
            let refused = read(bytes).unwrap_err().to_string();
            assert!(refused.contains(reason), "{refused}");
        }
    }
}
