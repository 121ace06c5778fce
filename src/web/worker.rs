//! The worker's side of the thread: receives requests and has them answered one after the other. Knows no page.

mod analyzer;
mod archive;
mod checks;

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;

use js_sys::{Reflect, Uint8Array};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::spawn_local;
use web_sys::{Blob, DedicatedWorkerGlobalScope, Event, MessageEvent};

use crate::error::{Error, Kind, Result};
use crate::protocol::{BEAT_INTERVAL, BUILD, BaselineEvent, Request, Response};
use crate::web::fetch::{Listed, is_ahead};
use crate::web::wire::Envelope;
use analyzer::{Analyzer, fetch_baseline, fetch_model, read_own_model};

/// A task of the worker.
enum Task {
    Answer(Request, Option<Blob>),
    /// A model has been fetched, or has not.
    TakeModel(Result<Listed>),
    /// The baseline of that name has been fetched, or has not.
    TakeBaseline(String, Result<Listed>),
    /// Nobody asks: a first scan is answered about several times as slowly as a second, because browsers compile code well only
    /// after it has run for a while.
    WarmUp,
}

/// So long after a model is loaded nobody must have asked for anything.
const WARM_UP_AFTER_MS: i32 = 250;
/// A larger weights file waits for its first scan. Nobody hears of a worker that computes, and the page takes one that is not
/// asked anything for dead after 15 s: on slow machines a large model would take longer.
const MAX_WARM_UP_BYTES: usize = 16 << 20;

/// The tasks, in order. They wait while a file is read.
struct TaskQueue {
    tasks: RefCell<VecDeque<Task>>,
    /// `None` while a task runs, so that tasks run one after the other.
    analyzer: RefCell<Option<Analyzer>>,
    /// The default model is being loaded, and the page, which is still coming, will ask for it.
    is_ahead: Cell<bool>,
    /// Something but a model has been asked for.
    is_asked: Cell<bool>,
}

/// Registers the listener, then sends [`Response::Ready`].
pub fn run() {
    std::panic::set_hook(Box::new(|info| {
        console_error_panic_hook::hook(info);
        post_crash(info.payload_as_str().unwrap_or("panic"));
    }));
    let queue = Rc::new(TaskQueue {
        tasks: RefCell::default(),
        analyzer: RefCell::new(Some(Analyzer::new(post))),
        is_ahead: Cell::new(is_ahead()),
        is_asked: Cell::new(false),
    });
    let ahead = queue.clone();
    let on_message =
        Closure::<dyn Fn(MessageEvent)>::new(move |event: MessageEvent| {
            match Envelope::<Request>::unpack(&event.data()) {
                Ok(Envelope { head, file, .. }) => queue.add(Task::Answer(head, file)),
                Err(error) => post(Response::Failed { id: None, failure: error.into() }, None),
            }
        });
    scope().set_onmessage(Some(on_message.as_ref().unchecked_ref()));
    // A trap within a task fires no error at the page: its promise is rejected.
    let on_trap = Closure::<dyn Fn(Event)>::new(|event: Event| {
        let reason = Reflect::get(&event, &"reason".into()).unwrap_or_default();
        let message = Reflect::get(&reason, &"message".into()).ok().and_then(|message| message.as_string());
        post_crash(message.as_deref().unwrap_or("a computation broke off"));
    });
    // Every worker knows the event.
    let _ = scope().add_event_listener_with_callback("unhandledrejection", on_trap.as_ref().unchecked_ref());
    let beat = Closure::<dyn Fn()>::new(|| post(Response::Alive, None));
    let interval_ms = BEAT_INTERVAL.as_millis() as i32;
    // Without timers the page would start another worker after a while.
    let _ = scope().set_interval_with_callback_and_timeout_and_arguments_0(beat.as_ref().unchecked_ref(), interval_ms);
    // The listeners live as long as the worker.
    on_message.forget();
    on_trap.forget();
    beat.forget();
    post(Response::Ready { build: BUILD.to_owned() }, None);
    if ahead.is_ahead.get() {
        spawn_local(ahead.fetch_model(None, None));
    }
}

impl TaskQueue {
    fn add(self: &Rc<Self>, task: Task) {
        self.tasks.borrow_mut().push_back(task);
        if let Some(analyzer) = self.analyzer.take() {
            spawn_local(self.clone().work(analyzer));
        }
    }

    async fn work(self: Rc<Self>, mut analyzer: Analyzer) {
        loop {
            let next = self.tasks.borrow_mut().pop_front();
            match next {
                Some(Task::Answer(Request::Load { model: None }, None)) if self.is_ahead.take() => (),
                // Fetching takes long; the model goes on answering meanwhile.
                Some(Task::Answer(Request::Load { model }, file)) => spawn_local(self.clone().fetch_model(model, file)),
                Some(Task::Answer(Request::LoadBaseline { name }, _)) => spawn_local(self.clone().fetch_baseline(name)),
                Some(Task::Answer(request, file)) => {
                    self.is_asked.set(true);
                    analyzer.answer(request, file).await;
                }
                Some(Task::TakeModel(fetched)) => {
                    let is_small = fetched.as_ref().is_ok_and(|listed| listed.bytes.len() <= MAX_WARM_UP_BYTES);
                    analyzer.take_model(fetched);
                    if is_small {
                        self.warm_up_later();
                    }
                }
                Some(Task::WarmUp) if !self.is_asked.get() => analyzer.warm_up(),
                Some(Task::WarmUp) => (),
                Some(Task::TakeBaseline(name, fetched)) => analyzer.take_baseline(name, fetched),
                None => break,
            }
        }
        self.analyzer.replace(Some(analyzer));
    }

    fn warm_up_later(self: &Rc<Self>) {
        let queue = self.clone();
        let warm_up = Closure::once_into_js(move || queue.add(Task::WarmUp));
        // Without timers the first answer takes longer.
        let _ =
            scope().set_timeout_with_callback_and_timeout_and_arguments_0(warm_up.unchecked_ref(), WARM_UP_AFTER_MS);
    }

    /// A file that comes with the request is the visitor's own, and is read in place of one of the site.
    async fn fetch_model(self: Rc<Self>, model: Option<String>, file: Option<Blob>) {
        let on_event = |response| post(response, None);
        let fetched = match &file {
            Some(file) => read_own_model(file, on_event).await,
            None => fetch_model(model.as_deref(), on_event).await,
        };
        self.add(Task::TakeModel(fetched));
    }

    async fn fetch_baseline(self: Rc<Self>, name: String) {
        let on_progress =
            |progress| post(Response::Baseline { name: name.clone(), event: BaselineEvent::Progress(progress) }, None);
        let fetched = fetch_baseline(&name, on_progress).await;
        self.add(Task::TakeBaseline(name, fetched));
    }
}

fn scope() -> DedicatedWorkerGlobalScope {
    js_sys::global().unchecked_into()
}

fn post_crash(message: &str) {
    post(Response::Crashed { failure: Error::new(Kind::Model, message).into() }, None);
}

fn post(head: Response, bytes: Option<Uint8Array>) {
    // Answers are plain data: they can always be packed and posted.
    let Ok((message, transfer)) = (Envelope { bytes, ..Envelope::new(head) }).pack() else { return };
    let _ = scope().post_message_with_transfer(&message, &transfer);
}
