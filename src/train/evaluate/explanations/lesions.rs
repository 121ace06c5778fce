//! Where a record's lesions lie on its scan, pixel by pixel, and how large they are.

use crate::bundle::card::LesionSize;
use crate::caption::finding;
use crate::scan::Scan;
use crate::train::data::lesion_box::LesionBox;
use crate::train::data::record::Record;

/// The lesions of a scan. Each area has one value per pixel, row by row.
pub(super) struct Lesions {
    /// Inside of an outline, or of a box where there is no outline.
    pub outlined: Vec<bool>,
    /// The same, widened by a margin on every side.
    pub widened: Vec<bool>,
    /// Inside of a box around a lesion.
    pub boxed: Vec<bool>,
    /// Share of the scan's pixels that are outlined.
    pub share: f64,
}

/// The lesions of `record` that a diseased eye alone has.
pub(super) fn of(record: &Record) -> impl Iterator<Item = &LesionBox> {
    record.boxes.iter().filter(|b| !finding::IN_HEALTHY.contains(&b.finding))
}

impl Lesions {
    /// `margin` is in pixels, across and down. None if none of `lesions` lies on the scan.
    pub(super) fn new<'l>(lesions: impl Iterator<Item = &'l LesionBox>, scan: &Scan, margin: [f32; 2]) -> Option<Self> {
        let (width, height) = (scan.width, scan.height);
        let mut outlined = vec![false; width * height];
        let mut boxed = outlined.clone();
        for lesion in lesions {
            for y in lesion.ymin as usize..height.min(lesion.ymax as usize + 1) {
                for x in lesion.xmin as usize..width.min(lesion.xmax as usize + 1) {
                    boxed[y * width + x] = true;
                    outlined[y * width + x] |= lesion.covers(x, y);
                }
            }
        }
        let n = outlined.iter().filter(|is_inside| **is_inside).count();
        let share = n as f64 / outlined.len() as f64;
        (n > 0).then(|| Self {
            widened: widened(&outlined, width, margin.map(|m| m.round() as usize)),
            outlined,
            boxed,
            share,
        })
    }
}

/// Pixels within `reach` (across, down) of one that is inside.
fn widened(inside: &[bool], width: usize, [across, down]: [usize; 2]) -> Vec<bool> {
    let height = inside.len() / width;
    let mut rows = vec![false; inside.len()];
    for (i, _) in inside.iter().enumerate().filter(|(_, is_inside)| **is_inside) {
        let (x, y) = (i % width, i / width);
        rows[y * width + x.saturating_sub(across)..=y * width + (x + across).min(width - 1)].fill(true);
    }
    let mut all = vec![false; inside.len()];
    for (y, row) in rows.chunks_exact(width).enumerate() {
        for near in y.saturating_sub(down)..=(y + down).min(height - 1) {
            all[near * width..][..width].iter_mut().zip(row).for_each(|(near, is_inside)| *near |= is_inside);
        }
    }
    all
}

/// The tercile of each scan by the share of it that lesions cover; scans of equal shares are divided in their order.
pub(super) fn terciles(shares: &[f64]) -> Vec<LesionSize> {
    let mut order: Vec<usize> = (0..shares.len()).collect();
    order.sort_by(|a, b| shares[*a].total_cmp(&shares[*b]));
    let mut sizes = vec![LesionSize::Small; shares.len()];
    for (place, i) in order.into_iter().enumerate() {
        sizes[i] = [LesionSize::Small, LesionSize::Middle, LesionSize::Large][3 * place / shares.len()];
    }
    sizes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::caption::Caption;
    use crate::train::data::record::SourceKind;

    fn lesion(finding: &'static str, [xmin, ymin, xmax, ymax]: [u32; 4], outline: Vec<[f32; 2]>) -> LesionBox {
        LesionBox { finding, xmin, ymin, xmax, ymax, outline }
    }

    fn lesions(boxes: Vec<LesionBox>) -> Option<Lesions> {
        let record = Record {
            path: "".into(),
            name: String::new(),
            source: SourceKind::Kermany,
            patient: String::new(),
            label: "AMD".into(),
            caption: Caption::default(),
            annotated: vec![],
            boxes,
        };
        let scan = Scan::of_pixels(10, 8, vec![0; 80]);
        Lesions::new(of(&record), &scan, [1., 2.])
    }

    #[test]
    fn areas_are_those_of_outlines_boxes_and_margins() {
        let triangle = vec![[0., 0.], [4., 4.], [0., 4.]];
        let found = lesions(vec![
            lesion("drusen", [0, 0, 3, 3], triangle),
            lesion("fluid", [8, 6, 12, 9], vec![]),
            lesion(finding::POSTERIOR_VITREOUS_DETACHMENT, [0, 0, 9, 7], vec![]),
        ])
        .unwrap();
        let count = |area: &[bool]| area.iter().filter(|is_inside| **is_inside).count();
        // Of the second box, four pixels lie on the scan.
        assert_eq!(count(&found.boxed), 16 + 4);
        let n_outlined = count(&found.outlined);
        assert!((6 + 4..=10 + 4).contains(&n_outlined), "{n_outlined}");
        assert_eq!(found.share, n_outlined as f64 / 80.);
        let at = |area: &[bool], x: usize, y: usize| area[y * 10 + x];
        assert!(at(&found.widened, 7, 4) && !at(&found.widened, 6, 4) && !at(&found.widened, 7, 3));
        assert!(!at(&found.outlined, 7, 6) && at(&found.outlined, 8, 7));
    }

    #[test]
    fn a_scan_without_a_lesion_on_it_has_no_area() {
        assert!(lesions(vec![]).is_none());
        assert!(lesions(vec![lesion(finding::POSTERIOR_VITREOUS_DETACHMENT, [0, 0, 9, 7], vec![])]).is_none());
        assert!(lesions(vec![lesion("drusen", [20, 20, 30, 30], vec![])]).is_none());
    }

    #[test]
    fn terciles_are_of_equal_number_and_by_size() {
        use LesionSize::{Large, Middle, Small};
        assert_eq!(terciles(&[0.5, 0.1, 0.3, 0.2, 0.9, 0.4]), [Large, Small, Middle, Small, Large, Middle]);
        assert_eq!(terciles(&[0.1]), [Small]);
        assert!(terciles(&[]).is_empty());
    }
}
