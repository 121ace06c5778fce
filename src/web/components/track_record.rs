//! What answers like the shown one turned out to be on held-back patients.

use std::sync::Arc;

use leptos::prelude::*;

use crate::bundle::card::ModelCard;
use crate::page::lines::{row_lines, track_record_line};
use crate::page::track_record::track_record;
use crate::report::Report;
use crate::web::preferences::use_locale;

/// A row for each source of scans; nothing where the model card has no such figures.
#[component]
pub fn TrackRecordTable(
    /// The card of the model that answers.
    card: Signal<Option<Arc<ModelCard>>>,
    /// The report about the scan that is shown.
    report: Signal<Option<Arc<Report>>>,
) -> impl IntoView {
    let locale = use_locale();
    let record = Memo::new(move |_| track_record(&*card.get()?, &*report.get()?));
    move || {
        let record = record.get()?;
        let language = locale.language();
        let rows = record.rows.iter().map(|row| {
            let lines = row_lines(language, row);
            let others = lines.others.map(|others| view! { <small class="bad">{others}</small> });
            view! {
                <tr data-testid="track-record-row" data-right=row.n_right.to_string() data-scans=row.n_scans.to_string()>
                    <th scope="row">{lines.source} {others}</th>
                    <td>
                        {lines.percent.map(|percent| view! { <b>{percent}</b> })}
                        <small>{lines.counts}</small>
                    </td>
                </tr>
            }
        });
        Some(view! {
            <div class="track-record" data-testid="track-record">
                <h3>{language.text.doubt.track_record}</h3>
                <p class="note">{track_record_line(language, &record)}</p>
                <table><tbody>{rows.collect_view()}</tbody></table>
            </div>
        })
    }
}
