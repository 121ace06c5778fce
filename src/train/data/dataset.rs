//! Data folders become records, whatever their layout. Reads lists and names; opens no image.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::lesion_box::LesionBox;
use super::{oct5k, octdl};
use crate::caption::{Caption, Diagnosis, Lesion, Vocabulary};
use crate::error::{Error, Result};

/// The layouts that are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SourceKind {
    /// OCT5k (Arikan et al. 2023).
    Oct5k,
    /// OCTDL (Kulyabin et al. 2024).
    Octdl,
    /// `train phantom`'s, in OCT5k's layout.
    Phantom,
}

impl SourceKind {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Oct5k, Self::Octdl, Self::Phantom];

    /// Who made the scans, and their licence, for the model card.
    pub fn citation(self) -> &'static str {
        match self {
            Self::Oct5k => "OCT5k, Arikan et al. 2023",
            Self::Octdl => "OCTDL, Kulyabin et al. 2024, CC BY 4.0",
            Self::Phantom => "phantoms, drawn by train phantom",
        }
    }
}

impl fmt::Display for SourceKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            SourceKind::Oct5k => "oct5k",
            SourceKind::Octdl => "octdl",
            SourceKind::Phantom => "phantom",
        })
    }
}

/// A folder and its layout: `KIND:DIR`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DataSpec {
    /// Its layout.
    pub kind: SourceKind,
    /// The folder.
    pub dir: PathBuf,
}

impl FromStr for DataSpec {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let wrong = || Error::config(format!("--data {text} is not KIND:DIR with KIND oct5k, octdl or phantom"));
        let (kind, dir) = text.split_once(':').ok_or_else(wrong)?;
        let kind = match kind {
            "oct5k" => SourceKind::Oct5k,
            "octdl" => SourceKind::Octdl,
            "phantom" => SourceKind::Phantom,
            _ => return Err(wrong()),
        };
        if dir.is_empty() {
            return Err(wrong());
        }
        Ok(Self { kind, dir: PathBuf::from(dir) })
    }
}

/// One scan of a folder.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// The image file.
    pub path: PathBuf,
    /// Unique within its source.
    pub name: String,
    /// Where it comes from.
    pub source: SourceKind,
    /// Whose eye it is; splits keep patients together.
    pub patient: String,
    /// Its class word.
    pub label: String,
    /// What is said of it.
    pub caption: Caption,
    /// Lesions with places, in image pixels; empty where the source marks none.
    pub boxes: Vec<LesionBox>,
}

/// A row or file that could not be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The list or image.
    pub file: PathBuf,
    /// Its line, from 1.
    pub line: Option<usize>,
    /// What is wrong.
    pub what: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file.display())?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
        }
        write!(f, ": {}", self.what)
    }
}

/// All records of some folders, and what could not be used.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Dataset {
    /// In the order of the folders, each sorted by name.
    pub records: Vec<Record>,
    /// Rows and files that were left out.
    pub problems: Vec<Problem>,
}

impl Dataset {
    /// Reads every folder.
    ///
    /// # Errors
    /// A folder without its lists, or without a single usable scan.
    pub fn read(specs: &[DataSpec]) -> Result<Self> {
        let mut all = Self::default();
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

    /// Leaves out every scan whose class word is none of `labels`; returns how many.
    pub fn keep_labels(&mut self, labels: &[String]) -> usize {
        let before = self.records.len();
        self.records.retain(|r| labels.contains(&r.label));
        before - self.records.len()
    }

    /// The words of these records: the two diagnoses; the nine lesions, where they are marked; OCTDL's findings; then any
    /// others.
    pub fn vocabulary(&self) -> Vocabulary {
        let mut labels: Vec<String> = [Diagnosis::Healthy, Diagnosis::Amd].map(|d| d.label().to_owned()).to_vec();
        // A source that marks boxes marks all nine, though a small one may not show each of them.
        let are_marked = self.records.iter().any(|r| r.source != SourceKind::Octdl);
        let mut findings: Vec<String> =
            Lesion::ALL.into_iter().filter(|_| are_marked).map(|l| l.phrase().to_owned()).collect();
        let named = |finding: &&str| self.records.iter().any(|r| r.caption.findings.iter().any(|f| f == finding));
        let octdl = octdl::AMD_FINDINGS.into_iter().chain(octdl::OTHER_FINDINGS);
        findings.extend(octdl.filter(named).map(str::to_owned));
        for record in &self.records {
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
