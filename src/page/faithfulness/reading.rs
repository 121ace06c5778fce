//! What measured curves and maps say, before it is put into words: how a map stands beside random orders, and its curves as
//! points of a drawing.

use crate::report::{Curve, MaskingCurves};

/// A class's probability that changes by less than this, whatever is hidden, says nothing about a map.
const LEAST_CHANGE: f32 = 0.05;
/// Maps whose ranks correlate less are different maps: the threshold of the rule that picks the default method.
const SAME_MAP: f64 = 0.5;

/// Width and height of a drawn curve.
pub const DRAWING: [f32; 2] = [200., 90.];

/// How a map stands beside random orders.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// The map is empty: nothing can be hidden first.
    Empty,
    /// The answer hardly changes whatever is hidden.
    Unmoved,
    /// Deletion and insertion are both better than in every random order.
    Better,
    /// Only one of them is.
    Partly,
    /// Neither is.
    NoBetter,
}

impl Standing {
    /// How the map of `curves` stands.
    pub fn of(curves: &MaskingCurves) -> Self {
        let MaskingCurves { deletion, insertion, random } = curves;
        let scores = || [deletion, insertion].into_iter().chain(random).flat_map(|curve| &curve.scores);
        let (least, most) = scores().fold((f32::MAX, f32::MIN), |(low, high), v| (low.min(*v), high.max(*v)));
        if most - least < LEAST_CHANGE {
            return Self::Unmoved;
        }
        // A random order is as random backwards, where its area as an insertion curve is the same.
        let wins =
            [random.iter().all(|other| deletion.auc < other.auc), random.iter().all(|other| insertion.auc > other.auc)];
        match wins {
            [true, true] => Self::Better,
            [false, false] => Self::NoBetter,
            _ => Self::Partly,
        }
    }

    /// The value of `data-standing`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::Unmoved => "unmoved",
            Self::Better => "better",
            Self::Partly => "partly",
            Self::NoBetter => "no-better",
        }
    }
}

/// Whether a map is another one with random weights, as it should be; `agreement` is the rank correlation of both.
pub fn is_other_map(agreement: f64) -> bool {
    agreement < SAME_MAP
}

/// Which of the two curves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The hottest cells are hidden first.
    Deletion,
    /// The hottest cells are shown first.
    Insertion,
}

impl Kind {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Deletion, Self::Insertion];

    /// The value of `data-kind`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Deletion => "deletion",
            Self::Insertion => "insertion",
        }
    }

    /// The map's curve.
    pub fn curve(self, curves: &MaskingCurves) -> &Curve {
        match self {
            Self::Deletion => &curves.deletion,
            Self::Insertion => &curves.insertion,
        }
    }

    /// The map's curve as points in a drawing of [`DRAWING`], `x,y` each: shares to the right, probability upwards.
    pub fn points(self, curves: &MaskingCurves) -> String {
        let Curve { shares, scores, .. } = self.curve(curves);
        points(shares.iter().copied().zip(scores.iter().copied()))
    }

    /// The same of the random orders. As insertion curves they are read from their ends.
    pub fn random_points(self, curves: &MaskingCurves) -> Vec<String> {
        let share = |share: f32| if self == Self::Insertion { 1. - share } else { share };
        let of = |curve: &Curve| points(curve.shares.iter().map(|s| share(*s)).zip(curve.scores.iter().copied()));
        curves.random.iter().map(of).collect()
    }
}

fn points(curve: impl Iterator<Item = (f32, f32)>) -> String {
    let [width, height] = DRAWING;
    curve.map(|(x, y)| format!("{:.1},{:.1}", x * width, (1. - y) * height)).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn curves(deletion: [f32; 3], insertion: [f32; 3], random: &[[f32; 3]]) -> MaskingCurves {
        let curve = |scores: [f32; 3]| Curve::new(vec![0., 0.5, 1.], scores.to_vec());
        MaskingCurves {
            deletion: curve(deletion),
            insertion: curve(insertion),
            random: random.iter().map(|scores| curve(*scores)).collect(),
        }
    }

    #[test]
    fn a_map_must_beat_every_random_order_in_both_curves() {
        let random = [[0.9, 0.5, 0.1], [0.9, 0.6, 0.1]];
        let of =
            |deletion: f32, insertion: f32| Standing::of(&curves([0.9, deletion, 0.1], [0.1, insertion, 0.9], &random));
        assert_eq!(
            [of(0.2, 0.8), of(0.5, 0.8), of(0.2, 0.6), of(0.7, 0.3)].map(Standing::name),
            ["better", "partly", "partly", "no-better"]
        );
    }

    #[test]
    fn an_answer_that_nothing_changes_says_nothing_about_the_map() {
        let still = curves([0.91, 0.9, 0.9], [0.9, 0.92, 0.91], &[[0.91, 0.91, 0.9]]);
        assert_eq!(Standing::of(&still), Standing::Unmoved);
    }

    #[test]
    fn curves_are_drawn_from_left_to_right_with_1_at_the_top() {
        let drawn = curves([1., 0.5, 0.], [0., 0.8, 1.], &[[1., 0.2, 0.]]);
        assert_eq!(Kind::Deletion.points(&drawn), "0.0,0.0 100.0,45.0 200.0,90.0");
        assert_eq!(Kind::Insertion.points(&drawn), "0.0,90.0 100.0,18.0 200.0,0.0");
        assert_eq!(Kind::Deletion.random_points(&drawn), ["0.0,0.0 100.0,72.0 200.0,90.0"]);
        assert_eq!(Kind::Insertion.random_points(&drawn), ["200.0,0.0 100.0,72.0 0.0,90.0"]);
    }
}
