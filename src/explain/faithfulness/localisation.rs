//! A map against an area of the scan: an outlined lesion, or the retina. Both are given pixel by pixel (or cell by cell).

/// Share of the heat that lies inside (relevance mass accuracy, Arras et al. 2022); 0 for a map without heat. Negative values
/// count as none.
pub fn mass_inside(heat: &[f32], inside: &[bool]) -> f64 {
    let heat = || heat.iter().map(|v| f64::from(v.max(0.)));
    let total: f64 = heat().sum();
    let within: f64 = heat().zip(inside).filter(|(_, is_inside)| **is_inside).map(|(v, _)| v).sum();
    if total > 0. { within / total } else { 0. }
}

/// Of as many of the hottest pixels as there are inside, the share that is inside (relevance rank accuracy, Arras et al.
/// 2022). Of pixels with the same heat, of which only some are among the hottest, each counts by that share.
///
/// None if nothing is inside; 0 for a map without heat.
pub fn rank_inside(heat: &[f32], inside: &[bool]) -> Option<f64> {
    let n = count(inside);
    let mut hits = 0.;
    let mut n_taken = 0;
    for group in groups(heat, inside) {
        let n_left = n - n_taken;
        if n_left == 0 {
            break;
        }
        hits += group.n_inside as f64 * (n_left.min(group.n) as f64 / group.n as f64);
        n_taken += group.n.min(n_left);
    }
    (n > 0).then(|| if has_heat(heat) { hits / n as f64 } else { 0. })
}

/// Intersection over union of the hottest pixels and those inside, at the threshold where it is largest.
///
/// None if nothing is inside; 0 for a map without heat.
pub fn best_iou(heat: &[f32], inside: &[bool]) -> Option<f64> {
    let n = count(inside);
    let (mut n_hot, mut hits, mut best) = (0, 0, 0f64);
    for group in groups(heat, inside) {
        n_hot += group.n;
        hits += group.n_inside;
        // Pixels without heat are never marked.
        if group.heat > 0. {
            best = best.max(hits as f64 / (n_hot + n - hits) as f64);
        }
    }
    (n > 0).then_some(best)
}

/// Whether a hottest pixel is inside (the pointing game, Zhang et al. 2018); never for a map without heat.
pub fn peak_inside(heat: &[f32], inside: &[bool]) -> bool {
    has_heat(heat) && groups(heat, inside).next().is_some_and(|hottest| hottest.n_inside > 0)
}

fn count(inside: &[bool]) -> usize {
    inside.iter().filter(|is_inside| **is_inside).count()
}

fn has_heat(heat: &[f32]) -> bool {
    heat.iter().any(|v| *v > 0.)
}

/// Pixels of the same heat.
struct Group {
    heat: f32,
    n: usize,
    n_inside: usize,
}

/// Groups of pixels of the same heat, hottest first.
fn groups(heat: &[f32], inside: &[bool]) -> impl Iterator<Item = Group> {
    let mut pixels: Vec<(f32, bool)> = heat.iter().copied().zip(inside.iter().copied()).collect();
    pixels.sort_unstable_by(|a, b| b.0.total_cmp(&a.0));
    let mut start = 0;
    std::iter::from_fn(move || {
        let heat = pixels.get(start)?.0;
        let same = pixels[start..].iter().take_while(|(v, _)| *v == heat);
        let (n, n_inside) = same.fold((0, 0), |(n, hits), (_, hit)| (n + 1, hits + usize::from(*hit)));
        start += n;
        Some(Group { heat, n, n_inside })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const INSIDE: [bool; 6] = [false, true, true, false, false, false];

    #[test]
    fn a_perfect_map_scores_1_and_an_inverted_one_0() {
        let perfect = INSIDE.map(|is_inside| if is_inside { 0.7 } else { 0. });
        let inverted = INSIDE.map(|is_inside| if is_inside { 0. } else { 0.7 });
        let of = |heat: &[f32]| (mass_inside(heat, &INSIDE), rank_inside(heat, &INSIDE), best_iou(heat, &INSIDE));
        assert_eq!(of(&perfect), (1., Some(1.), Some(1.)));
        assert_eq!(of(&inverted), (0., Some(0.), Some(0.)));
        assert!(peak_inside(&perfect, &INSIDE) && !peak_inside(&inverted, &INSIDE));
    }

    #[test]
    fn between_them_the_figures_are_those_counted_by_hand() {
        let heat = [0.4, 0.5, 0.1, 0.2, 0., 0.];
        assert!((mass_inside(&heat, &INSIDE) - 0.5).abs() < 1e-6);
        // The two hottest are one inside and one outside.
        assert_eq!(rank_inside(&heat, &INSIDE), Some(0.5));
        // One of two at the threshold 0.5, and two of four at 0.1.
        assert_eq!(best_iou(&heat, &INSIDE), Some(0.5));
        assert!(peak_inside(&heat, &INSIDE));
    }

    #[test]
    fn pixels_of_the_same_heat_count_by_the_share_that_is_taken() {
        // Two are inside; of the four that share the largest heat, one is.
        assert_eq!(rank_inside(&[0.3, 0.3, 0., 0.3, 0.3, 0.], &INSIDE), Some(0.25));
        assert!(peak_inside(&[0.3, 0.3, 0., 0.3, 0.3, 0.], &INSIDE), "one of the hottest is inside");
    }

    #[test]
    fn a_map_without_heat_marks_nothing_and_an_empty_area_has_no_rank() {
        let empty = [0.; 6];
        assert_eq!((mass_inside(&empty, &INSIDE), best_iou(&empty, &INSIDE)), (0., Some(0.)));
        assert_eq!((rank_inside(&empty, &INSIDE), peak_inside(&empty, &INSIDE)), (Some(0.), false));
        assert_eq!((rank_inside(&[1.; 6], &[false; 6]), best_iou(&[1.; 6], &[false; 6])), (None, None));
    }
}
