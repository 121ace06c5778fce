//! OCTDL (Kulyabin et al. 2024): `OCTDL_labels.csv` beside one folder per disease. The class word is the disease, the
//! findings come from subcategory and condition.

use std::fs;
use std::path::{Path, PathBuf};

use super::csv_line::csv_line;
use super::record::{Dataset, Problem, Record, SourceKind};
use crate::caption::{Caption, Diagnosis, finding};
use crate::error::{Error, Result};

const LABELS: &str = "OCTDL_labels.csv";
/// The list's word for healthy.
const HEALTHY: &str = "NO";
/// The other diseases than AMD: diabetic macular edema, epiretinal membrane, retinal artery and vein occlusion,
/// vitreomacular interface disease.
const OTHER_DISEASES: [&str; 5] = ["DME", "ERM", "RAO", "RVO", "VID"];

const SUSPECTED_MNV: &str = "suspected MNV";
/// The conditions of AMD as findings, from early to late.
pub(crate) const AMD_FINDINGS: [&str; 3] = [finding::DRUSEN, SUSPECTED_MNV, finding::MNV];
/// The findings of other diseases. DRIL: disorganisation of the retinal inner layers.
pub(crate) const OTHER_FINDINGS: [&str; 7] = [
    "macular edema",
    "cystoid macular edema",
    "DRIL",
    "epiretinal membrane",
    "macular hole",
    finding::LAMELLAR_HOLE,
    finding::VITREOMACULAR_TRACTION,
];

/// The class word of a disease.
fn label(disease: &str) -> Option<&str> {
    match disease {
        HEALTHY => Some(Diagnosis::Healthy.label()),
        "AMD" => Some(Diagnosis::Amd.label()),
        other => OTHER_DISEASES.contains(&other).then_some(other),
    }
}

/// The findings that the list annotates on a scan of which it names `finding`. It names one condition of AMD, the latest:
/// a scan with a neovascularisation may show drusen too.
fn annotated(finding: Option<&str>) -> Vec<&'static str> {
    let is_late = finding.is_some_and(|f| AMD_FINDINGS[1..].contains(&f));
    AMD_FINDINGS[usize::from(is_late)..].iter().chain(&OTHER_FINDINGS).copied().collect()
}

/// The finding of a row beyond its disease, `Some(None)` if there is none; `None` if the row is not known.
fn finding(disease: &str, subcategory: &str, condition: &str) -> Option<Option<&'static str>> {
    Some(match (disease, subcategory, condition) {
        (HEALTHY, ..) | ("RAO", _, "none") | ("DME", _, "DME") => None,
        ("AMD", _, "drusen") => Some(finding::DRUSEN),
        ("AMD", _, "MNV_suspected") => Some(SUSPECTED_MNV),
        ("AMD", _, "MNV") => Some(finding::MNV),
        // The list's KME is a cystoid macular edema, in its authors' language.
        (_, "KME", "ME") => Some("cystoid macular edema"),
        (_, _, "ME") => Some("macular edema"),
        (_, _, "DRIL") => Some("DRIL"),
        ("ERM", _, "ERM") => Some("epiretinal membrane"),
        ("VID", "MH", _) => Some("macular hole"),
        ("VID", "LH", _) => Some(finding::LAMELLAR_HOLE),
        ("VID", "VMT", _) => Some(finding::VITREOMACULAR_TRACTION),
        _ => return None,
    })
}

