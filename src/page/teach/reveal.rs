//! The true lesions of a drawn scan on the picture, and whether the heat is where they are.

use crate::page::demo::DemoScan;
use crate::page::scans::{OpenScan, Origin};
use crate::phantom::case::DrawnLesion;
use crate::report::Heatmap;
use crate::scan::view::{Turn, View};

/// Points across and down a cell of a map at which it is tested.
const POINTS: usize = 4;

/// A lesion on the picture as it is looked at.
#[derive(Clone, Debug, PartialEq)]
pub struct Region {
    /// Its phrase in captions.
    pub finding: String,
    /// x, y, width and height in pixels of the picture.
    pub region: [f32; 4],
    /// Whether it bears its name: the first of several lesions of a kind does.
    pub is_named: bool,
}

impl Region {
    fn holds(&self, x: f32, y: f32) -> bool {
        let [left, top, width, height] = self.region;
        (left..left + width).contains(&x) && (top..top + height).contains(&y)
    }
}

/// Where the heat of a map lies.
#[derive(Clone, Debug, PartialEq)]
pub struct Hit {
    /// The lesion in which the hottest cell of the map has its centre.
    pub finding: Option<String>,
    /// Share of the heat inside of lesions, 0…1.
    pub share: f32,
    /// Share of the map's area that lesions cover: what a map without any knowledge would have.
    pub by_chance: f32,
}

/// The lesions of a scan that was drawn, on the picture as it is looked at; none of a visitor's own scan, of which nobody
/// knows them.
pub fn lesions_of(scan: &OpenScan, demo_scans: &[DemoScan]) -> Option<Vec<Region>> {
    let lesions: &[DrawnLesion] = match scan.origin {
        Origin::Visitor => return None,
        Origin::Demo => &demo_scans.iter().find(|demo| demo.file == scan.name)?.lesions,
        Origin::Made => &scan.made.as_ref()?.lesions,
    };
    let input = &scan.report()?.input;
    let size = [input.width as f32, input.height as f32];
    let view = input.view.unwrap_or_default();
    let mut regions: Vec<Region> = lesions.iter().filter_map(|lesion| seen(lesion, &view, size)).collect();
    for at in 1..regions.len() {
        regions[at].is_named = regions[..at].iter().all(|before| before.finding != regions[at].finding);
    }
    Some(regions)
}

/// A lesion in a picture of `size` (width, height) that is looked at through `view`; none if it is cut off.
fn seen(lesion: &DrawnLesion, view: &View, size: [f32; 2]) -> Option<Region> {
    let [mut x, mut y, mut width, mut height] = lesion.region();
    // Before the turn.
    let [w, h] = match view.turn {
        Turn::None | Turn::Half => size,
        Turn::Left | Turn::Right => [size[1], size[0]],
    };
    if let Some(crop) = view.crop {
        let [left, top, ..] = crop.map(|edge| edge as f32);
        let clip = |from: f32, length: f32, side: f32| {
            let [start, end] = [from, from + length].map(|edge| edge.clamp(0., side));
            (start, end - start)
        };
        (x, width) = clip(x - left, width, w);
        (y, height) = clip(y - top, height, h);
    }
    let region = match view.turn {
        Turn::None => [x, y, width, height],
        Turn::Left => [y, w - x - width, height, width],
        Turn::Right => [h - y - height, x, height, width],
        Turn::Half => [w - x - width, h - y - height, width, height],
    };
    (width > 0. && height > 0.).then(|| Region { finding: lesion.finding.clone(), region, is_named: true })
}

