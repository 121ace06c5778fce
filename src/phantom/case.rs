//! What a person asks to be drawn, and what was drawn where: plain data, so that the page and its messages can hold it
//! without the code that draws. Each setting is a small whole number, as a slider gives it.

use serde::{Deserialize, Serialize};

use crate::caption::Lesion;

/// The largest amount of a lesion, of speckle and of gain.
pub const MOST: u8 = 10;
/// The largest tilt, to either side.
pub const MOST_TILT: i8 = 10;
/// The largest seed.
pub const MOST_SEED: u32 = 9999;

/// A case: one eye, and what is wrong with it and with its picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Case {
    /// Decides the eye, and the place and shape of whatever grows in it.
    pub seed: u32,
    /// How much there is of each lesion, in the order of [`Lesion::ALL`]: 0 for none, up to [`MOST`].
    pub lesions: [u8; Lesion::ALL.len()],
    /// Strength of the speckle, 0…[`MOST`].
    pub speckle: u8,
    /// Tilt in degrees, −[`MOST_TILT`]…[`MOST_TILT`]; above 0 the right side is the higher one.
    pub tilt: i8,
    /// Brightness, 0 (no light) to [`MOST`].
    pub gain: u8,
}

impl Default for Case {
    fn default() -> Self {
        Self { seed: 14, lesions: [0; Lesion::ALL.len()], speckle: 2, tilt: 0, gain: 6 }
    }
}

impl Case {
    /// The same with every setting within its limits.
    pub fn clamped(self) -> Self {
        Self {
            seed: self.seed.min(MOST_SEED),
            lesions: self.lesions.map(|amount| amount.min(MOST)),
            speckle: self.speckle.min(MOST),
            tilt: self.tilt.clamp(-MOST_TILT, MOST_TILT),
            gain: self.gain.min(MOST),
        }
    }

    /// How much there is of a lesion, 0…[`MOST`].
    pub fn amount(&self, lesion: Lesion) -> u8 {
        self.lesions[lesion as usize].min(MOST)
    }

    /// The same with another amount of a lesion.
    pub fn with(mut self, lesion: Lesion, amount: u8) -> Self {
        self.lesions[lesion as usize] = amount.min(MOST);
        self
    }

    /// The tilt in degrees.
    pub(super) fn tilt_degrees(&self) -> f32 {
        f32::from(self.clamped().tilt)
    }

    /// Standard deviation of the speckle as a share of the light: phantoms of `train phantom` have 0.06 to 0.3.
    pub(super) fn speckle_strength(&self) -> f32 {
        0.05 * f32::from(self.clamped().speckle)
    }

    /// The factor on all light: phantoms of `train phantom` have 0.72 to 1.15.
    pub(super) fn gain_factor(&self) -> f32 {
        0.155 * f32::from(self.clamped().gain)
    }
}

/// A lesion that was drawn, and the rectangle around it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DrawnLesion {
    /// Its phrase in captions.
    pub finding: String,
    /// Leftmost column, topmost row, rightmost column and lowest row: inclusive pixel coordinates.
    pub edges: [u32; 4],
}

impl DrawnLesion {
    /// x, y, width and height in pixels.
    pub fn region(&self) -> [f32; 4] {
        let [left, top, right, bottom] = self.edges.map(|edge| edge as f32);
        [left, top, right + 1. - left, bottom + 1. - top]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_stay_within_their_limits() {
        let wild = Case { seed: u32::MAX, lesions: [99; 9], speckle: 99, tilt: -99, gain: 99 }.clamped();
        assert_eq!(wild, Case { seed: MOST_SEED, lesions: [MOST; 9], speckle: MOST, tilt: -MOST_TILT, gain: MOST });
        let case = Case::default();
        assert_eq!(case.clamped(), case);
        assert_eq!(case.with(Lesion::Fluid, 99).amount(Lesion::Fluid), MOST);
        assert_eq!(case.with(Lesion::SoftDrusenPed, 3).lesions, [0, 0, 0, 0, 0, 0, 0, 0, 3]);
    }

    #[test]
    fn a_region_holds_both_of_its_edges() {
        let lesion = DrawnLesion { finding: "fluid".into(), edges: [2, 1, 9, 1] };
        assert_eq!(lesion.region(), [2., 1., 8., 1.]);
    }
}
