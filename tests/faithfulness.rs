//! The checks of an explanation on the shipped model and a sample scan: masks, random weights, words.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

use std::path::Path;

use octlens::engine::faithfulness::share_in_retina;
use octlens::engine::{Analysis, Engine, Input};
use octlens::explain::faithfulness::agreement::agreement;
use octlens::explain::faithfulness::curves::curves;
use octlens::explain::faithfulness::localisation::mass_inside;
use octlens::explain::faithfulness::{field, masks};
use octlens::preprocess::Preprocess;
use octlens::report::{Fill, Heatmap, MapLayer, MapMethod, Mask, MaskPlan, Options, RandomPart};

/// The same pass, once as a report and once as a score.
const ROUNDING: f32 = 1e-5;

fn engine() -> Engine {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    Engine::load("compact", std::fs::read(root.join("weights/compact.safetensors")).unwrap()).unwrap()
}

fn analysis(engine: &Engine, options: &Options) -> Analysis {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let bytes = std::fs::read(root.join("www/samples/drusen.png")).unwrap();
    engine.analyze(&Input { name: "drusen.png", bytes: &bytes, frame: 0 }, options).unwrap()
}

#[test]
fn hiding_nothing_keeps_the_answer_and_hiding_the_map_costs_more_than_hiding_at_random() {
    let engine = engine();
    let Analysis { report, scan, .. } = analysis(&engine, &Options::default());
    let view = engine.model_view(&scan);
    let plan = MaskPlan::new(&report.heatmap, Fill::default(), 2, 1);
    let score = |mask: &Mask| engine.masked_score(&view, mask, &report.image.label).unwrap();
    let scores: Vec<f32> = (0..plan.n_masks()).map(|i| score(&plan.mask(i).unwrap())).collect();
    assert!((scores[0] - report.image.probabilities["AMD"]).abs() < ROUNDING, "{} hiding nothing", scores[0]);
    assert!(scores[1] < scores[0], "{} hiding everything", scores[1]);
    let curves = curves(&plan, &scores).unwrap();
    let random = curves.random_auc().unwrap();
    let (deletion, insertion) = (curves.deletion.auc, curves.insertion.auc);
    assert!(deletion < random && random < insertion, "deletion {deletion}, random {random}, insertion {insertion}");
    assert!(engine.masked_score(&view, &plan.mask(0).unwrap(), "glaucoma").is_err());
    // A worker gets the plan and its masks as text.
    let text = serde_json::to_string(&plan).unwrap();
    assert_eq!(serde_json::from_str::<MaskPlan>(&text).unwrap(), plan);
    assert_eq!(plan.n_masks(), 2 + 4 * (masks::N_STEPS - 1));
}

#[test]
fn a_map_of_the_same_picture_is_the_reports_and_lies_mostly_in_the_retina() {
    let engine = engine();
    let analysis = analysis(&engine, &Options::default());
    let Analysis { report, scan, .. } = &analysis;
    let view = engine.model_view(scan);
    let map = engine.map_of(view.grey.clone(), view.region, "AMD", MapMethod::GradCam).unwrap();
    assert_eq!(map, report.heatmap);
    let heat = field::over_scan(&map, scan.width, scan.height);
    let retina = Preprocess::retina(scan);
    let (share, band) = (mass_inside(&heat, &retina), retina.iter().filter(|is_retina| **is_retina).count());
    let area = band as f64 / retina.len() as f64;
    assert!(share > 0.5 && share > area, "{share} of the heat in {area} of the scan");
    assert_eq!(share_in_retina(scan, &map), Some(share));
    assert_eq!(share_in_retina(scan, &Heatmap { values: vec![0.; map.values.len()], ..map }), None);
    let finer = Options { layer: MapLayer::Layer3, ..Options::default() };
    let again = engine.map_of_scan(scan, "AMD", &finer).unwrap();
    assert_eq!(again, engine.revise(&analysis, &finer).unwrap().heatmap);
    assert!(engine.map_of_scan(scan, "glaucoma", &finer).is_err());
}

#[test]
fn maps_fall_apart_with_random_weights_and_each_seed_is_one_model() {
    let engine = engine();
    let Analysis { report, scan, .. } = analysis(&engine, &Options::default());
    let view = engine.model_view(&scan);
    let map = |engine: &Engine| engine.map_of(view.grey.clone(), view.region, "AMD", MapMethod::GradCam).unwrap();
    for part in RandomPart::ALL {
        let random: Vec<_> = (1..=3).map(|seed| map(&engine.randomized(part, seed).unwrap())).collect();
        assert_eq!(random[0], map(&engine.randomized(part, 1).unwrap()));
        assert_ne!(random[0].values, random[1].values);
        let alike: Vec<f64> = random.iter().filter_map(|other| agreement(&report.heatmap, other)).collect();
        let mean = alike.iter().sum::<f64>() / alike.len() as f64;
        assert!(alike.len() == 3 && mean < 0.7, "{part:?}: {alike:?}");
    }
    // The model itself is as it was.
    assert_eq!(map(&engine), report.heatmap);
}

#[test]
fn the_phrases_with_the_largest_scores_suffice_more_than_random_ones() {
    let engine = engine();
    let text = "AMD, soft drusen, posterior vitreous detachment, lamellar hole";
    let options = Options { caption: Some(text.to_owned()), target: Some("AMD".to_owned()), ..Options::default() };
    let report = analysis(&engine, &options).report;
    let found = engine.word_faithfulness(&report.caption.text, &report.tokens).unwrap();
    assert!((found.whole - report.text.probabilities["AMD"]).abs() < 1e-3, "{} of the caption", found.whole);
    assert_eq!((found.order.len(), found.only_top.len(), found.without_top.len()), (4, 5, 5));
    assert_eq!((found.only_top[4], found.without_top[0]), (found.whole, found.whole));
    assert!(found.sufficiency <= found.random_sufficiency, "{found:?}");
    assert!(found.comprehensiveness >= found.random_comprehensiveness, "{found:?}");
    assert!(engine.word_faithfulness("AMD", &report.tokens).is_err(), "another caption");
}
