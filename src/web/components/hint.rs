//! What a control is for, beside it: while the pointer rests on it, while it has the focus by a key, or after a click on a chip.
//!
//! The words are those that a screen reader says too: the control's `aria-description`. Where only a sign is seen, `data-hint`
//! asks for the control's name, or holds other words. Nothing stands in a `title` alone, which no key and no finger opens.

use std::time::Duration;

use leptos::prelude::*;
use leptos::{ev, html};
use wasm_bindgen::JsCast;
use web_sys::{Element, EventTarget};

use crate::page::hint::hint_place;

/// How long the pointer rests before the hint comes.
const REST: Duration = Duration::from_millis(400);
/// What has a hint.
const HINTED: &str = "[aria-description], [data-hint]";
/// What shows its hint when it is clicked.
const CHIP: &str = "button.tip";

/// The hint that is shown.
#[derive(Clone, PartialEq)]
struct Hint {
    words: String,
    place: String,
    /// Whether its control has the focus, rather than the pointer.
    is_focused: bool,
}

/// The hints of the whole page.
#[component]
pub fn Hints() -> impl IntoView {
    let shown = RwSignal::new(None::<Hint>);
    let waiting = StoredValue::new(None::<TimeoutHandle>);
    let own = NodeRef::<html::Div>::new();
    let cancel = move || {
        if let Some(handle) = waiting.try_update_value(Option::take).flatten() {
            handle.clear();
        }
    };
    let hide = move || {
        cancel();
        if shown.with_untracked(Option::is_some) {
            shown.set(None);
        }
    };
    let show = move |control: &Element, is_focused: bool| {
        cancel();
        shown.set(hint_of(control, is_focused));
    };
    window_event_listener(ev::pointermove, move |event| {
        let Some(target) = element(event.target()) else { return };
        let at = [f64::from(event.client_x()), f64::from(event.client_y())];
        // The pointer may go over to the hint and rest there. Clicks go through: what lies below can be pressed.
        if own.get_untracked().is_some_and(|own| is_within(at, &own)) {
            return cancel();
        }
        let is_focused = || shown.with_untracked(|hint| hint.as_ref().is_some_and(|hint| hint.is_focused));
        match hinted(&target) {
            // The browser shows that.
            Some(control) if control.has_attribute("title") => cancel(),
            Some(control) if shown.with_untracked(|hint| hint.is_some() && *hint == hint_of(&control, false)) => {
                cancel()
            }
            Some(control) => {
                cancel();
                waiting.set_value(set_timeout_with_handle(move || show(&control, false), REST).ok());
            }
            // What has the focus keeps its hint while the pointer moves elsewhere.
            None if is_focused() => cancel(),
            None => hide(),
        }
    });
    window_event_listener(ev::focusin, move |event| {
        let target = element(event.target()).filter(|target| target.matches(":focus-visible").unwrap_or_default());
        match target.and_then(|target| hinted(&target)) {
            // After the browser has scrolled to it.
            Some(control) => request_animation_frame(move || show(&control, true)),
            None => hide(),
        }
    });
    window_event_listener(ev::focusout, move |_| hide());
    window_event_listener(ev::click, move |event| {
        let chip = element(event.target()).and_then(|target| target.closest(CHIP).ok().flatten());
        match chip {
            Some(chip) => show(&chip, true),
            None => hide(),
        }
    });
    window_event_listener(ev::keydown, move |event| {
        if event.key() == "Escape" {
            hide();
        }
    });
    // The control moves away.
    window_event_listener(ev::wheel, move |_| hide());
    view! {
        <Show when=move || shown.with(Option::is_some)>
            <div
                node_ref=own
                class="hint"
                role="tooltip"
                data-testid="hint"
                style=move || shown.with(|hint| hint.as_ref().map(|hint| hint.place.clone())).unwrap_or_default()
            >
                <p>{move || shown.with(|hint| hint.as_ref().map(|hint| hint.words.clone()))}</p>
            </div>
        </Show>
    }
}

fn element(target: Option<EventTarget>) -> Option<Element> {
    target?.dyn_into().ok()
}

fn is_within([x, y]: [f64; 2], element: &Element) -> bool {
    let place = element.get_bounding_client_rect();
    (place.left()..=place.right()).contains(&x) && (place.top()..=place.bottom()).contains(&y)
}

/// The control that explains what is at `target`: around it, or what its label belongs to.
fn hinted(target: &Element) -> Option<Element> {
    let around = target.closest(HINTED).ok().flatten();
    around.or_else(|| target.closest("label").ok().flatten()?.query_selector(HINTED).ok().flatten())
}

/// The words of a control and their place; none of what says nothing.
fn hint_of(control: &Element, is_focused: bool) -> Option<Hint> {
    let attribute = |name| control.get_attribute(name).filter(|words| !words.is_empty());
    let words = attribute("aria-description").or_else(|| attribute("data-hint")).or_else(|| attribute("aria-label"))?;
    // A box to tick is small: the hint stands below its label.
    let place = control.closest("label").ok().flatten().unwrap_or_else(|| control.clone()).get_bounding_client_rect();
    let window = window();
    let size = [window.inner_width(), window.inner_height()].map(|size| size.ok().and_then(|size| size.as_f64()));
    let [Some(width), Some(height)] = size else { return None };
    let place = hint_place([place.left(), place.top(), place.right(), place.bottom()], [width, height]);
    Some(Hint { words, place, is_focused })
}
