//! What the shipped model says for its answers about the sample scans: a map by every method at every layer, of a class and of a
//! finding, and what hiding a region changes.
#![allow(clippy::unwrap_used, reason = "a test may fail")]
#![cfg(feature = "train")]

mod common;

use std::time::Instant;

use candle_core::{DType, Device, Tensor};
use candle_nn::VarBuilder;
use candle_nn::var_builder::SimpleBackend;
use octlens::engine::baseline::{Baseline, BaselineMetadata};
use octlens::engine::{Analysis, Engine, Input};
use octlens::preprocess::Preprocess;
use octlens::report::{Heatmap, MapLayer, MapMethod, Options};
use octlens::resnet::ResNetConfig;
use octlens::scan::Scan;
use serde_json::json;

use common::{WEIGHTS, in_repository, json, one_line, printed, text};

/// By how much a probability or a cosine may change when nothing but background is hidden.
const NOTHING: f32 = 0.02;

fn engine() -> Engine {
    Engine::load("compact", std::fs::read(in_repository(WEIGHTS)).unwrap()).unwrap()
}

fn analyze(engine: &Engine, name: &str) -> Analysis {
    let bytes = std::fs::read(in_repository("www/samples").join(name)).unwrap();
    engine.analyze(&Input { name, bytes: &bytes, frame: 0 }, &Options::default()).unwrap()
}

/// A scan of one grey value, with the form of `scan`.
fn even(scan: &Scan) -> Scan {
    Scan { pixels: vec![90; scan.pixels.len()], ..scan.clone() }
}

fn choices() -> impl Iterator<Item = (MapMethod, MapLayer)> {
    let layers = |method: MapMethod| if method.uses_layer() { &MapLayer::ALL[..] } else { &MapLayer::ALL[..1] };
    MapMethod::ALL.into_iter().flat_map(move |method| layers(method).iter().map(move |layer| (method, *layer)))
}

fn assert_map(map: &Heatmap, what: &str) {
    assert_eq!(map.values.len(), map.rows * map.cols, "{what}");
    let largest = map.values.iter().fold(0f32, |m, v| m.max(*v));
    assert!(map.values.iter().all(|v| (0. ..=1.).contains(v)), "{what}");
    assert!(map.peak.is_finite() && (map.peak > 0.) == (largest == 1.), "{what}: {} and {largest}", map.peak);
    assert_eq!(map.hottest().is_none(), map.peak == 0., "{what}");
}

#[test]
fn every_method_and_layer_gives_a_map_of_the_same_part_of_the_scan() {
    let engine = engine();
    let analysis = analyze(&engine, "drusen.png");
    let region = analysis.report.heatmap.region;
    let mut maps: Vec<Heatmap> = Vec::new();
    for (map, layer) in choices() {
        let start = Instant::now();
        let report = engine.revise(&analysis, &Options { map, layer, ..Options::default() }).unwrap();
        println!(
            "{} at {}: {:.0} ms, peak {:.3e}",
            map.name(),
            layer.name(),
            start.elapsed().as_secs_f64() * 1e3,
            report.heatmap.peak
        );
        let what = format!("{} at {}", map.name(), layer.name());
        assert_map(&report.heatmap, &what);
        assert_eq!((report.heatmap.method, report.heatmap.region), (map, region), "{what}");
        let name = if map.uses_layer() { format!("visual.{}", layer.name()) } else { "pixel_values".to_owned() };
        assert_eq!(report.heatmap.layer, name, "{what}");
        assert_eq!((&report.image, &report.text), (&analysis.report.image, &analysis.report.text), "{what}");
        let is_new = maps.iter().all(|other| other.values != report.heatmap.values);
        assert!(is_new || report.heatmap.peak == 0., "{what} is another method's map");
        maps.push(report.heatmap);
    }
    assert_eq!(maps[0], analysis.report.heatmap);
    let cells = |layer: &str| maps.iter().find(|map| map.layer == layer).map(|map| map.rows * map.cols).unwrap();
    assert!(cells("visual.layer1") > cells("visual.layer2") && cells("visual.layer2") > cells("visual.layer4"));
    let local = engine.revise(&analysis, &Options { map: MapMethod::Local, ..Options::default() });
    assert!(local.unwrap_err().to_string().contains("of a finding, not of a class"));
}

