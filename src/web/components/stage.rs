//! The stage: the scan with the heatmap aligned to its pixels; a second time with the baseline's heatmap, if there is one.

use std::sync::Arc;

use leptos::html;
use leptos::prelude::*;

use crate::bundle::card::ModelCard;
use crate::page::lines::{label_line, loading_line, prediction_line};
use crate::page::linked::FindingOnMap;
use crate::page::picture::{Drawn, Label, finding_labels, labels};
use crate::page::scans::OpenScan;
use crate::page::state::Phase;
use crate::render::{self, Paint, Ramp};
use crate::report::{Heatmap, Prediction, Report, WarningKind};
use crate::web::canvas;
use crate::web::components::baseline::BaselinePrediction;
use crate::web::components::labels::Labels;
use crate::web::components::region::HideArea;
use crate::web::components::status::ProgressBar;
use crate::web::components::teach::TrueLesions;
use crate::web::heat::Heat;
use crate::web::linked::Linked;
use crate::web::preferences::use_locale;
use crate::web::teach::Teach;

/// The scan with its heatmaps.
#[component]
pub fn Stage(
    /// The scan.
    shown: Signal<Option<OpenScan>>,
    /// The report about it.
    report: Signal<Option<Arc<Report>>>,
    /// What the page is doing.
    phase: Signal<Phase>,
    /// The card of the model that answers.
    card: Signal<Option<Arc<ModelCard>>>,
    /// Whether a model is loaded or being loaded: only then a scan is asked for.
    can_answer: Signal<bool>,
    /// Whether another scan is about to replace it.
    is_stale: Signal<bool>,
    /// Visibility and opacity of the heatmap.
    heat: Heat,
    /// What is asked beside the class.
    linked: Linked,
    /// What a lecture shows.
    teach: Teach,
    /// Of the file whose frames are being answered: those that are, and all of them.
    frames_done: Signal<Option<[usize; 2]>>,
    /// The canvas of the scan.
    scan: NodeRef<html::Canvas>,
    /// The canvases of the heatmaps: the model's and the baseline's.
    overlays: [NodeRef<html::Canvas>; 2],
) -> impl IntoView {
    let locale = use_locale();
    let has_scan = Memo::new(move |_| shown.with(Option::is_some));
    let baseline = Signal::derive(move || report.with(|report| report.as_ref()?.baseline.clone()));
    let has_baseline = Memo::new(move |_| baseline.with(Option::is_some));
    let own = Memo::new(move |_| {
        let report = report.get()?;
        if let Some(view) = linked.finding.with(|finding| MapView::of_finding(finding.as_ref()?, &report, heat)) {
            return Some(view);
        }
        Some(card.with(|card| MapView::of(&report.heatmap, &report.image, &report, heat, card.as_deref())))
    });
    // Nothing is known of how large a baseline's evidence usually is.
    let other = Memo::new(move |_| {
        let (report, baseline) = (report.get()?, baseline.get()?);
        Some(MapView::of(&baseline.heatmap, &baseline.image, &report, heat, None))
    });
    let is_ramp = move |ramp: Ramp| own.with(|own| own.as_ref().is_some_and(|own| own.paint.ramp == ramp));
    let alt = move || {
        let alt = report.with(|report| Some((locale.text().scan_alt)(&report.as_ref()?.input.name)))?;
        let is_findings = |label: &&Label| matches!(label, Label::Finding { .. });
        let line = own.with(|own| Some(label_line(locale.language(), own.as_ref()?.labels.iter().find(is_findings)?)));
        Some(line.map_or(alt.clone(), |line| format!("{alt}. {line}")))
    };
    let size = Signal::derive(move || {
        report.with(|report| report.as_ref().map(|report| [report.input.width.max(1), report.input.height.max(1)]))
    });
    let own_words = move || {
        report.get().map(|report| {
            let says = if report.warning.kind == WarningKind::NotAScan {
                locale.text().doubt.no_answer.to_owned()
            } else {
                prediction_line(locale.language(), &report.image)
            };
            view! { <b>"octlens"</b> <span>{says}</span> }
        })
    };
    view! {
        <div class="stage" class:stale=move || is_stale.get()>
            <ProgressBar phase=phase frames_done=frames_done />
            <Show when=move || !has_scan.get() && can_answer.get()>
                <Invitation phase=phase />
            </Show>
            <div class="panes" class:pair=move || has_baseline.get() class:empty=move || !has_scan.get()>
                <figure>
                    <Picture
                        shown=shown
                        map=own.into()
                        heat=heat
                        alt=Signal::derive(alt)
                        scan=scan
                        overlay=overlays[0]
                        testids=["scan-canvas", "overlay"]
                    >
                        <TrueLesions size=size teach=teach />
                        <HideArea size=size linked=linked />
                    </Picture>
                    <Show when=move || has_baseline.get() && !heat.is_folded()>
                        <figcaption>{own_words}</figcaption>
                    </Show>
                </figure>
                <Show when=move || has_baseline.get()>
                    <figure>
                        <Picture
                            shown=shown
                            map=other.into()
                            heat=heat
                            alt=Signal::derive(move || Some(locale.text().baseline_alt.to_owned()))
                            scan=NodeRef::new()
                            overlay=overlays[1]
                            testids=["baseline-scan-canvas", "baseline-overlay"]
                        />
                        <Show when=move || !heat.is_folded()>
                            <BaselinePrediction baseline=baseline />
                        </Show>
                    </figure>
                </Show>
            </div>
            <Show when=move || has_scan.get() && heat.is_on()>
                <div class="colours" class:other=move || is_ramp(Ramp::Other) class:finding=move || is_ramp(Ramp::Finding) title=move || locale.text().heat_scale>
                    <span>"1"</span>
                    <i></i>
                    <span>"0"</span>
                </div>
            </Show>
        </div>
    }
}

