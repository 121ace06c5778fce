//! The baseline on the page: its switch and its prediction.

use leptos::prelude::*;

use crate::page::comparison::{Comparison, Presence};
use crate::page::lines::{loading_line, prediction_line};
use crate::page::numbers::{percent, probability_of_label};
use crate::report::BaselineReport;
use crate::web::preferences::use_locale;

/// Switches the comparison on and off; nothing if there is no baseline.
#[component]
pub fn BaselineToggle(
    /// The baseline that is offered, and its state.
    comparison: Signal<Option<Comparison>>,
    /// The comparison is switched on or off.
    on_change: Callback<bool>,
) -> impl IntoView {
    let locale = use_locale();
    let is_offered = Memo::new(move |_| comparison.with(Option::is_some));
    let size = move || {
        let n_bytes = comparison.with(|c| c.as_ref().map_or(0, |c| c.baseline.bytes));
        (locale.text().megabytes)(n_bytes)
    };
    let presence = move || comparison.with(|c| c.as_ref().map(|c| c.presence));
    let is_wanted = move || comparison.with(|c| c.as_ref().is_some_and(|c| c.is_wanted));
    let loading = move || comparison.with(|c| c.as_ref().and_then(Comparison::loading));
    let words = move || {
        let text = locale.text();
        match (loading(), presence()) {
            (Some(progress), _) => loading_line(locale.language(), text.baseline_loading, progress),
            (None, Some(Presence::Here)) => text.compare.to_owned(),
            (None, _) => format!("{} ({})", text.compare, size()),
        }
    };
    view! {
        <Show when=move || is_offered.get()>
            <label class="compare">
                <input
                    type="checkbox"
                    data-testid="baseline-toggle"
                    aria-description=move || (locale.text().compare_detail)(&size())
                    data-presence=move || presence().map(Presence::name)
                    prop:checked=is_wanted
                    on:change=move |event| on_change.run(event_target_checked(&event))
                />
                <b>{words}</b>
                <i style:width=move || loading().map(|progress| format!("{}%", percent(progress)))></i>
            </label>
        </Show>
    }
}

/// The baseline's prediction, below its picture.
#[component]
pub fn BaselinePrediction(
    /// The baseline's report.
    baseline: Signal<Option<BaselineReport>>,
) -> impl IntoView {
    let locale = use_locale();
    let prediction = move || {
        baseline.get().map(|BaselineReport { model, image, .. }| {
            view! {
                <figcaption
                    data-testid="baseline-prediction"
                    data-label=image.label.clone()
                    data-probability=probability_of_label(&image).to_string()
                >
                    <button
                        type="button"
                        class="plain tip"
                        aria-description=format!("{} · SHA-256 {}", model.name, model.sha256)
                    >
                        {locale.text().baseline}
                    </button>
                    <span>{prediction_line(locale.language(), &image)}</span>
                </figcaption>
            }
        })
    };
    view! { {prediction} }
}
