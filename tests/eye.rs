//! One answer for an eye from several files: `train explain --eye`.
#![allow(clippy::unwrap_used, reason = "a test may fail")]
#![cfg(feature = "train")]

mod common;

use std::fs;
use std::path::{Path, PathBuf};

use common::{WEIGHTS, in_repository, json, one_line, printed, text};
use octlens::scan::note::Laterality;
use octlens::scan::{Scan, ScanFile};
use serde_json::Value;

/// Where `single.dcm` says which eye it shows: Laterality, of VR CS and two bytes.
const LATERALITY: &[u8] = b"\x20\x00\x60\x00CS\x02\x00L ";

/// Three files of one study in `dir`: two scans of the left eye, and one of the right eye.
fn study(dir: &Path) -> [PathBuf; 3] {
    let scan = fs::read(in_repository("tests/fixtures/dicom_out/single.dcm")).unwrap();
    let at = scan.windows(LATERALITY.len()).position(|part| part == LATERALITY).unwrap() + LATERALITY.len() - 2;
    let (mut other, mut right) = (scan.clone(), scan.clone());
    *other.last_mut().unwrap() ^= 1;
    right[at] = b'R';
    let write = |(name, bytes): (&str, Vec<u8>)| {
        let path = dir.join(name);
        fs::write(&path, bytes).unwrap();
        path
    };
    [("a.dcm", scan), ("b.dcm", other), ("right.dcm", right)].map(write)
}

fn explain<'a>(scans: &[&'a Path], more: &[&'a str]) -> Vec<&'a str> {
    let scans = scans.iter().map(|path| text(path));
    ["explain"].into_iter().chain(scans).chain(["--weights", WEIGHTS]).chain(more.iter().copied()).collect()
}

fn names(eye: &Value) -> Vec<&str> {
    eye["inputs"].as_array().unwrap().iter().map(|input| input["name"].as_str().unwrap()).collect()
}

#[test]
fn dicom_files_of_one_study_and_side_have_one_answer() {
    let dir = tempfile::tempdir().unwrap();
    let [a, b, right] = study(dir.path());
    let out = dir.path().join("out");
    let all = json(&explain(&[&a, &right, &b], &["--eye", "study", "--json", "--out", text(&out)]));
    let all = all.as_array().unwrap();
    assert_eq!(all.len(), 4, "three reports, and an answer for the eye with two of them");
    let eye = &all[3];
    assert_eq!((&eye["schema"], names(eye)), (&"octlens.eye/1".into(), vec!["a.dcm", "b.dcm"]));
    // Scans of which the model cannot speak have no answer together either.
    let is_unknown = |report: &Value| report["warning"]["kind"] != "none" && report["warning"]["kind"] != "unsure";
    if all[..3].iter().all(is_unknown) {
        assert!(eye["eye"].is_null());
    } else {
        assert_eq!((&eye["eye"]["n_answered"], &eye["eye"]["n_frames"]), (&2.into(), &2.into()));
    }
    assert!(["a.dcm", "b.dcm"].contains(&eye["input"]["name"].as_str().unwrap()));
    let written: Value = serde_json::from_slice(&fs::read(out.join("a-eye.json")).unwrap()).unwrap();
    assert_eq!(written, *eye);
    // Without the option, reports only.
    assert_eq!(json(&explain(&[&a, &b], &["--json"])).as_array().unwrap().len(), 2);
}

#[test]
fn what_says_nothing_of_its_eye_is_joined_only_on_request_and_two_eyes_never_are() {
    let dir = tempfile::tempdir().unwrap();
    let [a, b, right] = study(dir.path());
    let pictures = ["drusen", "healthy"].map(|name| in_repository("www/samples").join(format!("{name}.png")));
    let [first, second] = pictures.each_ref().map(PathBuf::as_path);
    assert_eq!(json(&explain(&[first, second], &["--eye", "study", "--json"])).as_array().unwrap().len(), 2);
    let lines = printed(&explain(&[first, second], &["--eye", "all"]));
    assert!(lines.lines().last().unwrap().starts_with("2 files: the eye is "), "{lines}");
    let refused = one_line(&explain(&[&a, &b, &right], &["--eye", "all"]));
    assert!(refused.contains("a right and a left eye"), "{refused}");
}

#[test]
fn a_study_is_told_apart_without_its_uid() {
    let bytes = fs::read(in_repository("tests/fixtures/dicom_out/single.dcm")).unwrap();
    let (file, volume) =
        (ScanFile::open(&bytes).unwrap(), fs::read(in_repository("tests/fixtures/dicom_out/volume.dcm")));
    let study = file.study().unwrap();
    assert!(study.len() == 64 && study.bytes().all(|byte| byte.is_ascii_hexdigit()), "{study}");
    assert_eq!(ScanFile::open(&volume.unwrap()).unwrap().study(), Some(study), "both are of one study");
    assert_eq!(Scan::decode(&bytes, 0).unwrap().laterality, Some(Laterality::Left));
    let picture = fs::read(in_repository("www/samples/drusen.png")).unwrap();
    assert_eq!(ScanFile::open(&picture).unwrap().study(), None);
}
