//! What is kept between visits, in the Cache API: verified weights, and the list that they stand in. Without a store (in
//! private windows, on plain http, on a full disk) the page works too.

use js_sys::{Array, Reflect, Uint8Array};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{Cache, CacheStorage, Request, Response};

use crate::bundle::index::IndexEntry;
use crate::error::Result;
use crate::protocol::Progress;
use crate::web::fetch::download::Arriving;
use crate::web::fetch::site::{INDEX_URL, site_url, weights_path};

const NAME: &str = "octlens-weights-1";

/// The store of this site.
pub(super) struct Store {
    cache: Cache,
}

impl Store {
    /// Opens the store, if the browser has one.
    pub(super) async fn open() -> Option<Self> {
        let storage = Reflect::get(&js_sys::global(), &"caches".into()).ok()?;
        let storage: CacheStorage = storage.dyn_into().ok()?;
        let cache = JsFuture::from(storage.open(NAME)).await.ok()?.dyn_into().ok()?;
        Some(Self { cache })
    }

    /// The list that was stored.
    pub(super) async fn index(&self) -> Option<String> {
        let response = self.get(INDEX_URL).await?;
        JsFuture::from(response.text().ok()?).await.ok()?.as_string()
    }

    /// Stores a list. It is lost if that fails.
    pub(super) async fn keep_index(&self, text: &str) {
        if let Ok(response) = Response::new_with_opt_str(Some(text)) {
            let _ = self.put(INDEX_URL, &response).await;
        }
    }

    /// The bytes that were stored of a file: as long as listed at most, not verified.
    pub(super) async fn weights(&self, entry: &IndexEntry, on_progress: &impl Fn(Progress)) -> Option<Vec<u8>> {
        let response = self.get(&weights_path(entry)).await?;
        let mut bytes = Arriving::new(&entry.file, Some(entry.bytes)).ok()?;
        match bytes.take_body(&response, on_progress).await {
            Ok(()) => Some(bytes.into_vec()),
            // A damaged file is deleted.
            Err(_) => Some(Vec::new()),
        }
    }

    /// Stores verified bytes, and deletes other versions of the same file. They are fetched again if that fails.
    pub(super) async fn keep_weights(&self, entry: &IndexEntry, bytes: &[u8]) {
        let _ = self.replace_weights(entry, bytes).await;
    }

    /// Deletes a file that is damaged.
    pub(super) async fn drop_weights(&self, entry: &IndexEntry) {
        if let Ok(url) = site_url(&weights_path(entry)) {
            let _ = JsFuture::from(self.cache.delete_with_str(&url)).await;
        }
    }

    async fn replace_weights(&self, entry: &IndexEntry, bytes: &[u8]) -> Result<(), JsValue> {
        let keys: Array = JsFuture::from(self.cache.keys()).await?.unchecked_into();
        let same_file = site_url(&format!("weights/{}", entry.file)).unwrap_or_default() + "?v=";
        for key in keys.iter() {
            let request: Request = key.unchecked_into();
            if request.url().starts_with(&same_file) {
                JsFuture::from(self.cache.delete_with_request(&request)).await?;
            }
        }
        let response = Response::new_with_opt_buffer_source(Some(&Uint8Array::from(bytes)))?;
        self.put(&weights_path(entry), &response).await
    }

    async fn get(&self, path: &str) -> Option<Response> {
        let url = site_url(path).ok()?;
        JsFuture::from(self.cache.match_with_str(&url)).await.ok()?.dyn_into().ok()
    }

    async fn put(&self, path: &str, response: &Response) -> Result<(), JsValue> {
        let url = site_url(path).map_err(|_| JsValue::NULL)?;
        JsFuture::from(self.cache.put_with_str(&url, response)).await.map(drop)
    }
}
