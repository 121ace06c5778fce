//! Cuts a picture into its panels: along gutters of one grey value, and along seams where two pictures touch.

use crate::scan::b_scan::Scan;
use crate::scan::layout::part::{Axis, Part};
use crate::scan::layout::reading::{MIN_SIDE, Reading};
use crate::scan::quantile::quantile;

/// Largest difference of a line's pixels from its commonest grey value.
const TOLERANCE: usize = 6;
/// Share of a line's pixels that must have its grey value: a dot of dust or a cursor may lie on it.
const MIN_ALIKE: f32 = 0.99;
/// Grey value from which a gutter belongs to a page. Darker ones may be a vitreous without noise.
pub(super) const LIGHT: u8 = 128;
/// Share of the line beside a dark gutter that must differ from it, and of the pixels between the first and last that do.
const MIN_EDGE: f32 = 0.15;
const MIN_DENSITY: f32 = 0.6;
/// Fewest lines of a gutter.
const MIN_GUTTER: usize = 3;
/// Most dark lines between a page and a panel that are its frame.
const MAX_FRAME: usize = 4;
/// How often a part is cut again.
const MAX_DEPTH: usize = 4;
/// Blocks along a seam, each of which must show it.
const SEAM_BLOCKS: usize = 32;
/// Pixels on either side of a seam that are compared.
const SEAM_REACH: usize = 3;
/// Smallest difference of grey values across a seam, and as a multiple of the median one elsewhere.
const SEAM_CONTRAST: [f32; 2] = [10., 4.];
/// Share of the blocks that must show a seam.
const MIN_SEAM: f32 = 0.6;
/// Least width of a picture beside a scan, as a multiple of its height.
const MIN_ASPECT: f32 = 0.6;
/// Share of the lines at either end where no seam is looked for.
const SEAM_MARGIN: f32 = 0.1;

/// The panels of a picture, in no order; the whole if it is not divided.
pub(super) fn panels(scan: &Scan) -> Vec<Part> {
    let mut found = Vec::new();
    cut(scan, Part { x: 0, y: 0, width: scan.width, height: scan.height }, 0, &mut found);
    found
}

fn cut(scan: &Scan, part: Part, depth: usize, found: &mut Vec<Part>) {
    let part = trimmed(scan, part);
    if part.width.min(part.height) < MIN_SIDE {
        return;
    }
    let halves = |at: usize| vec![part.lines(Axis::Columns, 0, at), part.lines(Axis::Columns, at, part.width)];
    let pieces = if depth == MAX_DEPTH {
        None
    } else {
        let gutters = [Axis::Columns, Axis::Rows].into_iter().map(|axis| between_gutters(scan, part, axis));
        let split = gutters.into_iter().find(|pieces| pieces.len() > 1);
        split.or_else(|| seam(scan, part).map(halves).filter(|halves| is_one_scan(scan, halves)))
    };
    match pieces {
        Some(pieces) => pieces.into_iter().for_each(|piece| cut(scan, piece, depth + 1, found)),
        None => found.push(part),
    }
}

/// Whether one of two pictures that touch is an upright B-scan, and the other is none and not too narrow for a picture. A
/// scan may look as if two touched: where a disc or a shadow begins.
fn is_one_scan(scan: &Scan, halves: &[Part]) -> bool {
    let is_upright = |part: &&Part| Reading::of(scan, **part).is_some_and(|reading| reading.is_upright());
    let (scans, others): (Vec<&Part>, Vec<&Part>) = halves.iter().partition(is_upright);
    let is_wide = |part: &&Part| part.width as f32 >= MIN_ASPECT * part.height as f32;
    scans.len() == 1 && others.iter().all(is_wide)
}

/// The pixels of a line.
fn pixels_of(scan: &Scan, part: Part, axis: Axis, line: usize) -> impl Iterator<Item = u8> {
    let (first, step, n) = match axis {
        Axis::Rows => ((part.y + line) * scan.width + part.x, 1, part.width),
        Axis::Columns => (part.y * scan.width + part.x + line, scan.width, part.height),
    };
    scan.pixels[first..].iter().step_by(step).take(n).copied()
}

/// Whether a line surely has more than one grey value, found out from few of its pixels: of two that differ by more than twice
/// the tolerance, one at least has another value than the line.
fn is_mixed(scan: &Scan, part: Part, axis: Axis, line: usize) -> bool {
    let n = part.n_lines(axis.other());
    let half = n / 2;
    let pairs = pixels_of(scan, part, axis, line).take(half).zip(pixels_of(scan, part, axis, line).skip(half));
    let mut n_other = 0usize;
    for (a, b) in pairs {
        n_other += usize::from(usize::from(a.abs_diff(b)) > 2 * TOLERANCE);
        if !is_alike(n - n_other, n) {
            return true;
        }
    }
    false
}

fn is_alike(n_alike: usize, n: usize) -> bool {
    n_alike as f32 >= MIN_ALIKE * n as f32
}

/// The grey value of a line if it has only one.
pub(super) fn grey_of_line(scan: &Scan, part: Part, axis: Axis, line: usize) -> Option<u8> {
    if is_mixed(scan, part, axis, line) {
        return None;
    }
    let mut counts = [0usize; 256];
    pixels_of(scan, part, axis, line).for_each(|pixel| counts[usize::from(pixel)] += 1);
    let commonest = (0..256).max_by_key(|grey| counts[*grey]).unwrap_or(0);
    let alike = commonest.saturating_sub(TOLERANCE)..(commonest + TOLERANCE + 1).min(256);
    let n_alike: usize = counts[alike].iter().sum();
    is_alike(n_alike, counts.iter().sum()).then_some(commonest as u8)
}

