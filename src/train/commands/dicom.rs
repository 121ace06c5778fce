//! What `train explain` makes of DICOM files beside the answer: objects for archives, and the list of what names the patient.

use std::path::{Path, PathBuf};

use clap::Args;

use super::output::{Failures, print};
use crate::dicom_out::{self, Patient};
use crate::error::Result;
use crate::report::Report;
use crate::scan::{Identifier, Identity, ScanFile};
use crate::train::data::scan_file;
use crate::train::files::{self, in_file};

#[derive(Args)]
pub(super) struct DicomArgs {
    /// Folder for each answer as DICOM: the heatmap as a Segmentation (.seg.dcm) and a structured report (.sr.dcm), named after
    /// the scan and the hash of its file. The scans must be DICOM files.
    ///
    /// Objects name the scan by its UIDs, and nothing of the patient: they are in a study of their own.
    #[arg(long, value_name = "DIR")]
    pub(super) dicom: Option<PathBuf>,
    /// Copy patient, study and dates of the scan into the objects of --dicom, so that an archive files them in its study.
    #[arg(long, requires = "dicom")]
    identified: bool,
    /// Print what in DICOM files names or may identify the patient, and do nothing else.
    #[arg(long, conflicts_with_all = ["dicom", "out", "json"])]
    pub(super) show_identifiers: bool,
}

impl DicomArgs {
    /// Makes the folder, if objects are wanted.
    pub(super) fn prepare(&self) -> Result<()> {
        self.dicom.as_deref().map_or(Ok(()), files::make_dir)
    }

    /// What is needed of a file to make its objects, if they are wanted.
    ///
    /// # Errors
    /// The file is not DICOM, or damaged.
    pub(super) fn identity(&self, file: &ScanFile) -> Result<Option<Identity>> {
        self.dicom.as_ref().map(|_| file.identity()).transpose()
    }

    /// The objects of a report, with their paths; none if they are not wanted.
    ///
    /// # Errors
    /// As [`dicom_out::objects`].
    pub(super) fn objects(&self, identity: Option<&Identity>, report: &Report) -> Result<Vec<(PathBuf, Vec<u8>)>> {
        let (Some(dir), Some(identity)) = (&self.dicom, identity) else { return Ok(vec![]) };
        let patient = if self.identified { Patient::AsSource } else { Patient::Unnamed };
        let objects = dicom_out::objects(identity, report, patient)?.named(&report.input);
        Ok(objects.into_iter().map(|(name, bytes)| (dir.join(name), bytes)).collect())
    }
}

/// Prints for each file what in it may identify the patient.
pub(super) fn show_identifiers(paths: &[PathBuf]) -> Result<()> {
    let mut failures = Failures::of(paths.len());
    for path in paths {
        if let Some(text) = failures.keep(identifiers_of(path))? {
            print(text)?;
        }
    }
    failures.finish()
}

fn identifiers_of(path: &Path) -> Result<String> {
    let bytes = scan_file::read(path)?;
    let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy();
    let identity = ScanFile::open_named(&name, &bytes).and_then(|file| file.identity());
    Ok(lines(&name, identity.map_err(|e| in_file(path, e))?.identifiers()))
}

fn lines(name: &str, identifiers: &[Identifier]) -> String {
    let mut text = match identifiers.len() {
        0 => format!("{name}: no attribute identifies the patient"),
        n => format!("{name}: {n} attributes may identify the patient"),
    };
    for Identifier { path, value, n_values } in identifiers {
        text.push_str(&match (value.as_str(), n_values) {
            ("", n) => format!("\n  {path}: {n} attributes"),
            (value, 1) => format!("\n  {path}: {value}"),
            (value, n) => format!("\n  {path}: {value}, and {} more", n - 1),
        });
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_are_listed_with_their_first_value_and_how_many_there_are() {
        let identifier =
            |path: &str, value: &str, n_values| Identifier { path: path.into(), value: value.into(), n_values };
        let found = [identifier("PatientName", "A", 1), identifier("A/UID", "1.2", 3), identifier("private", "", 7)];
        let expected = "x.dcm: 3 attributes may identify the patient\n  PatientName: A\n  A/UID: 1.2, and 2 more\n  \
                        private: 7 attributes";
        assert_eq!(lines("x.dcm", &found), expected);
        assert_eq!(lines("x.dcm", &[]), "x.dcm: no attribute identifies the patient");
    }
}
