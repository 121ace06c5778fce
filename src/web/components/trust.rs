//! Whether the answer can be trusted: figures of this scan, and what was measured on other patients.

use std::sync::Arc;

use leptos::prelude::*;

use crate::bundle::card::{Interval, ModelCard};
use crate::page::card::{Device, Note, Section, drift_notes, scanners, sections};
use crate::page::lines::{map_table_line, note_lines, section_line};
use crate::page::map_figures::{Column, MapRow, MapTable, map_tables};
use crate::page::reading::class_word_share;
use crate::page::text::{Language, Text};
use crate::render;
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
        let (language, text) = (locale.language(), locale.text());
        card.get().map(|card| {
            let sections = card.metrics.as_ref().map(|metrics| sections(metrics, card.precision)).unwrap_or_default();
            let (own, others): (Vec<_>, Vec<_>) = sections.iter().partition(|section| is_main(&card, section));
            let own: Vec<_> = own.into_iter().map(|section| section_view(language, section)).collect();
            let others: Vec<_> = others.into_iter().map(|section| section_view(language, section)).collect();
            let drift = card.metrics.as_ref().map(|metrics| notes_view(language, &drift_notes(&metrics.drift)));
            let more = drift.map(|drift| {
                view! {
                    <details>
                        <summary>{text.more_figures}</summary>
                        {drift}
                        {others}
                    </details>
                }
            });
            let maps = card.explanations.as_ref().map(map_tables).filter(|tables| !tables.is_empty());
            let maps = maps.map(|tables| maps_view(language, &tables));
            view! {
                <h3>{text.measured}</h3>
                <p class="note">{if own.is_empty() { text.no_figures } else { text.interval }}</p>
                {own}
                {more}
                {maps}
            }
        })
    };
    let limits = move || {
        let of = |card: &ModelCard| Some(scanners(card.metrics.as_ref()?, card.precision));
        (locale.text().limits)(&card.with(|card| of(card.as_ref()?)).unwrap_or_default())
    };
    view! {
        <section class="card trust" data-testid="trust">
            <h2>{move || locale.text().trust}</h2>
            {of_scan}
            {of_model}
            <p class="note" data-testid="limits">{limits}</p>
        </section>
    }
}

fn scan_signs(text: &'static Text, report: &Report) -> impl IntoView + use<> {
    let mut signs = vec![
        (format!("{:.2}", report.agreement.divergence), text.divergence),
        (format!("{:.2}", report.caption.similarity), text.caption_similarity),
        (format!("{:.0} %", class_word_share(report) * 100.0), text.class_word_share),
    ];
    let um_per_pixel = report.input.um_per_pixel;
    let heated = um_per_pixel.and_then(|um_per_pixel| render::heated_um(&report.heatmap, um_per_pixel));
    signs.extend(heated.map(|[width, height]| (format!("{width:.0} × {height:.0}"), text.heated)));
    let rows = signs.into_iter().map(|(value, meaning)| view! { <div><dt>{meaning}</dt><dd>{value}</dd></div> });
    view! {
        <h3>{text.trust_scan}</h3>
        <dl class="signs" data-testid="signs">{rows.collect_view()}</dl>
    }
}

/// Whether figures stand on the card at once: those of the precision that answers here, on scans of real devices.
fn is_main(card: &ModelCard, section: &Section) -> bool {
    section.precision == card.precision && section.source.device != Device::Simulated
}

fn section_view(language: &'static Language, section: &Section) -> impl IntoView + use<> {
    let text = language.text;
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
    view! {
        <p class="note" data-testid="figures-of">{section_line(language, section)}</p>
        {table}
        {notes_view(language, &section.notes)}
    }
}

fn maps_view(language: &'static Language, tables: &[MapTable]) -> impl IntoView + use<> {
    let text = language.text;
    let row = |row: &MapRow| {
        let figure = |value: &Option<f64>| view! { <td>{value.map(|value| format!("{value:.2}"))}</td> };
        view! {
            <tr>
                <th scope="row">
                    {(text.map_row)(row.name)}
                    {row.is_picked.then(|| view! { <small>{text.map_picked}</small> })}
                </th>
                {row.figures.iter().map(figure).collect_view()}
            </tr>
        }
    };
    let table = |table: &MapTable| {
        let column = |column| view! { <th scope="col">{(text.map_column)(column)}</th> };
        view! {
            <p class="note">{map_table_line(language, table)}</p>
            <table>
                <thead>
                    <tr>
                        <td></td>
                        {Column::ALL.map(column).collect_view()}
                    </tr>
                </thead>
                <tbody>{table.rows.iter().map(row).collect_view()}</tbody>
            </table>
        }
    };
    view! {
        <details data-testid="map-figures">
            <summary>{text.maps_measured}</summary>
            <p class="note">{text.maps_measured_detail}</p>
            {tables.iter().map(table).collect_view()}
        </details>
    }
}

fn notes_view(language: &'static Language, notes: &[Note]) -> impl IntoView + use<> {
    let rows = notes.iter().map(|note| {
        let [name, value] = note_lines(language, note);
        view! { <div><dt>{name}</dt><dd>{value}</dd></div> }
    });
    view! { <dl class="notes">{rows.collect_view()}</dl> }
}
