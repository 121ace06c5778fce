//! Files of several frames: they are listed after the first answer, answered one by one, chosen, released and removed.

use super::{N_FRAMES, Visit, analyzed, failure, names};
use crate::page::reading::{ScanStatus, scan_status};
use crate::page::scans::{MAX_HELD, ScanState};
use crate::page::state::Phase;
use crate::protocol::{Request, ScanId};

impl Visit {
    fn open_volume(&mut self) -> ScanId {
        self.open(&["eye.vol".into()])[0]
    }

    fn files(&self) -> Vec<ScanId> {
        self.page.scans().files().map(|scan| scan.id).collect()
    }

    fn shown_frame(&self) -> usize {
        self.page.shown().unwrap().frame
    }

    fn step(&mut self, by: isize) {
        let requests = self.page.step_frame(by);
        self.send(requests);
    }
}

#[test]
fn the_first_frame_is_shown_at_once_and_the_others_follow_in_the_background() {
    let mut visit = Visit::start();
    let file = visit.open_volume();
    assert_eq!((visit.page.frames(file).len(), visit.page.eye(file)), (0, None));
    visit.answer();
    assert_eq!((visit.shown_frame(), visit.page.phase()), (0, Phase::Analyzing));
    assert_eq!((visit.files(), visit.page.frames(file).len()), (vec![file], N_FRAMES));
    assert_eq!(visit.page.frames_done(), Some([1, N_FRAMES]));
    assert_eq!(visit.page.awaited(), Some(("eye.vol, 2/49".to_owned(), N_FRAMES - 1)));
    let asked = visit.inbox.clone();
    let expected = [(file, 1, visit.page.frames(file)[1])];
    let frames = asked.iter().filter_map(|request| match request {
        Request::Analyze { file, frame, scan, .. } => Some((*file, *frame, *scan)),
        _ => None,
    });
    assert_eq!(frames.collect::<Vec<_>>(), expected);
    visit.answer();
    assert_eq!((visit.shown_frame(), visit.page.eye(file).unwrap().n_answered), (0, 2));
    visit.answer_all();
    let eye = visit.page.eye(file).unwrap();
    assert_eq!((eye.label.as_str(), eye.n_answered, eye.n_frames), ("AMD", N_FRAMES, N_FRAMES));
    assert_eq!((visit.page.phase(), visit.page.frames_done(), visit.shown_frame()), (Phase::Done, None, 0));
}

#[test]
fn pixels_of_frames_are_released_like_those_of_scans_and_come_back() {
    let mut visit = Visit::start();
    let file = visit.open_volume();
    visit.answer_all();
    assert_eq!((visit.n_answered(), visit.held_by_page().len(), visit.held.len()), (N_FRAMES, MAX_HELD, MAX_HELD));
    let far = visit.page.frames(file)[20];
    visit.show(far);
    assert_eq!((analyzed(&visit.inbox), visit.shown_frame()), (vec![far], 0));
    visit.answer_all();
    assert_eq!((visit.shown_frame(), visit.page.shown().unwrap().pixels().is_some()), (20, true));
    assert_eq!((visit.page.frames(file).len(), visit.held.len()), (N_FRAMES, MAX_HELD), "no frame is listed twice");
}

#[test]
fn frames_are_chosen_step_by_step_and_the_last_is_the_last() {
    let mut visit = Visit::start();
    visit.open(&names(0..1));
    visit.open_volume();
    visit.answer_all();
    visit.step(-1);
    assert_eq!(visit.shown_frame(), 0);
    // Faster than they are answered.
    for _ in 0..3 {
        visit.step(1);
    }
    visit.answer_all();
    assert_eq!(visit.shown_frame(), 3);
    visit.step(isize::MAX);
    visit.answer_all();
    assert_eq!(visit.shown_frame(), N_FRAMES - 1);
    visit.step(1);
    visit.step(-2);
    visit.answer_all();
    assert_eq!(visit.shown_frame(), N_FRAMES - 3);
}

