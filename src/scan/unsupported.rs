//! Files that are no pictures octlens reads, but are recognised, so that people learn what they have and what to do with it.

use crate::error::{Detail, Error, Instead};

/// Names, the bytes that tell them, and where these are.
const KINDS: &[(&str, Instead, usize, &[u8])] = &[
    ("JPEG XL", Instead::SaveAsPng, 0, b"\xff\x0a"),
    ("JPEG XL", Instead::SaveAsPng, 0, b"\0\0\0\x0cJXL "),
    ("HEIC", Instead::SaveAsPng, 4, b"ftyphei"),
    ("HEIC", Instead::SaveAsPng, 4, b"ftyphev"),
    ("HEIC", Instead::SaveAsPng, 4, b"ftypmif1"),
    ("HEIC", Instead::SaveAsPng, 4, b"ftypmsf1"),
    ("AVIF", Instead::SaveAsPng, 4, b"ftypavi"),
    ("videos", Instead::SaveAsPng, 4, b"ftyp"),
    ("videos", Instead::SaveAsPng, 8, b"AVI "),
    ("videos", Instead::SaveAsPng, 0, b"\x1a\x45\xdf\xa3"),
    ("JPEG XR", Instead::SaveAsPng, 0, b"II\xbc\x01"),
    ("Photoshop files", Instead::SaveAsPng, 0, b"8BPS"),
    ("OpenEXR", Instead::SaveAsPng, 0, b"\x76\x2f\x31\x01"),
    ("icons", Instead::SaveAsPng, 0, b"\0\0\x01\0"),
    ("QOI", Instead::SaveAsPng, 0, b"qoif"),
    ("PFM", Instead::SaveAsPng, 0, b"Pf\n"),
    ("PFM", Instead::SaveAsPng, 0, b"PF\n"),
    ("GIMP files", Instead::SaveAsPng, 0, b"gimp xcf"),
    ("DjVu", Instead::SaveAsPng, 0, b"AT&TFORM"),
    ("FITS", Instead::SaveAsPng, 0, b"SIMPLE  ="),
    ("PDF", Instead::SaveAsPng, 0, b"%PDF"),
    ("PostScript", Instead::SaveAsPng, 0, b"%!PS"),
    ("RTF", Instead::SaveAsPng, 0, b"{\\rtf"),
    ("old Office documents", Instead::SaveAsPng, 0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"),
    ("HDF5", Instead::SaveAsPng, 0, b"\x89HDF\r\n\x1a\n"),
    ("NumPy arrays", Instead::SaveAsPng, 0, b"\x93NUMPY"),
    ("MATLAB files", Instead::SaveAsPng, 0, b"MATLAB "),
    ("ZIP", Instead::Unpack, 0, b"PK\x03\x04"),
    ("ZIP", Instead::Unpack, 0, b"PK\x05\x06"),
    ("gzip", Instead::Unpack, 0, b"\x1f\x8b"),
    ("bzip2", Instead::Unpack, 0, b"BZh"),
    ("xz", Instead::Unpack, 0, b"\xfd7zXZ\0"),
    ("zstd", Instead::Unpack, 0, b"\x28\xb5\x2f\xfd"),
    ("7z", Instead::Unpack, 0, b"7z\xbc\xaf\x27\x1c"),
    ("RAR", Instead::Unpack, 0, b"Rar!\x1a\x07"),
    ("tar", Instead::Unpack, 257, b"ustar"),
];

/// The first bytes of a text that are looked at.
const HEAD_BYTES: usize = 1024;

/// The error that names a file of a recognised kind.
pub(super) fn named(bytes: &[u8]) -> Option<Error> {
    if bytes.iter().all(|byte| *byte == 0) {
        let message = "the file holds nothing but zeros, it was not copied whole: copy or export the scan again";
        return Some(Error::scan(message).with_detail(Detail::DamagedFile));
    }
    let is = |at: usize, signature: &[u8]| bytes.get(at..).is_some_and(|rest| rest.starts_with(signature));
    if is(0, b"PK\x03\x04") && bytes.get(30..).is_some_and(|name| name.starts_with(b"[Content_Types].xml")) {
        return Some(Error::unsupported("Office documents", Instead::SaveAsPng));
    }
    let kind = KINDS.iter().find(|(.., at, signature)| is(*at, signature));
    let (what, instead) = match kind {
        Some((what, instead, ..)) => (*what, *instead),
        None => (text(bytes)?, Instead::SaveAsPng),
    };
    Some(Error::unsupported(what, instead))
}

/// What a text is that is not a picture of pixels.
fn text(bytes: &[u8]) -> Option<&'static str> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let head = String::from_utf8_lossy(&bytes[..bytes.len().min(HEAD_BYTES)]).to_ascii_lowercase();
    let head = head.trim_start();
    if !head.starts_with('<') {
        return None;
    }
    if head.contains("<svg") {
        return Some("SVG");
    }
    let is_page = head.contains("<!doctype html") || head.contains("<html") || head.contains("<head");
    Some(if is_page { "web pages (HTML), which were saved instead of a picture" } else { "XML" })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scan::format::Format;

    fn what(bytes: &[u8]) -> Option<String> {
        match named(bytes)?.detail()? {
            Detail::Unsupported { what, .. } => Some(what.clone()),
            _ => None,
        }
    }

    #[test]
    fn no_kind_hides_a_format_that_is_read() {
        for (name, _, at, signature) in KINDS {
            let file = [&vec![b' '; *at], *signature, b"and more"].concat();
            assert!(what(&file).is_some(), "{name}");
            assert_eq!(Format::of(&file), None, "{name}");
        }
    }

    #[test]
    fn what_is_merely_not_read_is_named() {
        for (bytes, name) in [
            (&b"\0\0\0\x18ftypheic\0\0"[..], "HEIC"),
            (b"\0\0\0\x18ftypavif", "AVIF"),
            (b"\0\0\0\x18ftypisom", "videos"),
            (b"\xef\xbb\xbf<?xml version='1.0'?><svg/>", "SVG"),
            (b"  <!DOCTYPE html><html>", "web pages (HTML), which were saved instead of a picture"),
            (b"PK\x03\x04 and more", "ZIP"),
        ] {
            assert_eq!(what(bytes).as_deref(), Some(name));
        }
        assert!(named(b"patient,age\n1,64\n").is_none());
    }

    #[test]
    fn a_file_of_zeros_was_not_copied_whole() {
        let error = named(&[0; 5000]).unwrap();
        assert!(error.to_string().contains("zeros") && error.detail() == Some(&Detail::DamagedFile), "{error}");
    }
}
