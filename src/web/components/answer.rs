//! The answer: what the image head says, what the text head says, and whether they agree.

use leptos::prelude::*;

use crate::report::{CaptionSource, Prediction, Report};
use crate::web::components::{probability_of_label, probability_text};
use crate::web::text::Text;
use crate::web::ui::use_ui;

/// Below this probability the answer is called a leaning.
const SURE_PROBABILITY: f32 = 0.75;

/// The answer card.
#[component]
pub fn AnswerCard() -> impl IntoView {
    let ui = use_ui();
    let verdict = move || {
        ui.report().map(|report| {
            let (verdict, detail) = verdict(ui.text(), &report);
            view! { <div class="verdict">{verdict} " " <small>{detail}</small></div> }
        })
    };
    let agreement = move || {
        let text = ui.text();
        ui.report().map(|report| {
            let is_same = report.agreement.same_label;
            let sentence = if is_same {
                text.agree.to_owned()
            } else if report.caption.source == CaptionSource::Edited {
                (text.edited_disagree)(&report.image.label, &report.text.label)
            } else {
                (text.disagree)(&report.image.label, &report.text.label)
            };
            view! {
                <p
                    class="agreement"
                    class:differ=!is_same
                    data-testid="agreement"
                    data-same-label=is_same.to_string()
                    data-divergence=format!("{:.4}", report.agreement.divergence)
                >
                    <span aria-hidden="true">{if is_same { "✓ " } else { "≠ " }}</span>
                    {sentence}
                </p>
            }
        })
    };
    view! {
        <section class="card answer">
            <h2>{move || ui.text().answer}</h2>
            {verdict}
            {move || ui.report().map(|report| view! {
                <Head
                    class="image"
                    name=ui.text().image_says
                    testid="image-prediction"
                    prediction=report.image.clone()
                />
                <Head
                    class="words"
                    name=ui.text().words_say
                    testid="text-prediction"
                    prediction=report.text.clone()
                />
            })}
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
) -> impl IntoView {
    let probability = probability_of_label(&prediction);
    let all = prediction.probabilities.iter().map(|(label, p)| format!("{label} {p:.4}")).collect::<Vec<_>>();
    view! {
        <div
            class=format!("head {class}")
            data-testid=testid
            data-label=prediction.label.clone()
            data-probability=probability.to_string()
            title=all.join(" · ")
        >
            <span class="who">{name}</span>
            <span class="what">{prediction.label.clone()}</span>
            <span class="track" aria-hidden="true"><i style:width=format!("{:.1}%", probability * 100.0)></i></span>
            <b>{probability_text(probability)}</b>
        </div>
    }
}

/// The verdict and what it means. Retrieved words that say otherwise leave no verdict; edited ones are a what-if.
fn verdict(text: &'static Text, report: &Report) -> (String, String) {
    let label = &report.image.label;
    let is_split = !report.agreement.same_label && report.caption.source == CaptionSource::Retrieved;
    let probability = probability_of_label(&report.image);
    if is_split {
        (text.no_clear_answer.to_owned(), String::new())
    } else if probability < SURE_PROBABILITY {
        (label.clone(), text.unsure.to_owned())
    } else {
        let others: Vec<&str> = report.image.probabilities.keys().filter(|l| *l != label).map(String::as_str).collect();
        (label.clone(), (text.likely)(label, &others.join(", ")))
    }
}
