//! What speaks for and against trusting the answer: this scan's own signs, and what was measured on other patients.

use std::sync::Arc;

use leptos::prelude::*;

use crate::bundle::card::ModelCard;
use crate::page::reading::class_word_share;
use crate::page::text::Text;
use crate::render::figures::{self, Figure, Row, Section};
use crate::report::Report;
use crate::web::preferences::use_locale;

/// The trust card.
#[component]
pub fn TrustCard(
    /// What the weights file says of itself.
    card: Signal<Option<Arc<ModelCard>>>,
    /// The report about the scan that is shown.
    report: Signal<Option<Arc<Report>>>,
) -> impl IntoView {
    let locale = use_locale();
    let of_scan = move || report.get().map(|report| scan_signs(locale.text(), &report));
    let of_model = move || {
        let text = locale.text();
        card.get().map(|card| {
            let sections = figures::sections(&card.metrics);
            // What runs here comes first: its own precision's figures.
            let has_rows = |section: &Section| !section.rows.is_empty();
            let first = sections
                .iter()
                .position(|section| has_rows(section) && section.name.starts_with(card.precision.as_str()))
                .or_else(|| sections.iter().position(has_rows));
            let main = first.map(|at| section_view(text, &sections[at], true));
            let others: Vec<_> =
                sections.iter().enumerate().filter(|(at, _)| Some(*at) != first).map(|(_, section)| section).collect();
            let more = (!others.is_empty()).then(|| {
                view! {
                    <details>
                        <summary>{text.more_figures}</summary>
                        {others.into_iter().map(|section| section_view(text, section, false)).collect_view()}
                    </details>
                }
            });
            let training = figures::notes(&card.training);
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
    let cell = |figure: Option<Figure>| {
        figure.map(|Figure { value, interval }| {
            view! {
                <b>{format!("{value:.3}")}</b>
                {interval.map(|[low, high]| view! { <small>{format!("{low:.3}–{high:.3}")}</small> })}
            }
        })
    };
    // Of two classes, the mean over classes is the one area that there is, told a second time.
    let is_second_telling = |row: &Row| {
        let first = section.rows.iter().find(|other| other.measure == "auroc");
        row.measure == "macro_auroc" && first.is_some_and(|first| (first.image, first.text) == (row.image, row.text))
    };
    let rows = section.rows.iter().filter(|row| !is_second_telling(row)).map(|row| {
        let name = (text.measure)(&row.measure).map_or_else(|| row.measure.replace('_', " "), str::to_owned);
        view! {
            <tr>
                <th scope="row">{name}</th>
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
    let has_interval =
        section.rows.iter().flat_map(|row| [row.image, row.text]).flatten().any(|f| f.interval.is_some());
    let judged_on = (text.judged_on)(section.n_scans, section.n_patients);
    let interval = (has_interval && is_main).then(|| text.interval.to_owned());
    let name = (!section.name.is_empty()).then(|| section.name.clone());
    let parts = [name, Some(judged_on).filter(|line| !line.is_empty()), interval];
    let caption = parts.into_iter().flatten().collect::<Vec<_>>().join(" · ");
    view! {
        {(!caption.is_empty()).then(|| view! { <p class="note">{caption}</p> })}
        {table}
        {(!section.notes.is_empty()).then(|| notes_view(&section.notes))}
    }
}

fn notes_view(notes: &[(String, String)]) -> impl IntoView + use<> {
    let rows = notes.iter().map(|(key, value)| view! { <div><dt>{key.clone()}</dt><dd>{value.clone()}</dd></div> });
    view! { <dl class="notes">{rows.collect_view()}</dl> }
}
