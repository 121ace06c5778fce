//! How much of each change of appearance training sees: one option each, so that each can be left out.

use clap::Args;
use serde::{Deserialize, Serialize};

/// How much of each change there is: 0 none, 1 the usual.
#[derive(Args, Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Appearance {
    /// Strength of changed aspect, curvature and field of view in training, 0 for none (0).
    #[arg(long, default_value_t = 1.0, default_value_if("preset", "paper", "0"))]
    pub vary_field: f32,
    /// The same of speckle and a noise floor (0).
    #[arg(long, default_value_t = 1.0, default_value_if("preset", "paper", "0"))]
    pub vary_speckle: f32,
    /// The same of averaging, which takes speckle away (0).
    #[arg(long, default_value_t = 1.0, default_value_if("preset", "paper", "0"))]
    pub vary_averaging: f32,
    /// The same of uneven light and gain that falls off with depth (0).
    #[arg(long, default_value_t = 1.0, default_value_if("preset", "paper", "0"))]
    pub vary_light: f32,
    /// The same of shadows of vessels and opacities (0).
    #[arg(long, default_value_t = 1.0, default_value_if("preset", "paper", "0"))]
    pub vary_shadows: f32,
    /// The same of a lower resolution (0).
    #[arg(long, default_value_t = 1.0, default_value_if("preset", "paper", "0"))]
    pub vary_resolution: f32,
    /// The same of black wedges at the borders (0).
    #[arg(long, default_value_t = 1.0, default_value_if("preset", "paper", "0"))]
    pub vary_wedges: f32,
    /// The same of small bright marks, as of text (0).
    #[arg(long, default_value_t = 1.0, default_value_if("preset", "paper", "0"))]
    pub vary_marks: f32,
    /// The same of JPEG's compression (0).
    #[arg(long, default_value_t = 1.0, default_value_if("preset", "paper", "0"))]
    pub vary_compression: f32,
    /// The same of another scan's contrast (0).
    #[arg(long, default_value_t = 1.0, default_value_if("preset", "paper", "0"))]
    pub vary_contrast: f32,
}

impl Appearance {
    /// Whether there is no change at all, as in runs of before there were any.
    pub(super) fn is_none(&self) -> bool {
        *self == Self::default()
    }

    /// Each strength with its option.
    pub fn strengths(&self) -> [(&'static str, f32); 10] {
        [
            ("--vary-field", self.vary_field),
            ("--vary-speckle", self.vary_speckle),
            ("--vary-averaging", self.vary_averaging),
            ("--vary-light", self.vary_light),
            ("--vary-shadows", self.vary_shadows),
            ("--vary-resolution", self.vary_resolution),
            ("--vary-wedges", self.vary_wedges),
            ("--vary-marks", self.vary_marks),
            ("--vary-compression", self.vary_compression),
            ("--vary-contrast", self.vary_contrast),
        ]
    }
}
