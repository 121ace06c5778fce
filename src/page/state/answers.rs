//! How the worker's answers change the state, and which requests follow.

use std::sync::Arc;

use crate::eye::EyeKey;
use crate::page::comparison::{Comparison, Presence};
use crate::page::scans::{Answer, OpenScan, ScanState};
use crate::page::state::{Model, PageState, Problem, Revision};
use crate::protocol::{BaselineEvent, Failure, Request, RequestId, Response, ScanId};
use crate::report::Report;

impl PageState {
    /// Applies an answer of the worker; `pixels` (grey, row by row) come with the analysis of a file.
    pub fn apply(&mut self, response: Response, pixels: Option<Vec<u8>>) -> Vec<Request> {
        // While it computes it sends nothing; what it sent before says nothing about the question that it is asked now.
        if response != Response::Alive || self.under_way().is_none() {
            self.worker.hears();
        }
        match response {
            Response::Ready { .. } => {
                self.worker.starts_listening();
                Vec::new()
            }
            // Only the workers of the panel are asked for tests.
            Response::Alive | Response::Checked { .. } => Vec::new(),
            Response::Crashed { failure } => self.lose(failure),
            Response::Models(models) => {
                self.models = models;
                Vec::new()
            }
            Response::Progress(progress) => {
                self.model = match &self.model {
                    Model::Switching(card, _) => Model::Switching(card.clone(), progress),
                    _ => Model::Loading(progress),
                };
                Vec::new()
            }
            Response::Loaded { card, baseline } => {
                if matches!(self.model, Model::Switching(..)) {
                    self.start_over();
                }
                self.model = Model::Ready(Arc::new(*card));
                self.verify_own();
                let name = self.card().map(|card| card.name.clone()).unwrap_or_default();
                self.ask_all_as_saved(&name);
                let was_wanted = self.comparison.take().filter(|comparison| comparison.is_wanted);
                self.comparison = baseline.map(Comparison::new);
                let comparison = self.comparison.as_mut();
                let again = comparison.filter(|new| was_wanted.is_some_and(|old| old.baseline == new.baseline));
                let mut requests: Vec<_> = again.and_then(|comparison| comparison.want(true)).into_iter().collect();
                requests.extend(self.next_requests());
                requests
            }
            Response::Baseline { name, event } => self.take_baseline_event(&name, event).into_iter().collect(),
            Response::Drawn { id, lesions } => {
                self.take_drawn(id, lesions);
                Vec::new()
            }
            Response::Analyzed { id, report, eye } => self.take_report(id, *report, eye, pixels),
            Response::Finding { id, report } => {
                self.take_finding(id, *report);
                Vec::new()
            }
            Response::Hidden { id, hidden } => {
                self.take_hidden(id, *hidden);
                Vec::new()
            }
            Response::MadeDicom { id } => {
                self.end_saving(id, None);
                Vec::new()
            }
            Response::Failed { id: Some(id), failure } => self.fail(id, failure),
            Response::Failed { id: None, failure } => {
                if !self.stay_with_model(&failure) {
                    self.stop(Model::Failed(failure));
                }
                Vec::new()
            }
        }
    }

    /// Another model was wanted and does not come: the one before stays. Returns whether there was one.
    pub(super) fn stay_with_model(&mut self, failure: &Failure) -> bool {
        let Model::Switching(card, _) = &self.model else { return false };
        let card = card.clone();
        let before = self.answering_model.clone().unwrap_or_else(|| card.name.clone());
        let wanted = self.wanted_model.replace(before).unwrap_or_default();
        let title = self.model_choices().into_iter().find(|model| model.name == wanted).map(|model| model.title);
        self.refuse_own(&wanted);
        self.problems.push(Problem { name: title.unwrap_or(wanted), failure: failure.clone() });
        self.model = Model::Ready(card);
        true
    }

    /// No answer will come any more; the scans wait for another model.
    pub(super) fn stop(&mut self, model: Model) {
        self.model = model;
        self.comparison = None;
        self.linked = Default::default();
        for Revision { scan, .. } in std::mem::take(&mut self.revisions) {
            self.reset_wanted(scan);
        }
        self.scans.requeue();
    }

