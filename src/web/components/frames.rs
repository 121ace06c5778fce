//! The frames of a file of several B-scans, below its thumbnail: the answer for the eye, and each frame with its own.

use leptos::ev::{KeyboardEvent, WheelEvent};
use leptos::html;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::HtmlElement;

use crate::eye::EyeAnswer;
use crate::page::lines::{eye_lines, status_line};
use crate::page::reading::scan_status;
use crate::page::scans::OpenScan;
use crate::page::state::FrameWheel;
use crate::protocol::ScanId;
use crate::web::components::badge::badge;
use crate::web::components::thumbnail::ThumbnailCanvas;
use crate::web::components::warning::WarningMark;
use crate::web::preferences::use_locale;
use crate::web::session::is_other_scan;

/// Frames that Page Up and Page Down go.
const PAGE: isize = 10;

/// The answer for the eye, and the frames.
#[component]
pub fn Frames(
    /// The frames as they are listed, each with its number from 0; none of a file with one.
    frames: Signal<Vec<(usize, ScanId)>>,
    /// Looks one of them up.
    scan_of: Callback<ScanId, Option<OpenScan>>,
    /// What they say together, and whether that is folded.
    eye: Signal<Option<(EyeAnswer, bool)>>,
    /// The scan that is shown, one of them or another.
    shown: Signal<Option<ScanId>>,
    /// Whether a class votes before it sees answers.
    is_guessing: Signal<bool>,
    /// A frame is to be shown.
    on_show: Callback<ScanId>,
    /// The frame so many further than the shown one is to be shown.
    on_step: Callback<isize>,
) -> impl IntoView {
    let locale = use_locale();
    let list = NodeRef::<html::Div>::new();
    let wheel = StoredValue::new(FrameWheel::default());
    let on_key = move |event: KeyboardEvent| {
        let by = match event.key().as_str() {
            "ArrowDown" | "ArrowRight" => 1,
            "ArrowUp" | "ArrowLeft" => -1,
            "PageDown" => PAGE,
            "PageUp" => -PAGE,
            "End" => isize::MAX,
            "Home" => isize::MIN,
            _ => return,
        };
        event.prevent_default();
        on_step.run(by);
    };
    let on_wheel = move |event: WheelEvent| {
        event.prevent_default();
        // Some browsers count lines instead of pixels.
        let unit = if event.delta_mode() == WheelEvent::DOM_DELTA_PIXEL { 1. } else { 40. };
        match wheel.try_update_value(|wheel| wheel.turn(event.delta_y() * unit)) {
            None | Some(0) => {}
            Some(by) => on_step.run(by),
        }
    };
    Effect::new(move || {
        let (Some(list), Some(_)) = (list.get(), shown.get()) else { return };
        // After the list is drawn with the new choice.
        request_animation_frame(move || follow(&list));
    });
    let line = move || {
        eye.get().map(|(eye, is_folded)| {
            view! {
                <p
                    class="eye"
                    data-testid="eye"
                    data-label=eye.label.clone()
                    data-probability=format!("{:.4}", eye.probability)
                    data-frame=eye.frame.to_string()
                    data-warning=eye.warning.name()
                    data-folded=is_folded.to_string()
                >
                    <WarningMark kind=eye.warning />
                    {eye_lines(locale.language(), &eye, is_folded)}
                </p>
            }
        })
    };
    let frame = move |(index, id): (usize, ScanId)| {
        view! {
            <Frame
                index=index
                scan=Memo::new_with_compare(move |_| scan_of.run(id), is_other_scan).into()
                is_shown=Signal::derive(move || shown.get() == Some(id))
                is_guessing=is_guessing
                // Tab goes to the shown frame, or else to the first.
                has_tab_stop=Signal::derive(move || {
                    shown.with(|shown| {
                        let is_among = |frames: &Vec<(_, ScanId)>| frames.iter().any(|(_, id)| *shown == Some(*id));
                        let is_first = |frames: &Vec<(_, ScanId)>| frames.first().is_some_and(|(_, first)| *first == id);
                        frames.with(|frames| if is_among(frames) { *shown == Some(id) } else { is_first(frames) })
                    })
                })
                on_show=Callback::new(move |()| on_show.run(id))
            />
        }
    };
    view! {
        <Show when=move || frames.with(|frames| !frames.is_empty())>
            {line}
            <div
                node_ref=list
                class="frames"
                role="group"
                data-testid="frames"
                aria-label=move || locale.text().frames
                aria-description=move || locale.text().frames_detail
                on:keydown=on_key
                on:wheel=on_wheel
            >
                <For each=move || frames.get() key=|(_, id)| *id children=frame />
            </div>
        </Show>
    }
}

/// Keeps the shown frame in sight, and the focus on it where the list has it.
fn follow(list: &HtmlElement) {
    let Some(shown) = list.query_selector("[aria-pressed=true]").ok().flatten() else { return };
    let Ok(shown) = shown.dyn_into::<HtmlElement>() else { return };
    // A short list scrolls within itself, a long one with the strip.
    let is_itself = list.scroll_height() > list.client_height();
    let outer = || list.closest(".film").ok().flatten();
    if let Some(scroller) = if is_itself { Some(list.clone().into()) } else { outer() } {
        let (place, seen) = (shown.get_bounding_client_rect(), scroller.get_bounding_client_rect());
        if place.top() < seen.top() || place.bottom() > seen.bottom() {
            let by = (place.top() + place.bottom() - seen.top() - seen.bottom()) / 2.;
            scroller.set_scroll_top(scroller.scroll_top() + by as i32);
        }
    }
    let has_focus = document().active_element().is_some_and(|focused| list.contains(Some(&focused)));
    if has_focus {
        // An element that cannot take the focus leaves it where it is.
        let _ = shown.focus();
    }
}

/// One frame: its number and its answer.
#[component]
fn Frame(
    /// Its number, from 0.
    index: usize,
    /// Its scan.
    scan: Signal<Option<OpenScan>>,
    /// Whether it is the one that is shown.
    is_shown: Signal<bool>,
    /// Whether a class votes before it sees answers.
    is_guessing: Signal<bool>,
    /// Whether the Tab key goes to it.
    has_tab_stop: Signal<bool>,
    /// It is to be shown.
    on_show: Callback<()>,
) -> impl IntoView {
    let locale = use_locale();
    let answered = move || scan.with(|scan| scan.as_ref()?.report().map(|report| report.image.clone()));
    let label = move || answered().map(|image| image.label);
    let probability =
        move || answered().map(|image| format!("{:.4}", image.probabilities.get(&image.label).copied().unwrap_or(0.)));
    let status = move || scan.with(|scan| scan.as_ref().map(scan_status));
    let hint = move || {
        let title = scan.with(|scan| scan.as_ref().map(OpenScan::title))?;
        let status = status().filter(|_| !is_guessing.get());
        Some(status.map_or_else(|| title.clone(), |status| status_line(locale.language(), &title, &status)))
    };
    view! {
        <button
            type="button"
            class="frame"
            class:on=move || is_shown.get()
            data-testid="frame"
            data-index=index.to_string()
            data-label=label
            data-probability=probability
            data-hint=hint
            aria-pressed=move || is_shown.get().to_string()
            tabindex=move || if has_tab_stop.get() { "0" } else { "-1" }
            on:click=move |_| on_show.run(())
        >
            <ThumbnailCanvas scan=scan />
            <span>{index + 1}</span>
            {move || status().map(|status| badge(locale.language(), status))}
        </button>
    }
}
