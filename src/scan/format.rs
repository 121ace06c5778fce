//! The file formats that octlens reads: one table for the reader, the file picker, help texts and messages. Holds facts only
//! and decodes nothing, so that the page can use it without linking a decoder.
//!
//! - [`names`] and [`any_name`] list the formats for texts: `PNG, JPEG, …` and `PNG, JPEG or …`;
//! - [`accept`] is the `accept` attribute of a file input;
//! - [`Format::of`] recognises a file by its first bytes;
//! - [`MAX_FILE_BYTES`] is the largest file that is read, by the page and by `train` alike.

use crate::error::{Detail, Error, Result};

/// The largest file that is read; larger ones are refused before memory is taken. A `.vol` of 97 B-scans of 1024 × 496 values
/// has 188 MiB.
pub const MAX_FILE_BYTES: u64 = 256 << 20;

/// A file format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Portable Network Graphics.
    Png,
    /// JPEG.
    Jpeg,
    /// Tagged Image File Format.
    Tiff,
    /// Windows bitmap.
    Bmp,
    /// Digital Imaging and Communications in Medicine.
    Dicom,
    /// Heidelberg Spectralis, raw export.
    Vol,
    /// Graphics Interchange Format.
    Gif,
    /// WebP.
    WebP,
    /// JPEG 2000.
    Jpeg2000,
    /// Portable anymap: PGM, PPM, PAM.
    Pnm,
}

/// A row of the table.
struct Facts {
    name: &'static str,
    extensions: &'static [&'static str],
    /// Empty where there is none.
    media_type: &'static str,
    /// A file has one of these: an offset, and the bytes there.
    signatures: &'static [(usize, &'static [u8])],
}

/// The kind of anymap, then a blank.
const PNM_SIGNATURES: &[(usize, &[u8])] = &[
    (0, b"P1\n"),
    (0, b"P2\n"),
    (0, b"P3\n"),
    (0, b"P4\n"),
    (0, b"P5\n"),
    (0, b"P6\n"),
    (0, b"P7\n"),
    (0, b"P1 "),
    (0, b"P2 "),
    (0, b"P3 "),
    (0, b"P4 "),
    (0, b"P5 "),
    (0, b"P6 "),
    (0, b"P1\r"),
    (0, b"P2\r"),
    (0, b"P3\r"),
    (0, b"P4\r"),
    (0, b"P5\r"),
    (0, b"P6\r"),
    (0, b"P7\r"),
];

impl Format {
    /// Every format, in the order in which they are listed.
    pub const ALL: [Self; 10] = [
        Self::Png,
        Self::Jpeg,
        Self::Tiff,
        Self::Bmp,
        Self::Dicom,
        Self::Vol,
        Self::Gif,
        Self::WebP,
        Self::Jpeg2000,
        Self::Pnm,
    ];

    fn facts(self) -> Facts {
        match self {
            Self::Png => Facts {
                name: "PNG",
                extensions: &["png"],
                media_type: "image/png",
                signatures: &[(0, b"\x89PNG\r\n\x1a\n")],
            },
            Self::Jpeg => Facts {
                name: "JPEG",
                extensions: &["jpg", "jpeg"],
                media_type: "image/jpeg",
                signatures: &[(0, b"\xff\xd8\xff")],
            },
            Self::Tiff => Facts {
                name: "TIFF",
                extensions: &["tif", "tiff"],
                media_type: "image/tiff",
                signatures: &[(0, b"II*\0"), (0, b"MM\0*"), (0, b"II+\0"), (0, b"MM\0+")],
            },
            Self::Bmp => {
                Facts { name: "BMP", extensions: &["bmp"], media_type: "image/bmp", signatures: &[(0, b"BM")] }
            }
            Self::Dicom => Facts {
                name: "DICOM",
                extensions: &["dcm", "dicom"],
                media_type: "application/dicom",
                // Behind a preamble of 128 bytes, which may be that of another format.
                signatures: &[(128, b"DICM"), (0, b"DICM")],
            },
            Self::Vol => Facts { name: "VOL", extensions: &["vol"], media_type: "", signatures: &[(0, b"HSF-OCT-")] },
            Self::Gif => Facts {
                name: "GIF",
                extensions: &["gif"],
                media_type: "image/gif",
                signatures: &[(0, b"GIF87a"), (0, b"GIF89a")],
            },
            Self::WebP => {
                Facts { name: "WebP", extensions: &["webp"], media_type: "image/webp", signatures: &[(8, b"WEBP")] }
            }
            Self::Jpeg2000 => Facts {
                name: "JPEG 2000",
                extensions: &["jp2", "j2k", "j2c"],
                media_type: "image/jp2",
                signatures: &[(0, b"\0\0\0\x0cjP  "), (0, b"\xff\x4f\xff\x51")],
            },
            Self::Pnm => Facts {
                name: "PNM",
                extensions: &["pgm", "ppm", "pnm", "pam"],
                media_type: "image/x-portable-anymap",
                signatures: PNM_SIGNATURES,
            },
        }
    }

