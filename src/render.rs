//! From the numbers of a report to pictures: heatmap → RGBA or outlines, score → shade, µm → scale bar.
//! Pure: knows no DOM, no canvas and no model.

pub mod contour;
mod palette;

use std::borrow::Cow;

use crate::report::Heatmap;

pub use palette::{Palette, Ramp, inferno};

/// A heatmap value of 1 / `ALPHA_SLOPE` and above is opaque (before the opacity slider), a value of 0 is transparent: the
/// scan stays visible where nothing counted.
const ALPHA_SLOPE: f32 = 1.6;

/// The largest number of pixels that are drawn; larger scans are reduced by a whole factor.
pub const MAX_DRAWN_PIXELS: usize = 4 << 20;

/// Lengths a scale bar may have, in µm.
const BAR_LENGTHS_UM: [f64; 9] = [10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1000.0, 2000.0, 5000.0];

/// Stripes of a map for anything but the answer, as a share of the drawn height; at least [`MIN_STRIPE`] pixels wide.
const STRIPE_SHARE: f32 = 0.03;
const MIN_STRIPE: usize = 3;
/// How opaque the stripes between are: the pattern is seen, and so is the map.
const STRIPE_COVERAGE: f32 = 0.35;

/// How a heatmap is drawn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Paint {
    /// Whose evidence it is.
    pub ramp: Ramp,
    /// What its values are multiplied by, 0…1: 1 for colours relative to the map's own maximum, else [`absolute_gain`].
    pub gain: f32,
    /// Its colours.
    pub palette: Palette,
    /// What is below, after the gain, is not drawn; 0 draws all.
    pub threshold: f32,
}

impl Paint {
    /// In the colours of `ramp`, all of it.
    pub fn new(ramp: Ramp, gain: f32) -> Self {
        Self { ramp, gain, palette: Palette::Standard, threshold: 0.0 }
    }

    /// Relative to the map's own maximum.
    pub fn relative(ramp: Ramp) -> Self {
        Self::new(ramp, 1.0)
    }

    /// The colour of a value after the gain.
    pub fn colour(self, value: f32) -> [u8; 3] {
        self.palette.colour(self.ramp, value)
    }
}

/// What a map's values (0…1) are multiplied by so that maps of several scans can be compared: its peak as a share of
/// a reference, at most 1. A map of nearly nothing is then nearly transparent. `share` is `Heatmap::peak` over
/// `PeakReference::p95`; what is no share draws nothing.
pub fn absolute_gain(share: f32) -> f32 {
    if share.is_nan() { 0.0 } else { share.clamp(0.0, 1.0) }
}

/// How much of the scan a heatmap value covers, 0…1.
pub fn coverage(value: f32) -> f32 {
    (value * ALPHA_SLOPE).clamp(0.0, 1.0)
}

/// The size (columns, rows) at which a scan is drawn: its own, or reduced by a whole factor to at most `max_pixels`.
pub fn drawn_size(width: usize, height: usize, max_pixels: usize) -> [usize; 2] {
    let mut factor = 1;
    while width.div_ceil(factor) * height.div_ceil(factor) > max_pixels.max(1) {
        factor += 1;
    }
    [width.div_ceil(factor), height.div_ceil(factor)]
}

/// Where the centre of each of `n_drawn` pixels lies between the cells of the map: (lower cell, upper cell, share of
/// the upper one), or none outside the region `start…start + length` of a scan `n_scan` pixels long.
fn cells(n_drawn: usize, n_scan: usize, start: f32, length: f32, n_cells: usize) -> Vec<Option<(usize, usize, f32)>> {
    (0..n_drawn)
        .map(|drawn| {
            let in_scan = (drawn as f32 + 0.5) * n_scan as f32 / n_drawn as f32;
            let in_region = (in_scan - start) / length;
            if n_cells == 0 || !(0.0..1.0).contains(&in_region) {
                return None;
            }
            // A cell's value applies at its centre; the outer half cells keep it.
            let position = (in_region * n_cells as f32 - 0.5).clamp(0.0, (n_cells - 1) as f32);
            let lower = position as usize;
            Some((lower, (lower + 1).min(n_cells - 1), position - lower as f32))
        })
        .collect()
}

