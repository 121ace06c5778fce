//! Fetches files of the page's own site: text, blobs, and the listed weights, verified. Contacts no other host; knows no
//! model. Works in the page and in the worker alike.
//!
//! A file is fetched in attempts ([`download`]): a host that falls silent is asked again for what is missing. Weights are
//! compared with the list; where they differ, both are fetched again past the browser's HTTP cache, which may hold what a
//! host sent by mistake. Verified weights, and the list that they stand in, are kept ([`store`]): with them the page works
//! without its host.

mod download;
pub(super) mod own;
mod site;
mod store;

use js_sys::{Array, Reflect, Uint8Array};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{Blob, SubtleCrypto};

use crate::bundle::index::{Index, IndexEntry};
use crate::bundle::sha256;
use crate::error::{Error, Result};
use crate::protocol::Progress;
pub(super) use download::is_ahead;
use download::{Download, Freshness, Trouble};
pub(super) use site::INDEX_URL;
use site::{damaged, first_digits, io, weights_path};
use store::Store;

/// Larger weights are refused before memory is allocated: 32-bit wasm cannot hold them twice.
const MAX_WEIGHTS_BYTES: u64 = 1 << 30;
/// How often a host is asked for a list, or for a demo scan, before it is given up.
const N_SMALL_ATTEMPTS: u32 = 2;

/// A weights file, and the list that it stands in.
pub(super) struct Listed {
    /// The list.
    pub index: Index,
    /// Its entry.
    pub entry: IndexEntry,
    /// Its bytes: length and hash are those of the entry.
    pub bytes: Vec<u8>,
}

/// Where a list comes from.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Origin {
    Host,
    /// It was stored; the host sends none.
    Store,
}

/// A list as it was read.
struct ReadIndex {
    index: Index,
    text: String,
    origin: Origin,
}

/// The weights file that `pick` chooses of `weights/index.json`, from the store or the network.
///
/// # Errors
/// There is no list, `pick` finds nothing in it, or the file cannot be fetched as it is listed.
pub(super) async fn weights(
    pick: impl Fn(&Index) -> Result<&IndexEntry>,
    on_index: impl Fn(&Index),
    on_progress: impl Fn(Progress),
) -> Result<Listed> {
    let store = Store::open().await;
    let list = index(store.as_ref()).await?;
    on_index(&list.index);
    let error = match list.weights(store.as_ref(), &pick, &on_progress).await {
        Ok(listed) => return Ok(listed),
        Err(error) if list.origin == Origin::Store => return Err(error),
        Err(error) => error,
    };
    // The site may have changed since the browser got the list.
    match index_from_host(Freshness::Reload).await {
        Ok(newer) if newer.text != list.text => {
            on_index(&newer.index);
            newer.weights(store.as_ref(), &pick, &on_progress).await
        }
        _ => Err(error),
    }
}

impl ReadIndex {
    fn parse(text: String, origin: Origin) -> Result<Self> {
        let index = serde_json::from_str(&text)
            .map_err(|e| Error::weights(format!("{INDEX_URL} is not a list of models")).because(e))?;
        Ok(Self { index, text, origin })
    }

    /// The file that `pick` chooses. The list is stored with it.
    async fn weights(
        &self,
        store: Option<&Store>,
        pick: impl Fn(&Index) -> Result<&IndexEntry>,
        on_progress: &impl Fn(Progress),
    ) -> Result<Listed> {
        let entry = pick(&self.index)?;
        let bytes = listed_bytes(store, entry, on_progress).await?;
        if let Some(store) = store.filter(|_| self.origin == Origin::Host) {
            store.keep_index(&self.text).await;
        }
        Ok(Listed { index: self.index.clone(), entry: entry.clone(), bytes })
    }
}

/// The list of models, of the host or else of the store; an empty one where there is none.
pub(super) async fn list() -> Index {
    index(Store::open().await.as_ref()).await.map(|list| list.index).unwrap_or_default()
}

