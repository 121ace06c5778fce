//! Findings on the map and hidden regions: of the shown scan only, and never behind a fold.

use super::*;
use crate::page::linked::FindingMap;
use crate::page::state::Phase;
use crate::report::MapMethod;

const REGION: [f32; 4] = [0., 0., 1., 1.];

fn with_scans(n: usize) -> (Visit, Vec<ScanId>) {
    let mut visit = Visit::start();
    let ids = visit.open(&names(0..n));
    visit.answer_all();
    (visit, ids)
}

fn map_finding(visit: &mut Visit, finding: &str) {
    let requests = visit.page.map_finding(finding);
    visit.send(requests);
}

fn hide(visit: &mut Visit) {
    visit.page.set_hiding(true);
    let requests = visit.page.hide(REGION);
    visit.send(requests);
}

fn on_map(visit: &Visit) -> Option<&str> {
    visit.page.finding_on_map().map(|finding| finding.finding.as_str())
}

#[test]
fn a_finding_has_the_map_until_it_is_chosen_again() {
    let (mut visit, _) = with_scans(1);
    map_finding(&mut visit, "fluid");
    assert_eq!((visit.page.phase(), on_map(&visit)), (Phase::Analyzing, Some("fluid")));
    assert!(visit.page.finding_on_map().unwrap().map().is_none());
    visit.answer_all();
    assert_eq!(visit.page.phase(), Phase::Done);
    visit.page.choose_finding_map(FindingMap::Local);
    assert_eq!(visit.page.finding_on_map().unwrap().map().unwrap().method, MapMethod::Local);
    map_finding(&mut visit, "Fluid");
    assert!(visit.inbox.is_empty() && on_map(&visit).is_none());
}

#[test]
fn the_finding_that_was_chosen_last_has_the_map() {
    let (mut visit, _) = with_scans(1);
    map_finding(&mut visit, "fluid");
    visit.page.choose_finding_map(FindingMap::Local);
    map_finding(&mut visit, "soft drusen");
    visit.answer();
    assert!(visit.page.finding_on_map().unwrap().report.is_none(), "that was the answer about fluid");
    visit.answer();
    let shown = visit.page.finding_on_map().unwrap();
    assert_eq!((shown.report.as_ref().unwrap().finding.as_str(), shown.choice), ("soft drusen", FindingMap::Local));
}

#[test]
fn another_map_of_the_class_takes_the_place_of_a_finding() {
    let (mut visit, _) = with_scans(1);
    map_finding(&mut visit, "fluid");
    visit.answer_all();
    let requests = visit.page.tick_finding("soft drusen", true);
    visit.send(requests);
    visit.answer_all();
    assert_eq!(on_map(&visit), Some("fluid"), "another caption is no other map");
    let requests = visit.page.revise(|options| options.map = MapMethod::EigenCam);
    visit.send(requests);
    assert_eq!(on_map(&visit), None);
    visit.answer_all();
    let requests = visit.page.map_finding("fluid");
    let Some(Request::AskFinding { method, .. }) = requests.first() else { panic!("{requests:?}") };
    assert_eq!(*method, MapMethod::GradCam, "EigenCAM is the same for every finding");
}

#[test]
fn a_region_is_hidden_until_it_is_shown_again() {
    let (mut visit, _) = with_scans(1);
    visit.page.set_hiding(true);
    assert!(visit.page.is_hiding());
    hide(&mut visit);
    assert!(!visit.page.is_hiding() && visit.page.hidden().is_none());
    assert_eq!(visit.page.phase(), Phase::Analyzing);
    visit.answer_all();
    assert_eq!(visit.page.hidden().unwrap().regions, [REGION]);
    visit.page.show_again();
    assert!(visit.page.hidden().is_none());
    hide(&mut visit);
    visit.page.show_again();
    visit.answer_all();
    assert!(visit.page.hidden().is_none(), "nobody waits for it any more");
}

#[test]
fn escape_leaves_the_tool_first_and_then_the_finding() {
    let (mut visit, _) = with_scans(1);
    map_finding(&mut visit, "fluid");
    visit.answer_all();
    visit.page.set_hiding(true);
    visit.page.leave_linked();
    assert!(!visit.page.is_hiding() && on_map(&visit).is_some());
    visit.page.leave_linked();
    assert_eq!(on_map(&visit), None);
}

#[test]
fn nothing_is_reached_behind_a_fold() {
    let mut visit = Visit::start();
    visit.doubts = vec![Doubt::LowProbability];
    visit.open(&names(0..1));
    visit.answer_all();
    map_finding(&mut visit, "fluid");
    hide(&mut visit);
    assert!(!visit.page.can_link() && visit.inbox.is_empty() && !visit.page.is_hiding());
    assert_eq!(visit.page.set_folded(false), []);
    map_finding(&mut visit, "fluid");
    hide(&mut visit);
    visit.page.set_hiding(true);
    visit.answer_all();
    assert!(visit.page.is_hiding() && visit.page.hidden().is_some() && on_map(&visit).is_some());
    assert_eq!(visit.page.set_folded(true), []);
    assert!(!visit.page.is_hiding() && visit.page.hidden().is_none() && on_map(&visit).is_none());
}

#[test]
fn both_belong_to_their_scan() {
    let (mut visit, ids) = with_scans(2);
    map_finding(&mut visit, "fluid");
    hide(&mut visit);
    visit.show(ids[1]);
    assert!(on_map(&visit).is_none() && visit.page.hidden().is_none());
    assert_eq!(visit.page.phase(), Phase::Done, "what is asked of another scan is not waited for");
    visit.answer_all();
    map_finding(&mut visit, "soft drusen");
    visit.show(ids[0]);
    assert!(on_map(&visit).is_none(), "it was forgotten when another scan was asked about");
}

#[test]
fn another_look_and_another_model_forget_them() {
    let (mut visit, _) = with_scans(1);
    for act in [
        |visit: &mut Visit| {
            let requests = visit.page.look_through(Some(SUGGESTED));
            visit.send(requests);
        },
        |visit: &mut Visit| visit.choose_model("other"),
        |visit: &mut Visit| {
            let requests = visit.page.lose(failure("trap"));
            visit.send(requests);
            visit.held.clear();
        },
    ] {
        map_finding(&mut visit, "fluid");
        hide(&mut visit);
        visit.answer_all();
        assert!(on_map(&visit).is_some() && visit.page.hidden().is_some());
        act(&mut visit);
        visit.answer_all();
        assert!(on_map(&visit).is_none() && visit.page.hidden().is_none());
        assert!(visit.page.can_link());
    }
}

#[test]
fn a_question_that_fails_leaves_the_class_and_says_why() {
    let (mut visit, _) = with_scans(1);
    map_finding(&mut visit, "fluid");
    visit.fail_next();
    assert!(on_map(&visit).is_none());
    assert_eq!((visit.page.problems().len(), visit.page.phase()), (1, Phase::Failed));
    hide(&mut visit);
    assert!(visit.page.problems().is_empty());
    visit.fail_next();
    assert!(visit.page.hidden().is_none() && visit.page.problems().len() == 1);
}

#[test]
fn a_worker_that_dies_of_such_a_question_is_replaced_and_asked_about_the_scan_alone() {
    let (mut visit, ids) = with_scans(1);
    hide(&mut visit);
    visit.inbox.clear();
    let requests = visit.page.lose(failure("trap"));
    visit.send(requests);
    visit.held.clear();
    visit.answer_all();
    assert_eq!((visit.page.phase(), visit.held.as_slice()), (Phase::Done, ids.as_slice()));
    assert!(visit.page.hidden().is_none());
}
