//! Looking at a part of a picture, and at the whole again.

use super::{SUGGESTED, Visit, failure, names};
use crate::page::scans::ScanState;
use crate::page::state::Phase;
use crate::protocol::Request;
use crate::report::{Options, WordMethod};
use crate::scan::view::View;

fn with_screenshot() -> Visit {
    let mut visit = Visit::start();
    visit.open(&["screenshot.png".to_owned()]);
    visit.answer_all();
    visit
}

fn view_of_answer(visit: &Visit) -> Option<View> {
    visit.page.shown().unwrap().report().unwrap().input.view
}

fn use_suggestion(visit: &mut Visit) {
    let requests = visit.page.use_suggestion();
    visit.send(requests);
}

#[test]
fn a_suggestion_is_used_and_undone() {
    let mut visit = with_screenshot();
    use_suggestion(&mut visit);
    assert!(matches!(&visit.inbox[..], [Request::Analyze { options, .. }] if options.view == Some(SUGGESTED)));
    assert_eq!((visit.page.phase(), visit.page.is_shown_stale()), (Phase::Analyzing, true));
    visit.answer_all();
    assert_eq!((view_of_answer(&visit), visit.page.phase()), (Some(SUGGESTED), Phase::Done));
    assert_eq!(visit.page.use_suggestion(), [], "nothing is suggested about the part");
    let requests = visit.page.undo_view();
    visit.send(requests);
    visit.answer_all();
    assert_eq!(view_of_answer(&visit), None);
    assert!(visit.page.shown().unwrap().report().unwrap().suggestion.is_some());
    assert_eq!(visit.page.undo_view(), []);
}

#[test]
fn a_view_stays_when_the_scan_is_asked_again_and_belongs_to_its_scan() {
    let mut visit = with_screenshot();
    use_suggestion(&mut visit);
    visit.answer_all();
    let requests = visit.page.revise(|options| options.words = WordMethod::GradientXActivation);
    assert!(matches!(&requests[..], [Request::Revise { options, .. }] if options.view == Some(SUGGESTED)));
    visit.send(requests);
    visit.answer_all();
    let first = visit.page.shown().unwrap().id;
    visit.open(&names(1..2));
    visit.answer_all();
    assert_eq!(view_of_answer(&visit), None);
    assert_eq!(visit.page.use_suggestion(), []);
    visit.show(first);
    assert_eq!(view_of_answer(&visit), Some(SUGGESTED));
}

#[test]
fn a_view_outlives_the_worker_and_the_model() {
    let mut visit = with_screenshot();
    use_suggestion(&mut visit);
    visit.answer_all();
    let requests = visit.page.lose(failure("it died"));
    visit.held.clear();
    visit.send(requests);
    visit.answer_all();
    assert_eq!(view_of_answer(&visit), Some(SUGGESTED));
    visit.choose_model("another");
    visit.answer_all();
    let scan = visit.page.shown().unwrap();
    assert_eq!(scan.wanted, Options { view: Some(SUGGESTED), ..Options::default() });
    assert_eq!(view_of_answer(&visit), Some(SUGGESTED));
}

#[test]
fn a_view_that_cannot_be_analysed_gives_way_to_the_one_before() {
    let mut visit = with_screenshot();
    use_suggestion(&mut visit);
    visit.fail_next();
    let scan = visit.page.shown().unwrap();
    assert_eq!((scan.wanted.view, &scan.state), (None, &ScanState::Released));
    assert_eq!((view_of_answer(&visit), visit.page.phase()), (None, Phase::Failed));
    use_suggestion(&mut visit);
    visit.answer_all();
    assert_eq!(view_of_answer(&visit), Some(SUGGESTED));
}

#[test]
fn an_answer_about_the_view_before_is_dropped() {
    let mut visit = with_screenshot();
    let revision = visit.page.tick_finding("soft drusen", true);
    visit.send(revision);
    use_suggestion(&mut visit);
    visit.answer();
    assert_eq!(visit.page.phase(), Phase::Analyzing, "it waits for the other view");
    let requests = visit.page.undo_view();
    visit.send(requests);
    visit.answer();
    assert_eq!(visit.page.phase(), Phase::Analyzing, "it waits for the whole again");
    visit.answer_all();
    assert_eq!((view_of_answer(&visit), visit.page.phase()), (None, Phase::Done));
}
