//! Finds the parts of a scan's file that are no image of the eye: bars, frames and wedges of one grey value that exports
//! leave at the borders. Overlays such as text are found by `retina`.

use crate::scan::Scan;

/// Largest difference between grey values of one bar, as JPEG stores them.
const BAR_TOLERANCE: u8 = 10;
/// The same for a wedge. Smaller, because a smooth vitreous or choroid may reach the border too.
const WEDGE_TOLERANCE: u8 = 3;
/// Grey value from which a wedge is white. Smooth tissue is never that bright, so the tolerance may include JPEG's ringing.
const WHITE: u8 = 230;
/// Largest difference between grey values of a white wedge.
const WHITE_TOLERANCE: u8 = 25;
/// Grey value of the darkest wedge that is searched for: darker ones look like a vitreous without noise.
const DARKEST_WEDGE: u8 = 32;
/// Width of a white wedge's edge, in pixels: the blur of a resize, and what is left of JPEG's ringing.
const FRINGE: usize = 3;
/// The same for other wedges, whose tolerance excludes the ringing: one of JPEG's blocks.
const WIDE_FRINGE: usize = 8;
/// Smallest contact of a wedge with the border, as a share of the shorter side. Saturated layers that run into the border
/// are thinner.
const MIN_CONTACT: f32 = 0.06;
/// Smallest share of the row or column next to a bar that must differ from it. Black above a retina is no bar: the next row
/// holds only the retina's highest part.
const MIN_EDGE: f32 = 0.6;
/// Smallest length of a line along the border, as a share of that side.
const MIN_LINE: f32 = 0.15;
/// Distance from the border, in pixels, at which a line has ended.
const BESIDE_LINE: usize = 5;
/// Smallest difference between the grey values of a line and of the pixels beside it.
const LINE_CONTRAST: u8 = 80;
/// If more than this share of the pixels would be foreign, none is: there is no scan to tell them from.
const MAX_SHARE: f32 = 0.9;

/// The pixels that are no image of the eye.
pub(super) struct Foreign {
    /// For each pixel, row by row; empty if none is.
    mask: Vec<bool>,
    /// Pixels in a row.
    width: usize,
    /// First and last column (exclusive) that hold a pixel outside of bars and wedges.
    pub(super) columns: [usize; 2],
    /// The same for rows.
    pub(super) rows: [usize; 2],
}

impl Foreign {
    pub(super) fn find(scan: &Scan) -> Self {
        let (width, height) = (scan.width, scan.height);
        let none = Self { mask: vec![], width, columns: [0, width], rows: [0, height] };
        let mut mask = vec![false; width * height];
        let (rows, columns) = without_bars(scan);
        for (y, row) in mask.chunks_exact_mut(width).enumerate() {
            if (rows[0]..rows[1]).contains(&y) {
                row[..columns[0]].fill(true);
                row[columns[1]..].fill(true);
            } else {
                row.fill(true);
            }
        }
        mark_wedges(scan, &mut mask);
        let is_free = |x: usize, y: usize| !mask[y * width + x];
        let has_free_column = |x: &usize| (0..height).any(|y| is_free(*x, y));
        let has_free_row = |y: &usize| (0..width).any(|x| is_free(x, *y));
        let ends = |n: usize, is_free: &dyn Fn(&usize) -> bool| {
            [(0..n).find(is_free).unwrap_or(0), (0..n).rev().find(is_free).map_or(n, |last| last + 1)]
        };
        let (columns, rows) = (ends(width, &has_free_column), ends(height, &has_free_row));
        // Lines do not narrow the region: a lesion may reach them.
        mark_lines(scan, &mut mask);
        let n_foreign = mask.iter().filter(|m| **m).count();
        if n_foreign == 0 || n_foreign as f32 > MAX_SHARE * mask.len() as f32 {
            return none;
        }
        Self { columns, rows, mask, width }
    }

    /// Whether each pixel of a row is foreign; none if no pixel of the scan is.
    pub(super) fn row(&self, y: usize) -> Option<&[bool]> {
        self.mask.get(y * self.width..(y + 1) * self.width)
    }
}

/// Rows and columns (first, last exclusive) between bars: whole rows and columns of one grey value at the borders.
fn without_bars(scan: &Scan) -> ([usize; 2], [usize; 2]) {
    let rows = inside(scan.height, |y| (0..scan.width).map(move |x| scan.pixel(x, y)));
    let columns = inside(scan.width, |x| (rows[0]..rows[1]).map(move |y| scan.pixel(x, y)));
    (rows, columns)
}

