//! OCTDL (Kulyabin et al. 2024): `OCTDL_labels.csv` beside one folder per disease. Scans of AMD and of healthy eyes are
//! used; the caption comes from the condition.

use std::path::{Path, PathBuf};

use super::dataset::{Dataset, Problem, Record, SourceKind};
use crate::caption::{Caption, Diagnosis};
use crate::error::{Error, Result};

const LABELS: &str = "OCTDL_labels.csv";

/// The conditions of AMD as findings, from early to late.
pub const FINDINGS: [&str; 3] = ["drusen", "suspected MNV", "MNV"];

fn finding(condition: &str) -> Option<&'static str> {
    match condition {
        "drusen" => Some(FINDINGS[0]),
        "MNV_suspected" => Some(FINDINGS[1]),
        "MNV" => Some(FINDINGS[2]),
        _ => None,
    }
}

/// Reads `dir`.
///
/// # Errors
/// The list is missing or has not OCTDL's columns.
pub fn read(dir: &Path) -> Result<Dataset> {
    let list = dir.join(LABELS);
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_path(&list).map_err(|e| {
        Error::data(format!("{} cannot be read: name OCTDL's folder, which holds it", list.display())).because(e)
    })?;
    let header = reader.headers().map_err(|e| Error::data(list.display().to_string()).because(e))?.clone();
    let column = |name: &str| {
        header
            .iter()
            .position(|h| h.trim() == name)
            .ok_or_else(|| Error::data(format!("{} has no column {name}: is it OCTDL's?", list.display())))
    };
    let [file_name, disease, condition, patient] =
        [column("file_name")?, column("disease")?, column("condition")?, column("patient_id")?];
    let mut dataset = Dataset::default();
    for (i, row) in reader.records().enumerate() {
        let line = Some(row.as_ref().ok().and_then(|r| r.position().map(|p| p.line() as usize)).unwrap_or(i + 2));
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
        let (name, disease, condition) = (row[file_name].trim(), row[disease].trim(), row[condition].trim());
        let (diagnosis, findings) = match (disease, finding(condition)) {
            ("NO", _) => (Diagnosis::Healthy, vec![]),
            ("AMD", Some(finding)) => (Diagnosis::Amd, vec![finding.to_owned()]),
            ("AMD", None) => {
                problem(format!("condition {condition} of AMD is not known"));
                continue;
            }
            // The other diseases are no problem: they are not asked about.
            _ => continue,
        };
        let Some(path) = image(dir, disease, name) else {
            problem(format!("image {disease}/{name} is missing"));
            continue;
        };
        if row[patient].trim().is_empty() {
            problem(format!("{name} has no patient"));
            continue;
        }
        let label = diagnosis.label().to_owned();
        dataset.records.push(Record {
            path,
            name: format!("{disease}/{name}"),
            source: SourceKind::Octdl,
            patient: row[patient].trim().to_owned(),
            caption: Caption { label: Some(label.clone()), findings },
            label,
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
    use std::fs;

    use super::*;

    fn folder(rows: &str) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("AMD")).unwrap();
        fs::create_dir(dir.path().join("NO")).unwrap();
        for file in ["AMD/a_1.jpg", "AMD/a_2.png", "NO/n_1.jpg"] {
            fs::write(dir.path().join(file), b"").unwrap();
        }
        let header = "file_name,disease,subcategory,condition,patient_id,eye,sex,year,image_width,image_hight\n";
        fs::write(dir.path().join(LABELS), format!("{header}{rows}")).unwrap();
        dir
    }

    #[test]
    fn amd_and_healthy_scans_get_captions_from_their_condition() {
        let dir = folder(
            "a_1,AMD,early,drusen,7,0,0,0,1,1\na_2,AMD,late,MNV_suspected,7,0,0,0,1,1\n\
             n_1,NO,emmetropia,NO,8,0,0,0,1,1\nd_1,DME,none,ME,9,0,0,0,1,1\n",
        );
        let dataset = read(dir.path()).unwrap();
        let captions: Vec<String> = dataset.records.iter().map(|r| r.caption.text()).collect();
        assert_eq!(captions, ["AMD, drusen", "AMD, suspected MNV", "healthy"]);
        assert!(dataset.problems.is_empty());
    }

    #[test]
    fn bad_rows_are_named_by_line() {
        let dir = folder(
            "a_1,AMD,early,drusen,7,0,0,0,1,1\ngone,AMD,late,MNV,7,0,0,0,1,1\nshort,AMD\n\
             a_2,AMD,late,what,7,0,0,0,1,1\n",
        );
        let dataset = read(dir.path()).unwrap();
        assert_eq!(dataset.records.len(), 1);
        let lines: Vec<_> = dataset.problems.iter().map(|p| p.line).collect();
        assert_eq!(lines, [Some(3), Some(4), Some(5)]);
        assert!(dataset.problems[0].to_string().contains("OCTDL_labels.csv:3: image AMD/gone is missing"));
    }

    #[test]
    fn a_folder_without_the_list_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        assert!(read(dir.path()).unwrap_err().to_string().contains("OCTDL's folder"));
    }
}