/// Where the heat of a map lies; none where there is no lesion, or no heat.
pub fn hit(map: &Heatmap, lesions: &[Region]) -> Option<Hit> {
    if lesions.is_empty() {
        return None;
    }
    let (x, y) = map.hottest()?;
    let [left, top, width, height] = map.region;
    let at = |i: usize, n: usize, side: f32| (i as f32 + 0.5) / (n * POINTS) as f32 * side;
    let (mut heat, mut heat_inside, mut n_inside) = (0., 0., 0);
    for row in 0..map.rows * POINTS {
        for col in 0..map.cols * POINTS {
            let value = map.values[row / POINTS * map.cols + col / POINTS].max(0.);
            let point = (left + at(col, map.cols, width), top + at(row, map.rows, height));
            let is_inside = lesions.iter().any(|lesion| lesion.holds(point.0, point.1));
            heat += value;
            heat_inside += if is_inside { value } else { 0. };
            n_inside += usize::from(is_inside);
        }
    }
    let n_points = map.rows * map.cols * POINTS * POINTS;
    Some(Hit {
        finding: lesions.iter().find(|lesion| lesion.holds(x, y)).map(|lesion| lesion.finding.clone()),
        share: heat_inside / heat,
        by_chance: n_inside as f32 / n_points as f32,
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::page::fixtures::{held, report};
    use crate::page::made::Made;
    use crate::phantom::case::Case;

    fn drawn(edges: [u32; 4]) -> DrawnLesion {
        DrawnLesion { finding: "fluid".into(), edges }
    }

    fn at(region: [f32; 4]) -> Region {
        Region { finding: "fluid".into(), region, is_named: true }
    }

    /// A map of 2 × 4 cells over a picture of 40 × 20 pixels, with all heat in the third cell of the upper row.
    fn map() -> Heatmap {
        let values = vec![0., 0., 1., 0., 0., 0., 0., 0.];
        Heatmap { rows: 2, cols: 4, values, region: [0., 0., 40., 20.], ..report("AMD").heatmap }
    }

    #[test]
    fn heat_inside_a_lesion_is_a_hit_and_its_share_is_known() {
        let found = hit(&map(), &[at([20., 0., 10., 10.])]).unwrap();
        assert_eq!((found.finding.as_deref(), found.share, found.by_chance), (Some("fluid"), 1., 0.125));
        let half = hit(&map(), &[at([20., 0., 10., 5.])]).unwrap();
        assert_eq!((half.share, half.by_chance), (0.5, 0.0625));
        let missed = hit(&map(), &[at([0., 10., 10., 10.])]).unwrap();
        assert_eq!((missed.finding, missed.share), (None, 0.));
        assert_eq!(hit(&map(), &[]), None);
        assert_eq!(hit(&Heatmap { values: vec![0.; 8], ..map() }, &[at([0., 0., 9., 9.])]), None);
    }

    #[test]
    fn overlapping_lesions_count_once() {
        let twice = [at([20., 0., 10., 10.]), at([20., 0., 10., 10.])];
        let found = hit(&map(), &twice).unwrap();
        assert_eq!((found.share, found.by_chance), (1., 0.125));
    }

    #[test]
    fn lesions_turn_and_are_cut_with_the_picture() {
        // Three columns, two rows: the pixel at column 2, row 0.
        let lesion = drawn([2, 0, 2, 0]);
        let of = |turn, size| seen(&lesion, &View { turn, ..View::default() }, size).map(|region| region.region);
        assert_eq!(of(Turn::None, [3., 2.]), Some([2., 0., 1., 1.]));
        assert_eq!(of(Turn::Left, [2., 3.]), Some([0., 0., 1., 1.]));
        assert_eq!(of(Turn::Right, [2., 3.]), Some([1., 2., 1., 1.]));
        assert_eq!(of(Turn::Half, [3., 2.]), Some([0., 1., 1., 1.]));
        let cropped = |crop| seen(&drawn([1, 0, 2, 0]), &View { crop: Some(crop), ..View::default() }, [2., 1.]);
        assert_eq!(cropped([0, 0, 2, 1]).map(|region| region.region), Some([1., 0., 1., 1.]));
        assert_eq!(cropped([0, 1, 2, 1]), None);
    }

    #[test]
    fn only_of_drawn_scans_lesions_are_known() {
        let demo = DemoScan { file: "1.png".into(), title: "fluid".into(), lesions: vec![drawn([0, 0, 1, 0])] };
        let mut scan = held(1, "AMD, fluid");
        assert_eq!(lesions_of(&scan, std::slice::from_ref(&demo)), None, "a visitor's file may have the same name");
        scan.origin = Origin::Demo;
        assert_eq!(lesions_of(&scan, &[demo]).unwrap().len(), 1);
        assert_eq!(lesions_of(&scan, &[]), None);
        scan.origin = Origin::Made;
        scan.made = Some(Made { lesions: vec![drawn([0, 0, 0, 0])], ..Made::new(Case::default()) });
        assert_eq!(lesions_of(&scan, &[]).unwrap()[0].region, [0., 0., 1., 1.]);
        Arc::make_mut(&mut scan.answer.as_mut().unwrap().report).input.view =
            Some(View { turn: Turn::Half, ..View::default() });
        assert_eq!(lesions_of(&scan, &[]).unwrap()[0].region, [1., 0., 1., 1.]);
    }
}