/// A heatmap and how it is shown.
#[derive(Clone, PartialEq)]
struct MapView {
    map: Heatmap,
    paint: Paint,
    labels: Vec<Label>,
}

impl MapView {
    /// The map of an answer `image`, with the doubts of `report`.
    fn of(map: &Heatmap, image: &Prediction, report: &Report, heat: Heat, card: Option<&ModelCard>) -> Self {
        let drawn = Drawn::of(map, heat.scale.get(), card);
        let labels = labels(&report.warning, image, heat.is_on().then_some((map, drawn)));
        Self { map: map.clone(), paint: paint(map, image, drawn), labels }
    }
}

impl MapView {
    /// The map of a finding, once it is there. Nothing is known of how large its evidence usually is.
    fn of_finding(finding: &FindingOnMap, report: &Report, heat: Heat) -> Option<Self> {
        let map = finding.map()?;
        let drawn = Drawn::of(map, heat.scale.get(), None);
        let labels = finding_labels(&report.warning, finding.report.as_deref()?, heat.is_on().then_some((map, drawn)));
        Some(Self { map: map.clone(), paint: Paint::relative(Ramp::Finding), labels })
    }
}

/// How a map of an answer `image` is painted.
pub(in crate::web) fn paint(map: &Heatmap, image: &Prediction, drawn: Drawn) -> Paint {
    let gain = match drawn {
        Drawn::Absolute { share } => render::absolute_gain(share),
        Drawn::Relative | Drawn::Empty => 1.,
    };
    Paint { ramp: Ramp::of(&map.target, &image.label), gain }
}

