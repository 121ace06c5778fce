//! Reloads the page once, where its parts do not belong together: a cached page may name files of an earlier build.

use leptos::prelude::window;

/// In the session's storage: this tab was reloaded.
const RELOADED: &str = "octlens-reloaded";

/// Reloads the page, unless that was done before without success. Returns whether it does.
pub(super) fn reload_once() -> bool {
    // Without storage it might be reloaded for ever.
    let Ok(Some(storage)) = window().session_storage() else { return false };
    let is_new = matches!(storage.get_item(RELOADED), Ok(None)) && storage.set_item(RELOADED, "yes").is_ok();
    is_new && window().location().reload().is_ok()
}

/// The parts belong together.
pub(super) fn succeed() {
    if let Ok(Some(storage)) = window().session_storage() {
        let _ = storage.remove_item(RELOADED);
    }
}
