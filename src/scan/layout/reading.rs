//! Whether a part of a picture shows a B-scan, and how it must be turned.

use crate::scan::b_scan::Scan;
use crate::scan::layout::grid::Grid;
use crate::scan::layout::layers::{Layers, skewness};
use crate::scan::layout::part::Part;
use crate::scan::view::Turn;

/// Smallest side of a B-scan and of a panel, in pixels: smaller ones are text, rulers and buttons.
pub(super) const MIN_SIDE: usize = 40;
/// Least width of an upright B-scan, as a multiple of its height.
const MIN_ASPECT: f32 = 0.45;
/// Least amount of skewness of a B-scan's cells.
const MIN_SKEWNESS: f32 = 0.4;
/// Least fit of a B-scan.
const MIN_FIT: f32 = 0.4;
/// Least contrast of a B-scan.
const MIN_CONTRAST: f32 = 0.25;
/// Least fit of a B-scan that is turned or in negative.
const MIN_ODD_FIT: f32 = 0.5;
/// By how much the fit must be better across than along for a scan to be turned by 90°.
const MIN_BETTER_FIT: f32 = 0.25;
/// By how much less restless it must be below than above, and by how much more upright, for a scan to be upside down: many
/// scans do not show clearly where their vitreous is.
const UPSIDE_DOWN: [f32; 2] = [0.3, 0.4];
/// Most restlessness above a B-scan that is in negative.
const MAX_UNREST: f32 = 0.35;

/// A B-scan that was found.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reading {
    /// The turn that puts it upright.
    pub(super) turn: Turn,
    /// Whether it is black on white.
    pub(super) invert: bool,
    /// What its layers look like.
    pub(super) layers: Layers,
}

impl Reading {
    /// Reads a part; none if it shows no B-scan.
    pub(super) fn of(scan: &Scan, part: Part) -> Option<Self> {
        if part.width.min(part.height) < MIN_SIDE {
            return None;
        }
        let across = Grid::of(scan, part, false);
        let upright = across.clone().without_wedges();
        let skewness = skewness(&upright);
        if skewness.abs() < MIN_SKEWNESS {
            return None;
        }
        let invert = skewness < 0.;
        let prepared = |grid: Grid| if invert { grid.inverted() } else { grid }.without_wedges();
        let upright = if invert { prepared(across) } else { upright };
        let [none, half] = Layers::both_ways(&upright);
        let fit = |both: &[Layers; 2]| both[0].fit.max(both[1].fit);
        let min_fit_down = fit(&[none, half]) + MIN_BETTER_FIT;
        // A fit is at most 1: the other direction is looked at only if it could be better.
        let down = (min_fit_down < 1.)
            .then(|| Layers::both_ways(&prepared(Grid::of(scan, part, true)).turned_right()))
            .filter(|down| fit(down) > min_fit_down);
        let (turn, found) = match down {
            Some([right, left]) if left.more_upright_than(&right) > 0. => (Turn::Left, left),
            Some([right, _]) => (Turn::Right, right),
            None if is_upside_down(&none, &half) => (Turn::Half, half),
            None => (Turn::None, none),
        };
        let (width, height) = if down.is_some() { (part.height, part.width) } else { (part.width, part.height) };
        let is_odd = invert || turn != Turn::None;
        let is_scan = found.fit >= if is_odd { MIN_ODD_FIT } else { MIN_FIT }
            && found.contrast >= MIN_CONTRAST
            && (!is_odd || found.unrest_above() <= MAX_UNREST)
            && width as f32 >= MIN_ASPECT * height as f32;
        is_scan.then_some(Self { turn, invert, layers: found })
    }

    /// Whether it is as it should be.
    pub(super) fn is_upright(&self) -> bool {
        self.turn == Turn::None && !self.invert
    }
}

fn is_upside_down(none: &Layers, half: &Layers) -> bool {
    none.unrest_above() - half.unrest_above() > UPSIDE_DOWN[0] && half.more_upright_than(none) > UPSIDE_DOWN[1]
}
