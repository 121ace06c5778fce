//! How things stand: the state line, the progress of loading, and what went wrong.

use leptos::prelude::*;

use crate::protocol::Progress;
use crate::report::TimingsMs;
use crate::web::state::{Model, Phase};
use crate::web::text::Text;
use crate::web::ui::use_ui;

/// The state line below the scan; `data-phase` is a contract with the tests.
#[component]
pub fn StatusLine() -> impl IntoView {
    let ui = use_ui();
    let step = move || {
        let text = ui.text();
        match ui.phase.get() {
            Phase::Loading(progress) => view! { <span>{loading_text(text.loading, text, progress)}</span> }.into_any(),
            Phase::Ready => view! { <span>{text.ready}</span> }.into_any(),
            Phase::Analyzing(_) => {
                let awaited = ui.with(|state| state.awaited().map(|(name, n)| (text.analyzing)(name, n)));
                view! { <span>{awaited.unwrap_or_else(|| text.revising.to_owned())}</span> }.into_any()
            }
            Phase::Failed => {
                let still_stands = ui.report().map(|_| text.still_stands);
                view! { <span class="bad">{text.failed} " " {still_stands}</span> }.into_any()
            }
            Phase::Done => ui
                .report()
                .map(|report| {
                    let total_ms = total_ms(&report.timings_ms);
                    view! {
                        <span title=timings_text(text, &report.timings_ms)>
                            {text.done} " " <code>{format!("{total_ms:.0} ms")}</code>
                        </span>
                    }
                })
                .into_any(),
        }
    };
    let input = move || {
        ui.report().map(|report| {
            let input = &report.input;
            view! {
                <span class="name">{input.name.clone()}</span>
                <span><code>{format!("{} × {}", input.width, input.height)}</code></span>
            }
        })
    };
    view! {
        <div class="state">
            <span
                role="status"
                aria-live="polite"
                data-testid="status"
                data-phase=move || ui.phase.get().name()
                data-kernels=move || ui.card().map(|card| card.kernels.clone())
                data-peak-bytes=move || ui.card().and_then(|card| card.peak_bytes)
            >
                {step}
            </span>
            {input}
        </div>
    }
}

/// The bar over the scan: filled as the weights come, running while an answer is awaited.
#[component]
pub fn ProgressBar() -> impl IntoView {
    let ui = use_ui();
    let percent = Memo::new(move |_| match ui.phase.get() {
        Phase::Loading(Progress { done_bytes, total_bytes }) => Some(done_bytes * 100 / total_bytes.max(1)),
        _ => None,
    });
    let is_busy = Memo::new(move |_| matches!(ui.phase.get(), Phase::Loading(_) | Phase::Analyzing(_)));
    let label = move || match ui.phase.get() {
        Phase::Loading(progress) => loading_text(ui.text().loading, ui.text(), progress),
        _ => ui.text().revising.to_owned(),
    };
    view! {
        <Show when=move || is_busy.get()>
            <div
                class="progress"
                class:running=move || percent.get().is_none()
                role="progressbar"
                data-testid="progress"
                aria-label=label
                aria-valuemin="0"
                aria-valuemax="100"
                aria-valuenow=move || percent.get().map(|percent| percent.to_string())
            >
                <i style:width=move || percent.get().map(|percent| format!("{percent}%"))></i>
            </div>
        </Show>
    }
}

/// What went wrong, with the next step to take.
#[component]
pub fn Problems() -> impl IntoView {
    let ui = use_ui();
    let banner = move || {
        let text = ui.text();
        let (problems, model) = ui.with(|state| (state.problems.clone(), state.model.clone()));
        if problems.is_empty() {
            return None;
        }
        let lead = match model {
            Model::Lost => Some(text.lost),
            Model::Failed => Some(text.model_failed),
            Model::Loading(_) | Model::Ready(_) => None,
        };
        let way_on = match model {
            Model::Lost => view! {
                <button type="button" on:click=|_| drop(window().location().reload())>{text.reload}</button>
            }
            .into_any(),
            Model::Failed => {
                view! { <button type="button" on:click=move |_| ui.load_again()>{text.try_again}</button> }.into_any()
            }
            Model::Loading(_) | Model::Ready(_) => view! {
                <button type="button" class="icon" aria-label=text.dismiss on:click=move |_| ui.dismiss_problems()>
                    "✕"
                </button>
            }
            .into_any(),
        };
        let lines = problems.into_iter().map(|problem| {
            view! {
                <p>
                    {problem.name.map(|name| view! { <b>{name}</b> ": " })}
                    {problem.message}
                </p>
            }
        });
        Some(view! {
            <div class="problems" role="alert" data-testid="error">
                <span class="sign" aria-hidden="true">"!"</span>
                <div>{lead.map(|lead| view! { <p><b>{lead}</b></p> })} {lines.collect_view()}</div>
                {way_on}
            </div>
        })
    };
    view! { {banner} }
}

/// What is said while weights come; `what` comes.
pub fn loading_text(what: &str, text: &Text, progress: Progress) -> String {
    if progress.total_bytes == 0 {
        return what.to_owned();
    }
    let done = (text.megabytes)(progress.done_bytes as f64 / 1e6);
    let total = (text.megabytes)(progress.total_bytes as f64 / 1e6);
    format!("{what}: {done} / {total}")
}

fn steps(text: &Text, timings: &TimingsMs) -> [(&'static str, f64); 5] {
    [
        (text.decode, timings.decode),
        (text.preprocess, timings.preprocess),
        (text.image_encoder, timings.image_encoder),
        (text.text_encoder, timings.text_encoder),
        (text.explain, timings.explain),
    ]
}

fn total_ms(timings: &TimingsMs) -> f64 {
    timings.decode + timings.preprocess + timings.image_encoder + timings.text_encoder + timings.explain
}

fn timings_text(text: &Text, timings: &TimingsMs) -> String {
    steps(text, timings).map(|(step, ms)| format!("{step} {ms:.0} ms")).join(" · ")
}
