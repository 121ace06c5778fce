//! The warning that an answer is doubtful: a notice before the map and the answer, which folds and opens them, and signs on
//! the picture, on cards and on the scan's thumbnail. Below it what a person should know about how the file was read.

use std::sync::Arc;

use leptos::prelude::*;

use crate::page::lines::warning_lines;
use crate::report::{Report, WarningKind};
use crate::web::preferences::use_locale;

/// The `id` of what a folded answer hides.
pub const ANSWER: &str = "answer";

/// The notice with its reasons, and the button that opens the answer in spite of them; nothing if there is no warning.
#[component]
pub fn WarningNotice(
    /// The report about the scan that is shown.
    report: Signal<Option<Arc<Report>>>,
    /// Whether the answer is folded.
    is_folded: Signal<bool>,
    /// The answer is to be folded, or opened.
    on_fold: Callback<bool>,
) -> impl IntoView {
    let locale = use_locale();
    let warning = Memo::new(move |_| report.with(|report| report.as_ref().map(|report| report.warning.clone())));
    move || {
        let warning = warning.get()?;
        let kind = warning.kind;
        let mut lines = warning_lines(locale.language(), &warning).into_iter();
        let heading = lines.next()?;
        // What takes the answer away interrupts; what only weakens it waits its turn.
        let role = if kind == WarningKind::Unsure { "status" } else { "alert" };
        Some(view! {
            <div class=format!("warning {}", kind.name()) role=role data-testid="warning" data-kind=kind.name()>
                <WarningSign kind=kind />
                <div>
                    <p><b>{heading}</b></p>
                    <ul>{lines.map(|line| view! { <li>{line}</li> }).collect_view()}</ul>
                </div>
                <button
                    type="button"
                    data-testid="answer-fold"
                    aria-expanded=move || (!is_folded.get()).to_string()
                    aria-controls=ANSWER
                    on:click=move |_| on_fold.run(!is_folded.get_untracked())
                >
                    {move || {
                        let text = locale.text().doubt;
                        if is_folded.get() { (text.open)(kind) } else { text.fold }
                    }}
                </button>
            </div>
        })
    }
}

/// The sign and two words on a card of a doubtful answer: the card may be seen, or printed, away from the notice.
#[component]
pub fn DoubtBadge(
    /// The report about the scan that is shown.
    report: Signal<Option<Arc<Report>>>,
) -> impl IntoView {
    let locale = use_locale();
    let kind = Memo::new(move |_| report.with(|report| report.as_ref().map_or(WarningKind::None, |r| r.warning.kind)));
    move || {
        let (kind, text) = (kind.get(), locale.text().doubt);
        (kind != WarningKind::None).then(|| {
            view! {
                <span class=format!("doubt-badge {}", kind.name()) data-testid="doubt-badge">
                    <WarningSign kind=kind />
                    {(text.in_short)(kind)}
                </span>
            }
        })
    }
}

/// A line for each note about how the file was read.
#[component]
pub fn FileNotes(
    /// The report about the scan that is shown.
    report: Signal<Option<Arc<Report>>>,
) -> impl IntoView {
    let locale = use_locale();
    move || {
        report.get().map(|report| {
            let line = |note| view! { <p class="note" data-testid="note">{(locale.text().note)(note)}</p> };
            report.input.notes.iter().map(line).collect_view()
        })
    }
}

/// The mark on the thumbnail of a scan whose answer is doubtful.
#[component]
pub fn WarningMark(
    /// How far it is doubtful.
    kind: WarningKind,
) -> impl IntoView {
    let locale = use_locale();
    let meaning = (locale.text().doubt.warning)(kind);
    (kind != WarningKind::None).then(|| {
        view! {
            <span
                class=format!("mark-of {}", kind.name())
                role="img"
                aria-label=meaning
                data-hint=""
                data-testid="scan-warning"
                data-kind=kind.name()
            >
                <WarningSign kind=kind />
            </span>
        }
    })
}

/// A shape for each kind: a question in a circle, an exclamation mark in a triangle, a circle struck through.
#[component]
pub fn WarningSign(
    /// Which kind.
    kind: WarningKind,
) -> impl IntoView {
    let path = match kind {
        WarningKind::None => "",
        WarningKind::Unsure => {
            "M12 2.5a9.5 9.5 0 1 0 0 19a9.5 9.5 0 1 0 0-19M9 9.4c0-4 6-4 6-.2 0 2.6-3 2.6-3 5M12 17.4v.2"
        }
        WarningKind::Unfamiliar => "M12 3 1.8 21h20.4zM12 9.5v5.5M12 18v.2",
        WarningKind::NotAScan => "M12 2.5a9.5 9.5 0 1 0 0 19a9.5 9.5 0 1 0 0-19M5.3 5.3l13.4 13.4",
    };
    view! {
        <svg class="sign-of" viewBox="0 0 24 24" aria-hidden="true">
            <path d=path />
        </svg>
    }
}
