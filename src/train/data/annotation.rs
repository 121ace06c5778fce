//! What a record's annotation says of each finding of a vocabulary: shown, absent or unknown.
//!
//! Sources annotate different findings, and in different detail: one names `drusen` where another names `soft drusen`. So a
//! finding that a caption does not name is absent only if its source annotates it, and a wider finding leaves its kinds
//! unknown.

use super::record::Record;
use crate::caption::{Caption, Diagnosis, Vocabulary, finding};

/// What is known of one finding on one scan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Annotation {
    /// The scan shows it, or a kind of it.
    Shown,
    /// Its source annotates it, and the scan does not show it.
    Absent,
    /// The source does not say.
    Unknown,
}

impl Annotation {
    /// Whether the source says if the scan shows the finding.
    pub(crate) fn is_known(self) -> bool {
        self != Self::Unknown
    }
}

/// What `record` says of each finding of `vocabulary`, in its order.
pub(crate) fn annotations(vocabulary: &Vocabulary, record: &Record) -> Vec<Annotation> {
    let named = &record.caption.findings;
    let is_healthy = record.label == Diagnosis::Healthy.label();
    let is_shown = |f: &str| vocabulary.implies(named, f);
    let is_ruled_out = |f: &str| {
        let is_annotated = record.annotated.contains(&f) || (is_healthy && !finding::IN_HEALTHY.contains(&f));
        is_annotated && !is_shown(f)
    };
    let of = |f: &str| {
        if is_shown(f) {
            return Annotation::Shown;
        }
        if vocabulary.names_parent(named, f) {
            return Annotation::Unknown;
        }
        let mut kinds = vocabulary.children(f).peekable();
        let no_kind = kinds.peek().is_some() && kinds.all(is_ruled_out);
        let is_absent = is_ruled_out(f) || vocabulary.parent(f).is_some_and(is_ruled_out) || no_kind;
        if is_absent { Annotation::Absent } else { Annotation::Unknown }
    };
    vocabulary.findings.iter().map(|f| of(f)).collect()
}

/// Whether `caption` is as true of the scan as its own caption: it has the same label, names no absent finding, and names
/// every finding of the scan's own caption, at least as a wider or a narrower one.
pub(crate) fn is_true_of(caption: &Caption, vocabulary: &Vocabulary, record: &Record) -> bool {
    let annotations = annotations(vocabulary, record);
    let annotation = |f: &String| {
        let place = vocabulary.findings.iter().position(|known| known == f);
        place.map_or(Annotation::Unknown, |i| annotations[i])
    };
    let covers = |f: &String| vocabulary.implies(&caption.findings, f) || vocabulary.names_parent(&caption.findings, f);
    caption.label == record.caption.label
        && caption.findings.iter().all(|f| annotation(f) != Annotation::Absent)
        && record.caption.findings.iter().all(covers)
}

#[cfg(test)]
mod tests {
    use super::Annotation::{Absent, Shown, Unknown};
    use super::*;
    use crate::train::data::record::SourceKind;

    const FINDINGS: [&str; 7] =
        ["soft drusen", "hard drusen", "drusen", "MNV", "fluid", "intraretinal fluid", "posterior vitreous detachment"];

    fn vocabulary() -> Vocabulary {
        Vocabulary::new(vec!["healthy".into(), "AMD".into()], FINDINGS.map(str::to_owned).to_vec())
    }

    fn caption(label: &str, findings: &[&str]) -> Caption {
        Caption::new(&vocabulary(), Some(label), findings)
    }

    fn record(label: &str, findings: &[&str], annotated: &[&'static str]) -> Record {
        Record {
            path: "".into(),
            name: String::new(),
            source: SourceKind::Kermany,
            patient: String::new(),
            label: label.into(),
            caption: caption(label, findings),
            annotated: annotated.to_vec(),
            boxes: vec![],
        }
    }

    #[test]
    fn a_label_alone_leaves_other_lesions_unknown() {
        let cnv = annotations(&vocabulary(), &record("AMD", &["MNV"], &["MNV"]));
        assert_eq!(cnv, [Unknown, Unknown, Unknown, Shown, Unknown, Unknown, Unknown]);
    }

    #[test]
    fn a_wider_finding_leaves_its_kinds_unknown_and_its_absence_rules_them_out() {
        let drusen = annotations(&vocabulary(), &record("AMD", &["drusen"], &["drusen", "MNV", "fluid"]));
        assert_eq!(drusen, [Unknown, Unknown, Shown, Absent, Absent, Absent, Unknown]);
    }

    #[test]
    fn a_kind_implies_the_wider_finding_and_the_absence_of_all_kinds_rules_it_out() {
        let kinds = ["soft drusen", "hard drusen", "fluid"];
        let soft = annotations(&vocabulary(), &record("AMD", &["soft drusen", "fluid"], &kinds));
        assert_eq!(soft, [Shown, Absent, Shown, Unknown, Shown, Unknown, Unknown]);
        let none = annotations(&vocabulary(), &record("AMD", &["fluid"], &kinds));
        assert_eq!(none[..3], [Absent, Absent, Absent]);
    }

    #[test]
    fn a_healthy_label_rules_out_all_findings_that_healthy_eyes_lack() {
        let healthy = annotations(&vocabulary(), &record("healthy", &[], &[]));
        assert_eq!(healthy, [Absent, Absent, Absent, Absent, Absent, Absent, Unknown]);
        let detached = annotations(&vocabulary(), &record("healthy", &[FINDINGS[6]], &[]));
        assert_eq!((detached[0], detached[6]), (Absent, Shown));
    }

    #[test]
    fn a_caption_is_true_of_a_scan_if_it_names_neither_more_nor_less() {
        let is_true = |named: &Caption, of: &Record| is_true_of(named, &vocabulary(), of);
        let soft = record("AMD", &["soft drusen"], &["soft drusen", "hard drusen", "fluid"]);
        assert!(is_true(&caption("AMD", &["drusen"]), &soft) && is_true(&caption("AMD", &["soft drusen"]), &soft));
        assert!(!is_true(&caption("AMD", &["hard drusen"]), &soft));
        assert!(!is_true(&caption("AMD", &["drusen", "fluid"]), &soft));
        assert!(!is_true(&caption("AMD", &[]), &soft) && !is_true(&caption("healthy", &["drusen"]), &soft));
        // The label CNV alone does not rule out drusen.
        let cnv = record("AMD", &["MNV"], &["MNV"]);
        assert!(is_true(&caption("AMD", &["drusen", "MNV"]), &cnv));
        assert!(!is_true(&caption("AMD", &["drusen"]), &cnv));
    }
}
