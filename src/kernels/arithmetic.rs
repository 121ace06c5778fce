//! What every set of instructions computes, and the sizes that all of them share.

/// The largest activation: seven bits.
pub const MAX_ACTIVATION: u8 = 127;
/// Adding 1.5 · 2²³ leaves a float's integer part, rounded half to even, in its low bits.
pub const ROUNDER: f32 = 12_582_912.;
/// Output channels that are computed together: one packed block.
pub(super) const BLOCK: usize = 16;
/// Neighbouring input channels that one instruction multiplies and adds.
pub(super) const GROUP: usize = 4;
/// Weights of one group of inputs for one block of outputs: what lies between two groups of a packed block.
pub(super) const GROUP_STRIDE: usize = BLOCK * GROUP;

/// One way to multiply and add.
pub(super) trait Arithmetic {
    /// Pixels that are computed together.
    const PIXELS: usize;

    /// `sums[p][l] = Σ_tap Σ_k x[offsets[tap · PIXELS + p] + k] · w[tap][k / 4][l][k % 4]`, k below `depth`.
    ///
    /// # Safety
    /// `offset + depth ≤ x.len()` for each offset, `depth % GROUP == 0`, `w` holds `offsets.len() / PIXELS · depth ·
    /// BLOCK` bytes, `sums` holds `PIXELS` rows, and the machine has the instructions.
    unsafe fn tile(x: &[u8], offsets: &[u32], depth: usize, w: &[i8], sums: &mut [[i32; BLOCK]]);
}
