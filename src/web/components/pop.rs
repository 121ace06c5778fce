//! Panels that open below their button: what all of them do.

use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement, KeyboardEvent};

/// Closes the panel that has the focus by Escape; the key does nothing else then.
pub(super) fn close_on_escape(event: KeyboardEvent) {
    if event.key() != "Escape" {
        return;
    }
    let panel = event.current_target().and_then(|panel| panel.dyn_into::<Element>().ok());
    if let Some(panel) = panel.filter(|panel| panel.has_attribute("open")) {
        event.prevent_default();
        // Fails for no element that has the attribute.
        let _ = panel.remove_attribute("open");
        let summary = panel.query_selector("summary").ok().flatten();
        if let Some(summary) = summary.and_then(|summary| summary.dyn_into::<HtmlElement>().ok()) {
            let _ = summary.focus();
        }
    }
}
