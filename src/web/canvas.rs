//! Draws pixels on canvases and saves files. The colours of heatmaps come from `render`.

use js_sys::{Array, Uint8Array};
use wasm_bindgen::Clamped;
use wasm_bindgen::prelude::*;
use web_sys::{Blob, BlobPropertyBag, CanvasRenderingContext2d, HtmlAnchorElement, HtmlCanvasElement, ImageData, Url};

use crate::page::picture::Label;
use crate::page::viewer::window::GreyWindow;
use crate::render::contour::{Outline, UNITS_PER_PIXEL};
use crate::render::{self, Paint};
use crate::report::{Heatmap, WarningKind};

/// Saved images are at least this wide, so that their lines of text can be read.
const MIN_SAVED_WIDTH: f64 = 900.0;
/// Height of a line of text below a saved image, and of the margin around all of them.
const LINE_HEIGHT: f64 = 22.0;
const BAND_MARGIN: f64 = 38.0;
/// Background, first line and other lines of a saved image: `--bg`, `--ink` and `--soft` of the dark theme
/// (`www/tokens.css`), because a canvas reads no style sheet.
const BACKGROUND: &str = "#0d1013";
const INK: &str = "#e8edf1";
const SOFT_INK: &str = "#9fb0bd";
/// Height of a label on a picture, and what it stands on.
const LABEL_HEIGHT: f64 = 24.0;
const LABEL_GROUND: &str = "#07090bd0";
/// What an outline stands on, so that it is seen on bright places too.
const OUTLINE_HALO: &str = "#000000c0";
/// Space between two pictures of a saved image.
const GAP: f64 = 8.0;

/// Draws RGBA pixels (row by row, alpha not premultiplied) of `size` (columns, rows); the canvas takes that size.
pub(super) fn paint(canvas: &HtmlCanvasElement, rgba: &[u8], size: [usize; 2]) {
    canvas.set_width(size[0] as u32);
    canvas.set_height(size[1] as u32);
    let image = ImageData::new_with_u8_clamped_array_and_sh(Clamped(rgba), size[0] as u32, size[1] as u32);
    if let (Some(context), Ok(image)) = (context_2d(canvas), image) {
        // Fails only where the canvas has no memory; it then stays empty.
        let _ = context.put_image_data(&image, 0.0, 0.0);
    }
}

/// Draws a scan, reduced to at most `max_pixels`.
pub(super) fn paint_scan(canvas: &HtmlCanvasElement, pixels: &[u8], scan: [usize; 2], max_pixels: usize) {
    paint_greys(canvas, pixels, scan, max_pixels, &GreyWindow::ALL.table());
}

/// Draws a scan as large as pictures are drawn, each grey as `table` says.
pub(super) fn paint_window(canvas: &HtmlCanvasElement, pixels: &[u8], scan: [usize; 2], table: &[u8; 256]) {
    paint_greys(canvas, pixels, scan, render::MAX_DRAWN_PIXELS, table);
}

fn paint_greys(canvas: &HtmlCanvasElement, pixels: &[u8], scan: [usize; 2], max_pixels: usize, table: &[u8; 256]) {
    let drawn = render::drawn_size(scan[0], scan[1], max_pixels);
    paint(canvas, &render::grey_rgba(&render::greys(pixels, scan, drawn), table), drawn);
}

/// Draws nothing.
pub(super) fn clear(canvas: &HtmlCanvasElement) {
    // Setting the size of a canvas clears it.
    canvas.set_width(canvas.width());
}

/// Draws a part of pictures that lie on each other, each at its opacity (0…1), on a square canvas of `side` pixels: x, y, width, height
/// in pixels of the first.
pub(super) fn paint_part(
    canvas: &HtmlCanvasElement,
    side: f64,
    [x, y, width, height]: [f64; 4],
    pictures: [(&HtmlCanvasElement, f64); 2],
) {
    canvas.set_width(side as u32);
    canvas.set_height(side as u32);
    let Some(context) = context_2d(canvas) else { return };
    for (picture, opacity) in pictures {
        context.set_global_alpha(opacity);
        // Fails only for a picture without pixels, of which there is nothing to draw.
        let _ = context.draw_image_with_html_canvas_element_and_sw_and_sh_and_dx_and_dy_and_dw_and_dh(
            picture, x, y, width, height, 0.0, 0.0, side, side,
        );
    }
}

