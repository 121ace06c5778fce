//! Compares the findings that a caption names with a record's annotation. A wider finding is no mistake where the record
//! shows a kind of it, and findings that the source does not annotate are not judged.

use crate::caption::{Caption, Vocabulary};
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

    fn named(shown: &[&str], annotated: &[&'static str], caption: &[&str]) -> Vec<Verdict> {
        let vocabulary = vocabulary();
        let record = Record {
            path: "".into(),
            name: String::new(),
            source: SourceKind::Kermany,
            patient: String::new(),
            label: "AMD".into(),
            caption: Caption::new(&vocabulary, Some("AMD"), shown),
            annotated: annotated.to_vec(),
            boxes: vec![],
        };
        verdicts(&vocabulary, &record, &Caption::new(&vocabulary, None, caption))
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
}
