//! What answers that are alike turned out to be: the counts behind the page's line on answers like the one that it shows.

use std::collections::{BTreeMap, BTreeSet};

use super::warnings::Answer;
use crate::bundle::card::{AnswerBand, band_of};

/// The answers by class, band of probability and warning: classes in alphabetical order, improbable answers first. `known`
/// are scans whose class the model has, `others` scans of diseases that it does not have. Without a band that no known scan
/// and no other is in.
pub(super) fn bands(known: &[Answer], others: &[Answer]) -> Vec<AnswerBand> {
    // Bands by their start in thousandths: floats have no order.
    let key = |a: &Answer| (a.label.clone(), (band_of(a.probability)[0] * 1000.) as u32, a.is_warned());
    let mut groups: BTreeMap<_, [Vec<&Answer>; 2]> = BTreeMap::new();
    for (at, answers) in [known, others].into_iter().enumerate() {
        for answer in answers {
            groups.entry(key(answer)).or_default()[at].push(answer);
        }
    }
    let band = |((label, _, is_warned), [known, unknown]): (_, [Vec<&Answer>; 2])| {
        let probability = known.iter().chain(&unknown).next().map_or(0., |answer| answer.probability);
        AnswerBand {
            label,
            probability: band_of(probability),
            is_warned,
            n_scans: known.len(),
            n_right: known.iter().filter(|answer| answer.is_right).count(),
            n_patients: known.iter().map(|answer| &answer.patient).collect::<BTreeSet<_>>().len(),
            n_other_diseases: (!others.is_empty()).then_some(unknown.len()),
        }
    };
    groups.into_iter().map(band).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::{Doubt, Warning, made_up};
    use crate::train::data::record::{Record, SourceKind};

    /// The model's answer `label`, which is always 0.9 probable, to a patient's scan of `class`.
    fn answer(patient: &str, class: &str, label: &str, reasons: &[Doubt]) -> Answer {
        let record = Record {
            path: "".into(),
            name: String::new(),
            source: SourceKind::Kermany,
            patient: patient.to_owned(),
            label: class.to_owned(),
            caption: crate::caption::Caption::default(),
            annotated: vec![],
            boxes: vec![],
        };
        let mut report = made_up::report(label, [2, 1], &[1.]);
        let kind = reasons.first().map(|doubt| doubt.kind()).unwrap_or_default();
        report.warning = Warning { kind, reasons: reasons.to_vec(), score: 0.5 };
        Answer::new(&record, &report)
    }

    #[test]
    fn answers_that_are_alike_are_counted_together() {
        let known = [
            answer("1", "AMD", "AMD", &[]),
            answer("1", "AMD", "AMD", &[]),
            answer("2", "healthy", "AMD", &[]),
            answer("3", "AMD", "AMD", &[Doubt::CaptionFar]),
            answer("4", "healthy", "healthy", &[]),
        ];
        let others = [answer("5", "DME", "AMD", &[]), answer("6", "DME", "healthy", &[Doubt::AnotherDisease])];
        let bands = bands(&known, &others);
        let counts = |label: &str, is_warned| {
            let band = bands.iter().find(|band| band.holds(label, 0.9, is_warned)).unwrap();
            [band.n_scans, band.n_right, band.n_patients, band.n_other_diseases.unwrap()]
        };
        assert_eq!(counts("AMD", false), [3, 2, 2, 1]);
        assert_eq!(counts("AMD", true), [1, 1, 1, 0]);
        assert_eq!(counts("healthy", false), [1, 1, 1, 0]);
        assert_eq!(counts("healthy", true), [0, 0, 0, 1], "all that is known of it is that it was wrong");
        assert_eq!(bands.len(), 4);
    }

    #[test]
    fn where_no_other_disease_was_measured_none_is_counted() {
        let bands = bands(&[answer("1", "AMD", "AMD", &[])], &[]);
        assert_eq!((bands.len(), bands[0].n_other_diseases), (1, None));
    }
}
