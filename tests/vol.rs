//! The reader of Heidelberg `.vol` files against eyepy's (`tests/fixtures/trials/vol/make.py`), on damaged files, and in `train
//! explain`.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod common;

use std::fs;

use octlens::error::Detail;
use octlens::scan::format::Format;
use octlens::scan::note::{Laterality, Note};
use octlens::scan::{Scan, ScanFile};
use serde_json::Value;

/// Frames, columns and rows of the volume.
const SIZE: [usize; 3] = [5, 96, 48];
/// Where its parts begin: B-scans after the header and a picture of 16 × 16, each with a header for 17 layers.
const FIRST_B_SCAN: usize = 2048 + 256;
const B_SCAN_HEADER: usize = 256 + 17 * 96 * 4;
const B_SCAN: usize = B_SCAN_HEADER + 96 * 48 * 4;

fn fixture(name: &str) -> Vec<u8> {
    fs::read(common::in_repository("tests/fixtures/trials/vol").join(name)).unwrap()
}

fn with(mut volume: Vec<u8>, at: usize, bytes: &[u8]) -> Vec<u8> {
    volume[at..at + bytes.len()].copy_from_slice(bytes);
    volume
}

/// Why a file is not read.
fn refusal(volume: &[u8]) -> (String, Option<Detail>) {
    let error = ScanFile::open(volume).err().unwrap();
    (error.to_string(), error.detail().cloned())
}

#[test]
fn every_frame_and_every_layer_is_what_eyepy_reads() {
    let volume = fixture("volume.vol");
    let file = ScanFile::open(&volume).unwrap();
    let [n_frames, width, height] = SIZE;
    assert_eq!(file.n_frames(), n_frames);
    let expected = Scan::decode(&fixture("frames.png"), 0).unwrap().pixels;
    let layers: Value = serde_json::from_slice(&fixture("layers.json")).unwrap();
    for (number, pixels) in expected.chunks_exact(width * height).enumerate() {
        let scan = file.frame(number).unwrap();
        assert_eq!((scan.width, scan.height, scan.frame, scan.n_frames), (width, height, number, n_frames));
        assert_eq!((scan.format, scan.um_per_pixel), (Format::Vol, Some([11.39, 3.872])));
        assert_eq!((scan.laterality, scan.notes.len()), (Some(Laterality::Right), 0));
        assert!(scan.pixels == pixels, "frame {number}");
        assert_eq!(scan.layers.len(), layers.as_array().unwrap().len());
        for (layer, expected) in scan.layers.iter().zip(layers.as_array().unwrap()) {
            assert_eq!(layer.name, expected["name"]);
            let rows: Vec<Option<f32>> = serde_json::from_value(expected["rows"][number].clone()).unwrap();
            assert_eq!(layer.rows, rows, "{} of frame {number}", layer.name);
            assert!(layer.name == "ILM" || rows.contains(&None));
        }
    }
}

#[test]
fn values_that_are_no_intensities_are_black_and_those_above_one_are_white() {
    let scan = Scan::decode(&fixture("volume.vol"), 1).unwrap();
    assert!((0..48).all(|y| (0..6).all(|x| scan.pixel(x, y) == 0)), "FLT_MAX");
    assert!((10..14).all(|x| scan.pixel(x, 20) == 0), "NaN, infinities, a negative value");
    assert_eq!(scan.pixel(10, 21), 255);
    assert!(scan.pixels.iter().any(|pixel| (1..255).contains(pixel)));
}

#[test]
fn a_left_eye_is_told_and_not_mirrored() {
    let volume = fixture("volume.vol");
    let right = Scan::decode(&volume, 2).unwrap();
    let left = Scan::decode(&with(volume.clone(), 84, b"OS\0\0"), 2).unwrap();
    assert_eq!((left.laterality, &left.pixels), (Some(Laterality::Left), &right.pixels));
    assert_eq!(Scan::decode(&with(volume, 84, b"\0\0\0\0"), 2).unwrap().laterality, None);
}

#[test]
fn a_scale_that_no_eye_was_scanned_with_is_none() {
    for mm in [0f64, -0.01, 1e-4, 0.2, f64::NAN, f64::INFINITY] {
        for at in [24, 40] {
            let scan = Scan::decode(&with(fixture("volume.vol"), at, &mm.to_le_bytes()), 0).unwrap();
            assert_eq!(scan.um_per_pixel, None, "{mm} mm at {at}");
        }
    }
}

#[test]
fn what_follows_the_last_b_scan_is_no_b_scan() {
    let volume = fixture("volume.vol");
    let with_grid = [volume.as_slice(), &[7; 2 * B_SCAN]].concat();
    let file = ScanFile::open(&with_grid).unwrap();
    assert_eq!(file.n_frames(), 5);
    assert_eq!(file.frame(4).unwrap(), ScanFile::open(&volume).unwrap().frame(4).unwrap());
    let error = file.frame(5).unwrap_err();
    assert_eq!(error.detail(), Some(&Detail::NoSuchFrame { frame: 5 }));
    assert!(error.to_string().contains("5 frames, not a frame 6"), "{error}");
}

#[test]
fn a_single_line_has_one_frame() {
    let line = with(fixture("volume.vol"), 16, &1u32.to_le_bytes());
    let file = ScanFile::open(&line[..FIRST_B_SCAN + B_SCAN]).unwrap();
    assert_eq!((file.n_frames(), file.frame(0).unwrap().notes.len()), (1, 0));
}

