//! The panel of a lecture, what it marks on the picture, and what it says about the lesions there.

use std::sync::Arc;

use leptos::prelude::*;

use crate::page::lines::{definition_lines, reveal_lines};
use crate::page::region::percents;
use crate::page::teach::reveal::hit;
use crate::report::Report;
use crate::web::components::case::CasePanel;
use crate::web::linked::Linked;
use crate::web::preferences::use_locale;
use crate::web::teach::{Copied, Teach};
use crate::web::viewer::Viewer;

/// Opens and closes the panel.
#[component]
pub fn TeachToggle(
    /// What a lecture shows.
    teach: Teach,
) -> impl IntoView {
    let locale = use_locale();
    let is_open = move || teach.with(|state| state.is_open);
    view! {
        <button
            type="button"
            class:on=is_open
            class="teach-toggle"
            data-testid="teach"
            aria-expanded=move || is_open().to_string()
            on:click=move |_| teach.update(|state| state.is_open = !state.is_open)
        >
            {move || locale.text().teach.teach}
        </button>
    }
}

/// The panel: what can be shown, voted on and drawn.
#[component]
pub fn TeachCard(
    /// What a lecture shows.
    teach: Teach,
) -> impl IntoView {
    let locale = use_locale();
    let text = move || locale.text().teach;
    let is_open = Memo::new(move |_| teach.with(|state| state.is_open));
    let is_revealed = move || teach.with(|state| state.is_revealed);
    let is_guessing = move || teach.with(|state| state.guess.is_on());
    let has_link = Memo::new(move |_| teach.has_link());
    let said = move || {
        let text = text();
        teach.copied.get().map(|copied| match copied {
            Copied::Yes => text.copied,
            Copied::InAddressBar => text.in_address_bar,
        })
    };
    view! {
        <Show when=move || is_open.get()>
            <section class="card teach" data-testid="teach-card">
                <h2>{move || text().teach}</h2>
                <p class="note">{move || text().teach_detail}</p>
                <div class="teach-tools">
                    <button
                        type="button"
                        class:on=is_revealed
                        aria-pressed=move || is_revealed().to_string()
                        data-testid="reveal"
                        on:click=move |_| teach.update(|state| state.is_revealed = !state.is_revealed)
                    >
                        {move || text().reveal}
                    </button>
                    <button
                        type="button"
                        class:on=is_guessing
                        aria-pressed=move || is_guessing().to_string()
                        data-testid="guess-first"
                        on:click=move |_| teach.update(|state| state.guess.set(!state.guess.is_on()))
                    >
                        {move || text().guess_first}
                    </button>
                    <button type="button" data-testid="tour" on:click=move |_| teach.go(1)>
                        {move || text().tour}
                    </button>
                    <button
                        type="button"
                        data-testid="copy-link"
                        disabled=move || !has_link.get()
                        on:click=move |_| teach.copy_link()
                    >
                        {move || text().copy_link}
                    </button>
                </div>
                <p class="note" role="status" data-testid="link-status">{said}</p>
                <CasePanel teach=teach />
            </section>
        </Show>
    }
}

/// Whether the heat is where the lesions are, while they are revealed.
#[component]
pub fn RevealCard(
    /// What a lecture shows.
    teach: Teach,
    /// The report about the scan that is shown.
    report: Signal<Option<Arc<Report>>>,
    /// The finding that has the map in place of the class.
    linked: Linked,
) -> impl IntoView {
    let locale = use_locale();
    let is_shown = Memo::new(move |_| teach.with(|state| state.is_revealed) && !teach.is_hiding());
    let lines = move || {
        let report = report.get()?;
        let lesions = teach.lesions.get();
        let found = lesions.as_ref().and_then(|lesions| {
            linked.finding.with(|finding| {
                let map = finding.as_ref().and_then(|finding| finding.map()).unwrap_or(&report.heatmap);
                hit(map, lesions)
            })
        });
        let n_lesions = lesions.as_ref().map(Vec::len);
        let lines = reveal_lines(locale.language(), n_lesions, found.as_ref());
        Some(view! {
            <div
                data-testid="reveal-line"
                data-lesions=n_lesions.map(|n| n.to_string())
                data-hit=found.as_ref().map(|found| found.finding.is_some().to_string())
                data-share=found.as_ref().map(|found| found.share.to_string())
            >
                {lines.into_iter().map(|line| view! { <p>{line}</p> }).collect_view()}
            </div>
        })
    };
    view! {
        <Show when=move || is_shown.get() && report.with(Option::is_some)>
            <section class="card reveal" data-testid="reveal-card">
                <h2>{move || locale.text().teach.true_lesions}</h2>
                {lines}
            </section>
        </Show>
    }
}

/// The boxes of true lesions over the picture.
#[component]
pub fn TrueLesions(
    /// Columns and rows of the scan.
    size: Signal<Option<[usize; 2]>>,
    /// How the scan is looked at.
    viewer: Viewer,
    /// What a lecture shows.
    teach: Teach,
) -> impl IntoView {
    let locale = use_locale();
    let marked = Memo::new(move |_| teach.marked());
    move || {
        let size = size.get()?;
        let boxes = marked.get().into_iter().map(|lesion| {
            let [left, top, width, height] = percents(lesion.region, size, viewer.transform.get());
            let name = lesion.is_named.then(|| locale.language().name_of(&lesion.finding).to_owned());
            view! {
                <div
                    class="region lesion"
                    class:low=top < 12.
                    data-testid="lesion-box"
                    data-finding=lesion.finding.clone()
                    style=format!("left:{left:.2}%;top:{top:.2}%;width:{width:.2}%;height:{height:.2}%")
                >
                    {name.map(|name| view! { <span>{name}</span> })}
                </div>
            }
        });
        Some(boxes.collect_view())
    }
}

/// What the finding is that was pointed at, where it is, and what hiding a region did to it.
#[component]
pub fn Definition(
    /// What a lecture shows.
    teach: Teach,
    /// What is asked beside the class.
    linked: Linked,
) -> impl IntoView {
    let locale = use_locale();
    let lines = move || {
        let finding = teach.pointed.get()?;
        let n_drawn = teach
            .lesions
            .with(|lesions| Some(lesions.as_ref()?.iter().filter(|lesion| lesion.finding == finding).count()));
        let hidden = linked.hidden.get();
        let [name, lines] = definition_lines(locale.language(), &finding, n_drawn, hidden.as_deref())?;
        Some(view! {
            <span data-testid="finding-definition" data-finding=finding>
                <b>{name}</b>
                " "
                {lines}
            </span>
        })
    };
    let line = move || match lines() {
        Some(lines) => lines.into_any(),
        None => locale.text().teach.point_at_finding.into_any(),
    };
    view! { <p class="note definition" role="status">{line}</p> }
}
