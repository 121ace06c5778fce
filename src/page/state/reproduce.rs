//! Saved reports that are opened again with their scans: the same is asked, and the answers are compared.

use crate::page::linked::with_linked;
use crate::page::reproduce::{Outcome, compare, options_of};
use crate::page::scans::{OpenScan, ScanState};
use crate::page::state::{PageState, Reproduction};
use crate::protocol::{Request, ScanId};
use crate::report::{Options, Report};

/// What became of the report of the shown scan.
#[derive(Clone, Debug, PartialEq)]
pub enum Reproduced {
    /// The answer is on its way.
    Comparing,
    /// It was compared.
    Done(Outcome),
}

/// Queries.
impl PageState {
    /// What became of the saved report of the shown scan; none if there is none, or something else was asked since.
    pub fn reproduced(&self) -> Option<Reproduced> {
        let scan = self.shown()?;
        let saved = self.saved_of(scan)?;
        let answer = scan.answer.as_ref()?;
        let asked = Options { baseline: answer.answered.baseline, ..self.options_of(saved)? };
        if scan.wanted != answer.answered || scan.is_awaited() || self.is_shown_stale() || self.is_loading() {
            return (scan.wanted == asked).then_some(Reproduced::Comparing);
        }
        if self.awaits_linked() {
            return Some(Reproduced::Comparing);
        }
        let now = with_linked(&answer.report, self.finding_on_map(), self.hidden().map(AsRef::as_ref));
        (answer.answered == asked).then(|| Reproduced::Done(compare(saved, &now)))
    }

    /// Reports whose scans are not open, in the order in which they came.
    pub fn without_scan(&self) -> &[Report] {
        &self.without_scan
    }

    /// The file of a scan that was answered, by its hash.
    pub fn file_of(&self, sha256: &str) -> Option<ScanId> {
        let has_hash = |scan: &&OpenScan| scan.report().is_some_and(|report| report.input.sha256 == sha256);
        self.scans.iter().find(has_hash).map(|scan| scan.file)
    }

    fn saved_of(&self, scan: &OpenScan) -> Option<&Report> {
        let is_of = |saved: &&Reproduction| saved.file == scan.file && saved.report.input.frame == scan.frame;
        self.reproductions.iter().find(is_of).map(|saved| &saved.report)
    }

    fn options_of(&self, saved: &Report) -> Option<Options> {
        self.card().map(|card| options_of(saved, &card.vocabulary))
    }
}

/// Changes.
impl PageState {
    /// The scans of saved reports are open, by their files: each is asked what was asked then, of the model that answered then
    /// where the site has it.
    pub fn reproduce(&mut self, saved: Vec<(ScanId, Report)>) -> Vec<Request> {
        let Some((_, first)) = saved.first() else { return Vec::new() };
        let name = first.model.name.clone();
        let is_other = self.card().is_some_and(|card| card.name != name || card.sha256 != first.model.sha256);
        let is_listed = self.models.iter().any(|model| model.name == name);
        let is_wanted = self.current_model() == Some(name.as_str());
        let mut requests = Vec::new();
        if is_other && is_listed && !is_wanted {
            requests.push(self.load(Some(name)));
        }
        for (file, report) in saved {
            let frame = report.input.frame;
            self.without_scan.retain(|other| *other != report);
            self.reproductions.retain(|other| other.file != file || other.report.input.frame != frame);
            self.reproductions.push(Reproduction { file, report });
            self.ask_as_saved(file, |_| true);
        }
        requests.extend(self.next_requests());
        requests
    }

    /// A report came without its scan.
    pub fn miss_scan(&mut self, report: Report) {
        if !self.without_scan.contains(&report) {
            self.without_scan.push(report);
        }
    }

    /// Nobody waits for scans of reports any more.
    pub fn forget_missing(&mut self) {
        self.without_scan.clear();
    }

    /// A model is loaded: scans of saved reports that wait are asked what was asked then.
    pub(super) fn ask_all_as_saved(&mut self, model: &str) {
        let is_of_model = |saved: &&Reproduction| saved.report.model.name == model;
        let files: Vec<ScanId> = self.reproductions.iter().filter(is_of_model).map(|saved| saved.file).collect();
        for file in files {
            // Where there is an answer, a visitor may have asked something else since.
            self.ask_as_saved(file, |scan| scan.answer.is_none());
        }
    }

    /// The frames of a file are listed now: if the report is about one of the later ones, that is asked about next.
    pub(super) fn ask_saved_frame(&mut self, file: ScanId) {
        self.ask_as_saved(file, |scan| scan.frame > 0 && scan.answer.is_none());
    }

    /// The scan of a saved report is shown: what was asked beside the class is asked again.
    pub(super) fn ask_beside_as_saved(&mut self) -> Vec<Request> {
        let Some(saved) = self.shown().and_then(|scan| self.saved_of(scan)) else { return Vec::new() };
        let finding = saved.findings.first().map(|finding| finding.finding.clone());
        let region = saved.hidden.as_ref().and_then(|hidden| hidden.regions.first().copied());
        let mut requests = Vec::new();
        if let Some(finding) = finding.filter(|_| self.finding_on_map().is_none()) {
            requests.extend(self.map_finding(&finding));
        }
        if let Some(region) = region.filter(|_| self.hidden().is_none()) {
            requests.extend(self.hide(region));
        }
        requests
    }

    /// Files that are no longer listed have no report.
    pub(super) fn forget_reproductions(&mut self, file: ScanId) {
        self.reproductions.retain(|saved| saved.file != file);
    }

    fn ask_as_saved(&mut self, file: ScanId, is_asked: impl Fn(&OpenScan) -> bool) {
        let wanted: Vec<(ScanId, Options)> = {
            let of_scan = |scan: &OpenScan| Some((scan.id, self.options_of(self.saved_of(scan)?)?));
            self.scans.frames(file).filter(|scan| is_asked(scan)).filter_map(of_scan).collect()
        };
        for (id, options) in wanted {
            let Some(scan) = self.scans.get_mut(id) else { continue };
            scan.wanted = options;
            if scan.state != ScanState::Fetching {
                scan.state = ScanState::Queued;
            }
            self.revisions.retain(|revision| revision.scan != id);
            self.put_back_unseen(id);
            self.next_shown = Some(id);
        }
    }

    fn is_loading(&self) -> bool {
        matches!(self.phase(), super::Phase::Loading(_))
    }
}
