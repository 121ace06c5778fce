//! Splits of a dataset: by patient, stratified, seeded. Stored with the run, so that they can be checked.

use std::collections::BTreeMap;

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

use super::record::Record;
pub(crate) use crate::bundle::card::{Split, Splits};

fn key(record: &Record) -> String {
    format!("{}/{}", record.source, record.patient)
}

impl Splits {
    /// Assigns patients to splits. Those in `known` keep their split, so that no patient on whom earlier weights were trained
    /// is measured on. The others are shuffled within their stratum: the source, and the patient's most severe label and
    /// stage. The order of `records` does not matter.
    pub fn make(records: &[Record], seed: u64, fractions: [f64; 3], known: Option<&Splits>) -> Self {
        let is_known = |record: &&Record| known.and_then(|known| known.split_of(record)).is_some();
        let mut worst: BTreeMap<String, (usize, String)> = BTreeMap::new();
        for record in records.iter().filter(|r| !is_known(r)) {
            let stage = super::octdl::AMD_FINDINGS
                .iter()
                .rposition(|f| record.caption.findings.iter().any(|c| c == f))
                .map_or(0, |i| i + 1);
            let stratum = (stage, format!("{}/{}", record.source, record.label));
            let entry = worst.entry(key(record)).or_insert_with(|| stratum.clone());
            // Class words in capitals sort before healthy, so the smaller label of equal stages is the diseased one.
            if stratum.0 > entry.0 || (stratum.0 == entry.0 && stratum.1 < entry.1) {
                *entry = stratum;
            }
        }
        let mut strata: BTreeMap<(usize, String), Vec<String>> = BTreeMap::new();
        for (patient, stratum) in worst {
            strata.entry(stratum).or_default().push(patient);
        }
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut patients: BTreeMap<String, Split> =
            records.iter().filter_map(|r| Some((key(r), known?.split_of(r)?))).collect();
        for (_, mut members) in strata {
            members.shuffle(&mut rng);
            let n = members.len() as f64;
            let n_test = (n * fractions[2]).round() as usize;
            let n_val = (n * fractions[1]).round() as usize;
            for (i, patient) in members.into_iter().enumerate() {
                let split = if i < n_test {
                    Split::Test
                } else if i < n_test + n_val {
                    Split::Val
                } else {
                    Split::Train
                };
                patients.insert(patient, split);
            }
        }
        Self { seed, fractions, patients }
    }

    /// A record's split; none if its patient was not there when the splits were made.
    pub fn split_of(&self, record: &Record) -> Option<Split> {
        self.patients.get(&key(record)).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::caption::Caption;
    use crate::train::data::record::SourceKind;

    fn records() -> Vec<Record> {
        (0..300)
            .map(|i| {
                let (label, findings) = if i % 3 == 0 { ("healthy", vec![]) } else { ("AMD", vec!["MNV".to_owned()]) };
                Record {
                    path: format!("{i}").into(),
                    name: format!("{i}"),
                    source: SourceKind::Octdl,
                    patient: format!("{}", i / 3 + i % 3 * 100),
                    label: label.into(),
                    caption: Caption { label: Some(label.into()), findings },
                    annotated: vec![],
                    boxes: vec![],
                }
            })
            .collect()
    }

    #[test]
    fn shares_hold_within_each_class() {
        let records = records();
        let splits = Splits::make(&records, 1, [0.7, 0.1, 0.2], None);
        for label in ["healthy", "AMD"] {
            let of = |split| records.iter().filter(|r| r.label == label && splits.split_of(r) == Some(split)).count();
            let n = of(Split::Train) + of(Split::Val) + of(Split::Test);
            assert!((of(Split::Test) as f64 / n as f64 - 0.2).abs() < 0.03);
            assert!((of(Split::Val) as f64 / n as f64 - 0.1).abs() < 0.03);
        }
    }

    #[test]
    fn the_same_seed_gives_the_same_splits_whatever_the_order() {
        let mut records = records();
        let splits = Splits::make(&records, 5, [0.7, 0.1, 0.2], None);
        records.reverse();
        assert_eq!(Splits::make(&records, 5, [0.7, 0.1, 0.2], None), splits);
        assert_ne!(Splits::make(&records, 6, [0.7, 0.1, 0.2], None).patients, splits.patients);
    }

    #[test]
    fn a_patient_with_both_classes_is_in_one_split() {
        let mut records = records();
        records.iter_mut().for_each(|r| r.patient = format!("{}", r.name.parse::<usize>().unwrap() % 50));
        let splits = Splits::make(&records, 5, [0.7, 0.1, 0.2], None);
        assert_eq!(splits.patients.len(), 50);
    }

    #[test]
    fn a_known_patient_stays_in_their_split() {
        let records = records();
        let before = Splits::make(&records[..records.len() / 2], 5, [0.7, 0.1, 0.2], None);
        let after = Splits::make(&records, 6, [0.7, 0.1, 0.2], Some(&before));
        assert!(before.patients.iter().all(|(patient, split)| after.patients[patient] == *split));
        assert!(after.patients.len() > before.patients.len());
        assert_eq!(after.patients.len(), Splits::make(&records, 6, [0.7, 0.1, 0.2], None).patients.len());
    }
}
