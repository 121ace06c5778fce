//! The curtain that parts two pictures which lie on each other.

use leptos::html;
use leptos::prelude::*;
use web_sys::{KeyboardEvent, PointerEvent};

use crate::page::viewer::keys::direction;
use crate::web::preferences::use_locale;
use crate::web::viewer::{Viewer, share_of};

/// How far an arrow key draws it, as a share of the frame.
const STEP: f64 = 0.02;

/// Over the picture, as high as its frame: drawn with a pointer or with arrow keys.
#[component]
pub fn Curtain(
    /// How the scan is looked at.
    viewer: Viewer,
    /// The frame of the picture.
    frame: NodeRef<html::Div>,
) -> impl IntoView {
    let locale = use_locale();
    let handle = NodeRef::<html::Div>::new();
    let at = Memo::new(move |_| viewer.look.with(|look| look.curtain));
    let hang = move |at: f64| viewer.change(|look| look.curtain = at.clamp(0., 1.));
    let is_held = StoredValue::new(false);
    let on_down = move |event: PointerEvent| {
        event.prevent_default();
        event.stop_propagation();
        if let Some(handle) = handle.get_untracked() {
            let _ = handle.focus();
            let _ = handle.set_pointer_capture(event.pointer_id());
            is_held.set_value(true);
        }
    };
    let on_move = move |event: PointerEvent| {
        if let Some(frame) = frame.get_untracked().filter(|_| is_held.get_value()) {
            hang(share_of(&event, &frame)[0]);
        }
    };
    let on_key = move |event: KeyboardEvent| {
        let now = at.get_untracked();
        let to = match (direction(&event.key()), event.key().as_str()) {
            (Some([across, down]), _) => now + f64::from(across - down) * STEP,
            (None, "Home") => 0.,
            (None, "End") => 1.,
            _ => return,
        };
        event.prevent_default();
        event.stop_propagation();
        hang(to);
    };
    let percent = move || format!("{:.2}%", at.get() * 100.);
    view! {
        <div
            node_ref=handle
            class="curtain"
            data-testid="curtain"
            role="slider"
            tabindex="0"
            aria-label=move || locale.text().looking.curtain
            aria-valuemin="0"
            aria-valuemax="100"
            aria-valuenow=move || (at.get() * 100.).round().to_string()
            style:left=percent
            on:pointerdown=on_down
            on:pointermove=on_move
            on:pointerup=move |_| is_held.set_value(false)
            on:pointercancel=move |_| is_held.set_value(false)
            on:keydown=on_key
        >
            <i></i>
        </div>
    }
}
