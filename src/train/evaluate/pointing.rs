//! Where the heatmap peaks, against the boxes of the lesions.

use crate::report::Heatmap;
use crate::train::data::record::Record;

/// The centre of the map's hottest cell, in scan pixels; none where every cell is 0.
fn peak(map: &Heatmap) -> Option<(f32, f32)> {
    let (best, value) = map.values.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1))?;
    let [x, y, width, height] = map.region;
    let (row, col) = (best / map.cols, best % map.cols);
    (*value > 0.)
        .then(|| (x + (col as f32 + 0.5) / map.cols as f32 * width, y + (row as f32 + 0.5) / map.rows as f32 * height))
}

/// The pointing game (Zhang et al. 2018): the peak lies in a box, widened by one cell on every side.
pub(crate) fn peak_hits(map: &Heatmap, record: &Record) -> bool {
    let cell = (map.region[2] / map.cols as f32, map.region[3] / map.rows as f32);
    peak(map).is_some_and(|(x, y)| {
        record.boxes.iter().any(|b| {
            let inside =
                |v: f32, low: u32, high: u32, margin: f32| v >= low as f32 - margin && v <= (high + 1) as f32 + margin;
            inside(x, b.xmin, b.xmax, cell.0) && inside(y, b.ymin, b.ymax, cell.1)
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::caption::Caption;
    use crate::report::MapMethod;
    use crate::train::data::lesion_box::LesionBox;
    use crate::train::data::record::SourceKind;

    fn map(hot: usize) -> Heatmap {
        let mut values = vec![0.; 8];
        values[hot] = 1.;
        Heatmap {
            method: MapMethod::GradCam,
            target: String::new(),
            layer: String::new(),
            rows: 2,
            cols: 4,
            values,
            region: [0., 100., 400., 200.],
        }
    }

    #[test]
    fn the_peak_is_the_centre_of_the_hottest_cell_in_scan_pixels() {
        assert_eq!(peak(&map(5)), Some((150., 250.)));
        assert_eq!(peak(&Heatmap { values: vec![0.; 8], ..map(0) }), None);
    }

    #[test]
    fn the_pointing_game_allows_one_cell() {
        let record = |xmin: u32, xmax: u32| Record {
            path: "".into(),
            name: String::new(),
            source: SourceKind::Phantom,
            patient: String::new(),
            label: "AMD".into(),
            caption: Caption::default(),
            annotated: vec![],
            boxes: vec![LesionBox { finding: "fluid", xmin, ymin: 240, xmax, ymax: 260 }],
        };
        assert!(peak_hits(&map(5), &record(240, 260)));
        assert!(!peak_hits(&map(5), &record(260, 280)));
    }
}