/// The heatmap drawn at `drawn` (columns, rows) over a scan of `scan` (columns, rows): RGBA, row by row, alpha not
/// premultiplied; transparent outside the map's region.
pub fn overlay_rgba(heatmap: &Heatmap, scan: [usize; 2], drawn: [usize; 2], paint: Paint) -> Vec<u8> {
    let mut rgba = vec![0; drawn[0] * drawn[1] * 4];
    let colour = |level: u8, opaque: f32| {
        let value = f32::from(level) / 255.0 * paint.gain;
        let [r, g, b] = paint.colour(value);
        let opaque = if value < paint.threshold { 0.0 } else { opaque };
        [r, g, b, (coverage(value) * opaque * 255.0).round() as u8]
    };
    let [full, thin] = [1.0, STRIPE_COVERAGE].map(|opaque| (0..=255).map(|i| colour(i, opaque)).collect::<Vec<_>>());
    let stripe = ((drawn[1] as f32 * STRIPE_SHARE) as usize).max(MIN_STRIPE);
    each_level(heatmap, scan, drawn, |place @ [column, row], level| {
        let colours = if paint.ramp.is_thin(place, stripe) { &thin } else { &full };
        rgba[(row * drawn[0] + column) * 4..][..4].copy_from_slice(&colours[usize::from(level)]);
    });
    rgba
}

/// The heatmap at the size of its scan, `scan` (columns, rows), between its cells as [`overlay_rgba`] draws it relative to its
/// own maximum: 0…255, row by row; 0 outside the map's region.
pub fn levels(heatmap: &Heatmap, scan: [usize; 2]) -> Vec<u8> {
    let mut levels = vec![0; scan[0] * scan[1]];
    each_level(heatmap, scan, scan, |[column, row], level| levels[row * scan[0] + column] = level);
    levels
}

/// Calls `put` with column and row of each drawn pixel inside the map's region, and its value, 0…255.
fn each_level(heatmap: &Heatmap, scan: [usize; 2], drawn: [usize; 2], mut put: impl FnMut([usize; 2], u8)) {
    if heatmap.values.len() != heatmap.rows * heatmap.cols {
        return;
    }
    let [x, y, width, height] = heatmap.region;
    let columns = cells(drawn[0], scan[0], x, width, heatmap.cols);
    let rows = cells(drawn[1], scan[1], y, height, heatmap.rows);
    for (i_row, row) in rows.iter().enumerate() {
        let Some((top, bottom, down)) = *row else { continue };
        let (top, bottom) = (&heatmap.values[top * heatmap.cols..], &heatmap.values[bottom * heatmap.cols..]);
        for (i_column, column) in columns.iter().enumerate() {
            let Some((left, right, across)) = *column else { continue };
            let above = top[left] + (top[right] - top[left]) * across;
            let below = bottom[left] + (bottom[right] - bottom[left]) * across;
            let value = (above + (below - above) * down).clamp(0.0, 1.0);
            // Not `round`, which is a call in WebAssembly.
            put([i_column, i_row], (value * 255.0 + 0.5) as u8);
        }
    }
}

/// A grey scan of `scan` (columns, rows) at the size at which it is drawn, `drawn`; a drawn pixel is the mean of those it covers.
pub fn greys(pixels: &[u8], scan: [usize; 2], drawn: [usize; 2]) -> Cow<'_, [u8]> {
    if scan == drawn {
        return Cow::Borrowed(pixels);
    }
    let [width, height] = scan;
    let span = |i: usize, n_drawn: usize, n_scan: usize| {
        let start = i * n_scan / n_drawn;
        start..((i + 1) * n_scan / n_drawn).max(start + 1).min(n_scan.max(start + 1))
    };
    let mut greys = Vec::with_capacity(drawn[0] * drawn[1]);
    for row in 0..drawn[1] {
        let rows = span(row, drawn[1], height);
        for column in 0..drawn[0] {
            let columns = span(column, drawn[0], width);
            let n_covered = (rows.len() * columns.len()) as u32;
            let sum: u32 = rows
                .clone()
                .filter_map(|y| pixels.get(y * width + columns.start..y * width + columns.end))
                .flatten()
                .map(|&grey| u32::from(grey))
                .sum();
            greys.push((sum / n_covered.max(1)) as u8);
        }
    }
    greys.into()
}

/// Each grey as `table` says, opaque: RGBA.
pub fn grey_rgba(greys: &[u8], table: &[u8; 256]) -> Vec<u8> {
    let mut rgba = vec![u8::MAX; greys.len() * 4];
    let mut i = 0;
    // By index: where code is built for size, as in the page, iterators over parts of a slice are calls.
    for &grey in greys {
        let shown = table[usize::from(grey)];
        rgba[i] = shown;
        rgba[i + 1] = shown;
        rgba[i + 2] = shown;
        i += 4;
    }
    rgba
}

