//! Pictures that are there twice: copies, and the same scan saved anew at another size, quality or format. Their patients
//! are one family, which splits keep together: else a model is measured on a picture that it was trained on.

use std::collections::{BTreeMap, HashMap};
use std::hash::{DefaultHasher, Hash, Hasher};

use rayon::prelude::*;

use super::record::Record;
use crate::scan::Scan;

/// Columns and rows of the means that a fingerprint compares.
const COLUMNS: usize = 17;
const ROWS: usize = 16;
/// Bits of a hash.
const N_BITS: usize = (COLUMNS - 1) * ROWS;
/// Bits in which the hashes of twins may differ. OCTDL (1,499 scans) has 47 pairs within 51 bits under two patient numbers,
/// which by eye are the same place of the same eye; from 52 on there are pairs of different eyes. Kermany's set (1,610 scans)
/// has three, at 0 bits, and no other within 45. Every tenth scan of both sets, saved anew (JPEG of quality 75, half the size,
/// another aspect), differs by at most 30 bits, at quality 30 by 47.
const MAX_DISTANCE: u32 = 36;
/// The least correlation of the means of twins: 0.96 for the pairs of OCTDL within the distance, 0.994 for a scan that is
/// saved anew. It keeps pairs of large sets apart that are close by chance.
const MIN_CORRELATION: f32 = 0.95;

/// A picture's difference hash (dHash, Krawetz 2013) with what it is made from.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Fingerprint {
    /// One bit for each mean that is brighter than that to its left.
    hash: [u64; N_BITS / 64],
    /// Means of a grid over the picture, less their mean, scaled to length 1.
    means: Vec<f32>,
    /// Of size and pixels.
    digest: u64,
}

impl Fingerprint {
    /// The fingerprint of a scan.
    pub(crate) fn of(scan: &Scan) -> Self {
        let mut means = means(scan);
        let mut hash = [0; N_BITS / 64];
        for bit in 0..N_BITS {
            let left = bit / (COLUMNS - 1) * COLUMNS + bit % (COLUMNS - 1);
            if means[left + 1] > means[left] {
                hash[bit / 64] |= 1 << (bit % 64);
            }
        }
        let mean = means.iter().sum::<f32>() / means.len() as f32;
        means.iter_mut().for_each(|v| *v -= mean);
        let length = means.iter().map(|v| v * v).sum::<f32>().sqrt().max(f32::MIN_POSITIVE);
        means.iter_mut().for_each(|v| *v /= length);
        let mut digest = DefaultHasher::new();
        (scan.width, &scan.pixels).hash(&mut digest);
        Self { hash, means, digest: digest.finish() }
    }

    /// Bits in which two hashes differ.
    fn distance(&self, other: &Self) -> u32 {
        self.hash.iter().zip(&other.hash).map(|(a, b)| (a ^ b).count_ones()).sum()
    }

    /// Correlation of the means.
    fn correlation(&self, other: &Self) -> f32 {
        self.means.iter().zip(&other.means).map(|(a, b)| a * b).sum()
    }

    /// Whether two pictures show the same scan.
    fn is_twin(&self, other: &Self) -> bool {
        self.distance(other) <= MAX_DISTANCE && self.correlation(other) >= MIN_CORRELATION
    }
}

/// Means over a grid of [`ROWS`] rows of [`COLUMNS`].
fn means(scan: &Scan) -> Vec<f32> {
    let (mut sums, mut counts) = (vec![0u64; COLUMNS * ROWS], vec![0u64; COLUMNS * ROWS]);
    // A picture that is smaller than the grid leaves places empty, which are 0.
    for (y, row) in scan.pixels.chunks(scan.width).enumerate() {
        let first = y * ROWS / scan.height * COLUMNS;
        for column in 0..COLUMNS {
            let (from, to) = (column * scan.width / COLUMNS, (column + 1) * scan.width / COLUMNS);
            sums[first + column] += row[from..to].iter().map(|p| u64::from(*p)).sum::<u64>();
            counts[first + column] += (to - from) as u64;
        }
    }
    sums.iter().zip(&counts).map(|(sum, n)| *sum as f32 / (*n).max(1) as f32).collect()
}

/// Pairs of places whose pictures are twins and whose patients are not the same. `records` and `fingerprints` are in the same
/// order.
pub(crate) fn pairs(records: &[Record], fingerprints: &[Fingerprint]) -> Vec<[usize; 2]> {
    let patients: Vec<String> = records.iter().map(Record::patient_key).collect();
    let of = |i: usize| {
        let later = i + 1..records.len();
        later
            .filter(|j| fingerprints[i].is_twin(&fingerprints[*j]) && patients[i] != patients[*j])
            .map(|j| [i, j])
            .collect()
    };
    (0..records.len()).into_par_iter().flat_map_iter(|i| -> Vec<[usize; 2]> { of(i) }).collect()
}

/// Groups of places whose pictures are the same in every pixel, but not their labels.
pub(crate) fn contradictions(records: &[Record], fingerprints: &[Fingerprint]) -> Vec<Vec<usize>> {
    let mut same: HashMap<u64, Vec<usize>> = HashMap::new();
    for (i, fingerprint) in fingerprints.iter().enumerate() {
        same.entry(fingerprint.digest).or_default().push(i);
    }
    let is_contradiction = |group: &Vec<usize>| group.iter().any(|i| records[*i].label != records[group[0]].label);
    let mut groups: Vec<Vec<usize>> = same.into_values().filter(is_contradiction).collect();
    groups.sort();
    groups
}

