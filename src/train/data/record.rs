//! One scan of a data folder, whatever the folder's layout: its file, patient, label, caption and boxes.

use std::fmt;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::lesion_box::LesionBox;
use crate::caption::Caption;

/// The folder layouts that can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SourceKind {
    /// OCT5k (Arikan et al. 2023).
    Oct5k,
    /// OCTDL (Kulyabin et al. 2024).
    Octdl,
    /// Kermany et al. 2018, with or without outlines.
    Kermany,
    /// Written by `train phantom`, in OCT5k's layout.
    Phantom,
}

impl SourceKind {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Oct5k, Self::Octdl, Self::Kermany, Self::Phantom];

    /// Its name on the command line and in files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Oct5k => "oct5k",
            Self::Octdl => "octdl",
            Self::Kermany => "kermany",
            Self::Phantom => "phantom",
        }
    }

    /// What its folder holds, for help texts.
    pub(crate) fn layout(self) -> &'static str {
        match self {
            Self::Oct5k | Self::Phantom => {
                "Images/Images_Original with its parts, Detection/all_bounding_boxes.csv (image, xmin, ymin, xmax, ymax, class)"
            }
            Self::Octdl => {
                "OCTDL_labels.csv (file_name, disease, subcategory, condition, patient_id), beside it a folder per disease"
            }
            Self::Kermany => {
                "labels.csv (file, label, patient), or folders CNV, DME, DRUSEN, NORMAL of files CLASS-patient-n.jpeg"
            }
        }
    }

    /// Whether all its lesions are marked by boxes, on every scan.
    pub fn has_boxes(self) -> bool {
        match self {
            Self::Oct5k | Self::Phantom => true,
            Self::Octdl | Self::Kermany => false,
        }
    }

    /// What the scans were recorded with; of OCT5k, which gathers scans of other sets, no device is known here.
    pub fn device(self) -> &'static str {
        match self {
            Self::Oct5k => "unknown",
            Self::Octdl => "Optovue Avanti RTVue XR",
            Self::Kermany => "Heidelberg Spectralis",
            Self::Phantom => "none, simulated",
        }
    }

    /// Who made the scans, and their licence, for the model card.
    pub fn citation(self) -> &'static str {
        match self {
            Self::Oct5k => "OCT5k, Arikan et al. 2023",
            Self::Octdl => "OCTDL, Kulyabin et al. 2024, CC BY 4.0",
            Self::Kermany => "Kermany et al. 2018, CC BY 4.0; outlines: oct-n0q8r, Roboflow Universe, CC BY 4.0",
            Self::Phantom => "phantoms, drawn by train phantom",
        }
    }
}

impl fmt::Display for SourceKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
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
    /// The patient; splits keep patients together.
    pub patient: String,
    /// Its class word.
    pub label: String,
    /// The caption of what it shows.
    pub caption: Caption,
    /// Findings that its source annotates: those that the caption does not name are absent. All others are unknown, unless
    /// the label is healthy.
    pub annotated: Vec<&'static str>,
    /// Lesions with their boxes, in image pixels; empty where the source has none.
    pub boxes: Vec<LesionBox>,
}

impl Record {
    /// Names the patient among those of all sources, as splits do: `octdl/1084498`.
    pub(crate) fn patient_key(&self) -> String {
        format!("{}/{}", self.source, self.patient)
    }
}

/// A row or file that could not be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Problem {
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

/// The scans of some folders.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Dataset {
    /// In the order of the folders, each sorted by name.
    pub records: Vec<Record>,
    /// Rows and files that were left out.
    pub problems: Vec<Problem>,
    /// What a person should know of the folders besides.
    pub notes: Vec<String>,
}

impl Dataset {
    /// Takes out every scan whose label is none of `labels`.
    pub(crate) fn take_others(&mut self, labels: &[String]) -> Vec<Record> {
        self.records.extract_if(.., |r| !labels.contains(&r.label)).collect()
    }
}
