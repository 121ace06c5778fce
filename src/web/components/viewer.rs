//! The viewer: the scan with the heatmap over exactly its pixels, and the tools that change how it is seen.

use leptos::html;
use leptos::prelude::*;

use crate::render;
use crate::report::{Prediction, Report};
use crate::web::canvas;
use crate::web::components::probability_text;
use crate::web::components::status::{Problems, ProgressBar, StatusLine, loading_text};
use crate::web::state::{Model, Phase};
use crate::web::text::Text;
use crate::web::ui::use_ui;

/// The viewer.
#[component]
pub fn Viewer() -> impl IntoView {
    let ui = use_ui();
    let scan = NodeRef::<html::Canvas>::new();
    let overlay = NodeRef::<html::Canvas>::new();
    view! {
        <section class="view" aria-label=move || ui.text().viewer>
            <Tools scan=scan overlay=overlay />
            <Problems />
            <Stage scan=scan overlay=overlay />
            <StatusLine />
        </section>
    }
}

/// The row of tools above the scan.
#[component]
fn Tools(
    /// The canvas of the scan, to be saved.
    scan: NodeRef<html::Canvas>,
    /// The canvas of the heatmap, to be saved.
    overlay: NodeRef<html::Canvas>,
) -> impl IntoView {
    let ui = use_ui();
    let has_none = Memo::new(move |_| ui.shown.with(Option::is_none));
    let segment = move |is_heat: bool| {
        let is_on = move || ui.is_heat_on.get() == is_heat;
        view! {
            <button
                type="button"
                class:on=is_on
                aria-pressed=move || is_on().to_string()
                title=move || ui.text().heat_detail
                data-testid=if is_heat { "show-heat" } else { "show-scan" }
                on:click=move |_| ui.is_heat_on.set(is_heat)
            >
                {move || if is_heat { ui.text().heat } else { ui.text().scan_only }}
            </button>
        }
    };
    let on_opacity = move |event| {
        ui.opacity_percent.set(event_target_value(&event).parse().unwrap_or_default());
        ui.is_heat_on.set(true);
    };
    let method = move || ui.report().map(|report| report.heatmap.method.clone()).unwrap_or_else(|| "grad_cam".into());
    let save_png = move |_| {
        if let (Some(report), Some(scan), Some(overlay)) = (ui.report(), scan.get_untracked(), overlay.get_untracked())
        {
            let opacity = if ui.is_heat_on.get() { f64::from(ui.opacity_percent.get()) / 100.0 } else { 0.0 };
            canvas::save_png(&saved_name(&report, "png"), &scan, &overlay, opacity, &saved_lines(ui.text(), &report));
        }
    };
    let save_json = move |_| {
        if let Some(report) = ui.report()
            && let Ok(text) = serde_json::to_string_pretty(&*report)
        {
            canvas::save_text(&saved_name(&report, "json"), &text, "application/json");
        }
    };
    view! {
        <div class="tools">
            <div class="seg" role="group">{segment(false)} {segment(true)}</div>
            <label>
                <span>{move || ui.text().opacity}</span>
                <input
                    type="range"
                    min="0"
                    max="100"
                    data-testid="opacity"
                    prop:value=move || ui.opacity_percent.get().to_string()
                    on:input=on_opacity
                />
            </label>
            <label>
                <span>{move || ui.text().map}</span>
                <select data-testid="method-image" data-method=method prop:value=method>
                    {move || view! { <option value=method>{method_name(&method())}</option> }}
                </select>
            </label>
            <TargetSelect />
            <span class="grow"></span>
            <button
                type="button"
                data-testid="download-png"
                title=move || ui.text().save_png
                aria-label=move || ui.text().save_png
                disabled=move || has_none.get()
                on:click=save_png
            >
                "↓ PNG"
            </button>
            <button
                type="button"
                data-testid="download-json"
                title=move || ui.text().save_json
                aria-label=move || ui.text().save_json
                disabled=move || has_none.get()
                on:click=save_json
            >
                "↓ JSON"
            </button>
        </div>
    }
}

