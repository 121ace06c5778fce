//! What `train explain --out` writes about a scan: its report, and overlays of its heatmaps.

use std::io::Cursor;
use std::path::Path;

use image::{ColorType, ImageFormat};

use super::output::note;
use super::result_files::{BASELINE_OVERLAY, OVERLAY, REPORT};
use crate::error::Result;
use crate::render::{self, Paint, Ramp};
use crate::report::{BaselineReport, Heatmap, Prediction, Report};
use crate::scan::Scan;
use crate::train::files::{self, Action, failed};

/// How opaque the heatmap of a written overlay is, 0…1.
const OVERLAY_OPACITY: f32 = 0.6;

pub(super) fn note_other_name(path: &Path, suffix: &str, stem: &Path) {
    let mut usual = path.file_stem().unwrap_or(path.as_os_str()).to_owned();
    usual.push(suffix);
    if stem.file_name() != Some(&usual) {
        let (scan, report) = (path.display(), stem.with_added_extension(REPORT));
        note(format_args!("{scan}: its name is taken, the results are in {}", report.display()));
    }
}

/// Writes a report and its overlays to `stem` with their extensions.
pub(super) fn write(report: &Report, scan: &Scan, stem: &Path) -> Result<()> {
    files::write_json(&stem.with_added_extension(REPORT), report)?;
    write_overlay(scan, &report.heatmap, &report.image, &stem.with_added_extension(OVERLAY))?;
    match &report.baseline {
        Some(BaselineReport { heatmap, image, .. }) => {
            write_overlay(scan, heatmap, image, &stem.with_added_extension(BASELINE_OVERLAY))
        }
        None => Ok(()),
    }
}

/// Colours are relative to the map's own maximum: the report beside it has its peak.
fn write_overlay(scan: &Scan, map: &Heatmap, answer: &Prediction, path: &Path) -> Result<()> {
    let paint = Paint::relative(Ramp::of(&map.target, &answer.label));
    let rgb = render::composite_rgb(&scan.pixels, [scan.width, scan.height], map, paint, OVERLAY_OPACITY);
    let (width, height) = (scan.width as u32, scan.height as u32);
    let mut png = Vec::new();
    image::write_buffer_with_format(&mut Cursor::new(&mut png), &rgb, width, height, ColorType::Rgb8, ImageFormat::Png)
        .map_err(|e| failed(Action::Write, path, e))?;
    files::write(path, png)
}
