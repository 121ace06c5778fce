//! The status line, the progress bar, and what went wrong.

use std::sync::Arc;

use leptos::prelude::*;

use crate::bundle::card::ModelCard;
use crate::page::lines::{input_title, loading_line, timings_line, total_line};
use crate::page::numbers::percent;
use crate::page::state::{Model, Phase, Problem};
use crate::report::Report;
use crate::web::preferences::use_locale;

/// The status line below the scan; `data-phase` is a contract with the tests.
#[component]
pub fn StatusLine(
    /// What the page is doing.
    phase: Signal<Phase>,
    /// The scans that wait for an answer: the name of the next one, and their number.
    awaited: Signal<Option<(String, usize)>>,
    /// The report that is shown.
    report: Signal<Option<Arc<Report>>>,
    /// The card of the loaded model.
    card: Signal<Option<Arc<ModelCard>>>,
    /// How many scans a pause holds back; `None` while the queue runs.
    held_back: Signal<Option<usize>>,
    /// Pause is pressed, or resume: whether the queue is to be paused.
    on_pause: Callback<bool>,
    /// Cancel is pressed.
    on_cancel: Callback<()>,
) -> impl IntoView {
    let locale = use_locale();
    let is_analyzing = Memo::new(move |_| phase.get() == Phase::Analyzing);
    let is_paused = Memo::new(move |_| held_back.get().is_some());
    let is_waiting = Memo::new(move |_| is_analyzing.get() || held_back.get().is_some_and(|n_scans| n_scans > 0));
    let line = move || {
        let text = locale.text();
        match phase.get() {
            Phase::Loading(progress) => {
                view! { <span>{loading_line(locale.language(), text.loading, progress)}</span> }.into_any()
            }
            Phase::Ready => view! { <span>{(!is_paused.get()).then_some(text.ready)}</span> }.into_any(),
            Phase::Analyzing => {
                let awaited = awaited.get().map(|(name, n_scans)| (text.analyzing)(&name, n_scans));
                view! { <span>{awaited.unwrap_or_else(|| text.revising.to_owned())}</span> }.into_any()
            }
            Phase::Failed => {
                let still_stands = report.with(Option::is_some).then_some(text.still_stands);
                view! { <span class="bad">{text.failed} " " {still_stands}</span> }.into_any()
            }
            Phase::Done => {
                let timings = report.get().map(|report| report.timings_ms).unwrap_or_default();
                view! {
                    <span>
                        {text.done}
                        " "
                        <button type="button" class="plain tip" aria-description=timings_line(locale.language(), &timings)>
                            <code>{total_line(&timings)}</code>
                        </button>
                    </span>
                }
                .into_any()
            }
        }
    };
    let paused = move || {
        held_back.get().map(|n_scans| {
            let line = (locale.text().paused)(n_scans);
            view! { <span class="paused" data-testid="paused" data-scans=n_scans.to_string()>{line}</span> }
        })
    };
    let input = move || {
        report.get().map(|report| {
            let input = &report.input;
            view! {
                <span class="name">{input_title(input)}</span>
                <span><code>{format!("{} × {}", input.width, input.height)}</code></span>
                {input.laterality.map(|eye| view! { <span data-testid="laterality">{(locale.text().laterality)(eye)}</span> })}
            }
        })
    };
    view! {
        <div class="state">
            <span
                role="status"
                aria-live="polite"
                data-testid="status"
                data-phase=move || phase.get().name()
                data-kernels=move || card.with(|card| card.as_ref().map(|card| card.kernels.clone()))
                data-peak-bytes=move || card.with(|card| card.as_ref().and_then(|card| card.peak_bytes))
            >
                {line}
                {paused}
            </span>
            <Show when=move || is_analyzing.get() || is_paused.get()>
                <button
                    type="button"
                    class="quiet"
                    data-testid="pause"
                    aria-description=move || locale.text().pause_detail
                    on:click=move |_| on_pause.run(!is_paused.get_untracked())
                >
                    {move || if is_paused.get() { locale.text().resume } else { locale.text().pause }}
                </button>
            </Show>
            <Show when=move || is_waiting.get()>
                <button
                    type="button"
                    class="quiet"
                    data-testid="cancel"
                    aria-description=move || locale.text().cancel_detail
                    on:click=move |_| on_cancel.run(())
                >
                    {move || locale.text().cancel}
                </button>
            </Show>
            {input}
        </div>
    }
}

/// The progress bar above the scan: determinate while weights load and while the frames of a file are answered,
/// indeterminate while one answer is awaited.
#[component]
pub fn ProgressBar(
    /// What the page is doing.
    phase: Signal<Phase>,
    /// Of the file whose frames are being answered: those that are, and all of them.
    frames_done: Signal<Option<[usize; 2]>>,
) -> impl IntoView {
    let locale = use_locale();
    let percent = Memo::new(move |_| match phase.get() {
        Phase::Loading(progress) => Some(percent(progress)),
        Phase::Analyzing => frames_done.get().map(|[n_done, n_frames]| (n_done * 100 / n_frames.max(1)) as u64),
        _ => None,
    });
    let is_busy = Memo::new(move |_| matches!(phase.get(), Phase::Loading(_) | Phase::Analyzing));
    let label = move || match phase.get() {
        Phase::Loading(progress) => loading_line(locale.language(), locale.text().loading, progress),
        _ => locale.text().revising.to_owned(),
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

/// What went wrong, with a button for the next step.
#[component]
pub fn Problems(
    /// The model's own state.
    model: Signal<Model>,
    /// What else went wrong.
    problems: Signal<Vec<Problem>>,
    /// Retry is pressed.
    on_retry: Callback<()>,
    /// Dismiss is pressed.
    on_dismiss: Callback<()>,
) -> impl IntoView {
    let locale = use_locale();
    let banner = move || {
        let text = locale.text();
        let (lead, way_on) = match model.get() {
            Model::Lost(failure) => (
                Some(((text.lost)(&failure), failure)),
                view! { <button type="button" on:click=move |_| on_retry.run(())>{text.restart}</button> }.into_any(),
            ),
            Model::Failed(failure) => (
                Some((text.model_failed, failure)),
                view! { <button type="button" on:click=move |_| on_retry.run(())>{text.try_again}</button> }.into_any(),
            ),
            Model::Loading(_) | Model::Ready(_) | Model::Switching(..) => (
                None,
                view! {
                    <button type="button" class="icon" aria-label=text.dismiss on:click=move |_| on_dismiss.run(())>
                        "✕"
                    </button>
                }
                .into_any(),
            ),
        };
        let problems = problems.get();
        if problems.is_empty() && lead.is_none() {
            return None;
        }
        let lead = lead.map(|(lead, failure)| {
            view! {
                <p><b>{lead}</b></p>
                <p>{(text.failure)(&failure)}</p>
            }
        });
        let lines = problems.into_iter().map(|Problem { name, failure }| {
            view! { <p><b>{name}</b> ": " {(text.failure)(&failure)}</p> }
        });
        Some(view! {
            <div class="problems" role="alert" data-testid="error">
                <span class="sign" aria-hidden="true">"!"</span>
                <div>{lead} {lines.collect_view()}</div>
                {way_on}
            </div>
        })
    };
    view! { {banner} }
}
