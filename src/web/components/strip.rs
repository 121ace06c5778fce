//! The strip of scans: the drop zone, the open scans, and the demo scans.

use std::sync::Arc;

use leptos::ev::{KeyboardEvent, MouseEvent};
use leptos::html;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{FileList, HtmlElement};

use crate::eye::EyeAnswer;
use crate::page::demo::{DemoScan, url_of};
use crate::page::reading::{eye_status, scan_status};
use crate::page::scans::OpenScan;
use crate::page::state::EyeGroup;
use crate::protocol::ScanId;
use crate::scan::format;
use crate::web::canvas;
use crate::web::components::badge::badge;
use crate::web::components::eye::Eye;
use crate::web::components::frames::Frames;
use crate::web::preferences::use_locale;
use crate::web::session::is_other_scan;

/// Thumbnails are drawn with at most this many pixels.
const MAX_THUMBNAIL_PIXELS: usize = 40_000;

/// The `id` of the file input.
const FILE_INPUT: &str = "choose-scans";

/// How a scan is taken off the list.
#[derive(Clone, Copy, PartialEq)]
enum Removal {
    ByKeyboard,
    ByPointer,
}

/// The `id` of a scan's thumbnail.
fn thumbnail_id(scan: ScanId) -> String {
    format!("scan-{scan}")
}

fn focus(id: &str) {
    if let Some(element) = document().get_element_by_id(id).and_then(|element| element.dyn_into::<HtmlElement>().ok()) {
        // An element that cannot take the focus leaves it where it is.
        let _ = element.focus();
    }
}

/// The strip of scans.
#[component]
pub fn Strip(
    /// The files that are open, by their first frames, in order.
    scans: Signal<Vec<ScanId>>,
    /// Looks one of them up; read by each thumbnail on its own.
    scan_of: Callback<ScanId, Option<OpenScan>>,
    /// Looks up the one that takes its place when it is removed.
    neighbour_of: Callback<ScanId, Option<ScanId>>,
    /// Lists the frames of a file; none of a file with one.
    frames_of: Callback<ScanId, Vec<ScanId>>,
    /// What the frames of a file say together, and whether that is folded; nothing of a file with one.
    eye_of: Callback<ScanId, Option<(EyeAnswer, bool)>>,
    /// The files of one eye, or that may be, of which a file is the first.
    eye_group_of: Callback<ScanId, Option<EyeGroup>>,
    /// The scan that is shown, and its file.
    shown: Signal<Option<[ScanId; 2]>>,
    /// The demo scans.
    demo_scans: Signal<Vec<DemoScan>>,
    /// Files are chosen.
    on_open: Callback<Option<FileList>>,
    /// A demo scan is chosen, by its file.
    on_demo: Callback<String>,
    /// A scan is to be shown.
    on_show: Callback<ScanId>,
    /// The frame so many further than the shown one is to be shown.
    on_step: Callback<isize>,
    /// The visitor says that what was opened with a file is of one eye, or takes it back.
    on_one_eye: Callback<(ScanId, bool)>,
    /// A scan is to be taken off the list.
    on_remove: Callback<ScanId>,
) -> impl IntoView {
    let locale = use_locale();
    let remove = move |id: ScanId, way: Removal| {
        if way == Removal::ByKeyboard {
            // Else the focus would go back to the top of the page with the thumbnail.
            focus(neighbour_of.run(id).map_or(FILE_INPUT.to_owned(), thumbnail_id).as_str());
        }
        on_remove.run(id);
    };
    let file = move |id: ScanId| {
        let eye = Memo::new(move |_| eye_of.run(id));
        view! {
            <div class="file">
                <Eye
                    group=Memo::new(move |_| eye_group_of.run(id)).into()
                    on_one_eye=Callback::new(move |is_one| on_one_eye.run((id, is_one)))
                />
                <Thumbnail
                    id=thumbnail_id(id)
                    scan=Memo::new_with_compare(move |_| scan_of.run(id), is_other_scan).into()
                    eye=eye.into()
                    is_shown=Signal::derive(move || shown.get().is_some_and(|[_, file]| file == id))
                    on_show=Callback::new(move |()| on_show.run(id))
                    on_remove=Callback::new(move |way| remove(id, way))
                />
                <Frames
                    frames=Memo::new(move |_| frames_of.run(id)).into()
                    scan_of=scan_of
                    eye=eye.into()
                    shown=Signal::derive(move || shown.get().map(|[scan, _]| scan))
                    on_show=on_show
                    on_step=on_step
                />
            </div>
        }
    };
    view! {
        <nav class="strip" aria-label=move || locale.text().scans>
            <h2>{move || locale.text().scans}</h2>
            <DropZone on_open=on_open />
            <For each=move || scans.get() key=|id| *id children=file />
            <DemoScans demo_scans=demo_scans on_choose=on_demo />
        </nav>
    }
}

