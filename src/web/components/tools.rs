//! The row of tools above the scan: display, method and class of the explanation, comparison, and saving.

use std::sync::Arc;

use leptos::html;
use leptos::prelude::*;

use crate::bundle::card::ModelCard;
use crate::page::classes::parted;
use crate::page::comparison::Comparison;
use crate::page::lines::{disease_name, label_line, saved_lines, window_line};
use crate::page::linked::with_linked;
use crate::page::look::HeatForm;
use crate::page::picture::{Drawn, HeatScale, finding_labels, has_reference, labels};
use crate::render::Ramp;
use crate::render::contour::outlines;
use crate::report::{Heatmap, MapMethod, Prediction, Report};
use crate::web::canvas::{self, SavedPicture};
use crate::web::clock;
use crate::web::components::baseline::BaselineToggle;
use crate::web::components::select::{Choices, Select};
use crate::web::heat::Heat;
use crate::web::linked::Linked;
use crate::web::map_view::gain;
use crate::web::preferences::use_locale;
use crate::web::viewer::Viewer;

/// The row of tools above the scan.
#[component]
pub fn Tools(
    /// The report about the scan that is shown.
    report: Signal<Option<Arc<Report>>>,
    /// The card of the model that answers.
    card: Signal<Option<Arc<ModelCard>>>,
    /// Visibility, opacity and scale of the heatmap.
    heat: Heat,
    /// How the scan is looked at.
    viewer: Viewer,
    /// What is asked beside the class.
    linked: Linked,
    /// The map method of the last request.
    method: Signal<Option<MapMethod>>,
    /// Another method is chosen.
    on_method: Callback<MapMethod>,
    /// The class words.
    labels: Signal<Vec<String>>,
    /// The class that the last request explains.
    target: Signal<Option<String>>,
    /// Another class is chosen.
    on_target: Callback<String>,
    /// The baseline that is offered, and its state.
    comparison: Signal<Option<Comparison>>,
    /// The comparison is switched on or off.
    on_compare: Callback<bool>,
    /// The canvas of the scan, to be saved.
    scan: NodeRef<html::Canvas>,
    /// The canvases of the heatmaps, to be saved: the model's and the baseline's.
    overlays: [NodeRef<html::Canvas>; 2],
    /// Whether the answer can be saved as DICOM.
    can_save_dicom: Signal<bool>,
    /// It is to be saved so.
    on_save_dicom: Callback<()>,
    /// The report was saved.
    on_saved: Callback<()>,
    /// Whether what is saved may hold the file's name.
    keeps_name: RwSignal<bool>,
    /// A report to be read is to be saved.
    on_save_report: Callback<()>,
    /// Whether another scan is about to take the shown one's place.
    is_stale: Signal<bool>,
) -> impl IntoView {
    let locale = use_locale();
    let segment = move |is_heat: bool| {
        let is_on = move || heat.is_on() == is_heat;
        view! {
            <button
                type="button"
                class:on=is_on
                aria-pressed=move || is_on().to_string()
                aria-description=move || locale.text().heat_detail
                disabled=move || heat.is_folded()
                data-testid=if is_heat { "show-heat" } else { "show-scan" }
                on:click=move |_| heat.set(is_heat)
            >
                {move || if is_heat { locale.text().heat } else { locale.text().scan_only }}
            </button>
        }
    };
    let on_opacity = move |event| heat.set_opacity(event_target_value(&event).parse().unwrap_or_default());
    view! {
        <div class="tools" inert=move || is_stale.get()>
            <div class="seg" role="group">{segment(false)} {segment(true)}</div>
            <label>
                <span>{move || locale.text().opacity}</span>
                <input
                    type="range"
                    min="0"
                    max="100"
                    data-testid="opacity"
                    disabled=move || heat.is_folded()
                    prop:value=move || heat.opacity_percent().to_string()
                    on:input=on_opacity
                />
            </label>
            <MapMethodSelect
                shown=Signal::derive(move || report.with(|report| Some(report.as_ref()?.heatmap.method)))
                wanted=method
                on_choose=on_method
            />
            <TargetSelect labels=labels wanted=target on_choose=on_target />
            <ScaleSelect report=report card=card heat=heat />
            <HideToggle linked=linked />
            <span class="grow"></span>
            <SaveButtons
                report=report
                card=card
                heat=heat
                linked=linked
                viewer=viewer
                scan=scan
                overlays=overlays
                can_save_dicom=can_save_dicom
                on_save_dicom=on_save_dicom
                on_saved=on_saved
                keeps_name=keeps_name
                on_save_report=on_save_report
            />
            <BaselineToggle comparison=comparison on_change=on_compare />
        </div>
    }
}

