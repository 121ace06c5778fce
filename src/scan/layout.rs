//! Finds the B-scan in a picture that shows more than one upright B-scan: a screenshot with an infrared picture beside it, a
//! page around it, a scan that is turned or in negative. Looks at grey values only; knows no model.
//!
//! It is cautious: what is not clearly something else is taken as the B-scan it should be. Limits are such that none of the
//! B-scans of OCTDL and Kermany's set gets a suggestion (3,109 scans).

mod grid;
mod layers;
mod panels;
mod part;
mod reading;

use super::b_scan::Scan;
use super::view::View;
use layers::Layers;
use panels::{LIGHT, grey_of_line, panels};
use part::{Axis, Part};
use reading::Reading;

/// Smallest panel that counts as a picture of its own, as a share of the whole: smaller ones are text and buttons.
const MIN_PANEL: f32 = 0.03;
/// Least width of a page's margin, as a share of that side.
const MIN_MARGIN: f32 = 0.02;
/// Least share of the whole that a page's margins take.
const MIN_PAGE: f32 = 0.1;
/// Sides of a page that must be seen.
const MIN_PAGE_SIDES: usize = 3;
/// Least area of a panel for it to be chosen because it comes first, as a share of the largest one's.
const ABOUT_AS_LARGE: f32 = 0.7;
/// Least fit and contrast, and most unrest above, of scans that stand one above the other without a gutter.
const MIN_CLEAR_FIT: f32 = 0.55;
const MIN_CLEAR_CONTRAST: f32 = 0.4;
const MAX_CLEAR_UNREST: f32 = 0.2;
/// Largest difference of the grey values above both.
const MAX_GREY_DIFFERENCE: f32 = 10.;

/// How `scan` should be looked at; none if it seems to be one upright B-scan, or no B-scan is found in it.
pub fn suggest(scan: &Scan) -> Option<View> {
    let whole = Part { x: 0, y: 0, width: scan.width, height: scan.height };
    let found: Vec<Part> =
        panels(scan).into_iter().filter(|part| part.area() as f32 >= MIN_PANEL * whole.area() as f32).collect();
    match found.as_slice() {
        [] => None,
        [panel] if is_page_around(scan, *panel) => Some(view(Some(*panel), Reading::of(scan, *panel)?)),
        [_] => match stacked(scan, whole) {
            Some(first) => Some(view(Some(first), Reading::of(scan, first)?)),
            None => Some(view(None, Reading::of(scan, whole)?)).filter(|view| !view.is_whole()),
        },
        several => {
            let (panel, reading) = choice(scan, several)?;
            Some(view(Some(grown(scan, panel, several)), reading))
        }
    }
}

fn view(panel: Option<Part>, reading: Reading) -> View {
    View {
        crop: panel.map(|Part { x, y, width, height }| [x, y, width, height]),
        turn: reading.turn,
        invert: reading.invert,
    }
}

/// The panel that shows a B-scan: an upright one before others, and of those about as large as the largest the first.
fn choice(scan: &Scan, panels: &[Part]) -> Option<(Part, Reading)> {
    let read: Vec<(Part, Reading)> =
        panels.iter().filter_map(|part| Some((*part, Reading::of(scan, *part)?))).collect();
    let has_upright = read.iter().any(|(_, reading)| reading.is_upright());
    let fit = || read.iter().filter(|(_, reading)| reading.is_upright() || !has_upright);
    let largest = fit().map(|(part, _)| part.area()).max()?;
    fit()
        .filter(|(part, _)| part.area() as f32 >= ABOUT_AS_LARGE * largest as f32)
        .min_by_key(|(p, _)| (p.y, p.x))
        .copied()
}

/// Whether light margins lie around a panel.
fn is_page_around(scan: &Scan, panel: Part) -> bool {
    let margins = [
        (Axis::Rows, panel.y, 0, scan.height),
        (Axis::Rows, scan.height - panel.y - panel.height, scan.height - 1, scan.height),
        (Axis::Columns, panel.x, 0, scan.width),
        (Axis::Columns, scan.width - panel.x - panel.width, scan.width - 1, scan.width),
    ];
    let whole = Part { x: 0, y: 0, width: scan.width, height: scan.height };
    let is_margin = |(axis, width, line, side): (Axis, usize, usize, usize)| {
        width as f32 >= MIN_MARGIN * side as f32
            && grey_of_line(scan, whole, axis, line).is_some_and(|grey| grey >= LIGHT)
    };
    let n_sides = margins.into_iter().filter(|margin| is_margin(*margin)).count();
    n_sides >= MIN_PAGE_SIDES && panel.area() as f32 <= (1. - MIN_PAGE) * whole.area() as f32
}

/// The upper of two B-scans of the same size, one above the other without a gutter.
fn stacked(scan: &Scan, whole: Part) -> Option<Part> {
    let half = whole.height / 2;
    let halves = [whole.lines(Axis::Rows, 0, half), whole.lines(Axis::Rows, half, whole.height)];
    let is_clear = |layers: &Layers| {
        layers.fit >= MIN_CLEAR_FIT
            && layers.contrast >= MIN_CLEAR_CONTRAST
            && layers.unrest_above() <= MAX_CLEAR_UNREST
    };
    let read = |part: Part| {
        let reading = Reading::of(scan, part).filter(Reading::is_upright)?;
        Some(reading.layers).filter(is_clear)
    };
    // The lower half is looked at only if the upper one is a scan of its own.
    let upper = read(halves[0])?;
    let lower = read(halves[1])?;
    let is_alike = (upper.grey_above - lower.grey_above).abs() <= MAX_GREY_DIFFERENCE;
    is_alike.then_some(halves[0])
}

/// A panel with the dark rows that were cut off, as far as the panels beside it reach: a vitreous may be black.
fn grown(scan: &Scan, panel: Part, panels: &[Part]) -> Part {
    let beside = panels.iter().filter(|p| p.y < panel.y + panel.height && panel.y < p.y + p.height);
    let (top, bottom) =
        beside.fold((panel.y, panel.y + panel.height), |(top, bottom), p| (top.min(p.y), bottom.max(p.y + p.height)));
    let column = Part { y: 0, height: scan.height, ..panel };
    let is_dark = |row: usize| grey_of_line(scan, column, Axis::Rows, row).is_some_and(|grey| grey < LIGHT);
    let y = (top..panel.y).rev().take_while(|row| is_dark(*row)).last().unwrap_or(panel.y);
    let end = (panel.y + panel.height..bottom)
        .take_while(|row| is_dark(*row))
        .last()
        .map_or(panel.y + panel.height, |r| r + 1);
    Part { y, height: end - y, ..panel }
}

#[cfg(test)]
mod tests;
