//! Deletion and insertion curves (Petsiuk et al. 2018) from the scores of a plan's masks.

use crate::report::{Curve, MaskPlan, MaskingCurves};

/// The curves of `plan`; `scores` are those of its masks, in their order.
///
/// None if there are fewer scores than masks.
pub fn curves(plan: &MaskPlan, scores: &[f32]) -> Option<MaskingCurves> {
    if scores.len() < plan.n_masks() {
        return None;
    }
    let (whole, hidden, n) = (scores[0], scores[1], plan.n_inner());
    let curve = |index: usize, [first, last]: [f32; 2]| {
        let inner = &scores[2 + index * n..][..n];
        let shares = (0..=plan.n_steps).map(|step| plan.n_taken(step) as f32 / plan.order.len().max(1) as f32);
        Curve::new(shares.collect(), [&[first], inner, &[last]].concat())
    };
    Some(MaskingCurves {
        deletion: curve(0, [whole, hidden]),
        insertion: curve(1, [hidden, whole]),
        random: (0..plan.random.len()).map(|i| curve(2 + i, [whole, hidden])).collect(),
    })
}

impl Curve {
    /// A curve with its area; `shares` rise.
    pub fn new(shares: Vec<f32>, scores: Vec<f32>) -> Self {
        let trapezoid = |(x, y): (&[f32], &[f32])| f64::from(x[1] - x[0]) * f64::from(y[0] + y[1]) / 2.;
        let auc = shares.windows(2).zip(scores.windows(2)).map(trapezoid).sum::<f64>() as f32;
        Self { shares, scores, auc }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::{Fill, Heatmap, MapMethod};

    const ROUNDING: f32 = 1e-5;

    /// A linear model: a hidden cell takes its weight from the score, which is 1 for the whole scan.
    fn score(weights: &[f32], hidden: &[u32]) -> f32 {
        let total: f32 = weights.iter().sum();
        1. - hidden.iter().map(|cell| weights[*cell as usize]).sum::<f32>() / total
    }

    fn of(map: &[f32], weights: &[f32]) -> MaskingCurves {
        let map = Heatmap {
            method: MapMethod::GradCam,
            target: String::new(),
            layer: String::new(),
            rows: 4,
            cols: map.len() / 4,
            values: map.to_vec(),
            peak: 1.,
            region: [0., 0., 1., 1.],
        };
        let plan = MaskPlan::new(&map, Fill::Blurred, 6, 5);
        let scores: Vec<f32> = (0..plan.n_masks()).map(|i| score(weights, &plan.mask(i).unwrap().hidden)).collect();
        assert_eq!(curves(&plan, &scores[1..]), None, "a score is missing");
        curves(&plan, &scores).unwrap()
    }

    #[test]
    fn areas_of_a_linear_model_are_those_of_the_closed_form() {
        // 16 cells of weights 1…16, hidden from the largest: after k cells Σ (17 − i) for i = 1…k is gone, of 136.
        let weights: Vec<f32> = (1..=16).map(|v| v as f32).collect();
        let perfect = of(&weights, &weights);
        let left = |k: f32| 1. - (17. * k - k * (k + 1.) / 2.) / 136.;
        let expected: f32 = (0..16).map(|k| (left(k as f32) + left(k as f32 + 1.)) / 32.).sum();
        assert!((perfect.deletion.auc - expected).abs() < ROUNDING, "{} and {expected}", perfect.deletion.auc);
        // Of a linear model, showing what was hidden gives what hiding took.
        assert!((perfect.insertion.auc - (1. - expected)).abs() < ROUNDING);
        assert_eq!((perfect.deletion.scores[0], perfect.deletion.scores[16]), (1., 0.));
        assert!((perfect.deletion.scores[1] - left(1.)).abs() < ROUNDING && perfect.deletion.shares[1] == 1. / 16.);

        let turned: Vec<f32> = weights.iter().map(|w| 17. - w).collect();
        let worst = of(&turned, &weights);
        assert!((worst.deletion.auc - perfect.insertion.auc).abs() < ROUNDING);
        assert!((worst.over_random_order() + perfect.over_random_order()).abs() < ROUNDING);
        let random = perfect.random_auc().unwrap();
        assert!(perfect.deletion.auc < random && random < perfect.insertion.auc, "random orders: {random}");
        assert!((random - 0.5).abs() < 0.1);
    }

    #[test]
    fn one_cell_that_decides_gives_the_extreme_areas() {
        let mut weights = [0.; 16];
        weights[5] = 1.;
        let perfect = of(&weights, &weights);
        // The score falls from 1 to 0 in the first of 16 steps.
        assert!(
            (perfect.deletion.auc - 1. / 32.).abs() < ROUNDING && (perfect.insertion.auc - 31. / 32.).abs() < ROUNDING
        );
    }
}
