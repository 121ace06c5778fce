//! The caption with its findings shaded by their scores, and the closest training captions.

use std::sync::Arc;

use leptos::prelude::*;
use web_sys::KeyboardEvent;

use crate::page::lines::{finding_line, word_rows};
use crate::page::numbers::share_text;
use crate::page::reading::{is_exact, parted_words, source_name};
use crate::render::shade;
use crate::report::{CaptionSource, Report, Word, WordMethod};
use crate::web::components::select::{Choices, Select};
use crate::web::components::teach::Definition;
use crate::web::components::warning::DoubtBadge;
use crate::web::linked::Linked;
use crate::web::preferences::use_locale;
use crate::web::teach::Teach;

/// The words card.
#[component]
pub fn WordsCard(
    /// The report about the scan that is shown.
    report: Signal<Option<Arc<Report>>>,
    /// The word method of the last request.
    method: Signal<Option<WordMethod>>,
    /// Another method is chosen.
    on_method: Callback<WordMethod>,
    /// Whether the heatmap is shown: words never are without it.
    has_map: Signal<bool>,
    /// A finding can be shown on the scan.
    linked: Linked,
    /// What a finding is can be read.
    teach: Teach,
) -> impl IntoView {
    let locale = use_locale();
    let source = move || report.with(|report| report.as_ref().map(|report| report.caption.source));
    let badge = move || match source() {
        Some(CaptionSource::Edited) => locale.text().edited,
        _ => locale.text().retrieved,
    };
    let words = move || {
        report.get().map(|report| {
            let target = report.tokens.target.clone();
            let (class_words, findings) = parted_words(&report);
            let has_no_finding = findings.is_empty();
            view! {
                {class_words.into_iter().map(|word| view! { <ClassWord word=word /> }).collect_view()}
                {findings
                    .into_iter()
                    .map(|word| view! { <Finding word=word target=target.clone() linked=linked teach=teach /> })
                    .collect_view()}
                {has_no_finding.then(|| view! { <p class="note">{move || locale.text().no_findings}</p> })}
            }
        })
    };
    view! {
        <section class="card words" class:no-map=move || !has_map.get()>
            <div class="title">
                <h2>{move || locale.text().in_words}</h2>
                <DoubtBadge report=report />
                <span class="badge" class:edited=move || source() == Some(CaptionSource::Edited)>{badge}</span>
                <span class="grow"></span>
                <MethodSelect
                    shown=Signal::derive(move || report.with(|report| Some(report.as_ref()?.tokens.method)))
                    wanted=method
                    on_choose=on_method
                />
            </div>
            <Show when=move || !has_map.get()>
                <p class="note" data-testid="words-without-map">{move || locale.text().doubt.words_without_map}</p>
            </Show>
            <div
                class="caption"
                data-testid="caption"
                data-source=move || source().map(source_name)
                data-text=move || report.with(|report| Some(report.as_ref()?.caption.text.clone()))
            >
                {words}
            </div>
            <WordsTable report=report />
            <Definition teach=teach linked=linked />
            <Legend report=report />
            <Candidates report=report />
        </section>
    }
}

/// How the words are scored.
#[component]
fn MethodSelect(
    /// The method of the scores that are shown.
    shown: Signal<Option<WordMethod>>,
    /// The method of the last request.
    wanted: Signal<Option<WordMethod>>,
    /// Another one is chosen.
    on_choose: Callback<WordMethod>,
) -> impl IntoView {
    let locale = use_locale();
    let name = move || locale.text().method;
    let choice = move |method: WordMethod| (method.name().to_owned(), (locale.text().word_method)(method).to_owned());
    view! {
        <Select
            testid="method-text"
            name=Signal::derive(name)
            is_bare=true
            choices=Signal::derive(move || vec![Choices::plain(WordMethod::ALL.map(choice))])
            wanted=Signal::derive(move || wanted.get().map(|method| method.name().to_owned()))
            shown=Signal::derive(move || shown.get().map(WordMethod::name))
            on_choose=Callback::new(move |value: String| {
                if let Some(method) = WordMethod::from_name(&value) {
                    on_choose.run(method);
                }
            })
        />
    }
}

/// The class word: set apart, because naming the answer is no reason for it.
#[component]
fn ClassWord(
    /// The word and its share.
    word: Word,
) -> impl IntoView {
    let locale = use_locale();
    let phrase = word.text.clone();
    // What it stands for is said with the answer.
    let name = move || {
        let name = locale.language().name_of(&phrase);
        (name != phrase).then(|| view! { <small>{name.to_owned()}</small> })
    };
    view! {
        <span
            class="w class"
            data-testid="word"
            data-score=word.score.to_string()
            data-class-word="true"
        >
            {word.text}
            {name}
        </span>
    }
}

