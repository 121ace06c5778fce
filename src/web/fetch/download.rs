//! One file of the site, in as many attempts as it takes: a host that falls silent, or a connection that breaks, is asked
//! again for what is missing (a `Range`), or for all of it where the host knows no ranges. Verifies nothing.

use js_sys::{Promise, Reflect, Uint8Array};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{AbortController, Headers, ReadableStreamDefaultReader, Response};

use crate::error::{Error, Result};
use crate::protocol::Progress;
use crate::web::fetch::site::{damaged, io, not_fetched, site_url};

/// A host that sends nothing for so long is given up; there is another attempt.
const MAX_SILENCE_MS: i32 = 10_000;
/// Between two attempts.
const PAUSE_MS: i32 = 500;
/// So many attempts in a row that bring nothing new are the last ones.
const MAX_FUTILE_ATTEMPTS: u32 = 3;
/// Progress is reported each time this many bytes have arrived.
const PROGRESS_STEP_BYTES: u64 = 256 << 10;
/// The status of a part of a file.
const PARTIAL_CONTENT: u16 = 206;

#[wasm_bindgen]
extern "C" {
    // The globals of either thread; web-sys has them once per kind of global object.
    #[wasm_bindgen(js_name = fetch)]
    fn global_fetch(url: &str, init: &JsValue) -> Promise;
    #[wasm_bindgen(js_name = setTimeout)]
    fn set_timeout(callback: &js_sys::Function, delay_ms: i32) -> JsValue;
    #[wasm_bindgen(js_name = clearTimeout)]
    fn clear_timeout(timeout: &JsValue);
    // Of boot.js, in a worker that it started ahead.
    #[wasm_bindgen(catch, js_name = octlensAsked)]
    fn asked_ahead(url: &str) -> Result<Option<Asked>, JsValue>;

    /// A request that was sent before this program ran.
    type Asked;
    #[wasm_bindgen(method, getter)]
    fn response(this: &Asked) -> Promise;
    #[wasm_bindgen(method, getter)]
    fn abort(this: &Asked) -> AbortController;
}

/// Whether this is a worker that boot.js started ahead, and that has asked for the default model's weights.
pub(in crate::web) fn is_ahead() -> bool {
    Reflect::has(&js_sys::global(), &"octlensAsked".into()).unwrap_or(false)
}

/// What the browser's HTTP cache may answer.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Freshness {
    /// What the host allows it to.
    Default,
    /// What the host says is still so.
    Revalidate,
    /// Nothing: the host is asked for the file itself.
    Reload,
}

/// Why a file did not come.
pub(super) enum Trouble {
    /// The host refuses it, or sends another one.
    Refused(Error),
    /// The host does not answer, or not to the end.
    Unreachable(Error),
}

impl Trouble {
    /// The error alone.
    pub(super) fn into_error(self) -> Error {
        match self {
            Trouble::Refused(error) | Trouble::Unreachable(error) => error,
        }
    }
}

/// A file to fetch.
pub(super) struct Download<'a> {
    /// Its path, relative to the page.
    pub path: &'a str,
    /// What it is called in errors.
    pub name: &'a str,
    pub freshness: Freshness,
    /// Its size, where it is known: what is longer is refused.
    pub n_bytes: Option<u64>,
    /// So many attempts in a row that bring nothing new are the last ones.
    pub n_attempts: u32,
}

impl<'a> Download<'a> {
    /// A file of unknown size.
    pub(super) fn new(path: &'a str, name: &'a str, freshness: Freshness) -> Self {
        Self { path, name, freshness, n_bytes: None, n_attempts: MAX_FUTILE_ATTEMPTS }
    }

    /// Fetches it. It may be shorter than its size.
    pub(super) async fn run(&self, on_progress: &impl Fn(Progress)) -> Result<Vec<u8>, Trouble> {
        let url = site_url(self.path).map_err(Trouble::Refused)?;
        let mut bytes = Arriving::new(self.name, self.n_bytes).map_err(Trouble::Refused)?;
        let (mut n_futile, mut n_most) = (0, 0);
        loop {
            let error = match self.attempt(&url, &mut bytes, on_progress).await {
                Ok(()) => return Ok(bytes.into_vec()),
                Err(Trouble::Refused(error)) => return Err(Trouble::Refused(error)),
                Err(Trouble::Unreachable(error)) => error,
            };
            if bytes.len() > n_most {
                (n_futile, n_most) = (0, bytes.len());
            } else {
                n_futile += 1;
            }
            if n_futile >= self.n_attempts {
                return Err(Trouble::Unreachable(error));
            }
            pause().await;
        }
    }

    async fn attempt(
        &self,
        url: &str,
        bytes: &mut Arriving<'_>,
        on_progress: &impl Fn(Progress),
    ) -> Result<(), Trouble> {
        let (response, _request) = self.ask(url, bytes.len()).map_err(|e| Trouble::Unreachable(io(self.path, &e)))?;
        let response = in_time(self.path, &response).await.map_err(Trouble::Unreachable)?;
        let response: Response = response.unchecked_into();
        if !response.ok() {
            let error = not_fetched(self.path, &format!("the server answers {}", response.status()));
            // It may be that it knows no range of this file any more.
            return Err(if bytes.len() > 0 {
                bytes.clear();
                Trouble::Unreachable(error)
            } else {
                Trouble::Refused(error)
            });
        }
        if !(response.status() == PARTIAL_CONTENT && starts_at(&response, bytes.len())) {
            bytes.clear();
        }
        bytes.take_body(&response, on_progress).await
    }