/// The class whose reasons are shown, on the scan and in the words.
#[component]
fn TargetSelect() -> impl IntoView {
    let ui = use_ui();
    let wanted = Memo::new(move |_| {
        ui.shown.with(|shown| {
            let entry = shown.as_ref()?;
            Some(entry.wanted.target.clone().unwrap_or_else(|| entry.report.heatmap.target.clone()))
        })
    });
    let options = move || {
        let labels = match ui.card() {
            Some(card) if wanted.with(Option::is_some) => card.vocabulary.labels.clone(),
            _ => vec!["–".to_owned()],
        };
        let option = |label: String| {
            let is_wanted = {
                let label = label.clone();
                move || wanted.get().as_deref() == Some(label.as_str())
            };
            view! { <option value=label.clone() prop:selected=is_wanted>{label.clone()}</option> }
        };
        labels.into_iter().map(option).collect_view()
    };
    view! {
        <label title=move || ui.text().target_detail>
            <span>{move || ui.text().target}</span>
            <select
                data-testid="target-class"
                disabled=move || wanted.get().is_none()
                on:change=move |event| ui.set_target(event_target_value(&event))
            >
                {options}
            </select>
        </label>
    }
}

/// The scan and what lies over it.
#[component]
fn Stage(
    /// The canvas of the scan.
    scan: NodeRef<html::Canvas>,
    /// The canvas of the heatmap.
    overlay: NodeRef<html::Canvas>,
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
        if let (Some(canvas), Some(report)) = (overlay.get(), ui.report()) {
            canvas::paint_overlay(&canvas, &report);
        }
    });
    let has_scan = Memo::new(move |_| shown_scan.with(Option::is_some));
    let can_answer = Memo::new(move |_| !ui.with(|state| matches!(state.model, Model::Failed | Model::Lost)));
    let is_waiting = move || ui.with(|state| state.awaited().is_some());
    let ratio = move || shown_scan.get().map(|(_, width, height)| format!("{:.5}", width as f64 / height as f64));
    let overlay_opacity = move || {
        let percent = if ui.is_heat_on.get() { ui.opacity_percent.get() } else { 0 };
        format!("{:.2}", f64::from(percent) / 100.0)
    };
    let alt = move || ui.report().map(|report| (ui.text().scan_alt)(&report.input.name));
    view! {
        <div class="stage" class:stale=is_waiting>
            <ProgressBar />
            <Show when=move || !has_scan.get() && can_answer.get()>
                <Invitation />
            </Show>
            <div class="stack" class:empty=move || !has_scan.get() style=("--ratio", ratio) role="img" aria-label=alt>
                <canvas node_ref=scan data-testid="scan-canvas"></canvas>
                <canvas
                    node_ref=overlay
                    class="overlay"
                    data-testid="overlay"
                    data-target=move || ui.report().map(|report| report.heatmap.target.clone())
                    data-shown=move || ui.is_heat_on.get().to_string()
                    style:opacity=overlay_opacity
                ></canvas>
                <ScaleBar />
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

/// What stands in the viewer before there is a scan.
#[component]
fn Invitation() -> impl IntoView {
    let ui = use_ui();
    let words = move || {
        let text = ui.text();
        match ui.phase.get() {
            Phase::Loading(progress) => (loading_text(text, progress), text.loading_detail),
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

/// A method's name for people.
pub fn method_name(method: &str) -> String {
    match method {
        "grad_cam" => "GradCAM".to_owned(),
        "shapley" => "Shapley values".to_owned(),
        "gradient_x_activation" => "Gradient × activation".to_owned(),
        other => other.replace('_', " "),
    }
}

fn saved_name(report: &Report, extension: &str) -> String {
    let name = report.input.name.rsplit_once('.').map_or(report.input.name.as_str(), |(stem, _)| stem);
    format!("{name}.octlens.{extension}")
}

fn saved_lines(text: &Text, report: &Report) -> Vec<String> {
    let says = |head: &str, prediction: &Prediction| {
        let probability = prediction.probabilities.get(&prediction.label).copied().unwrap_or_default();
        format!("{head}: {} {}", prediction.label, probability_text(probability))
    };
    vec![
        format!("{}   ·   {}", says(text.image_says, &report.image), says(text.words_say, &report.text)),
        format!(
            "{} ({})",
            report.caption.text,
            if report.caption.source == crate::report::CaptionSource::Edited { text.edited } else { text.retrieved }
        ),
        format!(
            "{} · {} {} → {} · octlens {} · {}",
            report.input.name,
            method_name(&report.heatmap.method),
            report.heatmap.layer,
            report.heatmap.target,
            report.model.name,
            text.research_only
        ),
    ]
}
