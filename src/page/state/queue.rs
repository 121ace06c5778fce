//! Whether scans that wait are analysed by themselves, and how a visitor holds them back.

use crate::page::scans::{OpenScan, ScanState};
use crate::page::state::PageState;
use crate::protocol::{Request, ScanId};

/// What is done with the scans that wait.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Queue {
    /// They are analysed one after the other.
    #[default]
    Running,
    /// They wait until the visitor goes on. Only what the visitor has open is analysed.
    Paused {
        /// The first of the scans that were opened last; it is shown when it goes on.
        opened: Option<ScanId>,
    },
}

/// Queries.
impl PageState {
    /// Whether the visitor has paused the queue.
    pub fn is_paused(&self) -> bool {
        matches!(self.queue, Queue::Paused { .. })
    }

    /// How many scans a pause holds back; `None` while the queue runs.
    pub fn n_held_back(&self) -> Option<usize> {
        let is_held_back = |scan: &&OpenScan| scan.is_awaited() && !self.may_begin(scan);
        self.is_paused().then(|| self.scans.iter().filter(is_held_back).count())
    }

    /// Whether a scan is analysed as soon as the worker is free, or is being analysed.
    pub(super) fn may_begin(&self, scan: &OpenScan) -> bool {
        let is_under_way = matches!(scan.state, ScanState::Analyzing(_));
        !self.is_paused() || is_under_way || self.open_scans().any(|open| open == scan.id)
    }

    /// What the visitor has open, or wants to: it goes before all others.
    pub(super) fn open_scans(&self) -> impl Iterator<Item = ScanId> {
        self.next_shown.into_iter().chain(self.shown)
    }
}

/// Changes.
impl PageState {
    /// Pauses the queue, or lets it go on. The scan in work is finished in any case.
    pub fn set_paused(&mut self, is_paused: bool) -> Vec<Request> {
        match (self.queue, is_paused) {
            (Queue::Running, true) => {
                self.queue = Queue::Paused { opened: None };
                Vec::new()
            }
            (Queue::Paused { opened }, false) => {
                self.queue = Queue::Running;
                if let Some(opened) = opened.filter(|id| self.scans.get(*id).is_some_and(|scan| scan.is_awaited())) {
                    self.put_back_unseen(opened);
                    self.next_shown = Some(opened);
                }
                self.next_requests()
            }
            _ => Vec::new(),
        }
    }

    /// Scans are listed, `first` before the others: it is shown next, unless they have to wait.
    pub(super) fn show_opened(&mut self, first: ScanId) {
        if let Queue::Paused { opened } = &mut self.queue {
            *opened = Some(first);
        } else {
            self.put_back_unseen(first);
            self.next_shown = Some(first);
        }
    }

    /// The visitor has chosen what to see: it is not what was opened last.
    pub(super) fn choose_instead(&mut self) {
        if let Queue::Paused { opened } = &mut self.queue {
            *opened = None;
        }
    }
}
