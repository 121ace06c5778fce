//! The sliders of a case: which settings there are, their limits, and in which words a position is said.

use crate::caption::Lesion;
use crate::phantom::case::{Case, MOST, MOST_SEED, MOST_TILT};

/// A setting of a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Setting {
    /// How much there is of a lesion.
    Lesion(Lesion),
    /// Strength of the speckle.
    Speckle,
    /// Tilt in degrees.
    Tilt,
    /// Brightness.
    Gain,
    /// Which eye.
    Seed,
}

/// In which words a position of a slider is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// Nothing of it.
    None,
    /// Up to a third.
    Slight,
    /// Up to two thirds.
    Moderate,
    /// More.
    Strong,
    /// A number of things.
    Number(u8),
    /// Degrees.
    Degrees(i8),
}

impl Setting {
    /// Those that are sliders, in the order of the panel: lesions first.
    pub fn sliders() -> impl Iterator<Item = Self> {
        Lesion::ALL.into_iter().map(Self::Lesion).chain([Self::Speckle, Self::Tilt, Self::Gain])
    }

    /// The value of `data-setting`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Lesion(lesion) => lesion.phrase(),
            Self::Speckle => "speckle",
            Self::Tilt => "tilt",
            Self::Gain => "gain",
            Self::Seed => "seed",
        }
    }

    /// The least and the largest value.
    pub fn limits(self) -> [i32; 2] {
        match self {
            Self::Tilt => [-i32::from(MOST_TILT), i32::from(MOST_TILT)],
            Self::Seed => [0, MOST_SEED as i32],
            Self::Lesion(_) | Self::Speckle | Self::Gain => [0, i32::from(MOST)],
        }
    }

    /// Its value in a case.
    pub fn of(self, case: &Case) -> i32 {
        match self {
            Self::Lesion(lesion) => i32::from(case.amount(lesion)),
            Self::Speckle => i32::from(case.speckle),
            Self::Tilt => i32::from(case.tilt),
            Self::Gain => i32::from(case.gain),
            Self::Seed => case.seed as i32,
        }
    }

    /// The case with another value of it, within its limits.
    pub fn set(self, case: Case, value: i32) -> Case {
        let [least, most] = self.limits();
        let value = value.clamp(least, most);
        match self {
            Self::Lesion(lesion) => case.with(lesion, value as u8),
            Self::Speckle => Case { speckle: value as u8, ..case },
            Self::Tilt => Case { tilt: value as i8, ..case },
            Self::Gain => Case { gain: value as u8, ..case },
            Self::Seed => Case { seed: value as u32, ..case },
        }
    }

    /// In which words its value in a case is said.
    pub fn level(self, case: &Case) -> Level {
        let value = self.of(case);
        match (self, value) {
            (Self::Tilt, _) => Level::Degrees(value as i8),
            (_, ..=0) => Level::None,
            (Self::Lesion(Lesion::HyperfluorescentSpots), n) => Level::Number(n as u8),
            (_, ..=3) => Level::Slight,
            (_, ..=6) => Level::Moderate,
            _ => Level::Strong,
        }
    }
}

/// A case with another eye: the next of a sequence that goes through all of them.
pub fn another_eye(case: Case) -> Case {
    // 7919 is prime and shares no factor with the number of seeds, 10,000.
    Case { seed: (case.seed + 7919) % (MOST_SEED + 1), ..case }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_slider_sets_what_it_reads_and_stays_within_its_limits() {
        for setting in Setting::sliders().chain([Setting::Seed]) {
            let [least, most] = setting.limits();
            for value in [least, most, (least + most) / 2 + 1] {
                let case = setting.set(Case::default(), value);
                assert_eq!(setting.of(&case), value, "{}", setting.name());
                assert_eq!(case.clamped(), case);
                let others = Setting::sliders().filter(|other| *other != setting);
                assert!(others.into_iter().all(|other| other.of(&case) == other.of(&Case::default())));
            }
            assert_eq!(setting.of(&setting.set(Case::default(), i32::MAX)), most);
        }
        assert_eq!(Setting::sliders().count(), Lesion::ALL.len() + 3);
    }

    #[test]
    fn positions_are_said_in_words() {
        let level = |setting: Setting, value| setting.level(&setting.set(Case::default(), value));
        let drusen = Setting::Lesion(Lesion::SoftDrusen);
        let said = [0, 1, 5, 10].map(|value| level(drusen, value));
        assert_eq!(said, [Level::None, Level::Slight, Level::Moderate, Level::Strong]);
        assert_eq!(level(Setting::Lesion(Lesion::HyperfluorescentSpots), 4), Level::Number(4));
        assert_eq!(level(Setting::Tilt, -3), Level::Degrees(-3));
        assert_eq!(level(Setting::Gain, 0), Level::None);
    }

    #[test]
    fn other_eyes_do_not_repeat_for_long() {
        let mut case = Case::default();
        let mut seen = std::collections::BTreeSet::new();
        for _ in 0..200 {
            assert!(seen.insert(case.seed) && case.seed <= MOST_SEED);
            case = another_eye(case);
        }
    }
}