/// Draws a heatmap of a scan, transparent outside its region, at the size at which [`paint_scan`] draws the scan.
pub(super) fn paint_overlay(
    canvas: &HtmlCanvasElement,
    heatmap: &Heatmap,
    scan: [usize; 2],
    how: Paint,
    max_pixels: usize,
) {
    let drawn = render::drawn_size(scan[0], scan[1], max_pixels);
    paint(canvas, &render::overlay_rgba(heatmap, scan, drawn, how), drawn);
}

/// A canvas that is not on the page.
pub(super) fn new_canvas() -> Option<HtmlCanvasElement> {
    leptos::prelude::document().create_element("canvas").ok()?.dyn_into().ok()
}

/// Draws a heatmap over a scan that [`paint_scan`] has drawn, at `opacity` (0…1).
pub(super) fn add_overlay(
    canvas: &HtmlCanvasElement,
    heatmap: &Heatmap,
    scan: [usize; 2],
    how: Paint,
    max_pixels: usize,
    opacity: f64,
) {
    let (Some(overlay), Some(context)) = (new_canvas(), context_2d(canvas)) else { return };
    paint_overlay(&overlay, heatmap, scan, how, max_pixels);
    context.set_global_alpha(opacity);
    // Fails only where a canvas is empty.
    let _ = context.draw_image_with_html_canvas_element(&overlay, 0.0, 0.0);
    context.set_global_alpha(1.0);
}

/// Covers regions (x, y, width, height in scan pixels) of a scan that [`paint_scan`] has drawn.
pub(super) fn cover(canvas: &HtmlCanvasElement, regions: &[[f32; 4]], scan: [usize; 2]) {
    let Some(context) = context_2d(canvas) else { return };
    let scales = [f64::from(canvas.width()) / scan[0] as f64, f64::from(canvas.height()) / scan[1] as f64];
    for [x, y, width, height] in regions.iter().map(|region| region.map(f64::from)) {
        let [left, top, width, height] = [x * scales[0], y * scales[1], width * scales[0], height * scales[1]];
        context.set_fill_style_str(LABEL_GROUND);
        context.fill_rect(left, top, width, height);
        context.set_stroke_style_str(INK);
        context.set_line_width(2.0);
        context.stroke_rect(left, top, width, height);
    }
}

/// Saves a text file.
pub(super) fn save_text(name: &str, text: &str, mime: &str) {
    let options = BlobPropertyBag::new();
    options.set_type(mime);
    if let Ok(blob) = Blob::new_with_str_sequence_and_options(&Array::of1(&text.into()), &options) {
        save(name, &blob);
    }
}

/// One picture of a saved image.
pub(super) struct SavedPicture {
    /// The heatmap, as the page shows it; none where it is drawn as outlines.
    pub overlay: Option<HtmlCanvasElement>,
    /// Its outlines, where it is drawn so.
    pub outlines: Vec<Outline>,
    /// What stands on it, from the top, in words.
    pub labels: Vec<(String, Label)>,
}

/// The colour of a label on a picture: as in `www/style.css`.
fn label_colour(label: &Label) -> &'static str {
    match label {
        Label::Doubt(WarningKind::NotAScan) => "#ff8d85",
        Label::Doubt(_) => "#ffcf5c",
        Label::OtherClass { .. } => "#8fe9d3",
        Label::Finding { .. } => "#c9b3ff",
        Label::Empty { .. } | Label::Scale(_) => "#cfd8df",
    }
}

/// Writes labels over the top of a picture `width` wide that begins at `left`.
fn draw_labels(
    context: &CanvasRenderingContext2d,
    labels: &[(String, Label)],
    left: f64,
    width: f64,
) -> Result<(), JsValue> {
    for (row, (line, label)) in labels.iter().enumerate() {
        let top = LABEL_HEIGHT * row as f64;
        context.set_fill_style_str(LABEL_GROUND);
        context.fill_rect(left, top, width, LABEL_HEIGHT);
        let is_plain = matches!(label, Label::Scale(_) | Label::Empty { .. });
        context.set_font(if is_plain { "13px system-ui, sans-serif" } else { "600 14px system-ui, sans-serif" });
        context.set_fill_style_str(label_colour(label));
        context.fill_text_with_max_width(line, left + 12.0, top + LABEL_HEIGHT - 7.0, width - 24.0)?;
    }
    Ok(())
}

/// Saves a file.
pub(super) fn save_bytes(name: &str, bytes: &[u8], mime: &str) {
    let options = BlobPropertyBag::new();
    options.set_type(mime);
    let parts = Array::of1(&Uint8Array::from(bytes));
    if let Ok(blob) = Blob::new_with_u8_array_sequence_and_options(&parts, &options) {
        save(name, &blob);
    }
}

