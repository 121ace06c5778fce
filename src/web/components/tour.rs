//! The bar of the tour: what the step shows, and the way to the next one.

use leptos::html;
use leptos::prelude::*;

use crate::page::teach::tour::N_STEPS;
use crate::web::preferences::use_locale;
use crate::web::teach::Teach;

/// The step of the tour, while there is one.
#[component]
pub fn TourBar(
    /// What a lecture shows.
    teach: Teach,
) -> impl IntoView {
    let locale = use_locale();
    let text = move || locale.text().teach;
    let at = Memo::new(move |_| teach.with(|state| state.tour.at()));
    let is_on = Memo::new(move |_| at.get().is_some());
    let step = move || text().steps[at.get().unwrap_or(1) - 1];
    let next = NodeRef::<html::Button>::new();
    // The tour begins where a card is far from: keys go on from here.
    Effect::new(move || {
        if let Some(next) = next.get() {
            // A button that is there takes the focus.
            let _ = next.focus();
        }
    });
    let go = move |by: isize| {
        if let Some(at) = at.get_untracked() {
            teach.go(at.saturating_add_signed(by));
        }
    };
    view! {
        <Show when=move || is_on.get()>
            <section
                class="tour"
                data-testid="tour-step"
                data-step=move || at.get().map(|at| at.to_string())
                aria-label=move || text().tour
            >
                <div role="status">
                    <p>
                        <small>{move || (text().step)(at.get().unwrap_or(1), N_STEPS)}</small>
                        " "
                        <b>{move || step()[0]}</b>
                    </p>
                    <p>{move || step()[1]}</p>
                </div>
                <div class="teach-tools">
                    <button
                        type="button"
                        data-testid="tour-back"
                        aria-disabled=move || (at.get() == Some(1)).to_string()
                        on:click=move |_| go(-1)
                    >
                        {move || text().back}
                    </button>
                    <button
                        node_ref=next
                        type="button"
                        data-testid="tour-next"
                        aria-disabled=move || (at.get() == Some(N_STEPS)).to_string()
                        on:click=move |_| go(1)
                    >
                        {move || text().next}
                    </button>
                    <button
                        type="button"
                        data-testid="tour-leave"
                        on:click=move |_| teach.update(|state| state.tour.leave())
                    >
                        {move || text().leave}
                    </button>
                </div>
            </section>
        </Show>
    }
}
