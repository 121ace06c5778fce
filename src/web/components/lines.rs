//! The lines that are measured on a picture, and their lengths.

use leptos::prelude::*;

use crate::page::viewer::book::Tool;
use crate::page::viewer::measure::{Length, Line};
use crate::web::preferences::use_locale;
use crate::web::viewer::Viewer;

/// The lines over a picture; while they are measured, that there is no scale, where there is none.
#[component]
pub fn Lines(
    /// How the scan is looked at.
    viewer: Viewer,
    /// Columns and rows of the scan.
    size: Signal<Option<[usize; 2]>>,
    /// Micrometres per pixel, across and down, if the file states them.
    um_per_pixel: Signal<Option<[f64; 2]>>,
) -> impl IntoView {
    let locale = use_locale();
    let lines = Memo::new(move |_| {
        viewer.look.with(|look| {
            look.lines.iter().map(|line| (*line, false)).chain(look.draft.map(|line| (line, true))).collect::<Vec<_>>()
        })
    });
    let is_without_scale = move || viewer.tool.get() == Tool::Measure && um_per_pixel.get().is_none();
    // In percent of the frame, so that lines stay thin however large the picture is.
    let ends = move |line: Line| {
        let transform = viewer.transform.get();
        size.get().map(|size| {
            [line.from, line.to].map(|end| {
                let [x, y] = transform.to_frame([0, 1].map(|axis| end[axis] / size[axis] as f64));
                [format!("{:.3}%", x * 100.), format!("{:.3}%", y * 100.)]
            })
        })
    };
    let drawn = move |(line, _): (Line, bool)| {
        let [[x1, y1], [x2, y2]] = ends(line)?;
        let line = |class: &'static str| {
            view! { <line class=class x1=x1.clone() y1=y1.clone() x2=x2.clone() y2=y2.clone()></line> }
        };
        Some(view! { {line("halo")} {line("")} })
    };
    let written = move |(line, is_draft): (Line, bool)| {
        let [_, [left, top]] = ends(line)?;
        let length = line.length(um_per_pixel.get());
        let (unit, value) = match length {
            Length::Um(um) => ("um", um),
            Length::Pixels(pixels) => ("px", pixels),
        };
        Some(view! {
            <span
                class="length"
                data-testid=if is_draft { "measuring" } else { "measured" }
                data-unit=unit
                data-length=format!("{value:.1}")
                style:left=left
                style:top=top
            >
                {length.text()}
            </span>
        })
    };
    view! {
        <Show when=move || lines.with(|lines| !lines.is_empty())>
            <svg class="lines" aria-hidden="true">
                {move || lines.get().into_iter().map(drawn).collect_view()}
            </svg>
            <div class="lengths" role="status">{move || lines.get().into_iter().map(written).collect_view()}</div>
        </Show>
        <Show when=is_without_scale>
            <p class="no-scale" data-testid="no-scale">{move || locale.text().looking.no_scale}</p>
        </Show>
    }
}