/// How the image is explained.
#[component]
fn MapMethodSelect(
    /// The method of the map that is shown.
    shown: Signal<Option<MapMethod>>,
    /// The method of the last request.
    wanted: Signal<Option<MapMethod>>,
    /// Another one is chosen.
    on_choose: Callback<MapMethod>,
) -> impl IntoView {
    let locale = use_locale();
    let name = move || locale.text().map;
    let choice = move |method: MapMethod| (method.name().to_owned(), (locale.text().map_method)(method).to_owned());
    view! {
        <Select
            testid="method-image"
            name=Signal::derive(name)
            choices=Signal::derive(move || vec![Choices::plain(MapMethod::ALL.map(choice))])
            wanted=Signal::derive(move || wanted.get().map(|method| method.name().to_owned()))
            shown=Signal::derive(move || shown.get().map(MapMethod::name))
            on_choose=Callback::new(move |value: String| {
                if let Some(method) = MapMethod::from_name(&value) {
                    on_choose.run(method);
                }
            })
        />
    }
}

/// The class that heatmap and words explain; other diseases than AMD are listed together.
#[component]
fn TargetSelect(
    /// The class words.
    labels: Signal<Vec<String>>,
    /// The class that the last request explains.
    wanted: Signal<Option<String>>,
    /// Another class is chosen.
    on_choose: Callback<String>,
) -> impl IntoView {
    let locale = use_locale();
    let is_off = Memo::new(move |_| wanted.with(Option::is_none));
    let choices = move || {
        if is_off.get() {
            return vec![Choices::plain([(String::new(), "–".to_owned())])];
        }
        let language = locale.language();
        let [own, others] = parted(labels.get());
        let own = own.into_iter().map(|label| (label.clone(), language.name_of(&label).to_owned()));
        let others = others.into_iter().map(|label| (label.clone(), disease_name(language, &label)));
        let others = Choices { name: Some(language.text.other_disease), ..Choices::plain(others) };
        [Choices::plain(own), others].into_iter().filter(|group| !group.choices.is_empty()).collect()
    };
    view! {
        <Select
            testid="target-class"
            name=Signal::derive(move || locale.text().target)
            detail=Signal::derive(move || Some(locale.text().target_detail))
            choices=Signal::derive(choices)
            wanted=wanted
            on_choose=on_choose
        />
    }
}

/// What the heatmap's colours are compared with; where nothing is known of other scans, its own maximum is the only choice.
#[component]
fn ScaleSelect(
    /// The report about the scan that is shown.
    report: Signal<Option<Arc<Report>>>,
    /// The card of the model that answers.
    card: Signal<Option<Arc<ModelCard>>>,
    /// The scale that is wanted.
    heat: Heat,
) -> impl IntoView {
    let locale = use_locale();
    let has_reference = Memo::new(move |_| {
        let map = report.get().map(|report| report.heatmap.clone());
        card.with(|card| map.is_some_and(|map| has_reference(&map, card.as_deref())))
    });
    let choice = move |scale: HeatScale| (scale.name().to_owned(), (locale.text().doubt.scale_name)(scale).to_owned());
    let choices = move || {
        let known = HeatScale::ALL.into_iter().filter(|scale| has_reference.get() || *scale == HeatScale::Relative);
        vec![Choices::plain(known.map(choice))]
    };
    let wanted = move || {
        let scale = if has_reference.get() { heat.scale.get() } else { HeatScale::Relative };
        report.with(Option::is_some).then(|| scale.name().to_owned())
    };
    view! {
        <Select
            testid="heat-scale"
            name=Signal::derive(move || locale.text().doubt.scale)
            detail=Signal::derive(move || Some(locale.text().doubt.scale_detail))
            choices=Signal::derive(choices)
            wanted=Signal::derive(wanted)
            on_choose=Callback::new(move |name: String| heat.scale.set(HeatScale::from_name(&name).unwrap_or_default()))
        />
    }
}