    /// Asks for what follows the first `n_present` bytes, unless that has been done ahead. The second value, dropped, ends the
    /// request.
    fn ask(&self, url: &str, n_present: u64) -> Result<(Promise, Abort), JsValue> {
        // Not if the browser's HTTP cache is mistrusted.
        if n_present == 0
            && self.freshness != Freshness::Reload
            && let Ok(Some(asked)) = asked_ahead(url)
        {
            return Ok((asked.response(), Abort(asked.abort())));
        }
        let request = Abort::new()?;
        let init = self.init(n_present, &request)?;
        Ok((global_fetch(url, &init), request))
    }

    fn init(&self, n_present: u64, request: &Abort) -> Result<JsValue, JsValue> {
        let init = js_sys::Object::new();
        let mode = match self.freshness {
            // A part is no answer to another request.
            _ if n_present > 0 => "no-store",
            Freshness::Default => "default",
            Freshness::Revalidate => "no-cache",
            Freshness::Reload => "reload",
        };
        Reflect::set(&init, &"cache".into(), &mode.into())?;
        Reflect::set(&init, &"signal".into(), &request.0.signal())?;
        if n_present > 0 {
            let headers = Headers::new()?;
            headers.set("Range", &format!("bytes={n_present}-"))?;
            Reflect::set(&init, &"headers".into(), &headers)?;
        }
        Ok(init.into())
    }
}

/// Whether a part of a file begins where it should.
fn starts_at(response: &Response, n_present: u64) -> bool {
    let range = response.headers().get("Content-Range").ok().flatten().unwrap_or_default();
    range.strip_prefix("bytes ").and_then(|range| range.split('-').next()?.parse().ok()) == Some(n_present)
}

/// The bytes of a file that have arrived.
pub(super) struct Arriving<'a> {
    name: &'a str,
    n_bytes: Option<u64>,
    bytes: Vec<u8>,
}

impl<'a> Arriving<'a> {
    /// None yet, of a file of `n_bytes`.
    ///
    /// # Errors
    /// There is not enough memory for them.
    pub(super) fn new(name: &'a str, n_bytes: Option<u64>) -> Result<Self> {
        let mut bytes = Vec::new();
        if let Some(n) = n_bytes {
            bytes
                .try_reserve_exact(usize::try_from(n).unwrap_or(usize::MAX))
                .map_err(|e| Error::io(format!("not enough memory for the {n} bytes of {name}")).because(e))?;
        }
        Ok(Self { name, n_bytes, bytes })
    }

    /// Takes the body of a response to its end.
    pub(super) async fn take_body(
        &mut self,
        response: &Response,
        on_progress: &impl Fn(Progress),
    ) -> Result<(), Trouble> {
        // An empty file has no body.
        let Some(body) = response.body() else { return Ok(()) };
        let reader: ReadableStreamDefaultReader = body.get_reader().unchecked_into();
        let mut n_reported = None;
        loop {
            self.report(&mut n_reported, on_progress);
            let step = in_time(self.name, &reader.read()).await.map_err(Trouble::Unreachable)?;
            if Reflect::get(&step, &"done".into()).is_ok_and(|done| done.is_truthy()) {
                break;
            }
            let chunk = Reflect::get(&step, &"value".into()).map_err(|e| Trouble::Unreachable(io(self.name, &e)))?;
            self.push(&chunk.unchecked_into())?;
        }
        n_reported = None;
        self.report(&mut n_reported, on_progress);
        Ok(())
    }

    /// All of them.
    pub(super) fn into_vec(self) -> Vec<u8> {
        self.bytes
    }

    fn push(&mut self, chunk: &Uint8Array) -> Result<(), Trouble> {
        let (start, n_chunk) = (self.bytes.len(), chunk.length() as usize);
        if self.n_bytes.is_some_and(|n| (start + n_chunk) as u64 > n) {
            return Err(Trouble::Refused(damaged(self.name, "longer than listed")));
        }
        self.bytes.resize(start + n_chunk, 0);
        chunk.copy_to(&mut self.bytes[start..]);
        Ok(())
    }

    fn report(&self, n_reported: &mut Option<u64>, on_progress: &impl Fn(Progress)) {
        let Some(total_bytes) = self.n_bytes else { return };
        if n_reported.is_none_or(|n| self.len() - n >= PROGRESS_STEP_BYTES) {
            *n_reported = Some(self.len());
            on_progress(Progress { done_bytes: self.len(), total_bytes });
        }
    }

    fn len(&self) -> u64 {
        self.bytes.len() as u64
    }

    fn clear(&mut self) {
        self.bytes.clear();
    }
}

/// A request that ends when this is dropped, if it has not ended before.
struct Abort(AbortController);

impl Abort {
    fn new() -> Result<Self, JsValue> {
        AbortController::new().map(Self)
    }
}

impl Drop for Abort {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// What a promise gives, unless the host is silent for too long.
async fn in_time(path: &str, promise: &Promise) -> Result<JsValue> {
    let mut timeout = JsValue::UNDEFINED;
    // A response and a chunk are objects: undefined is the silence.
    let silence = Promise::new(&mut |resolve, _| timeout = set_timeout(&resolve, MAX_SILENCE_MS));
    let first = JsFuture::from(Promise::race(&js_sys::Array::of2(promise, &silence))).await;
    clear_timeout(&timeout);
    match first {
        Ok(value) if value.is_undefined() => {
            Err(not_fetched(path, &format!("the server sends nothing for {} s", MAX_SILENCE_MS / 1000)))
        }
        Ok(value) => Ok(value),
        Err(error) => Err(io(path, &error)),
    }
}

async fn pause() {
    let over = Promise::new(&mut |resolve, _| drop(set_timeout(&resolve, PAUSE_MS)));
    // It is never rejected.
    let _ = JsFuture::from(over).await;
}
