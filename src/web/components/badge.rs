//! What a thumbnail or a frame says about its scan: its answer, or why there is none.

use leptos::prelude::*;

use crate::page::lines::badge_lines;
use crate::page::reading::ScanStatus;
use crate::page::text::Language;
use crate::report::WarningKind;
use crate::web::components::warning::WarningMark;

/// The sign, and how doubtful the answer is in two words, instead of the answer.
fn doubt(language: &'static Language, kind: WarningKind) -> impl IntoView {
    view! {
        <WarningMark kind=kind />
        <em class="no-answer">{(language.text.doubt.in_short)(kind)}</em>
    }
}

/// What a thumbnail or a frame says about its scan.
pub(super) fn badge(language: &'static Language, status: ScanStatus) -> AnyView {
    let text = language.text;
    match status {
        ScanStatus::Answered(answer, warning) => {
            let [shown, _] = badge_lines(language, &answer);
            view! {
                <WarningMark kind=warning />
                <em>{shown}</em>
            }
            .into_any()
        }
        ScanStatus::Folded(warning) => doubt(language, warning).into_any(),
        ScanStatus::NotAScan => doubt(language, WarningKind::NotAScan).into_any(),
        ScanStatus::Waiting => view! { <em class="pending">{text.waiting}</em> }.into_any(),
        ScanStatus::NotAsked => view! { <em class="pending">{text.not_asked}</em> }.into_any(),
    }
}
