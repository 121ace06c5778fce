//! The header of the page: the model, the privacy note, language and theme.

use std::sync::Arc;

use leptos::html;
use leptos::prelude::*;
use web_sys::Event;

use crate::bundle::card::ModelCard;
use crate::bundle::index::ModelChoice;
use crate::page::lines::choice_line;
use crate::page::look::Theme;
use crate::page::numbers::short_hash;
use crate::page::text::{LANGUAGES, Language};
use crate::web::components::ask::Ask;
use crate::web::components::teach::TeachToggle;
use crate::web::preferences::{Preferences, use_locale};
use crate::web::teach::Teach;

/// The header of the page.
#[component]
pub fn Header(
    /// The card of the loaded model.
    card: Signal<Option<Arc<ModelCard>>>,
    /// The models to choose from.
    models: Signal<Vec<ModelChoice>>,
    /// The name of the one that was chosen, or that is loaded.
    current_model: Signal<Option<String>>,
    /// Whether a model is being loaded.
    is_loading: Signal<bool>,
    /// How many answers would be lost with the model.
    n_unsaved: Signal<usize>,
    /// Another model is chosen.
    on_model: Callback<String>,
    /// Language and theme.
    preferences: Preferences,
    /// What a lecture shows.
    teach: Teach,
) -> impl IntoView {
    let locale = use_locale();
    view! {
        <header>
            <h1 class="mark">
                <svg viewBox="0 0 24 24" aria-hidden="true">
                    <circle cx="12" cy="12" r="10.25" />
                    <path d="M2 11.2c4-.9 6.3-.6 10 2 3.7-2.6 6-2.9 10-2" />
                    <path class="low" d="M3.4 16.9c5.6 .9 11.6 .9 17.2 0" />
                </svg>
                <span>"oct"<i>"lens"</i></span>
            </h1>
            <p class="tagline">{move || locale.text().tagline}</p>
            <ModelChip card=card />
            <ModelSelect
                models=models
                current=current_model
                is_loading=is_loading
                n_unsaved=n_unsaved
                on_choose=on_model
            />
            <button type="button" class="chip private tip" aria-description=move || locale.text().private_detail>
                <span class="dot" aria-hidden="true"></span>
                {move || locale.text().private}
            </button>
            <span class="grow"></span>
            <TeachToggle teach=teach />
            <LanguageSwitch preferences=preferences />
            <ThemeButton preferences=preferences />
        </header>
    }
}

/// The loaded model.
#[component]
fn ModelChip(
    /// The model's card.
    card: Signal<Option<Arc<ModelCard>>>,
) -> impl IntoView {
    let locale = use_locale();
    let chip = move || {
        card.get().map(|card| {
            let size = (locale.text().megabytes)(card.bytes);
            let detail = format!(" · {} · {} · {size} · {}", card.precision.name(), card.kernels, short_hash(&card));
            view! {
                <button
                    type="button"
                    class="chip model tip"
                    aria-description=format!("{} · SHA-256 {}", card.title, card.sha256)
                >
                    <b>{card.name.clone()}</b>
                    <span class="detail">{detail}</span>
                </button>
            }
        })
    };
    view! { {chip} }
}

/// The models to choose from; nothing if there is only one.
#[component]
fn ModelSelect(
    /// The models.
    models: Signal<Vec<ModelChoice>>,
    /// The name of the one that was chosen, or that is loaded.
    current: Signal<Option<String>>,
    /// Whether a model is being loaded.
    is_loading: Signal<bool>,
    /// How many answers would be lost with the current one.
    n_unsaved: Signal<usize>,
    /// Another one is chosen.
    on_choose: Callback<String>,
) -> impl IntoView {
    let locale = use_locale();
    let models = Memo::new(move |_| models.get());
    let option = move |choice: ModelChoice| {
        let name = choice.name.clone();
        let is_current = move || current.with(|current| current.as_deref() == Some(name.as_str()));
        let title = choice_line(locale.language(), &choice);
        view! { <option value=choice.name prop:selected=is_current>{title}</option> }
    };
    let select = NodeRef::<html::Select>::new();
    // The model that was chosen, while the visitor is asked what is to become of the answers.
    let asked = RwSignal::new(None::<String>);
    let on_change = move |event: Event| {
        let name = event_target_value(&event);
        if n_unsaved.get_untracked() == 0 {
            return on_choose.run(name);
        }
        asked.set(Some(name));
        // Until then the other model stays.
        if let (Some(select), Some(current)) = (select.get_untracked(), current.get_untracked()) {
            select.set_value(&current);
        }
    };
    let on_answer = Callback::new(move |is_wanted: bool| {
        let name = asked.get_untracked();
        asked.set(None);
        if let Some(name) = name.filter(|_| is_wanted) {
            on_choose.run(name);
        }
    });
    view! {
        <Ask
            testid="ask-switch"
            is_asked=Signal::derive(move || asked.with(Option::is_some))
            question=Signal::derive(move || locale.text().series.ask_switch)
            detail=Signal::derive(move || (locale.text().series.ask_switch_detail)(n_unsaved.get()))
            buttons=Signal::derive(move || [locale.text().series.keep_model, locale.text().series.switch_anyway])
            on_answer=on_answer
        />
        <Show when=move || models.with(|models| models.len() > 1)>
            <select
                node_ref=select
                class="models"
                data-testid="model"
                aria-label=move || locale.text().model
                aria-description=move || locale.text().model_detail
                disabled=move || is_loading.get()
                on:change=on_change
            >
                {move || models.get().into_iter().map(option).collect_view()}
            </select>
        </Show>
    }
}

/// A button for each language.
#[component]
fn LanguageSwitch(
    /// Where the language is set.
    preferences: Preferences,
) -> impl IntoView {
    let locale = use_locale();
    let button = move |language: &'static Language| {
        let is_on = move || locale.language() == language;
        view! {
            <button
                type="button"
                lang=language.tag
                data-language=language.tag
                class:on=is_on
                aria-pressed=move || is_on().to_string()
                on:click=move |_| preferences.set_language(language)
            >
                {language.name}
            </button>
        }
    };
    view! {
        <div
            class="seg"
            role="group"
            data-testid="language"
            data-language=move || locale.language().tag
            aria-label=move || locale.text().language
        >
            {LANGUAGES.iter().map(button).collect_view()}
        </div>
    }
}

/// Cycles through the themes: system, light, dark.
#[component]
fn ThemeButton(
    /// Where the theme is set.
    preferences: Preferences,
) -> impl IntoView {
    let locale = use_locale();
    let name = move || (locale.text().theme)(preferences.theme());
    let sign = move || match preferences.theme() {
        Theme::System => "◐",
        Theme::Light => "☀",
        Theme::Dark => "☾",
    };
    view! {
        <button
            type="button"
            class="icon"
            data-testid="theme"
            data-hint=""
            aria-label=name
            on:click=move |_| preferences.next_theme()
        >
            {sign}
        </button>
    }
}
