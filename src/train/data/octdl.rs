//! OCTDL (Kulyabin et al. 2024): `OCTDL_labels.csv` beside one folder per disease. The class word is the disease, the
//! findings come from subcategory and condition.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::list::List;
use super::listed::Listed;
use super::locate;
use super::patient::patient;
use super::pictures::{Picture, Pictures};
use super::record::{Dataset, Record, SourceKind};
use crate::caption::{Caption, Diagnosis, finding};
use crate::error::Result;

const LABELS: &str = "OCTDL_labels.csv";
/// The list's word for healthy.
const HEALTHY: &str = "NO";
const AMD: &str = "AMD";
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

/// The list's word for a disease, whatever its case; healthy eyes go by several words.
fn disease_of(word: &str) -> Option<&'static str> {
    let word = word.trim().to_uppercase();
    match word.as_str() {
        HEALTHY | "NORMAL" | "HEALTHY" => Some(HEALTHY),
        AMD => Some(AMD),
        other => OTHER_DISEASES.into_iter().find(|disease| *disease == other),
    }
}

/// The class word of a disease.
fn label(disease: &str) -> &str {
    match disease {
        HEALTHY => Diagnosis::Healthy.label(),
        AMD => Diagnosis::Amd.label(),
        other => other,
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
    let [subcategory, condition] = [subcategory, condition].map(|cell| cell.to_lowercase().replace([' ', '-'], "_"));
    Some(match (disease, subcategory.as_str(), condition.as_str()) {
        (HEALTHY, ..) | ("RAO", _, "none") | ("DME", _, "dme") => None,
        (AMD, _, "drusen") => Some(finding::DRUSEN),
        (AMD, _, "mnv_suspected") => Some(SUSPECTED_MNV),
        (AMD, _, "mnv") => Some(finding::MNV),
        // The list's KME is a cystoid macular edema, in its authors' language.
        (_, "kme", "me") => Some("cystoid macular edema"),
        (_, _, "me") => Some("macular edema"),
        (_, _, "dril") => Some("DRIL"),
        ("ERM", _, "erm") => Some("epiretinal membrane"),
        ("VID", "mh", _) => Some("macular hole"),
        ("VID", "lh", _) => Some(finding::LAMELLAR_HOLE),
        ("VID", "vmt", _) => Some(finding::VITREOMACULAR_TRACTION),
        _ => return None,
    })
}

/// Reads `dir`, or the folder of OCTDL a little deeper in it.
///
/// # Errors
/// The list is missing or has not OCTDL's columns, or calls one scan two things.
pub(crate) fn read(dir: &Path) -> Result<Dataset> {
    let list_in = |dir: &Path| locate::in_any_case(dir, LABELS).filter(|list| list.is_file());
    let root = locate::root(dir, &format!("{LABELS}, the list of OCTDL's folder"), |dir| list_in(dir).is_some())?;
    let list = List::read(&list_in(&root).unwrap_or_else(|| root.join(LABELS)))?;
    let columns = list.columns(["file_name", "disease", "subcategory", "condition", "patient_id"], "OCTDL's")?;
    let pictures = Pictures::below(&root)?;
    let mut listed = Listed::of(&list.path);
    let mut misplaced: Vec<(usize, Row)> = Vec::new();
    let mut copies: HashMap<(String, String), (PathBuf, String, usize)> = HashMap::new();
    for row in list.rows {
        let line = row.line;
        let read = row.cells.and_then(|cells| parse(columns.map(|column| cells[column].as_str()), &pictures));
        let row = match read {
            Ok(row) if row.is_in_place() => row,
            Ok(row) => {
                misplaced.push((line, row));
                continue;
            }
            Err(what) => {
                listed.problem(line, what);
                continue;
            }
        };
        let record = row.record;
        let scan = (row.scan, record.patient.clone());
        match copies.get(&scan) {
            // The list names a scan by its file's name: copies of it in two folders are no two scans.
            Some((path, name, first_line)) if *path != record.path && is_copy(path, &record.path) => {
                listed.conflict(format!("{name} in line {first_line} and {} in line {line} are one scan", record.name));
            }
            Some(_) => {}
            None => {
                copies.insert(scan, (record.path.clone(), record.name.clone(), line));
            }
        }
        listed.add(line, record);
    }
    for (line, Row { record, disease, folder, .. }) in misplaced {
        let folder = folder.unwrap_or_default();
        match listed.get(&record.path) {
            Some((first, first_line)) => {
                let name = &first.name;
                listed.conflict(format!("{name} is {folder} in line {first_line} and {disease} in line {line}"));
            }
            None => listed.problem(line, format!("image {} is in the folder of {folder}", record.name)),
        }
    }
    listed.finish(pictures.scans().count())
}

/// A row that names a picture.
struct Row {
    record: Record,
    /// The scan's name without its folder.
    scan: String,
    disease: &'static str,
    /// The disease of the folder that the picture is in, if it is one.
    folder: Option<&'static str>,
}

impl Row {
    fn is_in_place(&self) -> bool {
        self.folder.is_none_or(|folder| folder == self.disease)
    }
}

fn parse([name, disease, subcategory, condition, number]: [&str; 5], pictures: &Pictures) -> Result<Row, String> {
    let word = disease;
    let disease = disease_of(word).ok_or_else(|| format!("disease \"{word}\" is not known"))?;
    let finding = finding(disease, subcategory, condition)
        .ok_or_else(|| format!("condition \"{condition}\" of {disease} is not known"))?;
    if name.is_empty() {
        return Err("file_name is empty".to_owned());
    }
    let patient = patient(number)?;
    let folder = |picture: &Picture| picture.stem().rsplit('/').skip(1).find_map(disease_of);
    let picture = pictures.find(name, |picture| folder(picture) == Some(disease)).map_err(|why| {
        let has_folder = name.contains(['/', '\\']);
        why.what(&if has_folder { name.to_owned() } else { format!("{disease}/{name}") })
    })?;
    let folder = folder(picture);
    let mut parts: Vec<&str> = picture.stem().rsplit('/').take_while(|part| disease_of(part).is_none()).collect();
    parts.reverse();
    let scan = parts.join("/");
    let label = label(disease).to_owned();
    let record = Record {
        path: picture.path.clone(),
        name: format!("{disease}/{scan}"),
        source: SourceKind::Octdl,
        patient,
        caption: Caption { label: Some(label.clone()), findings: finding.map(str::to_owned).into_iter().collect() },
        label,
        annotated: annotated(finding),
        boxes: vec![],
    };
    Ok(Row { record, scan, disease, folder })
}

/// Whether two files are the same, byte by byte.
fn is_copy(a: &Path, b: &Path) -> bool {
    fs::read(a).ok().zip(fs::read(b).ok()).is_some_and(|(a, b)| a == b)
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

    /// A folder of files, each with its bytes, and the outcome of reading it.
    fn read_folder(files: &[(&str, &[u8])]) -> Result<Dataset> {
        let dir = tempfile::tempdir().unwrap();
        for (name, bytes) in files {
            let path = dir.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, bytes).unwrap();
        }
        read(dir.path())
    }

    const HEADER: &str = "file_name,disease,subcategory,condition,patient_id";
    const PICTURES: [(&str, &[u8]); 3] = [("AMD/a_1.jpg", b"a"), ("AMD/a_2.jpg", b"b"), ("NO/n_1.jpg", b"c")];

    /// The same folder, read with another list.
    fn read_list(list: &str) -> Result<Dataset> {
        read_folder(&[&PICTURES[..], &[(LABELS, list.as_bytes())]].concat())
    }

    /// Name, label and patient of each record.
    fn scans(dataset: &Dataset) -> Vec<String> {
        dataset.records.iter().map(|r| format!("{} {} {}", r.name, r.label, r.patient)).collect()
    }

    #[test]
    fn a_list_is_understood_however_a_spreadsheet_saves_it() {
        let rows = ["a_1,AMD,early,drusen,7", "a_2,AMD,late,MNV,7", "n_1,NO,emmetropia,NO,8"];
        let plain = [&[HEADER][..], &rows].concat().join("\n");
        let expected = ["AMD/a_1 AMD 7", "AMD/a_2 AMD 7", "NO/n_1 healthy 8"];
        for (kind, list) in [
            ("plain", plain.clone()),
            ("semicolons", plain.replace(',', ";")),
            ("tabs and a byte order mark", format!("\u{feff}{}", plain.replace(',', "\t"))),
            ("line ends of Windows", plain.replace('\n', "\r\n")),
            ("header in another case", plain.replace(HEADER, " File_Name,DISEASE ,Subcategory,condition,Patient ID")),
            ("an index column", plain.replace('\n', "\n0,").replacen("file_name", ",file_name", 1)),
            ("names with extension", plain.replace("_1,", "_1.jpg,").replace("_2,", "_2.JPG,")),
            ("names with folder", plain.replace("a_1", "AMD\\a_1").replace("n_1", "./no/n_1")),
            ("names in another case", plain.replace("a_", "A_")),
            ("diseases in another spelling", plain.replace(",AMD", ", amd ").replace(",NO,em", ",Normal,em")),
            ("conditions in another spelling", plain.replace("drusen", "Drusen").replace("MNV", "mnv")),
            ("formula cells", plain.replace("a_1", "\"=\"\"a_1\"\"\"").replace(",8", ",=\"8\"")),
            ("patients as floats", plain.replace("drusen,7", "drusen,7.0")),
            ("empty rows", plain.replace('\n', "\n,,,,\n\n")),
        ] {
            let dataset = read_list(&list).unwrap();
            assert_eq!(scans(&dataset), expected, "{kind}");
            assert!(dataset.problems.is_empty() && dataset.notes.is_empty(), "{kind}");
        }
    }

    #[test]
    fn pictures_are_found_whatever_their_extension_and_what_lies_beside_them() {
        let row = format!("{HEADER}\n\u{d658}\u{c790}_1,AMD,early,drusen,7\n-x,AMD,early,drusen,8\n");
        // The first name is decomposed on the disk, as a Mac stores it.
        let decomposed = "\u{1112}\u{116a}\u{11ab}\u{110c}\u{1161}_1";
        for extension in ["jpg", "JPG", "jpeg", "png", "tif", "TIFF", "bmp"] {
            let name = format!("OCTDL/data/AMD/{decomposed}.{extension}");
            let dataset = read_folder(&[
                ("OCTDL/data/octdl_labels.csv", row.as_bytes()),
                (&name, b""),
                ("OCTDL/data/AMD/-x.jpg", b""),
                ("OCTDL/data/AMD/._-x.jpg", b""),
                ("OCTDL/data/AMD/Thumbs.db", b""),
                ("OCTDL/data/~$OCTDL_labels.csv", b""),
                ("__MACOSX/OCTDL/data/OCTDL_labels.csv", b""),
                (".DS_Store", b""),
            ])
            .unwrap();
            assert_eq!(scans(&dataset), ["AMD/\u{d658}\u{c790}_1 AMD 7", "AMD/-x AMD 8"], "{extension}");
            assert!(dataset.notes.is_empty(), "{:?}", dataset.notes);
        }
    }

    #[test]
    fn a_row_twice_counts_once_and_what_is_not_listed_is_counted() {
        let row = "a_1,AMD,early,drusen,7";
        let dataset = read_list(&format!("{HEADER}\n{row}\n{row}.0\n")).unwrap();
        assert_eq!(scans(&dataset), ["AMD/a_1 AMD 7"]);
        assert!(
            dataset.notes[0].contains("1 rows repeat") && dataset.notes[1].contains("2 of 3 pictures"),
            "{:?}",
            dataset.notes
        );
    }

    #[test]
    fn a_scan_that_is_listed_as_two_things_is_an_error_that_names_both_lines() {
        for (other, reason) in [
            ("a_1,NO,emmetropia,NO,7", "AMD/a_1 is AMD in line 2 and NO in line 3"),
            (
                "AMD/a_1.jpg,AMD,late,MNV,7",
                "\"AMD, drusen\" of patient 7 in line 2 and \"AMD, MNV\" of patient 7 in line 3",
            ),
            ("a_1,AMD,early,drusen,8", "of patient 7 in line 2 and \"AMD, drusen\" of patient 8 in line 3"),
        ] {
            let refused = read_list(&format!("{HEADER}\na_1,AMD,early,drusen,7\n{other}\n")).unwrap_err().to_string();
            assert!(refused.contains("contradicts itself") && refused.contains(reason), "{refused}");
        }
        let list = format!("{HEADER}\na_1,AMD,early,drusen,7\na_1,NO,emmetropia,NO,7\n");
        let with_copy =
            |bytes: &'static [u8]| read_folder(&[PICTURES[0], ("NO/a_1.jpg", bytes), (LABELS, list.as_bytes())]);
        let refused = with_copy(b"a").unwrap_err().to_string();
        assert!(refused.contains("AMD/a_1 in line 2 and NO/a_1 in line 3 are one scan"), "{refused}");
        assert_eq!(with_copy(b"another scan").unwrap().records.len(), 2);
    }

    #[test]
    fn rows_that_cannot_be_used_say_why() {
        let list = "../../a_1,AMD,early,drusen,7\nn_1,AMD,early,drusen,7\na_2,AMD,early,drusen,\na_2,wet AMD,x,y,7\n\
                    a_1,AMD,early,drusen,7\na_2,AMD,early,drusen,1.1E+09\n";
        let dataset = read_list(&format!("{HEADER}\n{list}")).unwrap();
        assert_eq!(scans(&dataset), ["AMD/a_1 AMD 7"]);
        let expected = [
            "outside of the folder",
            "image AMD/n_1 is in the folder of NO",
            "patient is missing",
            "\"wet AMD\" is not known",
            "lost digits",
        ];
        assert_eq!(dataset.problems.len(), expected.len());
        for (problem, expected) in dataset.problems.iter().zip(expected) {
            assert!(problem.what.contains(expected), "{problem}");
        }
    }

    #[test]
    fn a_list_of_another_name_or_without_patients_is_refused() {
        let list = format!("{HEADER}\na_1,AMD,early,drusen,7\n");
        let renamed = read_folder(&[PICTURES[0], ("OCTDL_labels (1).csv", list.as_bytes())]).unwrap_err().to_string();
        assert!(renamed.contains(LABELS) && renamed.contains("there is OCTDL_labels (1).csv"), "{renamed}");
        let without = read_list(&list.replace(",patient_id", "").replace(",7", "")).unwrap_err().to_string();
        assert!(without.contains("no column patient_id"), "{without}");
    }

    #[test]
    fn a_folder_without_the_list_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        assert!(read(dir.path()).unwrap_err().to_string().contains("OCTDL's folder"));
    }
}
