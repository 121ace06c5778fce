//! The page's state, and everything that changes it: actions of the visitor and answers of the worker.
//! Each change returns the requests that must go to the worker, in order.

mod answers;
mod eyes;
mod fold;
mod frames;
mod life;
mod linked;
mod made;
mod own;
mod queue;
mod removal;
mod reproduce;
mod saving;
mod scenes;
mod series;
#[cfg(test)]
mod tests;
mod views;
mod visitor;
mod work;

use std::sync::{Arc, Weak};

use crate::bundle::card::ModelCard;
use crate::bundle::index::ModelChoice;
use crate::page::comparison::Comparison;
use crate::page::linked::Linked;
use crate::page::own_model::OwnModel;
use crate::page::scans::{OpenScan, ScanState, Scans};
use crate::page::series::{FailedScan, SeriesView};
use crate::page::worker::WorkerLife;
use crate::protocol::{Failure, Progress, Request, RequestId, ScanId};
use crate::report::{Options, Report};

pub use eyes::{EyeGroup, Join, JoinedEye};
pub use frames::FrameWheel;
pub use queue::Queue;
pub use reproduce::Reproduced;
pub use series::Wait;
pub use visitor::DemoOpening;

/// What the page is doing: the value of `data-phase`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Phase {
    /// The model's weights are being loaded.
    Loading(Progress),
    /// A scan can be opened.
    Ready,
    /// Waiting for an answer.
    Analyzing,
    /// The newest answer is shown.
    Done,
    /// The last request failed; the last good answer is still shown.
    Failed,
}

impl Phase {
    /// The value of `data-phase`.
    pub fn name(self) -> &'static str {
        match self {
            Phase::Loading(_) => "loading",
            Phase::Ready => "ready",
            Phase::Analyzing => "analyzing",
            Phase::Done => "done",
            Phase::Failed => "failed",
        }
    }
}

/// The model's own state.
#[derive(Clone, Debug, PartialEq)]
pub enum Model {
    /// Its weights are being loaded.
    Loading(Progress),
    /// It answers.
    Ready(Arc<ModelCard>),
    /// It answers until another one, whose weights are being loaded, takes its place.
    Switching(Arc<ModelCard>, Progress),
    /// It could not be loaded; loading can be retried.
    Failed(Failure),
    /// The worker dies again and again; another is started when a visitor wants it.
    Lost(Failure),
}

/// Something that went wrong, other than with the model.
#[derive(Clone, Debug, PartialEq)]
pub struct Problem {
    /// The scan or the baseline that it is about.
    pub name: String,
    /// What went wrong.
    pub failure: Failure,
}

/// A request to explain a scan again that is under way.
#[derive(Clone, Debug)]
struct Revision {
    id: RequestId,
    scan: ScanId,
    options: Options,
}

/// A file that the worker is making, to be saved.
#[derive(Clone, Debug)]
struct Saving {
    id: RequestId,
    /// The title of the scan that it is about.
    title: String,
    /// The name that it gets.
    name: String,
}

/// What was taken off the list last.
#[derive(Clone, Debug)]
struct Removed {
    scans: Vec<OpenScan>,
    failed: Vec<FailedScan>,
    /// The scan that was shown, if it was one of them.
    shown: Option<ScanId>,
}

/// A report of which the scan is open.
#[derive(Clone, Debug)]
struct Reproduction {
    file: ScanId,
    report: Report,
}

/// The page's state.
#[derive(Clone, Debug)]
pub struct PageState {
    model: Model,
    models: Vec<ModelChoice>,
    wanted_model: Option<String>,
    /// The model that was wanted when the one that answers was loaded.
    answering_model: Option<String>,
    own_models: Vec<OwnModel>,
    comparison: Option<Comparison>,
    scans: Scans,
    problems: Vec<Problem>,
    shown: Option<ScanId>,
    /// The scan that the visitor wants to see as soon as it is analysed.
    next_shown: Option<ScanId>,
    revisions: Vec<Revision>,
    savings: Vec<Saving>,
    /// Scans that could not be read or answered, until they are answered or removed.
    failed: Vec<FailedScan>,
    /// What was removed last, until it is put back or forgotten.
    removed: Option<Removed>,
    /// The answers that were saved.
    saved: Vec<Weak<Report>>,
    series_view: SeriesView,
    linked: Linked,
    queue: Queue,
    /// What was opened together and is of one eye, as the visitor says.
    one_eyes: Vec<ScanId>,
    /// Saved reports of scans that are open.
    reproductions: Vec<Reproduction>,
    /// Saved reports whose scans are not.
    without_scan: Vec<Report>,
    worker: WorkerLife,
    last_id: u32,
}

