//! The table of transfer syntaxes: how a file's data set and pixels are encoded, and which are named as not read.

use dicom_dictionary_std::uids;

use crate::error::{Error, Instead, Result};

/// How pixel data is encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Codec {
    /// Not compressed, one frame after the other or encapsulated.
    Native,
    /// RLE lossless (PS3.5, annex G).
    Rle,
    /// JPEG: which process, its own header says.
    Jpeg,
    /// JPEG 2000.
    Jpeg2000,
}

impl Codec {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Native => "uncompressed",
            Self::Rle => "RLE",
            Self::Jpeg => "JPEG",
            Self::Jpeg2000 => "JPEG 2000",
        }
    }
}

/// A transfer syntax that is read. Byte order and VRs are told by the data set itself, which is more often right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TransferSyntax {
    pub(super) codec: Codec,
    /// Whether the data set is a deflated stream.
    pub(super) is_deflated: bool,
}

impl TransferSyntax {
    /// The transfer syntax of a UID; without one, the data set is not compressed.
    ///
    /// # Errors
    /// It is one that is not read: the message names it.
    pub(super) fn of(uid: &str) -> Result<Self> {
        let read = |codec| Ok(Self { codec, is_deflated: false });
        match uid {
            ""
            | uids::IMPLICIT_VR_LITTLE_ENDIAN
            | uids::EXPLICIT_VR_LITTLE_ENDIAN
            | EXPLICIT_VR_BIG_ENDIAN
            | uids::ENCAPSULATED_UNCOMPRESSED_EXPLICIT_VR_LITTLE_ENDIAN => read(Codec::Native),
            uids::DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN => Ok(Self { codec: Codec::Native, is_deflated: true }),
            uids::RLE_LOSSLESS => read(Codec::Rle),
            uids::JPEG_BASELINE8_BIT
            | uids::JPEG_EXTENDED12_BIT
            | JPEG_SPECTRAL_SELECTION
            | JPEG_FULL_PROGRESSION
            | uids::JPEG_LOSSLESS
            | uids::JPEG_LOSSLESS_SV1 => read(Codec::Jpeg),
            uids::JPEG2000_LOSSLESS | uids::JPEG2000 => read(Codec::Jpeg2000),
            other => Err(unsupported(other)),
        }
    }
}

/// Retired, and still in archives.
const EXPLICIT_VR_BIG_ENDIAN: &str = "1.2.840.10008.1.2.2";
/// Retired, and like baseline but for the order of the coefficients.
const JPEG_SPECTRAL_SELECTION: &str = "1.2.840.10008.1.2.4.53";
const JPEG_FULL_PROGRESSION: &str = "1.2.840.10008.1.2.4.55";
/// What the UIDs of all compressions of pictures and videos begin with.
const COMPRESSION: &str = "1.2.840.10008.1.2.4.";

fn unsupported(uid: &str) -> Error {
    let number: Option<u32> = uid.strip_prefix(COMPRESSION).and_then(|rest| rest.split('.').next()?.parse().ok());
    let name = match number {
        Some(50..=66) => "a retired JPEG process",
        Some(80 | 81) => "JPEG-LS",
        Some(92 | 93) => "JPEG 2000 part 2",
        Some(94 | 95 | 204 | 205) => "JPIP, which keeps the pixels on a server",
        Some(100..=108) => "a video codec (MPEG or HEVC)",
        Some(110..=112) => "JPEG XL",
        Some(201..=203) => "HTJ2K (high-throughput JPEG 2000)",
        _ if uid == uids::DEFLATED_IMAGE_FRAME_COMPRESSION => "deflated frames",
        _ if uid.starts_with("1.2.840.10008.1.2.7.") => "a video stream (SMPTE ST 2110)",
        // A UID is digits and dots: anything else could be text about a patient.
        _ if uid.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') => {
            return Error::unsupported(format!("DICOM with the transfer syntax {uid}"), Instead::Export);
        }
        _ => "an unknown transfer syntax",
    };
    Error::unsupported(format!("DICOM with {name}"), Instead::Export)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_compression_of_the_standard_is_read_or_named() {
        for (uid, reason) in [
            (uids::JPEGLS_LOSSLESS, "JPEG-LS"),
            (uids::JPEGXL, "JPEG XL"),
            (uids::HTJ2K_LOSSLESS_RPCL, "HTJ2K"),
            (uids::MPEG2MPHLF, "video"),
            (uids::HEVCM10P51, "video"),
            (uids::JPIPHTJ2K_REFERENCED, "server"),
            (uids::DEFLATED_IMAGE_FRAME_COMPRESSION, "deflated frames"),
            ("1.2.840.10008.1.2.4.58", "retired JPEG"),
            ("1.2.840.113619.5.2", "the transfer syntax 1.2.840.113619.5.2"),
            ("Doe^John", "an unknown transfer syntax"),
        ] {
            let message = TransferSyntax::of(uid).unwrap_err().to_string();
            assert!(message.contains(reason) && !message.contains("Doe"), "{uid}: {message}");
        }
        assert_eq!(TransferSyntax::of("").unwrap().codec, Codec::Native);
        assert_eq!(TransferSyntax::of(uids::JPEG2000).unwrap().codec, Codec::Jpeg2000);
        assert!(TransferSyntax::of(uids::DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN).unwrap().is_deflated);
    }
}
