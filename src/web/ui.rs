//! What a visitor can do, and how they want to see it: the one way from a click to the worker and back to the signals.

use std::sync::Arc;

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::spawn_local;
use web_sys::{Blob, File, FileList};

use crate::bundle::card::ModelCard;
use crate::caption::Caption;
use crate::protocol::{Request, RequestId, Response, ScanId};
use crate::report::{Options, Report, WordMethod};
use crate::web::client::{Client, Event};
use crate::web::fetch;
use crate::web::state::{AppState, Entry, MAX_SCANS, Phase, with_finding};
use crate::web::text::{Language, Text};

/// The share of the scan that the hottest cell covers, in percent, until a visitor moves the slider.
const DEFAULT_OPACITY_PERCENT: u8 = 55;

/// Light or dark.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Theme {
    /// As the system wants it.
    System,
    /// Light.
    Light,
    /// Dark.
    Dark,
}

impl Theme {
    /// The value of `data-theme` and of what is remembered.
    pub fn name(self) -> &'static str {
        match self {
            Theme::System => "system",
            Theme::Light => "light",
            Theme::Dark => "dark",
        }
    }

    fn from_name(name: &str) -> Self {
        match name {
            "light" => Theme::Light,
            "dark" => Theme::Dark,
            _ => Theme::System,
        }
    }
}

/// Handles to all signals and to the worker; every component finds it in its context.
#[derive(Clone, Copy)]
pub struct Ui {
    /// What the page knows. Components read the memos below.
    state: RwSignal<AppState>,
    /// Where the page stands.
    pub phase: Memo<Phase>,
    /// The scan that is shown, compared by its number and by which report and questions it holds.
    pub shown: Signal<Option<Entry>>,
    /// The language of the page.
    pub language: RwSignal<Language>,
    /// Light or dark.
    pub theme: RwSignal<Theme>,
    /// Whether the heatmap lies over the scan.
    pub is_heat_on: RwSignal<bool>,
    /// How much of the scan the hottest cell covers, in percent.
    pub opacity_percent: RwSignal<u8>,
    /// Whether a file is being dragged over the page.
    pub is_dragging: RwSignal<bool>,
    client: StoredValue<Option<Client>, LocalStorage>,
    files: StoredValue<Vec<Opened>, LocalStorage>,
}

/// A scan's file, kept so that another model can be asked about it; a handle, not its bytes.
#[derive(Clone)]
struct Opened {
    request: RequestId,
    scan: ScanId,
    name: String,
    file: Blob,
}

impl Ui {
    /// Makes the signals, starts the worker and asks it for the default model.
    pub fn start() -> Self {
        let state = RwSignal::new(AppState::default());
        let ui = Self {
            state,
            phase: Memo::new(move |_| state.with(AppState::phase)),
            shown: Memo::new_with_compare(
                move |_| state.with(|state| state.shown().cloned()),
                |old, new| match (old.and_then(Option::as_ref), new.and_then(Option::as_ref)) {
                    (None, None) => false,
                    (Some(old), Some(new)) => {
                        old.id != new.id || !Arc::ptr_eq(&old.report, &new.report) || old.wanted != new.wanted
                    }
                    _ => true,
                },
            )
            .into(),
            language: RwSignal::new(
                remembered("language").map_or_else(Language::of_browser, |n| Language::from_tag(&n)),
            ),
            theme: RwSignal::new(remembered("theme").map_or(Theme::System, |name| Theme::from_name(&name))),
            is_heat_on: RwSignal::new(true),
            opacity_percent: RwSignal::new(DEFAULT_OPACITY_PERCENT),
            is_dragging: RwSignal::new(false),
            client: StoredValue::new_local(None),
            files: StoredValue::new_local(Vec::new()),
        };
        match Client::start(move |event| ui.receive(event)) {
            Ok(client) => ui.client.set_value(Some(client)),
            Err(message) => state.update(|state| state.lose(message)),
        }
        ui.send(&Request::Load { model: None }, None);
        Effect::new(move || show_on_root("lang", ui.language.get().tag()));
        Effect::new(move || show_on_root("data-theme", ui.theme.get().name()));
        ui
    }

