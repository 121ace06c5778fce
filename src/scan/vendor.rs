//! Files of devices, databases and laboratories that octlens does not read, so that a person learns what they are and what to do
//! instead. Most are known by their bytes, some only by their names. Reads no pixel.
//!
//! Sources of the signatures: uocte and oct-converter (Heidelberg, Topcon, Bioptigen), and the formats' own descriptions.

use crate::error::{Error, Instead};

/// A kind of file.
struct Kind {
    /// What its users call it.
    what: &'static str,
    instead: Instead,
    /// Its files have one of these: an offset, and the bytes there.
    signatures: &'static [(usize, &'static [u8])],
    /// Patterns of its files' names, in lower case: `*` stands for any characters.
    names: &'static [&'static str],
}

const fn kind(
    what: &'static str,
    instead: Instead,
    signatures: &'static [(usize, &'static [u8])],
    names: &'static [&'static str],
) -> Kind {
    Kind { what, instead, signatures, names }
}

const HDF5: &[u8] = b"\x89HDF\r\n\x1a\n";

/// The kinds; the first that fits counts.
const KINDS: &[Kind] = &[
    kind(
        "Heidelberg database files (.E2E, .sdb)",
        Instead::ExportFromHeyex,
        &[(0, b"CMDb"), (0, b"MDbMDir"), (0, b"MDbDir")],
        &["*.e2e", "*.sdb", "*.pdb", "*.edb"],
    ),
    kind("Topcon .fda files", Instead::Export, &[(0, b"FOCTFDA")], &["*.fda"]),
    kind("Topcon .fds files", Instead::Export, &[(0, b"FOCTFDS")], &["*.fds"]),
    kind("Topcon files", Instead::Export, &[(0, b"FOCT")], &[]),
    // Keys with their lengths follow the version.
    kind("Bioptigen .OCT files", Instead::Export, &[(8, b"FRAMEHEADER"), (8, b"FRAMECOUNT")], &[]),
    kind("Optovue and Bioptigen .OCT files", Instead::Export, &[], &["*.oct", "*.poct"]),
    kind("Zeiss Cirrus .img files", Instead::Export, &[], &["*cirrus*.img", "*_cube_*.img"]),
    kind("raw .img files (Zeiss Cirrus, Analyze)", Instead::Export, &[], &["*.img"]),
    kind("Nidek files", Instead::Export, &[], &["*nidek*"]),
    kind(
        "NIfTI volumes (.nii)",
        Instead::SaveAsPng,
        &[(344, b"n+1\0"), (344, b"ni1\0"), (4, b"n+2\0\r\n\x1a\n"), (4, b"ni2\0\r\n\x1a\n")],
        &["*.nii", "*.nii.gz"],
    ),
    // The header begins with its own size, 348, and the type that every program writes at 38.
    kind("Analyze volumes (.hdr)", Instead::SaveAsPng, &[(38, b"r\0")], &["*.hdr"]),
    kind("MATLAB files (.mat)", Instead::SaveAsPng, &[(0, b"MATLAB 5.0 MAT-file"), (0, b"MATLAB 7.")], &["*.mat"]),
    // A block for other programs may stand before it: of 512 bytes, or twice as many, and so on.
    kind("HDF5 files", Instead::SaveAsPng, &[(0, HDF5), (512, HDF5), (1024, HDF5), (2048, HDF5)], &["*.h5", "*.hdf5"]),
    kind("NumPy files (.npy, .npz)", Instead::SaveAsPng, &[(0, b"\x93NUMPY")], &["*.npy", "*.npz"]),
    kind(
        "NRRD and MetaImage volumes",
        Instead::SaveAsPng,
        &[(0, b"NRRD000"), (0, b"ObjectType =")],
        &["*.nrrd", "*.nhdr", "*.mha", "*.mhd"],
    ),
];

/// How a ZIP archive begins, and the files by which its kind is known.
const ZIP: &[u8] = b"PK\x03\x04";
const THORLABS: Kind = kind("Thorlabs .oct files", Instead::Export, &[], &[]);
const NPZ: Kind = kind("NumPy files (.npy, .npz)", Instead::SaveAsPng, &[], &[]);
/// Bytes of an archive that are searched for the names of its files: its directory is at its end.
const ZIP_ENDS: usize = 1 << 16;

impl Kind {
    fn refusal(&self) -> Error {
        Error::unsupported(self.what, self.instead)
    }
}

/// What to say about a file that is known by its bytes.
pub(super) fn by_bytes(bytes: &[u8]) -> Option<Error> {
    let has = |(at, signature): &(usize, &[u8])| bytes.get(*at..).is_some_and(|rest| rest.starts_with(signature));
    // Analyze's mark is short: the size before it must be right as well.
    let is_analyze = bytes.starts_with(b"\x5c\x01\0\0") || bytes.starts_with(b"\0\0\x01\x5c");
    let fits = |kind: &&Kind| kind.signatures.iter().any(|mark| has(mark) && (mark.0 != 38 || is_analyze));
    if bytes.starts_with(ZIP) {
        return in_archive(bytes).map(Kind::refusal);
    }
    let listed = bytes.get(..512).unwrap_or(bytes);
    if holds(listed, b"<HEDX") {
        return Some(Error::unsupported("the list of a Heidelberg XML export", Instead::OpenListed));
    }
    KINDS.iter().find(fits).map(Kind::refusal)
}

