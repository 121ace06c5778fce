//! DICOM files of many kinds, each with the same B-scan or with a reason not to be read; and the same files damaged.
//! `fixtures/trials/dicom/make.py` writes them.
#![allow(clippy::unwrap_used, reason = "a test may fail")]
#![cfg(feature = "train")]

mod common;

use std::collections::BTreeMap;

use common::in_repository;
use octlens::scan::note::{Laterality, Note};
use octlens::scan::{Scan, ScanFile};
use serde::Deserialize;

/// What a right reader does with a file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Expected {
    expect: String,
    #[serde(default)]
    base: String,
    #[serde(default)]
    frame: usize,
    #[serde(default = "one")]
    frames: usize,
    um_per_pixel: Option<[f64; 2]>,
    laterality: Option<Laterality>,
    /// The greatest difference of a pixel.
    #[serde(default)]
    tolerance: u8,
    /// How many pixels may differ at all; none said: any number, by the tolerance.
    differing: Option<usize>,
    /// The kind of the only note.
    note: Option<String>,
    /// A word of the refusal.
    #[serde(default)]
    reason: String,
}

fn one() -> usize {
    1
}

fn read(name: &str) -> Vec<u8> {
    std::fs::read(in_repository(&format!("tests/fixtures/trials/dicom/{name}"))).unwrap()
}

fn expected() -> BTreeMap<String, Expected> {
    serde_json::from_slice(&read("expect.json")).unwrap()
}

/// What differs from what is expected; nothing if all is right.
fn problem(bytes: &[u8], expected: &Expected, base: &Scan) -> Option<String> {
    let file = match (ScanFile::open(bytes), expected.expect.as_str()) {
        (Ok(file), _) => file,
        (Err(error), "refuse") => return refused(&error.to_string(), &expected.reason),
        (Err(error), _) => return Some(error.to_string()),
    };
    let scan = match (file.frame(expected.frame), expected.expect.as_str()) {
        (Ok(_), "refuse") => return Some("read".to_owned()),
        (Ok(scan), _) => scan,
        (Err(error), "refuse") => return refused(&error.to_string(), &expected.reason),
        (Err(error), _) => return Some(error.to_string()),
    };
    let differences = || scan.pixels.iter().zip(&base.pixels).map(|(a, b)| a.abs_diff(*b));
    let n_differing = differences().filter(|difference| *difference > 0).count();
    let greatest = differences().max().unwrap();
    let note =
        serde_json::to_value(&scan.notes).unwrap().pointer("/0/kind").map(|kind| kind.as_str().unwrap().to_owned());
    let facts = (scan.n_frames, file.n_frames(), scan.frame, scan.um_per_pixel, scan.laterality, note, scan.coloured);
    let (frames, frame) = (expected.frames, expected.frame);
    let right = (frames, frames, frame, expected.um_per_pixel, expected.laterality, expected.note.clone(), 0.);
    if (scan.width, scan.height) != (base.width, base.height) {
        Some(format!("{} × {} pixels", scan.width, scan.height))
    } else if greatest > expected.tolerance || expected.differing.is_some_and(|most| n_differing > most) {
        Some(format!("{n_differing} pixels differ, by up to {greatest}"))
    } else if facts != right {
        Some(format!("{facts:?} and not {right:?}"))
    } else {
        None
    }
}

fn refused(message: &str, reason: &str) -> Option<String> {
    let is_right = message.contains(reason) && !message.contains('\n') && !says_who(message);
    (!is_right).then(|| format!("refused, but not because of '{reason}': {message}"))
}

/// Whether a text holds something of the patient.
fn says_who(text: &str) -> bool {
    let text = text.to_lowercase();
    ["nobody", "secret", "hong", "홍"].iter().any(|word| text.contains(word))
}

