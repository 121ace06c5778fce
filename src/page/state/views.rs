//! How the picture that is shown is looked at: as it is, or as was suggested.

use crate::page::scans::ScanState;
use crate::page::state::PageState;
use crate::protocol::Request;
use crate::scan::view::View;

impl PageState {
    /// Looks at the shown picture in another way, or at the whole as it is. It is analysed again: what the model sees is
    /// another scan.
    pub fn look_through(&mut self, view: Option<View>) -> Vec<Request> {
        if self.card().is_none() {
            return Vec::new();
        }
        let Some(scan) = self.shown.and_then(|id| self.scans.get_mut(id)) else { return Vec::new() };
        if scan.wanted.view == view || scan.state == ScanState::Fetching {
            return Vec::new();
        }
        scan.wanted.view = view;
        scan.opened_despite = None;
        // An answer on its way is about the view before: nobody waits for it any more.
        scan.state = ScanState::Queued;
        let id = scan.id;
        self.revisions.retain(|revision| revision.scan != id);
        self.problems.clear();
        self.next_shown = Some(id);
        self.next_requests()
    }

    /// Looks at the shown picture as its report suggests.
    pub fn use_suggestion(&mut self) -> Vec<Request> {
        let suggestion = self.shown().and_then(|scan| scan.report()?.suggestion);
        suggestion.map_or_else(Vec::new, |view| self.look_through(Some(view)))
    }

    /// Looks at the whole picture again.
    pub fn undo_view(&mut self) -> Vec<Request> {
        self.look_through(None)
    }
}
