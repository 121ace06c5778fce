//! What is drawn: the same on every machine and in every release, and where its boxes say.

use sha2::{Digest, Sha256};

use super::*;

/// SHA-256 of the pixels and boxes of the first 48 phantoms of seed 7. They were taken when only `train phantom` drew: what it
/// draws must never change, because weights were trained on it and figures were measured on it.
const DIGESTS: [(Diagnosis, &str); 2] = [
    (Diagnosis::Amd, "2bc16e8ed2c592dc6638257de71aa795d72e0eb6e31a2eb8f9870ae00cd64746"),
    (Diagnosis::Healthy, "7a0cb129bce0adbd104b497b2edccb6defcdb4a6fa17c4cc5d0f13a4ba00e51d"),
];

/// The demo scans: file, diagnosis, and index of the phantom of seed 9 (`.ci/samples`).
const SAMPLES: [(&str, Diagnosis, u64); 8] = [
    ("drusen.png", Diagnosis::Amd, 26),
    ("ped.png", Diagnosis::Amd, 31),
    ("fluid.png", Diagnosis::Amd, 29),
    ("healthy.png", Diagnosis::Healthy, 0),
    ("reticular.png", Diagnosis::Amd, 23),
    ("atrophy.png", Diagnosis::Amd, 18),
    ("folds.png", Diagnosis::Amd, 25),
    ("healthy-2.png", Diagnosis::Healthy, 5),
];

