//! The stage: the scan with the heatmap aligned to its pixels; a second time with the baseline's heatmap, if there is one.

use std::sync::Arc;

use leptos::html;
use leptos::prelude::*;

use crate::bundle::card::ModelCard;
use crate::page::lines::{label_line, loading_line, map_name, prediction_line};
use crate::page::picture::Label;
use crate::page::scans::OpenScan;
use crate::page::state::Phase;
use crate::page::viewer::compare::Layout;
use crate::report::{Report, WarningKind};
use crate::web::components::baseline::BaselinePrediction;
use crate::web::components::colour_bar::ColourBar;
use crate::web::components::picture::Picture;
use crate::web::components::region::HideArea;
use crate::web::components::status::ProgressBar;
use crate::web::components::teach::TrueLesions;
use crate::web::heat::Heat;
use crate::web::linked::Linked;
use crate::web::map_view::MapView;
use crate::web::preferences::use_locale;
use crate::web::teach::Teach;
use crate::web::viewer::Viewer;

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
    /// Visibility and opacity of the heatmap.
    heat: Heat,
    /// How the scan is looked at.
    viewer: Viewer,
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
    let kept = Memo::new(move |_| {
        let (report, kept) = (report.get()?, viewer.kept.get()?);
        Some(card.with(|card| MapView::of_kept(&kept, &report, heat, card.as_deref())))
    });
    let is_beside = Memo::new(move |_| viewer.layout.get().is_beside());
    // What stands at the left, and what lies below the shown map.
    let beside = Signal::derive(move || kept.get().filter(|_| viewer.layout.get() == Layout::KeptBeside));
    let below = Signal::derive(move || {
        kept.get().filter(|_| matches!(viewer.layout.get(), Layout::KeptSwipe | Layout::Outlines))
    });
    let paint = Memo::new(move |_| own.with(|own| own.as_ref().map(|own| own.paint)));
    let alt = move || {
        let alt = report.with(|report| Some((locale.text().scan_alt)(&report.as_ref()?.input.name)))?;
        let is_findings = |label: &&Label| matches!(label, Label::Finding { .. });
        let line = own.with(|own| Some(label_line(locale.language(), own.as_ref()?.labels.iter().find(is_findings)?)));
        Some(line.map_or(alt.clone(), |line| format!("{alt}. {line}")))
    };
    let size = Signal::derive(move || {
        report.with(|report| report.as_ref().map(|report| [report.input.width.max(1), report.input.height.max(1)]))
    });
    let kept_words = move || {
        let kept = viewer.kept.get()?;
        Some((locale.text().looking.kept)(&map_name(locale.language(), &kept.map)))
    };
    let shown_words = move || {
        let name = |own: &Option<MapView>| Some(map_name(locale.language(), &own.as_ref()?.map));
        let name = own.with(name).filter(|_| heat.is_on());
        let looking = locale.text().looking;
        name.map_or_else(|| looking.scan_alone.to_owned(), |name| (looking.shown_map)(&name))
    };
    let beside_words = move || {
        let is_kept = viewer.layout.get() == Layout::KeptBeside && heat.is_on();
        kept_words().filter(|_| is_kept).unwrap_or_else(|| locale.text().looking.scan_alone.to_owned())
    };
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
        <div class="stage">
            <ProgressBar phase=phase frames_done=frames_done />
            <Show when=move || !has_scan.get() && can_answer.get()>
                <Invitation phase=phase />
            </Show>
            <div
                class="panes"
                class:pair=move || has_baseline.get() || is_beside.get()
                class:empty=move || !has_scan.get()
                data-layout=move || viewer.layout.get().name()
            >
                <Show when=move || is_beside.get()>
                    <figure>
                        <Picture
                            shown=shown
                            map=beside
                            heat=heat
                            viewer=viewer
                            alt=Signal::derive(move || Some(beside_words()))
                            frame=NodeRef::new()
                            scan=NodeRef::new()
                            overlay=NodeRef::new()
                            testids=["beside-scan-canvas", "beside-overlay"]
                        />
                        <figcaption data-testid="beside-caption"><b>{beside_words}</b></figcaption>
                    </figure>
                </Show>
                <figure>
                    <Picture
                        shown=shown
                        map=own.into()
                        kept=below
                        heat=heat
                        viewer=viewer
                        alt=Signal::derive(alt)
                        frame=viewer.frame
                        scan=scan
                        overlay=overlays[0]
                        testids=["scan-canvas", "overlay"]
                        is_compared=true
                    >
                        <TrueLesions size=size viewer=viewer teach=teach />
                        <HideArea size=size linked=linked viewer=viewer />
                    </Picture>
                    <Show when=move || viewer.layout.get().needs_kept() || is_beside.get()>
                        <figcaption class="legend" data-testid="compare-legend">
                            <Show when=move || heat.is_on() && below.with(Option::is_some)>
                                <b class="kept">{kept_words}</b>
                            </Show>
                            <b class="shown">{shown_words}</b>
                        </figcaption>
                    </Show>
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
                            viewer=viewer
                            alt=Signal::derive(move || Some(locale.text().baseline_alt.to_owned()))
                            frame=NodeRef::new()
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
            <Show when=move || has_scan.get() && heat.is_on() && viewer.layout.get() != Layout::Outlines>
                {move || {
                    paint
                        .get()
                        .map(|first| view! { <ColourBar paint=Signal::derive(move || paint.get().unwrap_or(first)) /> })
                }}
            </Show>
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