fn inside<L: Iterator<Item = u8>>(n: usize, line: impl Fn(usize) -> L) -> [usize; 2] {
    let end = |order: &mut dyn Iterator<Item = usize>| {
        let mut colour = None;
        for (n_passed, i) in order.enumerate() {
            let Some(first) = line(i).next() else { return 0 };
            let colour = *colour.get_or_insert(first);
            let n_all = line(i).count();
            let n_other = line(i).filter(|p| p.abs_diff(colour) > BAR_TOLERANCE).count();
            if n_other > 0 {
                return if n_other as f32 >= MIN_EDGE * n_all as f32 { n_passed } else { 0 };
            }
        }
        0
    };
    let (before, after) = (end(&mut (0..n)), end(&mut (0..n).rev()));
    [before, n - after]
}

/// Marks connected areas of one bright grey value that touch the border.
fn mark_wedges(scan: &Scan, mask: &mut [bool]) {
    let (width, height) = (scan.width, scan.height);
    let min_contact = (width.min(height) as f32 * MIN_CONTACT).ceil().max(4.) as usize;
    let pixels = &scan.pixels;
    let mut seen = vec![false; pixels.len()];
    let mut wedges = vec![false; pixels.len()];
    let (mut stack, mut area, mut has_wedge) = (Vec::new(), Vec::new(), false);
    let border = (0..width)
        .flat_map(|x| [x, (height - 1) * width + x])
        .chain((0..height).flat_map(|y| [y * width, y * width + width - 1]));
    for seed in border {
        let colour = pixels[seed];
        if colour < DARKEST_WEDGE || seen[seed] {
            continue;
        }
        let neighbours = |i: usize| {
            let (x, y) = (i % width, i / width);
            [
                (x > 0).then(|| i - 1),
                (x + 1 < width).then(|| i + 1),
                (y > 0).then(|| i - width),
                (y + 1 < height).then(|| i + width),
            ]
        };
        let tolerance = if colour >= WHITE { WHITE_TOLERANCE } else { WEDGE_TOLERANCE };
        let is_alike = |i: usize| pixels[i].abs_diff(colour) <= tolerance;
        // Neighbours in noise differ, so an area does not grow through it.
        let is_flat = |i: usize| is_alike(i) && neighbours(i).into_iter().flatten().all(is_alike);
        if !is_flat(seed) {
            continue;
        }
        seen[seed] = true;
        stack.push(seed);
        area.clear();
        let mut contacts = [0; 4];
        while let Some(i) = stack.pop() {
            area.push(i);
            let around = neighbours(i);
            contacts.iter_mut().zip(around).for_each(|(n, neighbour)| *n += usize::from(neighbour.is_none()));
            for j in around.into_iter().flatten() {
                if !seen[j] && is_flat(j) {
                    seen[j] = true;
                    stack.push(j);
                }
            }
        }
        // Each side on its own: a saturated layer from side to side touches two.
        if contacts.into_iter().max() >= Some(min_contact) {
            area.iter().for_each(|i| wedges[*i] = true);
            has_wedge = true;
        }
    }
    if !has_wedge {
        return;
    }
    for i in (0..wedges.len()).filter(|i| wedges[*i]) {
        let (x, y) = (i % width, i / width);
        // All neighbours of an inner pixel are marked already.
        let is_inside = x > 0
            && x + 1 < width
            && y > 0
            && y + 1 < height
            && wedges[i - 1]
            && wedges[i + 1]
            && wedges[i - width]
            && wedges[i + width];
        if is_inside {
            mask[i] = true;
            continue;
        }
        let fringe = if pixels[i] >= WHITE - WHITE_TOLERANCE { FRINGE } else { WIDE_FRINGE };
        for row in y.saturating_sub(fringe)..(y + fringe + 1).min(height) {
            let (from, to) = (x.saturating_sub(fringe), (x + fringe + 1).min(width));
            mask[row * width + from..row * width + to].fill(true);
        }
    }
}

/// Index of the pixel at a distance from one side and a position along it.
type SidePixel<'a> = &'a dyn Fn(usize, usize) -> usize;

