//! What warnings are worth: the table of warnings, and accuracy when the most doubtful scans are withheld.

use maud::{Markup, html};

use super::numbers::{figure, number};
use super::plot::{self, Line};
use super::tables::{Row, table};
use crate::bundle::card::AnswerBand;
use crate::report::WarningKind;
use crate::train::evaluate::warnings::{COVERAGES, CoverageStudy, SURE, WarningStudy};

/// A kind of warning, in words.
fn title(kind: WarningKind) -> &'static str {
    match kind {
        WarningKind::None => "No warning",
        WarningKind::Unsure => "Unsure",
        WarningKind::Unfamiliar => "Unfamiliar",
        WarningKind::NotAScan => "Not a scan",
    }
}

/// The section on warnings.
pub(super) fn section(study: &WarningStudy, bands: &[AnswerBand]) -> Markup {
    let columns: Vec<&str> = ["", "Scans", "Patients"].into_iter().chain(WarningKind::ALL.map(title)).collect();
    let groups = study.groups.iter().map(|(group, of)| {
        let counts = [of.n_scans, of.n_patients].map(|n| html! { (n) });
        let shares = WarningKind::ALL.map(|kind| number(of.kinds.get(&kind).copied().unwrap_or_default(), 3));
        Row::new(html! { (group.title()) }, counts.into_iter().chain(shares))
    });
    let sure = format!("Healthy and AMD scans answered wrongly, with a probability above {SURE} and no warning");
    let shares = [
        ("Right answers to healthy and AMD scans, with a warning", study.warned_of_right),
        (&sure, study.wrong_and_sure),
        ("Scans of other diseases called AMD without a warning", study.others_called_amd),
        ("AUROC of the warning's score for another disease", study.others_auroc),
    ];
    html! {
        h3 { "When does it warn?" }
        (table(&columns, groups))
        p class="note" {
            "By what the scans show; shares of scans. Scans of diseases that are no class of the model count here and \
             in the last column of the next table alone."
        }
        (table(&["", "Share"], shares.map(|(what, share)| Row::new(html! { (what) }, [figure(share)]))))
        (answers(bands))
        (coverage(&study.coverage))
    }
}

fn answers(bands: &[AnswerBand]) -> Markup {
    let rows = bands.iter().map(|band| {
        let [from, to] = band.probability;
        let name =
            format!("{}, {from:.2} to {to:.2}, {}", band.label, if band.is_warned { "warned" } else { "no warning" });
        let counts = [band.n_right, band.n_scans, band.n_patients].map(|n| html! { (n) });
        let others = html! { @match band.n_other_diseases { Some(n) => { (n) }, None => { "–" } } };
        Row::new(html! { (name) }, counts.into_iter().chain([others]))
    });
    html! {
        h3 { "What did answers turn out to be?" }
        (table(&["Answer of the image head", "Right", "Scans", "Patients", "Scans of other diseases"], rows))
        p class="note" {
            "By class, probability and warning. The page shows these counts beside an answer of the same kind. Scans of \
             diseases that are no class of the model are wrong whatever it answers; they stand in a column of their own."
        }
    }
}

fn coverage(study: &CoverageStudy) -> Markup {
    let columns: Vec<String> = COVERAGES.iter().map(|c| format!("{:.0} %", 100. * c)).collect();
    let columns: Vec<&str> =
        ["Scans answered"].into_iter().chain(columns.iter().map(String::as_str)).chain(["AURC"]).collect();
    let accuracies = study.accuracies.iter().map(|a| figure(a.accuracy)).chain([figure(study.aurc)]);
    let line = Line { class: "image", title: "image head".to_owned(), points: &study.curve };
    html! {
        h3 { "Is it right where it doesn't doubt?" }
        (table(&columns, [Row::new(html! { "Accuracy of the image head" }, accuracies)]))
        div class="plots" { figure { (plot::risk_coverage("Risk and coverage", line)) } }
        p class="note" {
            "Scans whose class the model knows, by the score of their warning: the most doubtful ones are left unanswered \
             first. Risk: share of wrong answers among those given; AURC: its mean over all coverages (Geifman & El-Yaniv \
             2017), 0 at best. A level line says that the score does not tell wrong answers from right ones."
        }
    }
}
