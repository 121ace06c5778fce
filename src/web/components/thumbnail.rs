//! A scan's thumbnail on a canvas.

use std::sync::Arc;

use leptos::html;
use leptos::prelude::*;

use crate::page::scans::OpenScan;
use crate::page::thumbnail::Thumbnail;
use crate::web::canvas;

/// The thumbnail of a scan; empty until its pixels have been read once.
#[component]
pub fn ThumbnailCanvas(
    /// The scan.
    scan: Signal<Option<OpenScan>>,
) -> impl IntoView {
    let canvas = NodeRef::<html::Canvas>::new();
    let thumbnail = Memo::new_with_compare(
        move |_| scan.with(|scan| scan.as_ref()?.thumbnail.clone()),
        |old: Option<&Option<Arc<Thumbnail>>>, new| {
            let drawn = |thumbnail: Option<&Option<Arc<Thumbnail>>>| thumbnail?.as_ref().map(Arc::as_ptr);
            drawn(old) != drawn(new)
        },
    );
    Effect::new(move || {
        if let (Some(canvas), Some(thumbnail)) = (canvas.get(), thumbnail.get()) {
            canvas::paint_scan(&canvas, &thumbnail.pixels, thumbnail.size, thumbnail.pixels.len());
        }
    });
    let is_tall = move || thumbnail.with(|thumbnail| thumbnail.as_ref().is_some_and(|thumbnail| thumbnail.is_tall()));
    view! { <canvas node_ref=canvas class:tall=is_tall aria-hidden="true"></canvas> }
}
