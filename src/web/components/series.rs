//! Above the strip's scans: how many are answered, what was taken or removed, and which are seen in which order.

use leptos::prelude::*;

use crate::page::series::{Filter, SeriesKey};
use crate::page::state::PageState;
use crate::web::components::select::{Choices, Select};
use crate::web::preferences::use_locale;
use crate::web::session::Session;

/// The `id` of the button that opens the table; it takes the focus when the table closes.
pub const TABLE_BUTTON: &str = "open-table";

/// The counts and the controls of all scans.
#[component]
pub fn SeriesBar(
    /// The page's state.
    session: Session,
    /// Whether the table is open.
    is_table_open: RwSignal<bool>,
) -> impl IntoView {
    let locale = use_locale();
    let count = Memo::new(move |_| session.with(PageState::series_count));
    let line = move || {
        let count = count.get();
        (count.n_total > 0).then(|| (locale.text().series.count)(count))
    };
    view! {
        <div class="series-bar">
            <p
                class="count"
                data-testid="series-count"
                data-answered=move || count.get().n_answered.to_string()
                data-total=move || count.get().n_total.to_string()
                data-failed=move || count.get().n_failed.to_string()
            >
                {line}
            </p>
            <Notices session=session />
            <Show when=move || { count.get().n_total > 0 }>
                <div class="controls">
                    <Show when=move || { count.get().n_total > 1 }>
                        <ViewSelects session=session />
                    </Show>
                    <button
                        id=TABLE_BUTTON
                        type="button"
                        class="to-table"
                        data-testid="series-open"
                        aria-expanded=move || is_table_open.get().to_string()
                        on:click=move |_| is_table_open.update(|is_open| *is_open = !*is_open)
                    >
                        {move || locale.text().series.open_table}
                    </button>
                </div>
            </Show>
        </div>
    }
}

/// What was taken and waits, and what was removed and can come back.
#[component]
fn Notices(
    /// The page's state.
    session: Session,
) -> impl IntoView {
    let locale = use_locale();
    let taken = Memo::new(move |_| session.with(PageState::acknowledged));
    let n_removed = Memo::new(move |_| session.with(PageState::n_removed));
    let taken_line = move || {
        taken.get().map(|(n_files, wait)| {
            view! { <span data-testid="series-taken">{(locale.text().series.taken)(n_files, wait)}</span> }
        })
    };
    let removed = move || {
        n_removed.get().map(|n_files| {
            let text = locale.text();
            view! {
                <span data-testid="removed">{(text.series.removed)(n_files)}</span>
                " "
                <button
                    type="button"
                    class="quiet"
                    data-testid="undo-remove"
                    on:click=move |_| session.act(PageState::undo_removal)
                >
                    {text.series.undo}
                </button>
                <button
                    type="button"
                    class="quiet"
                    aria-label=text.dismiss
                    on:click=move |_| {
                        session.act(|page| {
                            page.forget_removed();
                            Vec::new()
                        });
                    }
                >
                    "✕"
                </button>
            }
        })
    };
    // Always there, so that what comes is read out.
    view! {
        <p class="notice" role="status">{taken_line}</p>
        <p class="notice" role="status">{removed}</p>
    }
}

/// Which scans are seen, and in which order.
#[component]
fn ViewSelects(
    /// The page's state.
    session: Session,
) -> impl IntoView {
    let locale = use_locale();
    let view = Memo::new(move |_| session.with(PageState::series_view));
    let filters = move || {
        let text = locale.text().series;
        let named = Filter::ALL.map(|filter| (filter.name().to_owned(), (text.filter_name)(filter).to_owned()));
        vec![Choices::plain(named)]
    };
    let keys = move || {
        let text = locale.text().series;
        vec![Choices::plain(SeriesKey::ALL.map(|key| (key.name().to_owned(), (text.key_name)(key).to_owned())))]
    };
    let on_filter = session.on(|page, name: String| {
        page.set_filter(Filter::from_name(&name).unwrap_or_default());
        Vec::new()
    });
    let on_sort = session.on(|page, name: String| {
        page.sort_by(SeriesKey::from_name(&name).unwrap_or_default());
        Vec::new()
    });
    view! {
            <Select
                testid="series-filter"
                name=Signal::derive(move || locale.text().series.filter)
                is_bare=true
                choices=Signal::derive(filters)
                wanted=Signal::derive(move || Some(view.get().filter.name().to_owned()))
                on_choose=on_filter
            />
            <Select
                testid="series-sort"
                name=Signal::derive(move || locale.text().series.sort)
                is_bare=true
                choices=Signal::derive(keys)
                wanted=Signal::derive(move || Some(view.get().order.key.name().to_owned()))
                on_choose=on_sort
            />
    }
}

/// Below the strip's scans: files that could not be read, and why nothing is listed.
#[component]
pub fn SeriesEnd(
    /// The page's state.
    session: Session,
) -> impl IntoView {
    let locale = use_locale();
    let failed = Memo::new(move |_| session.with(PageState::failed_files));
    let is_empty =
        Memo::new(move |_| failed.with(Vec::is_empty) && session.with(|page| page.series_files().is_empty()));
    let is_open = Memo::new(move |_| session.with(|page| page.series_count().n_total > 0));
    let lines = move || {
        let text = locale.text();
        failed
            .get()
            .into_iter()
            .map(|failed| {
                let (file, name) = (failed.file, failed.name);
                let label = (text.series.remove_file)(&name, 1);
                view! {
                    <div class="failed-file" data-testid="failed-scan">
                        <span class="name">{name}</span>
                        <em>{text.series.failed}</em>
                        <button
                            type="button"
                            class="quiet"
                            aria-label=label
                            on:click=move |_| session.act(|page| page.remove(file))
                        >
                            "✕"
                        </button>
                    </div>
                }
            })
            .collect_view()
    };
    let note = move || {
        let text = locale.text().series;
        is_empty.get().then(|| if is_open.get() { text.none_such } else { text.none_open })
    };
    view! {
        {lines}
        <p class="note" data-testid="series-note">{note}</p>
    }
}
