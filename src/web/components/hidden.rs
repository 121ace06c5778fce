//! What changes when a region of the scan is hidden: classes, caption and every finding, before and after.

use std::sync::Arc;

use leptos::prelude::*;

use crate::page::lines::{effect_line, group_name};
use crate::page::linked::class_changes;
use crate::page::numbers::{probability_text, share_text};
use crate::page::text::LinkedText;
use crate::report::{BeforeAfter, Hidden, Report};
use crate::web::components::warning::DoubtBadge;
use crate::web::linked::Linked;
use crate::web::preferences::use_locale;

/// The card about the hidden region, while there is one.
#[component]
pub fn HiddenCard(
    /// The report about the scan that is shown.
    report: Signal<Option<Arc<Report>>>,
    /// What is asked beside the class.
    linked: Linked,
    /// Whether the heatmap is shown: words never are without it.
    has_map: Signal<bool>,
) -> impl IntoView {
    let locale = use_locale();
    let has_any = Memo::new(move |_| linked.hidden.with(Option::is_some));
    let effect = move || linked.hidden.with(|hidden| Some(effect_line(locale.language(), hidden.as_ref()?)));
    let table = move || linked.hidden.get().map(|hidden| view! { <Changes hidden=hidden linked=linked /> });
    view! {
        <Show when=move || has_any.get()>
            <section class="card words changes" class:no-map=move || !has_map.get() data-testid="hidden-card">
                <div class="title">
                    <h2>{move || locale.text().linked.without_region}</h2>
                    <DoubtBadge report=report />
                    <span class="grow"></span>
                    <button type="button" data-testid="show-again" on:click=move |_| linked.on_show_again.run(())>
                        {move || locale.text().linked.show_again}
                    </button>
                </div>
                <p data-testid="hidden-effect">{effect}</p>
                <div class="classes">{table}</div>
                <p class="note">{move || locale.text().linked.likeness_meaning}</p>
                <p class="note">{move || locale.text().linked.hidden_note}</p>
            </section>
        </Show>
    }
}

/// The table of what changes.
#[component]
fn Changes(
    /// Before and after.
    hidden: Arc<Hidden>,
    /// What is asked beside the class.
    linked: Linked,
) -> impl IntoView {
    let locale = use_locale();
    let head = move |name: fn(&LinkedText) -> &'static str| {
        view! {
            <thead>
                <tr>
                    <th scope="col">{move || name(locale.text().linked)}</th>
                    <th scope="col">{move || locale.text().linked.before}</th>
                    <th scope="col">{move || locale.text().linked.after}</th>
                </tr>
            </thead>
        }
    };
    let classes = class_changes(&hidden).into_iter().map(|(group, BeforeAfter { before, after })| {
        view! {
            <tr
                data-testid="hidden-class"
                data-class=group.label().unwrap_or("other")
                data-before=before.to_string()
                data-after=after.to_string()
            >
                <th scope="row">{move || group_name(locale.language(), group)}</th>
                <td>{probability_text(before)}</td>
                <td>{probability_text(after)}</td>
            </tr>
        }
    });
    let findings = hidden.findings.iter().map(|change| {
        let [before, after] = [&change.likeness.before, &change.likeness.after].map(|likeness| likeness.margin);
        let [name, on_map, chosen, shown] = [(); 4].map(|()| change.finding.clone());
        view! {
            <tr
                data-testid="hidden-change"
                data-finding=change.finding.clone()
                data-before=before.to_string()
                data-after=after.to_string()
            >
                <th scope="row">
                    <button
                        type="button"
                        class="plain"
                        aria-pressed=move || linked.is_on_map(&on_map).to_string()
                        aria-description=move || (locale.text().linked.show_finding)(locale.language().name_of(&shown))
                        on:click=move |_| linked.on_finding.run(chosen.clone())
                    >
                        {move || locale.language().name_of(&name).to_owned()}
                    </button>
                </th>
                <td>{share_text(before)}</td>
                <td>{share_text(after)}</td>
            </tr>
        }
    });
    let BeforeAfter { before, after } = hidden.caption.clone();
    view! {
        <table>
            {head(|text| text.class)}
            <tbody>{classes.collect_view()}</tbody>
        </table>
        <p class="captions" data-testid="hidden-caption" data-before=before.clone() data-after=after.clone()>
            <b>{move || locale.text().linked.caption}</b>
            <span>{before.clone()}</span>
            <span aria-hidden="true">"→"</span>
            <span>{after.clone()}</span>
        </p>
        <table>
            {head(|text| text.finding)}
            <tbody>{findings.collect_view()}</tbody>
        </table>
    }
}
