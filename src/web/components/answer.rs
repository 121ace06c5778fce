//! The answer: what the image head says, what the text head says, what both are to each other, and what such answers turned
//! out to be.

use std::sync::Arc;

use leptos::prelude::*;

use crate::bundle::card::ModelCard;
use crate::page::classes::{ClassGroup, class_answer, disease_rows, group_rows};
use crate::page::lines::{agreement_line, answer_name, disease_name, group_name, verdict_lines};
use crate::page::numbers::{probability_of_label, probability_text};
use crate::page::reading::{Agreement, agreement};
use crate::page::text::Language;
use crate::report::{InputRef, Prediction, Report};
use crate::web::components::track_record::TrackRecordTable;
use crate::web::components::view::ViewNotice;
use crate::web::components::warning::{DoubtBadge, FileNotes};
use crate::web::preferences::use_locale;

/// What a person should know about the picture before its answer: how it was read, and how it is looked at.
#[component]
pub fn FileCard(
    /// The report about the scan that is shown.
    report: Signal<Option<Arc<Report>>>,
    /// Looks at the picture as is suggested.
    on_use_view: Callback<()>,
    /// Looks at the whole picture again.
    on_undo_view: Callback<()>,
) -> impl IntoView {
    let is_needed = Memo::new(move |_| {
        let has_any = |report: &Report| {
            let InputRef { view, notes, .. } = &report.input;
            report.suggestion.is_some() || view.is_some() || !notes.is_empty()
        };
        report.with(|report| report.as_ref().is_some_and(|report| has_any(report)))
    });
    view! {
        <Show when=move || is_needed.get()>
            <section class="card">
                <ViewNotice report=report on_use=on_use_view on_undo=on_undo_view />
                <FileNotes report=report />
            </section>
        </Show>
    }
}

/// The answer card.
#[component]
pub fn AnswerCard(
    /// The report about the scan that is shown.
    report: Signal<Option<Arc<Report>>>,
    /// The card of the model that answers.
    card: Signal<Option<Arc<ModelCard>>>,
) -> impl IntoView {
    let locale = use_locale();
    let verdict = move || {
        report.get().and_then(|report| {
            let [verdict, meaning] = verdict_lines(locale.language(), &report);
            (!verdict.is_empty()).then(|| view! { <div class="verdict">{verdict} " " <small>{meaning}</small></div> })
        })
    };
    let heads = move || {
        report.get().map(|report| {
            let language = locale.language();
            view! {
                <Head
                    class="image"
                    name=language.text.image_says
                    testid="image-prediction"
                    prediction=report.image.clone()
                    language=language
                />
                <Head
                    class="words"
                    name=language.text.words_say
                    testid="text-prediction"
                    prediction=report.text.clone()
                    language=language
                />
            }
        })
    };
    let agreement = move || {
        report.get().map(|report| {
            let is_same = report.agreement.same_label;
            view! {
                <p
                    class="agreement"
                    class:differ=agreement(&report) == Agreement::Split
                    data-testid="agreement"
                    data-same-label=is_same.to_string()
                    data-divergence=format!("{:.4}", report.agreement.divergence)
                >
                    {agreement_line(locale.language(), &report)}
                </p>
            }
        })
    };
    view! {
        <section class="card answer">
            <div class="title">
                <h2>{move || locale.text().answer}</h2>
                <DoubtBadge report=report />
            </div>
            {verdict}
            {heads}
            {agreement}
            <TrackRecordTable card=card report=report />
            <Probabilities report=report />
        </section>
    }
}

/// One head's answer as a bar.
#[component]
fn Head(
    /// `image` or `words`: which of the two colours.
    class: &'static str,
    /// Whose answer it is.
    name: &'static str,
    /// The hook for tests.
    testid: &'static str,
    /// The answer.
    prediction: Prediction,
    /// In which classes are named.
    language: &'static Language,
) -> impl IntoView {
    let answer = class_answer(&prediction);
    view! {
        <div
            class=format!("head {class}")
            data-testid=testid
            data-label=prediction.label.clone()
            data-probability=probability_of_label(&prediction).to_string()
        >
            <span class="who">{name}</span>
            <span class="what">{answer_name(language, &answer)}</span>
            <span class="track" aria-hidden="true"><i style:width=format!("{:.1}%", answer.probability * 100.0)></i></span>
            <b>{probability_text(answer.probability)}</b>
        </div>
    }
}

/// Every class with its probability: the other diseases together, and one by one on demand.
#[component]
fn Probabilities(
    /// The report about the scan that is shown.
    report: Signal<Option<Arc<Report>>>,
) -> impl IntoView {
    let locale = use_locale();
    let row = |name: String, class: String, image: f32, text: f32| {
        view! {
            <tr
                data-testid="class-probability"
                data-class=class
                data-image=image.to_string()
                data-words=text.to_string()
            >
                <th scope="row">{name}</th>
                <td class="image">{probability_text(image)}</td>
                <td class="words">{probability_text(text)}</td>
            </tr>
        }
    };
    let groups = move || {
        report.get().map(|report| {
            let group_class = |group: ClassGroup| group.label().unwrap_or("other").to_owned();
            let name = |group| group_name(locale.language(), group).to_owned();
            let rows = group_rows(&report);
            rows.into_iter().map(|r| row(name(r.class), group_class(r.class), r.image, r.text)).collect_view()
        })
    };
    let diseases = move || {
        let rows = report.with(|report| report.as_ref().map(|report| disease_rows(report)).unwrap_or_default());
        let name = |label: &str| disease_name(locale.language(), label);
        rows.into_iter().map(|r| row(name(&r.class), r.class, r.image, r.text)).collect_view()
    };
    let has_others = Memo::new(move |_| report.with(|r| r.as_ref().is_some_and(|r| !disease_rows(r).is_empty())));
    view! {
        <div class="classes">
            <table>
                <thead>
                    <tr>
                        <th scope="col">{move || locale.text().probabilities}</th>
                        <th scope="col" class="image">{move || locale.text().head_image}</th>
                        <th scope="col" class="words">{move || locale.text().head_text}</th>
                    </tr>
                </thead>
                <tbody>{groups}</tbody>
            </table>
            <Show when=move || has_others.get()>
                <details>
                    <summary>{move || locale.text().disease_by_disease}</summary>
                    <table>
                        <tbody>{diseases}</tbody>
                    </table>
                </details>
            </Show>
        </div>
    }
}
