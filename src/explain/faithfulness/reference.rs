//! The measures against Quantus' and pytorch-grad-cam's, on the fixture that `tests/fixtures/faithfulness.py` writes.

use serde::Deserialize;

use super::agreement::relative_change;
use super::localisation::{mass_inside, peak_inside, rank_inside};
use super::road::predicted;
use crate::report::{Heatmap, MapMethod};

/// Sums of 32-bit floats, which the fixture has with six decimals.
const ROUNDING: f64 = 1e-6;
/// The solver stops before the last digits: a hundredth of a grey level.
const SOLVED: f32 = 4e-5;

#[derive(Deserialize)]
struct Reference {
    rows: usize,
    cols: usize,
    maps: Vec<Vec<f32>>,
    areas: Vec<String>,
    relevance_mass: Vec<f64>,
    relevance_rank: Vec<f64>,
    pointing_game: Vec<f64>,
    changed: Vec<Vec<Vec<f32>>>,
    max_sensitivity: Vec<f64>,
    picture: Vec<f32>,
    removed: String,
    imputed: Vec<f32>,
}

fn reference() -> Reference {
    serde_json::from_str(include_str!("../../../tests/fixtures/faithfulness.json")).unwrap()
}

fn bits(text: &str) -> Vec<bool> {
    text.bytes().map(|bit| bit == b'1').collect()
}

#[test]
fn measures_of_an_area_are_those_of_quantus() {
    let reference = reference();
    for (i, (map, area)) in reference.maps.iter().zip(&reference.areas).enumerate() {
        let inside = bits(area);
        assert!((mass_inside(map, &inside) - reference.relevance_mass[i]).abs() < ROUNDING, "mass of map {i}");
        assert!((rank_inside(map, &inside).unwrap() - reference.relevance_rank[i]).abs() < ROUNDING, "rank of map {i}");
        assert_eq!(f64::from(u8::from(peak_inside(map, &inside))), reference.pointing_game[i], "peak of map {i}");
    }
    assert!(reference.pointing_game.contains(&0.) && reference.pointing_game.contains(&1.));
}

#[test]
fn the_largest_change_is_the_max_sensitivity_of_quantus() {
    let reference = reference();
    let map = |values: &[f32]| Heatmap {
        method: MapMethod::GradCam,
        target: String::new(),
        layer: String::new(),
        rows: reference.rows,
        cols: reference.cols,
        values: values.to_vec(),
        peak: 1.,
        region: [0., 0., 1., 1.],
    };
    for (i, before) in reference.maps.iter().enumerate() {
        let changes = reference.changed.iter().map(|draw| relative_change(&map(before), &map(&draw[i])).unwrap());
        let largest = changes.fold(0., f64::max);
        assert!((largest - reference.max_sensitivity[i]).abs() < ROUNDING, "map {i}: {largest}");
    }
}

#[test]
fn imputation_without_noise_is_that_of_pytorch_grad_cam() {
    let reference = reference();
    let found = predicted(&reference.picture, reference.cols, &bits(&reference.removed), || 0.);
    for (i, (found, expected)) in found.iter().zip(&reference.imputed).enumerate() {
        assert!((found - expected).abs() < SOLVED, "{found} for {expected} at {i}");
    }
    assert!(reference.imputed.iter().zip(&reference.picture).any(|(a, b)| (a - b).abs() > 0.2));
}
