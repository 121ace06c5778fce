//! All scans at a glance: what failed stays counted, removals can be undone, unsaved answers are known.

use super::*;
use crate::page::scans::ScanState;
use crate::page::series::{Filter, SeriesCount, SeriesKey};
use crate::page::state::{DemoOpening, Wait};

fn count(visit: &Visit) -> [usize; 3] {
    let SeriesCount { n_answered, n_total, n_failed } = visit.page.series_count();
    [n_answered, n_total, n_failed]
}

impl Visit {
    fn remove(&mut self, file: ScanId) {
        let requests = self.page.remove(file);
        self.send(requests);
    }

    fn remove_all(&mut self) {
        let requests = self.page.remove_all();
        self.send(requests);
    }

    fn undo(&mut self) {
        let requests = self.page.undo_removal();
        self.send(requests);
    }
}

#[test]
fn a_mixed_batch_counts_what_is_answered_and_what_failed() {
    let mut visit = Visit::start();
    let ids = visit.open(&names(0..5));
    assert_eq!(count(&visit), [0, 5, 0]);
    visit.answer();
    visit.fail_next();
    visit.answer();
    visit.fail_next();
    assert_eq!(count(&visit), [2, 5, 2]);
    let failed = |visit: &Visit| visit.page.failed_files().iter().map(|failed| failed.name.clone()).collect::<Vec<_>>();
    assert_eq!(failed(&visit), ["1.png", "3.png"]);
    // What went wrong is read and gone; the count stays.
    visit.show(ids[0]);
    assert!(visit.page.problems().is_empty());
    visit.answer_all();
    assert_eq!((count(&visit), visit.listed()), ([3, 5, 2], vec!["0.png", "2.png", "4.png"]));
    let rows: Vec<_> = visit.page.series().iter().map(|row| (row.index, row.name.clone())).collect();
    assert_eq!(rows[1], (1, "1.png".to_owned()), "it keeps its place");
    visit.page.set_filter(Filter::Amd);
    assert_eq!((failed(&visit).len(), visit.page.series_files().len()), (0, 3));
    visit.remove(ids[1]);
    assert_eq!(count(&visit), [3, 4, 1]);
}

#[test]
fn files_that_wait_are_acknowledged_at_once_with_what_they_wait_for() {
    let mut visit = Visit::before_loading();
    visit.open(&names(0..3));
    assert_eq!(visit.page.acknowledged(), Some((3, Wait::ForModel)));
    visit.load_ends("m");
    assert_eq!(visit.page.acknowledged(), None, "they are being answered");
    visit.open(&names(3..5));
    assert_eq!(visit.page.acknowledged(), Some((2, Wait::ForOthers)));
    visit.answer();
    assert_eq!(visit.page.acknowledged(), None);
    visit.answer_all();
    visit.page.set_paused(true);
    visit.open(&names(5..6));
    assert_eq!(visit.page.acknowledged(), Some((1, Wait::ForVisitor)));
}

#[test]
fn files_and_frames_are_sorted_and_filtered_and_what_is_opened_is_seen() {
    let mut visit = Visit::start();
    visit.doubts = vec![Doubt::LowProbability];
    let volume = visit.open(&["eye.vol".into()])[0];
    visit.answer_all();
    visit.doubts.clear();
    let plain = visit.open(&names(0..1))[0];
    visit.answer_all();
    assert_eq!(visit.page.series_files(), [plain, volume]);
    assert_eq!(visit.page.series_frames(volume).len(), N_FRAMES);
    visit.page.sort_by(SeriesKey::Doubt);
    assert_eq!(visit.page.series_files(), [volume, plain]);
    visit.page.turn_order(SeriesKey::Doubt);
    assert_eq!(visit.page.series_files(), [plain, volume]);
    visit.page.turn_order(SeriesKey::File);
    visit.page.turn_order(SeriesKey::File);
    let frames = visit.page.series_frames(volume);
    assert_eq!((frames.len(), frames[0].0, visit.page.series_frames(plain).len()), (N_FRAMES, N_FRAMES - 1, 0));
    visit.page.set_filter(Filter::Warned);
    assert_eq!(visit.page.series_files(), [volume]);
    visit.page.set_filter(Filter::Healthy);
    assert_eq!((visit.page.series_files(), visit.page.series_frames(volume)), (vec![], vec![]));
    visit.open(&names(1..2));
    assert_eq!((visit.page.series_view().filter, visit.page.series_files().len()), (Filter::All, 3));
}

#[test]
fn keys_step_through_frames_as_they_are_sorted() {
    let mut visit = Visit::start();
    let volume = visit.open(&["eye.vol".into()])[0];
    visit.answer_all();
    visit.page.turn_order(SeriesKey::File);
    visit.show(volume);
    visit.answer_all();
    let requests = visit.page.step_frame(-1);
    visit.send(requests);
    visit.answer_all();
    assert_eq!(visit.page.shown().unwrap().frame, 1);
}