impl Default for PageState {
    fn default() -> Self {
        Self {
            model: Model::Loading(NOTHING_YET),
            models: Vec::new(),
            wanted_model: None,
            answering_model: None,
            own_models: Vec::new(),
            comparison: None,
            scans: Scans::default(),
            problems: Vec::new(),
            shown: None,
            next_shown: None,
            revisions: Vec::new(),
            savings: Vec::new(),
            failed: Vec::new(),
            removed: None,
            saved: Vec::new(),
            series_view: SeriesView::default(),
            linked: Linked::default(),
            queue: Queue::default(),
            one_eyes: Vec::new(),
            reproductions: Vec::new(),
            without_scan: Vec::new(),
            worker: WorkerLife::default(),
            last_id: 0,
        }
    }
}

const NOTHING_YET: Progress = Progress { done_bytes: 0, total_bytes: 0 };

/// Queries.
impl PageState {
    /// The phase.
    pub fn phase(&self) -> Phase {
        match &self.model {
            Model::Failed(_) | Model::Lost(_) => Phase::Failed,
            Model::Loading(progress) | Model::Switching(_, progress) => Phase::Loading(*progress),
            Model::Ready(_) if self.is_awaiting() => Phase::Analyzing,
            Model::Ready(_) if !self.problems.is_empty() => Phase::Failed,
            Model::Ready(_) if self.shown.is_some() => Phase::Done,
            Model::Ready(_) => Phase::Ready,
        }
    }

    /// The model's own state.
    pub fn model(&self) -> &Model {
        &self.model
    }

    /// Which worker answers, from 0; when it grows, another one must be started in place of the one before.
    pub fn worker_number(&self) -> u32 {
        self.worker.number()
    }

    /// The model's card, once it is loaded.
    pub fn card(&self) -> Option<&Arc<ModelCard>> {
        match &self.model {
            Model::Ready(card) | Model::Switching(card, _) => Some(card),
            Model::Loading(_) | Model::Failed(_) | Model::Lost(_) => None,
        }
    }

    /// Whether a model is loaded or being loaded.
    pub fn can_answer(&self) -> bool {
        !matches!(self.model, Model::Failed(_) | Model::Lost(_))
    }

    /// The models to choose from.
    pub fn models(&self) -> &[ModelChoice] {
        &self.models
    }

    /// The name of the model that was chosen, or else of the one that is loaded.
    pub fn current_model(&self) -> Option<&str> {
        self.wanted_model.as_deref().or_else(|| self.card().map(|card| card.name.as_str()))
    }

    /// The model that was chosen, or `None` for the default one.
    pub fn wanted_model(&self) -> Option<&str> {
        self.wanted_model.as_deref()
    }

    /// The baseline that the model can be compared with.
    pub fn comparison(&self) -> Option<&Comparison> {
        self.comparison.as_ref()
    }

    /// The scans that a visitor has opened.
    pub fn scans(&self) -> &Scans {
        &self.scans
    }

    /// What went wrong since the visitor's last action, other than with the model.
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }

    /// The scan that is shown.
    pub fn shown(&self) -> Option<&OpenScan> {
        self.scans.get(self.shown?)
    }

    /// Whether another scan replaces the shown one as soon as it is analysed.
    pub fn is_shown_stale(&self) -> bool {
        self.card().is_some() && self.next_shown.is_some()
    }

    /// The scans that wait for an answer and are not held back: the name of the next one, and their number.
    pub fn awaited(&self) -> Option<(String, usize)> {
        let awaited = || self.scans.iter().filter(|scan| scan.is_awaited() && self.may_begin(scan));
        let next = awaited().find(|scan| matches!(scan.state, ScanState::Analyzing(_))).or_else(|| awaited().next())?;
        Some((next.title(), awaited().count()))
    }

    fn is_awaiting(&self) -> bool {
        !self.revisions.is_empty() || self.awaits_linked() || self.awaited().is_some()
    }

    fn is_comparing(&self) -> bool {
        self.comparison.as_ref().is_some_and(Comparison::is_on)
    }
}

