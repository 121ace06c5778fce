//! The list of opened scans: order, release, removal, failures, files.

use super::{Visit, analyzed, baseline, names};
use crate::error::{Detail, Error, Kind};
use crate::page::fixtures::card;
use crate::page::reading::{ScanStatus, scan_status};
use crate::page::scans::{MAX_HELD, MAX_HELD_PIXELS, ScanState};
use crate::page::state::{DemoOpening, PageState, Phase};
use crate::protocol::{Failure, Progress, Request, Response};
use crate::report::CaptionSource;

#[test]
fn the_page_waits_for_its_model_then_for_a_scan() {
    let mut page = PageState::default();
    assert_eq!(page.phase().name(), "loading");
    let progress = Progress { done_bytes: 1, total_bytes: 2 };
    page.apply(Response::Progress(progress), None);
    assert_eq!(page.phase(), Phase::Loading(progress));
    page.apply(Response::Models(vec![baseline()]), None);
    assert_eq!((page.models().len(), page.current_model()), (1, None));
    page.apply(Response::Loaded { card: Box::new(card("m")), baseline: None }, None);
    assert_eq!((page.phase(), page.current_model()), (Phase::Ready, Some("m")));
    assert!(page.comparison().is_none());
}

#[test]
fn scans_that_come_before_the_model_are_asked_about_when_it_is_there() {
    let mut page = PageState::default();
    let ids = page.open(&names(0..2));
    assert_eq!(page.take_files(&ids), []);
    assert_eq!(page.phase().name(), "loading");
    let requests = page.apply(Response::Loaded { card: Box::new(card("m")), baseline: None }, None);
    assert_eq!(analyzed(&requests), ids[..1]);
}

#[test]
fn a_scan_is_listed_at_once_and_shown_when_it_is_answered() {
    let mut visit = Visit::start();
    visit.open(&names(0..1));
    assert_eq!(visit.listed(), ["0.png"]);
    assert_eq!((visit.shown(), visit.page.phase()), ("", Phase::Analyzing));
    assert_eq!(visit.page.awaited(), Some(("0.png".to_owned(), 1)));
    visit.answer_all();
    assert_eq!((visit.shown(), visit.page.phase()), ("0.png", Phase::Done));
    assert_eq!(visit.page.shown().unwrap().caption(), "AMD, fluid");
}

#[test]
fn eight_files_and_eight_more_are_all_listed_and_all_asked_again_of_another_model() {
    let mut visit = Visit::start();
    visit.open(&names(0..8));
    visit.answer_all();
    visit.open(&names(8..16));
    visit.answer_all();
    let order: Vec<_> = names(8..16).into_iter().chain(names(0..8)).collect();
    assert_eq!(visit.listed(), order);
    assert_eq!((visit.n_answered(), visit.shown()), (16, "8.png"));
    // The page and the worker hold the same scans.
    let mut held = visit.held_by_page();
    held.sort_unstable();
    visit.held.sort_unstable();
    assert_eq!((held.len(), &held), (MAX_HELD, &visit.held));

    let fourth = visit.page.scans().iter().find(|scan| scan.name == "12.png").unwrap().id;
    visit.show(fourth);
    visit.answer_all();
    visit.choose_model("twin");
    assert!(matches!(visit.page.phase(), Phase::Loading(_)));
    assert_eq!((visit.n_answered(), visit.shown()), (16, "12.png"), "the model before still stands");
    visit.answer();
    assert_eq!(
        (visit.listed(), visit.n_answered(), visit.shown()),
        (order.iter().map(String::as_str).collect(), 0, "")
    );
    // The one that was shown comes first and is shown again.
    assert_eq!(analyzed(&visit.inbox), [fourth]);
    visit.answer();
    assert_eq!(visit.shown(), "12.png");
    visit.answer_all();
    assert_eq!((visit.page.phase(), visit.n_answered()), (Phase::Done, MAX_HELD));
    // The others are asked about when they are looked at, and say so.
    let resting = visit.page.scans().iter().find(|scan| scan.answer.is_none()).unwrap();
    assert_eq!(scan_status(resting), ScanStatus::NotAsked);
    let resting = resting.id;
    visit.show(resting);
    assert_eq!((analyzed(&visit.inbox), visit.shown()), (vec![resting], "12.png"));
    assert!(visit.page.is_shown_stale());
    visit.answer_all();
    assert_eq!(visit.page.shown().unwrap().id, resting);
    assert_eq!(visit.listed(), order);
}

