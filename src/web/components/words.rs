//! The caption, its findings lit by how much each counted, and the captions that lie closest.

use leptos::prelude::*;

use crate::render::shade;
use crate::report::{CaptionSource, Report, Word, WordMethod};
use crate::web::components::viewer::method_name;
use crate::web::ui::use_ui;

/// The words card.
#[component]
pub fn WordsCard() -> impl IntoView {
    let ui = use_ui();
    let source = move || ui.report().map(|report| source_name(&report));
    let badge = move || {
        let is_edited = ui.report().is_some_and(|report| report.caption.source == CaptionSource::Edited);
        if is_edited { ui.text().edited } else { ui.text().retrieved }
    };
    let words = move || {
        ui.report().map(|report| {
            let target = report.tokens.target.clone();
            let (class_words, findings): (Vec<_>, Vec<_>) =
                report.tokens.words.iter().partition(|word| is_class_word(&report, word));
            let has_no_finding = findings.is_empty();
            view! {
                {class_words.into_iter().map(|word| view! { <ClassWord word=word.clone() /> }).collect_view()}
                {findings
                    .into_iter()
                    .map(|word| view! { <Finding word=word.clone() target=target.clone() /> })
                    .collect_view()}
                {has_no_finding.then(|| view! { <p class="note">{move || ui.text().no_findings}</p> })}
            }
        })
    };
    let legend = move || {
        ui.report().filter(|report| n_findings(report) > 0).map(|report| {
            let (text, target) = (ui.text(), &report.tokens.target);
            let has_against = report.tokens.words.iter().any(|w| w.score < 0.0 && !is_class_word(&report, w));
            let meaning = (text.score_meaning)(report.tokens.method, is_exact(&report));
            view! {
                <p class="legend">
                    <span><i class="for"></i>{(text.word_for)(target)}</span>
                    {has_against.then(|| view! { <span><i class="against"></i>{(text.word_against)(target)}</span> })}
                    <span title=text.class_word_detail><i class="class"></i>{text.class_word}</span>
                </p>
                <p class="note" data-testid="score-meaning">{meaning}</p>
            }
        })
    };
    view! {
        <section class="card">
            <div class="title">
                <h2>{move || ui.text().in_words}</h2>
                <span class="badge" class:edited=move || source() == Some("edited")>{badge}</span>
                <span class="grow"></span>
                <MethodSelect />
            </div>
            <div
                class="caption"
                data-testid="caption"
                data-source=source
                data-text=move || ui.report().map(|report| report.caption.text.clone())
            >
                {words}
            </div>
            {legend}
            <Candidates />
        </section>
    }
}

/// How the words are scored.
#[component]
fn MethodSelect() -> impl IntoView {
    let ui = use_ui();
    let shown = move || ui.report().map(|report| report.tokens.method.name());
    let wanted = Memo::new(move |_| ui.shown.with(|shown| shown.as_ref().map(|entry| entry.wanted.words)));
    let option = move |method: WordMethod| {
        let is_wanted = move || wanted.get().unwrap_or_default() == method;
        view! { <option value=method.name() prop:selected=is_wanted>{method_name(method.name())}</option> }
    };
    let on_change = move |event| {
        if let Some(method) = WordMethod::from_name(&event_target_value(&event)) {
            ui.set_word_method(method);
        }
    };
    view! {
        <select
            data-testid="method-text"
            data-method=shown
            disabled=move || wanted.get().is_none()
            aria-label=move || ui.text().method
            title=move || ui.text().method
            on:change=on_change
        >
            {WordMethod::ALL.map(option).collect_view()}
        </select>
    }
}

/// The class word: set apart, because naming the answer is no reason for it.
#[component]
fn ClassWord(
    /// The word and its share.
    word: Word,
) -> impl IntoView {
    let ui = use_ui();
    let gloss = {
        let text = word.text.clone();
        move || ui.language.get().gloss(&text)
    };
    view! {
        <span
            class="w class"
            data-testid="word"
            data-score=word.score.to_string()
            data-class-word="true"
            title=move || ui.text().class_word_detail
        >
            {word.text.clone()}
            {move || gloss().map(|gloss| view! { <small>{gloss}</small> })}
        </span>
    }
}

/// A finding, lit by its share; one that speaks against the class is drawn differently.
#[component]
fn Finding(
    /// The phrase and its share.
    word: Word,
    /// The class it speaks for or against.
    target: String,
) -> impl IntoView {
    let ui = use_ui();
    let gloss = {
        let text = word.text.clone();
        move || ui.language.get().gloss(&text)
    };
    let detail = {
        let text = word.text.clone();
        move || {
            let text_of = ui.text();
            let share = (text_of.word_detail)(&text, word.score, &target);
            match word.log_odds {
                Some(log_odds) => format!("{share}. {}", (text_of.word_odds)(log_odds.exp(), &target)),
                None => share,
            }
        }
    };
    view! {
        <span
            class="w"
            class:against=word.score < 0.0
            style=("--shade", format!("{:.3}", shade(word.score)))
            tabindex="0"
            role="note"
            data-testid="word"
            data-score=word.score.to_string()
            title=detail.clone()
            aria-label=detail
        >
            {word.text.clone()}
            <sup>{share_text(word.score)}</sup>
            {move || gloss().map(|gloss| view! { <small>{gloss}</small> })}
        </span>
    }
}

/// The training captions that lie closest to the scan.
#[component]
fn Candidates() -> impl IntoView {
    let ui = use_ui();
    let list = move || {
        let report = ui.report()?;
        let rows = report.caption.candidates.iter().map(|candidate| {
            let is_read = candidate.text == report.caption.text;
            view! {
                <li class:on=is_read data-testid="candidate">
                    <span>{candidate.text.clone()}</span>
                    <b>{format!("{:.2}", candidate.similarity)}</b>
                </li>
            }
        });
        (!report.caption.candidates.is_empty()).then(|| {
            view! {
                <div class="candidates">
                    <h3>{ui.text().candidates} <span>{ui.text().similarity}</span></h3>
                    <ol>{rows.collect_view()}</ol>
                </div>
            }
        })
    };
    view! { {list} }
}

/// Whether a word names a class rather than a finding.
pub fn is_class_word(report: &Report, word: &Word) -> bool {
    report.text.probabilities.keys().any(|label| label.eq_ignore_ascii_case(&word.text))
}

/// Whether every order of the phrases counted; a method that knows no orders leaves none out.
fn is_exact(report: &Report) -> bool {
    report.tokens.sum.is_none_or(|sum| sum.is_exact)
}

fn n_findings(report: &Report) -> usize {
    report.tokens.words.iter().filter(|word| !is_class_word(report, word)).count()
}

fn source_name(report: &Report) -> &'static str {
    match report.caption.source {
        CaptionSource::Retrieved => "retrieved",
        CaptionSource::Edited => "edited",
    }
}

/// A signed share in two digits, without the leading zero.
fn share_text(score: f32) -> String {
    let digits = format!("{:.2}", score.abs()).replacen("0.", ".", 1);
    if score < 0.0 { format!("−{digits}") } else { digits }
}
