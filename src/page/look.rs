//! Light or dark, and whether and how strongly the heatmap covers the scan.

use crate::protocol::ScanId;

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

/// Whether the heatmap is shown. On what is not a scan it is off until a visitor asks for it, there alone: a heatmap on noise
/// looks like a finding.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct HeatSwitch {
    is_on: bool,
    /// What is not a scan, and has the heatmap on nevertheless.
    exception: Option<ScanId>,
}

impl HeatSwitch {
    /// On.
    pub const ON: Self = Self { is_on: true, exception: None };

    /// Whether the heatmap is shown; `not_a_scan` is what is shown where that is not a scan.
    pub fn is_on(self, not_a_scan: Option<ScanId>) -> bool {
        match not_a_scan {
            Some(id) => self.exception == Some(id),
            None => self.is_on,
        }
    }

    /// Shows or hides the heatmap.
    pub fn set(&mut self, not_a_scan: Option<ScanId>, is_on: bool) {
        match not_a_scan {
            Some(id) => self.exception = is_on.then_some(id),
            None => self.is_on = is_on,
        }
    }
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
    fn on_what_is_not_a_scan_the_heatmap_is_off_until_it_is_asked_for() {
        let mut heat = HeatSwitch::ON;
        assert!(heat.is_on(None) && !heat.is_on(Some(1)));
        heat.set(Some(1), true);
        assert!(heat.is_on(Some(1)) && !heat.is_on(Some(2)));
        heat.set(Some(1), false);
        assert!(heat.is_on(None) && !heat.is_on(Some(1)), "scans keep theirs");
        heat.set(None, false);
        assert!(!heat.is_on(None) && !heat.is_on(Some(1)));
    }

    #[test]
    fn a_heatmap_that_is_off_covers_nothing() {
        assert_eq!((heat_opacity(true, 30), heat_opacity(false, 30)), (0.3, 0.0));
    }
}
