//! The line of a row in a data folder's list, for problems that name it.

use csv::StringRecord;

/// The line of `row`, from 1, in `list`, the file that its reader reads; none if reading itself failed.
///
/// A row's position is where the row before it ended: the `\n` of a `\r\n`, and empty lines, may come first.
pub(super) fn csv_line(list: &[u8], row: &csv::Result<StringRecord>) -> Option<usize> {
    let position = row.as_ref().map_or_else(csv::Error::position, StringRecord::position)?;
    let rest = list.get(position.byte() as usize..).unwrap_or_default();
    let n_skipped = rest.iter().take_while(|b| b"\r\n".contains(b)).filter(|b| **b == b'\n').count();
    Some(position.line() as usize + n_skipped)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(list: &str, is_flexible: bool) -> Vec<Option<usize>> {
        let mut reader = csv::ReaderBuilder::new().flexible(is_flexible).from_reader(list.as_bytes());
        reader.records().map(|row| csv_line(list.as_bytes(), &row)).collect()
    }

    #[test]
    fn lines_are_those_of_the_file_whatever_ends_them() {
        for is_flexible in [true, false] {
            assert_eq!(lines("a,b\n1,2\n3\n5,6", is_flexible), [Some(2), Some(3), Some(4)]);
            assert_eq!(lines("a,b\r\n1,2\r\n3\r\n5,6\r\n", is_flexible), [Some(2), Some(3), Some(4)]);
            assert_eq!(lines("a,b\n\n1,2\n\n3\n5,6\n", is_flexible), [Some(3), Some(5), Some(6)]);
            assert_eq!(lines("a,b\r\n1,\"x\r\ny\"\r\n\r\n5,6\r\n", is_flexible), [Some(2), Some(5)]);
        }
    }
}