/// What to say about a file whose bytes say nothing, by its name.
pub(super) fn by_name(name: &str) -> Option<Error> {
    let name = name.to_ascii_lowercase();
    KINDS.iter().find(|kind| kind.names.iter().any(|pattern| fits(&name, pattern))).map(Kind::refusal)
}

/// The kind of a ZIP archive, by the names of files in it.
fn in_archive(bytes: &[u8]) -> Option<&'static Kind> {
    let first = bytes.get(..ZIP_ENDS).unwrap_or(bytes);
    let last = &bytes[bytes.len().saturating_sub(ZIP_ENDS)..];
    let has = |name: &[u8]| holds(first, name) || holds(last, name);
    if has(b"Header.xml") {
        Some(&THORLABS)
    } else if has(b".npyPK") || has(b".npy") {
        Some(&NPZ)
    } else {
        None
    }
}

fn holds(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

/// Whether a name has the parts of a pattern in order, the first at its start and the last at its end.
fn fits(name: &str, pattern: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|first| name.strip_prefix(first)) else { return false };
    let mut is_at_end = rest.is_empty();
    for part in parts {
        let Some(at) = (if part.is_empty() { Some(0) } else { rest.find(part) }) else { return false };
        is_at_end = part.is_empty() || rest.ends_with(part);
        rest = &rest[at + part.len()..];
    }
    is_at_end
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Detail;
    use crate::scan::ScanFile;

    fn what(error: Option<Error>) -> String {
        match error.as_ref().and_then(Error::detail) {
            Some(Detail::Unsupported { what, .. }) => what.clone(),
            _ => String::new(),
        }
    }

    fn at(offset: usize, mark: &[u8]) -> Vec<u8> {
        [&vec![0; offset], mark, &[0; 600]].concat()
    }

    #[test]
    fn a_file_is_known_by_its_bytes_whatever_its_name() {
        let analyze = [&b"\x5c\x01\0\0"[..], &[0; 34], b"r\0", &[0; 400]].concat();
        let thorlabs =
            [b"PK\x03\x04\0\0\0\0data/Intensity.data".as_slice(), &[1; 90_000], b"PK\x01\x02Header.xml"].concat();
        let cases: &[(&[u8], &str)] = &[
            (&at(0, b"CMDb"), "Heidelberg database"),
            (b"<?xml version=\"1.0\"?>\n<HEDX>\n<BODY>", "Heidelberg XML"),
            (b"FOCTFDA\x02", "Topcon .fda"),
            (b"FOCTFDS\x02", "Topcon .fds"),
            (b"FOCTXYZ\x02", "Topcon files"),
            (&at(8, b"FRAMECOUNT"), "Bioptigen"),
            (&thorlabs, "Thorlabs"),
            (b"PK\x03\x04\0\0\0\0arr_0.npy", "NumPy"),
            (&at(344, b"n+1\0"), "NIfTI"),
            (&at(4, b"n+2\0\r\n\x1a\n"), "NIfTI"),
            (&analyze, "Analyze"),
            (b"MATLAB 5.0 MAT-file, Platform: GLNXA64", "MATLAB"),
            (&at(0, HDF5), "HDF5"),
            (&at(2048, HDF5), "HDF5"),
            (b"\x93NUMPY\x01\0", "NumPy"),
            (b"NRRD0004\n", "NRRD"),
        ];
        for (bytes, expected) in cases {
            let error = ScanFile::open_named("scan.png", bytes).err().unwrap();
            let said = what(Some(error));
            assert!(said.contains(expected), "{expected}: {said}");
        }
        for unknown in [&b"PK\x03\x04\0\0\0\0slides.pptx"[..], &[0; 700], b"FOC", b"patient,age\n1,64\n", b""] {
            assert_eq!(what(by_bytes(unknown)), "");
        }
    }

    #[test]
    fn a_file_whose_bytes_say_nothing_is_known_by_its_name() {
        for (name, expected) in [
            ("P1_PCIRRUS_512x128_OD_cube_z.img", "Zeiss Cirrus .img"),
            ("macula_cube_raw.IMG", "Zeiss Cirrus .img"),
            ("brain.img", "raw .img files"),
            ("eye.OCT", "Optovue"),
            ("volume.nii.gz", "NIfTI"),
            ("eye.E2E", "Heidelberg database"),
            ("00001.SDB", "Heidelberg database"),
            ("eye.fda", "Topcon .fda"),
            ("Nidek RS-3000 (1)", "Nidek"),
            ("scan.mat", "MATLAB"),
        ] {
            let said = what(ScanFile::open_named(name, &[1; 600]).err());
            assert!(said.starts_with(expected), "{name}: {said}");
        }
        for name in ["scan.png", "img", "oct", ".oct.txt", "eye.octx", ""] {
            let error = ScanFile::open_named(name, &[1; 600]).err().unwrap();
            assert_eq!(error.detail(), Some(&Detail::UnknownFormat), "{name}: {error}");
        }
    }

    #[test]
    fn a_refusal_says_what_to_do_in_one_line() {
        let error = by_name("a.e2e").unwrap().to_string();
        let expected = "octlens does not read Heidelberg database files (.E2E, .sdb): export the B-scan from HEYEX as VOL, DICOM or TIFF";
        assert_eq!(error, expected);
    }
}
