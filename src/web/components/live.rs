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
    /// Whether the answer is hidden until a class has voted.
    is_hiding: Signal<bool>,
) -> impl IntoView {
    let locale = use_locale();
    let said = move || shown.with(|scan| live_line(locale.language(), scan.as_ref()?));
    let line = Memo::new(move |_| if is_hiding.get() { String::new() } else { said().unwrap_or_default() });
    view! {
        <p class="heard" role="status" aria-live="polite" data-testid="live-answer">
            {move || line.get()}
        </p>
    }
}