/// The shown scan with one heatmap over it; the opacity is the same for all.
#[component]
fn Picture(
    /// The scan.
    shown: Signal<Option<OpenScan>>,
    /// The heatmap.
    map: Signal<Option<MapView>>,
    /// Visibility and opacity of the heatmap.
    heat: Heat,
    /// The text alternative of the picture.
    alt: Signal<Option<String>>,
    /// The canvas of the scan.
    scan: NodeRef<html::Canvas>,
    /// The canvas of the heatmap.
    overlay: NodeRef<html::Canvas>,
    /// The hooks for tests, of both canvases.
    testids: [&'static str; 2],
    /// What lies over it.
    #[prop(optional)]
    children: Option<Children>,
) -> impl IntoView {
    let size = Memo::new(move |_| {
        shown.with(|shown| {
            let input = &shown.as_ref()?.report()?.input;
            Some([input.width.max(1), input.height.max(1)])
        })
    });
    let pixels = Memo::new_with_compare(
        move |_| shown.with(|shown| shown.as_ref()?.pixels().cloned()),
        |old, new| old.map(|old| old.as_ref().map(Arc::as_ptr)) != new.map(|new| new.as_ref().map(Arc::as_ptr)),
    );
    Effect::new(move || {
        if let (Some(canvas), Some(pixels), Some(size)) = (scan.get(), pixels.get(), size.get()) {
            canvas::paint_scan(&canvas, &pixels, size, render::MAX_DRAWN_PIXELS);
        }
    });
    let painted = Memo::new(move |_| map.with(|map| map.as_ref().map(|view| (view.map.clone(), view.paint))));
    Effect::new(move || {
        if let (Some(canvas), Some((map, paint)), Some(size)) = (overlay.get(), painted.get(), size.get()) {
            canvas::paint_overlay(&canvas, &map, size, paint, render::MAX_DRAWN_PIXELS);
        }
    });
    let labels =
        Signal::derive(move || map.with(|map| map.as_ref().map(|view| view.labels.clone()).unwrap_or_default()));
    let is_ramp = move |ramp: Ramp| {
        heat.is_on() && map.with(|map| map.as_ref().is_some_and(|view: &MapView| view.paint.ramp == ramp))
    };
    let ratio = move || size.get().map(|[width, height]| format!("{:.5}", width as f64 / height as f64));
    let um_per_pixel = Signal::derive(move || {
        shown.with(|shown| Some((shown.as_ref()?.report()?.input.um_per_pixel?[0], size.get()?[0])))
    });
    view! {
        <div
            class="stack"
            class:other=move || is_ramp(Ramp::Other)
            class:finding=move || is_ramp(Ramp::Finding)
            style=("--ratio", ratio)>
            <div role="img" aria-label=move || alt.get()>
                <canvas node_ref=scan data-testid=testids[0]></canvas>
                <canvas
                    node_ref=overlay
                    class="overlay"
                    data-testid=testids[1]
                    data-target=move || map.with(|map| map.as_ref().map(|view| view.map.target.clone()))
                    data-shown=move || heat.is_on().to_string()
                    style:opacity=move || format!("{:.2}", heat.opacity())
                ></canvas>
                <ScaleBar um_per_pixel=um_per_pixel />
            </div>
            <Labels labels=labels />
            {children.map(|children| children())}
        </div>
    }
}

/// What the viewer shows before there is a scan.
#[component]
fn Invitation(
    /// What the page is doing.
    phase: Signal<Phase>,
) -> impl IntoView {
    let locale = use_locale();
    let lines = move || {
        let text = locale.text();
        match phase.get() {
            Phase::Loading(progress) => (loading_line(locale.language(), text.loading, progress), text.loading_detail),
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
            <p class="lead">{move || lines().0}</p>
            <p>{move || lines().1}</p>
        </div>
    }
}

/// A bar of a round length in µm, if the file states its scale.
#[component]
fn ScaleBar(
    /// Micrometres per pixel across, and the scan's width in pixels.
    um_per_pixel: Signal<Option<(f64, usize)>>,
) -> impl IntoView {
    let bar = move || {
        let (um_per_pixel, width) = um_per_pixel.get()?;
        let bar = render::scale_bar(um_per_pixel, width)?;
        let share = format!("{:.3}%", bar.share * 100.0);
        Some(view! { <div class="um" style:width=share>{format!("{:.0} µm", bar.length_um)}</div> })
    };
    view! { {bar} }
}
