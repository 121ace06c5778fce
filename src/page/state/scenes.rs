//! A scene: a demo scan of the site or a drawn case, with a question about it. A link names one, and so does a tour's step.

use crate::caption::Caption;
use crate::page::scans::{OpenScan, ScanState};
use crate::page::state::{DemoOpening, PageState};
use crate::phantom::case::Case;
use crate::protocol::{Request, ScanId};
use crate::report::Options;

impl PageState {
    /// Opens a demo scan by its file and asks this about it; what must be done is as for [`PageState::open_demo`].
    pub fn open_demo_with(&mut self, file: &str, options: Options) -> DemoOpening {
        match self.scans.demo(file).map(|scan| scan.id) {
            Some(id) => DemoOpening::Listed(self.ask_of(id, options)),
            None => {
                let opening = self.open_demo(file);
                if let DemoOpening::New(id) = &opening
                    && let Some(scan) = self.scans.get_mut(*id)
                {
                    scan.wanted = options;
                }
                opening
            }
        }
    }

    /// Draws a case and asks this about it.
    pub fn make_case_with(&mut self, case: Case, options: Options) -> Vec<Request> {
        let case = case.clamped();
        let is_so = |scan: &&OpenScan| scan.made.as_ref().is_some_and(|made| made.wanted == case);
        match self.case().filter(is_so).map(|scan| scan.id) {
            Some(id) => self.ask_of(id, options),
            None => self.draw(case, |wanted| *wanted = options),
        }
    }

    /// Takes the first finding out of the shown scan's caption.
    pub fn drop_finding(&mut self) -> Vec<Request> {
        let first = self.shown().zip(self.card()).and_then(|(scan, card)| {
            let caption = Caption::parse(&card.vocabulary, scan.caption()).ok()?;
            caption.findings.into_iter().next()
        });
        first.map_or_else(Vec::new, |finding| self.tick_finding(&finding, false))
    }

    /// Shows a listed scan with exactly these questions: what a visitor asked of it before is forgotten.
    fn ask_of(&mut self, id: ScanId, options: Options) -> Vec<Request> {
        let options = Options { baseline: self.is_comparing(), ..options };
        let is_held_so = |scan: &OpenScan| {
            matches!(scan.state, ScanState::Held { .. }) && scan.wanted.shown_view() == options.shown_view()
        };
        if self.scans.get(id).is_some_and(is_held_so) {
            let mut requests = self.show(id);
            requests.extend(self.ask_again(|wanted| *wanted = options));
            return requests;
        }
        let Some(scan) = self.scans.get_mut(id) else { return Vec::new() };
        scan.wanted = options;
        // What is on its way is about another question.
        if scan.state != ScanState::Fetching {
            scan.state = ScanState::Queued;
        }
        self.revisions.retain(|revision| revision.scan != id);
        self.show(id)
    }
}
