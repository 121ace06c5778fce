//! Whether the answer about a scan is folded away behind its warning. Each scan has its own state ([`OpenScan::is_folded`]).

use crate::page::scans::OpenScan;
use crate::page::state::PageState;
use crate::protocol::{Request, ScanId};

impl PageState {
    /// Whether the answer about the shown scan is folded.
    pub fn is_shown_folded(&self) -> bool {
        self.shown().is_some_and(OpenScan::is_folded)
    }

    /// Opens the answer about the shown scan in spite of its warning, or folds it again. Once it is open, what a saved report
    /// asked beside the class can be asked again.
    pub fn set_folded(&mut self, is_folded: bool) -> Vec<Request> {
        if let Some(scan) = self.shown.and_then(|id| self.scans.get_mut(id)) {
            let reasons = scan.report().map(|report| report.warning.reasons.clone());
            scan.opened_despite = reasons.filter(|_| !is_folded);
        }
        // None if something else was asked since the report was opened.
        if is_folded || self.reproduced().is_none() { Vec::new() } else { self.ask_beside_as_saved() }
    }

    /// Whether the answer for an eye is folded: it is while that of the frame is on which it stands most, and on which there
    /// is a warning. So the warning is read and the frame seen before the answer.
    pub fn is_eye_folded(&self, file: ScanId) -> bool {
        let Some(eye) = self.eye(file).filter(|eye| !eye.warning.is_none()) else { return false };
        self.scans.frames(file).nth(eye.frame).is_some_and(OpenScan::is_folded)
    }
}
