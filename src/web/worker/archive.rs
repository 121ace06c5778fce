//! Files in a ZIP archive: a browser saves one file for one click.

use std::io::{Cursor, Write};

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

use crate::error::{Error, Result};

/// An archive of files with their names, not compressed. The same files give the same bytes: no time is stored.
///
/// # Errors
/// The files are too large or too many for an archive.
pub(super) fn zip(files: impl IntoIterator<Item = (String, Vec<u8>)>) -> Result<Vec<u8>> {
    let failed = |error: zip::result::ZipError| Error::io("the files do not fit into a ZIP archive").because(error);
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Stored)
        .last_modified_time(DateTime::default());
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in files {
        archive.start_file(name, options).map_err(failed)?;
        archive.write_all(&bytes).map_err(|error| failed(error.into()))?;
    }
    Ok(archive.finish().map_err(failed)?.into_inner())
}
