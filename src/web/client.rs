//! The page's side of the thread: takes the worker, sends requests, passes its answers on. Knows no state.
//!
//! boot.js starts the worker, as it does so before the app has come.

use std::cell::RefCell;
use std::rc::Rc;

use js_sys::{Function, Reflect};
use wasm_bindgen::prelude::*;
use web_sys::{Blob, MessageEvent, Worker};

use crate::error::{Detail, Error, Kind, Result};
use crate::protocol::{BUILD, Request, Response};
use crate::web::wire::Envelope;

#[wasm_bindgen]
extern "C" {
    /// A worker of boot.js, whose events go to `listen`: the one that was started ahead, or else another.
    #[wasm_bindgen(catch, js_namespace = octlens, js_name = worker)]
    fn boot_worker(listen: &Function) -> Result<Worker, JsValue>;
}

/// The worker's events, as boot.js names them. Chromium's workers have the last, but no property for its listener.
const MESSAGE: &str = "message";
const EVENTS: [&str; 3] = [MESSAGE, "error", "messageerror"];

/// What the worker sends, or what happens to it.
pub(super) enum Event {
    /// An answer; the pixels (grey, row by row) come with the analysis of a file, the bytes of a file with one that was made.
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
    // It lives as long as the worker.
    listener: Closure<dyn Fn(web_sys::Event)>,
}

impl Client {
    /// Takes a worker.
    ///
    /// # Errors
    /// The browser refuses to start one.
    pub(super) fn start(on_event: impl Fn(Event) + 'static) -> Result<Self> {
        let outbox: Outbox = Rc::new(RefCell::new(Some(Vec::new())));
        let listener = Closure::<dyn Fn(web_sys::Event)>::new({
            let outbox = outbox.clone();
            move |event: web_sys::Event| {
                on_event(match event.dyn_ref::<MessageEvent>() {
                    Some(message) if event.type_() == MESSAGE => read(message, &outbox),
                    // A worker that the browser refuses to start fires a plain event without a message.
                    _ => Event::Lost(failure(&event, outbox.borrow().is_none())),
                });
            }
        });
        let worker = boot_worker(listener.as_ref().unchecked_ref())
            .map_err(|_| not_started("this browser starts no module worker: use a current one"))?;
        Ok(Self { worker, outbox, listener })
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
        for event in EVENTS {
            let _ = self.worker.remove_event_listener_with_callback(event, self.listener.as_ref().unchecked_ref());
        }
        self.worker.terminate();
    }
}

/// What a message says. Requests wait in the outbox until the worker is ready.
fn read(message: &MessageEvent, outbox: &Outbox) -> Event {
    match Envelope::<Response>::unpack(&message.data()) {
        Ok(Envelope { head: Response::Ready { build }, .. }) if build == BUILD => {
            if let Some(worker) = message.target().and_then(|target| target.dyn_into::<Worker>().ok()) {
                for message in outbox.take().into_iter().flatten() {
                    // A file handle and plain data can always be posted.
                    let _ = worker.post_message(&message);
                }
            }
            Event::Answer(Response::Ready { build }, None)
        }
        Ok(Envelope { head: Response::Ready { build }, .. }) => Event::Lost(
            lost(format!("the page is of build {BUILD}, its worker of {build}: reload the page"))
                .with_detail(Detail::OtherBuild),
        ),
        Ok(Envelope { head, bytes, .. }) => Event::Answer(head, bytes.map(|bytes| bytes.to_vec())),
        Err(error) => Event::Lost(error),
    }
}

/// Why a worker is lost, or did not start.
fn failure(event: &web_sys::Event, is_started: bool) -> Error {
    let message = Reflect::get(event, &"message".into()).ok().and_then(|message| message.as_string());
    match (is_started, message) {
        (true, message) => lost(message.unwrap_or_else(|| "its answer cannot be read".to_owned())),
        (false, Some(message)) => not_started(&message),
        (false, None) => not_started("the browser, or a policy of the host, forbids the worker"),
    }
}

fn lost(message: impl Into<String>) -> Error {
    Error::new(Kind::Model, message)
}

fn not_started(why: &str) -> Error {
    lost(format!("it did not start: {why}; reload the page")).with_detail(Detail::NotStarted)
}