#[test]
fn an_even_scan_has_maps_without_nan() {
    let engine = engine();
    let scan = even(&analyze(&engine, "healthy.png").scan);
    let analysis = engine.analyze_scan("even.png", scan, &Options::default()).unwrap();
    // Methods that ask often do the same at every layer.
    let choices = choices().filter(|(map, layer)| !map.asks_often() || *layer == MapLayer::default());
    for (map, layer) in choices {
        for target in ["healthy", "AMD"] {
            let options = Options { map, layer, target: Some(target.to_owned()), ..Options::default() };
            let report = engine.revise(&analysis, &options).unwrap();
            assert_map(&report.heatmap, &format!("{} of {target} at {}", map.name(), layer.name()));
            if map == MapMethod::IntegratedGradients {
                assert!(report.heatmap.peak < NOTHING, "an even scan is its own black: {}", report.heatmap.peak);
            }
        }
    }
}

#[test]
fn a_finding_has_a_map_of_its_own() {
    let engine = engine();
    let analysis = analyze(&engine, "fluid.png");
    let region = analysis.report.heatmap.region;
    for method in MapMethod::ALL.into_iter().chain([MapMethod::Local]) {
        let map = engine.finding_map(&analysis, "Fluid", method, MapLayer::default()).unwrap();
        assert_map(&map, method.name());
        assert_eq!((map.target.as_str(), map.method, map.region), ("fluid", method, region));
    }
    let of =
        |finding: &str| engine.finding_report(&analysis, finding, MapMethod::GradCam, MapLayer::default()).unwrap();
    let (fluid, folds) = (of("fluid"), of("choroidal folds"));
    assert!(fluid.likeness.margin > 0. && fluid.likeness.margin > folds.likeness.margin, "{fluid:?}");
    assert_ne!(fluid.maps[0].values, folds.maps[0].values);
    let unknown = engine.finding_map(&analysis, "glitter", MapMethod::GradCam, MapLayer::default()).unwrap_err();
    assert!(unknown.to_string().contains("not a finding of this model's: use "), "{unknown}");
}

#[test]
fn hiding_background_changes_nothing_and_hiding_the_lesion_the_finding() {
    let engine = engine();
    for name in ["drusen.png", "fluid.png", "healthy.png"] {
        let analysis = analyze(&engine, name);
        let [x, y, width, height] = analysis.report.heatmap.region;
        // The vitreous is above the retina.
        let corner = engine.hide(&analysis, &[[x, y, width / 8., height / 8.]]).unwrap();
        assert!((corner.share - 1. / 64.).abs() < 2e-3, "{}", corner.share);
        let p = |i: usize| {
            let both = [&corner.image.before, &corner.image.after].map(|image| image.probabilities[i]);
            (both[0] - both[1]).abs()
        };
        assert!(p(0) < NOTHING && p(1) < NOTHING, "{name}: {corner:?}");
        for change in &corner.findings {
            let (before, after) = (change.likeness.before, change.likeness.after);
            assert!((before.similarity - after.similarity).abs() < NOTHING, "{name}: {change:?}");
        }
        assert_eq!(corner.image.before, analysis.report.image);
        assert_eq!(corner.caption.before, analysis.report.caption.text);
        assert_eq!(corner.findings.len(), engine.metadata().vocabulary.findings.len());
        let nothing = engine.hide(&analysis, &[[-20., -20., 10., 10.]]).unwrap();
        assert_eq!((nothing.share, &nothing.image.after), (0., &nothing.image.before));
        let all = engine.hide(&analysis, &[[x, y, width, height]]).unwrap();
        assert_eq!(all.share, 1.);
        assert_ne!(all.image.after, all.image.before);
    }
    let analysis = analyze(&engine, "fluid.png");
    // Where the local map says that it is.
    let local = engine.finding_map(&analysis, "fluid", MapMethod::Local, MapLayer::default()).unwrap();
    let [x, y, width, height] = local.region;
    let (width, height) = (width / local.cols as f32, height / local.rows as f32);
    let marked = (0..local.values.len()).filter(|i| local.values[*i] > 0.25);
    let cell = |i: usize| [x + (i % local.cols) as f32 * width, y + (i / local.cols) as f32 * height, width, height];
    let hidden = engine.hide(&analysis, &marked.map(cell).collect::<Vec<_>>()).unwrap();
    assert!(hidden.share < 0.2, "{}", hidden.share);
    let fluid = hidden.findings.iter().find(|change| change.finding == "fluid").unwrap().likeness.clone();
    assert!(fluid.before.margin > 0. && fluid.after.margin < 0., "{fluid:?}");
    let [before, after] = [&hidden.image.before, &hidden.image.after].map(|image| image.probabilities["AMD"]);
    assert!(after < before - 0.2, "{before} and {after}");
    for wrong in [[0., 0., 0., 9.], [0., 0., 9., -1.], [f32::NAN, 0., 1., 1.]] {
        assert!(engine.hide(&analysis, &[wrong]).unwrap_err().to_string().contains("WIDTH,HEIGHT"));
    }
}

/// Weights of any shape, the same for each name.
struct Drawn;

