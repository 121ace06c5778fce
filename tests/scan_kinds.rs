//! Files of every kind that scans come in, as `tests/fixtures/trials/expect.json` lists them: each gives the pixels of its base,
//! or is refused by its real reason. `make.py` in that folder makes the files. OCTLENS_TRIALS names another folder of the same
//! layout.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use octlens::error::Detail;
use octlens::scan::{Scan, ScanFile};
use serde::Deserialize;

/// Mean difference of pixels from the base: nothing is lost but the last bit.
const MEAN_DIFFERENCE: f64 = 0.6;
/// The same where the kind loses more, such as lossy compression and four bits for a pixel.
const WIDE_MEAN_DIFFERENCE: f64 = 6.;

/// What a right reader does with a file.
#[derive(Deserialize)]
struct Expected {
    expect: Outcome,
    /// The other outcome that is right too.
    alt: Option<Outcome>,
    base: Option<PathBuf>,
    tolerance: Option<String>,
    #[serde(default)]
    frame: usize,
    frames: Option<usize>,
    um_per_pixel: Option<[f64; 2]>,
    /// What the refusal says.
    word: Option<String>,
    /// Notes of the scan, by their kind.
    #[serde(default)]
    notes: Vec<String>,
}

#[derive(Clone, Copy, PartialEq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Outcome {
    Same,
    Refuse,
}

fn folder() -> PathBuf {
    let own = || Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/trials");
    std::env::var_os("OCTLENS_TRIALS").map_or_else(own, PathBuf::from)
}

/// What is wrong with how a file is read.
fn problem(folder: &Path, name: &str, expected: &Expected) -> Option<String> {
    let bytes = std::fs::read(folder.join(name)).unwrap();
    let allows = |outcome| expected.expect == outcome || expected.alt == Some(outcome);
    let scan = match ScanFile::open(&bytes).and_then(|file| Ok((file.n_frames(), file.frame(expected.frame)?))) {
        Ok((n_frames, _)) if expected.frames.is_some_and(|n| n != n_frames) => {
            return Some(format!("{n_frames} frames"));
        }
        Ok((_, scan)) if allows(Outcome::Same) => scan,
        Ok(_) => return Some("is not refused".to_owned()),
        Err(error) if allows(Outcome::Refuse) => {
            let (text, word) = (error.to_string(), expected.word.as_deref().unwrap_or_default());
            let is_named = text.contains(word) && !text.contains('\n');
            // Damage is said of damaged files only.
            let is_damage = error.detail() == Some(&Detail::DamagedFile);
            let says_so = ["cut short", "damaged", "zeros"].iter().any(|damage| word.contains(damage));
            let is_honest = expected.word.is_none() || !is_damage || says_so;
            return (!is_named || !is_honest).then_some(text);
        }
        Err(error) => return Some(error.to_string()),
    };
    let base = Scan::decode(&std::fs::read(folder.join(expected.base.as_ref()?)).unwrap(), 0).unwrap();
    if (scan.width, scan.height) != (base.width, base.height) {
        return Some(format!("{} × {} pixels", scan.width, scan.height));
    }
    let differences = scan.pixels.iter().zip(&base.pixels).map(|(a, b)| f64::from(a.abs_diff(*b)));
    let mean = differences.sum::<f64>() / base.pixels.len() as f64;
    let is_wide = expected.tolerance.is_some();
    if mean > if is_wide { WIDE_MEAN_DIFFERENCE } else { MEAN_DIFFERENCE } {
        return Some(format!("differs by {mean:.2}"));
    }
    if expected.um_per_pixel.is_some_and(|scale| {
        scan.um_per_pixel
            .is_none_or(|found| found.iter().zip(scale).any(|(found, scale)| (found / scale - 1.).abs() > 1e-3))
    }) {
        return Some(format!("has the scale {:?}", scan.um_per_pixel));
    }
    let kind = |note| serde_json::to_value(note).unwrap()["kind"].as_str().unwrap().to_owned();
    let notes: Vec<String> = scan.notes.iter().map(kind).collect();
    expected.notes.iter().any(|note| !notes.contains(note)).then(|| format!("has the notes {notes:?}"))
}

#[test]
fn every_kind_of_file_is_read_right_or_refused_by_its_reason() {
    let folder = folder();
    let text = std::fs::read_to_string(folder.join("expect.json")).unwrap();
    let expected: BTreeMap<String, Expected> = serde_json::from_str(&text).unwrap();
    assert!(!expected.is_empty());
    let problems: Vec<String> = expected
        .iter()
        .filter_map(|(name, expected)| Some(format!("{name}: {}", problem(&folder, name, expected)?)))
        .collect();
    assert!(problems.is_empty(), "{} of {} are wrong:\n{}", problems.len(), expected.len(), problems.join("\n"));
}

/// Changed copies of each file.
const N_MUTANTS: u64 = 12;

/// A copy with a few bytes changed, and sometimes cut: the same one for the same seed.
fn mutant(bytes: &[u8], seed: u64) -> Vec<u8> {
    // The multiplier of Knuth's MMIX.
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = |below: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % below.max(1)
    };
    let mut bytes = bytes.to_vec();
    for _ in 0..=next(4) {
        // Headers are where the sizes are.
        let among = if next(3) > 0 { bytes.len().min(400) } else { bytes.len() };
        let at = next(among);
        let value = [0, 1, 0x7f, 0x80, 0xff, next(256) as u8][next(6)];
        if let Some(byte) = bytes.get_mut(at) {
            *byte = value;
        }
    }
    if next(4) == 0 {
        bytes.truncate(next(bytes.len()));
    }
    bytes
}

#[test]
fn mutants_of_every_format_do_not_panic() {
    let folder = folder();
    let text = std::fs::read_to_string(folder.join("expect.json")).unwrap();
    let names: BTreeMap<String, serde_json::Value> = serde_json::from_str(&text).unwrap();
    let mut panicked = Vec::new();
    for (index, name) in names.keys().enumerate() {
        let bytes = std::fs::read(folder.join(name)).unwrap();
        for seed in 0..N_MUTANTS {
            let mutant = mutant(&bytes, index as u64 * N_MUTANTS + seed);
            let read = || {
                if let Ok(file) = ScanFile::open(&mutant) {
                    (0..file.n_frames().min(3)).for_each(|frame| {
                        if let Ok(scan) = file.frame(frame) {
                            assert_eq!(scan.pixels.len(), scan.width * scan.height);
                        }
                    });
                }
            };
            if std::panic::catch_unwind(std::panic::AssertUnwindSafe(read)).is_err() {
                panicked.push(format!("{name}, seed {seed}"));
            }
        }
    }
    assert!(panicked.is_empty(), "{}", panicked.join("\n"));
}
