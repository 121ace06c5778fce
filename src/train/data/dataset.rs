//! Data folders become one dataset, whatever their layouts. Reads lists and names; opens no image.

use std::path::PathBuf;
use std::str::FromStr;

use super::record::{Dataset, Record, SourceKind};
use super::{oct5k, octdl};
use crate::caption::{Diagnosis, Lesion, Vocabulary};
use crate::error::{Error, Result};

/// A folder and its layout: `KIND:DIR`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct DataSpec {
    /// Its layout.
    pub kind: SourceKind,
    /// The folder.
    pub dir: PathBuf,
}

impl FromStr for DataSpec {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let parts = text.split_once(':').filter(|(_, dir)| !dir.is_empty());
        let spec = parts.and_then(|(name, dir)| {
            let kind = SourceKind::ALL.into_iter().find(|kind| kind.name() == name)?;
            Some(Self { kind, dir: PathBuf::from(dir) })
        });
        spec.ok_or_else(|| {
            let kinds = SourceKind::ALL.map(SourceKind::name).join(", ");
            Error::config(format!("--data {text} is not KIND:DIR, where KIND is one of {kinds}"))
        })
    }
}

/// Reads every folder.
///
/// # Errors
/// A folder without its lists, or without a single usable scan.
pub(crate) fn read(specs: &[DataSpec]) -> Result<Dataset> {
    let mut all = Dataset::default();
    for spec in specs {
        let mut part = match spec.kind {
            SourceKind::Octdl => octdl::read(&spec.dir)?,
            SourceKind::Oct5k | SourceKind::Phantom => oct5k::read(&spec.dir, spec.kind)?,
        };
        if part.records.is_empty() {
            let first = part.problems.first().map(|p| format!(" (first problem: {p})")).unwrap_or_default();
            return Err(Error::data(format!("no usable scan in {}{first}", spec.dir.display())));
        }
        part.records.sort_by(|a, b| a.name.cmp(&b.name));
        all.records.append(&mut part.records);
        all.problems.append(&mut part.problems);
    }
    Ok(all)
}

/// The labels and findings of `records`: the two diagnoses; the nine lesions, if a source has boxes; OCTDL's findings
/// that occur; then any others.
pub(crate) fn vocabulary(records: &[Record]) -> Vocabulary {
    let mut labels: Vec<String> = [Diagnosis::Healthy, Diagnosis::Amd].map(|d| d.label().to_owned()).to_vec();
    // A source with boxes marks all nine lesions, though a small one may not show each of them.
    let has_boxes = records.iter().any(|r| r.source.has_boxes());
    let mut findings: Vec<String> =
        Lesion::ALL.into_iter().filter(|_| has_boxes).map(|l| l.phrase().to_owned()).collect();
    let occurs = |finding: &&str| records.iter().any(|r| r.caption.findings.iter().any(|f| f == finding));
    let octdl = octdl::AMD_FINDINGS.into_iter().chain(octdl::OTHER_FINDINGS);
    findings.extend(octdl.filter(occurs).map(str::to_owned));
    for record in records {
        if !labels.contains(&record.label) {
            labels.push(record.label.clone());
        }
        for finding in &record.caption.findings {
            if !findings.contains(finding) {
                findings.push(finding.clone());
            }
        }
    }
    Vocabulary { labels, findings }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_is_named_kind_colon_folder() {
        let spec: DataSpec = "octdl:some/dir".parse().unwrap();
        assert_eq!(spec, DataSpec { kind: SourceKind::Octdl, dir: "some/dir".into() });
        for wrong in ["some/dir", "octdl:", "octdk:dir"] {
            assert!(wrong.parse::<DataSpec>().unwrap_err().to_string().contains("KIND:DIR"));
        }
    }
}
