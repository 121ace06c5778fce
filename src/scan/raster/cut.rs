//! Pictures that did not come whole: answered if nearly all rows came, refused otherwise.

use crate::error::{Detail, Error, Result};
use crate::scan::b_scan::Scan;
use crate::scan::note::Note;

/// The share of rows, in per cent, from which a picture that is cut short is read: what is missing is then thinner than the
/// margin below the retina.
const MIN_PERCENT: usize = 95;

/// Notes that only `n_rows` of a scan's rows came, and blackens the others. Of a stored picture, before it is put upright.
///
/// # Errors
/// Too few came.
pub(super) fn checked(mut scan: Scan, n_rows: usize) -> Result<Scan> {
    if n_rows >= scan.height {
        return Ok(scan);
    }
    refuse(n_rows, scan.height)?;
    // Decoders fill up with grey, which looks like tissue.
    if let Some(missing) = scan.pixels.get_mut(n_rows * scan.width..) {
        missing.fill(0);
    }
    scan.notes.push(Note::CutShort { n_rows, height: scan.height });
    Ok(scan)
}

/// Refuses a picture of which too few rows came.
///
/// # Errors
/// The same.
pub(super) fn refuse(n_rows: usize, height: usize) -> Result<()> {
    if n_rows * 100 >= height * MIN_PERCENT {
        return Ok(());
    }
    let percent = n_rows * 100 / height.max(1);
    let message = format!("the picture is cut short: {percent} % of its rows came; copy or export the scan again");
    Err(Error::scan(message).with_detail(Detail::DamagedFile))
}
