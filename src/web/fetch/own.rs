//! A visitor's own weights files: read from the device, never fetched and never sent, and kept in the Cache API only where the
//! visitor asks for it, apart from those of the site.

use js_sys::{Array, Reflect, Uint8Array};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{Blob, Cache, CacheStorage, File, Request, Response};

use super::site::site_url;
use super::{Listed, MAX_WEIGHTS_BYTES, sha256_of};
use crate::bundle::index::{Index, IndexEntry, ModelKind};
use crate::error::{Detail, Error, Result};

const NAME: &str = "octlens-own-weights-1";
/// Where they would lie if they were files of the site; nothing is ever fetched from there.
const FOLDER: &str = "own-weights/";

/// Reads a weights file of the visitor's; `index` is the site's list.
///
/// # Errors
/// It is too large, or can no longer be read.
pub(in crate::web) async fn read(file: &Blob, index: Index) -> Result<Listed> {
    let name = file.dyn_ref::<File>().map(File::name).unwrap_or_default();
    let n_bytes = file.size() as u64;
    if n_bytes > MAX_WEIGHTS_BYTES {
        return Err(Error::weights(format!("{name} is too large for a browser: {n_bytes} bytes")));
    }
    let buffer = JsFuture::from(file.array_buffer()).await.map_err(|_| {
        Error::weights(format!("{name} cannot be read: it may have been moved, choose it again"))
            .with_detail(Detail::MissingFile)
    })?;
    let bytes = Uint8Array::new(&buffer).to_vec();
    let entry = IndexEntry {
        name: name.clone(),
        kind: ModelKind::Octlens,
        file: name,
        sha256: sha256_of(&bytes).await,
        bytes: n_bytes,
        title: String::new(),
        default: false,
        labels: Vec::new(),
    };
    Ok(Listed { index, entry, bytes })
}

/// Keeps a file on this device, in place of another of its name.
///
/// # Errors
/// The browser has no store, or no room in it.
pub(in crate::web) async fn keep(file: &File) -> Result<()> {
    let blob: &Blob = file;
    let put = async {
        let cache = open().await?;
        let response = Response::new_with_opt_blob(Some(blob)).ok()?;
        JsFuture::from(cache.put_with_str(&url_of(&file.name())?, &response)).await.ok()
    };
    let no_room = || {
        Error::io(
            "this browser keeps no file here: there is no room, it is a private window, or the site is not on https",
        )
    };
    put.await.map(drop).ok_or_else(no_room)
}

/// Deletes the file of a name.
///
/// # Errors
/// The browser has no store.
pub(in crate::web) async fn forget(name: &str) -> Result<()> {
    let delete = async {
        let cache = open().await?;
        JsFuture::from(cache.delete_with_str(&url_of(name)?)).await.ok()
    };
    delete
        .await
        .map(drop)
        .ok_or_else(|| Error::io(format!("{name} cannot be deleted: clear this site’s data in the browser")))
}

/// The files that are kept; none where there is no store.
pub(in crate::web) async fn all() -> Vec<File> {
    let mut files = Vec::new();
    let Some(cache) = open().await else { return files };
    let Ok(keys) = JsFuture::from(cache.keys()).await else { return files };
    for key in keys.unchecked_into::<Array>().iter() {
        let request: Request = key.unchecked_into();
        files.extend(kept(&cache, &request).await);
    }
    files
}

async fn kept(cache: &Cache, request: &Request) -> Option<File> {
    let response: Response = JsFuture::from(cache.match_with_request(request)).await.ok()?.dyn_into().ok()?;
    let blob: Blob = JsFuture::from(response.blob().ok()?).await.ok()?.dyn_into().ok()?;
    let url = request.url();
    let (_, name) = url.rsplit_once('/')?;
    let name = js_sys::decode_uri_component(name).ok()?;
    File::new_with_blob_sequence(&Array::of1(&blob), &String::from(name)).ok()
}

async fn open() -> Option<Cache> {
    let storage = Reflect::get(&js_sys::global(), &"caches".into()).ok()?;
    let storage: CacheStorage = storage.dyn_into().ok()?;
    JsFuture::from(storage.open(NAME)).await.ok()?.dyn_into().ok()
}

fn url_of(name: &str) -> Option<String> {
    site_url(&format!("{FOLDER}{}", String::from(js_sys::encode_uri_component(name)))).ok()
}
