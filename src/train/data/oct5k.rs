//! OCT5k (Arikan et al. 2023): images under `Images/Images_Original`, boxes in `Detection/all_bounding_boxes.csv`.
//!
//! Healthy: `Normal Part1`, `Normal Part2`. AMD: images of `AMD Part1`, `AMD Part2` and `DRUSEN` that have a box; without
//! one, the caption would name no lesion, like a healthy one. `train phantom` writes this layout too, by the names here.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::{Path, PathBuf};

use super::csv_line::csv_line;
use super::lesion_box::LesionBox;
use super::record::{Dataset, Problem, Record, SourceKind};
use crate::caption::{self, Diagnosis, Lesion};
use crate::error::{Error, Result};

/// The folder of the images.
pub(crate) const IMAGES: &str = "Images/Images_Original";
/// The file of the boxes.
pub(crate) const BOXES: &str = "Detection/all_bounding_boxes.csv";
/// The first row of that file; the first column is a row number.
pub(crate) const BOX_COLUMNS: [&str; 7] = ["", "image", "xmin", "ymin", "xmax", "ymax", "class"];
/// The file that numbers the lesions.
pub(crate) const CLASSES: &str = "Detection/all_classes.csv";
/// What the image folders of healthy and of diseased eyes are called, before their number.
const HEALTHY_PART: &str = "Normal Part";
const AMD_PART: &str = "AMD Part";
/// The folder of further diseased eyes, whose images are not in a folder by eye.
const DRUSEN_PART: &str = "DRUSEN";
/// Boxes of the same lesion whose intersection over union reaches this are one box, drawn twice.
const SAME_BOX_IOU: f64 = 0.9;

/// Reads `dir`.
///
/// # Errors
/// The image folder or the box file is missing.
pub(crate) fn read(dir: &Path, source: SourceKind) -> Result<Dataset> {
    let root = dir.join(IMAGES);
    let mut images = Vec::new();
    collect(&root, &mut images).map_err(|e| {
        Error::data(format!("{} cannot be listed: name the folder that holds Images and Detection", root.display()))
            .because(e)
    })?;
    // The box file says .png where the disk says .PNG.
    let by_name: HashMap<String, PathBuf> =
        images.into_iter().map(|path| (key(&relative(&root, &path)), path)).collect();
    let mut dataset = Dataset::default();
    let boxes = read_boxes(&dir.join(BOXES), &by_name, &mut dataset.problems)?;
    for (key, path) in &by_name {
        let name = relative(&root, path);
        let boxes = boxes.get(key).cloned().unwrap_or_default();
        let diagnosis = if is_in(&name, HEALTHY_PART) {
            Diagnosis::Healthy
        } else if (is_in(&name, AMD_PART) || is_in(&name, DRUSEN_PART)) && !boxes.is_empty() {
            Diagnosis::Amd
        } else {
            continue;
        };
        let boxes = if diagnosis == Diagnosis::Healthy { vec![] } else { boxes };
        dataset.records.push(Record {
            path: path.clone(),
            patient: patient(&name),
            name,
            source,
            label: diagnosis.label().to_owned(),
            caption: caption::from_boxes(diagnosis, boxes.iter().filter_map(|b| Lesion::from_phrase(b.finding))),
            annotated: Lesion::ALL.map(Lesion::phrase).to_vec(),
            boxes,
        });
    }
    dataset.problems.sort_by_key(|p| p.line);
    Ok(dataset)
}

/// The name of an image below [`IMAGES`], as the box file has it: `AMD Part1/AMD (3)/Image (1).png`. Eyes and images count
/// from 1.
pub(crate) fn image_name(diagnosis: Diagnosis, eye: u64, image: u64) -> String {
    let (part, name) = match diagnosis {
        Diagnosis::Amd => (AMD_PART, "AMD"),
        Diagnosis::Healthy => (HEALTHY_PART, "Normal"),
    };
    format!("{part}1/{name} ({eye})/Image ({image}).png")
}

