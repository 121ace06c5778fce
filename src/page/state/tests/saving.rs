//! Answers that are saved as DICOM: which ones, under which name, and what becomes of those that cannot be made.

use super::{Visit, failure};
use crate::page::stamp::{Moment, Stamp};
use crate::page::state::Phase;
use crate::protocol::{Request, RequestId, Response};
use crate::scan::view::View;

const STAMP: Stamp = Stamp { at: Moment { date: [2026, 1, 2], time: [3, 4, 5], utc_offset_min: 0 }, keeps_name: true };

impl Visit {
    /// Opens a file, has it answered and saves that as DICOM.
    fn save(&mut self, name: &str) -> Option<RequestId> {
        self.open(&[name.into()]);
        self.answer_all();
        let requests = self.page.save_dicom(&STAMP);
        self.send(requests);
        match self.inbox.first() {
            Some(Request::MakeDicom { id, .. }) => Some(*id),
            _ => None,
        }
    }
}

#[test]
fn an_answer_about_a_dicom_file_is_saved_under_the_name_of_its_scan() {
    let mut visit = Visit::start();
    let id = visit.save("s1-OD-a.dcm").unwrap();
    let shown = visit.page.shown().unwrap();
    let expected = Request::MakeDicom { id, file: shown.file, report: Box::new((**shown.report().unwrap()).clone()) };
    assert_eq!(visit.inbox, [expected]);
    assert_eq!(visit.page.name_to_save(id), Some("s1-OD-a.octlens.dicom.zip"));
    visit.answer_all();
    assert_eq!((visit.page.name_to_save(id), visit.page.phase()), (None, Phase::Done));
}

#[test]
fn an_answer_about_another_file_or_about_a_part_of_a_picture_is_not() {
    let mut visit = Visit::start();
    assert_eq!((visit.save("a.png"), visit.page.can_save_dicom()), (None, false));
    visit.open(&["a.dcm".into()]);
    visit.answer_all();
    assert!(visit.page.can_save_dicom());
    let part = View { crop: Some([0, 0, 1, 1]), ..View::default() };
    let requests = visit.page.look_through(Some(part));
    visit.send(requests);
    visit.answer_all();
    assert_eq!((visit.page.can_save_dicom(), visit.page.save_dicom(&STAMP)), (false, vec![]));
}

#[test]
fn what_cannot_be_made_is_named_and_the_answer_still_stands() {
    let mut visit = Visit::start();
    let id = visit.save("a.dcm").unwrap();
    visit.inbox.clear();
    visit.hear(Response::Failed { id: Some(id), failure: failure("no UID") }, None);
    assert_eq!((visit.page.problems()[0].name.as_str(), visit.page.name_to_save(id)), ("a.dcm", None));
    assert!(visit.page.shown().unwrap().answer.is_some());
    let id = visit.save("b.dcm").unwrap();
    visit.inbox.clear();
    visit.held.clear();
    let requests = visit.page.lose(failure("gone"));
    visit.send(requests);
    visit.answer_all();
    assert_eq!((visit.page.problems()[0].name.as_str(), visit.page.name_to_save(id)), ("b.dcm", None));
}