#[test]
fn two_hundred_scans_stay_listed_and_their_pixels_come_back_when_they_are_looked_at() {
    let mut visit = Visit::start();
    let ids = visit.open(&names(0..200));
    visit.answer_all();
    assert_eq!((visit.n_answered(), visit.shown()), (200, "0.png"));
    assert_eq!((visit.held.len(), visit.held_by_page().len()), (MAX_HELD, MAX_HELD));
    let far = ids[100];
    let answer = visit.page.scans().get(far).unwrap().answer.clone();
    assert!(answer.is_some(), "what is let go are pixels, not answers");
    visit.show(far);
    assert_eq!((visit.shown(), visit.page.phase()), ("0.png", Phase::Analyzing));
    visit.answer_all();
    assert_eq!((visit.shown(), visit.page.phase()), ("100.png", Phase::Done));
    assert!(visit.page.shown().unwrap().pixels().is_some());
    assert_eq!(visit.listed(), names(0..200));
}

#[test]
fn the_shown_scan_is_never_let_go_of() {
    let mut visit = Visit::start();
    let first = visit.open(&names(0..1))[0];
    visit.answer_all();
    // One that is larger than all that may be held.
    visit.n_pixels = MAX_HELD_PIXELS + 1;
    let large = visit.open(&["large.png".into()])[0];
    visit.answer_all();
    assert_eq!((visit.shown(), visit.held_by_page()), ("large.png", vec![large]));
    visit.n_pixels = 2;
    visit.show(first);
    visit.answer_all();
    assert_eq!((visit.shown(), visit.held_by_page()), ("0.png", vec![first]));
    assert_eq!(visit.held, [first]);
}

#[test]
fn the_newest_scan_is_held_until_it_is_drawn() {
    let mut visit = Visit::start();
    visit.n_pixels = MAX_HELD_PIXELS;
    let ids = visit.open(&names(0..3));
    for held in [&ids[..1], &ids[..2], &[ids[0], ids[2]]] {
        visit.answer();
        visit.inbox.retain(|request| !matches!(request, Request::Forget { .. }));
        assert_eq!(visit.held_by_page(), held);
    }
}

#[test]
fn what_was_looked_at_last_is_let_go_of_last() {
    let mut visit = Visit::start();
    let ids = visit.open(&names(0..MAX_HELD));
    visit.answer_all();
    visit.show(ids[1]);
    visit.show(ids[2]);
    visit.open(&names(20..22));
    visit.answer_all();
    let held = visit.held_by_page();
    assert_eq!(held.len(), MAX_HELD);
    let is_held = [0, 1, 2, 3, 4].map(|at: usize| held.contains(&ids[at]));
    assert_eq!(is_held, [false, true, true, false, true]);
}

#[test]
fn edits_outlive_the_pixels() {
    let mut visit = Visit::start();
    let first = visit.open(&names(0..1))[0];
    visit.answer_all();
    let requests = visit.page.type_caption("soft drusen").unwrap();
    visit.send(requests);
    visit.answer_all();
    visit.open(&names(1..30));
    visit.answer_all();
    assert_eq!(visit.page.scans().get(first).unwrap().state, ScanState::Released);
    visit.show(first);
    visit.answer_all();
    let scan = visit.page.shown().unwrap();
    assert_eq!((scan.id, scan.caption()), (first, "soft drusen"));
    assert_eq!(scan.report().unwrap().caption.source, CaptionSource::Edited);
    // The retrieved caption is still known.
    assert_eq!(scan.answer.as_ref().unwrap().retrieved(), "AMD, fluid");
    let requests = visit.page.reset_caption();
    visit.send(requests);
    visit.answer_all();
    assert_eq!(visit.page.shown().unwrap().caption(), "AMD, fluid");
}