/// Patients that twins join.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Families {
    /// Patient → the first patient of the family; no entry for a patient without a family.
    first: BTreeMap<String, String>,
}

impl Families {
    /// The families that `pairs` of places in `records` join.
    pub(crate) fn of(records: &[Record], pairs: &[[usize; 2]]) -> Self {
        let mut families = Self::default();
        for pair in pairs {
            let [a, b] = pair.map(|i| families.first_of(&records[i].patient_key()).to_owned());
            let (first, other) = if a <= b { (a, b) } else { (b, a) };
            for member in families.first.values_mut().filter(|member| **member == other) {
                member.clone_from(&first);
            }
            families.first.insert(other, first.clone());
            families.first.insert(first.clone(), first);
        }
        families
    }

    /// The patient that stands for the family of `patient`.
    pub(crate) fn first_of<'a>(&'a self, patient: &'a str) -> &'a str {
        self.first.get(patient).map_or(patient, String::as_str)
    }

    /// Patients in families of two or more.
    pub(crate) fn n_patients(&self) -> usize {
        self.first.len()
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use image::codecs::jpeg::JpegEncoder;
    use image::imageops::FilterType;
    use image::{DynamicImage, GrayImage, ImageFormat, Luma};

    use super::*;
    use crate::caption::Caption;
    use crate::train::data::record::SourceKind;

    fn record(patient: &str, label: &str) -> Record {
        Record {
            path: patient.into(),
            name: patient.to_owned(),
            source: SourceKind::Octdl,
            patient: patient.to_owned(),
            label: label.to_owned(),
            caption: Caption::default(),
            annotated: vec![],
            boxes: vec![],
        }
    }

    fn fingerprint(bytes: &[u8]) -> Fingerprint {
        Fingerprint::of(&Scan::decode(bytes, 0).unwrap())
    }

    fn png(picture: &GrayImage) -> Vec<u8> {
        let mut bytes = Cursor::new(Vec::new());
        picture.write_to(&mut bytes, ImageFormat::Png).unwrap();
        bytes.into_inner()
    }

    /// Layers whose depth and thickness `eye` decides, with speckle.
    fn scan(eye: u32) -> GrayImage {
        GrayImage::from_fn(512, 256, |x, y| {
            let bend = f64::from(eye) * 1.3 + f64::from(x) / 512. * 5.;
            let depth = f64::from(y) - 110. - 25. * bend.sin();
            let layer = if (0. ..40.).contains(&depth) { 120. } else { 20. }
                + if (44. ..56.).contains(&depth) { 90. } else { 0. };
            let speckle = (x * 2_654_435 + y * 40_503 + eye * 977) % 61;
            Luma([(layer + f64::from(speckle) - 10.) as u8])
        })
    }

    #[test]
    fn a_scan_that_is_saved_anew_is_a_twin_and_another_scan_is_not() {
        let [one, other] = [scan(1), scan(2)];
        let original = fingerprint(&png(&one));
        let mut jpeg = Vec::new();
        JpegEncoder::new_with_quality(&mut jpeg, 60).encode_image(&one).unwrap();
        let smaller = image::imageops::resize(&one, 380, 190, FilterType::Triangle);
        let colour = DynamicImage::ImageLuma8(one.clone()).to_rgba8();
        let mut tiff = Cursor::new(Vec::new());
        colour.write_to(&mut tiff, ImageFormat::Tiff).unwrap();
        for (saved, bytes) in [("JPEG", jpeg), ("smaller", png(&smaller)), ("TIFF", tiff.into_inner())] {
            let again = fingerprint(&bytes);
            assert!(
                original.is_twin(&again),
                "{saved}: {} {}",
                original.distance(&again),
                original.correlation(&again)
            );
        }
        assert!(!original.is_twin(&fingerprint(&png(&other))));
        assert!(!original.is_twin(&fingerprint(&png(&image::imageops::flip_horizontal(&one)))), "the other eye");
    }

    #[test]
    fn twins_of_one_patient_join_nobody() {
        let prints = [1, 1, 2, 1].map(|eye| fingerprint(&png(&scan(eye))));
        let records = [record("1", "AMD"), record("1", "AMD"), record("2", "AMD"), record("3", "AMD")];
        assert_eq!(pairs(&records, &prints), [[0, 3], [1, 3]]);
    }

    #[test]
    fn one_picture_with_two_labels_is_a_contradiction() {
        let prints = [1, 2, 1, 2].map(|eye| fingerprint(&png(&scan(eye))));
        let records = [record("1", "AMD"), record("2", "AMD"), record("3", "healthy"), record("4", "AMD")];
        assert_eq!(contradictions(&records, &prints), [[0, 2]]);
    }

    #[test]
    fn twins_of_twins_are_one_family() {
        let records = ["5", "4", "3", "2", "1"].map(|patient| record(patient, "AMD"));
        let families = Families::of(&records, &[[0, 1], [2, 3], [1, 2]]);
        let first: Vec<&str> =
            ["octdl/2", "octdl/3", "octdl/4", "octdl/5", "octdl/1"].map(|p| families.first_of(p)).to_vec();
        assert_eq!(first, ["octdl/2", "octdl/2", "octdl/2", "octdl/2", "octdl/1"]);
        assert_eq!(families.n_patients(), 4);
    }
}
