//! What if the caption said something else: tick boxes for findings, the class word, and a line to type in.

use leptos::ev::SubmitEvent;
use leptos::html;
use leptos::prelude::*;

use crate::web::state::class_word;
use crate::web::ui::use_ui;

/// The card in which a visitor edits the caption.
#[component]
pub fn EditCard() -> impl IntoView {
    let ui = use_ui();
    let findings = Memo::new(move |_| ui.card().map(|card| card.vocabulary.findings.clone()).unwrap_or_default());
    let is_edited =
        Memo::new(move |_| ui.shown.with(|shown| shown.as_ref().is_some_and(|e| e.wanted.caption.is_some())));
    view! {
        <section class="card edit">
            <div class="title">
                <h2>{move || ui.text().what_if}</h2>
                <span class="grow"></span>
                <button
                    type="button"
                    class="quiet"
                    data-testid="caption-reset"
                    disabled=move || !is_edited.get()
                    on:click=move |_| ui.reset_caption()
                >
                    {move || ui.text().reset}
                </button>
            </div>
            <div class="ticks">
                <For each=move || findings.get() key=Clone::clone let:finding>
                    <Tick finding=finding />
                </For>
            </div>
            <ClassWordSwitch />
            <TypedCaption />
            <p class="note">{move || ui.text().what_if_detail}</p>
        </section>
    }
}

/// One finding's tick box.
#[component]
fn Tick(
    /// The finding, as the caption names it.
    finding: String,
) -> impl IntoView {
    let ui = use_ui();
    let is_ticked = {
        let finding = finding.clone();
        move || {
            ui.shown.with(|shown| {
                shown.as_ref().is_some_and(|entry| entry.caption().split(", ").any(|phrase| phrase == finding))
            })
        }
    };
    let name = {
        let finding = finding.clone();
        move || ui.language.get().gloss(&finding).map(str::to_owned)
    };
    let on_change = {
        let finding = finding.clone();
        move |event| ui.tick(&finding, event_target_checked(&event))
    };
    view! {
        <label title=finding.clone()>
            <input
                type="checkbox"
                data-testid="lesion-toggle"
                data-lesion=finding.clone()
                prop:checked=is_ticked
                on:change=on_change
            />
            <span>{let finding = finding.clone(); move || name().unwrap_or_else(|| finding.clone())}</span>
        </label>
    }
}

/// Which class word the caption names, if any.
#[component]
fn ClassWordSwitch() -> impl IntoView {
    let ui = use_ui();
    let current = Memo::new(move |_| {
        let (card, entry) = ui.card().zip(ui.shown.get())?;
        class_word(&card.vocabulary, entry.caption())
    });
    let segments = move || {
        let labels = ui.card().map(|card| card.vocabulary.labels.clone()).unwrap_or_default();
        let segment = |label: Option<String>| {
            let is_on = {
                let label = label.clone();
                move || current.get() == label
            };
            let name = {
                let label = label.clone();
                move || label.clone().unwrap_or_else(|| ui.text().no_class_word.to_owned())
            };
            view! {
                <button
                    type="button"
                    class:on=is_on.clone()
                    aria-pressed=move || is_on().to_string()
                    on:click=move |_| ui.set_class_word(label.clone())
                >
                    {name}
                </button>
            }
        };
        std::iter::once(None).chain(labels.into_iter().map(Some)).map(segment).collect_view()
    };
    view! {
        <div class="line">
            <span title=move || ui.text().class_word_detail>{move || ui.text().class_word}</span>
            <div class="seg" role="group" data-testid="class-word" aria-label=move || ui.text().class_word>
                {segments}
            </div>
        </div>
    }
}

/// A line to type a caption in; what it cannot be read as is said below it.
#[component]
fn TypedCaption() -> impl IntoView {
    let ui = use_ui();
    let input = NodeRef::<html::Input>::new();
    let problem = RwSignal::new(None::<String>);
    let caption = Memo::new(move |_| ui.shown.with(|shown| shown.as_ref().map(|entry| entry.caption().to_owned())));
    Effect::new(move || {
        // `track` alone would not wake a memo up: it is read.
        caption.with(|_| problem.set(None));
    });
    let on_submit = move |event: SubmitEvent| {
        event.prevent_default();
        if let Some(input) = input.get_untracked() {
            problem.set(ui.type_caption(&input.value()).err());
        }
    };
    let message = move || {
        let text = ui.text();
        problem.get().map(|detail| {
            let line = if detail.is_empty() {
                text.caption_empty.to_owned()
            } else {
                format!("{} {detail}", text.caption_unknown)
            };
            view! { <p class="bad" role="alert" data-testid="caption-error">{line}</p> }
        })
    };
    view! {
        <form class="line" on:submit=on_submit>
            <input
                node_ref=input
                type="text"
                autocomplete="off"
                spellcheck="false"
                data-testid="caption-input"
                aria-label=move || ui.text().type_caption
                placeholder=move || ui.text().type_caption
                aria-invalid=move || problem.get().is_some().to_string()
                prop:value=move || caption.get().unwrap_or_default()
            />
            <button type="submit" data-testid="caption-apply">{move || ui.text().apply}</button>
        </form>
        {message}
    }
}