#[test]
fn a_failure_in_the_middle_is_named_and_takes_only_that_scan_away() {
    let mut visit = Visit::start();
    visit.open(&names(0..5));
    visit.answer();
    visit.answer();
    visit.fail_next();
    assert_eq!(visit.page.phase(), Phase::Analyzing);
    visit.answer_all();
    assert_eq!(visit.listed(), ["0.png", "1.png", "3.png", "4.png"]);
    assert_eq!((visit.shown(), visit.page.phase()), ("0.png", Phase::Failed));
    let problems = visit.page.problems();
    assert_eq!((problems.len(), problems[0].name.as_str(), problems[0].failure.kind), (1, "2.png", Kind::Scan));
    visit.page.dismiss_problems();
    assert_eq!(visit.page.phase(), Phase::Done);
}

#[test]
fn where_the_first_of_several_fails_the_next_is_shown() {
    let mut visit = Visit::start();
    visit.open(&names(0..3));
    visit.fail_next();
    visit.answer_all();
    assert_eq!((visit.shown(), visit.listed()), ("1.png", vec!["1.png", "2.png"]));
}

#[test]
fn a_scan_that_cannot_be_read_again_stays_listed() {
    let mut visit = Visit::start();
    let ids = visit.open(&names(0..20));
    visit.answer_all();
    visit.show(ids[1]);
    visit.fail_next();
    assert_eq!((visit.shown(), visit.page.phase()), ("0.png", Phase::Failed));
    assert_eq!(visit.listed().len(), 20);
    // It can be tried again.
    visit.show(ids[1]);
    visit.answer_all();
    assert_eq!((visit.shown(), visit.page.phase()), ("1.png", Phase::Done));
}

#[test]
fn a_file_that_cannot_be_fetched_is_named() {
    let mut visit = Visit::start();
    let ids = visit.page.open(&["demo.png".to_owned()]);
    assert_eq!(visit.page.phase(), Phase::Analyzing);
    let gone: Failure = Error::io("gone").with_detail(Detail::NotFetched { url: "demo.png".into() }).into();
    assert_eq!(visit.page.miss_file(ids[0], gone.clone()), []);
    assert_eq!((visit.listed().len(), visit.page.phase()), (0, Phase::Failed));
    assert_eq!(visit.page.problems()[0].failure, gone);
    assert!(visit.page.can_answer());
}

#[test]
fn of_two_scans_in_a_hurry_the_last_one_is_shown_whichever_file_comes_first() {
    for file_order in [[0, 1], [1, 0]] {
        let mut visit = Visit::start();
        visit.open(&names(5..6));
        visit.answer_all();
        let ids = [visit.page.open(&names(0..1))[0], visit.page.open(&names(1..2))[0]];
        for at in file_order {
            let requests = visit.page.take_files(&[ids[at]]);
            visit.send(requests);
        }
        assert!(visit.page.is_shown_stale());
        visit.answer_all();
        assert_eq!((visit.shown(), visit.page.is_shown_stale()), ("1.png", false));
        assert_eq!(visit.listed(), ["1.png", "0.png", "5.png"]);
    }
}

#[test]
fn a_demo_scan_that_is_listed_is_shown_and_not_listed_again() {
    let mut visit = Visit::start();
    let DemoOpening::New(demo) = visit.page.open_demo("drusen.png") else { panic!("it is not listed yet") };
    let requests = visit.page.take_files(&[demo]);
    visit.send(requests);
    visit.answer_all();
    // A visitor's own file of that name is another scan.
    visit.open(&["drusen.png".into()]);
    visit.answer_all();
    assert_ne!(visit.page.shown().map(|scan| scan.id), Some(demo));
    assert_eq!(visit.page.open_demo("drusen.png"), DemoOpening::Listed(Vec::new()));
    assert_eq!(visit.page.shown().map(|scan| scan.id), Some(demo));
    assert_eq!(visit.listed(), ["drusen.png", "drusen.png"]);
    let requests = visit.page.remove(demo);
    visit.send(requests);
    assert!(matches!(visit.page.open_demo("drusen.png"), DemoOpening::New(id) if id != demo));
}

