//! Kermany et al. 2018: `labels.csv` and outlines beside the scans, or the published folders `CNV`, `DME`, `DRUSEN` and
//! `NORMAL` (below `train`, `val` and `test` or without) of files named `CLASS-patient-n.jpeg`.
//!
//! CNV (mostly neovascular AMD) and DRUSEN are AMD, NORMAL is healthy, DME is a disease of its own. A scan without outlines
//! is annotated with its class only, one with outlines also with the lesions that it shows, where they are, and which of
//! the outlined kinds it does not show.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use unicode_normalization::UnicodeNormalization;

use super::lesion_box::LesionBox;
use super::list::List;
use super::listed::Listed;
use super::pictures::Pictures;
use super::record::{Dataset, Problem, Record, SourceKind};
use super::{locate, patient, pictures};
use crate::caption::{Caption, Diagnosis, finding};
use crate::error::Result;
use crate::train::files::read_json;

const LABELS: &str = "labels.csv";
const OUTLINES: &str = "polygons.json";
/// Parts into which the published folders are divided.
const PARTS: [&str; 4] = ["", "train", "val", "test"];

/// The classes of the data set, which are its folders' names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Class {
    /// Choroidal neovascularisation.
    Cnv,
    /// Diabetic macular edema.
    Dme,
    Drusen,
    Normal,
}

impl Class {
    const ALL: [Self; 4] = [Self::Cnv, Self::Dme, Self::Drusen, Self::Normal];

    fn name(self) -> &'static str {
        match self {
            Self::Cnv => "CNV",
            Self::Dme => "DME",
            Self::Drusen => "DRUSEN",
            Self::Normal => "NORMAL",
        }
    }

    fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|class| class.name().eq_ignore_ascii_case(name.trim()))
    }

    fn label(self) -> &'static str {
        match self {
            Self::Cnv | Self::Drusen => Diagnosis::Amd.label(),
            Self::Dme => "DME",
            Self::Normal => Diagnosis::Healthy.label(),
        }
    }

    /// The finding that the class implies.
    fn finding(self) -> Option<&'static str> {
        match self {
            Self::Cnv => Some(finding::MNV),
            Self::Drusen => Some(finding::DRUSEN),
            Self::Dme | Self::Normal => None,
        }
    }

    /// The findings that the class implies or rules out: a scan with a neovascularisation is CNV, whatever else it shows.
    fn annotated(self) -> &'static [&'static str] {
        match self {
            Self::Cnv | Self::Dme => &[finding::MNV],
            Self::Drusen => &[finding::DRUSEN, finding::MNV],
            // The label healthy itself rules findings out.
            Self::Normal => &[],
        }
    }

    /// The same for a scan whose lesions are outlined.
    fn annotated_with_outlines(self) -> Vec<&'static str> {
        let mut findings = self.annotated().to_vec();
        for (_, outlined) in OUTLINED {
            if !findings.contains(&outlined) {
                findings.push(outlined);
            }
        }
        findings
    }
}

/// Classes of outlines, and their findings: two classes are subretinal fluid.
const OUTLINED: [(&str, &str); 8] = [
    ("retinal_drusen", finding::DRUSEN),
    ("lamellar_macular_rupture", finding::LAMELLAR_HOLE),
    ("vitreomacular_traction", finding::VITREOMACULAR_TRACTION),
    ("intraretinal_cyst", finding::INTRARETINAL_FLUID),
    ("neuroepithelium_detachment", finding::SUBRETINAL_FLUID),
    ("subretinal_fluid", finding::SUBRETINAL_FLUID),
    ("subretinal_hyperreflective_material", finding::SUBRETINAL_HYPERREFLECTIVE_MATERIAL),
    ("vitreous_detachment", finding::POSTERIOR_VITREOUS_DETACHMENT),
];

/// The findings of outlines and classes, in caption order.
pub(crate) const FINDINGS: [&str; 8] = [
    finding::DRUSEN,
    finding::MNV,
    finding::LAMELLAR_HOLE,
    finding::VITREOMACULAR_TRACTION,
    finding::INTRARETINAL_FLUID,
    finding::SUBRETINAL_FLUID,
    finding::SUBRETINAL_HYPERREFLECTIVE_MATERIAL,
    finding::POSTERIOR_VITREOUS_DETACHMENT,
];

