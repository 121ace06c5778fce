//! The panel that says how scan and map are drawn: greys, threshold, form and colours.

use leptos::prelude::*;

use crate::page::look::HeatForm;
use crate::page::viewer::keys::Command;
use crate::page::viewer::window::{MAX_WIDTH, MIN_WIDTH};
use crate::render::Palette;
use crate::web::components::pop::close_on_escape;
use crate::web::components::select::{Choices, Select};
use crate::web::heat::Heat;
use crate::web::preferences::use_locale;
use crate::web::viewer::Viewer;

/// How scan and map are drawn.
#[component]
pub fn DisplayPanel(
    /// How the scan is looked at.
    viewer: Viewer,
    /// Visibility and colours of the heatmap.
    heat: Heat,
) -> impl IntoView {
    let locale = use_locale();
    let window = viewer.window;
    let on_level =
        move |level: u8| viewer.change(|look| look.window = look.window.with(level.into(), look.window.width.into()));
    let on_width =
        move |width: u8| viewer.change(|look| look.window = look.window.with(look.window.level.into(), width.into()));
    let form = move |form: HeatForm| {
        let is_on = move || heat.form.get() == form;
        view! {
            <button
                type="button"
                class:on=is_on
                aria-pressed=move || is_on().to_string()
                data-testid="heat-form"
                data-form=form.name()
                on:click=move |_| heat.form.set(form)
            >
                {move || (locale.text().looking.form)(form)}
            </button>
        }
    };
    let palettes = move || {
        let name = |palette: Palette| match palette {
            Palette::Standard => locale.text().looking.standard_colours,
            Palette::Viridis => "Viridis",
            Palette::Cividis => "Cividis",
        };
        vec![Choices::plain(Palette::ALL.map(|palette| (palette.name().to_owned(), name(palette).to_owned())))]
    };
    view! {
        <details class="pop" data-testid="display-panel" on:keydown=close_on_escape>
            <summary>{move || locale.text().looking.display}</summary>
            <div class="panel">
                <Slider
                    testid="level"
                    name=Signal::derive(move || locale.text().looking.level)
                    range=[0, 100]
                    value=Signal::derive(move || window.get().level)
                    on_change=Callback::new(on_level)
                />
                <Slider
                    testid="width"
                    name=Signal::derive(move || locale.text().looking.width)
                    range=[MIN_WIDTH, MAX_WIDTH]
                    value=Signal::derive(move || window.get().width)
                    on_change=Callback::new(on_width)
                />
                <div class="line">
                    <button
                        type="button"
                        class:on=move || window.get().is_inverted
                        aria-pressed=move || window.get().is_inverted.to_string()
                        data-testid="invert"
                        on:click=move |_| viewer.act(Command::Invert)
                    >
                        {move || locale.text().looking.invert}
                    </button>
                    <button type="button" data-testid="reset-view" on:click=move |_| viewer.act(Command::Reset)>
                        {move || locale.text().looking.reset}
                    </button>
                </div>
                <Slider
                    testid="threshold"
                    name=Signal::derive(move || locale.text().looking.threshold)
                    range=[0, 95]
                    value=Signal::derive(move || heat.threshold_percent.get())
                    on_change=Callback::new(move |percent| heat.threshold_percent.set(percent))
                />
                <div class="line">
                    <span>{move || locale.text().looking.forms}</span>
                    <div class="seg" role="group" aria-label=move || locale.text().looking.forms>
                        {HeatForm::ALL.map(form).collect_view()}
                    </div>
                </div>
                <Select
                    testid="palette"
                    name=Signal::derive(move || locale.text().looking.colours)
                    choices=Signal::derive(palettes)
                    wanted=Signal::derive(move || Some(heat.palette.get().name().to_owned()))
                    on_choose=Callback::new(move |name: String| {
                        heat.palette.set(Palette::from_name(&name).unwrap_or_default());
                    })
                />
                <Show when=move || viewer.look.with(|look| !look.lines.is_empty())>
                    <button
                        type="button"
                        data-testid="remove-lines"
                        on:click=move |_| viewer.change(|look| look.lines.clear())
                    >
                        {move || locale.text().looking.remove_lines}
                    </button>
                </Show>
            </div>
        </details>
    }
}

/// A slider with its name and its value, in percent.
#[component]
fn Slider(
    /// The hook for tests.
    testid: &'static str,
    /// Its name.
    name: Signal<&'static str>,
    /// From and to.
    range: [u8; 2],
    /// Where it stands.
    value: Signal<u8>,
    /// It is moved.
    on_change: Callback<u8>,
) -> impl IntoView {
    view! {
        <label class="slider">
            <span>{move || name.get()}</span>
            <input
                type="range"
                min=range[0].to_string()
                max=range[1].to_string()
                data-testid=testid
                prop:value=move || value.get().to_string()
                on:input=move |event| on_change.run(event_target_value(&event).parse().unwrap_or_default())
            />
            <output>{move || format!("{} %", value.get())}</output>
        </label>
    }
}
