//! Whether the answer can be trusted: figures of this scan, and what was measured on other patients.

use std::sync::Arc;

use leptos::prelude::*;

use crate::bundle::card::{Interval, ModelCard};
use crate::page::reading::class_word_share;
use crate::page::text::Text;
use crate::render::card::{Note, Section, drift_notes, sections, training_notes};
use crate::report::Report;
use crate::web::preferences::use_locale;

/// The trust card.
#[component]
pub fn TrustCard(
    /// The model card.
    card: Signal<Option<Arc<ModelCard>>>,
    /// The report about the scan that is shown.
    report: Signal<Option<Arc<Report>>>,
) -> impl IntoView {
    let locale = use_locale();
    let of_scan = move || report.get().map(|report| scan_signs(locale.text(), &report));
    let of_model = move || {
        let text = locale.text();
        card.get().map(|card| {
            let sections = card.metrics.as_ref().map(|metrics| sections(metrics, card.precision)).unwrap_or_default();
            let main = sections.first().map(|section| section_view(text, section, true));
            let others: Vec<_> = sections.iter().skip(1).map(|section| section_view(text, section, false)).collect();
            let drift = card.metrics.as_ref().map(|metrics| notes_view(&drift_notes(&metrics.drift)));
            let more = drift.map(|drift| {
                view! {
                    <details>
                        <summary>{text.more_figures}</summary>
                        {drift}
                        {others}
                    </details>
                }
            });
            let training = training_notes(&card.training);
            view! {
                <h3>{text.measured}</h3>
                {main.is_none().then(|| view! { <p class="note">{text.no_figures}</p> })}
                {main}
                {more}
                {(!training.is_empty()).then(|| view! {
                    <details>
                        <summary>{text.training}</summary>
                        {notes_view(&training)}
                    </details>
                })}
            }
        })
    };
    view! {
        <section class="card trust" data-testid="trust">
            <h2>{move || locale.text().trust}</h2>
            {of_scan}
            {of_model}
            <p class="note">{move || locale.text().limits}</p>
        </section>
    }
}

fn scan_signs(text: &'static Text, report: &Report) -> impl IntoView + use<> {
    let signs = [
        (format!("{:.2}", report.agreement.divergence), text.divergence),
        (format!("{:.2}", report.caption.similarity), text.caption_similarity),
        (format!("{:.0} %", class_word_share(report) * 100.0), text.class_word_share),
    ];
    let rows = signs.map(|(value, meaning)| view! { <div><dt>{meaning}</dt><dd>{value}</dd></div> });
    view! {
        <h3>{text.trust_scan}</h3>
        <dl class="signs">{rows.into_iter().collect_view()}</dl>
    }
}

fn section_view(text: &'static Text, section: &Section, is_main: bool) -> impl IntoView + use<> {
    let cell = |figure: Option<Interval>| {
        figure.map(|Interval { value, low, high }| {
            view! {
                <b>{format!("{value:.3}")}</b>
                <small>{format!("{low:.3}–{high:.3}")}</small>
            }
        })
    };
    let rows = section.rows.iter().map(|row| {
        view! {
            <tr>
                <th scope="row">{(text.measure)(row.measure)}</th>
                <td class="image">{cell(row.image)}</td>
                <td class="words">{cell(row.text)}</td>
            </tr>
        }
    });
    let table = (!section.rows.is_empty()).then(|| {
        view! {
            <table>
                <thead>
                    <tr>
                        <td></td>
                        <th scope="col" class="image">{text.head_image}</th>
                        <th scope="col" class="words">{text.head_text}</th>
                    </tr>
                </thead>
                <tbody>{rows.collect_view()}</tbody>
            </table>
        }
    });
    let mut caption = format!("{} · {}", section.name, (text.judged_on)(section.n_scans, section.n_patients));
    if is_main {
        caption = format!("{caption} · {}", text.interval);
    }
    view! {
        <p class="note">{caption}</p>
        {table}
        {notes_view(&section.notes)}
    }
}

fn notes_view(notes: &[Note]) -> impl IntoView + use<> {
    let rows = notes.iter().map(|(key, value)| view! { <div><dt>{key.clone()}</dt><dd>{value.clone()}</dd></div> });
    view! { <dl class="notes">{rows.collect_view()}</dl> }
}