/// The scan with the heatmap over it at `opacity` (0…1): RGB, row by row, at the scan's own size.
pub fn composite_rgb(pixels: &[u8], scan: [usize; 2], heatmap: &Heatmap, paint: Paint, opacity: f32) -> Vec<u8> {
    let overlay = overlay_rgba(heatmap, scan, scan, paint);
    pixels
        .iter()
        .zip(overlay.chunks_exact(4))
        .flat_map(|(&grey, over)| {
            let share = f32::from(over[3]) / 255.0 * opacity.clamp(0.0, 1.0);
            [0, 1, 2].map(|c| (f32::from(grey) * (1.0 - share) + f32::from(over[c]) * share).round() as u8)
        })
        .collect()
}

/// The size of the heated region in µm, across and down: of the rectangle around all cells above half of the maximum. None
/// where nothing counts.
pub fn heated_um(heatmap: &Heatmap, um_per_pixel: [f64; 2]) -> Option<[f64; 2]> {
    let maximum = heatmap.values.iter().copied().fold(0., f32::max);
    if maximum <= 0. || heatmap.cols == 0 {
        return None;
    }
    let heated = heatmap.values.iter().enumerate().filter(|(_, value)| **value > maximum / 2.);
    let cells: Vec<[usize; 2]> = heated.map(|(i, _)| [i % heatmap.cols, i / heatmap.cols]).collect();
    let [_, _, width, height] = heatmap.region.map(f64::from);
    let extent = |axis: usize| {
        let positions = || cells.iter().map(|cell| cell[axis]);
        positions().max().zip(positions().min()).map_or(0, |(last, first)| last - first + 1) as f64
    };
    let cell_um = [width * um_per_pixel[0] / heatmap.cols as f64, height * um_per_pixel[1] / heatmap.rows as f64];
    Some([extent(0) * cell_um[0], extent(1) * cell_um[1]])
}

/// How strongly a phrase is shaded, 0…1: the square root of its share, so that a tenth of the weight is still visible.
pub fn shade(score: f32) -> f32 {
    score.abs().clamp(0.0, 1.0).sqrt()
}

/// A scale bar.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ScaleBar {
    /// What it stands for, in µm.
    pub length_um: f64,
    /// Its length as a share of the scan's width, 0…1.
    pub share: f64,
}

