//! A report as two DICOM objects that refer to the frame it is about, for archives and viewers: the heatmap as a
//! Segmentation, the answer as a structured report. Takes what the source file says of itself
//! ([`Identity`]) and a report, gives the bytes of two files. Reads no clock and no pixels.
//!
//! - `item` writes data sets, `file` puts meta information before them, `uid` derives UIDs;
//! - `common` has what both objects say of patient, study and source, `patient` whether they name one; `code` and `content` what a structured report is made of;
//! - `segmentation` and `structured_report` put the objects together.
//!
//! # Which objects
//!
//! The heatmap is a *Segmentation* of one segment, and not a Parametric Map: that one must say where its pixels lie in the
//! patient, and B-scans of many devices have no frame of reference. A Segmentation may do without where it has the pixels of
//! the frame that it is derived from (PS3.3, A.51: either Derivation Image, or planes in a frame of reference), and more
//! viewers show it. It is FRACTIONAL with 255 as the maximum. Of the two meanings that the standard has for fractions,
//! PROBABILITY is nearer than OCCUPANCY, which is a share of a pixel's area; but values are *relative*: 255 is the cell that
//! counted most for the class, and no probability. The segment's description says so. Every value is that of the overlay
//! that the page draws.
//!
//! The answer is a *Comprehensive SR* after TID 1500, Imaging Measurement Report: a group for each head with the probability
//! of each class (TID 1501), and a group for the segment (TID 1410). Meanings that no public code names are
//! codes of the private scheme `99OCTLENS`. It is unverified, and its comment says that it is for research.
//!
//! # Who the patient is
//!
//! See [`Patient`]. The name of the source's file is in no object, since names of files often hold those of patients.
//!
//! # The same input gives the same bytes
//!
//! UIDs are `2.25.` and a UUID of SHA-256: of an object's content for the object itself, so that two objects with one UID are
//! one object; of study, series and model for the series, so that frames of a volume are in one series. Dates are those of the
//! source, or dummies.

mod code;
mod common;
mod content;
mod file;
mod item;
mod patient;
mod segmentation;
mod structured_report;
mod uid;

use crate::error::{Detail, Error, Result};
use crate::report::{InputRef, Report};
use crate::scan::Identity;
use common::Source;

pub use patient::Patient;

/// Two DICOM files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Objects {
    /// The heatmap as a Segmentation.
    pub segmentation: Vec<u8>,
    /// The answer as a Comprehensive SR, which refers to the source and to the segmentation.
    pub structured_report: Vec<u8>,
}

impl Objects {
    /// Both files with their names: that of the scan and the hash of its file, so that no file of another scan has them.
    pub fn named(self, input: &InputRef) -> [(String, Vec<u8>); 2] {
        let stem = input.name.rsplit_once('.').map(|(stem, _)| stem).filter(|stem| !stem.is_empty());
        let stem = stem.unwrap_or(&input.name);
        let hash = input.sha256.get(..8).unwrap_or_default();
        let name = |ending: &str| format!("{stem}{}-{hash}.{ending}.dcm", input.frame_suffix());
        [(name("seg"), self.segmentation), (name("sr"), self.structured_report)]
    }
}

/// Makes the objects of a report on a frame of the file with `identity`. Text outside of ASCII in labels and captions is
/// written as `?`, because text of the source keeps its own character set.
///
/// # Errors
/// The source does not say which object it is, the report is about another frame than it has or about a part of it, or has a
/// heatmap of another size than it says.
pub fn objects(identity: &Identity, report: &Report, patient: Patient) -> Result<Objects> {
    if report.input.view.is_some() {
        let message =
            "the answer is about a part of the picture, and DICOM objects refer to the whole: leave out --view";
        return Err(Error::config(message));
    }
    let (frame, n_frames) = (report.input.frame, identity.n_frames());
    if frame >= n_frames {
        let message =
            format!("the report is about frame {}, the DICOM file has {n_frames}: choose its file", frame + 1);
        return Err(Error::scan(message).with_detail(Detail::NoSuchFrame { frame }));
    }
    let source = Source::new(identity, report, patient)?;
    let segmentation = segmentation::object(&source)?;
    let structured_report = structured_report::object(&source, &segmentation.uid)?;
    Ok(Objects { segmentation: segmentation.bytes, structured_report: structured_report.bytes })
}