/// Whether the image `name` lies in a folder whose name begins with `part`, in any case.
fn is_in(name: &str, part: &str) -> bool {
    name.get(..part.len()).is_some_and(|start| start.eq_ignore_ascii_case(part))
}

/// Every picture below `dir`, however deep: eye folders named `<name>.E2E` hold folders of dates.
fn collect(dir: &Path, images: &mut Vec<PathBuf>) -> std::io::Result<()> {
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, images)?;
        } else if path.extension().is_some_and(|e| e.eq_ignore_ascii_case("png")) {
            images.push(path);
        }
    }
    Ok(())
}

fn relative(root: &Path, path: &Path) -> String {
    let parts = path.strip_prefix(root).unwrap_or(path).components();
    parts.map(|c| c.as_os_str().to_string_lossy()).collect::<Vec<_>>().join("/")
}

fn key(name: &str) -> String {
    name.trim().replace('\\', "/").to_ascii_lowercase()
}

/// The eye: the folder below the part, or the patient in `DRUSEN-<patient>-<n>.png`. One eye may have images in both
/// parts, so the part is left out: `AMD Part1/AMD (3)` and `AMD Part2/AMD (3)` are kept together, to be safe.
fn patient(name: &str) -> String {
    let mut parts = name.split('/');
    let (part, next) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    if is_in(part, DRUSEN_PART) {
        let stem = name.rsplit('/').next().unwrap_or(name);
        return stem.split('-').take(2).collect::<Vec<_>>().join("-");
    }
    next.trim_end_matches(".E2E").to_owned()
}

fn read_boxes(
    list: &Path,
    images: &HashMap<String, PathBuf>,
    problems: &mut Vec<Problem>,
) -> Result<BTreeMap<String, Vec<LesionBox>>> {
    let bytes = fs::read(list).map_err(|e| Error::data(format!("{} cannot be read", list.display())).because(e))?;
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(bytes.as_slice());
    let mut boxes: BTreeMap<String, Vec<LesionBox>> = BTreeMap::new();
    for row in reader.records() {
        let line = csv_line(&bytes, &row);
        let read = row.map_err(|e| e.to_string()).and_then(|row| parse(&row));
        let (name, found) = match read {
            Ok(read) => read,
            Err(what) => {
                problems.push(Problem { file: list.to_owned(), line, what });
                continue;
            }
        };
        let key = key(&name);
        if !images.contains_key(&key) {
            let what = format!("image {name} is missing");
            problems.push(Problem { file: list.to_owned(), line, what });
            continue;
        }
        let known = boxes.entry(key).or_default();
        if !known.iter().any(|b| b.finding == found.finding && iou(b, &found) >= SAME_BOX_IOU) {
            known.push(found);
        }
    }
    Ok(boxes)
}

/// One row of [`BOX_COLUMNS`].
fn parse(row: &csv::StringRecord) -> Result<(String, LesionBox), String> {
    let [_, image, xmin, ymin, xmax, ymax, class] = row.iter().collect::<Vec<_>>()[..] else {
        return Err(format!("{} columns, not {}", row.len(), BOX_COLUMNS.len()));
    };
    let number = |what: &str, text: &str| {
        let value = text.trim().parse::<f64>().ok().filter(|v| (0. ..=65_535.).contains(v));
        value.map(|v| v.round() as u32).ok_or_else(|| format!("{what} is \"{text}\", not a pixel"))
    };
    let lesion =
        Lesion::from_oct5k_name(class).ok_or_else(|| format!("class \"{class}\" is not one of OCT5k's nine"))?;
    let found = LesionBox {
        finding: lesion.phrase(),
        xmin: number("xmin", xmin)?,
        ymin: number("ymin", ymin)?,
        xmax: number("xmax", xmax)?,
        ymax: number("ymax", ymax)?,
    };
    if found.xmin >= found.xmax || found.ymin >= found.ymax {
        return Err(format!("the box {xmin},{ymin},{xmax},{ymax} is empty"));
    }
    Ok((image.to_owned(), found))
}