/// Consequences of a change.
impl PageState {
    /// Shows a held scan.
    fn look_at(&mut self, id: ScanId) -> Vec<Request> {
        self.shown = Some(id);
        if self.next_shown == Some(id) {
            self.next_shown = None;
        }
        self.scans.touch(id);
        let mut requests: Vec<_> = self.compare_shown().into_iter().collect();
        requests.extend(self.next_requests());
        requests
    }

    /// Another scan will be shown: one that was queued only to be shown need not be analysed any more.
    fn put_back_unseen(&mut self, next: ScanId) {
        let Some(unseen) = self.next_shown.take().filter(|unseen| *unseen != next) else { return };
        if let Some(scan) = self.scans.get_mut(unseen).filter(|scan| scan.state == ScanState::Queued)
            && scan.answer.is_some()
        {
            scan.state = ScanState::Released;
        }
    }

    /// Asks about the shown scan again if its answer should include the baseline's, or no longer.
    fn compare_shown(&mut self) -> Option<Request> {
        let is_comparing = self.is_comparing();
        self.ask_again(|options| options.baseline = is_comparing)
    }

    fn ask_again(&mut self, change: impl FnOnce(&mut Options)) -> Option<Request> {
        self.card()?;
        let scan = self.scans.get_mut(self.shown?)?;
        let mut options = scan.wanted.clone();
        change(&mut options);
        if options == scan.wanted {
            return None;
        }
        // Who asks for another map of the class wants to see it.
        let of_class = |options: &Options| (options.map, options.layer, options.target.clone());
        if of_class(&options) != of_class(&scan.wanted) {
            self.linked.leave_finding();
        }
        scan.wanted = options.clone();
        let scan_id = scan.id;
        match scan.state {
            ScanState::Held { .. } | ScanState::Analyzing(_) => {}
            // It will be asked with these options.
            ScanState::Fetching | ScanState::Queued => return None,
            // No worker holds it: after one died of it, or was stopped.
            ScanState::Released => {
                scan.state = ScanState::Queued;
                self.next_shown = Some(scan_id);
                return self.analyze_next();
            }
        }
        let (id, scan) = (self.next_id(), scan_id);
        self.revisions.push(Revision { id, scan, options: options.clone() });
        Some(Request::Revise { id, scan, options })
    }

    /// Releases scans above the limits, and sends the next scan to the worker if it is free: one at a time, so that the scan
    /// that the visitor wants to see never waits for more than one other.
    fn next_requests(&mut self) -> Vec<Request> {
        let released = self.scans.release(self.shown);
        let mut requests: Vec<_> = released.into_iter().map(|scan| Request::Forget { scan }).collect();
        requests.extend(self.analyze_next());
        requests
    }

    fn analyze_next(&mut self) -> Option<Request> {
        self.card()?;
        let scan = self.scans.next(self.open_scans(), !self.is_paused())?;
        let (id, is_comparing) = (self.next_id(), self.is_comparing());
        let scan = self.scans.get_mut(scan)?;
        scan.state = ScanState::Analyzing(id);
        scan.wanted.baseline = is_comparing;
        if let Some(made) = &mut scan.made {
            made.is_asked();
        }
        Some(scan.analysis(id, scan.wanted.clone()))
    }

    /// A scan's file could not be fetched or read. If it was read before, the scan stays listed.
    fn drop_unread(&mut self, id: ScanId, failure: Failure) {
        let Some(scan) = self.scans.get_mut(id) else { return };
        self.problems.push(Problem { name: scan.title(), failure: failure.clone() });
        self.failed.retain(|failed| failed.id != id);
        self.failed.push(FailedScan::of(scan, failure));
        if scan.was_read {
            scan.state = ScanState::Released;
            self.reset_wanted(id);
        } else {
            self.scans.take(|scan| scan.file == id);
        }
        if self.next_shown == Some(id) {
            self.next_shown = None;
        }
    }

    fn next_id(&mut self) -> u32 {
        self.last_id += 1;
        self.last_id
    }
}