/// Marks bright lines along the border: wedges of one or two pixels, or one side of a frame.
fn mark_lines(scan: &Scan, mask: &mut [bool]) {
    let (width, height) = (scan.width, scan.height);
    if width.min(height) <= 2 * BESIDE_LINE {
        return;
    }
    let (right, bottom) = (width - 1, height - 1);
    let sides: [(usize, SidePixel<'_>); 4] = [
        (height, &|from_border, along| along * width + from_border),
        (height, &|from_border, along| along * width + right - from_border),
        (width, &|from_border, along| from_border * width + along),
        (width, &|from_border, along| (bottom - from_border) * width + along),
    ];
    for (length, pixel) in sides {
        let is_line = |along: usize| {
            let beside = scan.pixels[pixel(BESIDE_LINE, along)];
            (0..2).any(|from_border| scan.pixels[pixel(from_border, along)] >= beside.saturating_add(LINE_CONTRAST))
        };
        let mut first = 0;
        for along in 0..=length {
            if along < length && is_line(along) {
                continue;
            }
            if (along - first) as f32 >= MIN_LINE * length as f32 {
                for along in first.saturating_sub(FRINGE)..(along + FRINGE).min(length) {
                    (0..BESIDE_LINE).for_each(|from_border| mask[pixel(from_border, along)] = true);
                }
            }
            first = along + 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::preprocess::tests::scan;

    /// A vitreous and a retina with noise from a hash, so that neighbours differ.
    fn eye(x: usize, y: usize) -> u8 {
        let noise = ((x * 7919 + y * 104_729) ^ (x * y * 31)) % 23;
        (if (80..110).contains(&y) { 150 } else { 10 }) + noise as u8
    }

    /// Whether a pixel of a scan is foreign.
    fn contains(found: &Foreign, pixel: usize) -> bool {
        found.row(pixel / found.width).is_some_and(|row| row[pixel % found.width])
    }

    #[test]
    fn a_scan_without_a_border_has_nothing_foreign() {
        let found = Foreign::find(&scan(240, 180, eye));
        assert_eq!((found.columns, found.rows), ([0, 240], [0, 180]));
        assert!((0..240 * 180).all(|i| !contains(&found, i)));
    }

    #[test]
    fn wedges_of_any_bright_colour_are_found_to_their_edge() {
        for colour in [255, 128, 60] {
            // A wedge above, from a third of the height on the left to nothing on the right, and one below.
            let is_wedge = |x: usize, y: usize| y + x / 4 < 60 || y > 176 - x / 40;
            let found = Foreign::find(&scan(240, 180, |x, y| if is_wedge(x, y) { colour } else { eye(x, y) }));
            let missed = (0..240 * 180).filter(|i| is_wedge(i % 240, i / 240) && !contains(&found, *i)).count();
            let alarms = (0..240 * 180).filter(|i| !is_wedge(i % 240, i / 240) && contains(&found, *i)).count();
            assert_eq!(missed, 0, "colour {colour}");
            let fringe = if colour == 255 { FRINGE } else { WIDE_FRINGE };
            assert!(alarms <= 2 * (fringe + 1) * 240, "colour {colour}: {alarms}");
        }
    }

    #[test]
    fn bars_are_cut_off_and_a_retina_on_black_is_not() {
        for colour in [0, 255] {
            let is_bar = |x: usize, y: usize| !(20..220).contains(&x) || !(40..150).contains(&y);
            let found = Foreign::find(&scan(240, 180, |x, y| if is_bar(x, y) { colour } else { eye(x, y) }));
            // One pixel less than the fringe: only pixels with equal neighbours are flat.
            let fringe = if colour == 0 { 0 } else { FRINGE - 1 };
            let expected = ([20 + fringe, 220 - fringe], [40 + fringe, 150 - fringe]);
            assert_eq!((found.columns, found.rows), expected, "colour {colour}");
        }
        // A retina is curved: its first and last rows are not bright from side to side.
        let bend = |x: usize| x.abs_diff(120) / 8;
        let on_black = |x: usize, y: usize| if (80 + bend(x)..120 + bend(x)).contains(&y) { eye(x, 90) } else { 0 };
        let found = Foreign::find(&scan(240, 180, on_black));
        assert_eq!((found.columns, found.rows), ([0, 240], [0, 180]));
    }

    #[test]
    fn a_line_along_the_border_is_found_where_it_is() {
        let is_line = |x: usize, y: usize| x >= 238 && (100..180).contains(&y);
        let found = Foreign::find(&scan(240, 180, |x, y| if is_line(x, y) { 250 } else { eye(x, y) }));
        assert!((0..240 * 180).all(|i| !is_line(i % 240, i / 240) || contains(&found, i)));
        assert!((0..240 * 180).all(|i| !contains(&found, i) || i % 240 >= 235 && i / 240 >= 97));
        assert_eq!(found.columns, [0, 240]);
    }

    #[test]
    fn a_saturated_layer_that_runs_into_the_border_is_tissue() {
        let found = Foreign::find(&scan(240, 180, |x, y| if (96..104).contains(&y) { 255 } else { eye(x, y) }));
        assert!((0..240 * 180).all(|i| !contains(&found, i)));
    }

    #[test]
    fn a_picture_of_one_colour_is_left_as_it_is() {
        for colour in [0, 255] {
            let found = Foreign::find(&scan(64, 64, |_, _| colour));
            assert!((0..64 * 64).all(|i| !contains(&found, i)));
        }
    }
}
