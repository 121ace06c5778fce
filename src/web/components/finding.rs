//! The finding that has the map: the choice between its two maps, and the way back to the class.

use leptos::prelude::*;

use crate::page::lines::class_name;
use crate::page::linked::FindingMap;
use crate::report::MapMethod;
use crate::web::linked::Linked;
use crate::web::preferences::use_locale;

/// A row above the scan while the map of a finding is shown.
#[component]
pub fn FindingBar(
    /// What is asked beside the class.
    linked: Linked,
    /// The class that has the map otherwise.
    target: Signal<Option<String>>,
) -> impl IntoView {
    let locale = use_locale();
    let is_shown = Memo::new(move |_| linked.finding.with(Option::is_some));
    let coming = move || {
        let name = linked.finding.with(|f| f.as_ref().filter(|f| f.report.is_none()).map(|f| f.finding.clone()))?;
        Some((locale.text().linked.coming)(locale.language().name_of(&name)))
    };
    let choice = move |choice: FindingMap| {
        let is_on = move || linked.finding.with(|f| f.as_ref().is_some_and(|f| f.choice == choice));
        let name = move || {
            let text = locale.text();
            let method = linked.finding.with(|f| f.as_ref().map(|f| f.method).unwrap_or_default());
            match choice {
                FindingMap::Likeness => (text.linked.likeness_map)((text.map_method)(method)),
                FindingMap::Local => text.linked.local_map.to_owned(),
            }
        };
        let detail = move || match choice {
            FindingMap::Likeness => locale.text().linked.likeness_detail,
            FindingMap::Local => (locale.text().map_meaning)(MapMethod::Local),
        };
        view! {
            <button
                type="button"
                class:on=is_on
                aria-pressed=move || is_on().to_string()
                aria-description=detail
                data-testid="finding-choice"
                data-map=choice.name()
                on:click=move |_| linked.on_map.run(choice)
            >
                {name}
            </button>
        }
    };
    let back = move || {
        let language = locale.language();
        let class = target.with(|target| target.as_ref().map(|label| class_name(language, label)).unwrap_or_default());
        (language.text.linked.back_to)(&class)
    };
    view! {
        <Show when=move || is_shown.get()>
            <div class="finding-bar">
                <div class="seg" role="group" aria-label=move || locale.text().linked.maps>
                    {FindingMap::ALL.map(choice).collect_view()}
                </div>
                <span role="status">{coming}</span>
                <span class="grow"></span>
                <button type="button" data-testid="finding-leave" on:click=move |_| linked.on_leave.run(())>
                    {back}
                </button>
            </div>
        </Show>
    }
}