    fn take_report(
        &mut self,
        id: RequestId,
        report: Report,
        eye: Option<EyeKey>,
        pixels: Option<Vec<u8>>,
    ) -> Vec<Request> {
        self.worker.answers();
        if let Some(at) = self.revisions.iter().position(|revision| revision.id == id) {
            let Revision { scan, options, .. } = self.revisions.remove(at);
            // An older answer is dropped while a newer one is under way.
            let is_old = self.is_asked_later(scan);
            let report = Arc::new(report);
            self.carry_saved(scan, &report);
            if let Some(scan) = self.scans.get_mut(scan).filter(|_| !is_old) {
                scan.wanted = options.clone();
                scan.n_deaths = 0;
                scan.answer = Some(Answer { report, answered: options });
            }
            return Vec::new();
        }
        // Nobody waits for answers of an earlier model, or about a scan that was removed.
        let Some(scan) = self.scans.analyzing(id).and_then(|scan| self.scans.get(scan)) else { return Vec::new() };
        let (scan, answered) = (scan.id, scan.wanted.clone());
        let answer = Answer { report: Arc::new(report), answered };
        self.carry_saved(scan, &answer.report);
        self.failed.retain(|failed| failed.id != scan);
        self.forget_linked(scan);
        self.scans.hold(scan, answer, eye, pixels.unwrap_or_default());
        self.list_frames(scan);
        self.draw_newest(scan);
        let is_first = self.next_shown == Some(scan) || self.shown.is_none();
        if let Some(file) = self.scans.get(scan).filter(|scan| scan.frame == 0).map(|scan| scan.file) {
            self.ask_saved_frame(file);
        }
        if is_first {
            let mut requests = self.look_at(scan);
            requests.extend(self.ask_beside_as_saved());
            return requests;
        }
        self.next_requests()
    }

    fn fail(&mut self, id: RequestId, failure: Failure) -> Vec<Request> {
        if self.name_to_save(id).is_some() {
            self.end_saving(id, Some(failure));
            return Vec::new();
        }
        if self.fail_linked(id, &failure) {
            return Vec::new();
        }
        if let Some(at) = self.revisions.iter().position(|revision| revision.id == id) {
            let Revision { scan, .. } = self.revisions.remove(at);
            // What was asked later may still be answered.
            if !self.is_asked_later(scan) {
                self.reset_wanted(scan);
            }
            let name = self.scans.get(scan).map(OpenScan::title);
            self.problems.extend(name.map(|name| Problem { name, failure }));
            return Vec::new();
        }
        if let Some(scan) = self.scans.analyzing(id) {
            self.drop_unread(scan, failure);
        }
        self.next_requests()
    }

    /// Events about the baseline of an earlier model are ignored.
    fn take_baseline_event(&mut self, name: &str, event: BaselineEvent) -> Option<Request> {
        let comparison = self.comparison.as_mut().filter(|comparison| comparison.baseline.name == name)?;
        match event {
            BaselineEvent::Progress(progress) => comparison.presence = Presence::Coming(progress),
            BaselineEvent::Loaded => comparison.presence = Presence::Here,
            BaselineEvent::Failed(failure) => {
                // A visitor who no longer wants it need not read why it did not come.
                if comparison.is_wanted {
                    self.problems.push(Problem { name: comparison.baseline.title.clone(), failure });
                }
                comparison.fail();
            }
        }
        self.compare_shown()
    }

    /// Whether a scan was asked about again after a revision of it that is answered now. The worker answers in order, and only
    /// a scan that is held is revised: if it is being analysed, it was released since.
    fn is_asked_later(&self, id: ScanId) -> bool {
        let is_analyzing = |scan: &OpenScan| matches!(scan.state, ScanState::Analyzing(_));
        self.revisions.iter().any(|later| later.scan == id) || self.scans.get(id).is_some_and(is_analyzing)
    }

    /// Resets what is wanted of a scan to what its answer is for.
    pub(super) fn reset_wanted(&mut self, id: ScanId) {
        if let Some(scan) = self.scans.get_mut(id) {
            scan.wanted = scan.answer.as_ref().map(|answer| answer.answered.clone()).unwrap_or_default();
        }
    }
}
