//! The page's state as signals, its files and its worker: every request to the worker and every answer passes here.

mod opening;
mod own_models;

use std::collections::HashMap;
use std::sync::Arc;

use leptos::prelude::*;
use wasm_bindgen_futures::spawn_local;
use web_sys::{Blob, File};

use crate::bundle::card::ModelCard;
use crate::error::{Detail, Error};
use crate::page::demo::{DemoScan, LIST_URL, demo_scans, url_of};
use crate::page::scans::OpenScan;
use crate::page::state::{DemoOpening, PageState, Phase};
use crate::page::worker::TICK;
use crate::protocol::{Request, Response, ScanId};
use crate::report::{Options, Report};
use crate::web::canvas;
use crate::web::client::{Client, Event};
use crate::web::fetch;
use crate::web::reload::{self, reload_once};

/// Handles to the page's state and to its worker.
#[derive(Clone, Copy)]
pub struct Session {
    /// The page's state; the signals below are derived from it.
    page: RwSignal<PageState>,
    /// What the page is doing.
    pub phase: Signal<Phase>,
    /// The model's card, once it is loaded.
    pub card: Signal<Option<Arc<ModelCard>>>,
    /// The scan that is shown.
    pub shown: Signal<Option<OpenScan>>,
    /// The newest report about it.
    pub report: Signal<Option<Arc<Report>>>,
    /// The demo scans of the site.
    pub demo_scans: RwSignal<Vec<DemoScan>>,
    client: StoredValue<Option<Client>, LocalStorage>,
    /// The files of the scans that are listed: handles, not their bytes.
    files: StoredValue<HashMap<ScanId, Blob>, LocalStorage>,
    /// The visitor's own weights files, by their keys.
    own_files: StoredValue<HashMap<String, File>, LocalStorage>,
}

/// Whether a scan must be drawn again.
pub(super) fn is_other_scan(old: Option<&Option<OpenScan>>, new: Option<&Option<OpenScan>>) -> bool {
    match (old, new) {
        (Some(Some(old)), Some(Some(new))) => !old.looks_like(new),
        (Some(None), Some(None)) => false,
        _ => true,
    }
}

fn is_other_card(old: Option<&Option<Arc<ModelCard>>>, new: Option<&Option<Arc<ModelCard>>>) -> bool {
    !matches!((old, new), (Some(Some(old)), Some(Some(new))) if Arc::ptr_eq(old, new))
}

impl Session {
    /// Makes the signals, starts the worker and asks it for the default model.
    pub fn start() -> Self {
        let page = RwSignal::new(PageState::default());
        let shown: Signal<Option<OpenScan>> =
            Memo::new_with_compare(move |_| page.with(|page| page.shown().cloned()), is_other_scan).into();
        let session = Self {
            page,
            phase: Memo::new(move |_| page.with(PageState::phase)).into(),
            card: Memo::new_with_compare(move |_| page.with(|page| page.card().cloned()), is_other_card).into(),
            shown,
            report: Signal::derive(move || shown.with(|shown| shown.as_ref().and_then(OpenScan::report).cloned())),
            demo_scans: RwSignal::default(),
            client: StoredValue::new_local(None),
            files: StoredValue::new_local(HashMap::new()),
            own_files: StoredValue::new_local(HashMap::new()),
        };
        if session.start_worker() {
            session.send(Request::Load { model: None });
        }
        session.watch();
        session.list_kept_models();
        spawn_local(async move {
            // Demo scans are optional.
            if let Ok(list) = fetch::text(LIST_URL).await {
                session.demo_scans.set(demo_scans(&list));
            }
        });
        session
    }

    /// Reads the page's state.
    pub fn with<T>(self, read: impl FnOnce(&PageState) -> T) -> T {
        self.page.with(read)
    }

    /// Reads the page's state once.
    pub fn with_untracked<T>(self, read: impl FnOnce(&PageState) -> T) -> T {
        self.page.with_untracked(read)
    }

    /// Changes the page's state, and sends the requests that follow to the worker.
    pub fn act(self, change: impl FnOnce(&mut PageState) -> Vec<Request>) {
        let number = || self.page.with_untracked(PageState::worker_number);
        let before = number();
        let requests = self.page.try_update(change).unwrap_or_default();
        if number() != before && !self.start_worker() {
            return;
        }
        for request in requests {
            self.send(request);
        }
        // A file is kept as long as it may be read again.
        self.page.with_untracked(|page| self.files.update_value(|files| files.retain(|id, _| page.keeps(*id))));
    }

