//! The colours of heatmaps. Every palette gets evenly brighter, so that it can be read without its hues: by colour-blind eyes, and
//! on paper.

/// Whose evidence a map is: by its colours, and by a pattern that lasts without them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Ramp {
    /// Of the class that is the answer: Matplotlib's inferno.
    #[default]
    Answer,
    /// Of another class: from black over blue and green to white, in diagonal stripes.
    Other,
    /// Of a finding: from black over violet to white, in upright stripes.
    Finding,
}

impl Ramp {
    /// Of a map for class `target` where `answer` is the answer.
    pub fn of(target: &str, answer: &str) -> Self {
        if target == answer { Self::Answer } else { Self::Other }
    }

    /// The colour of a heatmap value; below 0 and above 1 it is clamped.
    pub fn colour(self, value: f32) -> [u8; 3] {
        match self {
            Self::Answer => inferno(value),
            Self::Other => between(&OTHER_COLOURS, value),
            Self::Finding => between(&FINDING_COLOURS, value),
        }
    }

    /// Whether a drawn pixel lies on a thin stripe, `stripe` pixels wide.
    pub(super) fn is_thin(self, [x, y]: [usize; 2], stripe: usize) -> bool {
        match self {
            Self::Answer => false,
            Self::Other => (x + y) / stripe % 2 == 1,
            Self::Finding => x / stripe % 2 == 1,
        }
    }
}

/// Evenly spaced colours of [`Ramp::Other`], each brighter than the one before.
const OTHER_COLOURS: [[u8; 3]; 5] = [[0, 4, 10], [8, 48, 96], [14, 112, 134], [82, 190, 168], [236, 255, 244]];

/// Those of [`Ramp::Finding`].
const FINDING_COLOURS: [[u8; 3]; 5] = [[4, 0, 12], [48, 20, 110], [116, 68, 214], [180, 148, 255], [246, 240, 255]];

/// The colour between evenly spaced ones.
fn between(colours: &[[u8; 3]], value: f32) -> [u8; 3] {
    let position = value.clamp(0.0, 1.0) * (colours.len() - 1) as f32;
    let lower = (position as usize).min(colours.len() - 2);
    let share = position - lower as f32;
    let mixed = |c: usize| f32::from(colours[lower][c]) * (1.0 - share) + f32::from(colours[lower + 1][c]) * share;
    [0, 1, 2].map(|c| mixed(c).round() as u8)
}

/// The colour of a heatmap value, of Matplotlib's inferno; below 0 and above 1 it is clamped.
pub fn inferno(value: f32) -> [u8; 3] {
    colorous::INFERNO.eval_continuous(f64::from(value.clamp(0.0, 1.0))).into_array()
}

/// The colours that a visitor wants heatmaps in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Palette {
    /// Those of the map's [`Ramp`]: whose evidence it is can be seen.
    #[default]
    Standard,
    /// Matplotlib's viridis, from violet over green to yellow.
    Viridis,
    /// Cividis, from blue to yellow: it looks the same to red-green blind eyes (Nuñez et al. 2018).
    Cividis,
}

impl Palette {
    /// All, the default first.
    pub const ALL: [Self; 3] = [Self::Standard, Self::Viridis, Self::Cividis];

    /// The value of `data-palette`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Standard => "standard",
            Self::Viridis => "viridis",
            Self::Cividis => "cividis",
        }
    }

    /// The palette of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|palette| palette.name() == name)
    }

    /// The colour of a value of a map of `ramp`; below 0 and above 1 it is clamped.
    pub fn colour(self, ramp: Ramp, value: f32) -> [u8; 3] {
        let value_of = |gradient: colorous::Gradient| gradient.eval_continuous(f64::from(value.clamp(0.0, 1.0)));
        match self {
            Self::Standard => ramp.colour(value),
            Self::Viridis => value_of(colorous::VIRIDIS).into_array(),
            Self::Cividis => value_of(colorous::CIVIDIS).into_array(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Relative luminance (WCAG 2).
    fn luminance(colour: [u8; 3]) -> f32 {
        let linear = colour.map(|c| {
            let c = f32::from(c) / 255.;
            if c <= 0.04045 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) }
        });
        0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    }

    #[test]
    fn every_palette_gets_brighter_from_end_to_end() {
        for palette in Palette::ALL {
            for ramp in [Ramp::Answer, Ramp::Other, Ramp::Finding] {
                let at = |i: usize| luminance(palette.colour(ramp, i as f32 / 20.));
                assert!((0..20).all(|i| at(i) < at(i + 1)), "{palette:?} {ramp:?}");
            }
            assert_eq!(Palette::from_name(palette.name()), Some(palette));
        }
    }

    #[test]
    fn the_standard_palette_says_whose_evidence_it_is() {
        let of = |palette: Palette, ramp| palette.colour(ramp, 0.6);
        assert_eq!(of(Palette::Standard, Ramp::Answer), inferno(0.6));
        assert_ne!(of(Palette::Standard, Ramp::Other), of(Palette::Standard, Ramp::Answer));
        assert_eq!(
            of(Palette::Viridis, Ramp::Other),
            of(Palette::Viridis, Ramp::Answer),
            "stripes and label still say so"
        );
    }
}
