//! Outlines of a heatmap: closed lines around what reaches a level, by marching squares.

use crate::render::{Paint, cells};
use crate::report::Heatmap;

/// Levels of a map that is drawn as outlines.
const LEVELS: [f32; 3] = [0.25, 0.5, 0.75];
/// The level at which two maps are outlined on one picture, unless a threshold says another.
const HALF: f32 = 0.5;
/// A coarse map is sampled at this many places along its sides at least, between its cells as it is drawn; a fine one at most at
/// [`MAX_SAMPLES`].
const MIN_SAMPLES: usize = 64;
const MAX_SAMPLES: usize = 256;
/// How bright the line of level 0 is: the darkest colours of a palette cannot be seen on a dark scan.
const LEAST_COLOUR: f32 = 0.55;
/// A scan pixel, in the units of outlines: these are whole numbers.
pub const UNITS_PER_PIXEL: usize = 10;

/// Colours of two maps that are outlined on one picture: orange and sky blue of Okabe and Ito, which differ to every eye.
pub const PAIR_COLOURS: [[u8; 3]; 2] = [[230, 159, 0], [86, 180, 233]];

/// The outline of a level.
#[derive(Clone, Debug, PartialEq)]
pub struct Outline {
    /// The level.
    pub level: f32,
    /// Its colour.
    pub colour: [u8; 3],
    /// Closed lines, in [`UNITS_PER_PIXEL`].
    pub rings: Vec<Vec<[i32; 2]>>,
}

impl Outline {
    fn of(heatmap: &Heatmap, scan: [usize; 2], paint: Paint, level: f32, colour: [u8; 3]) -> Self {
        let rings = rings(heatmap, scan, level / paint.gain);
        Self { level, colour, rings: rings.iter().map(|ring| in_units(ring)).collect() }
    }

    /// Its lines as an SVG path.
    pub fn path(&self) -> String {
        let mut path = String::new();
        for ring in &self.rings {
            for (at, [x, y]) in ring.iter().enumerate() {
                path.push(if at == 0 { 'M' } else { 'L' });
                path.push_str(&x.to_string());
                path.push(' ');
                path.push_str(&y.to_string());
            }
            path.push('Z');
        }
        path
    }
}

/// The outlines of a map as it is painted: those of three levels above the threshold, and the threshold's own.
pub fn outlines(heatmap: &Heatmap, scan: [usize; 2], paint: Paint) -> Vec<Outline> {
    let own = Some(paint.threshold).filter(|threshold| *threshold > 0.);
    let above = LEVELS.into_iter().filter(|level| *level > paint.threshold);
    let outline = |level: f32| {
        let colour = paint.colour(LEAST_COLOUR + (1. - LEAST_COLOUR) * level);
        Outline::of(heatmap, scan, paint, level, colour)
    };
    own.into_iter().chain(above).map(outline).collect()
}

/// The one outline of a map beside another's on the same picture, in a colour of its own.
pub fn single_outline(heatmap: &Heatmap, scan: [usize; 2], paint: Paint, colour: [u8; 3]) -> Outline {
    let level = if paint.threshold > 0. { paint.threshold } else { HALF };
    Outline::of(heatmap, scan, paint, level, colour)
}

/// Closed lines, in scan pixels, around the places of a scan (columns, rows) where the map is above `level`; what is cut by the edge
/// of the map's region is closed along it. Nothing for a level that is not above 0.
pub fn rings(heatmap: &Heatmap, scan: [usize; 2], level: f32) -> Vec<Vec<[f32; 2]>> {
    // What is no number is no level either.
    let is_level = level > 0. && level.is_finite();
    if !is_level
        || heatmap.values.len() != heatmap.rows * heatmap.cols
        || heatmap.values.is_empty()
        || scan.contains(&0)
    {
        return Vec::new();
    }
    let lattice = Lattice::of(heatmap);
    let mut next = lattice.crossings(level);
    let mut rings = Vec::new();
    for start in 0..next.len() {
        let mut ring = Vec::new();
        let mut at = start;
        while let Some(after) = next[at].take() {
            ring.push(lattice.place(at, level));
            at = after as usize;
        }
        if ring.len() > 2 {
            rings.push(ring);
        }
    }
    rings
}

/// Samples of a map, with a border on its region's edge where it is 0.
struct Lattice {
    values: Vec<f32>,
    /// Where its columns and rows are on the scan.
    places: [Vec<f32>; 2],
}

