//! The panel that tests the shown map: collapsed until it is asked for.

use leptos::html;
use leptos::prelude::*;

use crate::page::faithfulness::reading::{DRAWING, Kind, is_other_map};
use crate::page::faithfulness::{Faithfulness, Progress};
use crate::page::scans::OpenScan;
use crate::page::text::FaithfulnessText;
use crate::render::{Paint, Ramp};
use crate::report::{Heatmap, MaskingCurves, RandomPart};
use crate::web::canvas;
use crate::web::checks::Checks;
use crate::web::preferences::use_locale;

/// Pixels of a small picture at most.
const SMALL_PIXELS: usize = 1 << 16;

/// The panel.
#[component]
pub fn FaithfulnessCard(
    /// Its state.
    checks: Checks,
    /// The scan that is shown.
    shown: Signal<Option<OpenScan>>,
) -> impl IntoView {
    let locale = use_locale();
    let text = move || locale.text().faithfulness;
    let progress = Memo::new(move |_| checks.with(Faithfulness::progress));
    let is_open = Memo::new(move |_| progress.with(|progress| *progress != Progress::Closed));
    let panel = NodeRef::<html::Section>::new();
    Effect::new(move || {
        if let Some(panel) = panel.get().filter(|_| checks.is_called.get()) {
            panel.scroll_into_view();
            checks.is_called.set(false);
        }
    });
    view! {
        <section
            node_ref=panel
            class="card faithfulness"
            data-testid="faithfulness"
            data-phase=move || progress.with(Progress::name)
            data-workers=move || checks.with(|state| state.seats().len()).to_string()
        >
            <div class="title">
                <h2>{move || text().title}</h2>
                <button
                    type="button"
                    data-testid="faithfulness-toggle"
                    aria-expanded=move || is_open.get().to_string()
                    on:click=move |_| checks.toggle()
                >
                    {move || if is_open.get() { text().close } else { text().open }}
                </button>
            </div>
            <p class="note">{move || text().detail}</p>
            <Show when=move || is_open.get()>
                <State checks=checks progress=progress.into() />
                <Findings checks=checks />
                <RandomMaps checks=checks shown=shown />
            </Show>
        </section>
    }
}

/// How far it is, with what can be done about that.
#[component]
fn State(
    /// The panel's state.
    checks: Checks,
    /// How far it is.
    progress: Signal<Progress>,
) -> impl IntoView {
    let locale = use_locale();
    let button = move |name: &'static str, testid: &'static str, act: fn(Checks)| {
        view! { <button type="button" data-testid=testid on:click=move |_| act(checks)>{name}</button> }
    };
    let is_busy = Memo::new(move |_| progress.with(Progress::is_busy));
    let percent = move || progress.with(Progress::percent);
    let line = move || {
        let text = locale.text().faithfulness;
        match progress.get() {
            Progress::Running([n_done, n_all]) => (text.running)(n_done, n_all),
            _ => text.preparing.to_owned(),
        }
    };
    // Only its end: a button that is drawn anew loses the focus.
    let end = Memo::new(move |_| match progress.get() {
        end @ (Progress::Cancelled | Progress::Failed(_)) => Some(end),
        _ => None,
    });
    let ended = move || {
        let text = locale.text().faithfulness;
        match end.get()? {
            Progress::Failed(failure) => Some(
                view! {
                    <p class="bad" role="alert" data-testid="faithfulness-failure">
                        {text.failed} " " {(locale.text().failure)(&failure)}
                    </p>
                    {button(locale.text().try_again, "faithfulness-resume", Checks::resume)}
                }
                .into_any(),
            ),
            _ => Some(
                view! {
                    <div class="line">
                        <span>{text.cancelled}</span>
                        {button(text.resume, "faithfulness-resume", Checks::resume)}
                    </div>
                }
                .into_any(),
            ),
        }
    };
    view! {
        <Show when=move || is_busy.get()>
            <div class="line">
                <span
                    class="bar"
                    role="progressbar"
                    data-testid="faithfulness-progress"
                    aria-label=move || locale.text().faithfulness.title
                    aria-valuemin="0"
                    aria-valuemax="100"
                    aria-valuenow=move || percent().to_string()
                    aria-valuetext=line
                >
                    <i style:width=move || format!("{}%", percent())></i>
                </span>
                {move || button(locale.text().cancel, "faithfulness-cancel", Checks::cancel)}
            </div>
            <p class="note">{line}</p>
        </Show>
        {ended}
    }
}

