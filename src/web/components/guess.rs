//! Votes before an answer: a button for each choice with its count, then the answer beside the votes.

use std::sync::Arc;

use leptos::prelude::*;

use crate::page::classes::ClassGroup;
use crate::page::lines::{prediction_line, vote_line};
use crate::page::teach::guess::{CHOICES, vote_name};
use crate::report::Report;
use crate::web::preferences::use_locale;
use crate::web::teach::Teach;

/// The votes on the shown picture, while answers are hidden first.
#[component]
pub fn GuessCard(
    /// What a lecture shows.
    teach: Teach,
    /// The report about the scan that is shown.
    report: Signal<Option<Arc<Report>>>,
) -> impl IntoView {
    let locale = use_locale();
    let text = move || locale.text().teach;
    let is_on = Memo::new(move |_| teach.with(|state| state.guess.is_on()) && report.with(Option::is_some));
    let counts = Memo::new(move |_| {
        report.with(|report| {
            report.as_ref().map(|report| teach.with(|state| state.guess.counts(&report.input))).unwrap_or_default()
        })
    });
    let button = move |at: usize, group: ClassGroup| {
        let count = move || counts.get()[at];
        view! {
            <button
                type="button"
                data-testid="vote"
                data-vote=vote_name(group)
                data-count=move || count().to_string()
                disabled=move || !teach.is_hiding()
                on:click=move |_| teach.vote(|state, input| state.guess.vote(input, group))
            >
                {move || vote_line(locale.language(), group, count())}
            </button>
        }
    };
    let outcome = move || {
        let report = report.get()?;
        let outcome = teach.with(|state| state.guess.outcome(&report.input, &report.image))?;
        Some((text().outcome)(outcome, &prediction_line(locale.language(), &report.image)))
    };
    view! {
        <Show when=move || is_on.get()>
            <section class="card guess" data-testid="guess-card">
                <h2>{move || text().vote}</h2>
                <div class="teach-tools" role="group" aria-label=move || text().vote>
                    {CHOICES.into_iter().enumerate().map(|(at, group)| button(at, group)).collect_view()}
                </div>
                <p class="note" role="status" data-testid="guess-outcome">
                    {move || outcome().unwrap_or_else(|| text().hidden_answer.to_owned())}
                </p>
                <div class="teach-tools">
                    <button
                        type="button"
                        data-testid="guess-show"
                        disabled=move || !teach.is_hiding() || counts.get() == [0; CHOICES.len()]
                        on:click=move |_| teach.vote(|state, input| state.guess.show(input))
                    >
                        {move || text().show_answer}
                    </button>
                    <button
                        type="button"
                        data-testid="guess-again"
                        disabled=move || counts.get() == [0; CHOICES.len()]
                        on:click=move |_| teach.vote(|state, input| state.guess.clear(input))
                    >
                        {move || text().vote_again}
                    </button>
                </div>
            </section>
        </Show>
    }
}
