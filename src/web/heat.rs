//! Visibility, opacity and scale of the heatmap, as signals.

use leptos::prelude::*;

use crate::page::look::{DEFAULT_OPACITY_PERCENT, heat_opacity, is_heat_shown};
use crate::page::picture::HeatScale;

/// Visibility, opacity and scale of the heatmap.
#[derive(Clone, Copy)]
pub struct Heat {
    is_wanted: RwSignal<bool>,
    is_folded: Signal<bool>,
    /// How much of the scan the hottest cell covers, in percent.
    pub opacity_percent: RwSignal<u8>,
    /// What its colours are compared with, where there is a choice.
    pub scale: RwSignal<HeatScale>,
}

impl Heat {
    /// Wanted, at the default opacity and scale; `is_folded` says whether the answer is folded that it belongs to.
    pub fn new(is_folded: Signal<bool>) -> Self {
        Self {
            is_wanted: RwSignal::new(true),
            is_folded,
            opacity_percent: RwSignal::new(DEFAULT_OPACITY_PERCENT),
            scale: RwSignal::new(HeatScale::default()),
        }
    }

    /// Whether it is shown.
    pub fn is_on(self) -> bool {
        is_heat_shown(self.is_wanted.get(), self.is_folded.get())
    }

    /// Whether it is folded with its answer, and cannot be shown by itself.
    pub fn is_folded(self) -> bool {
        self.is_folded.get()
    }

    /// How much of the scan the hottest cell covers now, 0…1.
    pub fn opacity(self) -> f64 {
        heat_opacity(self.is_on(), self.opacity_percent.get())
    }

    /// Whether it is shown unless its answer is folded.
    pub fn is_wanted(self) -> bool {
        self.is_wanted.get()
    }

    /// Shows it or hides it, whether or not its answer is folded.
    pub fn want(self, is_on: bool) {
        self.is_wanted.set(is_on);
    }

    /// Shows it or hides it; not while its answer is folded.
    pub fn set(self, is_on: bool) {
        if !self.is_folded.get_untracked() {
            self.is_wanted.set(is_on);
        }
    }

    /// Shows it where it is hidden, and hides it where it is shown.
    pub fn toggle(self) {
        self.set(!self.is_wanted.get_untracked());
    }
}
