//! What is computed at once: outputs at a few runs of positions, or products that are summed over positions.

/// Floats that are computed at once.
pub(in crate::nn) const LANES: usize = 16;
/// Outputs and weights whose products are summed at once.
pub(super) const DOT_OUTPUTS: usize = 4;
pub(super) const DOT_WEIGHTS: usize = 6;

/// Products of four planes of gradients with six runs of the padded image, summed over positions.
pub(super) struct Dots<'a> {
    /// From the first plane's first position on.
    pub(super) grad: &'a [f32],
    pub(super) grad_plane: usize,
    /// From the first position on.
    pub(super) x: &'a [f32],
    pub(super) offsets: [u32; DOT_WEIGHTS],
    pub(super) n_positions: usize,
}

/// Sixteen positions of a padded plane.
#[derive(Clone, Copy, Debug)]
pub(super) struct Block {
    /// Which of them are outputs.
    pub(super) mask: u16,
    /// Where in a plane of outputs the first of those is.
    pub(super) first: u32,
}

/// A few outputs at a few blocks of positions.
pub(super) struct Tile<'a> {
    /// From the first position on.
    pub(super) x: &'a [f32],
    pub(super) offsets: &'a [u32],
    /// (depth, outputs).
    pub(super) weights: &'a [f32],
    pub(super) blocks: &'a [Block],
    /// Whether only outputs can be read.
    pub(super) is_tight: bool,
    pub(super) shift: Option<&'a [f32]>,
    /// From the first output's plane on, as the outputs.
    pub(super) add: Option<&'a [f32]>,
    pub(super) relu: bool,
    /// Floats of a plane of outputs, and how many planes.
    pub(super) size_out: usize,
    pub(super) n_outputs: usize,
}