#[test]
fn the_worker_has_one_scan_at_a_time_and_the_wanted_one_goes_first() {
    let mut visit = Visit::start();
    let ids = visit.open(&names(0..6));
    assert_eq!(analyzed(&visit.inbox), ids[..1]);
    visit.show(ids[4]);
    assert_eq!(visit.inbox.len(), 1);
    visit.answer();
    // Nothing was shown, so the first answer is; the wanted one takes its place.
    assert_eq!((visit.shown(), analyzed(&visit.inbox)), ("0.png", vec![ids[4]]));
    visit.answer();
    assert_eq!((visit.shown(), analyzed(&visit.inbox)), ("4.png", vec![ids[1]]));
    visit.answer_all();
    assert_eq!((visit.shown(), visit.n_answered()), ("4.png", 6));
}

#[test]
fn looking_elsewhere_spares_the_worker_what_was_only_to_be_looked_at() {
    let mut visit = Visit::start();
    let ids = visit.open(&names(0..30));
    visit.answer_all();
    visit.open(&names(30..31));
    visit.show(ids[1]);
    visit.show(ids[2]);
    assert_eq!(visit.page.scans().get(ids[1]).unwrap().state, ScanState::Released);
    visit.open(&names(31..32));
    assert_eq!(visit.page.scans().get(ids[2]).unwrap().state, ScanState::Released);
    visit.show(ids[3]);
    visit.answer_all();
    assert_eq!(visit.shown(), "3.png");
}

#[test]
fn a_removed_scan_is_forgotten_and_its_neighbour_is_shown() {
    let mut visit = Visit::start();
    let ids = visit.open(&names(0..3));
    visit.answer_all();
    let neighbours = ids.iter().map(|id| visit.page.neighbour(*id)).collect::<Vec<_>>();
    assert_eq!(neighbours, [Some(ids[1]), Some(ids[2]), Some(ids[1])]);
    let requests = visit.page.remove(ids[0]);
    assert_eq!(requests, [Request::Forget { scan: ids[0] }]);
    visit.send(requests);
    visit.answer_all();
    assert_eq!((visit.listed(), visit.shown()), (vec!["1.png", "2.png"], "1.png"));
    let requests = visit.page.remove(ids[2]);
    visit.send(requests);
    assert_eq!((visit.listed(), visit.shown()), (vec!["1.png"], "1.png"));
    assert_eq!([ids[1], ids[2]].map(|id| visit.page.neighbour(id)), [None, None]);
    let requests = visit.page.remove(ids[1]);
    visit.send(requests);
    visit.answer_all();
    assert_eq!((visit.listed().len(), visit.shown(), visit.page.phase()), (0, "", Phase::Ready));
    assert!(visit.held.is_empty());
    assert_eq!(visit.page.remove(ids[1]), []);
}

#[test]
fn a_scan_removed_while_it_is_analysed_does_not_come_back() {
    let mut visit = Visit::start();
    let ids = visit.open(&names(0..3));
    let requests = visit.page.remove(ids[0]);
    visit.send(requests);
    visit.answer_all();
    assert_eq!((visit.listed(), visit.shown()), (vec!["1.png", "2.png"], "1.png"));
    assert_eq!(visit.held, ids[1..]);
    assert_eq!(visit.page.phase(), Phase::Done);
}

#[test]
fn a_revision_that_waits_when_its_scan_is_removed_changes_nothing() {
    let mut visit = Visit::start();
    let ids = visit.open(&names(0..2));
    visit.answer_all();
    let asked = visit.page.set_class_word(Some("healthy".into()));
    let removed = visit.page.remove(ids[0]);
    assert_eq!((asked.len(), visit.page.phase()), (1, Phase::Done));
    visit.send(asked.into_iter().chain(removed));
    visit.answer_all();
    assert_eq!((visit.listed(), visit.shown(), visit.page.phase()), (vec!["1.png"], "1.png", Phase::Done));
    assert_eq!(visit.page.shown().unwrap().caption(), "AMD, fluid");
}
