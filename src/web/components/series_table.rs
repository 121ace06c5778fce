//! The table of all results: sorted by its headings, opened by its rows, saved as CSV and JSON.

use leptos::ev::KeyboardEvent;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement};

use crate::page::lines::{row_cells, suspicion_heading};
use crate::page::series::{SeriesKey, SeriesRow, file};
use crate::page::state::PageState;
use crate::page::text::SeriesText;
use crate::protocol::ScanId;
use crate::web::canvas;
use crate::web::components::badge::badge;
use crate::web::components::series::TABLE_BUTTON;
use crate::web::preferences::use_locale;
use crate::web::session::Session;

/// The table, in place of viewer and answer.
#[component]
pub fn SeriesTable(
    /// The page's state.
    session: Session,
    /// Whether it is open.
    is_open: RwSignal<bool>,
) -> impl IntoView {
    let locale = use_locale();
    let rows = Memo::new(move |_| session.with(PageState::seen_series));
    let ids = Memo::new(move |_| rows.with(|rows| rows.iter().map(|row| row.id).collect::<Vec<ScanId>>()));
    let close = move || {
        is_open.set(false);
        focus(document().get_element_by_id(TABLE_BUTTON));
    };
    let on_key = move |event: KeyboardEvent| {
        if event.key() == "Escape" {
            event.stop_propagation();
            close();
        }
    };
    let on_show = Callback::new(move |id| {
        session.act(|page| page.show(id));
        close();
    });
    let row = move |id: ScanId| {
        let row = Memo::new(move |_| rows.with(|rows| rows.iter().find(|row| row.id == id).cloned()));
        let is_shown = Memo::new(move |_| session.with(|page| page.shown().is_some_and(|shown| shown.id == id)));
        view! { <Row row=row.into() is_shown=is_shown.into() on_show=on_show on_remove=session.on(PageState::remove) /> }
    };
    view! {
        <section
            class="series"
            data-testid="series"
            aria-label=move || locale.text().series.results
            on:keydown=on_key
        >
            <div class="title">
                <h2>{move || locale.text().series.results}</h2>
                <span class="grow"></span>
                <SaveSeries session=session />
                <button
                    type="button"
                    data-testid="remove-all"
                    on:click=move |_| {
                        session.act(PageState::remove_all);
                        close();
                    }
                >
                    {move || locale.text().series.remove_all}
                </button>
                <button type="button" data-testid="series-close" on:click=move |_| close()>
                    {move || locale.text().series.close_table}
                </button>
            </div>
            <div class="scroll">
                <table data-testid="series-table">
                    <caption>
                        {move || session.with(|page| (locale.text().series.count)(page.series_count()))} ". "
                        {move || locale.text().series.note}
                    </caption>
                    <Headings session=session />
                    <tbody on:keydown=move_focus>
                        <For each=move || ids.get() key=|id| *id children=row />
                    </tbody>
                </table>
                <Show when=move || ids.with(Vec::is_empty)>
                    <p class="note">{move || locale.text().series.none_such}</p>
                </Show>
            </div>
        </section>
    }
}

/// Saves all results, whatever is seen of them.
#[component]
fn SaveSeries(
    /// The page's state.
    session: Session,
) -> impl IntoView {
    let locale = use_locale();
    let now = || String::from(js_sys::Date::new_0().to_iso_string());
    let saved = move || {
        session.act(|page| {
            page.save_all();
            Vec::new()
        });
    };
    let on_csv = move |_| {
        let (rows, date) = (session.with_untracked(PageState::series), now());
        canvas::save_text(&file::file_name(&date, "csv"), &file::csv(&rows, &date), "text/csv;charset=utf-8");
        saved();
    };
    let on_json = move |_| {
        let (rows, date) = (session.with_untracked(PageState::series), now());
        // Reports hold nothing that JSON cannot.
        if let Ok(text) = file::json(&rows, &date) {
            canvas::save_text(&file::file_name(&date, "json"), &text, "application/json");
            saved();
        }
    };
    view! {
        <button
            type="button"
            data-testid="series-csv"
            aria-description=move || locale.text().series.save_csv_detail
            on:click=on_csv
        >
            {move || locale.text().series.save_csv}
        </button>
        <button
            type="button"
            data-testid="series-json"
            aria-description=move || locale.text().series.save_json_detail
            on:click=on_json
        >
            {move || locale.text().series.save_json}
        </button>
    }
}

