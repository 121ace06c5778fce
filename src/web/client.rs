//! The page's side of the thread: starts the worker, sends requests, passes its answers on. Knows no state.
//!
//! The worker starts from a blob, and so inherits the page's Content-Security-Policy: a worker that is loaded by URL has only
//! the policy that its host sends, and plain hosts send none.

use std::cell::RefCell;
use std::rc::Rc;

use js_sys::{Array, Reflect, Uint8Array};
use wasm_bindgen::prelude::*;
use web_sys::{Blob, BlobPropertyBag, ErrorEvent, MessageEvent, Url, Worker, WorkerOptions, WorkerType};

use crate::error::{Detail, Error, Kind, Result};
use crate::protocol::{BUILD, Request, Response};
use crate::web::fetch::site_url;
use crate::web::wire::Envelope;

/// The attributes of the page's start script that name the workers' files, relative to the page and without their endings: one
/// source, with and without relaxed SIMD instructions. Their names hold a hash of their content.
const WORKER_ATTRIBUTE: &str = "data-worker";
const RELAXED_WORKER_ATTRIBUTE: &str = "data-worker-relaxed";
/// The event of a message that cannot be read.
const UNREADABLE: &str = "messageerror";
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
    /// The URL of the blob that it starts from.
    script_url: String,
    outbox: Outbox,
    // The listeners live as long as the worker.
    _on_message: Closure<dyn Fn(MessageEvent)>,
    on_error: Closure<dyn Fn(ErrorEvent)>,
}

impl Client {
    /// Starts the worker.
    ///
    /// # Errors
    /// The browser refuses to start one.
    pub(super) fn start(on_event: impl Fn(Event) + 'static) -> Result<Self> {
        let options = WorkerOptions::new();
        options.set_type(WorkerType::Module);
        let script_url = script_url()?;
        let worker = Worker::new_with_options(&script_url, &options)
            .map_err(|_| not_started("this browser starts no module worker: use a current one"))?;
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
                    on_event(Event::Lost(
                        lost(format!("the page is of build {BUILD}, its worker of {build}: reload the page"))
                            .with_detail(Detail::OtherBuild),
                    ));
                }
                Ok(Envelope { head, bytes, .. }) => {
                    on_event(Event::Answer(head, bytes.map(|bytes| bytes.to_vec())));
                }
                Err(error) => on_event(Event::Lost(error)),
            }
        });
        let on_error = Closure::<dyn Fn(ErrorEvent)>::new({
            let outbox = outbox.clone();
            move |event: ErrorEvent| {
                // A worker that the browser refuses to start fires a plain event without a message.
                let message = Reflect::get(&event, &"message".into()).ok().and_then(|message| message.as_string());
                let is_started = outbox.borrow().is_none();
                on_event(Event::Lost(match (is_started, message) {
                    (true, message) => lost(message.unwrap_or_else(|| "its answer cannot be read".to_owned())),
                    (false, Some(message)) => not_started(&message),
                    (false, None) => not_started("the browser, or a policy of the host, forbids the worker"),
                }));
            }
        });
        worker.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
        worker.set_onerror(Some(on_error.as_ref().unchecked_ref()));
        // Chromium's workers have the event, but no property for its listener.
        let _ = worker.add_event_listener_with_callback(UNREADABLE, on_error.as_ref().unchecked_ref());
        Ok(Self { worker, script_url, outbox, _on_message: on_message, on_error })
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
        let _ = self.worker.remove_event_listener_with_callback(UNREADABLE, self.on_error.as_ref().unchecked_ref());
        self.worker.terminate();
        // A URL that is in no use any more: revoking it cannot fail.
        let _ = Url::revoke_object_url(&self.script_url);
    }
}

fn lost(message: impl Into<String>) -> Error {
    Error::new(Kind::Model, message)
}

fn not_started(why: &str) -> Error {
    lost(format!("it did not start: {why}; reload the page")).with_detail(Detail::NotStarted)
}

/// The URL of a blob with the script of the fastest worker that this browser can run.
///
/// An import of the script itself would have to be allowed as a worker by URL; one at run time is a script of the page's own
/// origin. An error after it would otherwise end in a promise of which the page hears nothing.
fn script_url() -> Result<String> {
    let files = worker_files().ok_or_else(|| not_started("index.html does not name its files"))?;
    let [js, wasm] = [format!("{files}.js"), format!("{files}_bg.wasm")].map(serde_json::Value::from);
    let script = format!(
        "import({js}).then(({{ default: init }}) => init({{ module_or_path: {wasm} }}))
        .catch((error) => setTimeout(() => {{ throw error; }}));"
    );
    let kind = BlobPropertyBag::new();
    kind.set_type("text/javascript");
    Blob::new_with_str_sequence_and_options(&Array::of1(&script.into()), &kind)
        .and_then(|blob| Url::create_object_url_with_blob(&blob))
        .map_err(|_| not_started("the browser makes no blob"))
}

/// The absolute URL of the worker's files, without their endings.
fn worker_files() -> Option<String> {
    let window = web_sys::window()?;
    let query = window.location().search().unwrap_or_default();
    let is_plain_wanted = query.trim_start_matches('?').split('&').any(|part| part == PLAIN_WORKER_QUERY);
    let knows_relaxed = js_sys::WebAssembly::validate(&Uint8Array::from(RELAXED_MODULE.as_slice())).unwrap_or(false);
    let attribute = if knows_relaxed && !is_plain_wanted { RELAXED_WORKER_ATTRIBUTE } else { WORKER_ATTRIBUTE };
    let script = window.document()?.query_selector(&format!("script[{attribute}]")).ok()??;
    site_url(&script.get_attribute(attribute)?).ok()
}
