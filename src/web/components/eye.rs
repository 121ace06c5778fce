//! Above files of one eye: what they say together, or the offer to sum them up.

use leptos::prelude::*;

use crate::page::lines::joined_eye_lines;
use crate::page::state::{EyeGroup, Join, JoinedEye};
use crate::web::preferences::use_locale;

/// The answer for the eye, and the button by which a visitor says that the files are of one; nothing where no group begins.
#[component]
pub fn Eye(
    /// The files that are of one eye, or may be.
    group: Signal<Option<EyeGroup>>,
    /// The visitor says that they are of one eye, or takes it back.
    on_one_eye: Callback<bool>,
) -> impl IntoView {
    let locale = use_locale();
    let is_by_visitor = |group: &EyeGroup| !matches!(group.join, Join::Offered | Join::ByFiles(_));
    let is_on = Memo::new(move |_| group.with(|group| group.as_ref().is_some_and(is_by_visitor)));
    let n_files = Memo::new(move |_| group.with(|group| group.as_ref().map_or(0, |group| group.n_files)));
    let is_said = Memo::new(move |_| group.with(|g| g.as_ref().is_some_and(|g| matches!(g.join, Join::ByFiles(_)))));
    let answer = move || match group.get()?.join {
        Join::Offered => None,
        Join::BothEyes => {
            let line = locale.text().both_eyes;
            Some(view! { <p class="eye" data-testid="both-eyes">{line}</p> }.into_any())
        }
        Join::ByVisitor(joined) | Join::ByFiles(joined) => {
            joined.map(|joined| joined_view(joined_eye_lines(locale.language(), &joined), &joined))
        }
    };
    let button = move || {
        view! {
            <button
                type="button"
                class="one-eye"
                class:on=move || is_on.get()
                data-testid="one-eye"
                aria-pressed=move || is_on.get().to_string()
                aria-description=move || locale.text().one_eye_detail
                on:click=move |_| on_one_eye.run(!is_on.get_untracked())
            >
                {move || (locale.text().one_eye)(n_files.get())}
            </button>
        }
    };
    let said =
        move || view! { <p class="eye" data-testid="same-eye">{move || (locale.text().same_eye)(n_files.get())}</p> };
    view! {
        <Show when=move || { n_files.get() > 0 }>
            <Show when=move || is_said.get() fallback=button>
                {said}
            </Show>
            {answer}
        </Show>
    }
}

fn joined_view(line: String, JoinedEye { eye, decided, is_folded, .. }: &JoinedEye) -> AnyView {
    view! {
        <p
            class="eye"
            data-testid="joined-eye"
            data-label=eye.label.clone()
            data-probability=format!("{:.4}", eye.probability)
            data-scan=decided.to_string()
            data-answered=eye.n_answered.to_string()
            data-warning=eye.warning.name()
            data-folded=is_folded.to_string()
        >
            {line}
        </p>
    }
    .into_any()
}
