//! The answer: what the image head says, what the text head says, and whether they agree.

use std::sync::Arc;

use leptos::prelude::*;

use crate::page::lines::{agreement_line, probabilities_line, verdict_lines};
use crate::page::numbers::{probability_of_label, probability_text};
use crate::page::text::Language;
use crate::report::{Prediction, Report};
use crate::web::components::warning::WarningNotice;
use crate::web::preferences::use_locale;

/// The answer card.
#[component]
pub fn AnswerCard(
    /// The report about the scan that is shown.
    report: Signal<Option<Arc<Report>>>,
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
                    class:differ=!is_same
                    data-testid="agreement"
                    data-same-label=is_same.to_string()
                    data-divergence=format!("{:.4}", report.agreement.divergence)
                >
                    <span aria-hidden="true">{if is_same { "✓ " } else { "≠ " }}</span>
                    {agreement_line(locale.language(), &report)}
                </p>
            }
        })
    };
    view! {
        <section class="card answer">
            <h2>{move || locale.text().answer}</h2>
            <WarningNotice report=report />
            {verdict}
            {heads}
            {agreement}
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
    let probability = probability_of_label(&prediction);
    view! {
        <div
            class=format!("head {class}")
            data-testid=testid
            data-label=prediction.label.clone()
            data-probability=probability.to_string()
            title=probabilities_line(language, &prediction)
        >
            <span class="who">{name}</span>
            <span class="what">{language.name_of(&prediction.label).to_owned()}</span>
            <span class="track" aria-hidden="true"><i style:width=format!("{:.1}%", probability * 100.0)></i></span>
            <b>{probability_text(probability)}</b>
        </div>
    }
}
