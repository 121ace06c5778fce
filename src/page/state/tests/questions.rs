//! Questions and answers: other options, other models, a new worker, the baseline.

use super::{Visit, failure, id_of, names};
use crate::page::fixtures::report;
use crate::page::scans::{MAX_HELD_PIXELS, ScanState};
use crate::page::state::{Model, Phase};
use crate::protocol::{BaselineEvent, Progress, Request, Response};
use crate::report::{Options, WordMethod};

#[test]
fn an_answer_keeps_the_options_that_it_had() {
    let mut visit = Visit::start();
    visit.open(&names(0..1));
    visit.answer_all();
    let requests = visit.page.revise(|options| {
        options.target = Some("healthy".into());
        options.words = WordMethod::GradientXActivation;
    });
    assert_eq!(requests.len(), 1);
    visit.send(requests);
    visit.answer_all();
    let good = visit.page.shown().unwrap().clone();
    assert_eq!(good.answer.as_ref().unwrap().answered, good.wanted);
    // A failure brings them back whole.
    let requests = visit.page.tick_finding("soft drusen", true);
    visit.send(requests);
    assert_eq!(visit.page.shown().unwrap().caption(), "fluid, soft drusen");
    visit.fail_next();
    assert_eq!((visit.page.shown().unwrap(), visit.page.phase()), (&good, Phase::Failed));
    // What is already so is not asked again, and leaves the problem standing.
    assert_eq!(visit.page.revise(|options| options.target = Some("healthy".into())), []);
    assert_eq!(visit.page.problems().len(), 1);
}

#[test]
fn an_older_answer_does_not_take_the_place_of_a_newer_question() {
    let mut visit = Visit::start();
    visit.open(&names(0..1));
    visit.answer_all();
    for finding in ["soft drusen", "soft drusen PED"] {
        let requests = visit.page.tick_finding(finding, true);
        visit.send(requests);
    }
    visit.answer();
    let scan = visit.page.shown().unwrap();
    assert_eq!(scan.report().unwrap().caption.text, "AMD, fluid");
    visit.answer();
    let scan = visit.page.shown().unwrap();
    assert_eq!(scan.report().unwrap().caption.text, "fluid, soft drusen, soft drusen PED");
    assert_eq!(visit.page.phase(), Phase::Done);
}

#[test]
fn a_question_that_fails_leaves_a_later_one_as_it_was_asked() {
    let mut visit = Visit::start();
    visit.open(&names(0..1));
    visit.answer_all();
    for finding in ["soft drusen", "soft drusen PED"] {
        let requests = visit.page.tick_finding(finding, true);
        visit.send(requests);
    }
    visit.fail_next();
    assert_eq!(visit.page.shown().unwrap().caption(), "fluid, soft drusen, soft drusen PED");
    visit.answer();
    let scan = visit.page.shown().unwrap();
    assert_eq!(scan.wanted, scan.answer.as_ref().unwrap().answered);
    assert_eq!(scan.report().unwrap().caption.text, scan.caption());
    assert_eq!((visit.page.phase(), visit.page.problems().len()), (Phase::Failed, 1));
    // The next edit starts from the caption that is shown.
    visit.page.tick_finding("fluid", false);
    assert_eq!(visit.page.shown().unwrap().caption(), "soft drusen, soft drusen PED");
}

#[test]
fn a_question_that_fails_leaves_a_later_analysis_as_it_was_asked() {
    for is_analysed in [true, false] {
        let mut visit = Visit::start();
        // Only the shown scan and the newest are held.
        visit.n_pixels = MAX_HELD_PIXELS / 2 + 1;
        let ids = visit.open(&names(0..2));
        visit.answer_all();
        visit.open(&names(2..3));
        let requests = visit.page.tick_finding("soft drusen", true);
        visit.send(requests);
        visit.show(ids[1]);
        visit.answer();
        assert_eq!(visit.page.scans().get(ids[0]).unwrap().state, ScanState::Released);
        visit.show(ids[0]);
        visit.fail_next();
        assert_eq!(visit.page.scans().get(ids[0]).unwrap().caption(), "fluid, soft drusen");
        assert_eq!(visit.answer(), Request::Forget { scan: ids[0] });
        let expected = if is_analysed {
            visit.answer();
            "fluid, soft drusen"
        } else {
            visit.fail_next();
            "AMD, fluid"
        };
        let scan = visit.page.scans().get(ids[0]).unwrap();
        assert_eq!(scan.wanted, scan.answer.as_ref().unwrap().answered);
        assert_eq!((scan.caption(), &*scan.report().unwrap().caption.text), (expected, expected));
    }
}

