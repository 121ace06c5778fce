//! The panel against made-up workers: what they are asked, in which order they answer, and how they die.

use super::*;
use crate::page::fixtures::{card, held, warning};
use crate::report::{Doubt, Mask};

const N_CORES: usize = 2;

fn scan() -> OpenScan {
    let mut scan = held(1, "AMD, soft drusen");
    let report = Arc::make_mut(&mut scan.answer.as_mut().unwrap().report);
    report.heatmap =
        Heatmap { rows: 4, cols: 8, values: (1..33).map(|v| v as f32 / 32.).collect(), ..report.heatmap.clone() };
    scan
}

/// A linear model: each hidden cell takes its own share of the score.
fn score(mask: &Mask) -> f32 {
    1. - mask.hidden.iter().map(|cell| (cell + 1) as f32).sum::<f32>() / (32. * 33. / 2.)
}

fn words() -> WordFaithfulness {
    WordFaithfulness {
        order: vec![1, 0],
        whole: 0.9,
        only_top: vec![0.5, 0.8, 0.9],
        without_top: vec![0.9, 0.6, 0.5],
        sufficiency: 0.1,
        comprehensiveness: 0.3,
        random_sufficiency: 0.2,
        random_comprehensiveness: 0.2,
    }
}

/// What a worker that works answers.
fn answer(request: &Request) -> Response {
    match request {
        Request::Load { .. } => Response::Loaded { card: Box::new(card("m")), baseline: None },
        Request::Analyze { id, .. } => {
            Response::Analyzed { id: *id, report: Box::new(crate::page::fixtures::report("AMD")), eye: None }
        }
        Request::Check { id, check, .. } => {
            let outcome = match &**check {
                Check::Masked { masks, .. } => Checked::Masked(masks.iter().map(score).collect()),
                Check::Grounds { .. } => Checked::Grounds { in_retina: Some(0.75), words: words() },
                Check::Randomized { .. } => {
                    let values = (0..32).map(|v| ((v * 7) % 32) as f32).collect();
                    Checked::Randomized(Heatmap { values, ..scan().report().unwrap().heatmap.clone() })
                }
            };
            Response::Checked { id: *id, outcome: Box::new(outcome) }
        }
        other => panic!("{other:?}"),
    }
}

/// Questions in a request: each mask is one.
fn n_questions(request: &Request) -> usize {
    match request {
        Request::Check { check, .. } => match &**check {
            Check::Masked { masks, .. } => masks.len(),
            _ => 1,
        },
        _ => 0,
    }
}

/// Lets the workers answer until nothing is asked any more; `order` picks which of the open requests is answered next. Returns the
/// number of questions.
fn run(panel: &mut Faithfulness, mut open: Sendings, order: impl Fn(usize) -> usize) -> usize {
    let mut n_answers = 0;
    while !open.is_empty() {
        let (seat, request) = open.remove(order(open.len()));
        open.extend(panel.hear(seat, answer(&request)));
        n_answers += n_questions(&request);
    }
    n_answers
}

fn is_check(sending: &(Seat, Request)) -> bool {
    matches!(sending.1, Request::Check { .. })
}

/// Opened, with workers that are ready: the first questions.
fn begun(panel: &mut Faithfulness) -> Sendings {
    let open = panel.open(&scan(), N_CORES);
    ready(panel, open)
}

/// Answers until all workers are ready.
fn ready(panel: &mut Faithfulness, mut open: Sendings) -> Sendings {
    while !open.iter().all(is_check) {
        let at = open.iter().position(|sending| !is_check(sending)).unwrap();
        let (seat, request) = open.remove(at);
        open.extend(panel.hear(seat, answer(&request)));
    }
    open
}

#[test]
fn workers_load_and_read_the_scan_before_they_are_asked_and_share_what_is_asked() {
    let mut panel = Faithfulness::default();
    assert_eq!((panel.progress(), panel.seats()), (Progress::Closed, vec![]));
    let open = panel.open(&scan(), N_CORES);
    assert_eq!((panel.progress(), panel.seats().len()), (Progress::Preparing, 2));
    assert!(open.iter().all(|(_, request)| *request == Request::Load { model: Some("m".into()) }));
    assert_eq!(open.iter().map(|(seat, _)| *seat).collect::<Vec<_>>(), panel.seats());
    let open = begun(&mut panel);
    assert_eq!(panel.progress(), Progress::Running([0, 123]));
    assert_eq!(open.iter().map(|(seat, _)| *seat).collect::<Vec<_>>(), panel.seats(), "one portion each");
}

#[test]
fn whoever_answers_first_the_curves_are_the_same_and_those_of_one_worker() {
    let curves = [(1, 0), (2, 0), (2, 1), (4, 3), (64, 2)].map(|(n_cores, late)| {
        let mut panel = Faithfulness::default();
        let open = panel.open(&scan(), n_cores);
        assert_eq!(panel.seats().len(), n_cores.min(MAX_WORKERS));
        run(&mut panel, open, |n| late.min(n - 1));
        assert_eq!(panel.progress(), Progress::Done);
        panel.curves().unwrap()
    });
    assert!(curves.iter().all(|other| *other == curves[0]));
    // The hottest cells are those that the model needs most.
    assert!(curves[0].insertion.auc > curves[0].random_auc().unwrap());
    assert_eq!(Standing::of(&curves[0]), Standing::Better);
}

