//! Where the files of the site lie, and what is said of one that does not come.

use wasm_bindgen::prelude::*;
use web_sys::Url;

use crate::bundle::index::IndexEntry;
use crate::error::{Detail, Error, Result};

/// The list of models, relative to the page.
pub(in crate::web) const INDEX_URL: &str = "weights/index.json";

#[wasm_bindgen]
extern "C" {
    // The script of this program: it lies beside the page. A worker's own address is that of a blob.
    #[wasm_bindgen(thread_local_v2, js_namespace = ["import", "meta"], js_name = url)]
    static SCRIPT_URL: String;
}

/// The absolute URL of a file, from its path relative to the page.
///
/// # Errors
/// The path is no URL.
pub(super) fn site_url(path: &str) -> Result<String> {
    let base = SCRIPT_URL.with(String::clone);
    Url::new_with_base(path, &base).map(|url| url.href()).map_err(|e| io(path, &e))
}

/// Where a weights file lies. Neither trunk nor a plain host names it by its content: the hash in the URL does.
pub(super) fn weights_path(entry: &IndexEntry) -> String {
    format!("weights/{}?v={}", entry.file, first_digits(&entry.sha256))
}

/// Enough of a hash to tell files apart.
pub(super) fn first_digits(sha256: &str) -> &str {
    sha256.get(..12).unwrap_or(sha256)
}

/// A weights file that is not as it is listed.
pub(super) fn damaged(file: &str, how: &str) -> Error {
    Error::weights(format!("{file} is refused: {how}; the host must send the file as it is listed"))
        .with_detail(Detail::DamagedWeights { file: file.to_owned() })
}

/// An error of the browser about a file.
pub(super) fn io(path: &str, error: &JsValue) -> Error {
    let reason = error.dyn_ref::<js_sys::Error>().map(|e| String::from(e.message())).unwrap_or_default();
    not_fetched(path, &reason)
}

/// A file that does not come.
pub(super) fn not_fetched(path: &str, reason: &str) -> Error {
    Error::io(format!("{path} cannot be fetched: {reason}")).with_detail(Detail::NotFetched { url: path.to_owned() })
}
