//! Visibility and opacity of the heatmap, as signals.

use leptos::prelude::*;

use crate::page::look::{DEFAULT_OPACITY_PERCENT, HeatSwitch, heat_opacity};
use crate::protocol::ScanId;

/// Visibility and opacity of the heatmap.
#[derive(Clone, Copy)]
pub struct Heat {
    switch: RwSignal<HeatSwitch>,
    not_a_scan: Signal<Option<ScanId>>,
    /// How much of the scan the hottest cell covers, in percent.
    pub opacity_percent: RwSignal<u8>,
}

impl Heat {
    /// Shown, at the default opacity; `not_a_scan` is what is shown where that is not a scan.
    pub fn new(not_a_scan: Signal<Option<ScanId>>) -> Self {
        Self {
            switch: RwSignal::new(HeatSwitch::ON),
            not_a_scan,
            opacity_percent: RwSignal::new(DEFAULT_OPACITY_PERCENT),
        }
    }

    /// Whether it is shown.
    pub fn is_on(self) -> bool {
        self.switch.get().is_on(self.not_a_scan.get())
    }

    /// How much of the scan the hottest cell covers now, 0…1.
    pub fn opacity(self) -> f64 {
        heat_opacity(self.is_on(), self.opacity_percent.get())
    }

    /// Shows it or hides it.
    pub fn set(self, is_on: bool) {
        let not_a_scan = self.not_a_scan.get_untracked();
        self.switch.update(|switch| switch.set(not_a_scan, is_on));
    }

    /// Shows it where it is hidden, and hides it where it is shown.
    pub fn toggle(self) {
        let is_on = self.switch.get_untracked().is_on(self.not_a_scan.get_untracked());
        self.set(!is_on);
    }
}
