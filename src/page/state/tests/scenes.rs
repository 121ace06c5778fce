//! Scenes: a demo scan or a case with a question.

use super::Visit;
use crate::page::state::DemoOpening;
use crate::phantom::case::Case;
use crate::protocol::Request;
use crate::report::Options;
use crate::scan::view::{Turn, View};

fn about(target: &str) -> Options {
    Options { target: Some(target.into()), ..Options::default() }
}

impl Visit {
    fn open_demo_with(&mut self, file: &str, options: Options) {
        match self.page.open_demo_with(file, options) {
            DemoOpening::Listed(requests) => self.send(requests),
            DemoOpening::New(id) => {
                let requests = self.page.take_files(&[id]);
                self.send(requests);
            }
        }
    }
}

#[test]
fn a_demo_scan_is_asked_once_with_the_question() {
    let mut visit = Visit::start();
    visit.open_demo_with("fluid.png", about("healthy"));
    assert!(matches!(&visit.inbox[..], [Request::Analyze { options, .. }] if *options == about("healthy")));
    visit.answer_all();
    assert_eq!(visit.page.shown().unwrap().target(), Some("healthy"));
}

#[test]
fn a_listed_demo_scan_forgets_what_was_asked_before() {
    let mut visit = Visit::start();
    visit.open_demo_with("fluid.png", Options { caption: Some("AMD".into()), ..about("healthy") });
    visit.answer_all();
    visit.open_demo_with("fluid.png", Options::default());
    assert!(matches!(&visit.inbox[..], [Request::Revise { options, .. }] if *options == Options::default()));
    visit.answer_all();
    visit.open_demo_with("fluid.png", Options::default());
    assert!(visit.inbox.is_empty(), "it is shown as it is");
    let turned = Options { view: Some(View { turn: Turn::Half, ..View::default() }), ..Options::default() };
    visit.open_demo_with("fluid.png", turned.clone());
    assert!(matches!(&visit.inbox[..], [Request::Analyze { options, .. }] if *options == turned));
    visit.answer_all();
    assert_eq!(visit.listed().len(), 1);
    visit.open_demo_with("fluid.png", Options::default());
    visit.answer_all();
    assert_eq!(visit.page.shown().unwrap().report().unwrap().input.view, None);
}

#[test]
fn a_case_is_drawn_once_with_its_question() {
    let mut visit = Visit::start();
    let case = Case { speckle: 8, ..Case::default() };
    for target in ["healthy", "AMD"] {
        let requests = visit.page.make_case_with(case, about(target));
        visit.send(requests);
        assert_eq!(visit.inbox.len(), 1, "{:?}", visit.inbox);
        visit.answer_all();
        assert_eq!(visit.page.shown().unwrap().target(), Some(target));
    }
    let requests = visit.page.make_case_with(Case { speckle: 1, ..case }, about("healthy"));
    visit.send(requests);
    assert!(matches!(&visit.inbox[..], [Request::Draw { options, .. }] if *options == about("healthy")));
    visit.answer_all();
    assert_eq!(visit.listed().len(), 1);
}

#[test]
fn the_first_finding_of_a_caption_is_taken_away() {
    let mut visit = Visit::start();
    assert_eq!(visit.page.drop_finding(), []);
    visit
        .open_demo_with("fluid.png", Options { caption: Some("AMD, fluid, soft drusen".into()), ..Options::default() });
    visit.answer_all();
    let requests = visit.page.drop_finding();
    visit.send(requests);
    visit.answer_all();
    assert_eq!(visit.page.shown().unwrap().caption(), "AMD, soft drusen");
}
