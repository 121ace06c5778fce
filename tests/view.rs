//! Screenshots, pages, turned and negative scans, made from the scans of the page: what is suggested about them, and that the
//! answer in the suggested view is the answer about the plain scan.
#![allow(clippy::unwrap_used, reason = "a test may fail")]
#![cfg(feature = "train")]

mod common;

use std::io::Cursor;

use common::{WEIGHTS, in_repository, json, printed, text};
use image::imageops::{invert, overlay, rotate90, rotate270};
use image::{GrayImage, ImageFormat, Luma};
use octlens::engine::{Engine, Input};
use octlens::report::{Doubt, Options, Report, WarningKind};
use octlens::scan::view::{Turn, View};

/// Most by which a probability may differ in the suggested view. The pixels are the same, so that it should not at all.
const TOLERANCE: f32 = 0.02;

fn engine() -> Engine {
    Engine::load("compact", std::fs::read(in_repository(WEIGHTS)).unwrap()).unwrap()
}

fn samples() -> Vec<(String, GrayImage)> {
    let paths = std::fs::read_dir(in_repository("www/samples")).unwrap().map(|entry| entry.unwrap().path());
    let mut scans: Vec<_> = paths.filter(|p| p.extension().is_some_and(|e| e == "png")).collect();
    scans.sort();
    assert!(scans.len() > 3);
    let named = |p: &std::path::PathBuf| p.file_name().unwrap().to_string_lossy().into_owned();
    scans.iter().map(|path| (named(path), image::open(path).unwrap().to_luma8())).collect()
}

fn png(picture: &GrayImage) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    picture.write_to(&mut bytes, ImageFormat::Png).unwrap();
    bytes.into_inner()
}

fn report(engine: &Engine, picture: &GrayImage, view: Option<View>) -> Report {
    let bytes = png(picture);
    let input = Input { name: "picture.png", bytes: &bytes, frame: 0 };
    engine.analyze(&input, &Options { view, ..Options::default() }).unwrap().report
}

/// An infrared picture of the fundus: darker towards the corners, a bright disc, dark vessels that arch from it, a fovea.
fn infrared(side: u32) -> GrayImage {
    GrayImage::from_fn(side, side, |x, y| {
        let (u, v) = (x as f32 / side as f32, y as f32 / side as f32);
        let from = |cx: f32, cy: f32| ((u - cx).powi(2) + (v - cy).powi(2)).sqrt();
        let disc = 70. * (-(from(0.82, 0.5) / 0.08).powi(4)).exp();
        let fovea = -25. * (-(from(0.3, 0.52) / 0.07).powi(2)).exp();
        let arc = |radius: f32, width: f32| {
            let off = ((u - 0.35).powi(2) / 1.6 + (v - 0.5).powi(2)).sqrt() - radius;
            -45. * (-(off / width).powi(2)).exp()
        };
        let grain = ((x * 7919 + y * 104_729) ^ (x * y * 31)) % 23;
        let vignette = 1. - 0.9 * from(0.5, 0.5).powi(2);
        Luma([((118. + disc + fovea + arc(0.3, 0.011) + arc(0.37, 0.008)) * vignette + grain as f32) as u8])
    })
}

fn screen(width: u32, height: u32, ground: u8, pictures: &[(&GrayImage, u32, u32)]) -> GrayImage {
    let mut screen = GrayImage::from_pixel(width, height, Luma([ground]));
    pictures.iter().for_each(|(picture, x, y)| overlay(&mut screen, *picture, i64::from(*x), i64::from(*y)));
    screen
}

fn negative(scan: &GrayImage) -> GrayImage {
    let mut negative = scan.clone();
    invert(&mut negative);
    negative
}

/// The pictures that are made of a scan, and the view in which each shows that scan again.
fn pictures(scan: &GrayImage) -> Vec<(&'static str, GrayImage, View)> {
    let (w, h) = scan.dimensions();
    let crop = |x: u32, y: u32| View { crop: Some([x, y, w, h].map(|n| n as usize)), ..View::default() };
    let turn = |turn| View { turn, ..View::default() };
    let infrared = infrared(h);
    vec![
        ("beside", screen(h + w, h, 0, &[(&infrared, 0, 0), (scan, h, 0)]), crop(h, 0)),
        ("with a gutter", screen(h + w + 60, h + 40, 0, &[(&infrared, 20, 20), (scan, h + 40, 20)]), crop(h + 40, 20)),
        ("page", screen(w + 160, h + 500, 255, &[(scan, 80, 120)]), crop(80, 120)),
        ("two", screen(w, 2 * h + 20, 255, &[(scan, 0, 0), (scan, 0, h + 20)]), crop(0, 0)),
        ("right", rotate90(scan), turn(Turn::Left)),
        ("left", rotate270(scan), turn(Turn::Right)),
        ("negative", negative(scan), View { invert: true, ..View::default() }),
        ("negative, right", negative(&rotate90(scan)), View { invert: true, ..turn(Turn::Left) }),
        (
            "negative on a page",
            screen(w + 160, h + 500, 255, &[(&negative(scan), 80, 120)]),
            View { invert: true, ..crop(80, 120) },
        ),
    ]
}

