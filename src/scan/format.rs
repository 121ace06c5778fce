//! The file formats that octlens reads: one table for the reader, the file picker, help texts and messages. Holds facts only
//! and decodes nothing, so that the page can use it without linking a decoder.
//!
//! - [`names`] and [`any_name`] list the formats for texts: `PNG, JPEG, …` and `PNG, JPEG or …`;
//! - [`accept`] is the `accept` attribute of a file input;
//! - [`Format::of`] recognises a file by its first bytes;
//! - [`MAX_FILE_BYTES`] is the largest file that is read, by the page and by `train` alike.

use crate::error::{Detail, Error, Result};

/// The largest file that is read; larger ones are refused before memory is taken.
pub const MAX_FILE_BYTES: u64 = 64 << 20;

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
    pub const ALL: [Self; 9] = [
        Self::Png,
        Self::Jpeg,
        Self::Tiff,
        Self::Bmp,
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
        Self::ALL.into_iter().find(|format| format.facts().signatures.iter().any(has))
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
        assert_eq!(names(), "PNG, JPEG, TIFF, BMP, VOL, GIF, WebP, JPEG 2000, PNM");
        assert_eq!(any_name(), "PNG, JPEG, TIFF, BMP, VOL, GIF, WebP, JPEG 2000 or PNM");
        let accepted = accept();
        let (media_types, extensions) = accepted.split_at(accepted.find(",.").unwrap());
        assert_eq!(
            media_types,
            "image/png,image/jpeg,image/tiff,image/bmp,image/gif,image/webp,image/jp2,image/x-portable-anymap"
        );
        assert_eq!(extensions, ",.png,.jpg,.jpeg,.tif,.tiff,.bmp,.vol,.gif,.webp,.jp2,.j2k,.j2c,.pgm,.ppm,.pnm,.pam");
        assert_eq!([Format::Png, Format::Jpeg2000].map(Format::id), ["png", "jpeg2000"]);
    }

    #[test]
    fn a_file_may_be_as_large_as_the_limit() {
        assert!(check_file_size(MAX_FILE_BYTES).is_ok());
        let refused = check_file_size(MAX_FILE_BYTES + (6 << 20)).unwrap_err();
        assert!(refused.to_string().contains("70.0 MB, more than the 64 MB"), "{refused}");
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
        assert_eq!(Format::of(b"patient,age\n1,64\n"), None);
    }
}
