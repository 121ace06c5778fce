//! What takes pointers and keys over a picture. What they do is in `page::viewer::gesture`.

use leptos::html;
use leptos::prelude::*;
use web_sys::{KeyboardEvent, MouseEvent, PointerEvent};

use crate::page::viewer::book::Tool;
use crate::page::viewer::gesture::{self, Gesture};
use crate::page::viewer::keys::direction;
use crate::page::viewer::loupe;
use crate::page::viewer::transform::Transform;
use crate::web::preferences::use_locale;
use crate::web::viewer::{Viewer, share_of};

/// The middle button of a mouse.
const MIDDLE_BUTTON: i16 = 1;
/// How much a double click enlarges the whole.
const DOUBLE_CLICK_ZOOM: f64 = 2.5;

/// Over the picture: takes pointers and keys.
#[component]
pub fn Surface(
    /// How the scan is looked at.
    viewer: Viewer,
    /// The frame of the picture.
    frame: NodeRef<html::Div>,
    /// Where the loupe is, as shares of the frame.
    loupe_at: RwSignal<Option<[f64; 2]>>,
) -> impl IntoView {
    let locale = use_locale();
    let surface = NodeRef::<html::Div>::new();
    let gesture = StoredValue::new(Gesture::default());
    let is_down = RwSignal::new(false);
    let place = move |event: &MouseEvent| {
        let stack = frame.get_untracked()?;
        Some((viewer.frame_of(&stack)?, share_of(event, &stack)))
    };
    let on_down = move |event: PointerEvent| {
        let (Some((_, at)), Some(surface)) = (place(&event), surface.get_untracked()) else { return };
        if event.button() != 0 && event.button() != MIDDLE_BUTTON {
            return;
        }
        // The middle button would scroll.
        event.prevent_default();
        let _ = surface.focus();
        // Without it a drag ends at the edge of the picture.
        let _ = surface.set_pointer_capture(event.pointer_id());
        let is_moving = event.button() == MIDDLE_BUTTON || viewer.is_moving.get_untracked();
        viewer.change(|look| gesture.update_value(|gesture| gesture.press(event.pointer_id(), at, is_moving, look)));
        is_down.set(true);
        loupe_at.set(Some(at));
    };
    let on_move = move |event: PointerEvent| {
        let is_loupe = viewer.tool.get_untracked() == Tool::Loupe;
        if !is_loupe && !gesture.with_value(Gesture::is_under_way) {
            return;
        }
        let Some((of, at)) = place(&event) else { return };
        viewer.change(|look| gesture.update_value(|gesture| gesture.drag(event.pointer_id(), at, of, look)));
        if is_loupe {
            loupe_at.set(Some(at));
        }
    };
    let on_up = move |event: PointerEvent| {
        if let Some((of, _)) = place(&event) {
            viewer.change(|look| gesture.update_value(|gesture| gesture.release(event.pointer_id(), of, look)));
        }
        is_down.set(gesture.with_value(Gesture::is_under_way));
    };
    let on_double_click = move |event: MouseEvent| {
        let Some((of, at)) = place(&event).filter(|_| viewer.tool.get_untracked() == Tool::Move) else { return };
        viewer.change(|look| {
            let is_fit = look.transform.is_fit();
            look.transform =
                if is_fit { look.transform.zoomed_to(DOUBLE_CLICK_ZOOM, at, of.least_zoom) } else { Transform::FIT };
        });
    };
    let on_key = move |event: KeyboardEvent| {
        let frame = frame.get_untracked().and_then(|stack| viewer.frame_of(&stack));
        let (Some(frame), false) = (frame, event.ctrl_key() || event.meta_key() || event.alt_key()) else { return };
        let tool = viewer.tool.get_untracked();
        let mut is_done = false;
        match (direction(&event.key()), event.key().as_str(), tool) {
            (Some(by), _, Tool::Loupe) if !event.shift_key() => {
                let at = loupe_at.get_untracked().unwrap_or([0.5, 0.5]);
                let moved = [0, 1].map(|axis| (at[axis] + f64::from(by[axis]) * loupe::STEP).clamp(0., 1.));
                loupe_at.set(Some(moved));
                is_done = true;
            }
            (Some(by), ..) => {
                viewer.change(|look| is_done = gesture::arrow(by, event.shift_key(), frame, look));
            }
            (None, "Enter", Tool::Measure) => {
                viewer.change(|look| gesture::apply_line(frame, look));
                is_done = true;
            }
            (None, "Delete" | "Backspace", Tool::Measure) => {
                viewer.change(|look| is_done = look.draft.take().or_else(|| look.lines.pop()).is_some());
            }
            _ => {}
        }
        if is_done {
            event.prevent_default();
            event.stop_propagation();
        }
    };
    // A finger scrolls the page where it has nothing else to do.
    let touch = move || {
        let is_idle = viewer.tool.get() == Tool::Move && viewer.transform.get().zoom() <= 1.;
        if is_idle { "pan-y" } else { "none" }
    };
    view! {
        <div
            node_ref=surface
            class="surface"
            class:down=move || is_down.get()
            class:moving=move || viewer.is_moving.get()
            data-testid="surface"
            data-tool=move || viewer.tool.get().name()
            tabindex="0"
            role="application"
            aria-label=move || locale.text().looking.surface
            style:touch-action=touch
            on:pointerdown=on_down
            on:pointermove=on_move
            on:pointerup=on_up
            on:pointercancel=on_up
            on:pointerleave=move |_| {
                if !is_down.get_untracked() {
                    loupe_at.set(None);
                }
            }
            on:dblclick=on_double_click
            on:keydown=on_key
        ></div>
    }
}