#[test]
fn answers_of_the_model_before_are_dropped() {
    let mut visit = Visit::start();
    visit.open(&names(0..2));
    visit.answer();
    let stale = visit.inbox.clone();
    let revision = visit.page.set_class_word(Some("healthy".into()));
    visit.choose_model("twin");
    visit.load_ends("twin");
    for request in stale.iter().chain(&revision) {
        let report = Box::new(report("AMD"));
        visit.hear(Response::Analyzed { id: id_of(request).unwrap(), report, eye: None }, Some(vec![1, 2]));
        visit.hear(Response::Failed { id: id_of(request), failure: failure("late") }, None);
    }
    assert_eq!((visit.n_answered(), visit.page.problems().len()), (0, 0));
    visit.inbox.retain(|request| !stale.contains(request) && !matches!(request, Request::Load { .. }));
    visit.answer_all();
    assert_eq!((visit.n_answered(), visit.shown(), visit.page.phase()), (2, "0.png", Phase::Done));
    assert_eq!(visit.page.current_model(), Some("twin"));
}

#[test]
fn the_model_before_answers_until_another_one_takes_its_place() {
    let mut visit = Visit::start();
    visit.open(&names(0..1));
    visit.answer_all();
    visit.choose_model("twin");
    let load = visit.inbox.pop().unwrap();
    visit.open(&names(1..2));
    visit.answer_all();
    assert_eq!((visit.shown(), visit.n_answered()), ("1.png", 2));
    assert!(matches!(visit.page.phase(), Phase::Loading(_)));
    assert!(matches!(visit.page.set_class_word(Some("healthy".into()))[..], [Request::Revise { .. }]));
    visit.answer_to(&load);
    visit.answer_all();
    assert_eq!((visit.page.current_model(), visit.shown(), visit.n_answered()), (Some("twin"), "1.png", 2));
    assert_eq!((visit.page.card().unwrap().name.as_str(), visit.page.phase()), ("twin", Phase::Done));
}

#[test]
fn a_switch_that_fails_changes_nothing_and_says_so() {
    let mut visit = Visit::start();
    let ids = visit.open(&names(0..2));
    visit.answer_all();
    let edit = visit.page.set_class_word(Some("healthy".into()));
    visit.send(edit);
    visit.answer_all();
    let before = visit.page.shown().cloned();
    for fails in [false, true] {
        visit.choose_model("broken");
        visit.inbox.clear();
        if fails {
            visit.hear(Response::Failed { id: None, failure: failure("host is down") }, None);
        } else {
            visit.held.clear();
            visit.hear(Response::Crashed { failure: failure("out of memory") }, None);
            visit.answer_all();
        }
        let problem = &visit.page.problems()[0];
        assert_eq!((problem.name.as_str(), visit.page.phase()), ("broken", Phase::Failed));
        assert_eq!((visit.page.current_model(), visit.shown(), visit.n_answered()), (Some("m"), "0.png", 2));
        let (before, after) = (before.as_ref().unwrap(), visit.page.shown().unwrap());
        assert_eq!((before.caption(), &before.wanted), (after.caption(), &after.wanted));
        assert_eq!(after.answer.as_ref().map(|answer| &answer.answered), Some(&after.wanted));
    }
    // It still answers.
    visit.show(ids[1]);
    visit.answer_all();
    assert_eq!((visit.shown(), visit.page.phase()), ("1.png", Phase::Done));
}

#[test]
fn another_model_is_asked_without_the_edits_that_it_may_not_know() {
    let mut visit = Visit::start();
    visit.open(&names(0..1));
    visit.answer_all();
    let requests = visit.page.set_class_word(Some("healthy".into()));
    visit.send(requests);
    visit.answer_all();
    visit.choose_model("twin");
    visit.answer_all();
    assert_eq!(visit.page.shown().unwrap().wanted, Options::default());
}

