//! The worker's death: who is asked again, who is given up, and when it is final.

use super::{Visit, analyzed, failure, names};
use crate::error::Detail;
use crate::page::scans::ScanState;
use crate::page::state::{Model, Phase};
use crate::protocol::{Failure, Request, Response, ScanId};

impl Visit {
    /// The worker dies, and with it what it was sent and what it held.
    fn die(&mut self) {
        self.inbox.clear();
        self.held.clear();
        self.hear(Response::Crashed { failure: failure("panic") }, None);
    }

    fn act(&mut self, requests: Vec<Request>) {
        self.send(requests);
    }

    fn state_of(&self, id: ScanId) -> &ScanState {
        &self.page.scans().get(id).unwrap().state
    }
}

#[test]
fn another_worker_answers_what_the_dead_one_did_not() {
    let mut visit = Visit::start();
    let ids = visit.open(&names(0..3));
    visit.answer();
    let first = visit.page.worker_number();
    visit.die();
    assert_eq!((visit.page.worker_number(), visit.page.problems().len()), (first + 1, 0));
    assert!(matches!(visit.page.phase(), Phase::Loading(_)));
    assert_eq!(visit.inbox, [Request::Load { model: None }]);
    // A file that comes meanwhile waits with the others.
    visit.open(&names(3..4));
    visit.answer_all();
    assert_eq!((visit.listed().len(), visit.n_answered(), visit.page.phase()), (4, 4, Phase::Done));
    assert_eq!(visit.shown(), "3.png");
    visit.show(ids[0]);
    visit.answer_all();
    assert_eq!(visit.shown(), "0.png");
}

#[test]
fn an_answer_that_is_shown_and_its_edits_survive_the_worker() {
    let mut visit = Visit::start();
    visit.open(&names(0..1));
    visit.answer_all();
    let edit = visit.page.tick_finding("soft drusen", true);
    visit.act(edit);
    visit.die();
    assert!(visit.page.shown().unwrap().answer.is_some());
    visit.answer_all();
    let shown = visit.page.shown().unwrap();
    assert_eq!(shown.report().unwrap().caption.text, "fluid, soft drusen");
    assert!(shown.pixels().is_some() && visit.page.phase() == Phase::Done);
    // The new worker holds it: it can be asked about.
    let edit = visit.page.tick_finding("fluid", false);
    assert!(matches!(edit[..], [Request::Revise { .. }]));
}

#[test]
fn a_scan_of_which_the_worker_dies_twice_is_given_up_by_name_and_the_others_are_answered() {
    let mut visit = Visit::start();
    let ids = visit.open(&names(0..3));
    visit.die();
    visit.answer();
    assert_eq!(analyzed(&visit.inbox), [ids[0]], "it is tried again");
    visit.die();
    let problem = visit.page.problems()[0].clone();
    assert_eq!((problem.name.as_str(), problem.failure.detail), ("0.png", Some(Detail::StoppedModel)));
    assert!(problem.failure.message.contains("panic"), "{}", problem.failure.message);
    visit.answer_all();
    assert_eq!((visit.listed(), visit.n_answered()), (vec!["1.png", "2.png"], 2));
}

#[test]
fn an_edit_of_which_the_worker_dies_twice_is_undone_and_the_scan_stays() {
    let mut visit = Visit::start();
    let id = visit.open(&names(0..1))[0];
    visit.answer_all();
    let edit = visit.page.tick_finding("soft drusen", true);
    visit.act(edit);
    visit.die();
    visit.answer();
    visit.die();
    assert_eq!(visit.page.problems()[0].name, "0.png");
    visit.answer_all();
    let shown = visit.page.shown().unwrap();
    assert_eq!((shown.caption(), &shown.state), ("AMD, fluid", &ScanState::Released));
    // A person who asks something else of it has it read again.
    let edit = visit.page.tick_finding("fluid", false);
    assert_eq!(analyzed(&edit), [id]);
    visit.act(edit);
    visit.answer_all();
    assert_eq!(visit.page.shown().unwrap().n_deaths, 0);
    assert_eq!(visit.page.phase(), Phase::Done);
}

#[test]
fn a_worker_that_dies_with_nothing_to_do_is_replaced_once_and_then_when_it_is_wanted() {
    let mut visit = Visit::start();
    visit.die();
    visit.answer_all();
    assert_eq!(visit.page.phase(), Phase::Ready);
    visit.die();
    assert_eq!(*visit.page.model(), Model::Lost(failure("panic")));
    visit.open(&names(0..1));
    assert_eq!((visit.inbox.len(), visit.page.phase()), (0, Phase::Failed), "the banner stays");
    // What the dead worker still says changes nothing.
    assert_eq!(visit.page.lose(failure("unreachable")), []);
    let number = visit.page.worker_number();
    let requests = visit.page.retry();
    assert_eq!(visit.page.worker_number(), number + 1);
    visit.act(requests);
    visit.answer_all();
    assert_eq!((visit.n_answered(), visit.page.phase()), (1, Phase::Done));
}

#[test]
fn a_worker_that_hangs_is_found_out_and_one_that_computes_is_not() {
    let mut visit = Visit::start();
    visit.hear(Response::Ready { build: String::new() }, None);
    let n_ticks = |visit: &mut Visit| -> (u32, Option<Failure>) {
        let mut n = 0;
        loop {
            n += 1;
            visit.hear(Response::Alive, None);
            if let Some(failure) = visit.page.tick() {
                return (n, Some(failure));
            }
            if n == 1000 {
                return (n, None);
            }
        }
    };
    assert_eq!(n_ticks(&mut visit).1, None, "it beats");
    visit.open(&names(0..1));
    let (n, dead) = n_ticks(&mut visit);
    assert!(n > 15, "an answer may take long: {n} ticks");
    visit.inbox.clear();
    visit.held.clear();
    let requests = visit.page.lose(dead.unwrap());
    visit.act(requests);
    visit.answer_all();
    assert_eq!(visit.page.phase(), Phase::Done);
}

#[test]
fn cancel_stops_the_worker_and_keeps_scans_and_answers() {
    let mut visit = Visit::start();
    assert_eq!(visit.page.cancel(), [], "nothing is under way");
    let ids = visit.open(&names(0..3));
    visit.answer();
    let number = visit.page.worker_number();
    visit.inbox.clear();
    visit.held.clear();
    let requests = visit.page.cancel();
    assert_eq!(visit.page.worker_number(), number + 1);
    visit.act(requests);
    visit.answer_all();
    assert_eq!((visit.listed().len(), visit.n_answered(), visit.page.phase()), (3, 1, Phase::Done));
    assert!(visit.page.shown().unwrap().pixels().is_some(), "the shown scan can be asked about again");
    assert_eq!(*visit.state_of(ids[2]), ScanState::Released);
    visit.show(ids[2]);
    visit.answer_all();
    assert_eq!(visit.shown(), "2.png");
}

#[test]
fn the_comparison_goes_on_with_the_next_worker() {
    let mut visit = Visit::start();
    visit.open(&names(0..1));
    visit.answer_all();
    let requests = visit.page.set_comparing(true);
    visit.act(requests);
    visit.answer_all();
    visit.die();
    assert!(!visit.page.comparison().unwrap().is_on());
    visit.answer_all();
    assert!(visit.page.comparison().unwrap().is_on());
}
