//! `train eval --explanations`: figures of heatmaps, and the weights file that keeps them.
#![allow(clippy::unwrap_used, reason = "a test may fail")]
#![cfg(feature = "train")]

mod common;

use std::fs;
use std::path::Path;

use common::{WEIGHTS, in_repository, json, one_line, printed, text};
use octlens::bundle::card::{CENTRE, LesionSize, MapMeasure, RANDOM, Split};
use octlens::bundle::{Bundle, Metadata, sha256};
use octlens::report::MapMethod;

fn metadata(path: &Path) -> Metadata {
    Bundle::read("a file", fs::read(path).unwrap(), String::new()).unwrap().metadata
}

/// Scans of two test patients and one validation patient of the shipped model, with outlines, in the layout of Kermany's set.
/// The pictures are samples of this repository.
fn three_patients(dir: &Path, metadata: &Metadata) -> String {
    let splits = &metadata.training.splits.as_ref().unwrap().patients;
    let patients = |split: Split| {
        let of = splits.iter().filter(move |(key, of)| key.starts_with("kermany/") && **of == split);
        of.map(|(key, _)| key.trim_start_matches("kermany/").to_owned())
    };
    let chosen: Vec<String> = patients(Split::Test).take(2).chain(patients(Split::Val).take(1)).collect();
    let samples = [("drusen", "retinal_drusen"), ("fluid", "intraretinal_cyst"), ("ped", "retinal_drusen")];
    let (mut rows, mut outlines) = ("file,label,patient\n".to_owned(), serde_json::Map::new());
    for (patient, (sample, class)) in chosen.iter().zip(samples) {
        let name = format!("lesions/CNV/CNV-{patient}-1.png");
        let copy = dir.join(&name);
        fs::create_dir_all(copy.parent().unwrap()).unwrap();
        fs::copy(in_repository("www/samples").join(sample).with_extension("png"), copy).unwrap();
        rows.push_str(&format!("{name},CNV,{patient}\n"));
        // Larger than a lesion, over the retina in the middle of the picture.
        let points = [[150., 180.], [360., 180.], [360., 330.], [150., 330.]];
        outlines.insert(name, serde_json::json!([{ "class": class, "points": points }]));
    }
    fs::write(dir.join("labels.csv"), rows).unwrap();
    fs::write(dir.join("polygons.json"), serde_json::Value::from(outlines).to_string()).unwrap();
    format!("kermany:{}", text(dir))
}

/// A part of a JSON text with its number, if it has one, to six digits.
fn rounded(part: &str) -> String {
    let (number, end) = part.split_at(part.len().saturating_sub(1));
    number.parse::<f64>().map_or_else(|_| part.to_owned(), |number| format!("{number:.6e}{end}"))
}

#[test]
fn methods_are_measured_beside_controls_and_the_file_keeps_it() {
    let dir = tempfile::tempdir().unwrap();
    let (scans, folder) = (dir.path().join("scans"), dir.path().join("weights"));
    let weights = folder.join("compact.safetensors");
    fs::create_dir_all(&folder).unwrap();
    fs::copy(in_repository(WEIGHTS), &weights).unwrap();
    fs::copy(in_repository("weights/index.json"), folder.join("index.json")).unwrap();
    let data = three_patients(&scans, &metadata(&weights));
    let eval = ["eval", "--weights", text(&weights), "--data", &data];

    let refused = one_line(&[&eval[..], &["--split", "val", "--explanations", "--record"]].concat());
    assert!(refused.contains("--split test"), "{refused}");

    // The methods that ask the tower dozens of times take minutes.
    let measured = [MapMethod::GradCam, MapMethod::HiResCam].map(MapMethod::name);
    let maps = ["--map", measured[0], "--map", measured[1]];
    let figures = json(&[&eval[..], &["--json", "--explanations", "2", "--record"], &maps].concat());
    let metrics = metadata(&weights).explanations.unwrap();
    // Printed and read again: serde_json reads a decimal fraction to within an ulp.
    let printed_again = |value: &serde_json::Value| -> String {
        value.to_string().split_inclusive([',', ':', '{', '}', '[', ']']).map(rounded).collect()
    };
    assert_eq!(printed_again(&serde_json::to_value(&metrics).unwrap()), printed_again(&figures["explanations"]));
    let names: Vec<&str> = measured.into_iter().chain([RANDOM, CENTRE]).collect();
    let of_all_lesions = metrics.methods.iter().filter(|row| row.lesions == LesionSize::All);
    let (all, of_findings): (Vec<_>, Vec<_>) = of_all_lesions.partition(|row| row.finding.is_none());
    assert!(of_findings.iter().any(|row| row.method == "grad_cam") && of_findings.iter().all(|row| row.n_scans <= 2));
    assert_eq!(all.iter().map(|row| row.method.as_str()).collect::<Vec<_>>(), names);
    for row in all {
        assert_eq!((row.set.as_str(), row.split.as_str(), row.n_scans, row.n_patients), ("kermany", "test", 2, 2));
        let is_control = row.layer.is_empty();
        for measure in MapMeasure::ALL {
            let is_of_methods =
                matches!(measure, MapMeasure::MaxSensitivity | MapMeasure::RandomHead | MapMeasure::RandomLastStage);
            // A map without evidence has neither a change nor a correlation.
            let Some(figure) = row.figures.get(&measure) else {
                assert!(is_of_methods, "{} has no {measure:?}", row.method);
                continue;
            };
            assert!(!(is_control && is_of_methods), "{}: {measure:?}", row.method);
            let lowest = if measure.is_about_lesions() { 0. } else { -1. };
            let interval = figure.interval;
            assert!(interval.low <= interval.value && interval.value <= interval.high, "{interval:?}");
            assert!(interval.low >= lowest && figure.n_scans <= 2, "{}, {measure:?}: {figure:?}", row.method);
        }
    }
    assert!(metrics.rule.contains("validation patients") && names.contains(&metrics.default.as_str()));
    // The one validation scan is answered as one class.
    let peaks: Vec<&str> = metrics.peaks.iter().map(|p| p.method.as_str()).collect();
    assert_eq!(peaks, MapMethod::ALL.map(MapMethod::name));
    assert!(metrics.peaks.iter().all(|peak| peak.n_scans == 1 && peak.p95.is_finite()));

    // The list has the new hash, without which train would refuse the file.
    let index: serde_json::Value = serde_json::from_slice(&fs::read(folder.join("index.json")).unwrap()).unwrap();
    let listed = index["models"].as_array().unwrap().iter().find(|m| m["name"] == "compact").unwrap();
    assert_eq!(listed["sha256"], sha256::of(&fs::read(&weights).unwrap()));
    let printed = printed(&[&eval[..], &["--limit", "1", "--explanations=1"], &maps[..2]].concat());
    for title in
        ["heatmaps, kermany (test), all lesions: 1 scans", "pointing game", "random last stage", "default method"]
    {
        assert!(printed.contains(title), "{printed}");
    }
}
