//! The queue that a visitor pauses: what goes on, what waits, and what happens when it goes on.

use super::{N_FRAMES, Visit, analyzed, failure, names};
use crate::page::state::{DemoOpening, Phase};
use crate::protocol::ScanId;

impl Visit {
    fn pause(&mut self) {
        let requests = self.page.set_paused(true);
        assert_eq!(requests, []);
    }

    fn resume(&mut self) {
        let requests = self.page.set_paused(false);
        self.send(requests);
    }

    fn pause_in_volume(&mut self) -> ScanId {
        let file = self.open(&["eye.vol".into()])[0];
        self.answer();
        self.pause();
        file
    }
}

#[test]
fn the_scan_in_work_is_finished_and_no_other_begins() {
    let mut visit = Visit::start();
    visit.pause_in_volume();
    assert_eq!((visit.page.phase(), visit.page.n_held_back()), (Phase::Analyzing, Some(N_FRAMES - 2)));
    visit.answer_all();
    assert_eq!((visit.n_answered(), visit.page.phase()), (2, Phase::Done));
    assert_eq!((visit.page.n_held_back(), visit.page.awaited()), (Some(N_FRAMES - 2), None));
    visit.resume();
    visit.answer_all();
    assert_eq!((visit.n_answered(), visit.page.phase(), visit.page.n_held_back()), (N_FRAMES, Phase::Done, None));
}

#[test]
fn what_is_clicked_is_answered_all_the_same() {
    let mut visit = Visit::start();
    let file = visit.pause_in_volume();
    visit.answer_all();
    let wanted = visit.page.frames(file)[30];
    visit.show(wanted);
    assert_eq!((analyzed(&visit.inbox), visit.page.phase()), (vec![wanted], Phase::Analyzing));
    visit.answer_all();
    assert_eq!((visit.page.shown().unwrap().frame, visit.n_answered(), visit.page.phase()), (30, 3, Phase::Done));
    let DemoOpening::New(demo) = visit.page.open_demo("demo.png") else { panic!("it is listed already") };
    let requests = visit.page.take_files(&[demo]);
    visit.send(requests);
    visit.answer_all();
    assert_eq!((visit.shown(), visit.n_answered()), ("demo.png", 4));
}

#[test]
fn files_that_come_meanwhile_wait_and_the_first_of_them_is_shown_afterwards() {
    let mut visit = Visit::start();
    visit.open(&names(0..1));
    visit.pause();
    visit.answer_all();
    visit.open(&names(1..4));
    assert_eq!((visit.inbox.len(), visit.page.n_held_back(), visit.page.phase()), (0, Some(3), Phase::Done));
    assert!(!visit.page.is_shown_stale(), "what is shown stays in use");
    visit.resume();
    visit.answer_all();
    assert_eq!((visit.shown(), visit.n_answered(), visit.page.n_held_back()), ("1.png", 4, None));
}

#[test]
fn a_scan_that_is_clicked_stays_shown_when_the_queue_goes_on() {
    let mut visit = Visit::start();
    visit.open(&names(0..1));
    visit.pause();
    let late = visit.open(&names(1..4));
    visit.show(late[2]);
    visit.answer_all();
    visit.resume();
    visit.answer_all();
    assert_eq!((visit.shown(), visit.n_answered()), ("3.png", 4));
}

#[test]
fn files_that_were_removed_meanwhile_are_not_waited_for() {
    let mut visit = Visit::start();
    visit.open(&names(0..1));
    visit.pause();
    visit.answer_all();
    let late = visit.open(&names(1..2))[0];
    let requests = visit.page.remove(late);
    visit.send(requests);
    assert_eq!(visit.page.n_held_back(), Some(0));
    visit.resume();
    assert_eq!((visit.inbox.len(), visit.shown(), visit.page.is_shown_stale()), (0, "0.png", false));
}

#[test]
fn cancel_forgets_what_waits_and_ends_the_pause() {
    let mut visit = Visit::start();
    visit.pause_in_volume();
    visit.answer_all();
    let requests = visit.page.cancel();
    assert_eq!((requests, visit.page.n_held_back(), visit.page.phase()), (vec![], None, Phase::Done));
    visit.open(&names(0..1));
    visit.answer_all();
    assert_eq!((visit.shown(), visit.n_answered()), ("0.png", 3));
}

#[test]
fn a_pause_outlives_the_worker_and_the_model_and_only_what_is_shown_is_asked_again() {
    let mut visit = Visit::start();
    visit.pause_in_volume();
    visit.answer_all();
    visit.inbox.clear();
    visit.held.clear();
    let requests = visit.page.lose(failure("gone"));
    visit.send(requests);
    visit.answer_all();
    assert_eq!((visit.n_answered(), visit.page.shown().unwrap().pixels().is_some()), (2, true));
    visit.choose_model("twin");
    visit.answer_all();
    assert_eq!((visit.n_answered(), visit.page.shown().unwrap().frame, visit.page.phase()), (1, 0, Phase::Done));
    assert_eq!(visit.page.n_held_back(), Some(N_FRAMES - 1));
}
