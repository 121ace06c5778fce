//! The answers that would be lost if the page were left now: those about a visitor's own files that were not saved. A demo scan
//! is a click away.

use std::sync::{Arc, Weak};

use crate::page::scans::{OpenScan, Origin};
use crate::page::state::PageState;
use crate::protocol::ScanId;
use crate::report::Report;

impl PageState {
    /// How many answers about a visitor's files were not saved.
    pub fn n_unsaved(&self) -> usize {
        let own = self.scans.iter().filter(|scan| scan.origin == Origin::Visitor);
        own.filter_map(OpenScan::report).filter(|report| !self.is_saved(report)).count()
    }

    /// All answers were saved.
    pub fn save_all(&mut self) {
        self.saved = self.scans.iter().filter_map(OpenScan::report).map(Arc::downgrade).collect();
    }

    /// The shown answer was saved.
    pub fn save_shown(&mut self) {
        self.saved.retain(|report| report.strong_count() > 0);
        let shown = self.shown().and_then(OpenScan::report).map(Arc::downgrade);
        self.saved.extend(shown);
    }

    /// Another report takes the place of that about a scan. If it says the same, as when pixels were read again or another map
    /// was asked for, nothing new would be lost.
    pub(super) fn carry_saved(&mut self, scan: ScanId, new: &Arc<Report>) {
        let says = |report: &Report| (report.image.clone(), report.text.clone(), report.caption.text.clone());
        let old = self.scans.get(scan).and_then(OpenScan::report);
        if old.is_some_and(|old| self.is_saved(old) && says(old) == says(new)) {
            self.saved.push(Arc::downgrade(new));
        }
    }

    fn is_saved(&self, report: &Arc<Report>) -> bool {
        let is_this = |saved: &Weak<Report>| saved.as_ptr() == Arc::as_ptr(report);
        self.saved.iter().any(is_this)
    }
}
