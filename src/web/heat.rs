//! Visibility and opacity of the heatmap, as signals.

use leptos::prelude::*;

use crate::page::look::{DEFAULT_OPACITY_PERCENT, heat_opacity};

/// Visibility and opacity of the heatmap.
#[derive(Clone, Copy)]
pub struct Heat {
    /// Whether it is shown.
    pub is_on: RwSignal<bool>,
    /// How much of the scan the hottest cell covers, in percent.
    pub opacity_percent: RwSignal<u8>,
}

impl Heat {
    /// Shown, at the default opacity.
    pub fn new() -> Self {
        Self { is_on: RwSignal::new(true), opacity_percent: RwSignal::new(DEFAULT_OPACITY_PERCENT) }
    }

    /// How much of the scan the hottest cell covers now, 0…1.
    pub fn opacity(self) -> f64 {
        heat_opacity(self.is_on.get(), self.opacity_percent.get())
    }

    /// Shows it, or hides it.
    pub fn toggle(self) {
        self.is_on.update(|is_on| *is_on = !*is_on);
    }
}
