//! What `train` makes of data folders as people have them: pictures that are broken or there twice, too few scans to train on.
//! Each test draws a small folder in OCTDL's layout.
#![allow(clippy::unwrap_used, reason = "a test may fail")]
#![cfg(feature = "train")]

mod common;

use std::path::{Path, PathBuf};

use common::{in_repository, one_line, printed, refusal, text, train};
use image::imageops::FilterType;
use image::{DynamicImage, GenericImageView};
use serde_json::Value;

/// A folder of scans with a list.
struct Folder {
    dir: PathBuf,
    rows: Vec<String>,
}

impl Folder {
    /// `n` scans of `n` patients of each class, which differ as those of different eyes do.
    fn new(dir: &Path, n: u32) -> Self {
        let mut folder = Self { dir: dir.to_owned(), rows: vec![] };
        for i in 0..n {
            folder.add("AMD", &format!("amd_{i}"), &format!("1{i:03}"), &scan("drusen", i));
            folder.add("NO", &format!("no_{i}"), &format!("2{i:03}"), &scan("healthy", i));
        }
        folder
    }

    fn add(&mut self, disease: &str, name: &str, patient: &str, scan: &DynamicImage) {
        std::fs::create_dir_all(self.dir.join(disease)).unwrap();
        scan.save(self.picture(disease, name)).unwrap();
        let condition = if disease == "AMD" { "early,drusen" } else { "emmetropia,NO" };
        self.rows.push(format!("{name},{disease},{condition},{patient}"));
    }

    fn picture(&self, disease: &str, name: &str) -> PathBuf {
        self.dir.join(disease).join(name).with_extension("png")
    }

    /// Writes the list, and names the folder as data.
    fn data(&self) -> String {
        let list = format!("file_name,disease,subcategory,condition,patient_id\n{}\n", self.rows.join("\n"));
        std::fs::write(self.dir.join("OCTDL_labels.csv"), list).unwrap();
        format!("octdl:{}", text(&self.dir))
    }
}

/// A part of a demo scan, squeezed, for each `i` another one.
fn scan(sample: &str, i: u32) -> DynamicImage {
    let whole = image::open(in_repository("www/samples").join(sample).with_extension("png")).unwrap();
    let (width, height) = whole.dimensions();
    let part =
        whole.crop_imm(i * width / 40, i * height / 60, width / 2 + i * width / 40, height / 2 + i * height / 60);
    part.resize_exact(300, 150, FilterType::Triangle)
}

/// Starts a run without training; returns what was noted.
fn begin(data: &str, run: &Path, more: &[&str]) -> String {
    let output = train(
        &[&["finetune", "--epochs", "0", "--input", "64x128", "--data", data, "--out", text(run)], more].concat(),
    );
    let notes = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{notes}");
    notes
}

fn splits(run: &Path) -> Value {
    let splits: Value = serde_json::from_slice(&std::fs::read(run.join("splits.json")).unwrap()).unwrap();
    splits["patients"].clone()
}

#[test]
fn broken_pictures_are_named_at_the_start_and_left_out() {
    let dir = tempfile::tempdir().unwrap();
    let (folder, run) = (Folder::new(&dir.path().join("scans"), 8), dir.path().join("run"));
    let data = folder.data();
    let whole = std::fs::read(folder.picture("AMD", "amd_0")).unwrap();
    std::fs::write(folder.picture("AMD", "amd_1"), &whole[..whole.len() / 3]).unwrap();
    std::fs::write(folder.picture("NO", "no_1"), b"<!DOCTYPE html>").unwrap();
    std::fs::write(folder.picture("NO", "no_2"), b"").unwrap();
    image::GrayImage::new(300, 150).save(folder.picture("NO", "no_3")).unwrap();

    let refused = refusal(&["finetune", "--epochs", "0", "--data", &data, "--out", text(&run), "--strict"], 1);
    assert!(refused.contains("--strict: 4 rows or pictures cannot be used, first"), "{refused}");
    let notes = begin(&data, &run, &[]);
    for (name, reason) in
        [("amd_1", "cut short"), ("no_1", "web pages (HTML)"), ("no_2", "empty"), ("no_3", "one colour")]
    {
        let is_named = |line: &str| {
            line.starts_with("left out: ") && line.contains(&format!("{name}.png: ")) && line.contains(reason)
        };
        assert!(notes.lines().any(is_named), "{name}: {notes}");
    }
    assert!(notes.contains("AMD 7 scans of 7 patients") && notes.contains("healthy 5 scans of 5 patients"), "{notes}");
    assert_eq!(splits(&run).as_object().unwrap().len(), 12);
    // The steps after it leave them out too.
    printed(&["heads", "--run", text(&run), "--data", &data]);
}

