//! Where a finding speaks on the shown scan, and what changes when a region of it is hidden. Both belong to the scan that is
//! shown and end with it; neither can be reached while its answer is folded.

use std::sync::Arc;

use crate::page::linked::{FindingMap, FindingOnMap, Linked};
use crate::page::scans::{OpenScan, ScanState};
use crate::page::state::{PageState, Problem};
use crate::protocol::{Failure, Request, RequestId, ScanId};
use crate::report::{FindingReport, Hidden, MapMethod};

/// Queries.
impl PageState {
    /// Whether the shown scan can be asked about findings and regions: it is held, and its answer is not folded.
    pub fn can_link(&self) -> bool {
        let is_open = |scan: &OpenScan| matches!(scan.state, ScanState::Held { .. }) && !scan.is_folded();
        self.card().is_some() && !self.is_shown_stale() && self.shown().is_some_and(is_open)
    }

    /// The finding whose map is shown, or will be when it is answered.
    pub fn finding_on_map(&self) -> Option<&FindingOnMap> {
        self.open_linked()?.finding.as_ref()
    }

    /// Whether a region to hide is being chosen.
    pub fn is_hiding(&self) -> bool {
        self.can_link() && self.open_linked().is_some_and(|linked| linked.is_hiding)
    }

    /// What changes without the region that is hidden.
    pub fn hidden(&self) -> Option<&Arc<Hidden>> {
        self.open_linked()?.hidden.as_ref()
    }

    /// What is asked of the shown scan, unless its answer is folded.
    fn open_linked(&self) -> Option<&Linked> {
        let shown = self.shown().filter(|scan| !scan.is_folded())?;
        Some(&self.linked).filter(|linked| linked.scan == Some(shown.id))
    }
}

/// Changes.
impl PageState {
    /// Shows where a finding speaks in place of the class; the class again if it is this finding that is shown.
    pub fn map_finding(&mut self, finding: &str) -> Vec<Request> {
        let is_shown = self.finding_on_map().is_some_and(|shown| shown.finding.eq_ignore_ascii_case(finding));
        if is_shown {
            self.linked.leave_finding();
            return Vec::new();
        }
        let Some(scan) = self.begin_linking() else { return Vec::new() };
        let Some(options) = self.scans.get(scan).map(|scan| scan.wanted.clone()) else { return Vec::new() };
        // A map that is the same for every target says nothing of a finding.
        let method = if options.map.ignores_target() { MapMethod::default() } else { options.map };
        let id = self.next_id();
        self.problems.clear();
        let choice = self.linked.finding.as_ref().map_or_else(FindingMap::default, |before| before.choice);
        self.linked.finding = Some(FindingOnMap { finding: finding.to_owned(), choice, method, report: None });
        self.linked.finding_asked = Some(id);
        vec![Request::AskFinding { id, scan, finding: finding.to_owned(), method, layer: options.layer }]
    }

    /// Shows the other map of the finding.
    pub fn choose_finding_map(&mut self, choice: FindingMap) {
        if let Some(finding) = &mut self.linked.finding {
            finding.choice = choice;
        }
    }

    /// Begins or stops choosing a region to hide.
    pub fn set_hiding(&mut self, is_hiding: bool) {
        if !is_hiding {
            self.linked.is_hiding = false;
        } else if self.begin_linking().is_some() {
            self.linked.is_hiding = true;
        }
    }

    /// Hides a region of the shown scan, x, y, width, height in scan pixels, in place of the one before.
    pub fn hide(&mut self, region: [f32; 4]) -> Vec<Request> {
        let Some(scan) = self.begin_linking() else { return Vec::new() };
        let id = self.next_id();
        self.problems.clear();
        self.linked.is_hiding = false;
        self.linked.hidden_asked = Some(id);
        vec![Request::Hide { id, scan, regions: vec![region] }]
    }

    /// Nothing is hidden any more.
    pub fn show_again(&mut self) {
        self.linked.hidden = None;
        self.linked.hidden_asked = None;
    }

    /// Leaves what was begun last: the choice of a region, or else the map of a finding.
    pub fn leave_linked(&mut self) {
        if self.linked.is_hiding {
            self.linked.is_hiding = false;
        } else {
            self.linked.leave_finding();
        }
    }

    /// The maps of a finding have come. Nobody waits for those of one that was asked for earlier.
    pub(super) fn take_finding(&mut self, id: RequestId, report: FindingReport) {
        self.worker.answers();
        if self.linked.finding_asked == Some(id) {
            self.linked.finding_asked = None;
            if let Some(finding) = &mut self.linked.finding {
                finding.report = Some(Arc::new(report));
            }
        }
    }

    /// What changes without a region has come.
    pub(super) fn take_hidden(&mut self, id: RequestId, hidden: Hidden) {
        self.worker.answers();
        if self.linked.hidden_asked == Some(id) {
            self.linked.hidden_asked = None;
            self.linked.hidden = Some(Arc::new(hidden));
        }
    }

    /// A question about a finding or a region failed. Returns whether it was one.
    pub(super) fn fail_linked(&mut self, id: RequestId, failure: &Failure) -> bool {
        if self.linked.finding_asked == Some(id) {
            self.linked.leave_finding();
        } else if self.linked.hidden_asked == Some(id) {
            self.linked.hidden_asked = None;
        } else {
            return false;
        }
        let name = self.linked.scan.and_then(|scan| self.scans.get(scan)).map(OpenScan::title);
        self.problems.extend(name.map(|name| Problem { name, failure: failure.clone() }));
        true
    }

    /// Another answer takes the place of that about a scan: what was asked beside it is forgotten.
    pub(super) fn forget_linked(&mut self, scan: ScanId) {
        if self.linked.scan == Some(scan) {
            self.linked = Linked::default();
        }
    }

    /// Whether the shown scan waits for an answer about a finding or a region.
    pub(super) fn awaits_linked(&self) -> bool {
        self.linked.under_way().is_some_and(|(_, scan)| self.shown == Some(scan))
    }

    /// The shown scan, if it can be asked; what was asked of another is forgotten.
    fn begin_linking(&mut self) -> Option<ScanId> {
        let scan = self.shown.filter(|_| self.can_link())?;
        if self.linked.scan != Some(scan) {
            self.linked = Linked::of(scan);
        }
        Some(scan)
    }
}
