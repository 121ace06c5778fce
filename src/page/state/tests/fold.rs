//! An answer with a warning is folded until a visitor opens it, scan by scan.

use super::*;
use crate::page::reading::{ScanStatus, scan_status};
use crate::report::{Warning, WarningKind};

/// Answers the next request with these reasons to doubt it.
fn answer_with(visit: &mut Visit, reasons: &[Doubt]) {
    visit.doubts = reasons.to_vec();
    visit.answer_all();
}

fn is_folded(visit: &Visit) -> bool {
    visit.page.is_shown_folded()
}

#[test]
fn a_warned_answer_is_folded_until_it_is_opened_and_can_be_folded_again() {
    let mut visit = Visit::start();
    visit.open(&names(0..1));
    answer_with(&mut visit, &[Doubt::LowProbability]);
    assert!(is_folded(&visit));
    for folded in [false, true, false] {
        assert_eq!(visit.page.set_folded(folded), []);
        assert_eq!(is_folded(&visit), folded);
    }
    let requests = visit.page.tick_finding("soft drusen", true);
    visit.send(requests);
    answer_with(&mut visit, &[Doubt::LowProbability]);
    assert!(!is_folded(&visit), "the same reasons were read already");
}

#[test]
fn a_new_reason_folds_the_answer_again_and_fewer_do_not() {
    let mut visit = Visit::start();
    visit.open(&names(0..1));
    answer_with(&mut visit, &[Doubt::LowProbability, Doubt::CaptionFar]);
    assert_eq!(visit.page.set_folded(false), []);
    let edit = |visit: &mut Visit, finding: &str, reasons: &[Doubt]| {
        let requests = visit.page.tick_finding(finding, true);
        visit.send(requests);
        answer_with(visit, reasons);
    };
    edit(&mut visit, "soft drusen", &[Doubt::CaptionFar]);
    assert!(!is_folded(&visit));
    edit(&mut visit, "soft drusen PED", &[Doubt::HeadsDisagree, Doubt::CaptionFar]);
    assert!(is_folded(&visit));
}

#[test]
fn each_scan_has_its_own_fold_and_a_scan_without_a_warning_has_none() {
    let mut visit = Visit::start();
    let ids = visit.open(&names(0..2));
    answer_with(&mut visit, &[Doubt::UnlikeTraining]);
    assert_eq!(visit.page.set_folded(false), []);
    let requests = visit.page.show(ids[1]);
    visit.send(requests);
    assert!(is_folded(&visit));
    let statuses = visit.page.scans().iter().map(scan_status).collect::<Vec<_>>();
    assert!(matches!(statuses[0], ScanStatus::Answered(_, WarningKind::Unfamiliar)), "{statuses:?}");
    assert_eq!(statuses[1], ScanStatus::Folded(WarningKind::Unfamiliar));

    let ids = visit.open(&names(2..3));
    answer_with(&mut visit, &[]);
    assert_eq!(visit.page.shown().map(|scan| scan.id), Some(ids[0]));
    assert!(!is_folded(&visit));
}

#[test]
fn another_view_and_another_model_fold_the_answer_again() {
    let mut visit = Visit::start();
    visit.open(&["screenshot.png".to_owned()]);
    answer_with(&mut visit, &[Doubt::MoreThanAScan]);
    assert_eq!(visit.page.set_folded(false), []);
    let requests = visit.page.use_suggestion();
    visit.send(requests);
    answer_with(&mut visit, &[Doubt::MoreThanAScan]);
    assert!(is_folded(&visit), "another picture is another answer");
    assert_eq!(visit.page.set_folded(false), []);
    visit.choose_model("other");
    answer_with(&mut visit, &[Doubt::MoreThanAScan]);
    assert!(is_folded(&visit));
}

#[test]
fn an_eye_is_folded_with_the_frame_that_it_stands_on() {
    let mut visit = Visit::start();
    let file = visit.open(&["eye.vol".to_owned()])[0];
    answer_with(&mut visit, &[Doubt::CaptionFar]);
    let eye = visit.page.eye(file).unwrap();
    assert_eq!((eye.warning, eye.n_warned), (WarningKind::Unsure, N_FRAMES));
    assert!(visit.page.is_eye_folded(file));
    let frame = visit.page.frames(file)[eye.frame];
    let requests = visit.page.show(frame);
    visit.send(requests);
    visit.answer_all();
    assert_eq!(visit.page.set_folded(false), []);
    assert!(!visit.page.is_eye_folded(file));
}

#[test]
fn a_kind_of_warning_without_a_reason_is_folded_too() {
    let mut scan = crate::page::fixtures::held(1, "AMD");
    let mut report = report("AMD");
    report.warning = Warning { kind: WarningKind::Unsure, ..warning(&[Doubt::CaptionFar]) };
    report.warning.reasons.clear();
    scan.answer =
        Some(crate::page::scans::Answer { report: std::sync::Arc::new(report), answered: Options::default() });
    assert!(scan.is_folded());
    scan.opened_despite = Some(Vec::new());
    assert!(!scan.is_folded());
}
