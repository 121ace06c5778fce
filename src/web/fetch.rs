//! Fetches files of the page's own site: text, blobs, and the weights with progress, cache and hash.
//! Contacts no other host; knows no model. Works in the page and in the worker alike.

use js_sys::{Array, Promise, Reflect, Uint8Array};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{Blob, Cache, CacheStorage, ReadableStreamDefaultReader, Request, Response, SubtleCrypto};

use crate::bundle::index::{Index, IndexEntry};
use crate::bundle::sha256;
use crate::error::{Detail, Error, Result};
use crate::protocol::Progress;

/// The list of models, relative to the page.
pub(super) const INDEX_URL: &str = "weights/index.json";
/// The cache in the Cache API; it holds only verified weights.
const CACHE_NAME: &str = "octlens-weights-1";
/// Larger weights are refused before memory is allocated: 32-bit wasm cannot hold them twice.
const MAX_WEIGHTS_BYTES: u64 = 1 << 30;
/// Progress is reported each time this many bytes have arrived.
const PROGRESS_STEP_BYTES: u64 = 256 << 10;

#[wasm_bindgen]
extern "C" {
    // The global `fetch` of either thread; web-sys has one per kind of global object.
    #[wasm_bindgen(js_name = fetch)]
    fn global_fetch(url: &str, init: &JsValue) -> Promise;
}

/// The weights files that `weights/index.json` lists.
///
/// # Errors
/// The list is missing or unreadable.
pub(super) async fn index() -> Result<Index> {
    serde_json::from_str(&text(INDEX_URL).await?)
        .map_err(|e| Error::weights(format!("{INDEX_URL} is not a list of models")).because(e))
}

/// The bytes of a weights file, from the browser's cache or the network, after their hash was verified.
///
/// # Errors
/// The file cannot be fetched, is longer or shorter than listed, or its hash is not the listed one.
pub(super) async fn weights(entry: &IndexEntry, on_progress: impl Fn(Progress)) -> Result<Vec<u8>> {
    if entry.bytes > MAX_WEIGHTS_BYTES {
        return Err(Error::weights(format!("{} is too large for a browser: {} bytes", entry.file, entry.bytes)));
    }
    // Neither trunk nor a plain host names the file by its content: the hash in the URL does.
    let url = format!("weights/{}?v={}", entry.file, first_digits(&entry.sha256));
    let cache = open_cache().await;
    if let Some(cache) = &cache
        && let Some(response) = cached(cache, &url).await
    {
        match verified(entry, response, &on_progress).await {
            Ok(bytes) => return Ok(bytes),
            // The cached file is damaged: delete it and use the network.
            Err(_) => drop(JsFuture::from(cache.delete_with_str(&url)).await),
        }
    }
    let bytes = verified(entry, get(&url, "default").await?, &on_progress).await?;
    if let Some(cache) = &cache {
        // With a full disk or in a private window nothing is cached; the page works without.
        let _ = keep(cache, entry, &url, &bytes).await;
    }
    Ok(bytes)
}

/// A text file of the site, revalidated each time.
///
/// # Errors
/// The file cannot be fetched.
pub(super) async fn text(url: &str) -> Result<String> {
    let response = get(url, "no-cache").await?;
    let text = JsFuture::from(response.text().map_err(|e| io(url, &e))?).await.map_err(|e| io(url, &e))?;
    text.as_string().ok_or_else(|| Error::io(format!("{url} is not text")))
}

/// A file of the site as a blob.
///
/// # Errors
/// The file cannot be fetched.
pub(super) async fn blob(url: &str) -> Result<Blob> {
    let response = get(url, "default").await?;
    let blob = JsFuture::from(response.blob().map_err(|e| io(url, &e))?).await.map_err(|e| io(url, &e))?;
    Ok(blob.unchecked_into())
}

/// Enough of a hash to tell files apart.
fn first_digits(sha256: &str) -> &str {
    sha256.get(..12).unwrap_or(sha256)
}

async fn get(url: &str, cache_mode: &str) -> Result<Response> {
    let init = js_sys::Object::new();
    Reflect::set(&init, &"cache".into(), &cache_mode.into()).map_err(|e| io(url, &e))?;
    let response = JsFuture::from(global_fetch(url, &init)).await.map_err(|e| io(url, &e))?;
    let response: Response = response.unchecked_into();
    if !response.ok() {
        return Err(not_fetched(url, &format!("the server answers {}", response.status())));
    }
    Ok(response)
}