/// Reads `dir`, or the data set a little deeper in it.
///
/// # Errors
/// The list or the outlines cannot be read, or there is neither a list nor a folder of a class.
pub(crate) fn read(dir: &Path) -> Result<Dataset> {
    let list_in = |dir: &Path| locate::in_any_case(dir, LABELS).filter(|list| list.is_file());
    let classes = Class::ALL.map(Class::name).join(", ");
    let root = locate::root(dir, &format!("{LABELS} or one of the folders {classes}"), |dir| {
        list_in(dir).is_some() || has_class_folder(dir)
    })?;
    match list_in(&root) {
        Some(list) => read_list(&root, &list),
        None => read_folders(&root),
    }
}

fn has_class_folder(dir: &Path) -> bool {
    PARTS.iter().any(|part| Class::ALL.iter().any(|class| dir.join(part).join(class.name()).is_dir()))
}

fn read_list(root: &Path, list: &Path) -> Result<Dataset> {
    let outlines = read_outlines(root)?;
    let list = List::read(list)?;
    let columns = list.columns(["file", "label", "patient"], "that of Kermany's scans")?;
    let pictures = Pictures::below(root)?;
    let mut listed = Listed::of(&list.path);
    for row in list.rows {
        let read = row.cells.and_then(|cells| {
            let [file, label, number] = columns.map(|column| cells[column].as_str());
            let class = Class::from_name(label).ok_or_else(|| format!("label \"{label}\" is not known"))?;
            let patient = patient::patient(number)?;
            let picture = pictures.find(file, |_| false).map_err(|why| why.what(file))?;
            let boxes = outlines.get(&key(&picture.name)).map(|outlines| boxes(outlines)).transpose();
            let boxes = boxes.map_err(|what| format!("{file}: {what}"))?;
            Ok(record(picture.path.clone(), picture.name.clone(), patient, class, boxes))
        });
        match read {
            Ok(record) => listed.add(row.line, record),
            Err(what) => listed.problem(row.line, what),
        }
    }
    listed.finish(pictures.scans().count())
}

fn read_folders(root: &Path) -> Result<Dataset> {
    let mut dataset = Dataset::default();
    for picture in Pictures::below(root)?.scans() {
        let folders: Vec<&str> = picture.name.split('/').collect();
        let (part, class, file) = match folders[..] {
            [class, file] => ("", class, file),
            [part, class, file] => (part, class, file),
            _ => continue,
        };
        let is_part = PARTS.iter().any(|known| known.eq_ignore_ascii_case(part));
        let Some(class) = Class::from_name(class).filter(|_| is_part) else { continue };
        match patient_of(pictures::without_extension(file)) {
            Some(patient) => {
                dataset.records.push(record(picture.path.clone(), picture.name.clone(), patient, class, None));
            }
            None => {
                let what = "the name is not CLASS-patient-n".to_owned();
                dataset.problems.push(Problem { file: picture.path.clone(), line: None, what });
            }
        }
    }
    Ok(dataset)
}

/// What names of files are compared by.
fn key(name: &str) -> String {
    name.replace('\\', "/").to_lowercase().nfc().collect()
}

/// The patient of `CLASS-patient-n`.
fn patient_of(stem: &str) -> Option<String> {
    let mut parts = stem.split('-');
    let (class, patient, number) = (parts.next()?, parts.next()?, parts.next()?);
    let is_name = Class::from_name(class).is_some()
        && !patient.is_empty()
        && number.parse::<u32>().is_ok()
        && parts.next().is_none();
    is_name.then(|| patient.to_owned())
}

/// `boxes` are those around its outlines; none if the scan has not been outlined.
fn record(path: PathBuf, name: String, patient: String, class: Class, boxes: Option<Vec<LesionBox>>) -> Record {
    let is_shown = |f: &&str| {
        class.finding() == Some(*f) && (boxes.is_none() || *f == finding::MNV)
            || boxes.iter().flatten().any(|b| b.finding == *f)
    };
    let findings = FINDINGS.into_iter().filter(is_shown).map(str::to_owned).collect();
    Record {
        path,
        name,
        source: SourceKind::Kermany,
        patient,
        label: class.label().to_owned(),
        caption: Caption { label: Some(class.label().to_owned()), findings },
        annotated: if boxes.is_some() { class.annotated_with_outlines() } else { class.annotated().to_vec() },
        boxes: boxes.unwrap_or_default(),
    }
}