/// Draws outlines on a picture that begins at `left`, `scale` times as large as the scan.
fn draw_outlines(
    context: &CanvasRenderingContext2d,
    outlines: &[Outline],
    left: f64,
    scale: f64,
) -> Result<(), JsValue> {
    context.save();
    context.translate(left, 0.0)?;
    let unit = scale / UNITS_PER_PIXEL as f64;
    context.scale(unit, unit)?;
    for Outline { colour: [r, g, b], rings, .. } in outlines {
        context.begin_path();
        for ring in rings {
            for (at, place) in ring.iter().enumerate() {
                let [x, y] = place.map(f64::from);
                if at == 0 { context.move_to(x, y) } else { context.line_to(x, y) }
            }
            context.close_path();
        }
        for (colour, width) in [(OUTLINE_HALO.to_owned(), 4.0), (format!("rgb({r},{g},{b})"), 2.0)] {
            context.set_stroke_style_str(&colour);
            context.set_line_width(width / unit);
            context.stroke();
        }
    }
    context.restore();
    Ok(())
}

/// Saves a PNG: the scan, `columns` wide, once for each picture, side by side, its heatmap over it at `opacity` (0…1) and its labels
/// over that, and lines of text below.
pub(super) fn save_png(
    name: &str,
    scan: &HtmlCanvasElement,
    columns: usize,
    pictures: &[SavedPicture],
    opacity: f64,
    lines: &[String],
) {
    let n_pictures = pictures.len().max(1) as f64;
    let gaps = GAP * (n_pictures - 1.0);
    let scale = ((MIN_SAVED_WIDTH - gaps) / n_pictures / f64::from(scan.width())).max(1.0);
    let (width, height) = (f64::from(scan.width()) * scale, f64::from(scan.height()) * scale);
    let (all_width, all_height) = (width * n_pictures + gaps, height + LINE_HEIGHT * lines.len() as f64 + BAND_MARGIN);
    let Some(canvas) = leptos::prelude::document().create_element("canvas").ok() else { return };
    let canvas: HtmlCanvasElement = canvas.unchecked_into();
    canvas.set_width(all_width as u32);
    canvas.set_height(all_height as u32);
    let Some(context) = context_2d(&canvas) else { return };
    let draw = || -> Result<(), JsValue> {
        context.set_fill_style_str(BACKGROUND);
        context.fill_rect(0.0, 0.0, all_width, all_height);
        for (i, SavedPicture { overlay, outlines, labels }) in pictures.iter().enumerate() {
            let left = (width + GAP) * i as f64;
            context.draw_image_with_html_canvas_element_and_dw_and_dh(scan, left, 0.0, width, height)?;
            if let Some(overlay) = overlay {
                context.set_global_alpha(opacity);
                context.draw_image_with_html_canvas_element_and_dw_and_dh(overlay, left, 0.0, width, height)?;
                context.set_global_alpha(1.0);
            }
            draw_outlines(&context, outlines, left, width / columns as f64)?;
            draw_labels(&context, labels, left, width)?;
        }
        for (row, line) in lines.iter().enumerate() {
            context.set_font(if row == 0 { "600 17px system-ui, sans-serif" } else { "14px system-ui, sans-serif" });
            context.set_fill_style_str(if row == 0 { INK } else { SOFT_INK });
            let top = height + 28.0 + LINE_HEIGHT * row as f64;
            context.fill_text_with_max_width(line, 16.0, top, all_width - 32.0)?;
        }
        Ok(())
    };
    if draw().is_err() {
        return;
    }
    let name = name.to_owned();
    let on_blob = Closure::once_into_js(move |blob: Option<Blob>| {
        if let Some(blob) = blob {
            save(&name, &blob);
        }
    });
    // A canvas without foreign images can always be read.
    let _ = canvas.to_blob(on_blob.unchecked_ref());
}

fn save(name: &str, blob: &Blob) {
    let Ok(url) = Url::create_object_url_with_blob(blob) else { return };
    if let Ok(anchor) = leptos::prelude::document().create_element("a") {
        let anchor: HtmlAnchorElement = anchor.unchecked_into();
        anchor.set_href(&url);
        anchor.set_download(name);
        anchor.click();
    }
    // The browser has taken the blob when `click` returns, but some read it later.
    leptos::prelude::set_timeout(move || drop(Url::revoke_object_url(&url)), std::time::Duration::from_secs(30));
}

fn context_2d(canvas: &HtmlCanvasElement) -> Option<CanvasRenderingContext2d> {
    canvas.get_context("2d").ok()??.dyn_into().ok()
}
