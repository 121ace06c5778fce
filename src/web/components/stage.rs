//! The stage: the scan with the heatmap over exactly its pixels; twice, where a baseline looked at it too.

use leptos::html;
use leptos::prelude::*;

use crate::render;
use crate::report::Heatmap;
use crate::web::canvas;
use crate::web::components::baseline::BaselinePrediction;
use crate::web::components::prediction_text;
use crate::web::components::status::{ProgressBar, loading_text};
use crate::web::state::{Model, Phase};
use crate::web::ui::use_ui;

/// The scan and what lies over it.
#[component]
pub fn Stage(
    /// The canvas of the scan.
    scan: NodeRef<html::Canvas>,
    /// The canvases of the heatmaps: the model's and the baseline's.
    overlays: [NodeRef<html::Canvas>; 2],
) -> impl IntoView {
    let ui = use_ui();
    let has_scan = Memo::new(move |_| ui.shown.with(Option::is_some));
    let has_baseline = Memo::new(move |_| ui.report().is_some_and(|report| report.baseline.is_some()));
    let can_answer = Memo::new(move |_| !ui.with(|state| matches!(state.model, Model::Failed | Model::Lost)));
    let is_waiting = move || ui.with(|state| state.awaited().is_some());
    let own_map = Signal::derive(move || ui.report().map(|report| report.heatmap.clone()));
    let other_map = Signal::derive(move || Some(ui.report()?.baseline.as_ref()?.heatmap.clone()));
    let alt = move || ui.report().map(|report| (ui.text().scan_alt)(&report.input.name));
    let own_words =
        move || ui.report().map(|report| view! { <b>"octlens"</b> <span>{prediction_text(&report.image)}</span> });
    view! {
        <div class="stage" class:stale=is_waiting>
            <ProgressBar />
            <Show when=move || !has_scan.get() && can_answer.get()>
                <Invitation />
            </Show>
            <div class="panes" class:pair=move || has_baseline.get() class:empty=move || !has_scan.get()>
                <figure>
                    <Picture
                        scan=scan
                        overlay=overlays[0]
                        testids=["scan-canvas", "overlay"]
                        map=own_map
                        alt=Signal::derive(alt)
                    />
                    <Show when=move || has_baseline.get()>
                        <figcaption>{own_words}</figcaption>
                    </Show>
                </figure>
                <Show when=move || has_baseline.get()>
                    <figure>
                        <Picture
                            scan=NodeRef::new()
                            overlay=overlays[1]
                            testids=["baseline-scan-canvas", "baseline-overlay"]
                            map=other_map
                            alt=Signal::derive(move || Some(ui.text().baseline_alt.to_owned()))
                        />
                        <BaselinePrediction />
                    </figure>
                </Show>
            </div>
            <Show when=move || has_scan.get() && ui.is_heat_on.get()>
                <div class="colours" title=move || ui.text().heat_scale>
                    <span>"1"</span>
                    <i></i>
                    <span>"0"</span>
                </div>
            </Show>
        </div>
    }
}

/// The shown scan with one heatmap over it; the opacity is the same for all.
#[component]
fn Picture(
    /// The canvas of the scan.
    scan: NodeRef<html::Canvas>,
    /// The canvas of the heatmap.
    overlay: NodeRef<html::Canvas>,
    /// The hooks for tests, of both canvases.
    testids: [&'static str; 2],
    /// The heatmap.
    map: Signal<Option<Heatmap>>,
    /// What is seen, for those who do not see it.
    alt: Signal<Option<String>>,
) -> impl IntoView {
    let ui = use_ui();
    let shown_scan = Memo::new(move |_| {
        ui.shown.with(|shown| {
            let entry = shown.as_ref()?;
            Some((entry.id, entry.report.input.width.max(1), entry.report.input.height.max(1)))
        })
    });
    Effect::new(move || {
        let (Some(canvas), Some((_, width, height))) = (scan.get(), shown_scan.get()) else { return };
        if let Some(entry) = ui.shown.get_untracked() {
            canvas::paint_scan(&canvas, &entry.pixels, [width, height], render::MAX_DRAWN_PIXELS);
        }
    });
    Effect::new(move || {
        if let (Some(canvas), Some(map), Some((_, width, height))) = (overlay.get(), map.get(), shown_scan.get()) {
            canvas::paint_overlay(&canvas, &map, [width, height]);
        }
    });
    let ratio = move || shown_scan.get().map(|(_, width, height)| format!("{:.5}", width as f64 / height as f64));
    view! {
        <div class="stack" style=("--ratio", ratio) role="img" aria-label=move || alt.get()>
            <canvas node_ref=scan data-testid=testids[0]></canvas>
            <canvas
                node_ref=overlay
                class="overlay"
                data-testid=testids[1]
                data-target=move || map.with(|map| map.as_ref().map(|map| map.target.clone()))
                data-shown=move || ui.is_heat_on.get().to_string()
                style:opacity=move || format!("{:.2}", ui.heat_opacity())
            ></canvas>
            <ScaleBar />
        </div>
    }
}

/// What stands in the viewer before there is a scan.
#[component]
fn Invitation() -> impl IntoView {
    let ui = use_ui();
    let words = move || {
        let text = ui.text();
        match ui.phase.get() {
            Phase::Loading(progress) => (loading_text(text.loading, text, progress), text.loading_detail),
            _ => (text.invite.to_owned(), text.invite_detail),
        }
    };
    view! {
        <div class="invite">
            <svg viewBox="0 0 120 48" aria-hidden="true">
                <path d="M4 16c18-5 34-4 44 4 6 5 18 5 24 0 10-8 26-9 44-4" />
                <path d="M4 24c20-4 36-2 46 3 6 3 14 3 20 0 10-5 26-7 46-3" />
                <path class="low" d="M4 36c36 4 76 4 112 0" />
            </svg>
            <p class="lead">{move || words().0}</p>
            <p>{move || words().1}</p>
        </div>
    }
}

/// A bar of a round length in µm, where the file tells its scale.
#[component]
fn ScaleBar() -> impl IntoView {
    let ui = use_ui();
    let bar = move || {
        let input = ui.report()?.input.clone();
        let bar = render::scale_bar(input.um_per_pixel?[0], input.width)?;
        let width = format!("{:.3}%", bar.share * 100.0);
        Some(view! { <div class="um" style:width=width>{format!("{:.0} µm", bar.length_um)}</div> })
    };
    view! { {bar} }
}
