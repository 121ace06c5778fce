//! Saves what is shown as a page of its own ([`crate::page::report_html`]): draws its pictures and hands over the file.

use leptos::prelude::*;
use web_sys::HtmlCanvasElement;

use crate::page::linked::{FindingMap, with_linked};
use crate::page::look::{DEFAULT_OPACITY_PERCENT, heat_opacity};
use crate::page::picture::{Drawn, Label, finding_labels, labels};
use crate::page::report_html::{Contents, Picture, Shows, report_html};
use crate::page::scans::OpenScan;
use crate::page::state::PageState;
use crate::page::text::Language;
use crate::render::{Paint, Ramp};
use crate::report::{Heatmap, Report};
use crate::web::canvas;
use crate::web::checks::Checks;
use crate::web::clock;
use crate::web::heat::Heat;
use crate::web::linked::Linked;
use crate::web::map_view::gain;
use crate::web::session::Session;

/// Pictures have at most so many pixels: enough for paper, and the file stays small.
const MAX_PICTURE_PIXELS: usize = 1 << 20;
/// Colours of a colour bar.
const N_COLOURS: usize = 17;

/// Saves the report on the scan that is shown.
pub(super) fn save(
    session: Session,
    heat: Heat,
    linked: Linked,
    checks: Checks,
    language: &Language,
    keeps_name: bool,
) {
    let Some(scan) = session.shown.get_untracked() else { return };
    let (Some(card), Some(report)) = (session.card.get_untracked(), scan.report()) else { return };
    let stamp = clock::stamp(keeps_name);
    let is_folded = session.with(PageState::is_shown_folded);
    let (finding, hidden) = (linked.finding.get_untracked(), linked.hidden.get_untracked());
    let report = stamp.sign(language, &with_linked(report, finding.as_ref(), hidden.as_deref()));
    let drawn = Drawn::of(&report.heatmap, heat.scale.get_untracked(), Some(&card));
    let opacity = match heat.opacity_percent() {
        0 => heat_opacity(true, DEFAULT_OPACITY_PERCENT),
        percent => heat_opacity(true, percent),
    };
    let paint = heat.paint(Ramp::of(&report.heatmap.target, &report.image.label), gain(drawn));
    let pictures = pictures(&scan, &report, is_folded, (drawn, paint), opacity);
    checks.with(|tests| {
        let contents = Contents { report: &report, is_folded, card: &card, pictures: &pictures, drawn, tests };
        let html = report_html(language, &contents);
        canvas::save_text(&stamp.file_name(&report, "html"), &html, "text/html");
    });
}

/// The scan, and unless the answer is folded, the map of the class, those of a finding, and the region that was hidden.
fn pictures(
    scan: &OpenScan,
    report: &Report,
    is_folded: bool,
    (drawn, paint): (Drawn, Paint),
    opacity: f64,
) -> Vec<Picture> {
    let size = [report.input.width.max(1), report.input.height.max(1)];
    let draw = |shows: Shows, over: &dyn Fn(&HtmlCanvasElement)| {
        let canvas = canvas::new_canvas()?;
        canvas::paint_scan(&canvas, scan.pixels()?, size, MAX_PICTURE_PIXELS);
        over(&canvas);
        Some(Picture { shows, labels: Vec::new(), png: canvas.to_data_url().ok()?, colours: Vec::new() })
    };
    let with_map = |shows: Shows, map: &Heatmap, paint: Paint| {
        let picture =
            draw(shows, &|canvas| canvas::add_overlay(canvas, map, size, paint, MAX_PICTURE_PIXELS, opacity))?;
        let colour = |i: usize| paint.ramp.colour(i as f32 / (N_COLOURS - 1) as f32);
        Some(Picture { colours: (0..N_COLOURS).map(colour).collect(), ..picture })
    };
    let mut pictures: Vec<Picture> = draw(Shows::Scan, &|_| ()).into_iter().collect();
    if is_folded {
        return pictures;
    }
    let map = &report.heatmap;
    pictures.extend(
        with_map(Shows::Class, map, paint)
            .map(|picture| Picture { labels: labels(&report.warning, &report.image, Some((map, drawn))), ..picture }),
    );
    for finding in &report.findings {
        for (choice, map) in FindingMap::ALL.into_iter().zip(&finding.maps) {
            let drawn = Drawn::of(map, Default::default(), None);
            let picture = with_map(Shows::Finding(choice), map, Paint::relative(Ramp::Finding));
            let labels = finding_labels(&report.warning, finding, Some((map, drawn)));
            // The doubt stands at the top and on the map of the class, the scale below each map.
            let labels =
                labels.into_iter().filter(|label| !matches!(label, Label::Doubt(_) | Label::Scale(_))).collect();
            pictures.extend(picture.map(|picture| Picture { labels, ..picture }));
        }
    }
    if let Some(hidden) = &report.hidden {
        pictures.extend(draw(Shows::Hidden, &|canvas| canvas::cover(canvas, &hidden.regions, size)));
    }
    pictures
}
