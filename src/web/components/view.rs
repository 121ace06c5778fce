//! What is suggested about a picture that is no single upright B-scan, or how it is looked at already, with a button each.

use std::sync::Arc;

use leptos::prelude::*;

use crate::report::Report;
use crate::web::preferences::use_locale;

/// A line and its button; nothing about a picture that is looked at as it is and for which nothing is suggested.
#[component]
pub fn ViewNotice(
    /// The report about the scan that is shown.
    report: Signal<Option<Arc<Report>>>,
    /// Looks at it as is suggested.
    on_use: Callback<()>,
    /// Looks at the whole again.
    on_undo: Callback<()>,
) -> impl IntoView {
    let locale = use_locale();
    let views = Memo::new(move |_| {
        report.with(|report| {
            let report = report.as_ref()?;
            let size = [report.input.width, report.input.height];
            Some((report.suggestion, report.input.view, size))
        })
    });
    move || {
        let text = locale.text();
        let (suggestion, view, size) = views.get()?;
        let (line, button, testid, act) = match (suggestion, view) {
            (Some(view), _) => ((text.suggestion)(&view, size), (text.use_view)(&view), "use-view", on_use),
            (None, Some(view)) => ((text.in_view)(&view).to_owned(), text.undo_view, "undo-view", on_undo),
            (None, None) => return None,
        };
        Some(view! {
            <div class="view-notice">
                <p>{line}</p>
                <button type="button" data-testid=testid on:click=move |_| act.run(())>{button}</button>
            </div>
        })
    }
}
