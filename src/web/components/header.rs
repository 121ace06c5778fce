//! The head of the page: whose model answers, where scans go (nowhere), language and theme.

use leptos::prelude::*;

use crate::bundle::card::ModelCard;
use crate::bundle::index::ModelChoice;
use crate::web::state::Phase;
use crate::web::text::Language;
use crate::web::ui::{Theme, use_ui};

/// The head of the page.
#[component]
pub fn Header() -> impl IntoView {
    let ui = use_ui();
    let model = move || {
        let text = ui.text();
        ui.card().map(|card| {
            let size = (text.megabytes)(card.bytes as f64 / 1e6);
            view! {
                <span class="chip model" title=format!("{} · SHA-256 {}", card.title, card.sha256)>
                    <b>{card.name.clone()}</b>
                    <span class="detail">{format!(" · {} · {} · {size} · {}", card.precision, card.kernels, short_hash(&card))}</span>
                </span>
            }
        })
    };
    let languages = Language::ALL.map(|language| {
        let is_on = move || ui.language.get() == language;
        view! {
            <button
                type="button"
                lang=language.tag()
                data-language=language.tag()
                class:on=is_on
                aria-pressed=move || is_on().to_string()
                on:click=move |_| ui.set_language(language)
            >
                {language.name()}
            </button>
        }
    });
    let theme_text = move || (ui.text().theme)(ui.theme.get().name());
    let theme_sign = move || match ui.theme.get() {
        Theme::System => "◐",
        Theme::Light => "☀",
        Theme::Dark => "☾",
    };
    view! {
        <header>
            <h1 class="mark" title=move || ui.text().tagline>
                <svg viewBox="0 0 24 24" aria-hidden="true">
                    <circle cx="12" cy="12" r="10.25" />
                    <path d="M2 11.2c4-.9 6.3-.6 10 2 3.7-2.6 6-2.9 10-2" />
                    <path class="low" d="M3.4 16.9c5.6 .9 11.6 .9 17.2 0" />
                </svg>
                <span>"oct"<i>"lens"</i></span>
            </h1>
            {model}
            <ModelSelect />
            <span class="chip private" title=move || ui.text().private_detail>
                <span class="dot" aria-hidden="true"></span>
                {move || ui.text().private}
            </span>
            <span class="grow"></span>
            <div
                class="seg"
                role="group"
                data-testid="language"
                data-language=move || ui.language.get().tag()
                aria-label=move || ui.text().language
            >
                {languages.into_iter().collect_view()}
            </div>
            <button
                type="button"
                class="icon"
                data-testid="theme"
                title=theme_text
                aria-label=theme_text
                on:click=move |_| ui.next_theme()
            >
                {theme_sign}
            </button>
        </header>
    }
}

/// The models to choose from; nothing where there is one.
#[component]
fn ModelSelect() -> impl IntoView {
    let ui = use_ui();
    let models = Memo::new(move |_| ui.with(|state| state.models.clone()));
    let current = Memo::new(move |_| {
        ui.with(|state| state.wanted_model.clone().or_else(|| state.card().map(|card| card.name.clone())))
    });
    let is_loading = move || matches!(ui.phase.get(), Phase::Loading(_));
    let select = move || {
        (models.with(Vec::len) > 1).then(|| {
            let option = |choice: ModelChoice| {
                let name = choice.name.clone();
                let is_current = move || current.get().as_deref() == Some(name.as_str());
                view! { <option value=choice.name prop:selected=is_current>{choice.title}</option> }
            };
            view! {
                <select
                    class="models"
                    data-testid="model"
                    aria-label=move || ui.text().model
                    title=move || ui.text().model_detail
                    disabled=is_loading
                    on:change=move |event| ui.choose_model(event_target_value(&event))
                >
                    {models.get().into_iter().map(option).collect_view()}
                </select>
            }
        })
    };
    view! { {select} }
}

/// The first and last characters of the file's hash.
fn short_hash(card: &ModelCard) -> String {
    let ends = card.sha256.get(..4).zip(card.sha256.len().checked_sub(2).and_then(|at| card.sha256.get(at..)));
    ends.map_or_else(|| card.sha256.clone(), |(first, last)| format!("{first}…{last}"))
}
