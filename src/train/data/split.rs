//! Splits of a dataset: by patient, stratified, seeded. Stored with the run, so that they can be checked.

use std::collections::BTreeMap;

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

use super::record::Record;
use super::twins::Families;
pub(crate) use crate::bundle::card::{Split, Splits};

impl Splits {
    /// Assigns patients to splits. Those in `known` keep their split, so that no patient on whom earlier weights were trained
    /// is measured on, and their families are with them. The other families are shuffled within their stratum: the source, and
    /// the most severe label and stage. The order of `records` does not matter.
    pub fn make(
        records: &[Record],
        seed: u64,
        fractions: [f64; 3],
        known: Option<&Splits>,
        families: &Families,
    ) -> Self {
        let family = |record: &Record| families.first_of(&record.patient_key()).to_owned();
        let mut patients: BTreeMap<String, Split> =
            records.iter().filter_map(|r| Some((r.patient_key(), known?.split_of(r)?))).collect();
        let mut of_family: BTreeMap<String, Split> = BTreeMap::new();
        for (patient, split) in &patients {
            let of_known = of_family.entry(families.first_of(patient).to_owned()).or_insert(*split);
            // Where members are in several splits already, the others are trained on, and not measured.
            *of_known = (*of_known).min(*split);
        }
        let mut worst: BTreeMap<String, (usize, String)> = BTreeMap::new();
        for record in records.iter().filter(|r| !of_family.contains_key(&family(r))) {
            let stage = super::octdl::AMD_FINDINGS
                .iter()
                .rposition(|f| record.caption.findings.iter().any(|c| c == f))
                .map_or(0, |i| i + 1);
            let stratum = (stage, format!("{}/{}", record.source, record.label));
            let entry = worst.entry(family(record)).or_insert_with(|| stratum.clone());
            // Class words in capitals sort before healthy, so the smaller label of equal stages is the diseased one.
            if stratum.0 > entry.0 || (stratum.0 == entry.0 && stratum.1 < entry.1) {
                *entry = stratum;
            }
        }
        let mut strata: BTreeMap<(usize, String), Vec<String>> = BTreeMap::new();
        for (family, stratum) in worst {
            strata.entry(stratum).or_default().push(family);
        }
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        for (_, mut members) in strata {
            members.shuffle(&mut rng);
            let n = members.len() as f64;
            let n_test = (n * fractions[2]).round() as usize;
            let n_val = (n * fractions[1]).round() as usize;
            for (i, family) in members.into_iter().enumerate() {
                let split = if i < n_test {
                    Split::Test
                } else if i < n_test + n_val {
                    Split::Val
                } else {
                    Split::Train
                };
                of_family.insert(family, split);
            }
        }
        for record in records {
            if let Some(split) = of_family.get(&family(record)) {
                patients.entry(record.patient_key()).or_insert(*split);
            }
        }
        Self { seed, fractions, patients }
    }

    /// A record's split; none if its patient was not there when the splits were made.
    pub fn split_of(&self, record: &Record) -> Option<Split> {
        self.patients.get(&record.patient_key()).copied()
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
        let splits = Splits::make(&records, 1, [0.7, 0.1, 0.2], None, &Families::default());
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
        let splits = Splits::make(&records, 5, [0.7, 0.1, 0.2], None, &Families::default());
        records.reverse();
        assert_eq!(Splits::make(&records, 5, [0.7, 0.1, 0.2], None, &Families::default()), splits);
        assert_ne!(Splits::make(&records, 6, [0.7, 0.1, 0.2], None, &Families::default()).patients, splits.patients);
    }

    #[test]
    fn a_patient_with_both_classes_is_in_one_split() {
        let mut records = records();
        records.iter_mut().for_each(|r| r.patient = format!("{}", r.name.parse::<usize>().unwrap() % 50));
        let splits = Splits::make(&records, 5, [0.7, 0.1, 0.2], None, &Families::default());
        assert_eq!(splits.patients.len(), 50);
    }

    #[test]
    fn a_known_patient_stays_in_their_split() {
        let records = records();
        let before = Splits::make(&records[..records.len() / 2], 5, [0.7, 0.1, 0.2], None, &Families::default());
        let after = Splits::make(&records, 6, [0.7, 0.1, 0.2], Some(&before), &Families::default());
        assert!(before.patients.iter().all(|(patient, split)| after.patients[patient] == *split));
        assert!(after.patients.len() > before.patients.len());
        assert_eq!(
            after.patients.len(),
            Splits::make(&records, 6, [0.7, 0.1, 0.2], None, &Families::default()).patients.len()
        );
    }

    #[test]
    fn families_are_in_one_split_and_follow_a_known_member() {
        let records = records();
        let patient = |i: usize| records[i].patient_key();
        // Every healthy patient has a scan that an AMD patient has too.
        let pairs: Vec<[usize; 2]> = (0..300).step_by(3).map(|i| [i, i + 1]).collect();
        let families = Families::of(&records, &pairs);
        let before = Splits::make(&records[..30], 5, [0.7, 0.1, 0.2], None, &Families::default());
        for known in [None, Some(&before)] {
            let splits = Splits::make(&records, 5, [0.7, 0.1, 0.2], known, &families);
            for [a, b] in &pairs {
                let is_known = |i: &usize| known.is_some_and(|known| known.patients.contains_key(&patient(*i)));
                if !(is_known(a) && is_known(b)) {
                    assert_eq!(splits.patients[&patient(*a)], splits.patients[&patient(*b)]);
                }
            }
            assert_eq!(splits.patients.len(), 300);
        }
        let splits = Splits::make(&records, 5, [0.7, 0.1, 0.2], Some(&before), &families);
        assert!(before.patients.iter().all(|(patient, split)| splits.patients[patient] == *split));
    }
}