#[test]
fn a_removed_file_comes_back_with_its_answers_and_is_shown_again() {
    let mut visit = Visit::start();
    let ids = visit.open(&names(0..3));
    visit.answer_all();
    visit.show(ids[1]);
    visit.remove(ids[1]);
    visit.answer_all();
    assert_eq!((visit.listed(), visit.page.n_removed()), (vec!["0.png", "2.png"], Some(1)));
    assert!(visit.page.keeps(ids[1]), "its file is still needed");
    visit.undo();
    assert_eq!((visit.listed(), visit.page.n_removed()), (vec!["0.png", "1.png", "2.png"], None));
    assert_eq!(visit.n_answered(), 3);
    visit.answer_all();
    assert_eq!((visit.shown(), count(&visit)), ("1.png", [3, 3, 0]));
    // What was removed before cannot come back after another removal, nor when it is forgotten.
    visit.remove(ids[0]);
    visit.remove(ids[1]);
    assert!(!visit.page.keeps(ids[0]) && visit.page.keeps(ids[1]));
    visit.page.forget_removed();
    assert!(!visit.page.keeps(ids[1]));
    visit.undo();
    assert_eq!(visit.listed(), ["2.png"]);
}

#[test]
fn all_are_removed_and_come_back_what_waits_too() {
    let mut visit = Visit::start();
    let volume = visit.open(&["eye.vol".into()])[0];
    visit.answer();
    visit.open(&names(0..4));
    visit.fail_next();
    visit.answer();
    let before = (visit.listed().join(" "), count(&visit));
    let n_waiting = visit.page.scans().iter().filter(|scan| scan.is_awaited()).count();
    assert!(n_waiting > 0);
    visit.remove_all();
    assert_eq!((visit.listed().len(), count(&visit), visit.shown()), (0, [0, 0, 0], ""));
    assert!(visit.page.n_removed().unwrap() >= 4);
    // What was under way is answered to nobody.
    visit.answer_all();
    assert_eq!((visit.listed().len(), visit.held.len()), (0, 0));
    visit.undo();
    assert_eq!((visit.listed().join(" "), count(&visit)), before);
    visit.answer_all();
    assert_eq!(count(&visit), [N_FRAMES + 3, N_FRAMES + 4, 1], "what failed is asked again when it is shown");
    assert_eq!(visit.page.scans().frames(volume).count(), N_FRAMES);
}

#[test]
fn a_demo_scan_that_was_opened_anew_does_not_come_back_twice() {
    let mut visit = Visit::start();
    let open = |visit: &mut Visit| {
        let DemoOpening::New(id) = visit.page.open_demo("a.png") else { panic!("it is listed") };
        id
    };
    let first = open(&mut visit);
    visit.remove(first);
    // Its file arrives after it was removed.
    let requests = visit.page.take_files(&[first]);
    assert!(requests.is_empty());
    visit.undo();
    assert_eq!(analyzed(&visit.inbox), [first]);
    visit.remove(first);
    open(&mut visit);
    visit.undo();
    assert_eq!(visit.listed(), ["a.png"]);
}

#[test]
fn another_model_leaves_nothing_to_undo() {
    let mut visit = Visit::start();
    let ids = visit.open(&names(0..2));
    visit.answer_all();
    visit.remove(ids[0]);
    visit.choose_model("twin");
    visit.answer_all();
    assert_eq!(visit.page.n_removed(), None);
}

#[test]
fn answers_about_own_files_are_unsaved_until_they_are_saved() {
    let mut visit = Visit::start();
    let ids = visit.open(&names(0..20));
    assert_eq!(visit.page.n_unsaved(), 0, "nothing is answered");
    visit.answer_all();
    assert_eq!(visit.page.n_unsaved(), 20);
    visit.page.save_shown();
    assert_eq!(visit.page.n_unsaved(), 19);
    visit.page.save_all();
    assert_eq!(visit.page.n_unsaved(), 0);
    // Read again because its pixels were released: the answer is the one that was saved.
    let released = ids.iter().find(|id| visit.page.scans().get(**id).unwrap().state == ScanState::Released).copied();
    visit.show(released.unwrap());
    visit.answer_all();
    assert_eq!(visit.page.n_unsaved(), 0);
    let requests = visit.page.tick_finding("soft drusen", true);
    visit.send(requests);
    visit.answer_all();
    assert_eq!(visit.page.n_unsaved(), 1, "an edited caption is new work");
    visit.open(&names(20..21));
    visit.answer_all();
    assert_eq!(visit.page.n_unsaved(), 2);
}

#[test]
fn demo_scans_are_a_click_away_and_no_work() {
    let mut visit = Visit::start();
    let DemoOpening::New(id) = visit.page.open_demo("a.png") else { panic!("it is listed") };
    let requests = visit.page.take_files(&[id]);
    visit.send(requests);
    visit.answer_all();
    assert_eq!((visit.n_answered(), visit.page.n_unsaved()), (1, 0));
}