    /// The same as a callback, for components.
    pub fn on<T: 'static>(
        self,
        change: impl Fn(&mut PageState, T) -> Vec<Request> + Send + Sync + 'static,
    ) -> Callback<T> {
        Callback::new(move |value| self.act(|page| change(page, value)))
    }

    /// Opens a demo scan, or shows it where it is listed already.
    pub fn open_demo(self, file: String) {
        let opening = self.page.try_update(|page| page.open_demo(&file));
        self.fetch_demo(file, opening);
    }

    /// Opens a demo scan, or shows it where it is listed already, and asks this about it.
    pub fn open_demo_with(self, file: String, options: Options) {
        let opening = self.page.try_update(|page| page.open_demo_with(&file, options));
        self.fetch_demo(file, opening);
    }

    fn fetch_demo(self, file: String, opening: Option<DemoOpening>) {
        let id = match opening {
            Some(DemoOpening::New(id)) => id,
            Some(DemoOpening::Listed(requests)) => return self.act(|_| requests),
            None => return,
        };
        spawn_local(async move {
            match fetch::blob(&url_of(&file)).await {
                Ok(blob) => {
                    self.files.update_value(|files| drop(files.insert(id, blob)));
                    self.act(|page| page.take_files(&[id]));
                }
                Err(error) => self.act(|page| page.miss_file(id, error.into())),
            }
        });
    }

    /// The file of a scan, by the number of its first frame.
    pub(super) fn file(self, id: ScanId) -> Option<Blob> {
        self.files.with_value(|files| files.get(&id).cloned())
    }

    /// Starts a worker in place of the one before, which ends. Returns whether it could be started.
    fn start_worker(self) -> bool {
        let started = Client::start(move |event| self.receive(event));
        let is_started = started.is_ok();
        match started {
            Ok(client) => self.client.set_value(Some(client)),
            Err(error) => self.lose_later(error),
        }
        is_started
    }

    fn receive(self, event: Event) {
        match event {
            // It changes nothing that is shown.
            Event::Answer(Response::Alive, _) => {
                self.page.update_untracked(|page| drop(page.apply(Response::Alive, None)));
            }
            Event::Answer(response @ Response::Ready { .. }, _) => {
                reload::succeed();
                self.act(|page| page.apply(response, None));
            }
            Event::Answer(response @ Response::Crashed { .. }, _) => self.later(|page| page.apply(response, None)),
            Event::Answer(Response::MadeDicom { id }, Some(bytes)) => {
                if let Some(name) = self.page.with_untracked(|page| page.name_to_save(id).map(str::to_owned)) {
                    canvas::save_bytes(&name, &bytes, "application/zip");
                }
                self.act(|page| page.apply(Response::MadeDicom { id }, None));
            }
            Event::Answer(response, pixels) => self.act(|page| page.apply(response, pixels)),
            Event::Lost(error) => self.lose_later(error),
        }
    }

    /// The worker is lost. If it is not the one that belongs to this page, and nothing is open yet, the page is reloaded once.
    fn lose_later(self, error: Error) {
        let is_foreign = matches!(error.detail(), Some(Detail::NotStarted | Detail::OtherBuild));
        let is_empty = || self.page.with_untracked(|page| page.scans().iter().next().is_none());
        if !(is_foreign && is_empty() && reload_once()) {
            self.later(|page| page.lose(error.into()));
        }
    }

    /// Acts when the listener that calls this has returned: it ends with its worker.
    fn later(self, change: impl FnOnce(&mut PageState) -> Vec<Request> + 'static) {
        spawn_local(async move { self.act(change) });
    }

    /// Looks for signs of life of the worker, again and again.
    fn watch(self) {
        let tick = move || {
            if let Some(failure) = self.page.try_update_untracked(PageState::tick).flatten() {
                self.act(|page| page.lose(failure));
            }
        };
        // Without timers nothing of this page would work.
        let _ = set_interval_with_handle(tick, TICK);
    }

    fn send(self, request: Request) {
        let file = match &request {
            Request::Analyze { file, .. } | Request::MakeDicom { file, .. } => self.file(*file),
            Request::Load { model: Some(model) } => self.own_file(model),
            _ => None,
        };
        self.client.with_value(|client| {
            if let Some(client) = client {
                client.send(request, file);
            }
        });
    }
}
