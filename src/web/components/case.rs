//! The sliders by which a case is drawn.

use leptos::prelude::*;

use crate::page::teach::levels::{Setting, another_eye};
use crate::phantom::case::Case;
use crate::web::preferences::use_locale;
use crate::web::teach::Teach;

/// Sliders for each lesion and for the picture; each position is drawn and answered.
#[component]
pub fn CasePanel(
    /// What a lecture shows.
    teach: Teach,
) -> impl IntoView {
    let locale = use_locale();
    let text = move || locale.text().teach;
    let is_open = RwSignal::new(false);
    let case = Memo::new(move |_| teach.case().map(|(case, _)| case).unwrap_or_default());
    let is_drawn = Memo::new(move |_| teach.case().is_some_and(|(_, is_awaited)| !is_awaited));
    let toggle = move |_| {
        is_open.update(|is_open| *is_open = !*is_open);
        if is_open.get_untracked() {
            teach.make(case.get_untracked());
        }
    };
    let change = move |setting: Setting, value: String| {
        if let Ok(value) = value.parse() {
            teach.make(setting.set(case.get_untracked(), value));
        }
    };
    let name = move |setting: Setting| match setting {
        Setting::Lesion(lesion) => locale.language().name_of(lesion.phrase()),
        _ => (text().setting)(setting),
    };
    let slider = move |setting: Setting| {
        let [least, most] = setting.limits();
        let level = move || (text().level)(setting.level(&case.get()));
        view! {
            <label>
                <span>{move || name(setting)}</span>
                <input
                    type="range"
                    min=least.to_string()
                    max=most.to_string()
                    data-testid="case-slider"
                    data-setting=setting.name()
                    aria-valuetext=level
                    prop:value=move || setting.of(&case.get()).to_string()
                    on:input=move |event| change(setting, event_target_value(&event))
                />
                <output>{level}</output>
            </label>
        }
    };
    view! {
        <div class="title">
            <h3>{move || text().make_case}</h3>
            <span class="grow"></span>
            <button
                type="button"
                data-testid="case-toggle"
                aria-expanded=move || is_open.get().to_string()
                on:click=toggle
            >
                {move || if is_open.get() { text().close } else { text().make_case }}
            </button>
        </div>
        <p class="note">{move || text().make_case_detail}</p>
        <Show when=move || is_open.get()>
            <div
                class="case"
                role="group"
                aria-label=move || text().make_case
                data-testid="case-panel"
                data-phase=move || if is_drawn.get() { "drawn" } else { "drawing" }
            >
                {Setting::sliders().map(slider).collect_view()}
                <label>
                    <span>{move || name(Setting::Seed)}</span>
                    <input
                        type="number"
                        min=Setting::Seed.limits()[0].to_string()
                        max=Setting::Seed.limits()[1].to_string()
                        data-testid="case-seed"
                        prop:value=move || Setting::Seed.of(&case.get()).to_string()
                        on:change=move |event| change(Setting::Seed, event_target_value(&event))
                    />
                </label>
                <div class="teach-tools">
                    <button
                        type="button"
                        data-testid="case-another"
                        on:click=move |_| teach.make(another_eye(case.get_untracked()))
                    >
                        {move || text().another_eye}
                    </button>
                    <button
                        type="button"
                        data-testid="case-clear"
                        on:click=move |_| {
                            teach.make(Case { lesions: Case::default().lesions, ..case.get_untracked() })
                        }
                    >
                        {move || text().clear_case}
                    </button>
                </div>
            </div>
        </Show>
    }
}
