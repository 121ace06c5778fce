//! The crate's error: a kind to branch on, and a message that says what to do next. Knows no other module; each module
//! writes its own messages.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The result of everything in octlens that can fail.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What sort of thing went wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Kind {
    /// A scan cannot be read.
    Scan,
    /// A caption cannot be used.
    Caption,
    /// A weights file is damaged, foreign, or of another version.
    Weights,
    /// A data folder or one of its rows is not as documented.
    Data,
    /// A setting or argument makes no sense.
    Config,
    /// A tensor operation failed: a bug here, or memory ran out.
    Model,
    /// Disk or network.
    Io,
}

/// What exactly went wrong, so that it can be said in another language than the message's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Detail {
    /// The file has no bytes.
    EmptyFile,
    /// The file is in no format that is read.
    UnknownFormat,
    /// The file is of a kind that is recognised, but not read.
    Unsupported {
        /// What it is, as its users call it: `HEIC`, `JPEG with arithmetic coding`.
        what: String,
        /// What to do with it.
        instead: Instead,
    },
    /// The file is damaged or cut short.
    DamagedFile,
    /// The file is larger than what is read.
    LargeFile {
        /// Its size.
        n_bytes: u64,
        /// The largest that is read.
        max_bytes: u64,
    },
    /// The file can no longer be read: it was moved, changed or deleted.
    MissingFile,
    /// The scan has no pixels.
    NoPixels,
    /// The scan has more pixels, or a longer side, than what is read.
    LargeScan {
        /// Its columns.
        width: usize,
        /// Its rows.
        height: usize,
    },
    /// The file has fewer frames.
    NoSuchFrame {
        /// The frame that was asked for, from 0.
        frame: usize,
    },
    /// The caption names neither a class word nor a finding.
    EmptyCaption,
    /// A phrase that the model does not know.
    UnknownPhrase {
        /// As it was typed.
        phrase: String,
    },
    /// The caption has more tokens than the model reads.
    LongCaption {
        /// Its tokens.
        n_tokens: usize,
        /// The most that are read.
        max_tokens: usize,
    },
    /// The caption names two classes.
    TwoClasses,
    /// The model stopped working on this scan, more than once.
    StoppedModel,
    /// The model's worker did not start.
    NotStarted,
    /// The model's worker is of another build than the page.
    OtherBuild,
    /// A file of the page's site cannot be fetched.
    NotFetched {
        /// Its address.
        url: String,
    },
    /// A weights file is longer or shorter than listed, its hash is not the listed one, or it holds values that are not finite.
    DamagedWeights {
        /// Its name.
        file: String,
    },
    /// The model gives NaN or infinity.
    NotFinite,
    /// A JSON file that is opened is no report.
    NoReport,
}

/// What to do with a file that is recognised, but not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Instead {
    /// Save it as PNG or TIFF.
    SaveAsPng,
    /// Save it in shades of grey.
    SaveInGrey,
    /// Export its B-scans from the software that made it.
    Export,
    /// Export its B-scans from HEYEX, Heidelberg's software.
    ExportFromHeyex,
    /// Unpack it.
    Unpack,
    /// Open the files that it lists.
    OpenListed,
}

impl Instead {
    /// The advice, for the end of a message.
    pub fn advice(self) -> &'static str {
        match self {
            Self::SaveAsPng => "save the scan as PNG or TIFF",
            Self::SaveInGrey => "save the scan in shades of grey, of 8 bits or more",
            Self::Export => "export the B-scan from the device's software as DICOM, TIFF or PNG",
            Self::ExportFromHeyex => "export the B-scan from HEYEX as VOL, DICOM or TIFF",
            Self::Unpack => "unpack it and open the scan in it",
            Self::OpenListed => "open the pictures that it lists",
        }
    }
}

/// An error with a kind, a one-line message, and its source, if there is one.
#[derive(Debug)]
pub struct Error {
    kind: Kind,
    detail: Option<Detail>,
    message: String,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl Error {
    /// An error of `kind`; `message` says what is wrong and what to do about it.
    pub fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self { kind, detail: None, message: message.into(), source: None }
    }

    /// Sets the source, whose text is appended to the message.
    pub fn because(mut self, source: impl std::error::Error + Send + Sync + 'static) -> Self {
        self.source = Some(Box::new(source));
        self
    }

    /// Sets what the message says in a form for programs.
    pub fn with_detail(mut self, detail: Detail) -> Self {
        self.detail = Some(detail);
        self
    }

    /// A scan that cannot be read.
    pub fn scan(message: impl Into<String>) -> Self {
        Self::new(Kind::Scan, message)
    }

    /// A scan of a kind that is recognised, but not read: `what` names it as its users do.
    pub fn unsupported(what: impl Into<String>, instead: Instead) -> Self {
        let what = what.into();
        let message = format!("octlens does not read {what}: {}", instead.advice());
        Self::scan(message).with_detail(Detail::Unsupported { what, instead })
    }

    /// A caption that cannot be used.
    pub fn caption(message: impl Into<String>) -> Self {
        Self::new(Kind::Caption, message)
    }

    /// A weights file that cannot be used.
    pub fn weights(message: impl Into<String>) -> Self {
        Self::new(Kind::Weights, message)
    }

    /// A data folder or row that is not as documented.
    pub fn data(message: impl Into<String>) -> Self {
        Self::new(Kind::Data, message)
    }

    /// A setting that makes no sense.
    pub fn config(message: impl Into<String>) -> Self {
        Self::new(Kind::Config, message)
    }

    /// Disk or network.
    pub fn io(message: impl Into<String>) -> Self {
        Self::new(Kind::Io, message)
    }

    /// A model that gives NaN or infinity as `what`, such as logits.
    pub fn not_finite(what: &str) -> Self {
        let message =
            format!("the model gives {what} that are not finite: its weights are damaged, fetch or export them again");
        Self::new(Kind::Model, message).with_detail(Detail::NotFinite)
    }

    /// What sort of thing went wrong.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// What exactly went wrong, where it is known.
    pub fn detail(&self) -> Option<&Detail> {
        self.detail.as_ref()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        match &self.source {
            // Errors of candle are followed by a backtrace if RUST_BACKTRACE is set.
            Some(source) => write!(f, " ({})", source.to_string().lines().next().unwrap_or_default()),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_ref().map(|e| e.as_ref() as _)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_one_line_whatever_its_source() {
        let source = std::io::Error::other("no room\n   0: backtrace::frame\n   1: main");
        assert_eq!(Error::io("cannot write").because(source).to_string(), "cannot write (no room)");
    }
}
