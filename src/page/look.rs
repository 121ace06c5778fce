//! Light or dark, and whether and how strongly the heatmap covers the scan.

/// The share of the scan that the hottest cell covers, in percent, until a visitor moves the slider.
pub const DEFAULT_OPACITY_PERCENT: u8 = 55;

/// Light or dark.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Theme {
    /// The system's setting.
    System,
    /// Light.
    Light,
    /// Dark.
    Dark,
}

impl Theme {
    const ALL: [Self; 3] = [Self::System, Self::Light, Self::Dark];

    /// The value of `data-theme`, and of the stored setting.
    pub fn name(self) -> &'static str {
        match self {
            Theme::System => "system",
            Theme::Light => "light",
            Theme::Dark => "dark",
        }
    }

    /// The theme of a name; [`Theme::System`] for any other name.
    pub fn from_name(name: &str) -> Self {
        Self::ALL.into_iter().find(|theme| theme.name() == name).unwrap_or(Theme::System)
    }

    /// The next theme on the switch.
    pub fn next(self) -> Self {
        match self {
            Theme::System => Theme::Light,
            Theme::Light => Theme::Dark,
            Theme::Dark => Theme::System,
        }
    }
}

/// Whether the heatmap is shown: where a visitor wants it, and the answer that it belongs to is not folded.
pub fn is_heat_shown(is_wanted: bool, is_folded: bool) -> bool {
    is_wanted && !is_folded
}

/// How a heatmap is drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum HeatForm {
    /// Coloured through and through.
    #[default]
    Filled,
    /// As outlines, which leave the scan below them as it is.
    Outlines,
}

impl HeatForm {
    /// Both, the default first.
    pub const ALL: [Self; 2] = [Self::Filled, Self::Outlines];

    /// The value of `data-form`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Filled => "filled",
            Self::Outlines => "outlines",
        }
    }

    /// The other one.
    pub fn other(self) -> Self {
        if self == Self::Filled { Self::Outlines } else { Self::Filled }
    }
}

/// Whether a heatmap is wanted, and its opacity in percent, after its key or switch: one that is hidden is shown, and so is one
/// that is shown without any opacity, with that which it had `before`.
pub fn toggled_heat(is_wanted: bool, opacity_percent: u8, before: u8) -> (bool, u8) {
    match (is_wanted, opacity_percent) {
        (_, 0) => (true, if before == 0 { DEFAULT_OPACITY_PERCENT } else { before }),
        (is_wanted, percent) => (!is_wanted, percent),
    }
}

/// What a step of its key adds to the opacity, in percent.
const OPACITY_STEP: i16 = 10;

/// An opacity in percent after steps of its keys.
pub fn stepped_opacity(percent: u8, steps: i8) -> u8 {
    (i16::from(percent) + i16::from(steps) * OPACITY_STEP).clamp(0, 100) as u8
}

/// How strongly the heatmap covers the scan, 0…1.
pub fn heat_opacity(is_heat_on: bool, opacity_percent: u8) -> f64 {
    if is_heat_on { f64::from(opacity_percent) / 100.0 } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_switch_goes_through_every_theme_and_back() {
        let seen = [Theme::System, Theme::System.next(), Theme::System.next().next()];
        assert_eq!(seen, Theme::ALL);
        assert_eq!(seen[2].next(), seen[0]);
        assert!(Theme::ALL.into_iter().all(|theme| Theme::from_name(theme.name()) == theme));
        assert_eq!(Theme::from_name("sepia"), Theme::System);
    }

    #[test]
    fn a_folded_answer_shows_no_heatmap() {
        let shown = [(true, false), (true, true), (false, false)].map(|(wanted, folded)| is_heat_shown(wanted, folded));
        assert_eq!(shown, [true, false, false]);
    }

    #[test]
    fn a_heatmap_without_opacity_can_be_left_by_its_key() {
        assert_eq!((toggled_heat(true, 55, 55), toggled_heat(false, 55, 55)), ((false, 55), (true, 55)));
        assert_eq!(
            [(true, 30), (false, 30), (true, 0)].map(|(is_on, before)| toggled_heat(is_on, 0, before)),
            [(true, 30), (true, 30), (true, DEFAULT_OPACITY_PERCENT)]
        );
    }

    #[test]
    fn opacity_goes_in_steps_from_nothing_to_all() {
        assert_eq!([(55, 1), (95, 1), (5, -1)].map(|(percent, by)| stepped_opacity(percent, by)), [65, 100, 0]);
        assert_eq!(HeatForm::ALL.map(HeatForm::other), [HeatForm::Outlines, HeatForm::Filled]);
    }

    #[test]
    fn a_heatmap_that_is_off_covers_nothing() {
        assert_eq!((heat_opacity(true, 30), heat_opacity(false, 30)), (0.3, 0.0));
    }
}