#[test]
fn a_model_that_cannot_be_loaded_loses_no_scan() {
    let mut visit = Visit::before_loading();
    let ids = visit.open(&names(0..2));
    visit.show(ids[1]);
    visit.hear(Response::Failed { id: None, failure: failure("broken") }, None);
    assert_eq!((visit.page.phase(), visit.listed().len()), (Phase::Failed, 2));
    // A file that comes now does not hide why nothing answers.
    visit.open(&names(2..3));
    assert_eq!((visit.inbox.len(), visit.page.phase()), (0, Phase::Failed));
    assert_eq!(*visit.page.model(), Model::Failed(failure("broken")));
    assert!(!visit.page.can_answer());
    visit.show(ids[1]);
    let number = visit.page.worker_number();
    let requests = visit.page.retry();
    assert_eq!((&requests[..], visit.page.worker_number()), (&[Request::Load { model: None }][..], number));
    visit.send(requests);
    visit.answer_all();
    assert_eq!((visit.listed(), visit.n_answered()), (vec!["2.png", "0.png", "1.png"], 3));
    assert_eq!((visit.shown(), visit.page.phase()), ("1.png", Phase::Done));
}

#[test]
fn a_question_that_no_model_was_there_to_answer_loses_no_scan() {
    let mut visit = Visit::start();
    visit.open(&names(0..1));
    let asked = id_of(&visit.inbox.remove(0));
    visit.hear(Response::Failed { id: None, failure: failure("broken") }, None);
    visit.hear(Response::Failed { id: asked, failure: failure("no model") }, None);
    assert_eq!((visit.listed(), visit.page.problems().len()), (vec!["0.png"], 0));
}

#[test]
fn the_baseline_is_fetched_when_it_is_wanted_and_answers_beside_what_is_shown() {
    let mut visit = Visit::start();
    visit.open(&names(0..2));
    visit.answer_all();
    let requests = visit.page.set_comparing(true);
    assert_eq!(requests, [Request::LoadBaseline { name: "resnet50".into() }]);
    let comparison = visit.page.comparison().unwrap();
    assert_eq!(comparison.loading(), Some(Progress { done_bytes: 0, total_bytes: 100 }));
    visit.send(requests);
    visit.answer();
    assert_eq!(visit.inbox.len(), 1);
    visit.answer_all();
    assert!(visit.page.shown().unwrap().answer.as_ref().unwrap().answered.baseline);
    // The other scan is asked when it is looked at; a new one at once.
    let second = visit.page.scans().iter().find(|scan| scan.name == "1.png").unwrap().id;
    visit.show(second);
    assert!(matches!(&visit.inbox[..], [Request::Revise { scan, options, .. }] if *scan == second && options.baseline));
    visit.answer_all();
    visit.open(&names(2..3));
    assert!(matches!(&visit.inbox[..], [Request::Analyze { options, .. }] if options.baseline));
    visit.answer_all();
    let requests = visit.page.set_comparing(false);
    assert!(matches!(&requests[..], [Request::Revise { options, .. }] if !options.baseline));
}

#[test]
fn a_baseline_that_fails_is_named_only_to_those_who_want_it() {
    let mut visit = Visit::start();
    visit.open(&names(0..1));
    visit.answer_all();
    for (is_wanted, n_problems) in [(true, 1), (false, 0)] {
        visit.page.set_comparing(true);
        visit.page.set_comparing(is_wanted);
        visit.baseline_event("resnet50", BaselineEvent::Failed(failure("gone")));
        assert_eq!(visit.page.problems().len(), n_problems);
        let comparison = visit.page.comparison().unwrap();
        assert_eq!((comparison.is_wanted, comparison.presence.name()), (false, "away"));
    }
    visit.baseline_event("another", BaselineEvent::Loaded);
    assert_eq!(visit.page.comparison().unwrap().presence.name(), "away");
}

#[test]
fn a_baseline_that_comes_when_it_is_no_longer_wanted_is_kept() {
    let mut visit = Visit::start();
    visit.open(&names(0..1));
    visit.answer_all();
    visit.page.set_comparing(true);
    assert_eq!(visit.page.set_comparing(false), []);
    visit.baseline_event("resnet50", BaselineEvent::Loaded);
    assert_eq!(visit.inbox, []);
    let requests = visit.page.set_comparing(true);
    assert!(matches!(&requests[..], [Request::Revise { options, .. }] if options.baseline));
}
