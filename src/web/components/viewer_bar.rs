//! The row of the viewer's tools: what a drag does, zoom, display, comparison, and the sheet of keys.

use leptos::prelude::*;

use crate::page::lines::map_name;
use crate::page::viewer::book::{Look, Tool};
use crate::page::viewer::compare::Layout;
use crate::page::viewer::keys::Command;
use crate::web::components::display::DisplayPanel;
use crate::web::components::pop::close_on_escape;
use crate::web::components::select::{Choices, Select};
use crate::web::heat::Heat;
use crate::web::preferences::use_locale;
use crate::web::viewer::Viewer;

/// The row of the viewer's tools.
#[component]
pub fn ViewerBar(
    /// How the scan is looked at.
    viewer: Viewer,
    /// Visibility and colours of the heatmap.
    heat: Heat,
    /// Whether there is nothing to look at.
    is_off: Signal<bool>,
) -> impl IntoView {
    let locale = use_locale();
    let tool = move |tool: Tool| {
        let is_on = move || viewer.tool.get() == tool;
        view! {
            <button
                type="button"
                class:on=is_on
                aria-pressed=move || is_on().to_string()
                data-testid="tool"
                data-tool=tool.name()
                on:click=move |_| viewer.act(Command::Take(tool))
            >
                {move || (locale.text().looking.tool)(tool)}
            </button>
        }
    };
    let percent = move || format!("{:.0} %", viewer.transform.get().zoom() * 100.);
    view! {
        <div class="viewer-bar" role="group" aria-label=move || locale.text().looking.bar>
            <fieldset class="plain" disabled=move || is_off.get()>
                <div class="seg" role="group" aria-label=move || locale.text().looking.tools>
                    {Tool::ALL.map(tool).collect_view()}
                </div>
                <div class="seg" role="group" aria-label=move || locale.text().looking.zoom>
                    <Step viewer=viewer command=Command::Zoom(-1) sign="−" testid="zoom-out" name=Signal::derive(move || locale.text().looking.zoom_out) />
                    <output data-testid="zoom">{percent}</output>
                    <Step viewer=viewer command=Command::Zoom(1) sign="+" testid="zoom-in" name=Signal::derive(move || locale.text().looking.zoom_in) />
                    <button
                        type="button"
                        class:on=move || viewer.transform.get().is_fit()
                        aria-pressed=move || viewer.transform.get().is_fit().to_string()
                        data-testid="fit"
                        on:click=move |_| viewer.act(Command::Fit)
                    >
                        {move || locale.text().looking.fit}
                    </button>
                    <Step viewer=viewer command=Command::OneToOne sign="1:1" testid="one-to-one" name=Signal::derive(move || locale.text().looking.one_to_one) />
                </div>
                <DisplayPanel viewer=viewer heat=heat />
                <ComparePanel viewer=viewer heat=heat />
            </fieldset>
            <span class="grow"></span>
            <button
                type="button"
                class="quiet keys"
                data-testid="keys"
                on:click=move |_| viewer.act(Command::Help)
            >
                {move || locale.text().looking.keys}
                " "
                <kbd>"?"</kbd>
            </button>
        </div>
    }
}

/// A button that is a sign.
#[component]
fn Step(
    /// How the scan is looked at.
    viewer: Viewer,
    /// What it does.
    command: Command,
    /// Its sign.
    sign: &'static str,
    /// The hook for tests.
    testid: &'static str,
    /// Its name.
    name: Signal<&'static str>,
) -> impl IntoView {
    view! {
        <button
            type="button"
            aria-label=move || name.get()
            data-hint=""
            data-testid=testid
            on:click=move |_| viewer.act(command)
        >
            {sign}
        </button>
    }
}

/// What the shown map is compared with.
#[component]
fn ComparePanel(
    /// How the scan is looked at.
    viewer: Viewer,
    /// Whether maps may be seen.
    heat: Heat,
) -> impl IntoView {
    let locale = use_locale();
    let has_kept = Memo::new(move |_| viewer.kept.with(Option::is_some));
    let layouts = move || {
        let possible = Layout::ALL.into_iter().filter(|layout| has_kept.get() || !layout.needs_kept());
        let choice = |layout: Layout| (layout.name().to_owned(), (locale.text().looking.layout)(layout).to_owned());
        vec![Choices::plain(possible.map(choice))]
    };
    let on_layout = Callback::new(move |name: String| {
        viewer.change(|look| look.layout = Layout::from_name(&name).unwrap_or_default());
    });
    let kept = move || {
        let kept = viewer.kept.get()?;
        Some((locale.text().looking.kept)(&map_name(locale.language(), &kept.map)))
    };
    view! {
        <details class="pop" data-testid="compare-panel" on:keydown=close_on_escape>
            <summary class:on=move || viewer.layout.get() != Layout::Single>{move || locale.text().looking.compare}</summary>
            <div class="panel">
                <Select
                    testid="layout"
                    name=Signal::derive(move || locale.text().looking.layouts)
                    choices=Signal::derive(layouts)
                    wanted=Signal::derive(move || Some(viewer.layout.get().name().to_owned()))
                    on_choose=on_layout
                />
                <button
                    type="button"
                    data-testid="keep-map"
                    disabled=move || !heat.is_on()
                    on:click=move |_| viewer.act(Command::Keep)
                >
                    {move || locale.text().looking.keep}
                </button>
                <p class="note">{move || locale.text().looking.keep_detail}</p>
                <Show when=move || has_kept.get()>
                    <p data-testid="kept">{kept}</p>
                    <button type="button" data-testid="drop-kept" on:click=move |_| viewer.change(Look::drop_kept)>
                        {move || locale.text().looking.drop_kept}
                    </button>
                </Show>
            </div>
        </details>
    }
}