impl Lattice {
    fn of(heatmap: &Heatmap) -> Self {
        let n_samples = |n_cells: usize| (n_cells * MIN_SAMPLES.div_ceil(n_cells)).min(MAX_SAMPLES);
        let [n_columns, n_rows] = [heatmap.cols, heatmap.rows].map(n_samples);
        // As if the region were the scan: each sample lies in it.
        let between = |n: usize, n_cells: usize| cells(n, n, 0., n as f32, n_cells);
        let (columns, rows) = (between(n_columns, heatmap.cols), between(n_rows, heatmap.rows));
        let mut values = vec![0.; (n_columns + 2) * (n_rows + 2)];
        for (i_row, row) in rows.into_iter().enumerate() {
            let Some((top, bottom, down)) = row else { continue };
            for (i_column, column) in columns.iter().enumerate() {
                let Some((left, right, across)) = *column else { continue };
                let value = |row: usize, column: usize| heatmap.values[row * heatmap.cols + column];
                let along = |row: usize| value(row, left) + (value(row, right) - value(row, left)) * across;
                values[(i_row + 1) * (n_columns + 2) + i_column + 1] = along(top) + (along(bottom) - along(top)) * down;
            }
        }
        let [x, y, width, height] = heatmap.region;
        let places = |start: f32, length: f32, n: usize| {
            let inner = (0..n).map(|i| start + length * (i as f32 + 0.5) / n as f32);
            [start].into_iter().chain(inner).chain([start + length]).collect::<Vec<_>>()
        };
        Self { values, places: [places(x, width, n_columns), places(y, height, n_rows)] }
    }

    fn n_columns(&self) -> usize {
        self.places[0].len()
    }

    /// For each edge of the lattice that a line crosses, the edge that it crosses next, what is higher on its left. An edge has twice the
    /// number of the sample at its left or upper end; one that goes down has one more. The border is 0, so every line is closed.
    fn crossings(&self, level: f32) -> Vec<Option<u32>> {
        let (n_columns, n_rows) = (self.n_columns(), self.places[1].len());
        let mut next = vec![None; self.values.len() * 2];
        let one = |from: usize, to: usize| [Some((from, to)), None];
        for row in 0..n_rows - 1 {
            for column in 0..n_columns - 1 {
                let at = row * n_columns + column;
                let corners = [at, at + 1, at + n_columns + 1, at + n_columns].map(|sample| self.values[sample]);
                let [top, right, bottom, left] = [2 * at, 2 * (at + 1) + 1, 2 * (at + n_columns), 2 * at + 1];
                // Two opposite corners are joined if the middle is high.
                let is_joined = corners.iter().sum::<f32>() / 4. > level;
                let parts = match corners.map(|value| value > level) {
                    [false, false, false, false] | [true, true, true, true] => [None, None],
                    [true, false, false, false] => one(left, top),
                    [false, true, false, false] => one(top, right),
                    [false, false, true, false] => one(right, bottom),
                    [false, false, false, true] => one(bottom, left),
                    [false, true, true, true] => one(top, left),
                    [true, false, true, true] => one(right, top),
                    [true, true, false, true] => one(bottom, right),
                    [true, true, true, false] => one(left, bottom),
                    [true, true, false, false] => one(left, right),
                    [false, true, true, false] => one(top, bottom),
                    [false, false, true, true] => one(right, left),
                    [true, false, false, true] => one(bottom, top),
                    [true, false, true, false] if is_joined => [Some((right, top)), Some((left, bottom))],
                    [true, false, true, false] => [Some((left, top)), Some((right, bottom))],
                    [false, true, false, true] if is_joined => [Some((top, left)), Some((bottom, right))],
                    [false, true, false, true] => [Some((top, right)), Some((bottom, left))],
                };
                for (from, to) in parts.into_iter().flatten() {
                    next[from] = Some(to as u32);
                }
            }
        }
        next
    }

    /// Where on the scan an edge crosses the level.
    fn place(&self, edge: usize, level: f32) -> [f32; 2] {
        let (sample, is_down) = (edge / 2, edge % 2 == 1);
        let (column, row) = (sample % self.n_columns(), sample / self.n_columns());
        let other = sample + if is_down { self.n_columns() } else { 1 };
        let (from, to) = (self.values[sample], self.values[other]);
        let share = if to == from { 0.5 } else { ((level - from) / (to - from)).clamp(0., 1.) };
        let [columns, rows] = &self.places;
        if is_down {
            [columns[column], rows[row] + (rows[row + 1] - rows[row]) * share]
        } else {
            [columns[column] + (columns[column + 1] - columns[column]) * share, rows[row]]
        }
    }
}

