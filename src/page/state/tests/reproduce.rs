//! Saved reports that are opened again, with their scans and without.

use super::Visit;
use crate::bundle::index::ModelChoice;
use crate::page::reproduce::Part;
use crate::page::state::Reproduced;
use crate::protocol::Response;
use crate::report::{CaptionSource, Doubt, MapMethod, Report};
use crate::scan::view::{Turn, View};

impl Visit {
    /// Opens a file and has it answered.
    fn saved(&mut self, name: &str) -> Report {
        self.open(&[name.into()]);
        self.answer_all();
        (**self.page.shown().unwrap().report().unwrap()).clone()
    }

    /// Opens `report` with its scan, as on a later visit.
    fn open_saved(&mut self, name: &str, report: &Report) {
        let ids = self.open(&[name.into()]);
        let requests = self.page.reproduce(vec![(ids[0], report.clone())]);
        self.send(requests);
        self.answer_all();
    }

    fn is_same(&self) -> Option<bool> {
        match self.page.reproduced() {
            Some(Reproduced::Done(outcome)) => Some(outcome.is_same()),
            _ => None,
        }
    }
}

#[test]
fn the_same_scan_is_asked_the_same_and_gives_the_same() {
    let report = Visit::start().saved("a.png");
    let mut visit = Visit::start();
    visit.open_saved("a.png", &report);
    assert_eq!((visit.shown(), visit.is_same()), ("a.png", Some(true)));
    let requests = visit.page.revise(|options| options.target = Some("healthy".into()));
    visit.send(requests);
    visit.answer_all();
    assert_eq!(visit.page.reproduced(), None, "something else was asked");
    let requests = visit.page.revise(|options| options.target = None);
    visit.send(requests);
    visit.answer_all();
    assert!(visit.page.reproduced().is_some());
}

#[test]
fn options_of_the_report_are_set() {
    let mut report = Visit::start().saved("a.png");
    report.caption.source = CaptionSource::Edited;
    report.caption.text = "fluid".into();
    report.heatmap.target = "healthy".into();
    report.heatmap.method = MapMethod::LayerCam;
    report.heatmap.layer = "visual.layer2".into();
    report.input.view = Some(View { turn: Turn::Half, ..View::default() });
    let mut visit = Visit::start();
    visit.open_saved("a.png", &report);
    let wanted = &visit.page.shown().unwrap().wanted;
    assert_eq!((wanted.caption.as_deref(), wanted.target.as_deref()), (Some("fluid"), Some("healthy")));
    assert_eq!((wanted.map, wanted.layer.name(), wanted.view), (MapMethod::LayerCam, "layer2", report.input.view));
    let Some(Reproduced::Done(outcome)) = visit.page.reproduced() else { panic!("it was compared") };
    assert!(outcome.other_values.contains(&Part::Heatmap), "the made-up worker makes another map");
}

#[test]
fn a_later_frame_of_a_file_is_opened() {
    let mut report = Visit::start().saved("eye.vol");
    report.input.frame = 3;
    let mut visit = Visit::start();
    visit.open_saved("eye.vol", &report);
    assert_eq!(visit.page.shown().unwrap().frame, 3);
    assert_eq!(visit.is_same(), Some(true));
}

#[test]
fn findings_and_regions_are_asked_again() {
    let mut first = Visit::start();
    let mut report = first.saved("a.png");
    let requests = first.page.map_finding("fluid");
    first.send(requests);
    let requests = first.page.hide([0., 0., 1., 1.]);
    first.send(requests);
    first.answer_all();
    report.findings = vec![(**first.page.finding_on_map().unwrap().report.as_ref().unwrap()).clone()];
    report.hidden = first.page.hidden().map(|hidden| (**hidden).clone());
    let mut visit = Visit::start();
    visit.open_saved("a.png", &report);
    let Some(Reproduced::Done(outcome)) = visit.page.reproduced() else { panic!("it was compared") };
    assert_eq!((outcome.is_same(), outcome.not_asked), (true, vec![]));
    let mut warned = Visit::start();
    warned.doubts = vec![Doubt::LowProbability];
    warned.open_saved("a.png", &report);
    let Some(Reproduced::Done(outcome)) = warned.page.reproduced() else { panic!("it was compared") };
    assert_eq!(outcome.not_asked, [Part::Findings, Part::Hidden], "a folded answer is asked nothing beside it");
    assert_eq!(outcome.other_values, [Part::Warning]);
    let requests = warned.page.set_folded(false);
    warned.send(requests);
    warned.answer_all();
    let Some(Reproduced::Done(outcome)) = warned.page.reproduced() else { panic!("it was compared") };
    assert_eq!(outcome.not_asked, [], "once it is open, all of it is asked");
}

#[test]
fn the_model_that_answered_is_loaded_where_the_site_has_it() {
    let mut report = Visit::start().saved("a.png");
    report.model.name = "other".into();
    let mut visit = Visit::start();
    let models = ["m", "other"].map(|name| ModelChoice { name: name.into(), title: name.into(), bytes: 1 });
    visit.hear(Response::Models(models.into()), None);
    visit.open_saved("a.png", &report);
    assert_eq!(visit.page.current_model(), Some("other"));
    assert_eq!(visit.is_same(), Some(true));
    report.model.name = "unknown".into();
    report.model.sha256 = "1".into();
    visit.open_saved("b.png", &report);
    assert_eq!((visit.page.current_model(), visit.is_same()), (Some("other"), Some(false)));
}

#[test]
fn a_report_waits_for_its_scan() {
    let report = Visit::start().saved("a.png");
    let mut visit = Visit::start();
    visit.page.miss_scan(report.clone());
    visit.page.miss_scan(report.clone());
    assert_eq!(visit.page.without_scan(), std::slice::from_ref(&report));
    visit.open_saved("a.png", &report);
    assert_eq!((visit.page.without_scan().len(), visit.is_same()), (0, Some(true)));
    let file = visit.page.file_of(&report.input.sha256).unwrap();
    assert_eq!(visit.page.shown_file(), Some(file));
    let requests = visit.page.remove(file);
    visit.send(requests);
    visit.open(&["a.png".into()]);
    visit.answer_all();
    assert_eq!(visit.page.reproduced(), None, "the report went with its scan");
    visit.page.miss_scan(report);
    visit.page.forget_missing();
    assert!(visit.page.without_scan().is_empty());
}
