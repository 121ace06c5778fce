//! Lines of the footer: the page works offline, and a new version of it is ready.

use leptos::prelude::*;

use crate::web::preferences::use_locale;

/// That the page works without its host, once it does.
#[component]
pub fn WorksOffline(
    /// Whether it does.
    is_kept: Signal<bool>,
) -> impl IntoView {
    let locale = use_locale();
    view! {
        <Show when=move || is_kept.get()>
            <span data-testid="offline-ready">{move || locale.text().offline.works}</span>
        </Show>
    }
}

/// That a new version is ready, with a button that loads it.
#[component]
pub fn UpdateNotice(
    /// Whether there is one.
    has_update: Signal<bool>,
    /// Whether scans are open, which loading it closes.
    has_scans: Signal<bool>,
    /// The button is pressed.
    on_switch: Callback<()>,
) -> impl IntoView {
    let locale = use_locale();
    // There from the start: what appears in it is read out.
    view! {
        <div class="update" role="status">
            <Show when=move || has_update.get()>
                <p data-testid="update-ready">{move || (locale.text().offline.update)(has_scans.get())}</p>
                <button type="button" data-testid="update-now" on:click=move |_| on_switch.run(())>
                    {move || locale.text().offline.switch}
                </button>
            </Show>
        </div>
    }
}
