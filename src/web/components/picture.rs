//! A scan with a heatmap in a frame, as it is looked at: enlarged, by a window of greys, with a curtain, lines and a loupe.

use std::sync::Arc;

use leptos::html;
use leptos::prelude::*;

use crate::page::look::HeatForm;
use crate::page::scans::OpenScan;
use crate::page::viewer::book::Tool;
use crate::page::viewer::compare::Layout;
use crate::page::viewer::transform::{wheel_factor, wheel_zooms};
use crate::render::contour::{Outline, PAIR_COLOURS, UNITS_PER_PIXEL, outlines, single_outline};
use crate::render::{self, Ramp};
use crate::web::canvas;
use crate::web::components::curtain::Curtain;
use crate::web::components::labels::Labels;
use crate::web::components::lines::Lines;
use crate::web::components::loupe::Loupe;
use crate::web::components::surface::Surface;
use crate::web::heat::Heat;
use crate::web::map_view::MapView;
use crate::web::viewer::{Viewer, share_of};

/// The shown scan with one heatmap over it, or two; opacity, zoom and greys are the same for all.
#[component]
pub fn Picture(
    /// The scan.
    shown: Signal<Option<OpenScan>>,
    /// The heatmap.
    map: Signal<Option<MapView>>,
    /// The map that was kept, where it is on this picture too.
    #[prop(into, optional)]
    kept: Signal<Option<MapView>>,
    /// Visibility and opacity of the heatmap.
    heat: Heat,
    /// How the scan is looked at.
    viewer: Viewer,
    /// The text alternative of the picture.
    alt: Signal<Option<String>>,
    /// The frame that it fits.
    frame: NodeRef<html::Div>,
    /// The canvas of the scan.
    scan: NodeRef<html::Canvas>,
    /// The canvas of the heatmap.
    overlay: NodeRef<html::Canvas>,
    /// The hooks for tests, of both canvases.
    testids: [&'static str; 2],
    /// Whether curtain and outlines of two maps are on it: they are on one picture only.
    #[prop(optional)]
    is_compared: bool,
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
    let um_per_pixel = Memo::new(move |_| shown.with(|shown| shown.as_ref()?.report()?.input.um_per_pixel));
    let pixels = Memo::new_with_compare(
        move |_| shown.with(|shown| shown.as_ref()?.pixels().cloned()),
        |old, new| old.map(|old| old.as_ref().map(Arc::as_ptr)) != new.map(|new| new.as_ref().map(Arc::as_ptr)),
    );
    Effect::new(move || {
        if let (Some(canvas), Some(pixels), Some(size)) = (scan.get(), pixels.get(), size.get()) {
            canvas::paint_window(&canvas, &pixels, size, &viewer.window.get().table());
        }
    });
    let layout = Memo::new(move |_| if is_compared { viewer.layout.get() } else { Layout::Single });
    // The curtain hangs in the frame; maps are cut where it hangs on the picture.
    let cut = Memo::new(move |_| {
        layout.get().is_swipe().then(|| {
            let [at, _] = viewer.transform.get().to_picture([viewer.look.with(|look| look.curtain), 0.]);
            at.clamp(0., 1.) * 100.
        })
    });
    let right = Signal::derive(move || cut.get().map(|at| format!("inset(0 0 0 {at:.3}%)")));
    let left = Signal::derive(move || cut.get().map(|at| format!("inset(0 {:.3}% 0 0)", 100. - at)));
    let pair = move |at: usize| Signal::derive(move || (layout.get() == Layout::Outlines).then(|| PAIR_COLOURS[at]));
    let kept_overlay = NodeRef::<html::Canvas>::new();
    let has_kept = Memo::new(move |_| kept.with(Option::is_some));
    let labels =
        Signal::derive(move || map.with(|map| map.as_ref().map(|view| view.labels.clone()).unwrap_or_default()));
    let is_ramp = move |ramp: Ramp| {
        heat.is_on() && map.with(|map| map.as_ref().is_some_and(|view: &MapView| view.paint.ramp == ramp))
    };
    let ratio = move || size.get().map(|[width, height]| format!("{:.5}", width as f64 / height as f64));
    // Of what is seen: the bar keeps its length on the page about the same.
    let scale = Signal::derive(move || Some((um_per_pixel.get()?[0] / viewer.transform.get().zoom(), size.get()?[0])));
    let loupe_at = RwSignal::new(None::<[f64; 2]>);
    let on_wheel = move |event: web_sys::WheelEvent| {
        let Some(stack) = frame.get_untracked() else { return };
        let Some(of) = viewer.frame_of(&stack) else { return };
        let unit = if event.delta_mode() == web_sys::WheelEvent::DOM_DELTA_PIXEL { 1. } else { 40. };
        let turn = event.delta_y() * unit;
        let is_smallest = viewer.transform.get_untracked().zoom() <= of.least_zoom;
        let does_scroll =
            document().document_element().is_some_and(|root| root.scroll_height() > root.client_height() + 1);
        if wheel_zooms(turn, event.ctrl_key() || event.meta_key(), does_scroll, is_smallest) {
            event.prevent_default();
            let at = share_of(&event, &stack);
            viewer.change(|look| look.transform = look.transform.zoomed_by(wheel_factor(turn), at, of.least_zoom));
        }
    };
    view! {
        <div
            node_ref=frame
            class="stack"
            class:other=move || is_ramp(Ramp::Other)
            class:finding=move || is_ramp(Ramp::Finding)
            style=("--ratio", ratio)
            style=("--zoom", move || format!("{:.5}", viewer.transform.get().zoom()))
            on:wheel=on_wheel
        >
            <div
                class="plane"
                data-testid=is_compared.then_some("plane")
                data-zoom=move || format!("{:.4}", viewer.transform.get().zoom())
                style:transform=move || viewer.transform.get().css()
            >
                <div role="img" aria-label=move || alt.get()>
                    <canvas node_ref=scan data-testid=testids[0]></canvas>
                    <Show when=move || has_kept.get()>
                        <Layer
                            map=kept
                            size=size.into()
                            heat=heat
                            overlay=kept_overlay
                            testid="kept-overlay"
                            clip=left
                            pair_colour=pair(0)
                        />
                    </Show>
                    <Layer
                        map=map
                        size=size.into()
                        heat=heat
                        overlay=overlay
                        testid=testids[1]
                        clip=right
                        pair_colour=pair(1)
                    />
                </div>
            </div>
            <ScaleBar um_per_pixel=scale />
            <Surface viewer=viewer frame=frame loupe_at=loupe_at />
            <Lines viewer=viewer size=size.into() um_per_pixel=um_per_pixel.into() />
            <Show when=move || layout.get().is_swipe()>
                <Curtain viewer=viewer frame=frame />
            </Show>
            <Show when=move || viewer.tool.get() == Tool::Loupe>
                <Loupe viewer=viewer heat=heat frame=frame at=loupe_at scan=scan overlay=overlay />
            </Show>
            <Labels labels=labels />
            {children.map(|children| children())}
        </div>
    }
}

/// A heatmap over the scan: coloured, or as outlines.
#[component]
fn Layer(
    /// The heatmap.
    map: Signal<Option<MapView>>,
    /// Columns and rows of the scan.
    size: Signal<Option<[usize; 2]>>,
    /// Visibility and opacity of the heatmap.
    heat: Heat,
    /// Its canvas.
    overlay: NodeRef<html::Canvas>,
    /// The hook for tests.
    testid: &'static str,
    /// What the curtain leaves of it, as CSS `clip-path`.
    clip: Signal<Option<String>>,
    /// The colour of its outline, where it is one of two.
    pair_colour: Signal<Option<[u8; 3]>>,
) -> impl IntoView {
    let form = Memo::new(move |_| if pair_colour.get().is_some() { HeatForm::Outlines } else { heat.form.get() });
    let painted = Memo::new(move |_| map.with(|map| map.as_ref().map(|view| (view.map.clone(), view.paint))));
    Effect::new(move || {
        if let (Some(canvas), Some(size)) = (overlay.get(), size.get()) {
            match painted.get() {
                Some((map, paint)) => canvas::paint_overlay(&canvas, &map, size, paint, render::MAX_DRAWN_PIXELS),
                None => canvas::clear(&canvas),
            }
        }
    });
    let drawn = Memo::new(move |_| {
        let is_drawn = form.get() == HeatForm::Outlines && heat.opacity() > 0.;
        painted.with(|painted| match (painted, size.get()) {
            (Some((map, paint)), Some(size)) if is_drawn => match pair_colour.get() {
                Some(colour) => vec![single_outline(map, size, *paint, colour)],
                None => outlines(map, size, *paint),
            },
            _ => Vec::new(),
        })
    });
    let view_box = move || {
        let [width, height] = size.get().unwrap_or([1, 1]).map(|n| n * UNITS_PER_PIXEL);
        format!("0 0 {width} {height}")
    };
    let outline = |outline: Outline| {
        let Outline { level, colour: [r, g, b], .. } = outline;
        let emphasis = match level {
            level if level > 0.7 => "high",
            level if level < 0.3 => "low",
            _ => "",
        };
        view! {
            <path class="halo" d=outline.path()></path>
            <path
                d=outline.path()
                class=emphasis
                style:stroke=format!("rgb({r},{g},{b})")
            ></path>
        }
    };
    view! {
        <canvas
            node_ref=overlay
            class="overlay"
            data-testid=testid
            data-target=move || map.with(|map| map.as_ref().map(|view| view.map.target.clone()))
            data-shown=move || heat.is_on().to_string()
            data-form=move || form.get().name()
            style:opacity=move || format!("{:.2}", heat.opacity())
            style:clip-path=move || clip.get()
        ></canvas>
        <Show when=move || drawn.with(|drawn| !drawn.is_empty())>
            <svg
                class="outlines"
                class:dashed=move || pair_colour.get() == Some(PAIR_COLOURS[0])
                viewBox=view_box
                preserveAspectRatio="none"
                data-testid="outlines"
                style:clip-path=move || clip.get()
            >
                {move || drawn.get().into_iter().map(outline).collect_view()}
            </svg>
        </Show>
    }
}

/// A bar of a round length in µm, if the file states its scale.
#[component]
fn ScaleBar(
    /// Micrometres per pixel of the frame across, and the scan's width in pixels.
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
