//! The worker's side of the thread: owns the model, answers one request after the other. Knows no page.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;

use js_sys::{Array, Object, Reflect, Uint8Array};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{Blob, DedicatedWorkerGlobalScope, MessageEvent};

use crate::engine::{Analysis, Engine, Input};
use crate::error::{Error, Result};
use crate::protocol::{BUILD, MAX_FILE_BYTES, ModelCard, ModelChoice, Options, Request, RequestId, Response, ScanId};
use crate::web::fetch;

const WASM_PAGE_BYTES: u64 = 1 << 16;

/// What came in and has not been answered, in order. Requests wait while weights load or a file is read.
#[derive(Default)]
struct Inbox {
    waiting: VecDeque<(Request, Option<Blob>)>,
    is_answering: bool,
}

/// The model, and what is kept of each scan so that it can be explained again.
#[derive(Default)]
struct Desk {
    engine: Option<Engine>,
    analyses: Vec<(ScanId, Analysis)>,
}

/// Starts to listen, then says so.
pub fn run() {
    std::panic::set_hook(Box::new(|info| {
        console_error_panic_hook::hook(info);
        let message = info.payload_as_str().unwrap_or("panic").to_owned();
        post(&Response::Crashed { message }, None);
    }));
    let inbox = Rc::new(RefCell::new(Inbox::default()));
    let desk = Rc::new(RefCell::new(Some(Desk::default())));
    let on_message = Closure::<dyn Fn(MessageEvent)>::new(move |event: MessageEvent| {
        let message = event.data();
        let head = Reflect::get(&message, &"head".into()).ok().and_then(|head| head.as_string()).unwrap_or_default();
        let file = Reflect::get(&message, &"file".into()).ok().and_then(|file| file.dyn_into::<Blob>().ok());
        match serde_json::from_str(&head) {
            Ok(request) => {
                inbox.borrow_mut().waiting.push_back((request, file));
                if !std::mem::replace(&mut inbox.borrow_mut().is_answering, true) {
                    spawn_local(answer_all(inbox.clone(), desk.clone()));
                }
            }
            Err(e) => post(&Response::Failed { id: None, message: format!("the page sent no request: {e}") }, None),
        }
    });
    scope().set_onmessage(Some(on_message.as_ref().unchecked_ref()));
    // The listener lives as long as the worker.
    on_message.forget();
    post(&Response::Ready { build: BUILD.to_owned() }, None);
}

async fn answer_all(inbox: Rc<RefCell<Inbox>>, desk: Rc<RefCell<Option<Desk>>>) {
    // Only this task holds the desk: `is_answering` keeps a second one from starting.
    let Some(mut at_work) = desk.take() else { return };
    loop {
        let next = inbox.borrow_mut().waiting.pop_front();
        let Some((request, file)) = next else { break };
        at_work.answer(request, file).await;
    }
    desk.replace(Some(at_work));
    inbox.borrow_mut().is_answering = false;
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
            Request::Forget { scan } => self.analyses.retain(|(kept, _)| *kept != scan),
        }
    }

    async fn load(&mut self, model: Option<&str>) -> Result<()> {
        let models = fetch::models().await?;
        let choice = |entry: &fetch::Entry| ModelChoice {
            name: entry.name.clone(),
            title: entry.title.clone(),
            bytes: entry.bytes,
        };
        post(&Response::Models(models.iter().map(choice).collect()), None);
        let entry = fetch::pick(&models, model)?;
        // The old model would take memory beside the new one, and answers nothing any more.
        self.engine = None;
        let bytes = fetch::weights(entry, |progress| post(&Response::Progress(progress), None)).await?;
        let engine = Engine::load_verified(&entry.name, bytes, entry.sha256.to_ascii_lowercase())?;
        self.analyses.clear();
        // A wasm memory never shrinks: its size is what it took at most.
        let n_pages = core::arch::wasm32::memory_size(0) as u64;
        let card = ModelCard { peak_bytes: Some(n_pages * WASM_PAGE_BYTES), ..engine.card() };
        post(&Response::Loaded(Box::new(card)), None);
        self.engine = Some(engine);
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
        let pixels = Uint8Array::from(analysis.scan.pixels.as_slice());
        post(&Response::Analyzed { id, report: Box::new(analysis.report.clone()) }, Some(&pixels));
        self.analyses.retain(|(kept, _)| *kept != scan);
        self.analyses.push((scan, analysis));
        Ok(())
    }

    fn revise(&self, id: RequestId, scan: ScanId, options: &Options) -> Result<()> {
        let engine = self.engine.as_ref().ok_or_else(no_model)?;
        let found = self.analyses.iter().find(|(kept, _)| *kept == scan);
        let (_, analysis) = found.ok_or_else(|| Error::scan("this scan is no longer kept: choose it again"))?;
        let report = engine.revise(analysis, options)?;
        post(&Response::Analyzed { id, report: Box::new(report) }, None);
        Ok(())
    }
}

fn no_model() -> Error {
    Error::weights("no model is loaded: reload the page")
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
