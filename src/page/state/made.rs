//! Cases that a visitor draws: one at a time, listed like any scan. While the worker draws one, only the newest is remembered.

use crate::page::made::Made;
use crate::page::scans::{OpenScan, Origin, ScanState};
use crate::page::state::PageState;
use crate::phantom::case::{Case, DrawnLesion};
use crate::protocol::{Request, RequestId, ScanId};
use crate::report::Options;

/// The name of a case in the list, and of its report.
pub(super) const CASE_NAME: &str = "case.pgm";

/// Queries.
impl PageState {
    /// The case that is listed.
    pub fn case(&self) -> Option<&OpenScan> {
        self.scans.iter().find(|scan| scan.origin == Origin::Made)
    }
}

/// Changes.
impl PageState {
    /// Draws a case, in place of the one that is listed, and shows it.
    pub fn make_case(&mut self, case: Case) -> Vec<Request> {
        // A person's caption was about the case before.
        self.draw(case.clamped(), |wanted| wanted.caption = None)
    }

    /// Draws a case and changes what is asked about it.
    pub(super) fn draw(&mut self, case: Case, change: impl FnOnce(&mut Options)) -> Vec<Request> {
        let Some(id) = self.case().map(|scan| scan.id) else { return self.list_case(case, change) };
        self.problems.clear();
        if let Some(scan) = self.scans.get_mut(id)
            && let Some(made) = &mut scan.made
        {
            let is_changed = made.wanted != case;
            if is_changed {
                made.wanted = case;
                change(&mut scan.wanted);
            }
            // One that was stopped is drawn again even if nothing has changed.
            if is_changed && !matches!(scan.state, ScanState::Analyzing(_)) || scan.state == ScanState::Released {
                scan.state = ScanState::Queued;
                self.revisions.retain(|revision| revision.scan != id);
            }
        }
        // The picture that is shown stays in view until the new one is answered.
        if self.shown == Some(id) {
            self.choose_instead();
            return self.next_requests();
        }
        self.show(id)
    }

    fn list_case(&mut self, case: Case, change: impl FnOnce(&mut Options)) -> Vec<Request> {
        let ids = self.open_from(Origin::Made, &[CASE_NAME.to_owned()]);
        let Some(id) = ids.first().copied() else { return Vec::new() };
        if let Some(scan) = self.scans.get_mut(id) {
            scan.made = Some(Made::new(case));
            change(&mut scan.wanted);
            scan.state = ScanState::Queued;
            // It needs no file that could be missing.
            scan.was_read = true;
        }
        self.choose_instead();
        self.put_back_unseen(id);
        self.next_shown = Some(id);
        self.next_requests()
    }

    /// A case is drawn. Nobody waits for one of an earlier model, or that was removed.
    pub(super) fn take_drawn(&mut self, id: RequestId, lesions: Vec<DrawnLesion>) {
        let scan = self.scans.analyzing(id).and_then(|scan| self.scans.get_mut(scan));
        if let Some(made) = scan.and_then(|scan| scan.made.as_mut()) {
            made.is_drawn(lesions);
        }
    }

    /// A case is answered: if it has changed meanwhile, it is drawn again as it is wanted now.
    pub(super) fn draw_newest(&mut self, id: ScanId) {
        let scan = self.scans.get_mut(id);
        if let Some(scan) = scan.filter(|scan| scan.made.as_ref().is_some_and(Made::is_behind)) {
            scan.state = ScanState::Queued;
        }
    }
}
