//! The loupe over a picture.

use leptos::html;
use leptos::prelude::*;

use crate::page::look::HeatForm;
use crate::page::viewer::loupe::{SIDE_PX, part};
use crate::web::canvas;
use crate::web::heat::Heat;
use crate::web::viewer::Viewer;

/// What is around the pointer, enlarged.
#[component]
pub fn Loupe(
    /// How the scan is looked at.
    viewer: Viewer,
    /// Visibility and opacity of the heatmap.
    heat: Heat,
    /// The frame of the picture.
    frame: NodeRef<html::Div>,
    /// Where it is, as shares of the frame.
    at: RwSignal<Option<[f64; 2]>>,
    /// The canvas of the scan.
    scan: NodeRef<html::Canvas>,
    /// The canvas of the heatmap.
    overlay: NodeRef<html::Canvas>,
) -> impl IntoView {
    let glass = NodeRef::<html::Canvas>::new();
    Effect::new(move || {
        let transform = viewer.transform.get();
        viewer.window.track();
        let opacity = if heat.form.get() == HeatForm::Filled { heat.opacity() } else { 0. };
        let (Some(at), Some(glass), Some(scan), Some(overlay)) = (at.get(), glass.get(), scan.get(), overlay.get())
        else {
            return;
        };
        let Some(of) = frame.get_untracked().and_then(|frame| viewer.frame_of(&frame)) else { return };
        let drawn = [f64::from(scan.width()), f64::from(scan.height())];
        let part = part(transform.to_picture(at), transform.zoom(), of.size_px, drawn);
        canvas::paint_part(&glass, SIDE_PX * window().device_pixel_ratio(), part, [(&scan, 1.), (&overlay, opacity)]);
    });
    let place = move |axis: usize| at.get().map(|at| format!("{:.3}%", at[axis] * 100.));
    view! {
        <canvas
            node_ref=glass
            class="loupe"
            aria-hidden="true"
            data-testid="loupe"
            hidden=move || at.get().is_none()
            style:left=move || place(0)
            style:top=move || place(1)
        ></canvas>
    }
}
