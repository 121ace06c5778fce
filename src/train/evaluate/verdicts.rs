//! Compares the findings that a caption names with a record's annotation. A wider finding is no mistake where the record
//! shows a kind of it, and findings that the source does not annotate are not judged.

use crate::caption::{Caption, Vocabulary, finding};
use crate::train::data::annotation::{Annotation, annotations};
use crate::train::data::record::Record;
use crate::train::metrics::findings::Verdict;

/// Each finding of `vocabulary`, in its order: how `caption` names it on the scan of `record`.
pub(super) fn verdicts(vocabulary: &Vocabulary, record: &Record, caption: &Caption) -> Vec<Verdict> {
    let judge = |(finding, annotation): (&String, Annotation)| match (
        annotation,
        vocabulary.implies(&caption.findings, finding),
    ) {
        (Annotation::Unknown, _) => Verdict::NotJudged,
        (Annotation::Shown, true) => Verdict::Both,
        (Annotation::Shown, false) if vocabulary.names_parent(&caption.findings, finding) => Verdict::NotJudged,
        (Annotation::Shown, false) => Verdict::OnlyThere,
        (Annotation::Absent, true) => Verdict::OnlyNamed,
        (Annotation::Absent, false) => Verdict::Neither,
    };
    vocabulary.findings.iter().zip(annotations(vocabulary, record)).map(judge).collect()
}

/// How `caption` names drusen and fluid, of any kind, on the scan of `record`. All kinds that are known count, also those
/// that the model's own vocabulary lacks: what it cannot name is missing from its captions.
pub(super) fn drusen_and_fluid(record: &Record, caption: &Caption) -> [Verdict; 2] {
    let kinds = finding::PARENTS.into_iter().map(|(kind, _)| kind);
    let all = [finding::DRUSEN, finding::FLUID].into_iter().chain(kinds).map(str::to_owned).collect();
    let verdicts = verdicts(&Vocabulary::new(vec![], all), record, caption);
    [verdicts[0], verdicts[1]]
}

#[cfg(test)]
mod tests {
    use super::Verdict::{Both, Neither, NotJudged, OnlyNamed, OnlyThere};
    use super::*;
    use crate::train::data::record::SourceKind;

    const KINDS: [&str; 3] = ["soft drusen", "hard drusen", "fluid"];

    fn vocabulary() -> Vocabulary {
        Vocabulary::new(
            vec!["healthy".into(), "AMD".into()],
            ["soft drusen", "hard drusen", "fluid", "drusen"].map(str::to_owned).to_vec(),
        )
    }

    fn caption(findings: &[&str]) -> Caption {
        Caption { label: None, findings: findings.iter().map(|f| (*f).to_owned()).collect() }
    }

    fn record(shown: &[&str], annotated: &[&'static str]) -> Record {
        Record {
            path: "".into(),
            name: String::new(),
            source: SourceKind::Kermany,
            patient: String::new(),
            label: "AMD".into(),
            caption: caption(shown),
            annotated: annotated.to_vec(),
            boxes: vec![],
        }
    }

    fn named(shown: &[&str], annotated: &[&'static str], named: &[&str]) -> Vec<Verdict> {
        verdicts(&vocabulary(), &record(shown, annotated), &caption(named))
    }

    #[test]
    fn a_wider_finding_is_no_mistake_and_counts_as_itself() {
        assert_eq!(named(&["soft drusen"], &KINDS, &["drusen"]), [NotJudged, Neither, Neither, Both]);
        assert_eq!(named(&["soft drusen"], &KINDS, &[]), [OnlyThere, Neither, Neither, OnlyThere]);
    }

    #[test]
    fn a_narrower_finding_implies_the_wider_one() {
        assert_eq!(named(&["drusen"], &["drusen"], &["hard drusen"]), [NotJudged, NotJudged, NotJudged, Both]);
        assert_eq!(named(&["soft drusen"], &KINDS, &["hard drusen"]), [OnlyThere, OnlyNamed, Neither, Both]);
    }

    #[test]
    fn what_is_not_annotated_is_not_judged() {
        assert_eq!(named(&["drusen"], &["drusen"], &["drusen", "fluid"])[2], NotJudged);
        assert_eq!(named(&["soft drusen"], &KINDS, &["fluid"])[2], OnlyNamed);
    }

    #[test]
    fn drusen_and_fluid_are_judged_by_their_kinds_whatever_the_model_calls_them() {
        const OUTLINED: [&str; 3] = ["drusen", "intraretinal fluid", "subretinal fluid"];
        let judge = |shown: &[&str], named: &[&str]| drusen_and_fluid(&record(shown, &OUTLINED), &caption(named));
        assert_eq!(judge(&["drusen", "intraretinal fluid"], &["soft drusen", "fluid"]), [Both, Both]);
        assert_eq!(judge(&["subretinal fluid"], &["MNV"]), [Neither, OnlyThere]);
        assert_eq!(judge(&["drusen"], &["subretinal fluid"]), [OnlyThere, OnlyNamed]);
        assert_eq!(drusen_and_fluid(&record(&["MNV"], &["MNV"]), &caption(&["drusen"])), [NotJudged; 2]);
    }
}
