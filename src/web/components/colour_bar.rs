//! The bar of a map's colours, with numbers.

use leptos::prelude::*;

use crate::page::numbers::probability_text;
use crate::render::Paint;
use crate::web::preferences::use_locale;

/// Colours that the bar is made of.
const N_COLOURS: u8 = 12;
/// The numbers beside it, from the top.
const TICKS: [&str; 5] = ["1", ".75", ".5", ".25", "0"];

/// The colours of a map from 0 to 1, which part of them it reaches, and from where it is drawn.
#[component]
pub fn ColourBar(
    /// How the map is painted.
    paint: Signal<Paint>,
) -> impl IntoView {
    let locale = use_locale();
    let paint = Memo::new(move |_| paint.get());
    let colours = move || {
        let paint = paint.get();
        let colour = |i: u8| {
            let [r, g, b] = paint.colour(f32::from(i) / f32::from(N_COLOURS - 1));
            format!("rgb({r},{g},{b})")
        };
        (0..N_COLOURS).map(colour).collect::<Vec<_>>().join(",")
    };
    let share = |value: f32| format!("{:.1}%", value.clamp(0., 1.) * 100.);
    let threshold = move || Some(paint.get().threshold).filter(|threshold| *threshold > 0.);
    let label = move || {
        let text = locale.text();
        let from = threshold().map(|from| (text.looking.shown_from)(&probability_text(from)));
        from.map_or_else(|| text.heat_scale.to_owned(), |from| format!("{}, {from}", text.heat_scale))
    };
    let mark = move || {
        threshold().map(|from| {
            let words = (locale.text().looking.shown_from)(&probability_text(from));
            view! { <b style=("--at", share(from))>{words}</b> }
        })
    };
    view! {
        <div class="colours" data-testid="colour-bar" role="img" aria-label=label>
            <span class="what">{move || locale.text().looking.colour_bar}</span>
            <div class="bar">
                <i style=("--colours", colours)>
                    <u style=("--at", move || share(paint.get().gain))></u>
                    {mark}
                </i>
                <ol>{TICKS.map(|tick| view! { <li>{tick}</li> }).collect_view()}</ol>
            </div>
        </div>
    }
}