    /// The strings of the page's language.
    pub fn text(&self) -> &'static Text {
        self.language.get().text()
    }

    /// Reads what the page knows.
    pub fn with<T>(&self, read: impl FnOnce(&AppState) -> T) -> T {
        self.state.with(read)
    }

    /// The model's card, once it is loaded.
    pub fn card(&self) -> Option<Arc<ModelCard>> {
        self.state.with(|state| state.card().cloned())
    }

    /// The newest answer about the scan that is shown.
    pub fn report(&self) -> Option<Arc<Report>> {
        self.shown.with(|shown| shown.as_ref().map(|entry| entry.report.clone()))
    }

    /// How much of the scan the hottest cell covers now, 0…1.
    pub fn heat_opacity(&self) -> f64 {
        if self.is_heat_on.get() { f64::from(self.opacity_percent.get()) / 100.0 } else { 0.0 }
    }

    /// Analyses files that a visitor chose, dropped or pasted.
    pub fn open_list(&self, files: Option<FileList>) {
        let Some(files) = files else { return };
        let files: Vec<File> = (0..files.length()).filter_map(|i| files.get(i)).collect();
        // Pasted text brings an empty list.
        if !files.is_empty() {
            self.open(files.into_iter().map(|file| (file.name(), Blob::from(file))).collect());
        }
    }

    /// Analyses a sample that lies beside the page.
    pub fn open_sample(&self, file: String) {
        let ui = *self;
        let requests = self.state.try_update(|state| state.analyze(std::slice::from_ref(&file))).unwrap_or_default();
        spawn_local(async move {
            let fetched = fetch::blob(&format!("samples/{file}")).await;
            for request in &requests {
                match (&fetched, request) {
                    (Ok(blob), _) => ui.ask(request, &file, blob),
                    (Err(e), Request::Analyze { id, .. }) => ui.state.update(|state| state.fail(*id, e.to_string())),
                    (Err(_), _) => (),
                }
            }
        });
    }

    fn open(&self, files: Vec<(String, Blob)>) {
        let names: Vec<_> = files.iter().map(|(name, _)| name.clone()).collect();
        let Some(requests) = self.state.try_update(|state| state.analyze(&names)) else { return };
        for (request, (name, file)) in requests.iter().zip(&files) {
            self.ask(request, name, file);
        }
    }

    fn ask(&self, request: &Request, name: &str, file: &Blob) {
        if let Request::Analyze { id, scan, .. } = request {
            let opened = Opened { request: *id, scan: *scan, name: name.to_owned(), file: file.clone() };
            self.files.update_value(|files| {
                files.push(opened);
                files.drain(..files.len().saturating_sub(MAX_SCANS));
            });
        }
        self.send(request, Some(file));
    }

    /// Shows an earlier scan.
    pub fn show(&self, scan: u32) {
        self.send_any(self.state.try_update(|state| state.show(scan)).flatten());
    }

    /// Compares with the baseline, or no longer.
    pub fn set_comparing(&self, is_wanted: bool) {
        self.send_any(self.state.try_update(|state| state.set_comparing(is_wanted)).flatten());
    }

    /// Puts problems away.
    pub fn dismiss_problems(&self) {
        self.state.update(|state| state.problems.clear());
    }

    /// Ticks or unticks a finding of the caption.
    pub fn tick(&self, finding: &str, is_ticked: bool) {
        let edited = self.state.with_untracked(|state| {
            let (card, entry) = state.card().zip(state.shown())?;
            Some(with_finding(&card.vocabulary, entry, finding, is_ticked))
        });
        if let Some(caption) = edited {
            self.revise(|options| options.caption = Some(caption));
        }
    }

    /// Sets or removes the class word of the caption.
    pub fn set_class_word(&self, label: Option<String>) {
        let edited = self.state.with_untracked(|state| {
            let (card, entry) = state.card().zip(state.shown())?;
            let caption = Caption::parse(&card.vocabulary, entry.caption()).ok()?;
            Some(Caption { label, ..caption }.text())
        });
        if let Some(caption) = edited.filter(|caption| !caption.is_empty()) {
            self.revise(|options| options.caption = Some(caption));
        }
    }

    /// Reads a typed caption and asks about it.
    ///
    /// # Errors
    /// The line says which phrase is not known; an empty caption is refused with an empty line.
    pub fn type_caption(&self, typed: &str) -> Result<(), String> {
        let Some(card) = self.state.with_untracked(|state| state.card().cloned()) else { return Ok(()) };
        let caption = Caption::parse(&card.vocabulary, typed).map_err(|e| e.to_string())?.text();
        if caption.is_empty() {
            return Err(String::new());
        }
        self.revise(|options| options.caption = Some(caption));
        Ok(())
    }

    /// Goes back to the retrieved caption.
    pub fn reset_caption(&self) {
        self.revise(|options| options.caption = None);
    }

    /// Asks what speaks for another class.
    pub fn set_target(&self, label: String) {
        self.revise(|options| options.target = Some(label));
    }

    /// Asks for the words to be scored another way.
    pub fn set_word_method(&self, method: WordMethod) {
        self.revise(|options| options.words = method);
    }

    fn revise(&self, change: impl FnOnce(&mut Options)) {
        self.send_any(self.state.try_update(|state| state.revise(change)).flatten());
    }

    fn send_any(&self, requests: impl IntoIterator<Item = Request>) {
        for request in requests {
            self.send(&request, None);
        }
    }

    /// Loads the model again after loading failed.
    pub fn load_again(&self) {
        self.load(self.state.with_untracked(|state| state.wanted_model.clone()));
    }

    /// Asks another model, about the same scans.
    pub fn choose_model(&self, name: String) {
        self.load(Some(name));
    }

    fn load(&self, model: Option<String>) {
        let (order, shown) = self.state.with_untracked(|state| {
            (state.scans.iter().map(|entry| entry.id).collect::<Vec<_>>(), state.shown().map(|entry| entry.id))
        });
        let mut files = self.files.get_value();
        // As they are listed, but for the shown one, which is answered first and stays shown.
        files.sort_by_key(|file| (Some(file.scan) != shown, order.iter().position(|id| *id == file.scan)));
        self.files.set_value(Vec::new());
        self.send_any(self.state.try_update(|state| state.load(model)));
        if !files.is_empty() {
            self.open(files.into_iter().map(|opened| (opened.name, opened.file)).collect());
        }
    }

    /// Switches the language and remembers it.
    pub fn set_language(&self, language: Language) {
        remember("language", language.tag());
        self.language.set(language);
    }

    /// Goes from the system's theme to light, to dark, and back, and remembers it.
    pub fn next_theme(&self) {
        let next = match self.theme.get_untracked() {
            Theme::System => Theme::Light,
            Theme::Light => Theme::Dark,
            Theme::Dark => Theme::System,
        };
        remember("theme", next.name());
        self.theme.set(next);
    }

    fn receive(&self, event: Event) {
        match event {
            Event::Answer(response, pixels) => {
                let has_model = self.state.with_untracked(|state| state.card().is_some());
                if let (Response::Failed { id: Some(id), .. }, true) = (&response, has_model) {
                    // What one model could not read, another cannot; what none was there to read stays.
                    self.files.update_value(|files| files.retain(|opened| opened.request != *id));
                }
                self.send_any(self.state.try_update(|state| state.apply(response, pixels)).unwrap_or_default());
            }
            Event::Lost(message) => self.state.update(|state| state.lose(message)),
        }
    }

    fn send(&self, request: &Request, file: Option<&Blob>) {
        self.client.with_value(|client| {
            if let Some(client) = client {
                client.send(request, file);
            }
        });
    }
}

/// The handles that the page's root has provided.
pub fn use_ui() -> Ui {
    expect_context::<Ui>()
}

fn remembered(key: &str) -> Option<String> {
    window().local_storage().ok()??.get_item(&format!("octlens.{key}")).ok()?
}

fn remember(key: &str, value: &str) {
    // Where storage is forbidden, the choice holds until the page is closed.
    if let Ok(Some(storage)) = window().local_storage() {
        let _ = storage.set_item(&format!("octlens.{key}"), value);
    }
}

fn show_on_root(attribute: &str, value: &str) {
    if let Some(root) = document().document_element() {
        let _ = root.unchecked_into::<web_sys::Element>().set_attribute(attribute, value);
    }
}