/// One outline, in pixels of the stored file.
#[derive(Deserialize)]
struct Outline {
    class: String,
    points: Vec<[f64; 2]>,
}

/// Outlines by [`key`] of the file; empty if there is no file of outlines.
fn read_outlines(dir: &Path) -> Result<HashMap<String, Vec<Outline>>> {
    let path = dir.join(OUTLINES);
    if !path.exists() {
        return Ok(HashMap::new());
    }
    let outlines: HashMap<String, Vec<Outline>> = read_json(&path)?;
    Ok(outlines.into_iter().map(|(name, outlines)| (key(&name), outlines)).collect())
}

/// The smallest box of whole pixels around each outline.
fn boxes(outlines: &[Outline]) -> Result<Vec<LesionBox>, String> {
    let of = |outline: &Outline| {
        let (_, finding) = OUTLINED
            .into_iter()
            .find(|(class, _)| *class == outline.class)
            .ok_or_else(|| format!("outline \"{}\" is not known", outline.class))?;
        let extent = |axis: usize| {
            let values = outline.points.iter().map(|p| p[axis]);
            let low = values.clone().fold(f64::INFINITY, f64::min);
            let high = values.fold(f64::NEG_INFINITY, f64::max);
            let is_inside = low >= 0. && high <= 65_535. && low < high;
            is_inside.then(|| (low.floor() as u32, (high.ceil() as u32).saturating_sub(1).max(low.floor() as u32)))
        };
        let ((xmin, xmax), (ymin, ymax)) =
            extent(0).zip(extent(1)).ok_or_else(|| format!("an outline of {} encloses nothing", outline.class))?;
        let corners = outline.points.iter().map(|p| p.map(|v| v as f32)).collect();
        Ok(LesionBox { finding, xmin, ymin, xmax, ymax, outline: corners })
    };
    outlines.iter().map(of).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::fs;

    use super::*;
    use crate::train::data::locate::tests::folder;

    fn by_name(dataset: &Dataset) -> BTreeMap<&str, &Record> {
        dataset.records.iter().map(|r| (r.name.as_str(), r)).collect()
    }

    #[test]
    fn a_scan_has_the_caption_of_its_class_and_an_outlined_one_that_of_its_lesions() {
        let files = ["CNV/CNV-1-1.jpg", "DRUSEN/DRUSEN-2-1.jpg", "NORMAL/NORMAL-3-1.jpg", "DME/DME-1-2.jpg"];
        let outlined = ["lesions/CNV/CNV-1-5.jpg", "lesions/DRUSEN/DRUSEN-2-5.jpg", "lesions/DME/DME-4-1.jpg"];
        let dir = folder(&[files.as_slice(), outlined.as_slice()].concat());
        let row = |file: &&str| {
            let stem = file.rsplit('/').next().unwrap();
            let mut parts = stem.split('-');
            format!("{file},{},{},Spectralis,1,1,no\n", parts.next().unwrap(), parts.next().unwrap())
        };
        let rows: String = files.iter().chain(&outlined).map(row).collect();
        fs::write(dir.path().join(LABELS), format!("file,label,patient,device,width,height,has_lesions\n{rows}"))
            .unwrap();
        let outlines = r#"{"lesions/CNV/CNV-1-5.jpg": [
            {"class": "neuroepithelium_detachment", "points": [[10.5, 20.2], [30.0, 22.0], [12.0, 40.7]]},
            {"class": "retinal_drusen", "points": [[0.0, 0.0], [5.0, 0.0], [5.0, 6.0]]}],
            "lesions/DRUSEN/DRUSEN-2-5.jpg": [
            {"class": "intraretinal_cyst", "points": [[1.0, 1.0], [2.0, 2.0]]},
            {"class": "retinal_drusen", "points": [[1.0, 1.0], [2.0, 2.0]]}],
            "lesions/DME/DME-4-1.jpg": []}"#;
        fs::write(dir.path().join(OUTLINES), outlines).unwrap();
        let dataset = read(dir.path()).unwrap();
        assert!(dataset.problems.is_empty(), "{:?}", dataset.problems);
        let records = by_name(&dataset);
        let captions: Vec<(&str, String)> = records.iter().map(|(name, r)| (*name, r.caption.text())).collect();
        let expected = [
            ("CNV/CNV-1-1.jpg", "AMD, MNV"),
            ("DME/DME-1-2.jpg", "DME"),
            ("DRUSEN/DRUSEN-2-1.jpg", "AMD, drusen"),
            ("NORMAL/NORMAL-3-1.jpg", "healthy"),
            ("lesions/CNV/CNV-1-5.jpg", "AMD, drusen, MNV, subretinal fluid"),
            ("lesions/DME/DME-4-1.jpg", "DME"),
            ("lesions/DRUSEN/DRUSEN-2-5.jpg", "AMD, drusen, intraretinal fluid"),
        ];
        assert_eq!(captions, expected.map(|(name, caption)| (name, caption.to_owned())));
        let fluid = &records["lesions/CNV/CNV-1-5.jpg"].boxes[0];
        let edges = [fluid.xmin, fluid.ymin, fluid.xmax, fluid.ymax];
        assert_eq!((fluid.finding, edges), ("subretinal fluid", [10, 20, 29, 40]));
        assert!(fluid.covers(13, 25) && fluid.holds(28, 38) && !fluid.covers(28, 38), "a triangle");
        assert_eq!(records["CNV/CNV-1-1.jpg"].patient, records["DME/DME-1-2.jpg"].patient);
        // The class CNV says nothing about fluid; outlines do.
        assert!(!records["CNV/CNV-1-1.jpg"].annotated.contains(&"subretinal fluid"));
        assert!(records["lesions/DME/DME-4-1.jpg"].annotated.contains(&"subretinal fluid"));
    }

    #[test]
    fn the_published_folders_are_read_by_name() {
        let dir = folder(&[
            "train/CNV/CNV-103044-1.jpeg",
            "train/NORMAL/NORMAL-9053621-2.JPEG",
            "test/DRUSEN/DRUSEN-103044-4.jpeg",
            "test/DME/readme.txt",
            "val/DME/scan.jpeg",
        ]);
        let dataset = read(dir.path()).unwrap();
        let seen: BTreeMap<&str, (&str, &str)> =
            by_name(&dataset).into_iter().map(|(name, r)| (name, (r.patient.as_str(), r.label.as_str()))).collect();
        let expected = [
            ("test/DRUSEN/DRUSEN-103044-4.jpeg", ("103044", "AMD")),
            ("train/CNV/CNV-103044-1.jpeg", ("103044", "AMD")),
            ("train/NORMAL/NORMAL-9053621-2.JPEG", ("9053621", "healthy")),
        ];
        assert_eq!(seen, BTreeMap::from(expected));
        assert_eq!(dataset.problems.len(), 1);
        assert!(dataset.problems[0].to_string().contains("CLASS-patient-n"));
    }

    #[test]
    fn bad_rows_are_named_by_line() {
        let dir = folder(&["CNV/CNV-1-1.jpg", "CNV/CNV-1-2.jpg"]);
        let rows = "CNV/CNV-1-1.jpg,CNV,1\nCNV/gone.jpg,CNV,1\nCNV/CNV-1-2.jpg,XYZ,1\nCNV/CNV-1-2.jpg,CNV,\nshort\n";
        fs::write(dir.path().join(LABELS), format!("file,label,patient\n{rows}")).unwrap();
        let dataset = read(dir.path()).unwrap();
        assert_eq!(dataset.records.len(), 1);
        assert_eq!(dataset.problems.iter().map(|p| p.line).collect::<Vec<_>>(), [Some(3), Some(4), Some(5), Some(6)]);
    }

    #[test]
    fn an_unknown_or_empty_outline_leaves_its_scan_out() {
        let dir = folder(&["a.jpg", "b.jpg"]);
        fs::write(dir.path().join(LABELS), "file,label,patient\na.jpg,CNV,1\nb.jpg,CNV,1\n").unwrap();
        let outlines = r#"{"a.jpg": [{"class": "freckle", "points": [[0, 0], [1, 1]]}],
                           "b.jpg": [{"class": "retinal_drusen", "points": [[3, 3]]}]}"#;
        fs::write(dir.path().join(OUTLINES), outlines).unwrap();
        let dataset = read(dir.path()).unwrap();
        assert!(dataset.records.is_empty());
        assert!(dataset.problems[0].what.contains("freckle") && dataset.problems[1].what.contains("encloses nothing"));
    }

    #[test]
    fn a_folder_of_something_else_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        assert!(read(dir.path()).unwrap_err().to_string().contains("labels.csv"));
    }
}
