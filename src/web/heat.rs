//! Visibility, opacity, scale and colours of the heatmap, as signals.

use leptos::prelude::*;

use crate::page::look::{
    DEFAULT_OPACITY_PERCENT, HeatForm, heat_opacity, is_heat_shown, stepped_opacity, toggled_heat,
};
use crate::page::picture::HeatScale;
use crate::render::{Paint, Palette, Ramp};

/// Visibility, opacity, scale and colours of the heatmap.
#[derive(Clone, Copy)]
pub struct Heat {
    is_wanted: RwSignal<bool>,
    is_folded: Signal<bool>,
    opacity_percent: RwSignal<u8>,
    /// The last opacity at which it could be seen.
    seen_percent: StoredValue<u8>,
    /// What its colours are compared with, where there is a choice.
    pub scale: RwSignal<HeatScale>,
    /// What is below is not drawn, in percent of the scale.
    pub threshold_percent: RwSignal<u8>,
    /// Its colours.
    pub palette: RwSignal<Palette>,
    /// How it is drawn.
    pub form: RwSignal<HeatForm>,
}

impl Heat {
    /// Wanted, at the default opacity and scale; `is_folded` says whether the answer is folded that it belongs to.
    pub fn new(is_folded: Signal<bool>) -> Self {
        Self {
            is_wanted: RwSignal::new(true),
            is_folded,
            opacity_percent: RwSignal::new(DEFAULT_OPACITY_PERCENT),
            seen_percent: StoredValue::new(DEFAULT_OPACITY_PERCENT),
            scale: RwSignal::default(),
            threshold_percent: RwSignal::new(0),
            palette: RwSignal::default(),
            form: RwSignal::default(),
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

    /// The same where it is shown, in percent.
    pub fn opacity_percent(self) -> u8 {
        self.opacity_percent.get()
    }

    /// Shows it at an opacity in percent; not while its answer is folded.
    pub fn set_opacity(self, percent: u8) {
        if !self.is_folded.get_untracked() {
            if percent > 0 {
                self.seen_percent.set_value(percent);
            }
            self.opacity_percent.set(percent);
            self.is_wanted.set(true);
        }
    }

    /// Shows it fainter or stronger, in steps.
    pub fn step_opacity(self, steps: i8) {
        self.set_opacity(stepped_opacity(self.opacity_percent.get_untracked(), steps));
    }

    /// Shows it or hides it; not while its answer is folded.
    pub fn set(self, is_on: bool) {
        if is_on && self.opacity_percent.get_untracked() == 0 {
            self.toggle();
        } else if !self.is_folded.get_untracked() {
            self.is_wanted.set(is_on);
        }
    }

    /// Shows it where it is hidden or has no opacity, and hides it where it is shown.
    pub fn toggle(self) {
        if !self.is_folded.get_untracked() {
            let (is_wanted, percent) = (self.is_wanted.get_untracked(), self.opacity_percent.get_untracked());
            let (is_wanted, percent) = toggled_heat(is_wanted, percent, self.seen_percent.get_value());
            self.opacity_percent.set(percent);
            self.is_wanted.set(is_wanted);
        }
    }

    /// How a map of `ramp` is painted by it.
    pub fn paint(self, ramp: Ramp, gain: f32) -> Paint {
        let threshold = f32::from(self.threshold_percent.get()) / 100.;
        Paint { palette: self.palette.get(), threshold, ..Paint::new(ramp, gain) }
    }
}
