//! Where the heatmap peaks, against the boxes of the lesions.

use crate::report::Heatmap;
use crate::train::data::record::Record;

/// Whether the peak lies in a box of `record`, widened by `margin` cells on every side.
fn peak_hits(map: &Heatmap, record: &Record, margin: f32) -> bool {
    let cell = (map.region[2] / map.cols as f32, map.region[3] / map.rows as f32);
    map.hottest().is_some_and(|(x, y)| {
        record.boxes.iter().any(|b| {
            let inside =
                |v: f32, low: u32, high: u32, margin: f32| v >= low as f32 - margin && v <= (high + 1) as f32 + margin;
            inside(x, b.xmin, b.xmax, margin * cell.0) && inside(y, b.ymin, b.ymax, margin * cell.1)
        })
    })
}

/// The pointing game (Zhang et al. 2018) on some maps and the scans that they belong to: the share of maps whose peak lies
/// in a box widened by `margin` cells on every side; none without a map.
pub(super) fn pointing_game(scans: &[(&Heatmap, &Record)], margin: f32) -> Option<f64> {
    share(scans.iter().map(|(map, record)| peak_hits(map, record, margin)))
}

/// The same by chance: each scan is given the map of another one, of another patient, half the list away, as if it were
/// of the scan's own region. None without two patients.
pub(super) fn pointing_by_chance(scans: &[(&Heatmap, &Record)], margin: f32) -> Option<f64> {
    let n = scans.len();
    let hits = |i: usize| {
        let (own, record) = scans[i];
        let others = (0..n).map(|step| scans[(i + n / 2 + step) % n]);
        let (other, _) = others.into_iter().find(|(_, other)| other.patient != record.patient)?;
        Some(peak_hits(&Heatmap { region: own.region, ..other.clone() }, record, margin))
    };
    share((0..n).filter_map(hits))
}

fn share(hits: impl Iterator<Item = bool>) -> Option<f64> {
    let (n, n_hits) = hits.fold((0, 0), |(n, n_hits), hit| (n + 1, n_hits + usize::from(hit)));
    (n > 0).then(|| n_hits as f64 / f64::from(n))
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
            peak: 1.,
            region: [0., 100., 400., 200.],
        }
    }

    #[test]
    fn the_peak_is_the_centre_of_the_hottest_cell_in_scan_pixels() {
        assert_eq!(map(5).hottest(), Some((150., 250.)));
        assert_eq!(Heatmap { values: vec![0.; 8], ..map(0) }.hottest(), None);
    }

    fn record(patient: &str, xmin: u32, xmax: u32) -> Record {
        Record {
            path: "".into(),
            name: String::new(),
            source: SourceKind::Phantom,
            patient: patient.into(),
            label: "AMD".into(),
            caption: Caption::default(),
            annotated: vec![],
            boxes: vec![LesionBox { finding: "fluid", xmin, ymin: 240, xmax, ymax: 260, outline: vec![] }],
        }
    }

    #[test]
    fn a_box_is_widened_by_the_margin() {
        // The peak is at 150, cells are 100 wide.
        assert!(peak_hits(&map(5), &record("1", 190, 210), 0.5));
        assert!(!peak_hits(&map(5), &record("1", 240, 260), 0.5));
        assert!(peak_hits(&map(5), &record("1", 240, 260), 1.));
        assert!(!peak_hits(&map(5), &record("1", 260, 280), 1.));
    }

    #[test]
    fn chance_is_the_peak_of_another_patients_map_in_the_scans_own_region() {
        let (right, left) = (map(7), Heatmap { region: [1000., 100., 400., 200.], ..map(4) });
        let records = [record("1", 340, 360), record("1", 340, 360), record("2", 1040, 1060), record("3", 1040, 1060)];
        let scans: Vec<_> = [&right, &right, &left, &left].into_iter().zip(&records).collect();
        assert_eq!(pointing_game(&scans, 0.5), Some(1.));
        assert_eq!(pointing_by_chance(&scans, 0.5), Some(0.));
        // Three patients' maps peak in the same cell of their regions: another's hits as well.
        let same = [right.clone(), Heatmap { region: [1000., 100., 400., 200.], ..right.clone() }];
        let boxes = [record("1", 340, 360), record("2", 1340, 1360)];
        assert_eq!(pointing_by_chance(&same.iter().zip(&boxes).collect::<Vec<_>>(), 0.5), Some(1.));
        assert_eq!(pointing_by_chance(&scans[..2], 0.5), None, "there is no other patient");
        assert_eq!((pointing_game(&[], 1.), pointing_by_chance(&[], 1.)), (None, None));
    }
}