#[test]
fn the_questions_of_a_worker_that_dies_go_to_the_others_and_without_any_there_is_one_line() {
    let mut panel = Faithfulness::default();
    let open = begun(&mut panel);
    let (dead, lost) = open[0].clone();
    let failure = Failure::from(Error::config("gone"));
    let mut open = vec![open[1].clone()];
    open.extend(panel.lose(dead, failure.clone()));
    // What it sends after that is late.
    assert_eq!(panel.hear(dead, answer(&lost)), vec![]);
    run(&mut panel, open, |_| 0);
    assert_eq!((panel.progress(), panel.seats().len()), (Progress::Done, 1));

    let mut panel = Faithfulness::default();
    begun(&mut panel);
    for seat in panel.seats() {
        panel.lose(seat, failure.clone());
    }
    assert_eq!((panel.progress(), panel.seats()), (Progress::Failed(failure), vec![]));
    let again = panel.resume(N_CORES);
    run(&mut panel, again, |_| 0);
    assert_eq!(panel.progress(), Progress::Done);
}

#[test]
fn what_is_cancelled_ends_its_workers_and_goes_on_where_it_was() {
    let mut panel = Faithfulness::default();
    let mut open = begun(&mut panel);
    for _ in 0..5 {
        let (seat, request) = open.remove(0);
        open.extend(panel.hear(seat, answer(&request)));
    }
    let before = panel.progress();
    // The words, and four portions of eight masks.
    assert_eq!(before, Progress::Running([33, 123]));
    panel.cancel();
    assert_eq!((panel.progress(), panel.seats(), panel.curves()), (Progress::Cancelled, vec![], None));
    // Answers to what was asked before come too late.
    let (seat, request) = open.remove(0);
    assert_eq!(panel.hear(seat, answer(&request)), vec![]);
    let again = panel.resume(N_CORES);
    assert!(again.iter().all(|(seat, _)| open.iter().all(|(old, _)| old != seat)), "other workers");
    let open = ready(&mut panel, again);
    assert_eq!(panel.progress(), before);
    assert_eq!(run(&mut panel, open, |_| 0), 123 - 33, "nothing is asked twice");
    assert_eq!(panel.progress(), Progress::Done);
}

#[test]
fn random_weights_are_asked_for_by_the_visitor_only() {
    let mut panel = Faithfulness::default();
    let open = begun(&mut panel);
    run(&mut panel, open, |_| 0);
    assert_eq!((panel.changed(), panel.can_randomize()), ([].as_slice(), true));
    let open = panel.randomize(N_CORES);
    assert_eq!(panel.progress(), Progress::Running([123, 125]));
    assert_eq!((panel.progress().percent(), panel.progress().is_busy()), (98, true));
    run(&mut panel, open, |_| 0);
    assert_eq!(panel.changed().iter().map(|changed| changed.part).collect::<Vec<_>>(), RandomPart::ALL);
    assert!(panel.changed().iter().all(|changed| changed.agreement.unwrap().abs() < 0.5));
    assert!(!panel.can_randomize() && panel.randomize(N_CORES).is_empty());
    // Asked for while the curves are drawn, and cancelled: it can be asked for again.
    let mut panel = Faithfulness::default();
    begun(&mut panel);
    panel.randomize(N_CORES);
    assert_eq!(panel.progress(), Progress::Running([0, 125]));
    panel.cancel();
    assert!(panel.can_randomize());
}

#[test]
fn other_weights_or_a_question_that_fails_end_it() {
    let mut panel = Faithfulness::default();
    for (seat, _) in panel.open(&scan(), N_CORES) {
        let mut other = card("m");
        other.sha256 = "1".into();
        panel.hear(seat, Response::Loaded { card: Box::new(other), baseline: None });
    }
    assert!(matches!(panel.progress(), Progress::Failed(failure) if failure.message.contains("other weights")));
    let open = begun(&mut panel);
    let (seat, Request::Check { id, .. }) = open[0].clone() else { panic!() };
    let failure = Failure::from(Error::config("unknown class"));
    panel.hear(seat, Response::Failed { id: Some(id), failure: failure.clone() });
    assert_eq!((panel.progress(), panel.seats()), (Progress::Failed(failure), vec![]));
}

#[test]
fn a_folded_answer_is_not_tested_and_another_explanation_ends_the_test() {
    let mut doubtful = scan();
    Arc::make_mut(&mut doubtful.answer.as_mut().unwrap().report).warning = warning(&[Doubt::CaptionFar]);
    let mut panel = Faithfulness::default();
    assert_eq!((panel.open(&doubtful, N_CORES), panel.progress()), (vec![], Progress::Closed));
    doubtful.opened_despite = Some(vec![Doubt::CaptionFar]);
    assert!(!panel.open(&doubtful, N_CORES).is_empty() && panel.fits(Some(&doubtful)));
    doubtful.opened_despite = None;
    assert!(!panel.fits(Some(&doubtful)) && !panel.fits(None));

    panel.open(&scan(), N_CORES);
    // The same explanation in another report, as after the baseline was asked.
    assert!(panel.fits(Some(&scan())));
    let mut other = scan();
    Arc::make_mut(&mut other.answer.as_mut().unwrap().report).heatmap.target = "healthy".into();
    assert!(!panel.fits(Some(&other)) && !panel.fits(Some(&OpenScan { id: 2, ..scan() })));
    panel.close();
    assert_eq!((panel.progress(), panel.seats()), (Progress::Closed, vec![]));
    assert!(panel.fits(None));
}

#[test]
fn an_empty_map_has_no_curves_but_its_words_are_tested() {
    let mut empty = scan();
    Arc::make_mut(&mut empty.answer.as_mut().unwrap().report).heatmap.values.fill(0.);
    let mut panel = Faithfulness::default();
    let open = panel.open(&empty, N_CORES);
    run(&mut panel, open, |_| 0);
    assert_eq!((panel.progress(), panel.standing(), panel.curves()), (Progress::Done, Some(Standing::Empty), None));
    assert!(panel.grounds().is_some() && !panel.can_randomize());
}
