//! Reads the files of scans, none larger than the page reads.

use std::path::Path;

use crate::error::Result;
use crate::scan::Scan;
use crate::scan::format::check_file_size;
use crate::train::files::{in_file, read_within};

/// A file's bytes.
///
/// # Errors
/// It is missing, no plain file, or too large.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>> {
    read_within(path, check_file_size)
}

/// A file's first frame.
///
/// # Errors
/// As [`read`], and it may be no scan.
pub(crate) fn decode(path: &Path) -> Result<Scan> {
    Scan::decode(&read(path)?, 0).map_err(|e| in_file(path, e))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scan::format::MAX_FILE_BYTES;

    #[test]
    fn a_file_above_the_pages_limit_is_refused() {
        let file = tempfile::NamedTempFile::new().unwrap();
        // Sparse: it takes no room.
        file.as_file().set_len(MAX_FILE_BYTES + 1).unwrap();
        let refused = decode(file.path()).unwrap_err().to_string();
        assert!(refused.contains(&file.path().display().to_string()) && refused.contains("256 MB"), "{refused}");
    }
}
