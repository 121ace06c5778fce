//! How a visitor's actions change the state, and which requests follow.

use crate::caption::Vocabulary;
use crate::error::{Error, Result};
use crate::page::caption_edit::{read_caption, with_class_word, with_finding};
use crate::page::scans::{OpenScan, Origin, ScanState};
use crate::page::series::Filter;
use crate::page::state::{Model, NOTHING_YET, PageState};
use crate::protocol::{Failure, Request, ScanId};
use crate::report::Options;

/// What a demo scan that is opened needs.
#[derive(Clone, Debug, PartialEq)]
pub enum DemoOpening {
    /// It is listed already: these requests show it.
    Listed(Vec<Request>),
    /// It is listed from now on, and its file must be fetched.
    New(ScanId),
}

impl PageState {
    /// Lists new scans, whose files are being fetched, before all others; the first of them is shown when it is analysed. While
    /// the queue is paused, they wait. Returns their ids, in the order of `names`.
    pub fn open(&mut self, names: &[String]) -> Vec<ScanId> {
        let ids = self.open_from(Origin::Visitor, names);
        if let Some(first) = ids.first() {
            self.show_opened(*first);
        }
        ids
    }

    /// Opens a demo scan by its file, which must be fetched; one that is listed already is shown.
    pub fn open_demo(&mut self, file: &str) -> DemoOpening {
        if let Some(id) = self.scans.demo(file).map(|scan| scan.id) {
            return DemoOpening::Listed(self.show(id));
        }
        let ids = self.open_from(Origin::Demo, &[file.to_owned()]);
        let Some(id) = ids.first().copied() else { return DemoOpening::Listed(Vec::new()) };
        // It is one scan that was clicked: a pause does not hold it back.
        self.choose_instead();
        self.put_back_unseen(id);
        self.next_shown = Some(id);
        DemoOpening::New(id)
    }

    pub(super) fn open_from(&mut self, origin: Origin, names: &[String]) -> Vec<ScanId> {
        self.problems.clear();
        // What is opened is seen at once, whatever was looked for before.
        self.set_filter(Filter::All);
        let ids: Vec<ScanId> = names.iter().map(|_| self.next_id()).collect();
        self.scans.open(origin, ids.iter().copied().zip(names.iter().cloned()));
        ids
    }

    /// The files of these scans have arrived.
    pub fn take_files(&mut self, ids: &[ScanId]) -> Vec<Request> {
        for id in ids {
            if let Some(scan) = self.scans.get_mut(*id).filter(|scan| scan.state == ScanState::Fetching) {
                scan.state = ScanState::Queued;
            }
        }
        self.take_removed_files(ids);
        self.next_requests()
    }

    /// The file of a scan could not be fetched.
    pub fn miss_file(&mut self, id: ScanId, failure: Failure) -> Vec<Request> {
        self.drop_unread(id, failure);
        self.next_requests()
    }

    /// Shows a scan of the list: at once if it is held, else as soon as it is analysed again.
    pub fn show(&mut self, id: ScanId) -> Vec<Request> {
        self.problems.clear();
        self.choose_instead();
        self.put_back_unseen(id);
        let Some(scan) = self.scans.get_mut(id) else { return Vec::new() };
        match scan.state {
            ScanState::Held { .. } => return self.look_at(id),
            ScanState::Released => scan.state = ScanState::Queued,
            ScanState::Fetching | ScanState::Queued | ScanState::Analyzing(_) => {}
        }
        self.next_shown = Some(id);
        self.next_requests()
    }

    /// Dismisses all problems.
    pub fn dismiss_problems(&mut self) {
        self.problems.clear();
    }

    /// Switches the comparison with the baseline on or off.
    pub fn set_comparing(&mut self, is_wanted: bool) -> Vec<Request> {
        self.problems.clear();
        let fetch = self.comparison.as_mut().and_then(|comparison| comparison.want(is_wanted));
        fetch.or_else(|| self.compare_shown()).into_iter().collect()
    }

    /// Asks another question about the shown scan.
    pub fn revise(&mut self, change: impl FnOnce(&mut Options)) -> Vec<Request> {
        let request = self.ask_again(change);
        if request.is_some() {
            self.problems.clear();
        }
        request.into_iter().collect()
    }

    /// Ticks or unticks a finding of the caption.
    pub fn tick_finding(&mut self, finding: &str, is_ticked: bool) -> Vec<Request> {
        let edited = self.shown_with_words().map(|(scan, words)| with_finding(words, scan, finding, is_ticked));
        self.read_instead(edited)
    }

    /// Sets or removes the class word of the caption.
    pub fn set_class_word(&mut self, label: Option<String>) -> Vec<Request> {
        let edited = self.shown_with_words().and_then(|(scan, words)| with_class_word(words, scan.caption(), label));
        self.read_instead(edited)
    }

    /// Reads a typed caption and asks about it.
    ///
    /// # Errors
    /// The caption is empty, or names a phrase that the model does not know.
    pub fn type_caption(&mut self, typed: &str) -> Result<Vec<Request>> {
        let Some(card) = self.card() else { return Err(Error::weights("no model is loaded: reload the page")) };
        let caption = read_caption(&card.vocabulary, typed)?;
        Ok(self.read_instead(Some(caption)))
    }

    /// Goes back to the retrieved caption.
    pub fn reset_caption(&mut self) -> Vec<Request> {
        self.revise(|options| options.caption = None)
    }

    /// Loads a model, another one or the same again, in this worker or in a new one. A model that is loaded answers until
    /// then, and stays if the other one does not come.
    pub fn load(&mut self, model: Option<String>) -> Request {
        if matches!(self.model, Model::Lost(_)) {
            self.worker.forgives();
            self.worker.ends();
        }
        self.problems.clear();
        self.wanted_model = model.clone();
        match self.card().cloned() {
            Some(card) => self.model = Model::Switching(card, NOTHING_YET),
            None => {
                self.model = Model::Loading(NOTHING_YET);
                self.start_over();
            }
        }
        Request::Load { model }
    }

    /// Another model answers. The scans stay listed and are analysed again: first the shown one, then those that were held.
    pub(super) fn start_over(&mut self) {
        self.comparison = None;
        self.linked = Default::default();
        self.revisions.clear();
        // What was removed has answers of the model before.
        self.removed = None;
        self.scans.start_over();
        self.next_shown = self.next_shown.or(self.shown.take());
        self.shown = None;
    }

    fn shown_with_words(&self) -> Option<(&OpenScan, &Vocabulary)> {
        Some((self.shown()?, &self.card()?.vocabulary))
    }

    fn read_instead(&mut self, caption: Option<String>) -> Vec<Request> {
        match caption {
            Some(caption) => self.revise(|options| options.caption = Some(caption)),
            None => Vec::new(),
        }
    }
}