/// Reads `dir`.
///
/// # Errors
/// The list is missing or has not OCTDL's columns.
pub(crate) fn read(dir: &Path) -> Result<Dataset> {
    let list = dir.join(LABELS);
    let bytes = fs::read(&list).map_err(|e| {
        Error::data(format!("{} cannot be read: name OCTDL's folder, which holds it", list.display())).because(e)
    })?;
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(bytes.as_slice());
    let header = reader.headers().map_err(|e| Error::data(list.display().to_string()).because(e))?.clone();
    let column = |name: &str| {
        header
            .iter()
            .position(|h| h.trim() == name)
            .ok_or_else(|| Error::data(format!("{} has no column {name}: is it OCTDL's?", list.display())))
    };
    let [file_name, disease, subcategory, condition, patient] =
        [column("file_name")?, column("disease")?, column("subcategory")?, column("condition")?, column("patient_id")?];
    let mut dataset = Dataset::default();
    for row in reader.records() {
        let line = csv_line(&bytes, &row);
        let mut problem = |what: String| dataset.problems.push(Problem { file: list.clone(), line, what });
        let row = match row {
            Ok(row) if row.len() == header.len() => row,
            Ok(row) => {
                problem(format!("{} columns, the header has {}", row.len(), header.len()));
                continue;
            }
            Err(e) => {
                problem(e.to_string());
                continue;
            }
        };
        let [name, disease, subcategory, condition] =
            [file_name, disease, subcategory, condition].map(|column| row[column].trim());
        let Some(label) = label(disease) else {
            problem(format!("disease {disease} is not known"));
            continue;
        };
        let Some(finding) = finding(disease, subcategory, condition) else {
            problem(format!("condition {condition} of {disease} is not known"));
            continue;
        };
        let Some(path) = image(dir, disease, name) else {
            problem(format!("image {disease}/{name} is missing"));
            continue;
        };
        if row[patient].trim().is_empty() {
            problem(format!("{name} has no patient"));
            continue;
        }
        dataset.records.push(Record {
            path,
            name: format!("{disease}/{name}"),
            source: SourceKind::Octdl,
            patient: row[patient].trim().to_owned(),
            caption: Caption {
                label: Some(label.to_owned()),
                findings: finding.map(str::to_owned).into_iter().collect(),
            },
            label: label.to_owned(),
            annotated: annotated(finding),
            boxes: vec![],
        });
    }
    Ok(dataset)
}

fn image(dir: &Path, disease: &str, name: &str) -> Option<PathBuf> {
    ["jpg", "jpeg", "png"].iter().map(|ext| dir.join(disease).join(format!("{name}.{ext}"))).find(|p| p.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(rows: &str) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("AMD")).unwrap();
        fs::create_dir(dir.path().join("NO")).unwrap();
        fs::create_dir(dir.path().join("VID")).unwrap();
        for file in ["AMD/a_1.jpg", "AMD/a_2.png", "NO/n_1.jpg", "VID/v_1.jpg"] {
            fs::write(dir.path().join(file), b"").unwrap();
        }
        let header = "file_name,disease,subcategory,condition,patient_id,eye,sex,year,image_width,image_hight\n";
        fs::write(dir.path().join(LABELS), format!("{header}{rows}")).unwrap();
        dir
    }

    #[test]
    fn captions_come_from_disease_subcategory_and_condition() {
        let dir = folder(
            "a_1,AMD,early,drusen,7,0,0,0,1,1\na_2,AMD,late,MNV_suspected,7,0,0,0,1,1\n\
             n_1,NO,emmetropia,NO,8,0,0,0,1,1\nv_1,VID,LH,MH,9,0,0,0,1,1\n",
        );
        let dataset = read(dir.path()).unwrap();
        let captions: Vec<String> = dataset.records.iter().map(|r| r.caption.text()).collect();
        assert_eq!(captions, ["AMD, drusen", "AMD, suspected MNV", "healthy", "VID, lamellar hole"]);
        assert!(dataset.problems.is_empty());
    }

    #[test]
    fn the_latest_condition_leaves_earlier_ones_unknown() {
        assert!(annotated(Some("drusen")).contains(&"MNV"));
        assert!(!annotated(Some("MNV")).contains(&"drusen"));
        assert!(annotated(Some("macular edema")).contains(&"drusen"));
    }

    #[test]
    fn bad_rows_are_named_by_line() {
        let dir = folder(
            "a_1,AMD,early,drusen,7,0,0,0,1,1\ngone,AMD,late,MNV,7,0,0,0,1,1\nshort,AMD\n\
             a_2,AMD,late,what,7,0,0,0,1,1\nx_1,XYZ,none,none,7,0,0,0,1,1\n",
        );
        let dataset = read(dir.path()).unwrap();
        assert_eq!(dataset.records.len(), 1);
        let lines: Vec<_> = dataset.problems.iter().map(|p| p.line).collect();
        assert_eq!(lines, [Some(3), Some(4), Some(5), Some(6)]);
        assert!(dataset.problems[0].to_string().contains("OCTDL_labels.csv:3: image AMD/gone is missing"));
    }

    #[test]
    fn a_folder_without_the_list_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        assert!(read(dir.path()).unwrap_err().to_string().contains("OCTDL's folder"));
    }
}