#[test]
fn a_frame_that_is_chosen_goes_first() {
    let mut visit = Visit::start();
    let file = visit.open_volume();
    visit.answer();
    let wanted = visit.page.frames(file)[40];
    visit.show(wanted);
    visit.answer();
    assert_eq!(analyzed(&visit.inbox), [wanted]);
    visit.answer();
    assert_eq!(visit.shown_frame(), 40);
    visit.answer_all();
    assert_eq!((visit.shown_frame(), visit.n_answered()), (40, N_FRAMES));
}

#[test]
fn cancel_leaves_the_answers_that_are_there_and_a_frame_can_be_asked_for_later() {
    let mut visit = Visit::start();
    let file = visit.open_volume();
    for _ in 0..5 {
        visit.answer();
    }
    visit.inbox.clear();
    visit.held.clear();
    let requests = visit.page.cancel();
    visit.send(requests);
    visit.answer_all();
    assert_eq!((visit.n_answered(), visit.page.phase()), (5, Phase::Done));
    assert_eq!(visit.page.eye(file).unwrap().n_answered, 5);
    let later = visit.page.frames(file)[30];
    assert_eq!(scan_status(visit.page.scans().get(later).unwrap()), ScanStatus::NotAsked);
    visit.show(later);
    visit.answer_all();
    assert_eq!((visit.shown_frame(), visit.n_answered()), (30, 6));
}

#[test]
fn a_file_is_removed_with_all_its_frames() {
    let mut visit = Visit::start();
    let plain = visit.open(&names(0..1))[0];
    visit.answer_all();
    let file = visit.open_volume();
    for _ in 0..3 {
        visit.answer();
    }
    assert_eq!((visit.page.neighbour(file), visit.page.neighbour(plain)), (Some(plain), Some(file)));
    let requests = visit.page.remove(file);
    visit.send(requests);
    visit.answer_all();
    assert_eq!((visit.listed(), visit.shown(), visit.page.phase()), (vec!["0.png"], "0.png", Phase::Done));
    assert_eq!(visit.held, [plain]);
}

#[test]
fn a_frame_that_cannot_be_read_is_named_and_stays_listed() {
    let mut visit = Visit::start();
    let file = visit.open_volume();
    visit.answer();
    visit.fail_next();
    visit.answer_all();
    assert_eq!(visit.page.problems()[0].name, "eye.vol, 2/49");
    assert_eq!((visit.page.frames(file).len(), visit.n_answered()), (N_FRAMES, N_FRAMES - 1));
    assert_eq!(visit.page.eye(file).unwrap().n_answered, N_FRAMES - 1);
}

#[test]
fn another_model_answers_about_every_frame_again() {
    let mut visit = Visit::start();
    let file = visit.open_volume();
    visit.answer_all();
    let shown = visit.page.frames(file)[7];
    visit.show(shown);
    visit.answer_all();
    visit.choose_model("twin");
    visit.answer();
    assert_eq!((analyzed(&visit.inbox), visit.page.eye(file)), (vec![shown], None));
    visit.answer_all();
    assert_eq!((visit.shown_frame(), visit.n_answered(), visit.page.frames(file).len()), (7, N_FRAMES, N_FRAMES));
}

#[test]
fn frames_wait_for_another_worker_when_theirs_dies() {
    let mut visit = Visit::start();
    let file = visit.open_volume();
    visit.answer();
    visit.answer();
    visit.inbox.clear();
    visit.held.clear();
    let requests = visit.page.lose(failure("gone"));
    visit.send(requests);
    visit.answer_all();
    assert_eq!((visit.n_answered(), visit.page.frames(file).len()), (N_FRAMES, N_FRAMES));
    assert!(visit.page.scans().iter().all(|scan| !matches!(scan.state, ScanState::Analyzing(_))));
}