/// A closed line of scan pixels in [`UNITS_PER_PIXEL`], no place twice in a row.
fn in_units(ring: &[[f32; 2]]) -> Vec<[i32; 2]> {
    let mut units: Vec<_> =
        ring.iter().map(|place| place.map(|at| (at * UNITS_PER_PIXEL as f32).round() as i32)).collect();
    units.dedup();
    units
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::{Palette, Ramp, levels};
    use crate::report::MapMethod;

    fn heatmap(rows: usize, cols: usize, values: &[f32], region: [f32; 4]) -> Heatmap {
        Heatmap {
            method: MapMethod::GradCam,
            target: "AMD".into(),
            layer: "layer4".into(),
            rows,
            cols,
            values: values.to_vec(),
            peak: 1.,
            region,
        }
    }

    /// Twice the area within a closed line, above 0 where what is higher is on its left.
    fn area(ring: &[[f32; 2]]) -> f32 {
        let ends = ring.iter().zip(ring.iter().cycle().skip(1));
        ends.map(|(a, b)| b[0] * a[1] - a[0] * b[1]).sum()
    }

    /// Whether a place is within closed lines.
    fn is_within(rings: &[Vec<[f32; 2]>], [x, y]: [f32; 2]) -> bool {
        let mut n_crossed = 0;
        for ring in rings {
            for (a, b) in ring.iter().zip(ring.iter().cycle().skip(1)) {
                if (a[1] > y) != (b[1] > y) && x < a[0] + (y - a[1]) / (b[1] - a[1]) * (b[0] - a[0]) {
                    n_crossed += 1;
                }
            }
        }
        n_crossed % 2 == 1
    }

    #[test]
    fn a_line_parts_what_reaches_the_level_from_what_does_not() {
        let mut values: Vec<f32> = (0..49).map(|i| ((i * 37 + 11) % 49) as f32 / 49.).collect();
        values[24] = 1.;
        let map = heatmap(7, 7, &values, [10., 20., 70., 56.]);
        let scan = [90, 90];
        let drawn = levels(&map, scan);
        for level in [0.25_f32, 0.5, 0.75] {
            let rings = rings(&map, scan, level);
            let mut n_wrong = 0;
            for (i, value) in drawn.iter().enumerate() {
                let is_high = f32::from(*value) / 255. > level;
                let at = [(i % 90) as f32 + 0.5, (i / 90) as f32 + 0.5];
                n_wrong += usize::from(is_within(&rings, at) != is_high);
            }
            // Places on the line itself can be on either side.
            assert!(n_wrong < 90, "{n_wrong} pixels are on the wrong side of {level}");
        }
    }

    #[test]
    fn every_line_is_closed_and_goes_around_what_is_higher() {
        let one = heatmap(3, 3, &[0., 0., 0., 0., 1., 0., 0., 0., 0.], [0., 0., 30., 30.]);
        let around = rings(&one, [30, 30], 0.5);
        assert_eq!(around.len(), 1);
        assert!(area(&around[0]) > 0.);
        assert!(around[0].iter().all(|[x, y]| (8. ..22.).contains(x) && (8. ..22.).contains(y)));
        let hole = heatmap(3, 3, &[1., 1., 1., 1., 0., 1., 1., 1., 1.], [0., 0., 30., 30.]);
        let mut areas: Vec<f32> = rings(&hole, [30, 30], 0.5).iter().map(|ring| area(ring)).collect();
        areas.sort_by(f32::total_cmp);
        assert_eq!(areas.len(), 2);
        assert!(areas[0] < 0. && areas[1] > 0., "the hole is gone around the other way: {areas:?}");
    }

    #[test]
    fn what_is_cut_by_the_edge_of_the_region_is_closed_along_it() {
        let all = heatmap(1, 1, &[1.], [5., 10., 20., 40.]);
        let rings = rings(&all, [30, 60], 0.5);
        assert_eq!(rings.len(), 1);
        let within = area(&rings[0]) / 2.;
        assert!((within - 800.).abs() < 20., "{within} of 800 pixels");
    }

    #[test]
    fn there_is_no_line_without_a_level_or_a_map() {
        let map = heatmap(1, 1, &[0.4], [0., 0., 8., 8.]);
        for level in [0., -1., f32::NAN, f32::INFINITY, 0.5] {
            assert_eq!(rings(&map, [8, 8], level), Vec::<Vec<[f32; 2]>>::new());
        }
        assert!(rings(&heatmap(2, 2, &[1.], [0., 0., 8., 8.]), [8, 8], 0.5).is_empty());
        assert!(rings(&heatmap(0, 0, &[], [0., 0., 8., 8.]), [8, 8], 0.5).is_empty());
    }

    #[test]
    fn outlines_keep_to_the_scale_and_the_threshold_of_the_map() {
        let map = heatmap(1, 1, &[1.], [0., 0., 8., 8.]);
        let at = |gain, threshold| {
            let paint = Paint { threshold, ..Paint::new(Ramp::Answer, gain) };
            let drawn = outlines(&map, [8, 8], paint);
            drawn.iter().map(|outline| (outline.level, !outline.path().is_empty())).collect::<Vec<_>>()
        };
        assert_eq!(at(1., 0.), [(0.25, true), (0.5, true), (0.75, true)]);
        assert_eq!(at(0.3, 0.), [(0.25, true), (0.5, false), (0.75, false)], "a faint map does not reach them");
        assert_eq!(at(0., 0.), [(0.25, false), (0.5, false), (0.75, false)]);
        assert_eq!(at(1., 0.6), [(0.6, true), (0.75, true)]);
        let pair = single_outline(&map, [8, 8], Paint::relative(Ramp::Answer), PAIR_COLOURS[1]);
        assert_eq!((pair.level, pair.colour), (HALF, PAIR_COLOURS[1]));
        assert_eq!(Paint::relative(Ramp::Answer).palette, Palette::Standard);
    }

    #[test]
    fn a_path_is_whole_numbers_and_closed() {
        let ring = in_units(&[[0., 1.], [2.06, 1.], [2.06, 1.], [1., 3.]]);
        let outline = Outline { level: 0.5, colour: [0; 3], rings: vec![ring] };
        assert_eq!(outline.path(), "M0 10L21 10L10 30Z");
    }
}
