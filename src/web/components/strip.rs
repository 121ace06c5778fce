//! The strip of scans: the drop zone, the open scans, and the demo scans.

use leptos::ev::{KeyboardEvent, MouseEvent};
use leptos::html;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{FileList, HtmlElement};

use crate::eye::EyeAnswer;
use crate::page::demo::{DemoScan, url_of};
use crate::page::lines::status_line;
use crate::page::reading::{eye_status, scan_status};
use crate::page::scans::OpenScan;
use crate::page::series::step;
use crate::page::state::EyeGroup;
use crate::protocol::ScanId;
use crate::scan::format;
use crate::web::components::badge::badge;
use crate::web::components::eye::Eye;
use crate::web::components::frames::Frames;
use crate::web::components::series::{SeriesBar, SeriesEnd};
use crate::web::components::thumbnail::ThumbnailCanvas;
use crate::web::preferences::use_locale;
use crate::web::session::{Session, is_other_scan};

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
    /// The page's state, for the counts and controls of all scans.
    session: Session,
    /// Whether the table of all scans is open.
    is_table_open: RwSignal<bool>,
    /// The files that are open, by their first frames, in order.
    scans: Signal<Vec<ScanId>>,
    /// Looks one of them up; read by each thumbnail on its own.
    scan_of: Callback<ScanId, Option<OpenScan>>,
    /// Looks up the one that takes its place when it is removed.
    neighbour_of: Callback<ScanId, Option<ScanId>>,
    /// Lists the frames of a file, each with its number from 0; none of a file with one.
    frames_of: Callback<ScanId, Vec<(usize, ScanId)>>,
    /// What the frames of a file say together, and whether that is folded; nothing of a file with one.
    eye_of: Callback<ScanId, Option<(EyeAnswer, bool)>>,
    /// The files of one eye, or that may be, of which a file is the first.
    eye_group_of: Callback<ScanId, Option<EyeGroup>>,
    /// The scan that is shown, and its file.
    shown: Signal<Option<[ScanId; 2]>>,
    /// Whether a class votes before it sees answers.
    is_guessing: Signal<bool>,
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
    // To the file so many further; the focus goes with it.
    let on_move = move |from: ScanId, by: isize| {
        if let Some(to) = scans.with_untracked(|scans| step(scans, from, by)).filter(|to| *to != from) {
            on_show.run(to);
            focus(&thumbnail_id(to));
        }
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
                    is_guessing=is_guessing
                    on_show=Callback::new(move |()| on_show.run(id))
                    on_move=Callback::new(move |by| on_move(id, by))
                    on_remove=Callback::new(move |way| remove(id, way))
                />
                <Frames
                    frames=Memo::new(move |_| frames_of.run(id)).into()
                    scan_of=scan_of
                    eye=eye.into()
                    shown=Signal::derive(move || shown.get().map(|[scan, _]| scan))
                    is_guessing=is_guessing
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
            <SeriesBar session=session is_table_open=is_table_open />
            <div class="film">
                <For each=move || scans.get() key=|id| *id children=file />
                <SeriesEnd session=session />
            </div>
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
                accept=format!("{},.json,.safetensors", format::accept())
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
    /// Whether a class votes before it sees answers.
    is_guessing: Signal<bool>,
    /// It is to be shown.
    on_show: Callback<()>,
    /// The scan so many further is to be shown.
    on_move: Callback<isize>,
    /// It is to be taken off the list.
    on_remove: Callback<Removal>,
) -> impl IntoView {
    let locale = use_locale();
    let name = move || scan.with(|scan| scan.as_ref().map(|scan| scan.name.clone()));
    // One that is read again has its answer.
    let is_waiting =
        move || scan.with(|scan| scan.as_ref().is_some_and(|scan| scan.is_awaited() && scan.answer.is_none()));
    // Of a volume it is the answer for the eye that counts, not that of its first frame.
    let status = move || match eye.get() {
        Some((eye, is_folded)) => Some(eye_status(&eye, is_folded)),
        None => scan.with(|scan| scan.as_ref().map(scan_status)),
    };
    let hint = move || {
        let name = name()?;
        let status = status().filter(|_| !is_guessing.get());
        Some(status.map_or_else(|| name.clone(), |status| status_line(locale.language(), &name, &status)))
    };
    let corner = move || status().map(|status| badge(locale.language(), status));
    let on_key = move |event: KeyboardEvent| {
        let by = match event.key().as_str() {
            "ArrowDown" | "ArrowRight" => 1,
            "ArrowUp" | "ArrowLeft" => -1,
            "End" => isize::MAX,
            "Home" => isize::MIN,
            _ => 0,
        };
        if by != 0 {
            event.prevent_default();
            on_move.run(by);
        }
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
                data-hint=hint
                on:click=move |_| on_show.run(())
                on:keydown=on_key
            >
                <ThumbnailCanvas scan=scan />
                <span class="label"><span>{name}</span>{corner}</span>
            </button>
            <button
                type="button"
                class="remove"
                data-testid="scan-remove"
                data-hint=""
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
            // Apart from the open scans: what is opened must not move it from under the pointer.
            <div class="samples">
                <h2>{move || locale.text().samples}</h2>
                <p class="note samples-note" data-testid="samples-note">{move || locale.text().models.samples_note}</p>
                {move || demo_scans.get().into_iter().map(thumbnail).collect_view()}
            </div>
        </Show>
    }
}
