//! Files of one eye: those that say so are summed up by themselves, others when the visitor says so.

use crate::eye::{Decision, EyeAnswer, has_both_eyes};
use crate::page::scans::{OpenScan, Origin};
use crate::page::state::PageState;
use crate::protocol::{Request, ScanId};
use crate::report::Report;

/// Files that are of one eye, or may be.
#[derive(Clone, Debug, PartialEq)]
pub struct EyeGroup {
    /// How many files.
    pub n_files: usize,
    /// Whether they are summed up.
    pub join: Join,
}

/// Whether files are summed up as those of one eye.
#[derive(Clone, Debug, PartialEq)]
pub enum Join {
    /// They were opened together; the visitor can say that they are of one eye.
    Offered,
    /// They are, because the visitor says so. Without an answer while no scan counts.
    ByVisitor(Option<JoinedEye>),
    /// They are, because they are of one study and one side. Without an answer while no scan counts.
    ByFiles(Option<JoinedEye>),
    /// The visitor says so, but they show a right and a left eye.
    BothEyes,
}

/// What several files say together.
#[derive(Clone, Debug, PartialEq)]
pub struct JoinedEye {
    /// The answer; its frames are those of all files that are listed.
    pub eye: EyeAnswer,
    /// The scan that decided.
    pub decided: ScanId,
    /// Its title.
    pub title: String,
    /// Whether the answer is folded: it is while that of the scan that decided is, and a warning is on it.
    pub is_folded: bool,
}

/// Queries.
impl PageState {
    /// The group that begins with a file: of its files, the first one that is listed.
    pub fn eye_group(&self, file: ScanId) -> Option<EyeGroup> {
        let of_file = self.scans.get(file)?;
        let is_declared = |scan: &OpenScan| self.one_eyes.contains(&scan.batch);
        let is_in_batch = |scan: &OpenScan| scan.batch == of_file.batch;
        let says_the_same = |scan: &OpenScan| !is_declared(scan) && scan.eye.is_some() && scan.eye == of_file.eye;
        if is_declared(of_file) {
            let both = has_both_eyes(self.reports(is_in_batch).map(|(_, report)| &report.input));
            self.group(
                file,
                is_in_batch,
                || if both { Join::BothEyes } else { Join::ByVisitor(self.joined(is_in_batch)) },
            )
        } else if self.scans.files().filter(|scan| says_the_same(scan)).count() > 1 {
            self.group(file, says_the_same, || Join::ByFiles(self.joined(says_the_same)))
        } else {
            let is_offered = |scan: &OpenScan| scan.origin == Origin::Visitor && is_in_batch(scan);
            // Until they are answered, they may still say themselves of which eye they are.
            let is_known = || !self.scans.files().any(|scan| is_offered(scan) && scan.is_awaited());
            let is_possible = || !has_both_eyes(self.reports(is_offered).map(|(_, report)| &report.input));
            self.group(file, is_offered, || Join::Offered).filter(|_| is_known() && is_possible())
        }
    }

    fn group(&self, file: ScanId, is_in: impl Fn(&OpenScan) -> bool, join: impl Fn() -> Join) -> Option<EyeGroup> {
        let files: Vec<ScanId> = self.scans.files().filter(|scan| is_in(scan)).map(|scan| scan.id).collect();
        let is_head = files.len() > 1 && files.first() == Some(&file);
        is_head.then(|| EyeGroup { n_files: files.len(), join: join() })
    }

    fn reports(&self, is_in: impl Fn(&OpenScan) -> bool) -> impl Iterator<Item = (&OpenScan, &Report)> {
        let of_group = self.scans.iter().filter(move |scan| is_in(scan));
        of_group.filter_map(|scan| Some((scan, scan.report()?.as_ref())))
    }

    fn joined(&self, is_in: impl Fn(&OpenScan) -> bool) -> Option<JoinedEye> {
        let answered: Vec<(&OpenScan, &Report)> = self.reports(&is_in).collect();
        let Decision { eye, decided } = Decision::of(answered.iter().map(|(_, report)| *report))?;
        let n_waiting = self.scans.iter().filter(|scan| is_in(scan) && scan.report().is_none()).count();
        let decided = answered.get(decided)?.0;
        let n_frames = eye.n_answered + n_waiting;
        let is_folded = !eye.warning.is_none() && decided.is_folded();
        Some(JoinedEye { eye: EyeAnswer { n_frames, ..eye }, decided: decided.id, title: decided.title(), is_folded })
    }
}

/// Changes.
impl PageState {
    /// The visitor says that the files that were opened together with this one are of one eye, or takes it back.
    pub fn set_one_eye(&mut self, file: ScanId, is_one: bool) -> Vec<Request> {
        if let Some(batch) = self.scans.get(file).map(|scan| scan.batch) {
            self.one_eyes.retain(|other| *other != batch);
            if is_one {
                self.one_eyes.push(batch);
            }
        }
        Vec::new()
    }
}
