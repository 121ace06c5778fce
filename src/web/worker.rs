//! The worker's side of the thread: owns the model, answers one request after the other. Knows no page.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;

use js_sys::{Array, Object, Reflect, Uint8Array};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{Blob, DedicatedWorkerGlobalScope, MessageEvent};

use crate::bundle::card::ModelCard;
use crate::bundle::index::IndexEntry;
use crate::engine::baseline::{Baseline, BaselineAnalysis};
use crate::engine::{Analysis, Engine, Input};
use crate::error::{Error, Result};
use crate::protocol::{BUILD, BaselineNews, MAX_FILE_BYTES, Request, RequestId, Response, ScanId};
use crate::report::Options;
use crate::web::fetch;

const WASM_PAGE_BYTES: u64 = 1 << 16;

/// One thing to do.
enum Task {
    Answer(Request, Option<Blob>),
    /// The baseline of that name has come, or has not.
    TakeBaseline(String, Result<(IndexEntry, Vec<u8>)>),
}

/// What is to be done, in order, and who does it. Tasks wait while a model's weights load or a file is read.
#[derive(Default)]
struct Office {
    tasks: RefCell<VecDeque<Task>>,
    /// Away while tasks are done, so that one is done after the other.
    desk: RefCell<Option<Desk>>,
}

/// The model, its companion, and what is kept of each scan so that it can be explained again.
#[derive(Default)]
struct Desk {
    engine: Option<Engine>,
    /// By the name under which it was asked for.
    baseline: Option<(String, Baseline)>,
    scans: Vec<Kept>,
}

/// What is kept of a scan.
struct Kept {
    scan: ScanId,
    analysis: Analysis,
    baseline: Option<BaselineAnalysis>,
}

/// Starts to listen, then says so.
pub fn run() {
    std::panic::set_hook(Box::new(|info| {
        console_error_panic_hook::hook(info);
        let message = info.payload_as_str().unwrap_or("panic").to_owned();
        post(&Response::Crashed { message }, None);
    }));
    let office = Rc::new(Office { desk: RefCell::new(Some(Desk::default())), ..Office::default() });
    let on_message = Closure::<dyn Fn(MessageEvent)>::new(move |event: MessageEvent| {
        let message = event.data();
        let head = Reflect::get(&message, &"head".into()).ok().and_then(|head| head.as_string()).unwrap_or_default();
        let file = Reflect::get(&message, &"file".into()).ok().and_then(|file| file.dyn_into::<Blob>().ok());
        match serde_json::from_str(&head) {
            Ok(request) => office.take_in(Task::Answer(request, file)),
            Err(e) => post(&Response::Failed { id: None, message: format!("the page sent no request: {e}") }, None),
        }
    });
    scope().set_onmessage(Some(on_message.as_ref().unchecked_ref()));
    // The listener lives as long as the worker.
    on_message.forget();
    post(&Response::Ready { build: BUILD.to_owned() }, None);
}

impl Office {
    fn take_in(self: &Rc<Self>, task: Task) {
        self.tasks.borrow_mut().push_back(task);
        if let Some(desk) = self.desk.take() {
            spawn_local(self.clone().work(desk));
        }
    }

    async fn work(self: Rc<Self>, mut desk: Desk) {
        loop {
            let next = self.tasks.borrow_mut().pop_front();
            match next {
                // It takes long: the model answers meanwhile.
                Some(Task::Answer(Request::LoadBaseline { name }, _)) => spawn_local(self.clone().fetch_baseline(name)),
                Some(Task::Answer(request, file)) => desk.answer(request, file).await,
                Some(Task::TakeBaseline(name, fetched)) => {
                    let outcome = fetched.and_then(|(entry, bytes)| desk.take_baseline(&entry, bytes));
                    post_news(
                        &name,
                        outcome.map_or_else(|e| BaselineNews::Failed(e.to_string()), |()| BaselineNews::Loaded),
                    );
                }
                None => break,
            }
        }
        self.desk.replace(Some(desk));
    }

    async fn fetch_baseline(self: Rc<Self>, name: String) {
        let fetched = baseline_file(&name).await;
        self.take_in(Task::TakeBaseline(name, fetched));
    }
}

async fn baseline_file(name: &str) -> Result<(IndexEntry, Vec<u8>)> {
    let index = fetch::index().await?;
    let entry = index.baseline(name).ok_or_else(|| not_listed("baseline", name))?;
    let bytes = fetch::weights(entry, |progress| post_news(name, BaselineNews::Progress(progress))).await?;
    Ok((entry.clone(), bytes))
}

impl Desk {
    async fn answer(&mut self, request: Request, file: Option<Blob>) {
        match request {
            Request::Load { model } => {
                if let Err(e) = self.load(model.as_deref()).await {
                    post(&Response::Failed { id: None, message: e.to_string() }, None);
                }
            }
            Request::Analyze { id, scan, name, frame, options } => {
                let outcome = match file {
                    Some(file) => self.analyze(id, scan, &name, frame, &options, &file).await,
                    None => Err(Error::scan("no file came with the request: choose it again")),
                };
                post_failure(id, outcome);
            }
            Request::Revise { id, scan, options } => post_failure(id, self.revise(id, scan, &options)),
            Request::Forget { scan } => self.scans.retain(|kept| kept.scan != scan),
            // The office's own.
            Request::LoadBaseline { .. } => {}
        }
    }