#[test]
fn patients_who_share_a_picture_are_never_in_two_splits() {
    let dir = tempfile::tempdir().unwrap();
    let (mut folder, run) = (Folder::new(&dir.path().join("scans"), 8), dir.path().join("run"));
    let mut twins = Vec::new();
    for i in 0..8 {
        let original = scan("drusen", i);
        let (copy, smaller) = (original.clone(), original.resize_exact(240, 120, FilterType::Triangle));
        folder.add("AMD", &format!("copy_{i}"), &format!("3{i:03}"), &copy);
        folder.add("AMD", &format!("smaller_{i}"), &format!("4{i:03}"), &smaller);
        twins.push([1, 3, 4].map(|kind| format!("octdl/{kind}{i:03}")));
    }
    let notes = begin(&folder.data(), &run, &[]);
    assert!(
        notes.contains("24 pairs of scans are the same picture")
            && notes.contains("the 24 patients that share a picture are kept in the same split"),
        "{notes}"
    );
    let splits = splits(&run);
    for twins in &twins {
        assert!(twins.iter().all(|patient| splits[patient] == splits[&twins[0]]), "{twins:?}: {splits}");
    }
    let parts: std::collections::BTreeSet<&str> = twins.iter().map(|t| splits[&t[0]].as_str().unwrap()).collect();
    assert_eq!(parts.len(), 3, "not all are in one split: {splits}");
}

#[test]
fn one_picture_with_two_labels_is_not_trained_on() {
    let dir = tempfile::tempdir().unwrap();
    let (mut folder, run) = (Folder::new(&dir.path().join("scans"), 6), dir.path().join("run"));
    folder.add("NO", "no_again", "3000", &scan("drusen", 0));
    let notes = begin(&folder.data(), &run, &[]);
    assert!(notes.contains("one picture with two labels: AMD/amd_0 (AMD), NO/no_again (healthy)"), "{notes}");
    assert_eq!(splits(&run).as_object().unwrap().len(), 11);
}

#[test]
fn too_few_scans_are_refused_with_their_counts_before_training() {
    let dir = tempfile::tempdir().unwrap();
    let run = dir.path().join("run");
    let refused = |data: &str| one_line(&["finetune", "--epochs", "0", "--out", text(&run), "--data", data]);

    let mut one_class = Folder::new(&dir.path().join("a"), 0);
    (0..6).for_each(|i| one_class.add("AMD", &format!("amd_{i}"), &i.to_string(), &scan("drusen", i)));
    let message = refused(&one_class.data());
    assert!(message.contains("no scan of --data is of class healthy (scans: AMD 6, healthy 0)"), "{message}");

    let message = refusal(
        &["finetune", "--epochs", "0", "--out", text(&run), "--data", &Folder::new(&dir.path().join("b"), 1).data()],
        1,
    );
    assert!(
        message.contains("too few patients") && message.contains("healthy 1 scans of 1 patients (train 1,"),
        "{message}"
    );

    let mut nobody = Folder::new(&dir.path().join("c"), 3);
    nobody.rows.iter_mut().for_each(|row| row.truncate(row.rfind(',').unwrap() + 1));
    let message = refused(&nobody.data());
    assert!(
        message.contains("6 rows or files, all with the same problem") && message.contains("the patient is missing"),
        "{message}"
    );

    let empty = Folder::new(&dir.path().join("d"), 0);
    std::fs::create_dir(&empty.dir).unwrap();
    let message = refused(&empty.data());
    assert!(message.contains("OCTDL_labels.csv has a header and no row"), "{message}");
    std::fs::write(empty.dir.join("OCTDL_labels.csv"), "").unwrap();
    let message = refused(&format!("octdl:{}", text(&empty.dir)));
    assert!(message.contains("OCTDL_labels.csv is empty"), "{message}");
}

#[test]
fn a_baseline_that_cannot_be_measured_is_refused_before_it_is_trained() {
    let dir = tempfile::tempdir().unwrap();
    let (folder, run) = (Folder::new(&dir.path().join("scans"), 6), dir.path().join("run"));
    let data = folder.data();
    begin(&data, &run, &[]);
    let path = run.join("splits.json");
    let without_test = std::fs::read_to_string(&path).unwrap().replace("\"test\"", "\"train\"");
    std::fs::write(&path, without_test).unwrap();
    // No backbone is there either, so that nothing can have been trained.
    let baseline = ["baseline", "--run", text(&run), "--data", &data, "--resnet50", "no-such.pth"];
    let refused = one_line(&[&baseline[..], &["--out", text(&dir.path().join("weights"))]].concat());
    assert!(refused.contains("no test patient of this run"), "{refused}");
    assert!(!dir.path().join("weights").exists());
}

#[test]
fn help_says_what_each_folder_holds() {
    let help = printed(&["finetune", "--help"]);
    for expected in ["OCTDL_labels.csv", "all_bounding_boxes.csv", "CLASS-patient-n.jpeg", "--strict"] {
        assert!(help.contains(expected), "{expected}");
    }
}
