//! The model card for people, and the one for machines to be saved.

use std::sync::Arc;

use leptos::prelude::*;

use crate::bundle::card::ModelCard;
use crate::page::card::scanners;
use crate::page::lines::model_rows;
use crate::page::model_card::chai::applied_model_card;
use crate::page::model_card::{DataRow, data_rows};
use crate::page::text::Language;
use crate::web::canvas;
use crate::web::preferences::use_locale;

/// The card of the model that answers.
#[component]
pub fn ModelCardView(
    /// The card.
    card: Signal<Option<Arc<ModelCard>>>,
) -> impl IntoView {
    let locale = use_locale();
    let save = move |_| {
        if let Some(card) = card.get_untracked() {
            canvas::save_text(
                &format!("{}.model-card.json", card.name),
                &applied_model_card(&card),
                "application/json",
            );
        }
    };
    let content = move || {
        let language = locale.language();
        card.get().map(|card| {
            let text = language.text.models;
            let rows = model_rows(language, &card);
            let rows = rows.into_iter().map(|[name, value]| view! { <div><dt>{name}</dt><dd>{value}</dd></div> });
            let devices = card.metrics.as_ref().map(|metrics| scanners(metrics, card.precision)).unwrap_or_default();
            let limits = text.known_limits.map(str::to_owned).into_iter().chain([(language.text.limits)(&devices)]);
            view! {
                <dl class="card-rows">{rows.collect_view()}</dl>
                {data_view(language, &card)}
                <h3>{text.limits}</h3>
                <ul>{limits.map(|line| view! { <li>{line}</li> }).collect_view()}</ul>
            }
        })
    };
    view! {
        <section class="card model-card" data-testid="model-card">
            <details>
                <summary>
                    <h2>{move || locale.text().models.card}</h2>
                </summary>
                {content}
                <p class="line">
                    <button type="button" data-testid="download-model-card" on:click=save>
                        {move || locale.text().models.download}
                    </button>
                    <span class="wide note">{move || locale.text().models.download_detail}</span>
                </p>
            </details>
        </section>
    }
}

/// The sets of training data, with patients by part.
fn data_view(language: &'static Language, card: &ModelCard) -> impl IntoView + use<> {
    let text = language.text.models;
    let rows = data_rows(card);
    let has_patients = rows.iter().any(|row| row.patients.is_some());
    let citations = rows.iter().map(|row| view! { <li>{row.citation.clone()}</li> }).collect_view();
    let cells = |row: &DataRow| {
        let number = |n: Option<usize>| view! { <td>{n.map(|n| n.to_string())}</td> };
        let patients = row.patients.map_or([None; 3], |counts| counts.map(Some));
        view! {
            <tr data-testid="data-row" data-set=row.source.data_set.clone()>
                <th scope="row">
                    {row.source.data_set.clone()} <small>{(language.text.device)(&row.source.device).to_owned()}</small>
                </th>
                {patients.map(number).into_iter().collect_view()}
                {number(row.n_scans_measured)}
            </tr>
        }
    };
    let seed = card.training.splits.as_ref().map(|splits| (text.patients_detail)(splits.seed));
    let table = has_patients.then(|| {
        view! {
            <p class="note">{seed}</p>
            <table>
                <thead>
                    <tr>{text.columns.map(|column| view! { <th scope="col">{column}</th> }).into_iter().collect_view()}</tr>
                </thead>
                <tbody>{rows.iter().map(cells).collect_view()}</tbody>
            </table>
        }
    });
    view! {
        <h3>{text.data}</h3>
        <ul>{citations}</ul>
        {table}
    }
}
