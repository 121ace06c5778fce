//! Editing the caption ("what if it said …"): tick boxes for findings, the class word, and a text field.

use leptos::ev::SubmitEvent;
use leptos::html;
use leptos::prelude::*;

use crate::caption::Vocabulary;
use crate::error::Result;
use crate::page::caption_edit::{FindingGroup, class_word, finding_groups, names_finding};
use crate::protocol::Failure;
use crate::web::preferences::use_locale;

/// The card in which a visitor edits the caption.
#[component]
pub fn EditCard(
    /// The model's class words and findings.
    vocabulary: Signal<Option<Vocabulary>>,
    /// The caption of the last request.
    caption: Signal<Option<String>>,
    /// Whether a person wrote it.
    is_edited: Signal<bool>,
    /// A finding is ticked or unticked.
    on_tick: Callback<(String, bool)>,
    /// Another class word is named, or none.
    on_class_word: Callback<Option<String>>,
    /// A caption is typed; returns the error if it cannot be read.
    on_typed: Callback<String, Result<()>>,
    /// The caption is reset to the retrieved one.
    on_reset: Callback<()>,
) -> impl IntoView {
    let locale = use_locale();
    let groups =
        Memo::new(move |_| vocabulary.with(|vocabulary| vocabulary.as_ref().map(finding_groups).unwrap_or_default()));
    let labels = Memo::new(move |_| {
        vocabulary.with(|vocabulary| vocabulary.as_ref().map(|v| v.labels.clone()).unwrap_or_default())
    });
    let tick = move |finding: String| view! { <Tick finding=finding caption=caption on_tick=on_tick /> };
    let group = move |FindingGroup { finding, kinds }: FindingGroup| {
        if kinds.is_empty() {
            return tick(finding).into_any();
        }
        let name = finding.clone();
        let name = move || locale.language().name_of(&name).to_owned();
        view! {
            <div class="kinds" role="group" aria-label=name>
                {tick(finding)}
                <div>{kinds.into_iter().map(tick).collect_view()}</div>
            </div>
        }
        .into_any()
    };
    let label = Memo::new(move |_| {
        vocabulary.with(|vocabulary| caption.with(|caption| class_word(vocabulary.as_ref()?, caption.as_ref()?)))
    });
    view! {
        <section class="card edit">
            <div class="title">
                <h2>{move || locale.text().what_if}</h2>
                <span class="grow"></span>
                <button
                    type="button"
                    class="quiet"
                    data-testid="caption-reset"
                    disabled=move || !is_edited.get()
                    on:click=move |_| on_reset.run(())
                >
                    {move || locale.text().reset}
                </button>
            </div>
            <div class="ticks">
                {move || groups.get().into_iter().map(group).collect_view()}
            </div>
            <ClassWordSwitch labels=labels.into() current=label.into() on_choose=on_class_word />
            <TypedCaption caption=caption on_typed=on_typed />
            <p class="note">{move || locale.text().what_if_detail}</p>
        </section>
    }
}

/// One finding's tick box.
#[component]
fn Tick(
    /// The finding, as captions name it.
    finding: String,
    /// The caption of the last request.
    caption: Signal<Option<String>>,
    /// It is ticked or unticked.
    on_tick: Callback<(String, bool)>,
) -> impl IntoView {
    let locale = use_locale();
    let finding = StoredValue::new(finding);
    let is_ticked = move || {
        caption
            .with(|caption| caption.as_deref().is_some_and(|caption| finding.with_value(|f| names_finding(caption, f))))
    };
    // What captions call it, where the clinic has another name.
    let in_captions = move || finding.with_value(|f| (locale.language().name_of(f) != f.as_str()).then(|| f.clone()));
    view! {
        <label>
            <input
                type="checkbox"
                data-testid="lesion-toggle"
                data-lesion=finding.get_value()
                aria-description=in_captions
                prop:checked=is_ticked
                on:change=move |event| on_tick.run((finding.get_value(), event_target_checked(&event)))
            />
            <span>{move || finding.with_value(|finding| locale.language().name_of(finding).to_owned())}</span>
        </label>
    }
}

/// Which class word the caption names, if any.
#[component]
fn ClassWordSwitch(
    /// The class words.
    labels: Signal<Vec<String>>,
    /// The one that the caption names.
    current: Signal<Option<String>>,
    /// Another one is chosen, or none.
    on_choose: Callback<Option<String>>,
) -> impl IntoView {
    let locale = use_locale();
    let segment = move |label: Option<String>| {
        let label = StoredValue::new(label);
        let is_on = move || label.with_value(|label| current.with(|current| current == label));
        let name = move || {
            label.with_value(|label| match label {
                Some(label) => locale.language().name_of(label).to_owned(),
                None => locale.text().no_class_word.to_owned(),
            })
        };
        view! {
            <button
                type="button"
                class:on=is_on
                aria-pressed=move || is_on().to_string()
                on:click=move |_| on_choose.run(label.get_value())
            >
                {name}
            </button>
        }
    };
    let segments = move || std::iter::once(None).chain(labels.get().into_iter().map(Some)).map(segment).collect_view();
    view! {
        <div class="line">
            <span>{move || locale.text().class_word}</span>
            <div
                class="seg"
                role="group"
                data-testid="class-word"
                aria-label=move || locale.text().class_word
                aria-description=move || locale.text().class_word_detail
            >
                {segments}
            </div>
        </div>
    }
}

/// A text field for a caption, with the error below it if the caption cannot be read.
#[component]
fn TypedCaption(
    /// The caption of the last request.
    caption: Signal<Option<String>>,
    /// A caption is typed; returns the error if it cannot be read.
    on_typed: Callback<String, Result<()>>,
) -> impl IntoView {
    let locale = use_locale();
    let input = NodeRef::<html::Input>::new();
    let failure = RwSignal::new(None::<Failure>);
    let caption = Memo::new(move |_| caption.get());
    Effect::new(move || {
        // A memo only runs when it is read: `track` alone is not enough.
        caption.with(|_| failure.set(None));
    });
    let on_submit = move |event: SubmitEvent| {
        event.prevent_default();
        if let Some(input) = input.get_untracked() {
            failure.set(on_typed.run(input.value()).err().map(Failure::from));
        }
    };
    let message = move || {
        let text = locale.text();
        failure.get().map(|failure| {
            let line = format!("{} {}", text.caption_unreadable, (text.failure)(&failure));
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
                aria-label=move || locale.text().type_caption
                placeholder=move || locale.text().type_caption
                aria-invalid=move || failure.with(Option::is_some).to_string()
                prop:value=move || caption.get().unwrap_or_default()
            />
            <button type="submit" data-testid="caption-apply">{move || locale.text().apply}</button>
        </form>
        {message}
    }
}