impl SimpleBackend for Drawn {
    fn get(
        &self,
        s: candle_core::Shape,
        name: &str,
        _: candle_nn::Init,
        dtype: DType,
        dev: &Device,
    ) -> candle_core::Result<Tensor> {
        let scale = if s.rank() == 4 { (6. / s.dims()[1..].iter().product::<usize>() as f32).sqrt() } else { 0.1 };
        let offset =
            if name.contains("running_var") || (name.contains("bn") && name.ends_with("weight")) { 1. } else { 0. };
        let seed = name.bytes().fold(7f32, |seed, byte| (seed * 31. + f32::from(byte)) % 997.);
        let values = (0..s.elem_count()).map(|i| (i as f32 * 12.9898 + seed).sin() * scale + offset).collect();
        Tensor::from_vec::<_, f32>(values, s, dev)?.to_dtype(dtype)
    }

    fn get_unchecked(&self, _: &str, _: DType, _: &Device) -> candle_core::Result<Tensor> {
        candle_core::bail!("every shape is known")
    }

    fn contains_tensor(&self, _: &str) -> bool {
        false
    }
}

#[test]
fn a_baseline_answers_with_every_method_and_layer() {
    let engine = engine();
    let metadata: BaselineMetadata = serde_json::from_value(json!({
        "format": 1, "kind": "baseline", "name": "small",
        "resnet": ResNetConfig { layers: [1, 1, 1, 1], width: 8 },
        "preprocess": Preprocess::b_scan(64, 96), "labels": ["healthy", "AMD"], "licence": "none",
        "training": { "seed": 1, "settings": {} }, "metrics": null
    }))
    .unwrap();
    let vb = VarBuilder::from_backend(Box::new(Drawn), DType::F32, Device::Cpu);
    let baseline = Baseline::new(metadata, &vb, String::new()).unwrap();
    let analysis = analyze(&engine, "drusen.png");
    let mut kept = None;
    let mut maps: Vec<Heatmap> = Vec::new();
    for (map, layer) in choices() {
        let options = Options { map, layer, ..Options::default() };
        let mut report = engine.revise(&analysis, &options).unwrap();
        baseline.add_answer(&mut report, &analysis.scan, &options, &mut kept).unwrap();
        let heatmap = report.baseline.unwrap().heatmap;
        let what = format!("{} at {}", map.name(), layer.name());
        assert_map(&heatmap, &what);
        assert!(heatmap.peak == 0. || maps.iter().all(|other| other.values != heatmap.values), "{what}");
        assert_eq!((heatmap.method, &heatmap.target), (map, &report.heatmap.target), "{what}");
        let name = if map.uses_layer() { layer.name() } else { "pixel_values" };
        assert_eq!(heatmap.layer, name, "{what}");
        maps.push(heatmap);
    }
    let evident = maps.iter().filter(|map| map.peak > 0.).count();
    assert!(evident * 2 > maps.len(), "{evident} of {} maps show something", maps.len());
}

#[test]
fn the_command_line_asks_about_layers_findings_and_regions() {
    let scan = in_repository("www/samples/fluid.png");
    let ask = |more: &[&'static str]| [&["explain", text(&scan), "--weights", WEIGHTS], more].concat();
    let report = json(&ask(&[
        "--json",
        "--map",
        "layer_cam",
        "--layer",
        "layer2",
        "--finding",
        "fluid",
        "--finding",
        "soft drusen",
        "--hide",
        "0,0,30,20",
        "--words",
        "leave_one_out",
    ]));
    assert_eq!(report["heatmap"]["layer"], "visual.layer2");
    assert_eq!(report["tokens"]["method"], "leave_one_out");
    let findings = report["findings"].as_array().unwrap();
    assert_eq!(findings.len(), 2);
    assert_eq!(findings[0]["finding"], "fluid");
    let methods: Vec<_> = findings[0]["maps"].as_array().unwrap().iter().map(|map| &map["method"]).collect();
    assert_eq!(methods, ["layer_cam", "local"]);
    assert_eq!(report["hidden"]["regions"], json!([[0.0, 0.0, 30.0, 20.0]]));
    assert!(report["hidden"]["findings"].as_array().unwrap().len() > 2);
    let plain = json(&ask(&["--json"]));
    assert!(plain.get("findings").is_none() && plain.get("hidden").is_none());
    let lines = printed(&ask(&["--finding", "fluid", "--hide", "0,0,30,20"]));
    assert!(lines.contains("\n  fluid: similarity ") && lines.contains("of what the model sees"), "{lines}");
    let refused = one_line(&ask(&["--finding", "glitter"]));
    assert!(refused.contains("\"glitter\" is not a finding of this model's"), "{refused}");
}
