//! The suite of changed scans.

use maud::{Markup, html};

use super::numbers::{figure, number};
use super::tables::{Row, table};
use crate::train::evaluate::format::{self, UNDEFINED};
use crate::train::evaluate::stress::{StressRow, StressStudy};

/// The section on changed scans.
pub(super) fn section(study: &StressStudy) -> Markup {
    let columns =
        ["", "Strength", "Amount", "AUROC, image head", "Change", "Same label", "Heatmap correlation", "Warned"];
    let row = |row: &StressRow| {
        let cells = [
            html! { (row.strength.name()) },
            html! { (row.amount) " " small { (row.change.unit()) } },
            figure(row.auroc),
            html! { (format::difference(row.auroc_change)) },
            number(row.label_agreement, 3),
            row.heatmap_pearson.map_or(html! { (UNDEFINED) }, |r| number(r, 3)),
            number(row.warned, 3),
        ];
        Row::new(html! { (row.change.name()) }, cells)
    };
    html! {
        h3 { "What if the scan looked as if from elsewhere?" }
        p {
            (study.n_scans) " scans as they are: AUROC " (figure(study.clean_auroc)) ", warned "
            (number(study.clean_warned, 3)) ". Each was changed before preprocessing and read again."
        }
        (table(&columns, study.rows.iter().map(row)))
        p class="note" {
            "Change: AUROC minus that of the scans as they are. Same label: share of scans answered as before. Heatmap \
             correlation: median over scans of Pearson's correlation of the map for the scan's class with the map of the \
             scan as it is, in places of the latter. Warned: share of scans."
        }
    }
}