/// What was found about the map and the words.
#[component]
fn Findings(
    /// The panel's state.
    checks: Checks,
) -> impl IntoView {
    let locale = use_locale();
    let curves = Memo::new(move |_| checks.with(Faithfulness::curves));
    let standing = Memo::new(move |_| checks.with(Faithfulness::standing));
    let grounds = Memo::new(move |_| checks.with(|state| state.grounds().cloned()));
    let drawings = move || {
        let text = locale.text().faithfulness;
        curves.get().map(|curves| {
            view! {
                {Kind::ALL.map(|kind| drawing(text, kind, &curves)).into_iter().collect_view()}
                <p class="legend">
                    <span><i class="own"></i>{text.legend[0]}</span>
                    <span><i class="random"></i>{text.legend[1]}</span>
                </p>
            }
        })
    };
    let verdict = move || {
        let text = locale.text().faithfulness;
        standing.get().map(|standing| {
            view! {
                <p data-testid="faithfulness-verdict" data-standing=standing.name()>
                    <b>{(text.standing)(standing)}</b> " " {text.limit}
                </p>
            }
        })
    };
    let rest = move || {
        let text = locale.text().faithfulness;
        grounds.get().map(|grounds| {
            let words = grounds.words;
            view! {
                <p data-testid="faithfulness-retina" data-share=grounds.in_retina.map(|share| share.to_string())>
                    {(text.in_retina)(grounds.in_retina)}
                </p>
                <div
                    data-testid="faithfulness-words"
                    data-sufficiency=words.sufficiency.to_string()
                    data-comprehensiveness=words.comprehensiveness.to_string()
                >
                    <h3>{text.words}</h3>
                    <p class="note">{(text.sufficiency)(words.sufficiency, words.random_sufficiency)}</p>
                    <p class="note">
                        {(text.comprehensiveness)(words.comprehensiveness, words.random_comprehensiveness)}
                    </p>
                </div>
            }
        })
    };
    view! {
        {drawings}
        {verdict}
        {rest}
    }
}

/// A curve beside those of random orders.
fn drawing(text: &'static FaithfulnessText, kind: Kind, curves: &MaskingCurves) -> impl IntoView + use<> {
    let (curve, random_area) = (kind.curve(curves), curves.random_auc());
    let [width, height] = DRAWING;
    let area = (text.area)(curve.auc, random_area);
    let scores = curve.scores.iter().map(f32::to_string).collect::<Vec<_>>().join(" ");
    let random =
        kind.random_points(curves).into_iter().map(|points| view! { <polyline class="random" points=points /> });
    view! {
        <div
            class="curve"
            data-testid="faithfulness-curve"
            data-kind=kind.name()
            data-area=curve.auc.to_string()
            data-random-area=random_area.map(|area| area.to_string())
            data-scores=scores
        >
            <svg
                viewBox=format!("-2 -2 {} {}", width + 4., height + 4.)
                role="img"
                aria-label=format!("{}: {area}", (text.curve)(kind))
            >
                <path class="axes" d=format!("M0 0V{height}H{width}") />
                {random.collect_view()}
                <polyline class="own" points=kind.points(curves) />
            </svg>
            <p class="note">{(text.curve)(kind)} " · " <b>{area}</b></p>
        </div>
    }
}

/// The shown map, and those of the model with random weights.
#[component]
fn RandomMaps(
    /// The panel's state.
    checks: Checks,
    /// The scan that is shown.
    shown: Signal<Option<OpenScan>>,
) -> impl IntoView {
    let locale = use_locale();
    let can_ask = Memo::new(move |_| checks.with(Faithfulness::can_randomize));
    let changed = Memo::new(move |_| checks.with(|state| state.changed().to_vec()));
    let maps = move || {
        let changed = changed.get();
        let scan = shown.get().filter(|_| !changed.is_empty())?;
        let text = locale.text().faithfulness;
        let own = scan.report()?.heatmap.clone();
        let changed = changed.into_iter().map(|changed| {
            let lines = changed.agreement.map(|value| {
                let is_other = is_other_map(value);
                view! {
                    <small>{(text.agreement)(value)}</small>
                    <small class:bad=!is_other>{(text.is_other)(is_other)}</small>
                }
            });
            let testid = match changed.part {
                RandomPart::Head => "faithfulness-random-head",
                RandomPart::LastStage => "faithfulness-random-last-stage",
            };
            view! {
                <div class="small-map" data-agreement=changed.agreement.map(|value| value.to_string())>
                    <SmallMap scan=scan.clone() map=changed.map testid=testid />
                    <b>{(text.part)(changed.part)}</b>
                    {lines}
                </div>
            }
        });
        Some(view! {
            <div class="small-maps">
                <div class="small-map">
                    <SmallMap scan=scan.clone() map=own testid="faithfulness-shown-map" />
                    <b>{text.shown_map}</b>
                </div>
                {changed.collect_view()}
            </div>
        })
    };
    view! {
        <Show when=move || can_ask.get()>
            <div class="line">
                <span class="wide note">{move || locale.text().faithfulness.randomize_detail}</span>
                <button type="button" data-testid="faithfulness-randomize" on:click=move |_| checks.randomize()>
                    {move || locale.text().faithfulness.randomize}
                </button>
            </div>
        </Show>
        {maps}
    }
}

/// A scan with a map over it, small, by the map's own maximum: maps of random weights have no other scale.
#[component]
fn SmallMap(
    /// The scan.
    scan: OpenScan,
    /// The map.
    map: Heatmap,
    /// The hook for tests.
    testid: &'static str,
) -> impl IntoView {
    let (below, above) = (NodeRef::<html::Canvas>::new(), NodeRef::<html::Canvas>::new());
    let report = scan.report().cloned();
    let pixels = scan.pixels().cloned();
    Effect::new(move || {
        let (Some(below), Some(above)) = (below.get(), above.get()) else { return };
        let (Some(report), Some(pixels)) = (&report, &pixels) else { return };
        let size = [report.input.width.max(1), report.input.height.max(1)];
        let paint = Paint::relative(Ramp::of(&map.target, &report.image.label));
        canvas::paint_scan(&below, pixels, size, SMALL_PIXELS);
        canvas::paint_overlay(&above, &map, size, paint, SMALL_PIXELS);
    });
    view! {
        <div class="pile" data-testid=testid>
            <canvas node_ref=below></canvas>
            <canvas node_ref=above></canvas>
        </div>
    }
}