/// A finding, shaded by its share; one that speaks against the class is drawn differently.
#[component]
fn Finding(
    /// The phrase and its share.
    word: Word,
    /// The class it speaks for or against.
    target: String,
    /// It can be shown on the scan.
    linked: Linked,
    /// What it is can be read.
    teach: Teach,
) -> impl IntoView {
    let locale = use_locale();
    let detail = {
        let word = word.clone();
        move || {
            let language = locale.language();
            let click = (language.text.linked.show_finding)(language.name_of(&word.text));
            format!("{} {click}", finding_line(language, &word, &target))
        }
    };
    let finding = StoredValue::new(word.text.clone());
    let is_on_map = move || finding.with_value(|finding| linked.is_on_map(finding));
    let choose = move || linked.on_finding.run(finding.get_value());
    let on_key = move |event: KeyboardEvent| {
        if matches!(event.key().as_str(), "Enter" | " ") {
            event.prevent_default();
            choose();
        }
    };
    view! {
        <span
            class="w"
            class:against=word.score < 0.0
            class:on-map=is_on_map
            style=("--shade", format!("{:.3}", shade(word.score)))
            tabindex="0"
            role="button"
            aria-pressed=move || is_on_map().to_string()
            on:click=move |_| choose()
            on:keydown=on_key
            on:pointerenter=move |_| teach.point_at(finding.get_value())
            on:focus=move |_| teach.point_at(finding.get_value())
            data-testid="word"
            data-finding=finding.get_value()
            data-score=word.score.to_string()
            aria-description=detail
        >
            {word.text.clone()}
            <sup>{share_text(word.score)}</sup>
            <Gloss phrase=word.text />
        </span>
    }
}

/// The phrases with their shares as a table that is heard, not seen: shades and signs say nothing there.
#[component]
fn WordsTable(
    /// The report about the scan that is shown.
    report: Signal<Option<Arc<Report>>>,
) -> impl IntoView {
    let locale = use_locale();
    let table = move || {
        let report = report.get()?;
        let language = locale.language();
        let text = language.text;
        let rows = word_rows(language, &report);
        let row = |[phrase, share, meaning]: [String; 3]| {
            view! { <tr><th scope="row">{phrase}</th><td>{share}</td><td>{meaning}</td></tr> }
        };
        Some(view! {
            <table data-testid="words-table">
                <caption>{text.in_words}</caption>
                <thead>
                    <tr>
                        <th scope="col">{text.report.phrase}</th>
                        <th scope="col">{text.report.share}</th>
                        <th scope="col">{text.report.side}</th>
                    </tr>
                </thead>
                <tbody>{rows.into_iter().map(row).collect_view()}</tbody>
            </table>
        })
    };
    view! { <div class="heard">{table}</div> }
}

/// A phrase's name in the visitor's language, if it differs.
#[component]
fn Gloss(
    /// The phrase, as captions write it.
    phrase: String,
) -> impl IntoView {
    let locale = use_locale();
    move || locale.language().gloss(&phrase).map(|gloss| view! { <small>{gloss}</small> })
}

/// What the scores mean; nothing if there is no finding.
#[component]
fn Legend(
    /// The report about the scan that is shown.
    report: Signal<Option<Arc<Report>>>,
) -> impl IntoView {
    let locale = use_locale();
    move || {
        let report = report.get()?;
        let (_, findings) = parted_words(&report);
        let (text, target) = (locale.text(), locale.language().name_of(&report.tokens.target).to_owned());
        let has_against = findings.iter().any(|word| word.score < 0.0);
        let meaning = (text.score_meaning)(report.tokens.method, is_exact(&report));
        (!findings.is_empty()).then(|| {
            view! {
                <p class="legend">
                    <span><i class="for"></i>{(text.word_for)(&target)}</span>
                    {has_against.then(|| view! { <span><i class="against"></i>{(text.word_against)(&target)}</span> })}
                    <span><i class="class"></i>{text.class_word_detail}</span>
                </p>
                <p class="note" data-testid="score-meaning">{meaning}</p>
            }
        })
    }
}

/// The training captions that lie closest to the scan.
#[component]
fn Candidates(
    /// The report about the scan that is shown.
    report: Signal<Option<Arc<Report>>>,
) -> impl IntoView {
    let locale = use_locale();
    move || {
        let report = report.get()?;
        let text = locale.text();
        let rows = report.caption.candidates.iter().map(|candidate| {
            let translated = locale.language().translated(&candidate.text);
            let translated = (translated != candidate.text).then(|| view! { <small>{translated}</small> });
            view! {
                <li
                    class:on=candidate.text == report.caption.text
                    data-testid="candidate"
                >
                    <span>{candidate.text.clone()} {translated}</span>
                    <b>{format!("{:.2}", candidate.similarity)}</b>
                </li>
            }
        });
        (!report.caption.candidates.is_empty()).then(|| {
            view! {
                <div class="candidates">
                    <h3>{text.candidates} <span>{text.similarity}</span></h3>
                    <ol>{rows.collect_view()}</ol>
                </div>
            }
        })
    }
}
