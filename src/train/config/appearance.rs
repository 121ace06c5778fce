//! The strength of each change of appearance in training: one option each, so that each can be switched off.

use clap::Args;
use serde::{Deserialize, Serialize};

use super::number::strength;

/// Strengths of the changes: 0 for none, 1 for the default.
#[derive(Args, Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Appearance {
    /// Strength of changes of aspect, curvature and field of view in training, 0 for none (0).
    #[arg(long, value_parser = strength, default_value_t = 1.0, default_value_if("preset", "paper", "0"))]
    pub vary_field: f32,
    /// The same for speckle and a noise floor (0).
    #[arg(long, value_parser = strength, default_value_t = 1.0, default_value_if("preset", "paper", "0"))]
    pub vary_speckle: f32,
    /// The same for averaging, which smooths speckle (0).
    #[arg(long, value_parser = strength, default_value_t = 1.0, default_value_if("preset", "paper", "0"))]
    pub vary_averaging: f32,
    /// The same for uneven light and gain that changes with depth (0).
    #[arg(long, value_parser = strength, default_value_t = 1.0, default_value_if("preset", "paper", "0"))]
    pub vary_light: f32,
    /// The same for shadows of vessels and opacities (0).
    #[arg(long, value_parser = strength, default_value_t = 1.0, default_value_if("preset", "paper", "0"))]
    pub vary_shadows: f32,
    /// The same for a lower resolution (0).
    #[arg(long, value_parser = strength, default_value_t = 1.0, default_value_if("preset", "paper", "0"))]
    pub vary_resolution: f32,
    /// The same for black wedges at the borders (0).
    #[arg(long, value_parser = strength, default_value_t = 1.0, default_value_if("preset", "paper", "0"))]
    pub vary_wedges: f32,
    /// The same for small bright marks, like those of text (0).
    #[arg(long, value_parser = strength, default_value_t = 1.0, default_value_if("preset", "paper", "0"))]
    pub vary_marks: f32,
    /// The same for JPEG compression (0).
    #[arg(long, value_parser = strength, default_value_t = 1.0, default_value_if("preset", "paper", "0"))]
    pub vary_compression: f32,
    /// The same for the contrast of another scan (0).
    #[arg(long, value_parser = strength, default_value_t = 1.0, default_value_if("preset", "paper", "0"))]
    pub vary_contrast: f32,
}

impl Appearance {
    /// Whether nothing is changed, as in runs from before these options.
    pub(super) fn is_none(&self) -> bool {
        *self == Self::default()
    }
}