fn iou(a: &LesionBox, b: &LesionBox) -> f64 {
    let side = |low: u32, high: u32| f64::from((high + 1).saturating_sub(low));
    let area = |b: &LesionBox| side(b.xmin, b.xmax) * side(b.ymin, b.ymax);
    let shared = side(a.xmin.max(b.xmin), a.xmax.min(b.xmax)) * side(a.ymin.max(b.ymin), a.ymax.min(b.ymax));
    shared / (area(a) + area(b) - shared)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(images: &[&str], rows: &str) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        for image in images {
            let path = dir.path().join(IMAGES).join(image);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, b"").unwrap();
        }
        fs::create_dir_all(dir.path().join("Detection")).unwrap();
        fs::write(dir.path().join(BOXES), format!("{}\n{rows}", BOX_COLUMNS.join(","))).unwrap();
        dir
    }

    #[test]
    fn boxes_find_their_image_whatever_its_case_and_depth() {
        let dir = folder(
            &[
                "AMD Part1/AMD (3)/Image (14).PNG",
                "AMD Part2/x.E2E/2019-01-02/Image (1).png",
                "DRUSEN/DRUSEN-77-4.png",
                "Normal Part1/Normal (1)/Image (1).png",
                "AMD Part1/AMD (4)/Image (1).png",
            ],
            "0,AMD Part1/AMD (3)/Image (14).png,456,257,511,280,PRlayerdisruption\n\
             1,AMD Part1/AMD (3)/Image (14).png,308,297,340,309,Harddrusen\n\
             2,AMD Part2/x.E2E/2019-01-02/Image (1).png,1,2,30,40,Fluid\n\
             3,DRUSEN/DRUSEN-77-4.png,1,2,30,40,Softdrusen\n",
        );
        let mut dataset = read(dir.path(), SourceKind::Oct5k).unwrap();
        dataset.records.sort_by(|a, b| a.name.cmp(&b.name));
        let seen: Vec<_> = dataset.records.iter().map(|r| (r.patient.as_str(), r.caption.text())).collect();
        let expected = [
            ("AMD (3)", "AMD, hard drusen, PR layer disruption"),
            ("x", "AMD, fluid"),
            ("DRUSEN-77", "AMD, soft drusen"),
            ("Normal (1)", "healthy"),
        ];
        assert_eq!(seen, expected.map(|(p, c)| (p, c.to_owned())));
        assert!(dataset.problems.is_empty(), "{:?}", dataset.problems);
    }

    #[test]
    fn near_duplicates_become_one_box() {
        let dir = folder(
            &["AMD Part1/AMD (3)/Image (1).png"],
            "0,AMD Part1/AMD (3)/Image (1).png,100,100,200,200,Fluid\n\
             1,AMD Part1/AMD (3)/Image (1).png,101,100,200,201,Fluid\n\
             2,AMD Part1/AMD (3)/Image (1).png,101,100,200,201,Softdrusen\n\
             3,AMD Part1/AMD (3)/Image (1).png,150,100,250,200,Fluid\n",
        );
        assert_eq!(read(dir.path(), SourceKind::Oct5k).unwrap().records[0].boxes.len(), 3);
    }

    #[test]
    fn bad_rows_are_named_by_line_and_the_rest_is_used() {
        let dir = folder(
            &["AMD Part1/AMD (3)/Image (1).png"],
            "0,AMD Part1/AMD (3)/Image (1).png,a,100,200,200,Fluid\n\
             1,AMD Part1/AMD (9)/Image (1).png,100,100,200,200,Fluid\n\
             2,AMD Part1/AMD (3)/Image (1).png,200,100,100,200,Fluid\n\
             3,AMD Part1/AMD (3)/Image (1).png,100,100,200,200,Cyst\n\
             4,AMD Part1/AMD (3)/Image (1).png,100,100\n\
             5,AMD Part1/AMD (3)/Image (1).png,100,100,200,200,Fluid\n",
        );
        let dataset = read(dir.path(), SourceKind::Oct5k).unwrap();
        assert_eq!(dataset.records.len(), 1);
        let lines: Vec<_> = dataset.problems.iter().filter_map(|p| p.line).collect();
        assert_eq!(lines, [2, 3, 4, 5, 6]);
    }
}