#[test]
fn every_kind_gives_the_scan_or_the_reason() {
    let base = Scan::decode(&read("base.png"), 0).unwrap();
    let expected = expected();
    assert!(expected.len() > 90 && expected.values().all(|file| file.base.is_empty() || file.base == "base.png"));
    let problems =
        expected.iter().filter_map(|(name, file)| Some(format!("{name}: {}", problem(&read(name), file, &base)?)));
    let problems: Vec<String> = problems.collect();
    assert!(problems.is_empty(), "\n{}\n", problems.join("\n"));
}

#[test]
fn every_frame_can_be_asked_for_and_no_other() {
    for name in ["frames.dcm", "frames_jpeg.dcm", "frames_fragments.dcm", "per_frame_implicit.dcm"] {
        let bytes = read(name);
        let file = ScanFile::open(&bytes).unwrap();
        let frames: Vec<Scan> = (0..5).map(|frame| file.frame(frame).unwrap()).collect();
        assert!(frames.windows(2).all(|pair| pair[0].pixels != pair[1].pixels), "{name}");
        let message = file.frame(5).unwrap_err().to_string();
        assert!(message.contains("5 frames") && message.contains("frame 6"), "{message}");
    }
}

#[test]
fn what_a_scan_says_names_no_patient() {
    for (name, file) in expected().iter().filter(|(_, file)| file.expect == "same") {
        let scan = Scan::decode(&read(name), file.frame).unwrap();
        let notes: Vec<String> = scan.notes.iter().map(Note::text).collect();
        assert!(!says_who(&notes.join(" ")) && !says_who(&format!("{:?}", Scan { pixels: vec![], ..scan })), "{name}");
    }
}

/// A generator of numbers (SplitMix64), the same in each run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ mixed >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((mixed ^ mixed >> 31) % end as u64) as usize
    }
}

#[test]
fn damaged_files_are_read_or_refused_in_one_line_and_never_more() {
    let mut numbers = Numbers(1);
    let (mut n_read, mut n_refused) = (0, 0);
    for (name, file) in expected() {
        let whole = read(&name);
        for _ in 0..24 {
            let mut bytes = whole.clone();
            match numbers.below(8) {
                0 => bytes.truncate(numbers.below(whole.len())),
                1 => {
                    let (at, n) = (numbers.below(whole.len()), numbers.below(64));
                    bytes.drain(at..(at + n).min(whole.len()));
                }
                // Lengths and tags are in the first part.
                kind => {
                    for _ in 0..=numbers.below(3) {
                        let at = numbers.below(if kind < 6 { whole.len().min(900) } else { whole.len() });
                        bytes[at] = [0, 0xFF, 1, 0x80, numbers.below(256) as u8][numbers.below(5)];
                    }
                }
            }
            match Scan::decode(&bytes, file.frame) {
                Ok(scan) => {
                    assert_eq!(scan.pixels.len(), scan.width * scan.height, "{name}");
                    n_read += 1;
                }
                Err(error) => {
                    let message = error.to_string();
                    assert!(!message.contains('\n') && message.len() < 400 && !says_who(&message), "{name}: {message}");
                    n_refused += 1;
                }
            }
        }
    }
    assert!(n_read > 300 && n_refused > 300, "{n_read} read, {n_refused} refused");
}

#[test]
fn a_deflated_file_is_inflated_up_to_the_largest_size_that_is_read() {
    let whole = read("deflated.dcm");
    // One stored block of zeros after the other.
    let mut bytes = whole[..whole.len() - 3000.min(whole.len() / 2)].to_vec();
    bytes.truncate(meta_end(&bytes));
    for _ in 0..1100 {
        bytes.extend([0, 0xFF, 0xFF, 0, 0]);
        bytes.extend([0; 0xFFFF]);
    }
    let message = Scan::decode(&bytes, 0).unwrap_err().to_string();
    assert!(message.contains("inflates to more than the 64 MB"), "{message}");
}

/// Where the meta information ends, by its length.
fn meta_end(file: &[u8]) -> usize {
    144 + u32::from_le_bytes(file[140..144].try_into().unwrap()) as usize
}
