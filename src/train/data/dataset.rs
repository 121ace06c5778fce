//! Data folders become one dataset, whatever their layouts. Reads lists and names; opens no image.

use std::path::PathBuf;
use std::str::FromStr;

use super::record::{Dataset, Problem, Record, SourceKind};
use super::{kermany, oct5k, octdl};
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
        spec.ok_or_else(|| Error::config(format!("--data {text} is not {}", Self::form())))
    }
}

impl DataSpec {
    /// How it is written, for help texts and messages.
    pub(crate) fn form() -> String {
        format!("KIND:DIR, where KIND is one of {}", SourceKind::ALL.map(SourceKind::name).join(", "))
    }

    /// What each kind of folder holds, for help texts.
    pub(crate) fn layouts() -> String {
        let of = |kind: SourceKind| format!("{kind}: {}", kind.layout());
        let lists =
            "Lists are tables in UTF-8, separated by commas, semicolons or tabs; their columns may be in any order.";
        format!("{}\n\n{lists}", SourceKind::ALL.map(of).join("\n"))
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
            SourceKind::Kermany => kermany::read(&spec.dir)?,
            SourceKind::Oct5k | SourceKind::Phantom => oct5k::read(&spec.dir, spec.kind)?,
        };
        if part.records.is_empty() {
            return Err(Error::data(format!("no usable scan in {}{}", spec.dir.display(), reason(&part.problems))));
        }
        part.records.sort_by(|a, b| a.name.cmp(&b.name));
        all.records.append(&mut part.records);
        all.problems.append(&mut part.problems);
        all.notes.append(&mut part.notes);
    }
    Ok(all)
}

/// Why nothing is left, for the end of a message.
fn reason(problems: &[Problem]) -> String {
    match problems {
        [] => String::new(),
        [only] => format!(" ({only})"),
        [first, ..] if problems.iter().all(|p| p.what == first.what) => {
            format!(" ({} rows or files, all with the same problem: {first})", problems.len())
        }
        [first, ..] => format!(" ({} rows or files with problems, first: {first})", problems.len()),
    }
}

/// The findings that a source may have, in the order of a vocabulary.
fn findings(kind: SourceKind) -> Vec<&'static str> {
    match kind {
        SourceKind::Oct5k | SourceKind::Phantom => Lesion::ALL.map(Lesion::phrase).to_vec(),
        SourceKind::Octdl => octdl::AMD_FINDINGS.into_iter().chain(octdl::OTHER_FINDINGS).collect(),
        SourceKind::Kermany => kermany::FINDINGS.to_vec(),
    }
}

/// The labels and findings of `records`. Labels: the two diagnoses, then others in the order of the records. Findings: all
/// of sources with boxes, then those of other sources that occur, in their sources' order.
pub(crate) fn vocabulary(records: &[Record]) -> Vocabulary {
    let mut labels: Vec<String> = [Diagnosis::Healthy, Diagnosis::Amd].map(|d| d.label().to_owned()).to_vec();
    for record in records {
        if !labels.contains(&record.label) {
            labels.push(record.label.clone());
        }
    }
    let mut kinds: Vec<SourceKind> =
        SourceKind::ALL.into_iter().filter(|kind| records.iter().any(|r| r.source == *kind)).collect();
    kinds.sort_by_key(|kind| !kind.has_boxes());
    let occurs = |finding: &str| records.iter().any(|r| r.caption.findings.iter().any(|f| f == finding));
    let mut all: Vec<String> = Vec::new();
    for kind in kinds {
        for finding in findings(kind) {
            // A source with boxes annotates all of its findings, though a small one may not show each of them.
            if (kind.has_boxes() || occurs(finding)) && !all.iter().any(|f| f == finding) {
                all.push(finding.to_owned());
            }
        }
    }
    for finding in records.iter().flat_map(|r| &r.caption.findings) {
        if !all.contains(finding) {
            all.push(finding.clone());
        }
    }
    Vocabulary::new(labels, all)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::caption::Caption;

    #[test]
    fn data_is_named_kind_colon_folder() {
        let spec: DataSpec = "octdl:some/dir".parse().unwrap();
        assert_eq!(spec, DataSpec { kind: SourceKind::Octdl, dir: "some/dir".into() });
        for kind in SourceKind::ALL {
            assert_eq!(format!("{kind}:dir").parse::<DataSpec>().unwrap().kind, kind);
        }
        for wrong in ["some/dir", "octdl:", "octdk:dir"] {
            assert!(wrong.parse::<DataSpec>().unwrap_err().to_string().contains("KIND:DIR"));
        }
    }

    fn record(source: SourceKind, label: &str, findings: &[&str]) -> Record {
        let findings = findings.iter().map(|f| (*f).to_owned()).collect();
        Record {
            path: PathBuf::new(),
            name: String::new(),
            source,
            patient: String::new(),
            label: label.to_owned(),
            caption: Caption { label: Some(label.to_owned()), findings },
            annotated: vec![],
            boxes: vec![],
        }
    }

    #[test]
    fn a_vocabulary_has_all_lesions_of_boxes_and_the_findings_that_occur() {
        let octdl = [
            record(SourceKind::Octdl, "RVO", &["macular edema"]),
            record(SourceKind::Octdl, "AMD", &["MNV"]),
            record(SourceKind::Octdl, "AMD", &["drusen"]),
        ];
        let words = vocabulary(&octdl);
        assert_eq!(words.labels, ["healthy", "AMD", "RVO"]);
        assert_eq!(words.findings, ["drusen", "MNV", "macular edema"], "by stage, not in the order of the records");
        let with_phantom = [&octdl[..], &[record(SourceKind::Phantom, "AMD", &["fluid"])]].concat();
        let lesions = Lesion::ALL.map(Lesion::phrase);
        assert_eq!(vocabulary(&with_phantom).findings, [&lesions[..], &["drusen", "MNV", "macular edema"]].concat());
        assert_eq!(vocabulary(&with_phantom).labels, ["healthy", "AMD", "RVO"]);
    }
}
