//! The visitor's own weights files: chosen, kept and forgotten here.

use leptos::html;
use leptos::prelude::*;

use crate::page::own_model::OwnModel;
use crate::web::preferences::use_locale;
use crate::web::session::Session;

/// The card of own models.
#[component]
pub fn OwnModels(
    /// The page's state.
    session: Session,
) -> impl IntoView {
    let locale = use_locale();
    let input = NodeRef::<html::Input>::new();
    let own = Memo::new(move |_| session.with(|page| page.own_models().to_vec()));
    let in_use = Memo::new(move |_| session.with(|page| page.own_in_use().map(|own| own.key.clone())));
    let on_change = move |_| {
        if let Some(input) = input.get_untracked() {
            session.open_files(input.files());
            // The same file can be chosen again after it was changed.
            input.set_value("");
        }
    };
    let row = move |own: OwnModel| {
        let OwnModel { key, name, is_kept, .. } = own;
        let (kept_key, forgotten_key, used_key) = (key.clone(), key.clone(), key);
        let forget = name.clone();
        view! {
            <li>
                <span class="wide">
                    <b>{name}</b>
                    {move || (in_use.get().as_ref() == Some(&used_key)).then(|| format!(" · {}", locale.text().models.in_use))}
                </span>
                <label>
                    <input
                        type="checkbox"
                        data-testid="keep-model"
                        prop:checked=is_kept
                        on:change=move |event| session.keep_own_model(kept_key.clone(), event_target_checked(&event))
                    />
                    <span>{move || locale.text().models.keep}</span>
                </label>
                <button
                    type="button"
                    data-testid="forget-model"
                    on:click=move |_| session.forget_own_model(forgotten_key.clone())
                >
                    {move || (locale.text().models.forget)(&forget)}
                </button>
            </li>
        }
    };
    view! {
        <section class="card own-models" data-testid="own-models">
            <h2>{move || locale.text().models.own_title}</h2>
            <p class="note">{move || locale.text().models.own_detail}</p>
            <label class="file-button">
                <input
                    node_ref=input
                    type="file"
                    accept=".safetensors"
                    data-testid="own-model"
                    on:change=on_change
                />
                <span>{move || locale.text().models.choose}</span>
            </label>
            <ul>{move || own.get().into_iter().map(row).collect_view()}</ul>
            <p class="note" hidden=move || own.with(Vec::is_empty)>{move || locale.text().models.keep_detail}</p>
        </section>
    }
}
