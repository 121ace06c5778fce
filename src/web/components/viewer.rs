//! The viewer: the scan on its stage, and the tools that change how it is seen.

use leptos::html;
use leptos::prelude::*;

use crate::report::{CaptionSource, Prediction, Report};
use crate::web::canvas;
use crate::web::components::baseline::BaselineToggle;
use crate::web::components::prediction_text;
use crate::web::components::stage::Stage;
use crate::web::components::status::{Problems, StatusLine};
use crate::web::text::Text;
use crate::web::ui::use_ui;

/// The viewer.
#[component]
pub fn Viewer() -> impl IntoView {
    let ui = use_ui();
    let scan = NodeRef::<html::Canvas>::new();
    let overlays = [NodeRef::<html::Canvas>::new(), NodeRef::new()];
    view! {
        <section class="view" aria-label=move || ui.text().viewer>
            <Tools scan=scan overlays=overlays />
            <Problems />
            <Stage scan=scan overlays=overlays />
            <StatusLine />
        </section>
    }
}

/// The row of tools above the scan.
#[component]
fn Tools(
    /// The canvas of the scan, to be saved.
    scan: NodeRef<html::Canvas>,
    /// The canvases of the heatmaps, to be saved: the model's, and the baseline's where it is compared with.
    overlays: [NodeRef<html::Canvas>; 2],
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
    let method = move || ui.report().map(|report| report.heatmap.method).unwrap_or_default().name();
    let save_png = move |_| {
        if let (Some(report), Some(scan)) = (ui.report(), scan.get_untracked()) {
            let n_maps = 1 + usize::from(report.baseline.is_some());
            let maps: Vec<_> =
                overlays.into_iter().take(n_maps).filter_map(|overlay| overlay.get_untracked()).collect();
            let (name, lines) = (saved_name(&report, "png"), saved_lines(ui.text(), &report));
            canvas::save_png(&name, &scan, &maps, ui.heat_opacity(), &lines);
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
                    {move || view! { <option value=method>{method_name(method())}</option> }}
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
            <BaselineToggle />
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
    let says = |head: &str, prediction: &Prediction| format!("{head}: {}", prediction_text(prediction));
    let caption = &report.caption;
    let source = if caption.source == CaptionSource::Edited { text.edited } else { text.retrieved };
    let mut lines = vec![
        format!("{}   ·   {}", says(text.image_says, &report.image), says(text.words_say, &report.text)),
        format!("{} ({source})", caption.text),
        format!(
            "{} · {} {} → {} · octlens {} · {}",
            report.input.name,
            method_name(report.heatmap.method.name()),
            report.heatmap.layer,
            report.heatmap.target,
            report.model.name,
            text.research_only
        ),
    ];
    // On the right, where its picture is.
    if let Some(baseline) = &report.baseline {
        lines.insert(1, (text.on_the_right)(&says(text.baseline, &baseline.image)));
    }
    lines
}