    /// The format of a file, by its first bytes.
    pub fn of(bytes: &[u8]) -> Option<Self> {
        let has = |(at, signature): &(usize, &[u8])| bytes.get(*at..).is_some_and(|rest| rest.starts_with(signature));
        let signed = Self::ALL.into_iter().find(|format| format.facts().signatures.iter().any(has));
        match dicom_data_at(bytes) {
            Some(DICOM_DATA_AT) => Some(Self::Dicom),
            Some(_) => signed.or(Some(Self::Dicom)),
            None => signed,
        }
    }

    /// Its usual name: `PNG`.
    pub fn name(self) -> &'static str {
        self.facts().name
    }

    /// Its name in reports: `png`, `jpeg2000`.
    pub fn id(self) -> String {
        self.name().to_ascii_lowercase().replace(' ', "")
    }

    /// What its files' names end with, in lower case and without the dot.
    pub fn extensions(self) -> &'static [&'static str] {
        self.facts().extensions
    }

    /// Its media (MIME) type; empty where there is none.
    pub fn media_type(self) -> &'static str {
        self.facts().media_type
    }
}

/// Where the data of a DICOM file begins, behind preamble and prefix.
const DICOM_DATA_AT: usize = 132;

/// Where the data of a DICOM file begins, if it is one. Old archives write no preamble: such a file begins with an element of
/// the meta information or of the identification (groups 2 and 8) that is as short as those are.
pub(super) fn dicom_data_at(bytes: &[u8]) -> Option<usize> {
    const PREFIX: &[u8] = b"DICM";
    /// Real first elements are shorter.
    const MAX_LENGTH: u32 = 256;
    if bytes.get(DICOM_DATA_AT - PREFIX.len()..DICOM_DATA_AT) == Some(PREFIX) {
        return Some(DICOM_DATA_AT);
    }
    if bytes.starts_with(PREFIX) {
        return Some(PREFIX.len());
    }
    let [tag @ .., l_0, l_1, l_2, l_3]: [u8; 8] = *bytes.first_chunk()?;
    let is_vr = l_0.is_ascii_uppercase() && l_1.is_ascii_uppercase();
    let length = match tag {
        [2 | 8, 0, 0..=0x60, 0] if is_vr => u16::from_le_bytes([l_2, l_3]).into(),
        [0, 2 | 8, 0, 0..=0x60] if is_vr => u16::from_be_bytes([l_2, l_3]).into(),
        [2 | 8, 0, 0..=0x60, 0] => u32::from_le_bytes([l_0, l_1, l_2, l_3]),
        _ => return None,
    };
    (length <= MAX_LENGTH && length.is_multiple_of(2)).then_some(0)
}

/// Checks a file's size before the file is read.
///
/// # Errors
/// It has more than [`MAX_FILE_BYTES`].
pub fn check_file_size(n_bytes: u64) -> Result<()> {
    if n_bytes <= MAX_FILE_BYTES {
        return Ok(());
    }
    let error = Error::scan(format!(
        "the file has {:.1} MB, more than the {} MB that are read: save it smaller",
        n_bytes as f64 / f64::from(1 << 20),
        MAX_FILE_BYTES >> 20
    ));
    Err(error.with_detail(Detail::LargeFile { n_bytes, max_bytes: MAX_FILE_BYTES }))
}

