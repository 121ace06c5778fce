//! OCT5k (Arikan et al. 2023): images under `Images/Images_Original`, boxes in `Detection/all_bounding_boxes.csv`.
//!
//! Healthy: `Normal Part1`, `Normal Part2`. AMD: images of `AMD Part1`, `AMD Part2` and `DRUSEN` that have a box; without
//! one, the caption would name no lesion, like a healthy one. `train phantom` writes this layout too, by the names here.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use super::lesion_box::LesionBox;
use super::list::List;
use super::locate;
use super::pictures::Pictures;
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

/// Reads `dir`, or the folder of OCT5k a little deeper in it.
///
/// # Errors
/// The image folder or the box file is missing, or the box file has not OCT5k's columns.
pub(crate) fn read(dir: &Path, source: SourceKind) -> Result<Dataset> {
    let what = format!("{IMAGES}, the images of OCT5k's layout");
    let images = |dir: &Path| locate::in_any_case(dir, IMAGES).filter(|images| images.is_dir());
    let root = locate::root(dir, &what, |dir| images(dir).is_some())?;
    let pictures = Pictures::below(&images(&root).unwrap_or_else(|| root.join(IMAGES)))?;
    let list = locate::in_any_case(&root, BOXES).ok_or_else(|| {
        let there = locate::tables(&root).join(", ");
        let there = if there.is_empty() { String::new() } else { format!("; there is {there}: rename the list") };
        Error::data(format!("{} does not hold {BOXES}, the boxes of OCT5k's layout{there}", root.display()))
    })?;
    let mut dataset = Dataset::default();
    let Boxes { by_image, unclear } = read_boxes(&list, &pictures, &mut dataset.problems)?;
    let (mut n_without_box, mut n_elsewhere) = (0, 0);
    for picture in pictures.scans() {
        let name = picture.name.clone();
        let boxes = by_image.get(&name).cloned().unwrap_or_default();
        let is_amd = is_in(&name, AMD_PART) || is_in(&name, DRUSEN_PART);
        let diagnosis = if is_in(&name, HEALTHY_PART) {
            Diagnosis::Healthy
        } else if is_amd && !boxes.is_empty() && !unclear.contains(&name) {
            Diagnosis::Amd
        } else {
            n_without_box += usize::from(is_amd && boxes.is_empty() && !unclear.contains(&name));
            n_elsewhere += usize::from(!is_amd);
            continue;
        };
        let boxes = if diagnosis == Diagnosis::Healthy { vec![] } else { boxes };
        dataset.records.push(Record {
            path: picture.path.clone(),
            patient: patient(&name),
            name,
            source,
            label: diagnosis.label().to_owned(),
            caption: caption::from_boxes(diagnosis, boxes.iter().filter_map(|b| Lesion::from_phrase(b.finding))),
            annotated: Lesion::ALL.map(Lesion::phrase).to_vec(),
            boxes,
        });
    }
    for (n, why) in [(n_without_box, "of AMD or drusen have no usable box"), (n_elsewhere, "are in none of the parts")]
    {
        if n > 0 {
            dataset.notes.push(format!("{}: {n} pictures {why}, and are left out", root.display()));
        }
    }
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

/// What the box file says of pictures, by their names.
#[derive(Default)]
struct Boxes {
    by_image: HashMap<String, Vec<LesionBox>>,
    /// Pictures with a lesion that is not understood: what else they show is not all that they show.
    unclear: HashSet<String>,
}

/// Why a row is no box.
enum BadRow {
    /// It has no place.
    NoBox(String),
    /// Its lesion is not known.
    UnknownLesion(String),
}

fn read_boxes(list: &Path, pictures: &Pictures, problems: &mut Vec<Problem>) -> Result<Boxes> {
    let list = List::read(list)?;
    let [image, class] = list.columns(["image", "class"], "OCT5k's")?;
    let edges = list.columns(["xmin", "ymin", "xmax", "ymax"], "OCT5k's")?;
    let mut boxes = Boxes::default();
    for row in &list.rows {
        let mut problem = |what: String| problems.push(Problem { file: list.path.clone(), line: Some(row.line), what });
        let cells = match &row.cells {
            Ok(cells) => cells,
            Err(what) => {
                problem(what.clone());
                continue;
            }
        };
        let name = match pictures.find(below_images(&cells[image]), |_| false) {
            Ok(picture) => picture.name.clone(),
            Err(why) => {
                problem(why.what(&cells[image]));
                continue;
            }
        };
        match parse(&cells[class], edges.map(|edge| cells[edge].as_str())) {
            Ok(found) => {
                let known = boxes.by_image.entry(name).or_default();
                if !known.iter().any(|b| b.finding == found.finding && iou(b, &found) >= SAME_BOX_IOU) {
                    known.push(found);
                }
            }
            Err(BadRow::NoBox(what)) => problem(what),
            Err(BadRow::UnknownLesion(what)) => {
                problem(format!("{what}: {name} is left out"));
                boxes.unclear.insert(name);
            }
        }
    }
    Ok(boxes)
}

/// A name in the box file without the folder of all images.
fn below_images(name: &str) -> &str {
    let is_folder = |start: &str| start.replace('\\', "/").eq_ignore_ascii_case(IMAGES);
    match name.split_at_checked(IMAGES.len()) {
        Some((start, rest)) if is_folder(start) => rest.trim_start_matches(['/', '\\']),
        _ => name,
    }
}

/// The box of a row.
fn parse(class: &str, [xmin, ymin, xmax, ymax]: [&str; 4]) -> Result<LesionBox, BadRow> {
    let number = |what: &str, text: &str| {
        let value = text.replace(',', ".").parse::<f64>().ok().filter(|v| (0. ..=65_535.).contains(v));
        let refused = || BadRow::NoBox(format!("{what} is \"{text}\", not a pixel"));
        value.map(|v| v.round() as u32).ok_or_else(refused)
    };
    let unknown = || BadRow::UnknownLesion(format!("class \"{class}\" is not one of OCT5k's nine"));
    let found = LesionBox {
        finding: Lesion::from_oct5k_name(class).ok_or_else(unknown)?.phrase(),
        xmin: number("xmin", xmin)?,
        ymin: number("ymin", ymin)?,
        xmax: number("xmax", xmax)?,
        ymax: number("ymax", ymax)?,
        outline: Vec::new(),
    };
    if found.xmin >= found.xmax || found.ymin >= found.ymax {
        return Err(BadRow::NoBox(format!("the box {xmin},{ymin},{xmax},{ymax} is empty")));
    }
    Ok(found)
}

fn iou(a: &LesionBox, b: &LesionBox) -> f64 {
    let side = |low: u32, high: u32| f64::from((high + 1).saturating_sub(low));
    let area = |b: &LesionBox| side(b.xmin, b.xmax) * side(b.ymin, b.ymax);
    let shared = side(a.xmin.max(b.xmin), a.xmax.min(b.xmax)) * side(a.ymin.max(b.ymin), a.ymax.min(b.ymax));
    shared / (area(a) + area(b) - shared)
}

#[cfg(test)]
mod tests {
    use std::fs;

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
             3,AMD Part1/AMD (3)/Image (1).png,100,100\n\
             4,AMD Part1/AMD (3)/Image (1).png,100,100,200,200,Fluid\n\
             5,\"AMD Part1/AMD (3), left/Image (1).png\",100,100,200,200,Fluid\n",
        );
        let dataset = read(dir.path(), SourceKind::Oct5k).unwrap();
        assert_eq!(dataset.records.len(), 1);
        let lines: Vec<_> = dataset.problems.iter().filter_map(|p| p.line).collect();
        assert_eq!(lines, [2, 3, 4, 5, 7]);
    }

    #[test]
    fn lesions_are_known_however_they_are_spelled_and_an_unknown_one_leaves_its_scan_out() {
        let images = ["AMD Part1/AMD (1)/Image (1).png", "AMD Part1/AMD (2)/Image (1).png"];
        let dir = folder(
            &images,
            "0,AMD Part1/AMD (1)/Image (1).png,1,2,30,40,Hard Drusen\n\
             1,AMD Part1/AMD (1)/Image (1).png,1,2,30,40,soft_drusen \n\
             2,AMD Part1/AMD (2)/Image (1).png,1,2,30,40,Fluid\n\
             3,AMD Part1/AMD (2)/Image (1).png,1,2,30,40,Cyst\n",
        );
        let dataset = read(dir.path(), SourceKind::Oct5k).unwrap();
        let captions: Vec<_> = dataset.records.iter().map(|r| r.caption.text()).collect();
        assert_eq!(captions, ["AMD, hard drusen, soft drusen"]);
        let problem = dataset.problems[0].to_string();
        assert!(
            problem.contains(":5: class \"Cyst\"") && problem.contains("AMD (2)/Image (1).png is left out"),
            "{problem}"
        );
    }

    #[test]
    fn boxes_are_read_by_column_and_find_images_by_other_slashes_and_extensions() {
        let dir =
            folder(&["AMD Part1/AMD (1)/Image (1).PNG", "AMD Part1/AMD (2)/Image (1).jpeg", "Normal Part1/x.png"], "");
        let rows = "class;image;ymin;ymax;xmin;xmax\nFluid;AMD Part1\\AMD (1)\\Image (1).jpg;1,0;30;2;40\n\
                    Fluid;Images/Images_Original/amd part1/AMD (2)/Image (1).png;1;30;2;40\n";
        fs::write(dir.path().join(BOXES), rows).unwrap();
        let dataset = read(dir.path(), SourceKind::Oct5k).unwrap();
        assert_eq!((dataset.records.len(), dataset.problems), (3, vec![]));
        let found = &dataset.records[0].boxes[0];
        assert_eq!([found.xmin, found.ymin, found.xmax, found.ymax], [2, 1, 40, 30]);
    }

    #[test]
    fn pictures_that_are_left_out_are_counted() {
        let dir = folder(
            &["AMD Part1/AMD (1)/Image (1).png", "AMD Part1/AMD (2)/Image (1).png", "Other/x.png"],
            "0,AMD Part1/AMD (1)/Image (1).png,1,2,30,40,Fluid\n",
        );
        let notes = read(dir.path(), SourceKind::Oct5k).unwrap().notes;
        assert!(notes[0].contains("1 pictures of AMD") && notes[1].contains("1 pictures are in none"), "{notes:?}");
    }

    #[test]
    fn a_folder_without_boxes_is_refused_with_what_is_there() {
        let dir = folder(&["Normal Part1/x.png"], "");
        fs::rename(dir.path().join(BOXES), dir.path().join("Detection/boxes (1).csv")).unwrap();
        let refused = read(dir.path(), SourceKind::Oct5k).unwrap_err().to_string();
        assert!(refused.contains(BOXES) && refused.ends_with("there is boxes (1).csv: rename the list"), "{refused}");
    }
}
