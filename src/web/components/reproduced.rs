//! What became of a saved report that was opened again, and which scans of such reports are missing.

use leptos::prelude::*;

use crate::page::lines::{missing_lines, reproduced_lines};
use crate::page::reproduce::Outcome;
use crate::page::state::{PageState, Reproduced};
use crate::web::preferences::use_locale;
use crate::web::session::Session;

/// The notice about saved reports; nothing where none was opened.
#[component]
pub fn ReproducedNotice(
    /// The page's state.
    session: Session,
) -> impl IntoView {
    let locale = use_locale();
    let state = Memo::new(move |_| session.with(PageState::reproduced));
    let missing = Memo::new(move |_| session.with(|page| page.without_scan().to_vec()));
    let outcome = move || {
        state.get().map(|state| {
            let (is_same, phase) = match &state {
                Reproduced::Comparing => (None, "comparing"),
                Reproduced::Done(outcome) => (Some(Outcome::is_same(outcome)), "done"),
            };
            let lines = reproduced_lines(locale.language(), &state);
            view! {
                <section
                    class="card again"
                    class:differ=is_same == Some(false)
                    role="status"
                    data-testid="reproduced"
                    data-phase=phase
                    data-same=is_same.map(|is_same| is_same.to_string())
                >
                    <h2>{locale.text().report.again}</h2>
                    {lines.into_iter().map(|line| view! { <p>{line}</p> }).collect_view()}
                </section>
            }
        })
    };
    let wanted = move || {
        let missing = missing.get();
        (!missing.is_empty()).then(|| {
            view! {
                <section class="card again" role="status" data-testid="scan-missing">
                    <h2>{locale.text().report.again}</h2>
                    {missing_lines(locale.language(), &missing)
                        .into_iter()
                        .map(|line| view! { <p>{line}</p> })
                        .collect_view()}
                    <button type="button" on:click=move |_| session.act(|page| {
                        page.forget_missing();
                        Vec::new()
                    })>{locale.text().dismiss}</button>
                </section>
            }
        })
    };
    view! {
        {wanted}
        {outcome}
    }
}
