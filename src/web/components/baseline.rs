//! The baseline on the page: the switch that brings it, and what it says.

use leptos::prelude::*;

use crate::protocol::Progress;
use crate::web::companion::Presence;
use crate::web::components::status::loading_text;
use crate::web::components::{prediction_text, probability_of_label};
use crate::web::ui::use_ui;

/// Switches the comparison on and off; nothing where there is no baseline.
#[component]
pub fn BaselineToggle() -> impl IntoView {
    let ui = use_ui();
    let companion = Memo::new(move |_| ui.with(|state| state.companion.clone()));
    let is_offered = Memo::new(move |_| companion.with(Option::is_some));
    let size = move || companion.with(|c| c.as_ref().map_or(0, |c| c.choice.bytes)) as f64 / 1e6;
    let presence = move || companion.with(|c| c.as_ref().map(|c| c.presence));
    let is_wanted = move || companion.with(|c| c.as_ref().is_some_and(|c| c.is_wanted));
    let words = move || {
        let text = ui.text();
        match presence() {
            Some(Presence::Coming(progress)) if is_wanted() => loading_text(text.baseline_loading, text, progress),
            Some(Presence::Here) => text.compare.to_owned(),
            _ => format!("{} ({})", text.compare, (text.megabytes)(size())),
        }
    };
    let percent = move || match presence() {
        Some(Presence::Coming(Progress { done_bytes, total_bytes })) if is_wanted() => {
            Some(format!("{}%", done_bytes * 100 / total_bytes.max(1)))
        }
        _ => None,
    };
    view! {
        <Show when=move || is_offered.get()>
            <label class="compare" title=move || (ui.text().compare_detail)(&(ui.text().megabytes)(size()))>
                <input
                    type="checkbox"
                    data-testid="baseline-toggle"
                    data-presence=move || presence().map(Presence::name)
                    prop:checked=is_wanted
                    on:change=move |event| ui.set_comparing(event_target_checked(&event))
                />
                <b>{words}</b>
                <i style:width=percent></i>
            </label>
        </Show>
    }
}

/// What the baseline says of the scan, below its picture.
#[component]
pub fn BaselinePrediction() -> impl IntoView {
    let ui = use_ui();
    let prediction = move || {
        let report = ui.report()?;
        let baseline = report.baseline.as_ref()?;
        let title = format!("{} · SHA-256 {}", baseline.model.name, baseline.model.sha256);
        Some(view! {
            <figcaption
                data-testid="baseline-prediction"
                data-label=baseline.image.label.clone()
                data-probability=probability_of_label(&baseline.image).to_string()
                title=title
            >
                <b>{ui.text().baseline}</b>
                <span>{prediction_text(&baseline.image)}</span>
            </figcaption>
        })
    };
    view! { {prediction} }
}
