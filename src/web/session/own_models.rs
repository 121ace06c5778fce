//! A visitor's own weights files: handles to them, and those that are kept on the device.

use leptos::prelude::*;
use wasm_bindgen_futures::spawn_local;
use web_sys::{Blob, File};

use super::Session;
use crate::web::fetch::own;

impl Session {
    /// Loads a weights file that a visitor chose: it goes to the worker, and nowhere else.
    pub fn open_own_model(self, file: File) {
        self.act(|page| {
            let (name, n_bytes) = (file.name(), file.size() as u64);
            let (key, request) = page.load_own(&name, n_bytes);
            self.own_files.update_value(|files| drop(files.insert(key, file)));
            vec![request]
        });
    }

    /// Keeps an own model on this device, or keeps it no longer.
    pub fn keep_own_model(self, key: String, is_kept: bool) {
        let Some(file) = self.own_files.with_value(|files| files.get(&key).cloned()) else { return };
        spawn_local(async move {
            let outcome = if is_kept { own::keep(&file).await } else { own::forget(&file.name()).await };
            self.act(|page| {
                match outcome {
                    Ok(()) => page.set_own_kept(&key, is_kept),
                    Err(error) => page.refuse_file(file.name(), error.into()),
                }
                Vec::new()
            });
        });
    }

    /// Forgets an own model, and deletes it where it is kept.
    pub fn forget_own_model(self, key: String) {
        let file = self.own_files.try_update_value(|files| files.remove(&key)).flatten();
        self.act(|page| page.forget_own(&key));
        if let Some(file) = file {
            spawn_local(async move {
                // What was never kept cannot be deleted.
                let _ = own::forget(&file.name()).await;
            });
        }
    }

    /// Lists the models that are kept on this device.
    pub(super) fn list_kept_models(self) {
        spawn_local(async move {
            for file in own::all().await {
                self.act(|page| {
                    let key = page.list_kept_own(&file.name(), file.size() as u64);
                    self.own_files.update_value(|files| drop(files.insert(key, file)));
                    Vec::new()
                });
            }
        });
    }

    /// The file of an own model.
    pub(super) fn own_file(self, key: &str) -> Option<Blob> {
        self.own_files.with_value(|files| files.get(key).cloned().map(Blob::from))
    }

    /// The file of the model that answers, if it is the visitor's own.
    pub(in crate::web) fn own_file_in_use(self) -> Option<Blob> {
        let key = self.page.with_untracked(|page| page.own_in_use().map(|own| own.key.clone()))?;
        self.own_file(&key)
    }
}
