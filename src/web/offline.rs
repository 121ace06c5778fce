//! What www/offline.js says, as signals: whether the site is kept for use without its host, and whether a new version of it
//! waits. Keeps nothing itself.

use leptos::prelude::*;
use web_sys::Event;

/// The script's event: one of its attributes on the root element has changed.
const CHANGED: &str = "octlens-offline";
/// On the root element once the site is kept.
const KEPT_ATTRIBUTE: &str = "data-offline";
/// On the root element once a new version waits.
const UPDATE_ATTRIBUTE: &str = "data-update";
/// The event that makes the script load the version that waits.
const SWITCH: &str = "octlens-switch";

/// Whether the site is kept, and whether a new version waits.
#[derive(Clone, Copy)]
pub(super) struct Offline {
    is_kept: RwSignal<bool>,
    has_update: RwSignal<bool>,
}

impl Offline {
    /// As the script says now, and whenever that changes.
    pub(super) fn start() -> Self {
        let offline = Self { is_kept: RwSignal::new(false), has_update: RwSignal::new(false) };
        let read = move |_| {
            let is_set = |name| document().document_element().is_some_and(|root| root.has_attribute(name));
            offline.is_kept.set(is_set(KEPT_ATTRIBUTE));
            offline.has_update.set(is_set(UPDATE_ATTRIBUTE));
        };
        read(());
        // It lasts as long as the page.
        let _ = window_event_listener_untyped(CHANGED, move |_| read(()));
        offline
    }

    /// Whether the page opens without its host.
    pub(super) fn is_kept(self) -> Signal<bool> {
        self.is_kept.into()
    }

    /// Whether a new version waits.
    pub(super) fn has_update(self) -> Signal<bool> {
        self.has_update.into()
    }

    /// Loads the version that waits; the page is reloaded.
    pub(super) fn switch(self) {
        if let Ok(event) = Event::new(SWITCH) {
            let _ = window().dispatch_event(&event);
        }
    }
}
