//! The strip of scans: where new ones come in, those of this session, and the samples.

use leptos::html;
use leptos::prelude::*;
use serde::Deserialize;

use crate::web::canvas;
use crate::web::components::probability_text;
use crate::web::fetch;
use crate::web::state::Entry;
use crate::web::ui::use_ui;

/// The list of samples, beside the page.
const SAMPLES_URL: &str = "samples/index.json";
/// What the file dialog offers; whatever else comes is told why it cannot be read.
const ACCEPT: &str = "image/png,image/jpeg,image/tiff,image/bmp,.png,.jpg,.jpeg,.tif,.tiff,.bmp";
/// Thumbnails are drawn with at most this many pixels.
const MAX_THUMBNAIL_PIXELS: usize = 40_000;
/// The class whose probability stands on a thumbnail, where the model knows two.
const BADGE_LABEL: &str = "AMD";

#[derive(Clone, Deserialize)]
struct Samples {
    samples: Vec<Sample>,
}

#[derive(Clone, Deserialize)]
struct Sample {
    file: String,
    title: String,
}

/// The strip of scans.
#[component]
pub fn Strip() -> impl IntoView {
    let ui = use_ui();
    let input = NodeRef::<html::Input>::new();
    let on_change = move |_| {
        if let Some(input) = input.get_untracked() {
            ui.open_list(input.files());
            // The same file may be chosen again.
            input.set_value("");
        }
    };
    let scans = Memo::new(move |_| ui.with(|state| state.scans.iter().map(|entry| entry.id).collect::<Vec<_>>()));
    view! {
        <nav class="strip" aria-label=move || ui.text().scans>
            <h2>{move || ui.text().scans}</h2>
            <label class="drop" data-testid="drop-zone">
                <input
                    node_ref=input
                    type="file"
                    multiple
                    accept=ACCEPT
                    class="hidden-input"
                    data-testid="file-input"
                    on:change=on_change
                />
                <span>{move || ui.text().drop_here}<u>{move || ui.text().choose}</u></span>
                <small>{move || (ui.text().formats)()}</small>
            </label>
            <For each=move || scans.get() key=|id| *id let:id>
                <ScanThumbnail id=id />
            </For>
            <SampleList />
        </nav>
    }
}

/// A scan of this session.
#[component]
fn ScanThumbnail(
    /// Its number.
    id: u32,
) -> impl IntoView {
    let ui = use_ui();
    let picture = NodeRef::<html::Canvas>::new();
    let entry = move || ui.with(|state| state.scans.iter().find(|entry| entry.id == id).cloned());
    Effect::new(move || {
        if let (Some(canvas), Some(entry)) = (picture.get(), untrack(entry)) {
            let size = [entry.report.input.width, entry.report.input.height];
            canvas::paint_scan(&canvas, &entry.pixels, size, MAX_THUMBNAIL_PIXELS);
        }
    });
    let name = move || entry().map(|entry| entry.report.input.name.clone());
    let is_on = Memo::new(move |_| ui.shown.with(|shown| shown.as_ref().is_some_and(|entry| entry.id == id)));
    let badge = move || {
        entry().map(|entry| {
            let Badge { label, probability, shown } = badge_of(&entry);
            let title = (ui.text().probability_of)(&label, &probability);
            view! { <em title=title.clone() aria-label=title>{shown}</em> }
        })
    };
    view! {
        <button
            type="button"
            class="thumb"
            class:on=move || is_on.get()
            data-testid="scan"
            aria-pressed=move || is_on.get().to_string()
            title=name
            on:click=move |_| ui.show(id)
        >
            <canvas node_ref=picture aria-hidden="true"></canvas>
            <span>{name}</span>
            {badge}
        </button>
    }
}

/// What a thumbnail says of its scan.
struct Badge {
    label: String,
    probability: String,
    shown: String,
}

/// Of two classes, one number tells both; of more, the label must stand beside it.
fn badge_of(entry: &Entry) -> Badge {
    let image = &entry.report.image;
    let is_of_two = image.probabilities.len() == 2 && image.probabilities.contains_key(BADGE_LABEL);
    let label = if is_of_two { BADGE_LABEL } else { image.label.as_str() };
    let probability = probability_text(image.probabilities.get(label).copied().unwrap_or_default());
    let shown = if is_of_two { probability.clone() } else { format!("{label} {probability}") };
    Badge { label: label.to_owned(), probability, shown }
}

/// The samples beside the page; nothing where there are none.
#[component]
fn SampleList() -> impl IntoView {
    let ui = use_ui();
    let samples = LocalResource::new(|| async {
        let list = fetch::text(SAMPLES_URL).await.ok()?;
        Some(serde_json::from_str::<Samples>(&list).ok()?.samples)
    });
    let thumbnails = move || {
        let samples = samples.get().flatten()?;
        let thumbnail = |Sample { file, title }: Sample| {
            let source = format!("samples/{file}");
            view! {
                <button
                    type="button"
                    class="thumb"
                    data-testid="sample"
                    data-file=file.clone()
                    on:click=move |_| ui.open_sample(file.clone())
                >
                    <img alt="" src=source loading="lazy" decoding="async" />
                    <span>{move || ui.language.get().translated(&title)}</span>
                </button>
            }
        };
        Some(view! {
            <h2 title=move || ui.text().samples_detail>{move || ui.text().samples}</h2>
            {samples.into_iter().map(thumbnail).collect_view()}
        })
    };
    view! { {thumbnails} }
}
