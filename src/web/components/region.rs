//! The rectangle over the scan by which a region is hidden, and the one that is hidden.

use leptos::html;
use leptos::prelude::*;
use web_sys::{Element, KeyboardEvent, PointerEvent};

use crate::page::region;
use crate::web::linked::Linked;
use crate::web::preferences::use_locale;
use crate::web::viewer::{Viewer, share_of};

/// Over the picture of the scan: takes pointer and keys while a region is chosen.
#[component]
pub fn HideArea(
    /// Columns and rows of the scan.
    size: Signal<Option<[usize; 2]>>,
    /// What is asked beside the class.
    linked: Linked,
    /// How the scan is looked at.
    viewer: Viewer,
) -> impl IntoView {
    let locale = use_locale();
    let area = NodeRef::<html::Div>::new();
    let draft = RwSignal::new(None::<[f32; 4]>);
    let from = StoredValue::new(None::<[f64; 2]>);
    Effect::new(move || {
        from.set_value(None);
        draft.set(size.get().filter(|_| linked.is_hiding.get()).map(region::in_the_middle));
    });
    // Keys reach it as soon as it is there.
    Effect::new(move || {
        if let Some(area) = area.get() {
            // An element with a tab index takes the focus.
            let _ = area.focus();
        }
    });
    // A place on the picture, as shares of it.
    let place =
        move |event: &PointerEvent, area: &Element| viewer.transform.get_untracked().to_picture(share_of(event, area));
    let drag_to = move |event: &PointerEvent, area: &Element| {
        if let (Some(start), Some(size)) = (from.get_value(), size.get_untracked()) {
            draft.set(region::between(start, place(event, area), size));
        }
    };
    let on_down = move |event: PointerEvent| {
        let Some(area) = area.get_untracked() else { return };
        event.prevent_default();
        // Without it a drag ends at the edge of the picture.
        let _ = area.set_pointer_capture(event.pointer_id());
        let _ = area.focus();
        from.set_value(Some(place(&event, &area)));
        draft.set(None);
    };
    let on_move = move |event: PointerEvent| {
        if let Some(area) = area.get_untracked() {
            drag_to(&event, &area);
        }
    };
    let apply = move || {
        if let Some(region) = draft.get_untracked() {
            linked.on_hide.run(region);
        }
    };
    let on_up = move |event: PointerEvent| {
        let Some(area) = area.get_untracked() else { return };
        drag_to(&event, &area);
        if from.get_value().is_some() {
            from.set_value(None);
            apply();
        }
    };
    let on_key = move |event: KeyboardEvent| {
        if event.key() == "Enter" {
            event.prevent_default();
            return apply();
        }
        let Some(size) = size.get_untracked() else { return };
        let before = draft.get_untracked().unwrap_or_else(|| region::in_the_middle(size));
        if let Some(after) = region::after_key(before, &event.key(), event.shift_key(), size) {
            event.prevent_default();
            // Elsewhere arrows go from scan to scan.
            event.stop_propagation();
            draft.set(Some(after));
        }
    };
    let boxed = move |region: Option<[f32; 4]>| {
        let [left, top, width, height] = region::percents(region?, size.get()?, viewer.transform.get());
        Some(format!("left:{left:.3}%;top:{top:.3}%;width:{width:.3}%;height:{height:.3}%"))
    };
    let hidden = move || linked.hidden.with(|hidden| boxed(hidden.as_ref()?.regions.first().copied()));
    view! {
        {move || {
            hidden()
                .map(|style| {
                    view! {
                        <div class="region hidden-region" data-testid="hidden-region" style=style>
                            <span>{move || locale.text().linked.hidden_region}</span>
                        </div>
                    }
                })
        }}
        <Show when=move || linked.is_hiding.get()>
            <div
                node_ref=area
                class="hide-area"
                data-testid="hide-area"
                tabindex="0"
                role="application"
                aria-label=move || locale.text().linked.hide_help
                on:pointerdown=on_down
                on:pointermove=on_move
                on:pointerup=on_up
                on:keydown=on_key
            >
                {move || boxed(draft.get()).map(|style| view! { <div class="region draft" style=style></div> })}
                <p>{move || locale.text().linked.hide_help}</p>
            </div>
        </Show>
    }
}