/// Begins and ends the choice of a region to hide.
#[component]
fn HideToggle(
    /// What is asked beside the class.
    linked: Linked,
) -> impl IntoView {
    let locale = use_locale();
    view! {
        <button
            type="button"
            class:on=move || linked.is_hiding.get()
            aria-pressed=move || linked.is_hiding.get().to_string()
            aria-description=move || locale.text().linked.hide_detail
            disabled=move || !linked.is_possible.get()
            data-testid="hide-region"
            on:click=move |_| linked.on_hiding.run(!linked.is_hiding.get_untracked())
        >
            {move || locale.text().linked.hide}
        </button>
    }
}

/// A map, the answer that it explains, and how it is drawn; none while it is hidden.
type SavedAnswer<'a> = (&'a Heatmap, &'a Prediction, Option<Drawn>);

/// Saves the picture and the report.
#[component]
fn SaveButtons(
    /// The report.
    report: Signal<Option<Arc<Report>>>,
    /// The card of the model that answers.
    card: Signal<Option<Arc<ModelCard>>>,
    /// Visibility and opacity of the heatmap.
    heat: Heat,
    /// How the scan is looked at.
    viewer: Viewer,
    /// What is asked beside the class.
    linked: Linked,
    /// The canvas of the scan.
    scan: NodeRef<html::Canvas>,
    /// The canvases of the heatmaps.
    overlays: [NodeRef<html::Canvas>; 2],
    /// Whether the answer can be saved as DICOM.
    can_save_dicom: Signal<bool>,
    /// It is to be saved so.
    on_save_dicom: Callback<()>,
    /// The report was saved.
    on_saved: Callback<()>,
    /// Whether what is saved may hold the file's name.
    keeps_name: RwSignal<bool>,
    /// A report to be read is to be saved.
    on_save_report: Callback<()>,
) -> impl IntoView {
    let locale = use_locale();
    let has_none = Memo::new(move |_| report.with(Option::is_none));
    let save_png = move |()| {
        if let (Some(report), Some(scan)) = (report.get(), scan.get_untracked()) {
            let language = locale.language();
            let stamp = clock::stamp(keeps_name.get_untracked());
            let drawn = |map: &Heatmap, card: Option<&ModelCard>| {
                heat.is_on().then(|| Drawn::of(map, heat.scale.get_untracked(), card))
            };
            let finding = linked.finding.get_untracked().filter(|finding| finding.map().is_some());
            let of_finding = finding.as_ref().and_then(|finding| Some((finding.map()?, finding.report.as_deref()?)));
            let (own_map, own) = match of_finding {
                Some((map, _)) => (map, drawn(map, None)),
                None => (&report.heatmap, drawn(&report.heatmap, card.get_untracked().as_deref())),
            };
            let baseline = report.baseline.as_ref();
            let answers = [Some((own_map, &report.image, own))]
                .into_iter()
                .chain([baseline.map(|b| (&b.heatmap, &b.image, drawn(&b.heatmap, None)))]);
            let picture = |((map, image, drawn), overlay): (SavedAnswer<'_>, NodeRef<html::Canvas>)| {
                let overlay = overlay.get_untracked()?;
                let shown = drawn.map(|drawn| (map, drawn));
                let labels = match of_finding.filter(|(own, _)| std::ptr::eq(*own, map)) {
                    Some((_, finding)) => finding_labels(&report.warning, finding, shown),
                    None => labels(&report.warning, image, shown),
                };
                let labels = labels.into_iter().map(|label| (label_line(language, &label), label)).collect();
                let is_filled = heat.form.get_untracked() == HeatForm::Filled;
                let outlines = match drawn.filter(|_| !is_filled) {
                    Some(drawn) => {
                        let ramp = if of_finding.is_some_and(|(own, _)| std::ptr::eq(own, map)) {
                            Ramp::Finding
                        } else {
                            Ramp::of(&map.target, &image.label)
                        };
                        outlines(map, [report.input.width, report.input.height], heat.paint(ramp, gain(drawn)))
                    }
                    None => Vec::new(),
                };
                Some(SavedPicture { overlay: Some(overlay).filter(|_| is_filled), outlines, labels })
            };
            let pictures: Vec<_> = answers.flatten().zip(overlays).filter_map(picture).collect();
            let signed = stamp.sign(language, &report);
            let mut lines = saved_lines(language, &signed, heat.is_folded(), own.map(|drawn| (own_map, drawn)));
            // Before the last line, which says where the picture is from.
            let at = lines.len().saturating_sub(1);
            if let Some(line) = window_line(language, viewer.window.get_untracked()) {
                lines.insert(at, line);
            }
            let (name, columns) = (stamp.file_name(&report, "png"), report.input.width.max(1));
            canvas::save_png(&name, &scan, columns, &pictures, heat.opacity(), &lines);
        }
    };
    let save_json = move |()| {
        let linked = |report: &Report| {
            let (finding, hidden) = (linked.finding.get_untracked(), linked.hidden.get_untracked());
            with_linked(report, finding.as_ref(), hidden.as_deref())
        };
        let stamp = clock::stamp(keeps_name.get_untracked());
        if let Some(report) = report.get()
            && let Ok(text) = serde_json::to_string_pretty(&stamp.sign(locale.language(), &linked(&report)))
        {
            canvas::save_text(&stamp.file_name(&report, "json"), &text, "application/json");
            on_saved.run(());
        }
    };
    view! {
        <span class="saves">
            <label class="keep-name">
                <input
                    type="checkbox"
                    data-testid="keep-name"
                    aria-description=move || locale.text().report.keep_name_detail
                    prop:checked=move || keeps_name.get()
                    on:change=move |event| keeps_name.set(event_target_checked(&event))
                />
                <span>{move || locale.text().report.keep_name}</span>
            </label>
            <button
                type="button"
                data-testid="download-report"
                aria-description=move || locale.text().report.save_detail
                disabled=move || has_none.get()
                on:click=move |_| on_save_report.run(())
            >
                {move || locale.text().report.save}
            </button>
            <SaveButton
                hook="download-png"
                label="↓ PNG"
                detail=Signal::derive(move || locale.text().save_png)
                is_off=has_none.into()
                on_click=Callback::new(save_png)
            />
            <SaveButton
                hook="download-json"
                label="↓ JSON"
                detail=Signal::derive(move || locale.text().save_json)
                is_off=has_none.into()
                on_click=Callback::new(save_json)
            />
            <Show when=move || can_save_dicom.get()>
                <SaveButton
                    hook="download-dicom"
                    label="↓ DICOM"
                    detail=Signal::derive(move || locale.text().save_dicom)
                    is_off=Signal::stored(false)
                    on_click=on_save_dicom
                />
            </Show>
        </span>
    }
}

/// Saves the answer in one form.
#[component]
fn SaveButton(
    /// Its `data-testid`.
    hook: &'static str,
    /// What it says.
    label: &'static str,
    /// What it saves.
    detail: Signal<&'static str>,
    /// Whether there is nothing to save.
    is_off: Signal<bool>,
    /// It is pressed.
    on_click: Callback<()>,
) -> impl IntoView {
    view! {
        <button
            type="button"
            data-testid=hook
            aria-description=move || detail.get()
            disabled=move || is_off.get()
            on:click=move |_| on_click.run(())
        >
            {label}
        </button>
    }
}