/// Whether a panel begins at this line, beside a gutter of grey value `grey`: much of it differs at once. A retina comes out
/// of a black vitreous little by little.
fn is_edge(scan: &Scan, part: Part, axis: Axis, line: usize, grey: u8) -> bool {
    let (mut first, mut last, mut n_other, mut n) = (None, 0, 0, 0);
    for (at, pixel) in pixels_of(scan, part, axis, line).enumerate() {
        n += 1;
        if usize::from(pixel.abs_diff(grey)) > TOLERANCE {
            first.get_or_insert(at);
            last = at + 1;
            n_other += 1;
        }
    }
    let span = last - first.unwrap_or(last);
    n_other as f32 >= MIN_EDGE * n as f32 && n_other as f32 >= MIN_DENSITY * span as f32
}

/// The part without lines of one grey value at its borders.
pub(super) fn trimmed(scan: &Scan, part: Part) -> Part {
    let mut part = part;
    for axis in [Axis::Rows, Axis::Columns, Axis::Rows, Axis::Columns] {
        let n = part.n_lines(axis);
        let first = margin(scan, part, axis, &mut (0..n));
        if first == n {
            return Part { width: 0, height: 0, ..part };
        }
        let last = margin(scan, part, axis, &mut (0..n).rev());
        part = part.lines(axis, first, n - last);
    }
    part
}

/// How many lines at one border belong to no panel. Dark ones may belong to one: as its vitreous.
fn margin(scan: &Scan, part: Part, axis: Axis, order: &mut dyn Iterator<Item = usize>) -> usize {
    let (mut n, mut n_to_light, mut last_grey) = (0, 0, 0);
    for line in order {
        let Some(grey) = grey_of_line(scan, part, axis, line) else {
            let n_dark = n - n_to_light;
            let is_frame = n_to_light > 0 && n_dark <= MAX_FRAME;
            let is_panel = n_dark == 0 || is_frame || n_to_light == 0 && is_edge(scan, part, axis, line, last_grey);
            return if is_panel { n } else { n_to_light };
        };
        last_grey = grey;
        n += 1;
        if grey >= LIGHT {
            n_to_light = n;
        }
    }
    n
}

/// The pieces between gutters.
fn between_gutters(scan: &Scan, part: Part, axis: Axis) -> Vec<Part> {
    let n = part.n_lines(axis);
    let (mut pieces, mut first, mut gutter, mut grey) = (Vec::new(), 0, 0, 0);
    for line in 0..n {
        if let Some(of_line) = grey_of_line(scan, part, axis, line) {
            gutter += 1;
            grey = of_line;
            continue;
        }
        let before = line.checked_sub(gutter + 1);
        let is_edge = |line: usize| grey >= LIGHT || is_edge(scan, part, axis, line, grey);
        if gutter >= MIN_GUTTER && before.is_some_and(is_edge) && is_edge(line) {
            pieces.push(part.lines(axis, first, line - gutter));
            first = line;
        }
        gutter = 0;
    }
    pieces.push(part.lines(axis, first, n));
    pieces
}

/// The column before which two pictures touch: there, and only there, grey values change all the way down. Nothing like it is
/// looked for across, where a flat retina has such edges.
fn seam(scan: &Scan, part: Part) -> Option<usize> {
    let n = part.width;
    let margin = ((n as f32 * SEAM_MARGIN) as usize).max(SEAM_REACH + 1);
    if n < 2 * MIN_SIDE {
        return None;
    }
    let n_blocks = SEAM_BLOCKS.min(part.height / 2);
    let inner = margin..n - margin;
    let (mut shown, mut strength) = (vec![0usize; n], vec![0f32; n]);
    for block in 0..n_blocks {
        let rows = block * part.height / n_blocks..(block + 1) * part.height / n_blocks;
        // Mean grey value of each column of the block.
        let mut means = vec![0f32; n];
        for y in rows.clone() {
            let row = &scan.pixels[(part.y + y) * scan.width + part.x..][..n];
            means.iter_mut().zip(row).for_each(|(mean, pixel)| *mean += f32::from(*pixel) / rows.len() as f32);
        }
        let mean = |columns: std::ops::Range<usize>| means[columns].iter().sum::<f32>() / SEAM_REACH as f32;
        // The column itself is left out: where a picture was resized, it is a mixture.
        let difference = |x: usize| (mean(x + 1..x + 1 + SEAM_REACH) - mean(x - SEAM_REACH..x)).abs();
        let differences: Vec<f32> = inner.clone().map(difference).collect();
        let least = (SEAM_CONTRAST[1] * quantile(&mut differences.clone(), 0.5)).max(SEAM_CONTRAST[0]);
        for (x, difference) in inner.clone().zip(differences) {
            shown[x] += usize::from(difference >= least);
            strength[x] += (means[x] - means[x - 1]).abs();
        }
    }
    let most = inner.clone().max_by_key(|x| shown[*x])?;
    if (shown[most] as f32) < MIN_SEAM * n_blocks as f32 {
        return None;
    }
    let near = most.saturating_sub(SEAM_REACH).max(inner.start)..(most + SEAM_REACH + 1).min(inner.end);
    near.max_by(|a, b| strength[*a].total_cmp(&strength[*b]))
}
