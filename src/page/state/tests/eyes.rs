//! Files of one eye: what joins them, what never does, and what they say together.

use super::{Visit, names};
use crate::page::state::{EyeGroup, Join, JoinedEye};
use crate::protocol::ScanId;

impl Visit {
    /// Opens files together and has them answered.
    fn open_answered(&mut self, names: &[&str]) -> Vec<ScanId> {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let ids = self.open(&names);
        self.answer_all();
        ids
    }

    fn groups(&self) -> Vec<(ScanId, EyeGroup)> {
        let files = self.page.scans().files().map(|scan| scan.id);
        files.filter_map(|file| Some((file, self.page.eye_group(file)?))).collect()
    }

    /// The files of a group that is summed up, and the scans that count.
    fn joined(&self, file: ScanId) -> (usize, JoinedEye) {
        let EyeGroup { n_files, join } = self.page.eye_group(file).unwrap();
        match join {
            Join::ByVisitor(Some(eye)) | Join::ByFiles(Some(eye)) => (n_files, eye),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn dicom_files_of_one_study_and_side_are_summed_up_whenever_they_were_opened() {
    let mut visit = Visit::start();
    let ids = visit.open_answered(&["s1-OD-a.dcm", "s1-OS-b.dcm", "s1-OD-c.dcm"]);
    let (n_files, JoinedEye { eye, decided, title, .. }) = visit.joined(ids[0]);
    assert_eq!((n_files, eye.label.as_str(), eye.n_answered, eye.n_frames), (2, "AMD", 2, 2));
    assert!(ids.contains(&decided) && title.starts_with("s1-OD-"), "{title}");
    assert_eq!(visit.groups().len(), 1, "the other eye is alone");
    let later = visit.open_answered(&["s1-OD-d.dcm"])[0];
    assert_eq!(visit.joined(later).0, 3);
    assert_eq!(visit.groups().len(), 1, "the first that is listed stands for all");
}

#[test]
fn nothing_is_joined_where_the_side_or_the_study_is_not_the_same_or_not_known() {
    let mut visit = Visit::start();
    visit.open_answered(&["s1-OD-a.dcm", "s2-OD-b.dcm", "s1-OS-c.dcm"]);
    assert_eq!(visit.groups(), [], "both eyes are among them: not even offered");
    let mut visit = Visit::start();
    let ids = visit.open_answered(&["s1-a.dcm", "s1-b.dcm"]);
    assert_eq!(visit.groups(), [(ids[0], EyeGroup { n_files: 2, join: Join::Offered })]);
}

#[test]
fn the_visitor_joins_what_was_opened_together_and_takes_it_back() {
    let mut visit = Visit::start();
    let ids = visit.open_answered(&["a.png", "eye.vol"]);
    visit.open(&names(0..1));
    assert_eq!(visit.page.set_one_eye(ids[1], true), []);
    visit.answer_all();
    let (n_files, joined) = visit.joined(ids[0]);
    assert_eq!((n_files, joined.eye.n_answered, joined.eye.n_frames), (2, 1 + super::N_FRAMES, 1 + super::N_FRAMES));
    assert!(matches!(visit.page.eye_group(ids[0]).unwrap().join, Join::ByVisitor(_)));
    visit.page.set_one_eye(ids[0], false);
    assert_eq!(visit.groups(), [(ids[0], EyeGroup { n_files: 2, join: Join::Offered })]);
}

#[test]
fn not_even_the_visitor_joins_a_right_and_a_left_eye() {
    let mut visit = Visit::start();
    let ids = visit.open(&["s1-OD-a.dcm".into(), "s2-OS-b.dcm".into()]);
    visit.page.set_one_eye(ids[0], true);
    visit.answer();
    assert!(matches!(visit.page.eye_group(ids[0]).unwrap().join, Join::ByVisitor(Some(_))));
    visit.answer_all();
    assert_eq!(visit.page.eye_group(ids[0]).unwrap().join, Join::BothEyes);
}

#[test]
fn scans_that_wait_are_told_and_joining_is_offered_when_all_are_answered() {
    let mut visit = Visit::start();
    let ids = visit.open(&names(0..3));
    visit.answer();
    assert_eq!(visit.groups(), []);
    visit.page.set_one_eye(ids[0], true);
    let (_, joined) = visit.joined(ids[0]);
    assert_eq!((joined.eye.n_answered, joined.eye.n_frames), (1, 3));
    visit.answer_all();
    visit.page.set_one_eye(ids[0], false);
    assert_eq!(visit.groups()[0].1.join, Join::Offered);
    let requests = visit.page.remove(ids[0]);
    visit.send(requests);
    assert_eq!(visit.groups(), [(ids[1], EyeGroup { n_files: 2, join: Join::Offered })]);
    visit.page.remove(ids[1]);
    assert_eq!(visit.groups(), [], "one file is no group");
}

#[test]
fn a_file_that_was_opened_twice_counts_once() {
    let mut visit = Visit::start();
    let ids = visit.open_answered(&["s1-OD-a.dcm", "s1-OD-a.dcm", "s1-OD-b.dcm"]);
    let (n_files, joined) = visit.joined(ids[0]);
    assert_eq!((n_files, joined.eye.n_answered, joined.eye.n_frames), (3, 2, 2));
}
