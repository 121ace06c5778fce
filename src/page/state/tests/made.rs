//! Cases that a visitor draws.

use super::{Visit, names};
use crate::caption::Lesion;
use crate::page::scans::ScanState;
use crate::page::state::Phase;
use crate::phantom::case::Case;
use crate::protocol::{Request, Response};

impl Visit {
    fn make(&mut self, case: Case) {
        let requests = self.page.make_case(case);
        self.send(requests);
    }

    fn drawn(&self) -> Vec<u8> {
        let drawn = |request: &Request| match request {
            Request::Draw { case, .. } => Some(case.speckle),
            _ => None,
        };
        self.inbox.iter().filter_map(drawn).collect()
    }

    fn lesions(&self) -> usize {
        self.page.case().unwrap().made.as_ref().unwrap().lesions.len()
    }
}

fn case(speckle: u8) -> Case {
    Case { speckle, ..Case::default() }.with(Lesion::Fluid, 4)
}

#[test]
fn a_case_is_drawn_listed_shown_and_answered_like_a_scan() {
    let mut visit = Visit::start();
    visit.make(case(1));
    assert_eq!((visit.page.phase(), visit.drawn()), (Phase::Analyzing, vec![1]));
    visit.answer_all();
    assert_eq!((visit.shown(), visit.listed().len(), visit.lesions()), ("case.pgm", 1, 1));
    assert_eq!(visit.page.phase(), Phase::Done);
    assert!(visit.page.shown().unwrap().report().is_some());
    let requests = visit.page.revise(|options| options.target = Some("healthy".into()));
    visit.send(requests);
    visit.answer_all();
    assert_eq!(visit.page.shown().unwrap().target(), Some("healthy"));
}

#[test]
fn positions_that_a_slider_passes_are_dropped_and_the_newest_is_drawn() {
    let mut visit = Visit::start();
    visit.make(case(1));
    visit.answer_all();
    for speckle in 2..=9 {
        visit.make(case(speckle));
    }
    assert_eq!(visit.drawn(), [2], "the worker draws one, the others wait in no queue");
    visit.answer();
    assert_eq!(visit.drawn(), [9]);
    let shown = visit.page.shown().unwrap();
    assert_eq!(shown.pixels().unwrap()[0], 2, "what has come meanwhile is shown");
    assert!(!visit.page.is_shown_stale(), "and can be used");
    visit.answer_all();
    assert_eq!(visit.page.shown().unwrap().pixels().unwrap()[0], 9);
    assert_eq!(visit.page.phase(), Phase::Done);
    visit.make(case(9));
    assert!(visit.inbox.is_empty(), "the same case is not drawn again");
}

#[test]
fn another_case_asks_about_its_own_caption_and_keeps_the_class_that_is_explained() {
    let mut visit = Visit::start();
    visit.make(case(1));
    visit.answer_all();
    let requests = visit.page.revise(|options| {
        options.caption = Some("fluid".into());
        options.target = Some("healthy".into());
    });
    visit.send(requests);
    visit.make(case(2));
    visit.answer_all();
    let scan = visit.page.shown().unwrap();
    assert_eq!((scan.wanted.caption.as_deref(), scan.target()), (None, Some("healthy")));
    assert_eq!(scan.pixels().unwrap()[0], 2);
}

#[test]
fn a_case_outlives_a_worker_a_cancel_and_another_scan() {
    let mut visit = Visit::start();
    visit.make(case(1));
    visit.answer_all();
    visit.make(case(2));
    let requests = visit.page.lose(super::failure("gone"));
    visit.inbox.clear();
    visit.held.clear();
    visit.send(requests);
    visit.answer_all();
    assert_eq!(visit.page.shown().unwrap().pixels().unwrap()[0], 2);

    visit.open(&names(0..1));
    visit.answer_all();
    assert_eq!(visit.shown(), "0.png");
    visit.make(case(3));
    visit.answer_all();
    assert_eq!((visit.shown(), visit.listed().len()), ("case.pgm", 2));

    visit.make(case(4));
    let requests = visit.page.cancel();
    visit.inbox.clear();
    visit.held.clear();
    visit.send(requests);
    visit.answer_all();
    assert_eq!(visit.page.phase(), Phase::Done);
    visit.make(case(4));
    visit.answer_all();
    assert_eq!(visit.page.shown().unwrap().pixels().unwrap()[0], 4, "what was stopped can be drawn again");

    let id = visit.page.case().unwrap().id;
    let requests = visit.page.remove(id);
    visit.send(requests);
    visit.answer_all();
    assert!(visit.page.case().is_none() && visit.shown() == "0.png");
}

#[test]
fn what_is_drawn_for_nobody_changes_nothing() {
    let mut visit = Visit::start();
    visit.make(case(1));
    visit.answer_all();
    visit.hear(Response::Drawn { id: 999, lesions: vec![] }, None);
    assert_eq!(visit.lesions(), 1);
    assert!(matches!(visit.page.case().unwrap().state, ScanState::Held { .. }));
    assert!(visit.inbox.is_empty());
}
