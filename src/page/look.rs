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
    fn a_heatmap_that_is_off_covers_nothing() {
        assert_eq!((heat_opacity(true, 30), heat_opacity(false, 30)), (0.3, 0.0));
    }
}