/// The list of the host, or else the stored one.
async fn index(store: Option<&Store>) -> Result<ReadIndex> {
    let error = match index_from_host(Freshness::Revalidate).await {
        Ok(list) => return Ok(list),
        Err(error) => error,
    };
    if let Some(store) = store
        && let Some(text) = store.index().await
        && let Ok(list) = ReadIndex::parse(text, Origin::Store)
    {
        return Ok(list);
    }
    Err(error)
}

async fn index_from_host(freshness: Freshness) -> Result<ReadIndex> {
    let list = text_of(INDEX_URL, freshness).await.and_then(|text| ReadIndex::parse(text, Origin::Host));
    match (list, freshness) {
        // What is no list may lie in the HTTP cache.
        (Err(error), Freshness::Revalidate) if error.detail().is_none() => {
            let text = text_of(INDEX_URL, Freshness::Reload).await?;
            ReadIndex::parse(text, Origin::Host)
        }
        (list, _) => list,
    }
}

/// The bytes of a listed file, verified.
async fn listed_bytes(store: Option<&Store>, entry: &IndexEntry, on_progress: &impl Fn(Progress)) -> Result<Vec<u8>> {
    if entry.bytes > MAX_WEIGHTS_BYTES {
        return Err(Error::weights(format!("{} is too large for a browser: {} bytes", entry.file, entry.bytes)));
    }
    if let Some(store) = store
        && let Some(bytes) = store.weights(entry, on_progress).await
    {
        if verify(entry, &bytes).await.is_ok() {
            return Ok(bytes);
        }
        store.drop_weights(entry).await;
    }
    let path = weights_path(entry);
    let fetched = |freshness| Download { n_bytes: Some(entry.bytes), ..Download::new(&path, &entry.file, freshness) };
    let bytes = match verified(entry, fetched(Freshness::Default).run(on_progress).await).await {
        Ok(bytes) => bytes,
        Err(Trouble::Unreachable(error)) => return Err(error),
        // The HTTP cache may hold what the host once sent by mistake.
        Err(Trouble::Refused(_)) => {
            verified(entry, fetched(Freshness::Reload).run(on_progress).await).await.map_err(Trouble::into_error)?
        }
    };
    if let Some(store) = store {
        store.keep_weights(entry, &bytes).await;
    }
    Ok(bytes)
}

/// A text file of the site, revalidated each time.
///
/// # Errors
/// The file cannot be fetched.
pub(super) async fn text(path: &str) -> Result<String> {
    text_of(path, Freshness::Revalidate).await
}

async fn text_of(path: &str, freshness: Freshness) -> Result<String> {
    String::from_utf8(small(path, freshness).await?).map_err(|e| Error::io(format!("{path} is not text")).because(e))
}

/// A file of the site as a blob, revalidated each time.
///
/// # Errors
/// The file cannot be fetched.
pub(super) async fn blob(path: &str) -> Result<Blob> {
    let bytes = small(path, Freshness::Revalidate).await?;
    Blob::new_with_u8_array_sequence(&Array::of1(&Uint8Array::from(bytes.as_slice()))).map_err(|e| io(path, &e))
}

async fn small(path: &str, freshness: Freshness) -> Result<Vec<u8>> {
    let download = Download { n_attempts: N_SMALL_ATTEMPTS, ..Download::new(path, path, freshness) };
    download.run(&|_| ()).await.map_err(Trouble::into_error)
}

async fn verified(entry: &IndexEntry, fetched: Result<Vec<u8>, Trouble>) -> Result<Vec<u8>, Trouble> {
    let bytes = fetched?;
    verify(entry, &bytes).await.map_err(Trouble::Refused)?;
    Ok(bytes)
}

/// Checks length and hash.
async fn verify(entry: &IndexEntry, bytes: &[u8]) -> Result<()> {
    let file = &entry.file;
    if bytes.len() as u64 != entry.bytes {
        return Err(damaged(file, &format!("cut short, {} of {} bytes came", bytes.len(), entry.bytes)));
    }
    let sha256 = sha256_of(bytes).await;
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
    Ok(())
}

/// SHA-256 in hex: by the browser, which is many times faster, if it offers it (not on plain http).
pub(super) async fn sha256_of(bytes: &[u8]) -> String {
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
