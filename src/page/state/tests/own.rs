//! A visitor's own models.

use super::{Visit, failure};
use crate::page::state::Phase;
use crate::protocol::{Request, Response};

#[test]
fn an_own_model_is_listed_loaded_and_forgotten() {
    let mut visit = Visit::start();
    let (key, request) = visit.page.load_own("mine.safetensors", 7);
    assert_eq!(request, Request::Load { model: Some(key.clone()) });
    visit.send([request]);
    visit.answer_all();
    assert_eq!(visit.page.current_model(), Some(key.as_str()));
    let own = visit.page.own_in_use().unwrap();
    assert!(own.is_verified && !own.is_kept);
    assert_eq!(visit.page.model_choices().last().map(|choice| choice.title.clone()), Some("mine".into()));
    visit.page.set_own_kept(&key, true);
    assert!(visit.page.own_models()[0].is_kept);
    assert_eq!(visit.page.forget_own(&key), [Request::Load { model: None }]);
    assert!(visit.page.own_models().is_empty() && visit.page.own_in_use().is_none());
}

#[test]
fn a_file_that_is_refused_is_no_model_and_the_one_before_answers() {
    let mut visit = Visit::start();
    let (first, request) = visit.page.load_own("first.safetensors", 7);
    visit.send([request]);
    visit.answer_all();
    visit.page.load_own("bad.safetensors", 7);
    visit.hear(Response::Failed { id: None, failure: failure("it is damaged") }, None);
    assert_eq!(visit.page.current_model(), Some(first.as_str()), "a worker that is started again loads this one");
    let problem = &visit.page.problems()[0];
    assert_eq!((problem.name.as_str(), problem.failure.message.as_str()), ("bad", "it is damaged"));
    assert_eq!(visit.page.own_models().len(), 1);
    assert_eq!(visit.page.phase(), Phase::Failed);
}

#[test]
fn a_kept_model_is_listed_again_and_a_file_of_the_same_name_takes_its_place() {
    let mut visit = Visit::start();
    let key = visit.page.list_kept_own("mine.safetensors", 7);
    assert!(visit.page.own_models()[0].is_kept);
    assert_ne!(visit.page.current_model(), Some(key.as_str()), "it is loaded when it is chosen");
    assert!(visit.page.forget_own("own:999").is_empty());
    let (newer, request) = visit.page.load_own("mine.safetensors", 8);
    visit.send([request]);
    visit.answer_all();
    let listed: Vec<&str> = visit.page.own_models().iter().map(|own| own.key.as_str()).collect();
    assert_eq!(listed, [newer.as_str()]);
}