/// The longest round scale bar that takes at most a fifth of a scan `width` pixels wide.
pub fn scale_bar(um_per_pixel: f64, width: usize) -> Option<ScaleBar> {
    let width_um = um_per_pixel * width as f64;
    BAR_LENGTHS_UM
        .into_iter()
        .rfind(|length_um| *length_um <= width_um / 5.0)
        .map(|length_um| ScaleBar { length_um, share: length_um / width_um })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::MapMethod;

    const ANSWER: Paint = Paint { ramp: Ramp::Answer, gain: 1.0, palette: Palette::Standard, threshold: 0.0 };

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

    fn alpha(rgba: &[u8], width: usize, x: usize, y: usize) -> u8 {
        rgba[(y * width + x) * 4 + 3]
    }

    #[test]
    fn the_heated_region_is_measured_between_its_outermost_cells() {
        let map = heatmap(2, 4, &[0.0, 0.6, 0.1, 0.0, 0.0, 0.0, 1.0, 0.5], [0.0, 10.0, 80.0, 40.0]);
        // Two cells of 20 columns at 10 µm, both rows of 20 at 4 µm; what is at half is not above it.
        assert_eq!(heated_um(&map, [10.0, 4.0]), Some([400.0, 160.0]));
        let small = heatmap(2, 4, &[0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.2, 0.0], [0.0, 10.0, 80.0, 40.0]);
        assert_eq!(heated_um(&small, [10.0, 4.0]), Some([200.0, 80.0]));
        assert_eq!(heated_um(&heatmap(1, 2, &[0.0, 0.0], [0.0, 0.0, 8.0, 4.0]), [10.0, 4.0]), None);
    }

    #[test]
    fn the_colours_run_from_black_to_pale_yellow() {
        assert_eq!(inferno(0.0), [0, 0, 4]);
        assert_eq!(inferno(1.0), [252, 255, 164]);
        assert_eq!(inferno(7.0), inferno(1.0));
        for ramp in [Ramp::Answer, Ramp::Other, Ramp::Finding] {
            let brightness = |v: f32| ramp.colour(v).iter().map(|&c| u32::from(c)).sum::<u32>();
            assert!((0..20).all(|i| brightness(i as f32 / 20.0) < brightness((i + 1) as f32 / 20.0)), "{ramp:?}");
        }
    }

    #[test]
    fn a_map_of_nearly_nothing_looks_like_nothing_on_the_absolute_scale() {
        assert_eq!([0.5, 3.0, 0.0, -1.0, f32::NAN, f32::INFINITY].map(absolute_gain), [0.5, 1.0, 0.0, 0.0, 0.0, 1.0]);
        let map = heatmap(1, 1, &[1.0], [0.0, 0.0, 1.0, 1.0]);
        let drawn = |share: f32| {
            let paint = Paint::new(Ramp::Answer, absolute_gain(share));
            overlay_rgba(&map, [1, 1], [1, 1], paint)
        };
        assert_eq!(drawn(1.0), overlay_rgba(&map, [1, 1], [1, 1], ANSWER), "a strong map has every colour");
        assert_eq!(drawn(7.0), drawn(1.0));
        assert!(drawn(0.02)[3] < 10, "{:?}", drawn(0.02));
        assert_eq!(drawn(0.0)[3], 0);
        assert_eq!(drawn(0.5)[..3], inferno(0.5));
    }

    #[test]
    fn the_map_of_another_class_differs_in_colour_and_in_pattern() {
        assert_eq!([Ramp::of("AMD", "AMD"), Ramp::of("healthy", "AMD")], [Ramp::Answer, Ramp::Other]);
        let map = heatmap(1, 1, &[1.0], [0.0, 0.0, 200.0, 100.0]);
        let [own, other] =
            [Ramp::Answer, Ramp::Other].map(|ramp| overlay_rgba(&map, [200, 100], [200, 100], Paint::relative(ramp)));
        let alphas = |rgba: &[u8]| {
            let mut alphas: Vec<u8> = rgba.chunks_exact(4).map(|pixel| pixel[3]).collect();
            alphas.sort_unstable();
            alphas.dedup();
            alphas
        };
        assert_eq!(alphas(&own), [255]);
        assert_eq!(alphas(&other), [89, 255], "stripes, which last without colours");
        for value in [0.6, 0.9_f32] {
            let [own, other] = [Ramp::Answer, Ramp::Other].map(|ramp| ramp.colour(value));
            assert!(own[0] > own[2] && other[0] < other[2], "warm and cold: {own:?} {other:?}");
        }
    }

    #[test]
    fn the_map_of_a_finding_differs_from_both_in_colour_and_in_pattern() {
        let map = heatmap(1, 1, &[1.0], [0.0, 0.0, 200.0, 100.0]);
        let [other, finding] =
            [Ramp::Other, Ramp::Finding].map(|ramp| overlay_rgba(&map, [200, 100], [200, 100], Paint::relative(ramp)));
        let first_thin = |rgba: &[u8], along: usize| (0..100).find(|i| rgba[i * along * 4 + 3] < 255);
        assert!(first_thin(&finding, 1).is_some() && first_thin(&finding, 200).is_none(), "its stripes stand upright");
        assert!(first_thin(&other, 200).is_some());
        for value in [0.5, 0.75_f32] {
            let [r, g, b] = Ramp::Finding.colour(value);
            assert!(b > r && r > g, "violet: {value}");
        }
    }

    #[test]
    fn the_map_covers_its_region_and_nothing_else() {
        let rgba = overlay_rgba(&heatmap(1, 1, &[1.0], [2.0, 1.0, 4.0, 2.0]), [8, 4], [8, 4], ANSWER);
        for y in 0..4 {
            for x in 0..8 {
                let inside = (2..6).contains(&x) && (1..3).contains(&y);
                assert_eq!(alpha(&rgba, 8, x, y), if inside { 255 } else { 0 }, "{x},{y}");
            }
        }
    }

    #[test]
    fn a_region_larger_than_the_scan_is_cut_at_its_edges() {
        let map = heatmap(1, 2, &[0.0, 1.0], [-4.0, 0.0, 8.0, 2.0]);
        let rgba = overlay_rgba(&map, [4, 2], [4, 2], ANSWER);
        assert!((0..4).all(|x| alpha(&rgba, 4, x, 0) > 0), "only the map's hot half lies on the scan");
        assert_eq!(rgba.len(), 4 * 2 * 4);
    }

    #[test]
    fn levels_are_the_values_behind_the_overlay() {
        let map = heatmap(1, 2, &[0.2, 1.0], [2.0, 1.0, 6.0, 2.0]);
        let (levels, rgba) = (levels(&map, [10, 4]), overlay_rgba(&map, [10, 4], [10, 4], ANSWER));
        for (level, pixel) in levels.iter().zip(rgba.chunks_exact(4)) {
            let value = f32::from(*level) / 255.0;
            assert_eq!(pixel[3], (coverage(value) * 255.0).round() as u8);
            assert!(*level == 0 || pixel[..3] == inferno(value));
        }
        // At the centre of the first cell, in the outer half of the second, and outside.
        assert_eq!((levels[10 + 3], levels[10 + 7], levels[0], levels[10 + 8]), (51, 255, 0, 0));
    }

    #[test]
    fn the_hottest_pixel_lies_at_the_centre_of_the_hottest_cell() {
        let mut values = vec![0.0; 15];
        values[5 + 3] = 1.0;
        let rgba = overlay_rgba(&heatmap(3, 5, &values, [0.0, 0.0, 50.0, 30.0]), [50, 30], [50, 30], ANSWER);
        let hottest = (0..50 * 30).max_by_key(|i| u32::from(rgba[i * 4 + 1])).unwrap();
        let (x, y) = (hottest % 50, hottest / 50);
        assert!((34..=35).contains(&x) && (14..=15).contains(&y), "{x},{y}");
    }

    #[test]
    fn a_reduced_drawing_keeps_the_map_over_the_same_share_of_the_scan() {
        let rgba = overlay_rgba(&heatmap(1, 1, &[1.0], [0.0, 0.0, 500.0, 400.0]), [1000, 400], [100, 40], ANSWER);
        assert_eq!(alpha(&rgba, 100, 49, 20), 255);
        assert_eq!(alpha(&rgba, 100, 50, 20), 0);
    }

    #[test]
    fn a_map_of_the_wrong_length_is_not_drawn() {
        let rgba = overlay_rgba(&heatmap(2, 2, &[1.0], [0.0, 0.0, 2.0, 2.0]), [2, 2], [2, 2], ANSWER);
        assert!(rgba.iter().all(|&b| b == 0));
    }

    #[test]
    fn grey_pixels_are_averaged_when_reduced_and_kept_when_not() {
        assert_eq!(*greys(&[0, 100, 200, 100], [2, 2], [1, 1]), [100]);
        assert_eq!(*greys(&[7, 9], [2, 1], [2, 1]), [7, 9]);
    }

    #[test]
    fn large_scans_are_drawn_small_and_small_ones_as_they_are() {
        assert_eq!(drawn_size(581, 211, MAX_DRAWN_PIXELS), [581, 211]);
        let [width, height] = drawn_size(16_384, 4_096, MAX_DRAWN_PIXELS);
        assert!(width * height <= MAX_DRAWN_PIXELS && width == height * 4, "{width} × {height}");
    }

    #[test]
    fn a_composite_without_opacity_is_the_scan() {
        let map = heatmap(1, 1, &[1.0], [0.0, 0.0, 2.0, 1.0]);
        assert_eq!(composite_rgb(&[10, 20], [2, 1], &map, ANSWER, 0.0), [10, 10, 10, 20, 20, 20]);
        assert_eq!(composite_rgb(&[10, 20], [2, 1], &map, ANSWER, 1.0)[..3], inferno(1.0));
    }

    #[test]
    fn what_is_below_the_threshold_is_not_drawn() {
        let map = heatmap(1, 2, &[0.2, 1.0], [0.0, 0.0, 8.0, 4.0]);
        let paint = Paint { threshold: 0.5, ..ANSWER };
        let [all, above] = [ANSWER, paint].map(|paint| overlay_rgba(&map, [8, 4], [8, 4], paint));
        assert!(alpha(&all, 8, 0, 0) > 0 && alpha(&above, 8, 0, 0) == 0);
        assert_eq!(alpha(&above, 8, 7, 0), alpha(&all, 8, 7, 0));
    }

    #[test]
    fn greys_are_drawn_as_their_table_says() {
        let table = std::array::from_fn(|grey| 255 - grey as u8);
        assert_eq!(grey_rgba(&[10, 200], &table), [245, 245, 245, 255, 55, 55, 55, 255]);
    }

    #[test]
    fn words_are_lit_by_the_size_of_their_score_whatever_its_sign() {
        assert_eq!(shade(-0.25), shade(0.25));
        assert!(shade(0.5) > shade(0.1) && shade(3.0) <= 1.0);
    }

    #[test]
    fn the_scale_bar_is_round_and_fits() {
        let bar = scale_bar(6.0, 1000).unwrap();
        assert_eq!(bar.length_um, 1000.0);
        assert!((bar.share - 1.0 / 6.0).abs() < 1e-9);
        assert_eq!(scale_bar(0.0, 1000), None);
    }
}