/// Reads a response to its end and checks its length and hash.
async fn verified(entry: &IndexEntry, response: Response, on_progress: &impl Fn(Progress)) -> Result<Vec<u8>> {
    let file = &entry.file;
    let body = response.body().ok_or_else(|| Error::io(format!("{file} came without a body")))?;
    let reader: ReadableStreamDefaultReader = body.get_reader().unchecked_into();
    let n_bytes = usize::try_from(entry.bytes).unwrap_or(usize::MAX);
    let mut bytes = Vec::new();
    bytes
        .try_reserve_exact(n_bytes)
        .map_err(|e| Error::io(format!("not enough memory for the {n_bytes} bytes of {file}")).because(e))?;
    let mut reported_bytes = 0;
    loop {
        report_progress(&mut reported_bytes, bytes.len() as u64, entry.bytes, on_progress);
        let step = JsFuture::from(reader.read()).await.map_err(|e| io(file, &e))?;
        if Reflect::get(&step, &"done".into()).is_ok_and(|done| done.is_truthy()) {
            break;
        }
        let chunk: Uint8Array = Reflect::get(&step, &"value".into()).map_err(|e| io(file, &e))?.unchecked_into();
        let start = bytes.len();
        if start + chunk.length() as usize > n_bytes {
            return Err(damaged(file, "longer than listed"));
        }
        bytes.resize(start + chunk.length() as usize, 0);
        chunk.copy_to(&mut bytes[start..]);
    }
    if bytes.len() != n_bytes {
        return Err(damaged(file, &format!("cut short, {} of {n_bytes} bytes came", bytes.len())));
    }
    let sha256 = sha256_of(&bytes).await;
    if !sha256.eq_ignore_ascii_case(&entry.sha256) {
        return Err(damaged(
            file,
            &format!(
                "its SHA-256 begins with {}, but {INDEX_URL} lists {}",
                first_digits(&sha256),
                first_digits(&entry.sha256)
            ),
        ));
    }
    on_progress(Progress { done_bytes: entry.bytes, total_bytes: entry.bytes });
    Ok(bytes)
}

/// SHA-256 in hex: by the browser, which is many times faster, if it offers it (not on plain http).
async fn sha256_of(bytes: &[u8]) -> String {
    if let Some(promise) = subtle().and_then(|subtle| subtle.digest_with_str_and_u8_array("SHA-256", bytes).ok())
        && let Ok(buffer) = JsFuture::from(promise).await
    {
        return sha256::hex(&Uint8Array::new(&buffer).to_vec());
    }
    sha256::of(bytes)
}

fn subtle() -> Option<SubtleCrypto> {
    let crypto = Reflect::get(&js_sys::global(), &"crypto".into()).ok()?;
    Reflect::get(&crypto, &"subtle".into()).ok()?.dyn_into().ok()
}

fn report_progress(reported_bytes: &mut u64, done_bytes: u64, total_bytes: u64, on_progress: &impl Fn(Progress)) {
    if done_bytes == 0 || done_bytes - *reported_bytes >= PROGRESS_STEP_BYTES {
        *reported_bytes = done_bytes;
        on_progress(Progress { done_bytes, total_bytes });
    }
}

/// The cache, if the browser has one: not in private windows, not on plain http.
async fn open_cache() -> Option<Cache> {
    let storage = Reflect::get(&js_sys::global(), &"caches".into()).ok()?;
    let storage: CacheStorage = storage.dyn_into().ok()?;
    JsFuture::from(storage.open(CACHE_NAME)).await.ok()?.dyn_into().ok()
}

async fn cached(cache: &Cache, url: &str) -> Option<Response> {
    JsFuture::from(cache.match_with_str(url)).await.ok()?.dyn_into().ok()
}

/// Caches verified bytes and deletes other versions of the same file.
async fn keep(cache: &Cache, entry: &IndexEntry, url: &str, bytes: &[u8]) -> std::result::Result<(), JsValue> {
    let keys: Array = JsFuture::from(cache.keys()).await?.unchecked_into();
    let same_file = format!("/weights/{}?v=", entry.file);
    for key in keys.iter() {
        let request: Request = key.unchecked_into();
        if request.url().contains(&same_file) {
            JsFuture::from(cache.delete_with_request(&request)).await?;
        }
    }
    let response = Response::new_with_opt_buffer_source(Some(&Uint8Array::from(bytes)))?;
    JsFuture::from(cache.put_with_str(url, &response)).await?;
    Ok(())
}

fn damaged(file: &str, how: &str) -> Error {
    Error::weights(format!("{file} is refused: {how}; reload the page"))
        .with_detail(Detail::DamagedWeights { file: file.to_owned() })
}

fn io(url: &str, error: &JsValue) -> Error {
    let reason = error.dyn_ref::<js_sys::Error>().map(|e| String::from(e.message())).unwrap_or_default();
    not_fetched(url, &reason)
}

fn not_fetched(url: &str, reason: &str) -> Error {
    Error::io(format!("{url} cannot be fetched: {reason}")).with_detail(Detail::NotFetched { url: url.to_owned() })
}