/// Every format's name: `PNG, JPEG, …`.
pub fn names() -> String {
    Format::ALL.map(Format::name).join(", ")
}

/// The same for an English sentence: `PNG, JPEG or …`.
pub fn any_name() -> String {
    let names = names();
    match names.rsplit_once(", ") {
        Some((all_but_last, last)) => format!("{all_but_last} or {last}"),
        None => names,
    }
}

/// The `accept` attribute of a file input: media types, then extensions, because some systems know only one of both.
pub fn accept() -> String {
    let media_types = Format::ALL.iter().map(|format| format.media_type().to_owned()).filter(|kind| !kind.is_empty());
    let extensions = Format::ALL.iter().flat_map(|format| format.extensions()).map(|extension| format!(".{extension}"));
    media_types.chain(extensions).collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_written_for_people_and_for_file_inputs() {
        assert_eq!(names(), "PNG, JPEG, TIFF, BMP, DICOM, VOL, GIF, WebP, JPEG 2000, PNM");
        assert_eq!(any_name(), "PNG, JPEG, TIFF, BMP, DICOM, VOL, GIF, WebP, JPEG 2000 or PNM");
        let accepted = accept();
        let (media_types, extensions) = accepted.split_at(accepted.find(",.").unwrap());
        assert_eq!(
            media_types,
            "image/png,image/jpeg,image/tiff,image/bmp,application/dicom,image/gif,image/webp,image/jp2,image/x-portable-anymap"
        );
        assert_eq!(
            extensions,
            ",.png,.jpg,.jpeg,.tif,.tiff,.bmp,.dcm,.dicom,.vol,.gif,.webp,.jp2,.j2k,.j2c,.pgm,.ppm,.pnm,.pam"
        );
        assert_eq!([Format::Png, Format::Jpeg2000].map(Format::id), ["png", "jpeg2000"]);
    }

    #[test]
    fn a_file_may_be_as_large_as_the_limit() {
        assert!(check_file_size(MAX_FILE_BYTES).is_ok());
        let refused = check_file_size(MAX_FILE_BYTES + (6 << 20)).unwrap_err();
        assert!(refused.to_string().contains("262.0 MB, more than the 256 MB"), "{refused}");
    }

    #[test]
    fn a_file_is_recognised_by_its_first_bytes_alone() {
        for format in Format::ALL {
            for (at, signature) in format.facts().signatures {
                let file = [&vec![0; *at], *signature, b"and more"].concat();
                assert_eq!(Format::of(&file), Some(format), "{}", format.name());
                assert_eq!(Format::of(&file[..at + signature.len() - 1]), None, "a cut signature of {}", format.name());
            }
        }
        assert_eq!(Format::of(b""), None);
        let mut with_tiff_before = vec![0; 132];
        with_tiff_before[..4].copy_from_slice(b"II*\0");
        with_tiff_before[128..].copy_from_slice(b"DICM");
        assert_eq!(Format::of(&with_tiff_before), Some(Format::Dicom));
        assert_eq!(Format::of(b"patient,age\n1,64\n"), None);
    }

    #[test]
    fn bare_data_sets_are_recognised_by_a_plausible_first_element() {
        for (file, expected) in [
            (&b"\x08\0\x05\0\x0a\0\0\0ISO_IR 100"[..], Some(0)),
            (b"\x08\0\x16\0UI\x1a\x001.2.840", Some(0)),
            (b"\0\x08\0\x16UI\0\x1a1.2.840", Some(0)),
            (b"\x02\0\0\0UL\x04\0", Some(0)),
            (b"DICM\x02\0\0\0", Some(4)),
            (b"\x08\0\x05\0\x0a\0\x01\0ISO_IR 100", None),
            (b"\x08\0\x05\x10\x0a\0\0\0ISO_IR 100", None),
            (&[0; 200], None),
            (b"\x08\0\x05\0", None),
        ] {
            assert_eq!(dicom_data_at(file), expected, "{file:?}");
            assert_eq!(Format::of(file), expected.map(|_| Format::Dicom), "{file:?}");
        }
    }
}