    async fn load(&mut self, model: Option<&str>) -> Result<()> {
        let index = fetch::index().await?;
        post(&Response::Models(index.choosable().map(IndexEntry::choice).collect()), None);
        let entry = index.pick(model).ok_or_else(|| match model {
            Some(name) => not_listed("model", name),
            None => Error::weights(format!("{} lists no model: add one with train export", fetch::INDEX_URL)),
        })?;
        // The old ones would take memory beside the new one, and answer nothing any more.
        self.engine = None;
        self.baseline = None;
        let bytes = fetch::weights(entry, |progress| post(&Response::Progress(progress), None)).await?;
        let engine = Engine::load_verified(&entry.name, bytes, entry.sha256.to_ascii_lowercase())?;
        self.scans.clear();
        // A wasm memory never shrinks: its size is what it took at most.
        let n_pages = core::arch::wasm32::memory_size(0) as u64;
        let card = ModelCard { peak_bytes: Some(n_pages * WASM_PAGE_BYTES), ..engine.card() };
        let baseline = index.baseline_for(&card.vocabulary.labels).map(IndexEntry::choice);
        post(&Response::Loaded { card: Box::new(card), baseline }, None);
        self.engine = Some(engine);
        Ok(())
    }

    fn take_baseline(&mut self, entry: &IndexEntry, bytes: Vec<u8>) -> Result<()> {
        let baseline = Baseline::load_verified(&entry.file, bytes, entry.sha256.to_ascii_lowercase())?;
        // The list may be wrong, or another model may have come meanwhile.
        let (theirs, ours) =
            (&baseline.metadata().labels, self.engine.as_ref().map(|e| &e.metadata().vocabulary.labels));
        if let Some(ours) = ours.filter(|ours| *ours != theirs) {
            return Err(Error::weights(format!(
                "{} knows the classes {}, the model {}: they cannot be compared",
                entry.file,
                theirs.join(", "),
                ours.join(", ")
            )));
        }
        self.scans.iter_mut().for_each(|kept| kept.baseline = None);
        self.baseline = Some((entry.name.clone(), baseline));
        Ok(())
    }

    async fn analyze(
        &mut self,
        id: RequestId,
        scan: ScanId,
        name: &str,
        frame: usize,
        options: &Options,
        file: &Blob,
    ) -> Result<()> {
        let engine = self.engine.as_ref().ok_or_else(no_model)?;
        let n_bytes = file.size();
        if n_bytes > MAX_FILE_BYTES as f64 {
            return Err(Error::scan(format!(
                "the file has {:.1} MB, more than the {} MB that are read: save it smaller",
                n_bytes / f64::from(1 << 20),
                MAX_FILE_BYTES >> 20
            )));
        }
        let buffer = JsFuture::from(file.array_buffer())
            .await
            .map_err(|_| Error::scan("the file cannot be read: it may have been moved, choose it again"))?;
        let bytes = Uint8Array::new(&buffer).to_vec();
        let analysis = engine.analyze(&Input { name, bytes: &bytes, frame }, options)?;
        let mut report = analysis.report.clone();
        let mut kept = Kept { scan, analysis, baseline: None };
        compare(options, &mut self.baseline, |baseline| {
            baseline.answer_beside(&mut report, &kept.analysis.scan, &mut kept.baseline)
        });
        let pixels = Uint8Array::from(kept.analysis.scan.pixels.as_slice());
        post(&Response::Analyzed { id, report: Box::new(report) }, Some(&pixels));
        self.scans.retain(|other| other.scan != scan);
        self.scans.push(kept);
        Ok(())
    }

    fn revise(&mut self, id: RequestId, scan: ScanId, options: &Options) -> Result<()> {
        let engine = self.engine.as_ref().ok_or_else(no_model)?;
        let found = self.scans.iter_mut().find(|kept| kept.scan == scan);
        let kept = found.ok_or_else(|| Error::scan("this scan is no longer kept: choose it again"))?;
        let mut report = engine.revise(&kept.analysis, options)?;
        compare(options, &mut self.baseline, |baseline| {
            baseline.answer_beside(&mut report, &kept.analysis.scan, &mut kept.baseline)
        });
        post(&Response::Analyzed { id, report: Box::new(report) }, None);
        Ok(())
    }
}

/// Asks the baseline, where it is wanted and there is one. One that fails is put away, and the answer goes without.
fn compare(options: &Options, baseline: &mut Option<(String, Baseline)>, ask: impl FnOnce(&Baseline) -> Result<()>) {
    if let Some((name, asked)) = baseline.as_ref().filter(|_| options.baseline)
        && let Err(e) = ask(asked)
    {
        post_news(name, BaselineNews::Failed(e.to_string()));
        *baseline = None;
    }
}

fn no_model() -> Error {
    Error::weights("no model is loaded: reload the page")
}

fn not_listed(kind: &str, name: &str) -> Error {
    Error::weights(format!("{} lists no {kind} \"{name}\"", fetch::INDEX_URL))
}

fn post_news(baseline: &str, news: BaselineNews) {
    post(&Response::Baseline { name: baseline.to_owned(), news }, None);
}

fn post_failure(id: RequestId, outcome: Result<()>) {
    if let Err(e) = outcome {
        post(&Response::Failed { id: Some(id), message: e.to_string() }, None);
    }
}

fn scope() -> DedicatedWorkerGlobalScope {
    js_sys::global().unchecked_into()
}

/// Posts `{ head, pixels? }`; the pixels' buffer is handed over, not copied.
fn post(response: &Response, pixels: Option<&Uint8Array>) {
    let Ok(head) = serde_json::to_string(response) else { return };
    let message = Object::new();
    let transfer = Array::new();
    // Setting a key of a fresh object and posting plain data cannot fail.
    let _ = Reflect::set(&message, &"head".into(), &head.into());
    if let Some(pixels) = pixels {
        let _ = Reflect::set(&message, &"pixels".into(), pixels);
        transfer.push(&pixels.buffer());
    }
    let _ = scope().post_message_with_transfer(&message, &transfer);
}
