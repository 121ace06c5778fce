//! The page's side of the thread: starts the worker, sends requests, passes its answers on. Knows no state.

use std::cell::RefCell;
use std::rc::Rc;

use js_sys::{Reflect, Uint8Array};
use wasm_bindgen::prelude::*;
use web_sys::{Blob, ErrorEvent, MessageEvent, Worker, WorkerOptions, WorkerType};

use crate::error::{Error, Kind, Result};
use crate::protocol::{BUILD, Request, Response};
use crate::web::wire::Envelope;

/// Trunk's loaders of the workers: one source, with and without relaxed SIMD instructions.
const WORKER_URL: &str = "./worker_loader.js";
const RELAXED_WORKER_URL: &str = "./worker_relaxed_loader.js";
/// In the page's URL: selects the worker without relaxed SIMD even if the browser supports it (for measurements).
const PLAIN_WORKER_QUERY: &str = "kernels=simd128";
/// A module with one function that returns `i32x4.relaxed_dot_i8x16_i7x16_add_s` of its three arguments.
const RELAXED_MODULE: [u8; 37] = [
    0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00, // magic, version
    0x01, 0x08, 0x01, 0x60, 0x03, 0x7b, 0x7b, 0x7b, 0x01, 0x7b, // type (v128, v128, v128) → v128
    0x03, 0x02, 0x01, 0x00, // one function of that type
    0x0a, 0x0d, 0x01, 0x0b, 0x00, 0x20, 0x00, 0x20, 0x01, 0x20, 0x02, 0xfd, 0x93, 0x02, 0x0b, // its body
];

/// What the worker sends, or what happens to it.
pub(super) enum Event {
    /// An answer; the pixels (grey, row by row) come with the analysis of a file.
    Answer(Response, Option<Vec<u8>>),
    /// The worker is dead or of another build.
    Lost(Error),
}

/// Messages that wait until the worker is ready; `None` once it is.
type Outbox = Rc<RefCell<Option<Vec<JsValue>>>>;

/// A running worker; it ends when this is dropped.
pub(super) struct Client {
    worker: Worker,
    outbox: Outbox,
    // The listeners live as long as the worker.
    _on_message: Closure<dyn Fn(MessageEvent)>,
    _on_error: Closure<dyn Fn(ErrorEvent)>,
}

impl Client {
    /// Starts the worker.
    ///
    /// # Errors
    /// The browser refuses to start one.
    pub(super) fn start(on_event: impl Fn(Event) + 'static) -> Result<Self> {
        let options = WorkerOptions::new();
        options.set_type(WorkerType::Module);
        let worker = Worker::new_with_options(worker_url(), &options)
            .map_err(|_| lost("this browser starts no module worker: use a current one"))?;
        let outbox: Outbox = Rc::new(RefCell::new(Some(Vec::new())));
        let on_event = Rc::new(on_event);

        let on_message = Closure::<dyn Fn(MessageEvent)>::new({
            let (on_event, outbox, worker) = (on_event.clone(), outbox.clone(), worker.clone());
            move |event: MessageEvent| match Envelope::<Response>::unpack(&event.data()) {
                Ok(Envelope { head: Response::Ready { build }, .. }) if build == BUILD => {
                    for message in outbox.take().into_iter().flatten() {
                        // A file handle and plain data can always be posted.
                        let _ = worker.post_message(&message);
                    }
                    on_event(Event::Answer(Response::Ready { build }, None));
                }
                Ok(Envelope { head: Response::Ready { build }, .. }) => {
                    on_event(Event::Lost(lost(format!(
                        "the page is of build {BUILD}, its worker of {build}: reload the page"
                    ))));
                }
                Ok(Envelope { head, pixels, .. }) => {
                    on_event(Event::Answer(head, pixels.map(|pixels| pixels.to_vec())));
                }
                Err(error) => on_event(Event::Lost(error)),
            }
        });
        let on_error = Closure::<dyn Fn(ErrorEvent)>::new(move |event: ErrorEvent| {
            // A worker that cannot be fetched fires a plain event without a message.
            let message = Reflect::get(&event, &"message".into()).ok().and_then(|message| message.as_string());
            on_event(Event::Lost(lost(
                message.unwrap_or_else(|| "the worker did not start, or its answer cannot be read".to_owned()),
            )));
        });
        worker.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
        worker.set_onerror(Some(on_error.as_ref().unchecked_ref()));
        worker.set_onmessageerror(Some(on_error.as_ref().unchecked_ref()));
        Ok(Self { worker, outbox, _on_message: on_message, _on_error: on_error })
    }

    /// Sends a request, with its file if it needs one; it is queued until the worker is ready.
    pub(super) fn send(&self, head: Request, file: Option<Blob>) {
        // Requests are plain data: they can always be packed and posted.
        let Ok((message, _)) = (Envelope { file, ..Envelope::new(head) }).pack() else { return };
        match &mut *self.outbox.borrow_mut() {
            Some(waiting) => waiting.push(message),
            None => drop(self.worker.post_message(&message)),
        }
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        self.worker.set_onmessage(None);
        self.worker.set_onerror(None);
        self.worker.set_onmessageerror(None);
        self.worker.terminate();
    }
}

fn lost(message: impl Into<String>) -> Error {
    Error::new(Kind::Model, message)
}

/// The fastest worker that this browser can run.
fn worker_url() -> &'static str {
    let query = web_sys::window().and_then(|window| window.location().search().ok()).unwrap_or_default();
    let is_plain_wanted = query.trim_start_matches('?').split('&').any(|part| part == PLAIN_WORKER_QUERY);
    let knows_relaxed = js_sys::WebAssembly::validate(&Uint8Array::from(RELAXED_MODULE.as_slice())).unwrap_or(false);
    if knows_relaxed && !is_plain_wanted { RELAXED_WORKER_URL } else { WORKER_URL }
}