/// The headings; a click on one sorts by it, a second click the other way round.
#[component]
fn Headings(
    /// The page's state.
    session: Session,
) -> impl IntoView {
    let locale = use_locale();
    let order = Memo::new(move |_| session.with(|page| page.series_view().order));
    let sorted = move |key: SeriesKey, name: Signal<String>| {
        // Files count up, all else from the highest down.
        let way = move || {
            let order = order.get();
            let is_up = (key == SeriesKey::File) != order.is_reversed;
            (order.key == key).then_some(if is_up { "ascending" } else { "descending" })
        };
        view! {
            <th scope="col" aria-sort=move || way().unwrap_or("none")>
                <button
                    type="button"
                    class="plain"
                    data-key=key.name()
                    on:click=move |_| {
                        session.act(|page| {
                            page.turn_order(key);
                            Vec::new()
                        });
                    }
                >
                    {move || name.get()}
                    <span aria-hidden="true">
                        {move || match way() {
                            Some("ascending") => " ↑",
                            Some(_) => " ↓",
                            None => "",
                        }}
                    </span>
                </button>
            </th>
        }
    };
    let named = move |name: fn(&'static SeriesText) -> &'static str| {
        Signal::derive(move || name(locale.text().series).to_owned())
    };
    view! {
        <thead>
            <tr>
                {sorted(SeriesKey::File, named(|text| text.column_scan))}
                {sorted(SeriesKey::Answer, named(|text| text.column_answer))}
                {sorted(SeriesKey::Suspicion, Signal::derive(move || suspicion_heading(locale.language())))}
                <th scope="col">{move || locale.text().series.column_words}</th>
                <th scope="col">{move || locale.text().series.column_caption}</th>
                {sorted(SeriesKey::Doubt, named(|text| text.column_doubt))}
                <th scope="col">
                    <span class="heard">{move || locale.text().series.column_remove}</span>
                </th>
            </tr>
        </thead>
    }
}

/// One scan.
#[component]
fn Row(
    /// Its row.
    row: Signal<Option<SeriesRow>>,
    /// Whether it is the one that is shown.
    is_shown: Signal<bool>,
    /// It is to be shown.
    on_show: Callback<ScanId>,
    /// Its file is to be taken off the list.
    on_remove: Callback<ScanId>,
) -> impl IntoView {
    let locale = use_locale();
    let label = move || row.with(|row| Some(row.as_ref()?.report()?.image.label.clone()));
    let show = move |_| {
        if let Some(row) = row.get_untracked().filter(|row| row.status().is_some()) {
            on_show.run(row.id);
        }
    };
    let remove = move |event: leptos::ev::MouseEvent| {
        event.stop_propagation();
        if let Some(row) = row.get_untracked() {
            on_remove.run(row.file);
        }
    };
    let answer = move || {
        row.get().map(|row| match row.status() {
            Some(status) => badge(locale.language(), status),
            None => view! { <em class="failed">{locale.text().series.failed}</em> }.into_any(),
        })
    };
    let cells = Memo::new(move |_| {
        row.with(|row| row.as_ref().map(|row| row_cells(locale.language(), row))).unwrap_or_default()
    });
    let remove_name =
        move || row.with(|row| row.as_ref().map(|row| (locale.text().series.remove_file)(&row.name, row.n_frames)));
    let folded = move || {
        let is_folded = row.with(|row| row.as_ref().is_some_and(SeriesRow::is_folded));
        is_folded.then(|| view! { <span class="folded">{locale.text().series.folded}</span> })
    };
    view! {
        <tr
            class:on=move || is_shown.get()
            data-testid="series-row"
            data-index=move || row.with(|row| row.as_ref().map(|row| row.index.to_string()))
            data-label=label
            data-status=move || row.with(|row| row.as_ref().map(|row| row.outcome.name()))
            data-warning=move || row.with(|row| row.as_ref().map(|row| row.warning().name()))
            on:click=show
        >
            <th scope="row">
                <button type="button" class="plain" aria-current=move || is_shown.get().then_some("true")>
                    {move || row.with(|row| row.as_ref().map(SeriesRow::title))}
                </button>
            </th>
            <td class="answer">{answer}</td>
            <td class="figure">{move || cells.with(|cells| cells.suspicion.clone())} {folded}</td>
            <td>{move || cells.with(|cells| cells.words.clone())}</td>
            <td>{move || cells.with(|cells| cells.caption.clone())}</td>
            <td class="reasons">{move || cells.with(|cells| cells.doubt.clone())}</td>
            <td>
                <button
                    type="button"
                    class="quiet"
                    data-testid="remove-scan"
                    data-hint=""
                    aria-label=remove_name
                    on:click=remove
                >
                    "✕"
                </button>
            </td>
        </tr>
    }
}

/// The arrow keys, Home and End go from row to row.
fn move_focus(event: KeyboardEvent) {
    let row = event.target().and_then(|target| target.dyn_into::<Element>().ok()?.closest("tr").ok()?);
    let Some(row) = row else { return };
    let to = match event.key().as_str() {
        "ArrowDown" => row.next_element_sibling(),
        "ArrowUp" => row.previous_element_sibling(),
        "Home" => row.parent_element().and_then(|body| body.first_element_child()),
        "End" => row.parent_element().and_then(|body| body.last_element_child()),
        _ => return,
    };
    event.prevent_default();
    focus(to.and_then(|row| row.query_selector("button").ok().flatten()));
}

fn focus(element: Option<Element>) {
    if let Some(element) = element.and_then(|element| element.dyn_into::<HtmlElement>().ok()) {
        // An element that cannot take the focus leaves it where it is.
        let _ = element.focus();
    }
}
