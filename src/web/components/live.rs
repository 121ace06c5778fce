//! The answer as it is said by a screen reader when it comes.

use leptos::prelude::*;

use crate::page::lines::live_line;
use crate::page::scans::OpenScan;
use crate::web::preferences::use_locale;

/// A region that is heard, not seen: the name of the shown scan, the doubt and the answer.
#[component]
pub fn LiveAnswer(
    /// The scan that is shown.
    shown: Signal<Option<OpenScan>>,
) -> impl IntoView {
    let locale = use_locale();
    let line = Memo::new(move |_| shown.with(|scan| live_line(locale.language(), scan.as_ref()?)).unwrap_or_default());
    view! {
        <p class="heard" role="status" aria-live="polite" data-testid="live-answer">
            {move || line.get()}
        </p>
    }
}