#[test]
fn the_scan_is_found_in_each_picture_and_answered_as_if_it_stood_alone() {
    let engine = engine();
    for (name, scan) in samples() {
        let plain = report(&engine, &scan, None);
        assert_eq!((plain.suggestion, plain.input.view), (None, None), "{name}");
        for (what, picture, view) in pictures(&scan) {
            let whole = report(&engine, &picture, None);
            assert_eq!(whole.suggestion, Some(view), "{name}, {what}");
            assert!(whole.warning.kind >= WarningKind::Unfamiliar, "{name}, {what}: {:?}", whole.warning);
            let found = report(&engine, &picture, Some(view));
            assert_eq!((found.input.view, found.suggestion), (Some(view), None));
            assert_eq!([found.input.width, found.input.height], [plain.input.width, plain.input.height]);
            assert_eq!(found.heatmap.region, plain.heatmap.region, "{name}, {what}");
            assert_eq!(found.warning.kind, plain.warning.kind, "{name}, {what}");
            for (label, p) in &plain.image.probabilities {
                assert!((found.image.probabilities[label] - p).abs() <= TOLERANCE, "{name}, {what}: {label}");
            }
        }
    }
}

#[test]
fn a_scan_that_was_resized_on_the_screen_keeps_its_label() {
    let engine = engine();
    for (name, scan) in samples() {
        let plain = report(&engine, &scan, None);
        let (w, h) = (scan.width() * 4 / 5, scan.height() * 4 / 5);
        let smaller = image::imageops::resize(&scan, w, h, image::imageops::FilterType::Triangle);
        let picture = screen(h + w, h, 0, &[(&infrared(h), 0, 0), (&smaller, h, 0)]);
        let whole = report(&engine, &picture, None);
        let found = report(&engine, &picture, Some(whole.suggestion.unwrap_or_else(|| panic!("{name}"))));
        assert_eq!(found.image.label, plain.image.label, "{name}");
    }
}

#[test]
fn another_view_is_another_analysis() {
    let engine = engine();
    let (_, scan) = samples().remove(0);
    let bytes = png(&scan);
    let input = Input { name: "scan.png", bytes: &bytes, frame: 0 };
    let part = View { crop: Some([0, 0, 200, 100]), ..View::default() };
    let options = Options { view: Some(part), ..Options::default() };
    let analysis = engine.analyze(&input, &options).unwrap();
    assert_eq!((analysis.scan.width, analysis.scan.height), (200, 100));
    assert_eq!(engine.revise(&analysis, &options).unwrap().input.view, Some(part));
    assert!(engine.revise(&analysis, &Options::default()).unwrap_err().to_string().contains("another view"));
    let beyond = View { crop: Some([0, 0, 9000, 100]), ..View::default() };
    assert!(engine.analyze(&input, &Options { view: Some(beyond), ..Options::default() }).is_err());
}

#[test]
fn the_command_line_suggests_a_view_and_takes_it() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("screenshot.png");
    let (_, scan) = samples().remove(0);
    let (_, picture, view) = pictures(&scan).swap_remove(0);
    std::fs::write(&path, png(&picture)).unwrap();
    let weights = in_repository(WEIGHTS);
    let args = ["explain", text(&path), "--weights", text(&weights)];
    assert!(printed(&args).contains("Use --view suggested."));
    let taken = json(&[&args[..], &["--view", "suggested", "--json"]].concat());
    assert_eq!(taken["input"]["view"], serde_json::to_value(view).unwrap());
    assert!(taken.get("suggestion").is_none());
    let whole = json(&[&args[..], &["--json"]].concat());
    assert_eq!(whole["suggestion"], taken["input"]["view"]);
    let reasons = whole["warning"]["reasons"].as_array().unwrap();
    assert!(reasons.contains(&serde_json::to_value(Doubt::MoreThanAScan).unwrap()));
}
