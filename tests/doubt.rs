//! What the shipped models say of pictures that are no B-scan, made here, and of the scans of the page.
#![allow(clippy::unwrap_used, reason = "a test may fail")]
#![cfg(feature = "train")]

mod common;

use std::io::Cursor;

use common::in_repository;
use image::{DynamicImage, GrayImage, ImageFormat, Luma, Rgb, RgbImage};
use octlens::engine::{Engine, Input};
use octlens::report::{Doubt, Options, Warning, WarningKind};

const MODELS: [&str; 2] = ["compact", "seven"];

fn engine(model: &str) -> Engine {
    Engine::load(model, std::fs::read(in_repository(&format!("weights/{model}.safetensors"))).unwrap()).unwrap()
}

fn warning(engine: &Engine, picture: impl Into<DynamicImage>) -> Warning {
    let mut bytes = Cursor::new(Vec::new());
    picture.into().write_to(&mut bytes, ImageFormat::Png).unwrap();
    let input = Input { name: "picture.png", bytes: bytes.get_ref(), frame: 0 };
    engine.analyze(&input, &Options::default()).unwrap().report.warning
}

fn samples() -> Vec<GrayImage> {
    let paths = std::fs::read_dir(in_repository("www/samples")).unwrap().map(|entry| entry.unwrap().path());
    let scans: Vec<_> = paths.filter(|p| p.extension().is_some_and(|e| e == "png")).collect();
    assert!(scans.len() > 3);
    scans.iter().map(|path| image::open(path).unwrap().to_luma8()).collect()
}

/// Independent grey values.
fn noise(x: u32, y: u32) -> u8 {
    let mut mixed = u64::from(x) << 32 | u64::from(y);
    for _ in 0..3 {
        mixed = (mixed ^ mixed >> 31).wrapping_mul(0xD6E8_FEB8_6659_FD93);
    }
    (mixed >> 56) as u8
}

#[test]
fn what_is_no_scan_is_never_answered_without_a_warning() {
    let bright_corner = |x, y| if x > 320 && y < 60 { 255 } else { 0 };
    let stripes = |x: u32, y: u32| if ((x + 2 * y) / 30).is_multiple_of(2) { 30 } else { 220 };
    let discs =
        |x: u32, y: u32| if (x % 90).abs_diff(45).pow(2) + (y % 70).abs_diff(35).pow(2) < 800 { 200 } else { 60 };
    let grey =
        |w, h, of: &dyn Fn(u32, u32) -> u8| DynamicImage::from(GrayImage::from_fn(w, h, |x, y| Luma([of(x, y)])));
    for engine in MODELS.map(engine) {
        for (name, picture) in [
            ("black", grey(400, 200, &|_, _| 0)),
            ("white", grey(400, 200, &|_, _| 255)),
            ("noise", grey(400, 200, &noise)),
            ("one pixel", grey(1, 1, &|_, _| 90)),
            ("two rows", grey(3000, 2, &noise)),
            ("one bright corner", grey(400, 200, &bright_corner)),
            ("stripes", grey(500, 400, &stripes)),
            ("discs", grey(500, 400, &discs)),
            ("colours", RgbImage::from_fn(400, 300, |x, y| Rgb([(x / 2) as u8, (y / 2) as u8, 90])).into()),
        ] {
            let found = warning(&engine, picture);
            assert!(found.kind >= WarningKind::Unfamiliar, "{}: {name}: {found:?}", engine.metadata().name);
            assert!(found.score >= 0.5 && !found.reasons.is_empty());
        }
    }
}

#[test]
fn a_scan_is_known_as_one_and_not_when_it_is_turned_or_in_negative() {
    for engine in MODELS.map(engine) {
        let mut n_other_diseases = 0;
        for scan in samples() {
            for known in [scan.clone(), image::imageops::flip_horizontal(&scan)] {
                let found = warning(&engine, known);
                // Fluid without drusen is a sign of other diseases as well.
                let is_other_disease = found.reasons == [Doubt::AnotherDisease];
                n_other_diseases += usize::from(is_other_disease);
                assert!(found.kind <= WarningKind::Unsure || is_other_disease, "{found:?}");
            }
            let mut negative = scan.clone();
            image::imageops::invert(&mut negative);
            let found = warning(&engine, negative);
            assert!(found.kind >= WarningKind::Unfamiliar, "{found:?}");
            assert!(found.reasons.contains(&Doubt::Inverted), "{found:?}");
            assert!(warning(&engine, image::imageops::rotate90(&scan)).kind >= WarningKind::Unfamiliar);
            assert!(warning(&engine, image::imageops::flip_vertical(&scan)).kind >= WarningKind::Unfamiliar);
        }
        assert!(n_other_diseases <= 2, "{n_other_diseases}: one sample of eight, as it is and mirrored");
    }
}

#[test]
fn the_model_of_the_page_knows_phantoms() {
    assert!(engine(MODELS[0]).metadata().training.data.contains_key("phantom"));
}
