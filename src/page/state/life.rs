//! What happens when the worker dies, hangs or is stopped: another takes its place and is asked again what the first did not
//! answer. A scan of which it dies twice is given up.

use crate::error::{Detail, Error, Kind};
use crate::page::comparison::Presence;
use crate::page::scans::ScanState;
use crate::page::state::{Model, NOTHING_YET, PageState, Queue};
use crate::protocol::{Failure, Request, ScanId};

/// A scan of which the worker dies this often, with no answer in between, is given up.
const MAX_DEATHS: u32 = 2;

impl PageState {
    /// The worker has died or is of no use. It is replaced, unless it dies again and again without a scan to blame.
    pub fn lose(&mut self, failure: Failure) -> Vec<Request> {
        if matches!(self.model, Model::Lost(_)) {
            return Vec::new();
        }
        self.lose_savings(&failure);
        // Which of the models it died of is not known: the one that answered is loaded again.
        self.stay_with_model(&failure);
        match self.under_way() {
            Some(culprit) => self.blame(culprit, failure),
            None if !self.worker.dies_idle() => {
                self.stop(Model::Lost(failure));
                return Vec::new();
            }
            None => {}
        }
        self.restart()
    }

    /// Time passes ([`crate::page::worker::TICK`]). Returns why the worker must be dead, if it was silent for too long.
    pub fn tick(&mut self) -> Option<Failure> {
        let is_busy = match self.model {
            Model::Failed(_) | Model::Lost(_) => return None,
            Model::Loading(_) | Model::Switching(..) => true,
            Model::Ready(_) => self.under_way().is_some(),
        };
        let is_started = self.worker.is_listening();
        self.worker.tick(is_busy).then(|| {
            let error = Error::new(Kind::Model, "the model shows no sign of life");
            if is_started { error } else { error.with_detail(Detail::NotStarted) }.into()
        })
    }

    /// Stops what is under way and forgets what waits, held back or not; the scans stay listed, with the answers that they
    /// have.
    pub fn cancel(&mut self) -> Vec<Request> {
        if self.card().is_none() || !(self.is_awaiting() || self.is_paused()) {
            return Vec::new();
        }
        // A computation can only be stopped with its worker.
        let must_restart = self.under_way().is_some();
        let mut stopped = self.scans.await_none();
        stopped.extend(std::mem::take(&mut self.revisions).into_iter().map(|revision| revision.scan));
        for scan in stopped {
            self.reset_wanted(scan);
        }
        self.next_shown = None;
        self.queue = Queue::Running;
        if !must_restart {
            return Vec::new();
        }
        self.savings.clear();
        self.restart()
    }

    /// A visitor wants another try after the model could not be loaded, or the worker died too often.
    pub fn retry(&mut self) -> Vec<Request> {
        match self.model {
            Model::Lost(_) => {
                self.worker.forgives();
                self.restart()
            }
            Model::Failed(_) => {
                self.problems.clear();
                self.load_again()
            }
            Model::Loading(_) | Model::Ready(_) | Model::Switching(..) => Vec::new(),
        }
    }

    /// The scan that the worker is busy with: it answers in the order of the questions.
    pub(super) fn under_way(&self) -> Option<ScanId> {
        let analyzing = self.scans.iter().find_map(|scan| match scan.state {
            ScanState::Analyzing(id) => Some((id, scan.id)),
            _ => None,
        });
        let revision = self.revisions.first().map(|revision| (revision.id, revision.scan));
        analyzing.into_iter().chain(revision).chain(self.linked.under_way()).min().map(|(_, scan)| scan)
    }

    fn blame(&mut self, culprit: ScanId, failure: Failure) {
        let Some(scan) = self.scans.get_mut(culprit) else { return };
        scan.n_deaths += 1;
        if scan.n_deaths < MAX_DEATHS {
            return;
        }
        self.revisions.retain(|revision| revision.scan != culprit);
        let message =
            format!("the model stopped {MAX_DEATHS} times on this scan: save it smaller ({})", failure.message);
        self.drop_unread(culprit, Failure { detail: Some(Detail::StoppedModel), message, ..failure });
    }

    /// Another worker loads the same model, and answers what is still asked.
    fn restart(&mut self) -> Vec<Request> {
        self.worker.ends();
        self.load_again()
    }

    /// The same model is loaded, by a worker that holds nothing. The shown scan is analysed again, so that it can be asked
    /// about.
    fn load_again(&mut self) -> Vec<Request> {
        self.model = Model::Loading(NOTHING_YET);
        self.linked = Default::default();
        if let Some(comparison) = &mut self.comparison {
            comparison.presence = Presence::Away;
        }
        let mut again: Vec<ScanId> =
            std::mem::take(&mut self.revisions).into_iter().map(|revision| revision.scan).collect();
        again.extend(self.shown);
        self.scans.outlive_worker(&again);
        let is_shown_again = self.shown().is_some_and(|scan| scan.state == ScanState::Queued);
        if self.next_shown.is_none() && is_shown_again {
            self.next_shown = self.shown;
        }
        vec![Request::Load { model: self.wanted_model.clone() }]
    }
}