/// The file input. A drop is accepted anywhere on the page.
#[component]
fn DropZone(
    /// Files are chosen.
    on_open: Callback<Option<FileList>>,
) -> impl IntoView {
    let locale = use_locale();
    let input = NodeRef::<html::Input>::new();
    let on_change = move |_| {
        if let Some(input) = input.get_untracked() {
            on_open.run(input.files());
            // The same file may be chosen again.
            input.set_value("");
        }
    };
    view! {
        <label class="drop" data-testid="drop-zone">
            <input
                node_ref=input
                id=FILE_INPUT
                type="file"
                multiple
                accept=format::accept()
                class="hidden-input"
                data-testid="file-input"
                on:change=on_change
            />
            <span>{move || locale.text().drop_here}<u>{move || locale.text().choose}</u></span>
            <small>{move || (locale.text().formats)()}</small>
        </label>
    }
}

/// A scan that is open.
#[component]
fn Thumbnail(
    /// The `id` of its button.
    id: String,
    /// The scan.
    scan: Signal<Option<OpenScan>>,
    /// What its frames say together, if it has several, and whether that is folded.
    eye: Signal<Option<(EyeAnswer, bool)>>,
    /// Whether it is the one that is shown.
    is_shown: Signal<bool>,
    /// It is to be shown.
    on_show: Callback<()>,
    /// It is to be taken off the list.
    on_remove: Callback<Removal>,
) -> impl IntoView {
    let locale = use_locale();
    let canvas = NodeRef::<html::Canvas>::new();
    // Drawn when the pixels arrive; the drawing stays when they are released.
    let picture = Memo::new_with_compare(
        move |_| {
            scan.with(|scan| {
                let scan = scan.as_ref()?;
                let input = &scan.report()?.input;
                Some((scan.pixels()?.clone(), [input.width, input.height]))
            })
        },
        |old, new| {
            let pixels = |picture: Option<&Option<(Arc<Vec<u8>>, _)>>| picture?.as_ref().map(|(p, _)| Arc::as_ptr(p));
            pixels(old) != pixels(new)
        },
    );
    Effect::new(move || {
        if let (Some(canvas), Some((pixels, size))) = (canvas.get(), picture.get()) {
            canvas::paint_scan(&canvas, &pixels, size, MAX_THUMBNAIL_PIXELS);
        }
    });
    let name = move || scan.with(|scan| scan.as_ref().map(|scan| scan.name.clone()));
    let is_waiting = move || scan.with(|scan| scan.as_ref().is_some_and(OpenScan::is_awaited));
    // Of a volume it is the answer for the eye that counts, not that of its first frame.
    let status = move || match eye.get() {
        Some((eye, is_folded)) => Some(eye_status(&eye, is_folded)),
        None => scan.with(|scan| scan.as_ref().map(scan_status)),
    };
    let corner = move || status().map(|status| badge(locale.language(), status));
    let on_key = move |event: KeyboardEvent| {
        if ["Delete", "Backspace"].contains(&event.key().as_str()) {
            event.prevent_default();
            // A key held down must not remove the neighbours too, which have the focus next.
            if !event.repeat() {
                on_remove.run(Removal::ByKeyboard);
            }
        }
    };
    // A key's click counts no clicks.
    let on_click = move |event: MouseEvent| {
        on_remove.run(if event.detail() == 0 { Removal::ByKeyboard } else { Removal::ByPointer });
    };
    view! {
        <div class="open-scan">
            <button
                id=id
                type="button"
                class="thumb"
                class:on=move || is_shown.get()
                class:waiting=is_waiting
                data-testid="scan"
                aria-pressed=move || is_shown.get().to_string()
                title=name
                on:click=move |_| on_show.run(())
                on:keydown=on_key
            >
                <canvas node_ref=canvas aria-hidden="true"></canvas>
                <span class="label"><span>{name}</span>{corner}</span>
            </button>
            <button
                type="button"
                class="remove"
                data-testid="scan-remove"
                title=move || locale.text().remove
                aria-label=move || locale.text().remove
                on:click=on_click
            >
                "✕"
            </button>
        </div>
    }
}

/// The demo scans; nothing if there are none.
#[component]
fn DemoScans(
    /// The demo scans.
    demo_scans: Signal<Vec<DemoScan>>,
    /// One is chosen, by its file.
    on_choose: Callback<String>,
) -> impl IntoView {
    let locale = use_locale();
    let thumbnail = move |DemoScan { file, title, .. }: DemoScan| {
        let source = url_of(&file);
        view! {
            <button
                type="button"
                class="thumb"
                data-testid="sample"
                data-file=file.clone()
                on:click=move |_| on_choose.run(file.clone())
            >
                <img alt="" src=source loading="lazy" decoding="async" />
                <span class="label"><span>{move || locale.language().translated(&title)}</span></span>
            </button>
        }
    };
    view! {
        <Show when=move || demo_scans.with(|scans| !scans.is_empty())>
            <h2 title=move || locale.text().samples_detail>{move || locale.text().samples}</h2>
            {move || demo_scans.get().into_iter().map(thumbnail).collect_view()}
        </Show>
    }
}