#[test]
fn b_scans_before_a_cut_are_read_with_a_note() {
    let volume = fixture("volume.vol");
    let whole = ScanFile::open(&volume).unwrap();
    for n_frames in 1..5 {
        for more in [0, 100, B_SCAN_HEADER, B_SCAN - 1] {
            let cut = ScanFile::open(&volume[..FIRST_B_SCAN + n_frames * B_SCAN + more]).unwrap();
            assert_eq!(cut.n_frames(), n_frames);
            let scan = cut.frame(n_frames - 1).unwrap();
            assert_eq!(scan.notes, [Note::FramesMissing { n_frames, n_claimed: 5 }]);
            assert_eq!(scan.pixels, whole.frame(n_frames - 1).unwrap().pixels);
        }
    }
    for n_bytes in [8, 12, 100, 2047, 2048, 2049, FIRST_B_SCAN, FIRST_B_SCAN + 100, FIRST_B_SCAN + B_SCAN - 1] {
        let (message, detail) = refusal(&volume[..n_bytes]);
        assert!(message.contains("cut short") && !message.contains('\n'), "{n_bytes} bytes: {message}");
        assert_eq!(detail, Some(Detail::DamagedFile));
    }
}

#[test]
fn claims_that_cannot_be_are_refused_before_memory_is_taken() {
    let claims = |at, n: u32| refusal(&with(fixture("volume.vol"), at, &n.to_le_bytes())).0;
    assert!(claims(16, u32::MAX).contains("claims to hold 4294967295 B-scans"), "{}", claims(16, u32::MAX));
    assert!(claims(16, 0).contains("0 B-scans"));
    assert!(claims(12, 1 << 31).contains("2147483648 × 48"), "{}", claims(12, 1 << 31));
    assert!(claims(20, u32::MAX).contains("96 × 4294967295"));
    assert!(claims(12, 0).contains("0 × 48"));
    // Larger than the file: the picture of the fundus, a B-scan's header, a B-scan.
    for (at, n) in [(48, u32::MAX), (FIRST_B_SCAN + 12, u32::MAX), (FIRST_B_SCAN + 12, 1 << 20), (12, 16_000)] {
        assert!(claims(at, n).contains("cut short"), "{n} at {at}: {}", claims(at, n));
    }
}

#[test]
fn layers_that_do_not_fit_into_their_header_are_left_out() {
    for n_layers in [18u32, 1 << 24, u32::MAX] {
        let volume = with(fixture("volume.vol"), FIRST_B_SCAN + 48, &n_layers.to_le_bytes());
        let scan = Scan::decode(&volume, 0).unwrap();
        assert_eq!((scan.layers.len(), scan.pixels.len()), (0, 96 * 48), "{n_layers} layers");
    }
    let without = with(fixture("volume.vol"), FIRST_B_SCAN + 48, &0u32.to_le_bytes());
    assert!(Scan::decode(&without, 0).unwrap().layers.is_empty());
}

#[test]
fn the_size_of_a_b_scans_header_is_its_own_or_else_the_files() {
    let expected = Scan::decode(&fixture("volume.vol"), 4).unwrap();
    let wrong_in_file = with(fixture("volume.vol"), 100, &61_440u32.to_le_bytes());
    assert_eq!(Scan::decode(&wrong_in_file, 4).unwrap(), expected);
    let none_of_its_own = with(fixture("volume.vol"), FIRST_B_SCAN + 12, &0u32.to_le_bytes());
    assert_eq!(Scan::decode(&none_of_its_own, 4).unwrap(), expected);
}

#[test]
fn train_explain_answers_about_every_frame_and_then_about_the_eye() {
    let volume = common::in_repository("tests/fixtures/trials/vol/volume.vol");
    let out = tempfile::tempdir().unwrap();
    let explain = ["explain", common::text(&volume), "--weights", common::WEIGHTS];
    let all = common::json(&[&explain[..], &["--json", "--frame", "all", "--out", common::text(out.path())]].concat());
    let all = all.as_array().unwrap();
    assert_eq!(all.len(), 6);
    for (number, report) in all[..5].iter().enumerate() {
        let input = &report["input"];
        assert_eq!(
            (&input["frame"], &input["n_frames"], &input["laterality"]),
            (&number.into(), &5.into(), &"OD".into())
        );
        assert!(out.path().join(format!("volume-frame-{}.json", number + 1)).is_file());
        assert!(out.path().join(format!("volume-frame-{}.png", number + 1)).is_file());
    }
    let eye = &all[5];
    assert_eq!((&eye["schema"], &eye["input"]["sha256"]), (&"octlens.eye/1".into(), &all[0]["input"]["sha256"]));
    assert_eq!((&eye["eye"]["n_answered"], &eye["eye"]["n_frames"]), (&5.into(), &5.into()));
    assert_eq!(octlens::report::SCHEMA, all[0]["schema"]);
    let written: Value = serde_json::from_slice(&fs::read(out.path().join("volume-eye.json")).unwrap()).unwrap();
    assert_eq!(written, *eye);
    // People count from 1.
    let third = common::json(&[&explain[..], &["--json", "--frame", "3"]].concat());
    assert_eq!((&third["image"], &third["input"]), (&all[2]["image"], &all[2]["input"]));
    let lines = common::printed(&[&explain[..], &["--frame", "all"]].concat());
    assert!(lines.contains("volume.vol, frame 5 of 5: ") && lines.contains("volume.vol: the eye is "), "{lines}");
    let refused = common::one_line(&[&explain[..], &["--frame", "6"]].concat());
    assert!(refused.contains("5 frames, not a frame 6"), "{refused}");
    assert!(common::refusal(&[&explain[..], &["--frame", "0"]].concat(), 2).contains("from 1"));
}
