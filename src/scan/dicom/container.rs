//! Where a file's data set is: behind preamble and meta information, or bare as old archives write it; inflated if it was
//! deflated.

use std::borrow::Cow;

use dicom_dictionary_std::tags;

use super::data_set::DataSet;
use super::element::{Encoding, cut};
use super::transfer_syntax::{Codec, TransferSyntax};
use crate::error::{Detail, Error, Result};
use crate::scan::format::dicom_data_at;

/// The most bytes that a deflated file may inflate to: a file of a few kB can claim a thousand times its size.
const MAX_INFLATED_BYTES: usize = 64 << 20;

/// An opened container.
pub(super) struct Container<'a> {
    /// The file; the data set is inflated.
    pub(super) bytes: Cow<'a, [u8]>,
    /// Where the meta information is, or would be.
    pub(super) meta_at: usize,
    pub(super) data_set_at: usize,
    pub(super) encoding: Encoding,
    /// How pixels are encoded, or why they are not read.
    pub(super) codec: Result<Codec>,
}

/// Finds the data set.
///
/// # Errors
/// There is none, or it cannot be inflated.
pub(super) fn open(bytes: &[u8]) -> Result<Container<'_>> {
    let meta_at = dicom_data_at(bytes).ok_or_else(cut)?;
    let (meta, data_set_at) = DataSet::read_meta(bytes, meta_at)?;
    if bytes.len() == data_set_at {
        let message = "the DICOM file ends before its data, it is cut short: export the scan again";
        return Err(Error::scan(message).with_detail(Detail::DamagedFile));
    }
    let syntax = TransferSyntax::of(meta.code(tags::TRANSFER_SYNTAX_UID));
    let bytes = match &syntax {
        Ok(TransferSyntax { is_deflated: true, .. }) => {
            let inflated = inflate(&bytes[data_set_at..])?;
            Cow::Owned([&bytes[..data_set_at], &inflated].concat())
        }
        _ => Cow::Borrowed(bytes),
    };
    let encoding = Encoding::of(&bytes[data_set_at..]);
    Ok(Container { bytes, meta_at, data_set_at, encoding, codec: syntax.map(|syntax| syntax.codec) })
}

/// Inflates a raw stream, up to the largest file that is read.
fn inflate(deflated: &[u8]) -> Result<Vec<u8>> {
    miniz_oxide::inflate::decompress_to_vec_with_limit(deflated, MAX_INFLATED_BYTES).map_err(|error| {
        match error.status {
            miniz_oxide::inflate::TINFLStatus::HasMoreOutput => {
                let message =
                    format!("the DICOM file inflates to more than the {} MB that are read", MAX_INFLATED_BYTES >> 20);
                Error::scan(format!("{message}: export it without compression")).with_detail(Detail::DamagedFile)
            }
            _ => cut(),
        }
    })
}
