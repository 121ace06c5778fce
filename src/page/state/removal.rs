//! Scans are taken off the list, one file or all, and the last removal can be undone.

use crate::page::scans::{OpenScan, Origin, ScanState};
use crate::page::series::FailedScan;
use crate::page::state::{PageState, Removed};
use crate::protocol::{Request, ScanId};

/// Queries.
impl PageState {
    /// How many files the last removal took, while it can be undone.
    pub fn n_removed(&self) -> Option<usize> {
        let removed = self.removed.as_ref()?;
        let of_scans = removed.scans.iter().filter(|scan| scan.frame == 0).count();
        let is_gone = |failed: &&FailedScan| removed.scans.iter().all(|scan| scan.file != failed.file);
        Some(of_scans + removed.failed.iter().filter(is_gone).count())
    }

    /// Whether a file may be read again: it is listed, or its removal can be undone.
    pub fn keeps(&self, file: ScanId) -> bool {
        let is_removed = |removed: &Removed| removed.scans.iter().any(|scan| scan.file == file);
        self.scans.get(file).is_some() || self.removed.as_ref().is_some_and(is_removed)
    }
}

/// Changes.
impl PageState {
    /// Takes a file off the list, with all its frames. If one of them was shown, the file that takes its place is shown.
    pub fn remove(&mut self, file: ScanId) -> Vec<Request> {
        let neighbour = self.neighbour(file);
        let (mut requests, was_shown) = self.take_off(|other| other == file);
        // A filter may hide all others.
        let neighbour = neighbour.or_else(|| self.scans.files().next().map(|scan| scan.id));
        if let (true, Some(neighbour), None) = (was_shown, neighbour, self.next_shown) {
            requests.extend(self.show(neighbour));
        } else {
            requests.extend(self.next_requests());
        }
        requests
    }

    /// Takes all files off the list.
    pub fn remove_all(&mut self) -> Vec<Request> {
        let (mut requests, _) = self.take_off(|_| true);
        self.problems.clear();
        self.choose_instead();
        requests.extend(self.next_requests());
        requests
    }

    /// Puts back what was removed last, and shows what was shown.
    pub fn undo_removal(&mut self) -> Vec<Request> {
        let Some(Removed { scans, failed, shown }) = self.removed.take() else { return Vec::new() };
        // A demo scan may have been opened anew meanwhile.
        let twins: Vec<ScanId> = scans.iter().filter(|scan| self.is_open_again(scan)).map(|scan| scan.file).collect();
        self.scans.put_back(scans.into_iter().filter(|scan| !twins.contains(&scan.file)).map(at_rest));
        self.failed.extend(failed);
        match shown.filter(|shown| self.scans.get(*shown).is_some()) {
            Some(shown) => self.show(shown),
            None => self.next_requests(),
        }
    }

    /// The last removal is not undone any more.
    pub fn forget_removed(&mut self) {
        self.removed = None;
    }

    /// The file that takes the place of another in the strip when that is removed.
    pub fn neighbour(&self, file: ScanId) -> Option<ScanId> {
        let files = self.series_files();
        let at = files.iter().position(|id| *id == file)?;
        let before = || files.get(at.checked_sub(1)?);
        files.get(at + 1).or_else(before).copied()
    }

    /// The files of demo scans have arrived after these were removed.
    pub(super) fn take_removed_files(&mut self, ids: &[ScanId]) {
        for scan in self.removed.iter_mut().flat_map(|removed| &mut removed.scans) {
            if scan.state == ScanState::Fetching && ids.contains(&scan.id) {
                scan.state = ScanState::Queued;
            }
        }
    }

    fn is_open_again(&self, scan: &OpenScan) -> bool {
        scan.origin == Origin::Demo && self.scans.demo(&scan.name).is_some()
    }

    /// Takes files off the list. Returns what the worker must know, and whether one of them was shown.
    fn take_off(&mut self, is_gone: impl Fn(ScanId) -> bool) -> (Vec<Request>, bool) {
        let scans = self.scans.take(|scan| is_gone(scan.file));
        let all_failed = std::mem::take(&mut self.failed).into_iter();
        let (failed, left): (Vec<_>, Vec<_>) = all_failed.partition(|failed| is_gone(failed.file));
        self.failed = left;
        if scans.is_empty() && failed.is_empty() {
            return (Vec::new(), false);
        }
        // The worker answers in order: it forgets a scan after it has analysed it.
        let is_known = |scan: &&OpenScan| matches!(scan.state, ScanState::Held { .. } | ScanState::Analyzing(_));
        let requests = scans.iter().filter(is_known).map(|scan| Request::Forget { scan: scan.id }).collect();
        let is_among = |id: &ScanId| scans.iter().any(|scan| scan.id == *id);
        self.revisions.retain(|revision| !is_among(&revision.scan));
        let shown = self.shown.filter(is_among);
        if shown.is_some() {
            self.shown = None;
        }
        if self.next_shown.as_ref().is_some_and(is_among) {
            self.next_shown = None;
        }
        for scan in &scans {
            self.forget_reproductions(scan.file);
        }
        self.removed = Some(Removed { scans, failed, shown });
        (requests, shown.is_some())
    }
}

/// A scan as it is listed again: no worker holds it.
fn at_rest(mut scan: OpenScan) -> OpenScan {
    scan.state = match scan.state {
        ScanState::Held { .. } | ScanState::Released => ScanState::Released,
        ScanState::Analyzing(_) | ScanState::Queued => ScanState::Queued,
        ScanState::Fetching => ScanState::Fetching,
    };
    scan
}