fn digest(phantoms: impl Iterator<Item = Phantom>) -> String {
    let mut all = Sha256::new();
    for phantom in phantoms {
        all.update(phantom.image.as_raw());
        for lesion in &phantom.lesions {
            all.update(lesion.finding.as_bytes());
            lesion.edges.iter().for_each(|edge| all.update(edge.to_le_bytes()));
        }
    }
    all.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn phantoms_are_drawn_to_the_pixel_as_they_always_were() {
    for (diagnosis, expected) in DIGESTS {
        assert_eq!(digest((0..48).map(|index| draw(7, index, diagnosis))), expected, "{diagnosis:?}");
    }
}

#[test]
fn the_demo_scans_are_drawn_again_to_the_pixel_and_their_lesions_are_listed() {
    let list: serde_json::Value = serde_json::from_str(include_str!("../../www/samples/index.json")).unwrap();
    let listed = list["samples"].as_array().unwrap();
    assert_eq!(listed.len(), SAMPLES.len());
    for (scan, (file, diagnosis, index)) in listed.iter().zip(SAMPLES) {
        let phantom = draw(9, index, diagnosis);
        let path = format!("{}/www/samples/{file}", env!("CARGO_MANIFEST_DIR"));
        assert_eq!(image::open(path).unwrap().into_luma8(), phantom.image, "{file}");
        assert_eq!((&scan["file"], &scan["lesions"]), (&file.into(), &serde_json::to_value(&phantom.lesions).unwrap()));
    }
}

#[test]
fn the_same_seed_and_index_draw_the_same_phantom() {
    let (once, again) = (draw(5, 11, Diagnosis::Amd), draw(5, 11, Diagnosis::Amd));
    assert_eq!(once.image, again.image);
    assert_eq!(once.lesions, again.lesions);
    assert_ne!(once.image, draw(6, 11, Diagnosis::Amd).image);
    assert_ne!(once.image, draw(5, 12, Diagnosis::Amd).image);
    assert_ne!(draw(5, 11, Diagnosis::Healthy).image, once.image);
}

#[test]
fn a_healthy_phantom_has_no_boxes_and_an_amd_phantom_has_each_kind_it_was_given() {
    for index in 0..40 {
        assert!(draw(1, index, Diagnosis::Healthy).lesions.is_empty());
        let kinds = combinations::choose(&mut stream(1, index, Diagnosis::Amd, Purpose::Kinds));
        let lesions = draw(1, index, Diagnosis::Amd).lesions;
        for &kind in kinds {
            assert!(lesions.iter().any(|found| found.finding == kind.phrase()), "{kind:?} is missing from {index}");
        }
        assert!(lesions.iter().all(|found| kinds.iter().any(|kind| kind.phrase() == found.finding)));
    }
}

#[test]
fn boxes_lie_within_the_image_and_hold_something() {
    for index in 0..60 {
        for found in draw(2, index, Diagnosis::Amd).lesions {
            let [left, top, right, bottom] = found.edges;
            assert!(left < right && right < 512 && top < bottom && bottom < 512, "{found:?}");
        }
    }
}

#[test]
fn the_retina_fits_into_half_the_image_whatever_grows_in_it() {
    for index in 0..60 {
        let lesions = draw(3, index, Diagnosis::Amd).lesions;
        let top = lesions.iter().map(|found| found.edges[1]).min().unwrap();
        let bottom = lesions.iter().map(|found| found.edges[3]).max().unwrap();
        assert!(bottom - top < 256 && top > 90 && bottom < 422, "{index}: {top}..{bottom}");
    }
}

#[test]
fn each_lesion_changes_the_pixels_inside_its_box() {
    for lesion in Lesion::ALL {
        for index in 0..8 {
            let with = draw_kinds(4, index, Diagnosis::Amd, &[lesion], true);
            let without = draw_kinds(4, index, Diagnosis::Amd, &[lesion], false);
            assert!(without.lesions.is_empty() && !with.lesions.is_empty());
            assert_changed_in_boxes(&with, &without);
        }
    }
}

/// A changed pixel differs by more than this many grey levels; speckle is the same in both pictures.
const VISIBLE: u8 = 14;

fn is_changed(a: &Phantom, b: &Phantom, x: u32, y: u32) -> bool {
    a.image.get_pixel(x, y).0[0].abs_diff(b.image.get_pixel(x, y).0[0]) > VISIBLE
}

fn assert_changed_in_boxes(with: &Phantom, without: &Phantom) {
    for found in &with.lesions {
        let [left, top, right, bottom] = found.edges;
        let pixels = (top..=bottom).flat_map(|y| (left..=right).map(move |x| (x, y)));
        let changed = pixels.filter(|(x, y)| is_changed(with, without, *x, *y)).count() as u32;
        let area = (right - left + 1) * (bottom - top + 1);
        // A box along a slope is mostly empty: a ninth of its pixels is much.
        assert!(changed * 9 > area, "{found:?}: {changed} of {area} pixels changed");
    }
}

fn n_of(phantom: &Phantom, lesion: Lesion) -> usize {
    phantom.lesions.iter().filter(|found| found.finding == lesion.phrase()).count()
}

#[test]
fn a_case_has_the_lesions_that_it_asks_for_and_no_others() {
    for seed in 0..4 {
        let none = Case { seed, ..Case::default() };
        assert!(draw_case(&none).lesions.is_empty());
        for lesion in Lesion::ALL {
            for amount in [1, 10] {
                let drawn = draw_case(&none.with(lesion, amount));
                assert!(n_of(&drawn, lesion) > 0, "{lesion:?} {amount} of seed {seed}");
                assert_eq!(n_of(&drawn, lesion), drawn.lesions.len());
                for [left, top, right, bottom] in drawn.lesions.iter().map(|found| found.edges) {
                    assert!(left < right && right < 512 && top < bottom && bottom < 512, "{lesion:?}");
                }
            }
        }
        let all = draw_case(&Case { lesions: [10; 9], ..none });
        assert!(Lesion::ALL.into_iter().filter(|lesion| n_of(&all, *lesion) > 0).count() >= 8, "seed {seed}");
    }
}

#[test]
fn a_lesion_of_a_case_is_seen_where_its_box_says() {
    for lesion in Lesion::ALL {
        for seed in 0..2 {
            let none = Case { seed, ..Case::default() };
            assert_changed_in_boxes(&draw_case(&none.with(lesion, 8)), &draw_case(&none));
        }
    }
}

#[test]
fn more_of_a_lesion_is_larger_or_more_numerous() {
    let extent = |phantom: &Phantom| -> u32 {
        phantom.lesions.iter().map(|found| (found.edges[2] - found.edges[0]) * (found.edges[3] - found.edges[1])).sum()
    };
    for lesion in Lesion::ALL {
        for seed in 0..2 {
            let of = |amount| extent(&draw_case(&Case { seed, ..Case::default() }.with(lesion, amount)));
            assert!(of(10) > of(1), "{lesion:?} of seed {seed}: {} and {}", of(1), of(10));
        }
    }
    let spots = |amount| {
        n_of(&draw_case(&Case::default().with(Lesion::HyperfluorescentSpots, amount)), Lesion::HyperfluorescentSpots)
    };
    assert_eq!([1, 2, 5].map(spots), [1, 2, 5]);
}

#[test]
fn a_setting_of_a_case_changes_what_it_says_and_nothing_else() {
    let case = Case { seed: 3, ..Case::default() }.with(Lesion::SoftDrusen, 6);
    let drawn = draw_case(&case);
    let again = draw_case(&case);
    assert_eq!((drawn.image.as_raw(), &drawn.lesions), (again.image.as_raw(), &again.lesions));
    assert_eq!(draw_case(&Case { speckle: 9, gain: 3, ..case }).lesions, drawn.lesions, "light moves no lesion");
    let tilted = draw_case(&Case { tilt: 8, ..case });
    let sides =
        |phantom: &Phantom| phantom.lesions.iter().map(|found| [found.edges[0], found.edges[2]]).collect::<Vec<_>>();
    assert_eq!(sides(&tilted), sides(&drawn), "a tilt moves lesions up or down only");
    assert_ne!(tilted.lesions, drawn.lesions);
    let mean = |case: Case| draw_case(&case).image.as_raw().iter().map(|p| f64::from(*p)).sum::<f64>();
    assert!(mean(Case { gain: 9, ..case }) > mean(case) && mean(case) > mean(Case { gain: 1, ..case }));
    assert_ne!(draw_case(&Case { seed: 4, ..case }).image, drawn.image);
}

#[test]
fn a_case_is_the_file_of_its_pixels() {
    let drawn = draw_case(&Case::default());
    let file = drawn.pgm();
    let read = image::load_from_memory(&file).unwrap().into_luma8();
    assert_eq!(read, drawn.image);
}
