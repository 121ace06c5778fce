//! The one envelope in which messages cross the thread, packed and unpacked here for both sides.
//!
//! A message is a JS object `{ head, file?, bytes? }`: `head` is a [`crate::protocol`] enum as JSON text, `file` the
//! visitor's file (a handle: its bytes are read in the worker), `bytes` a decoded scan (grey, row by row) or a file to be
//! saved, whose buffer is transferred, not copied.

use js_sys::{Array, Object, Reflect, Uint8Array};
use serde::Serialize;
use serde::de::DeserializeOwned;
use wasm_bindgen::prelude::*;
use web_sys::Blob;

use crate::error::{Error, Kind, Result};

/// A message with its file or bytes.
pub(super) struct Envelope<T> {
    /// The request or response.
    pub head: T,
    /// The file to analyse.
    pub file: Option<Blob>,
    /// The scan that was decoded (grey, row by row), or a file to be saved.
    pub bytes: Option<Uint8Array>,
}

impl<T> Envelope<T> {
    /// A message without file and bytes.
    pub(super) fn new(head: T) -> Self {
        Self { head, file: None, bytes: None }
    }
}

impl<T: Serialize> Envelope<T> {
    /// What is posted: the message, and the list of the objects that are transferred with it.
    ///
    /// # Errors
    /// The head has no form as JSON.
    pub(super) fn pack(&self) -> Result<(JsValue, Array)> {
        let head = serde_json::to_string(&self.head).map_err(|e| unreadable().because(e))?;
        let (message, transfer) = (Object::new(), Array::new());
        put(&message, "head", &head.into());
        if let Some(file) = &self.file {
            put(&message, "file", file);
        }
        if let Some(bytes) = &self.bytes {
            put(&message, "bytes", bytes);
            transfer.push(&bytes.buffer());
        }
        Ok((message.into(), transfer))
    }
}

impl<T: DeserializeOwned> Envelope<T> {
    /// Reads what was posted.
    ///
    /// # Errors
    /// The message is not an envelope, or one of another build.
    pub(super) fn unpack(message: &JsValue) -> Result<Self> {
        let head = get(message, "head").and_then(|head| head.as_string()).ok_or_else(unreadable)?;
        Ok(Self {
            head: serde_json::from_str(&head).map_err(|e| unreadable().because(e))?,
            file: get(message, "file").and_then(|file| file.dyn_into().ok()),
            bytes: get(message, "bytes").and_then(|bytes| bytes.dyn_into().ok()),
        })
    }
}

fn put(message: &Object, key: &str, value: &JsValue) {
    // Setting a key of a fresh object cannot fail.
    let _ = Reflect::set(message, &key.into(), value);
}

fn get(message: &JsValue, key: &str) -> Option<JsValue> {
    Reflect::get(message, &key.into()).ok()
}

fn unreadable() -> Error {
    Error::new(Kind::Io, "page and worker are of different builds: reload the page")
}
