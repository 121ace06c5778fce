//! Random numbers and curves that are the same on every machine: ChaCha bits, and arithmetic that IEEE 754 fixes to the
//! last bit (no `sin`, no `exp`). Knows nothing of eyes.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};

/// A random stream that depends on its three numbers only.
pub(super) struct Rng(ChaCha8Rng);

impl Rng {
    /// The stream of a seed, the index of what is drawn, and what the stream is for.
    pub(super) fn new(seed: u64, index: u64, purpose: u64) -> Self {
        let mut key = [0; 32];
        key[..8].copy_from_slice(&seed.to_le_bytes());
        key[8..16].copy_from_slice(&index.to_le_bytes());
        key[16..24].copy_from_slice(&purpose.to_le_bytes());
        Self(ChaCha8Rng::from_seed(key))
    }

    /// Raw bits.
    pub(super) fn bits(&mut self) -> u32 {
        self.0.next_u32()
    }

    /// Uniform in `from..to`.
    pub(super) fn between(&mut self, from: f32, to: f32) -> f32 {
        from + (to - from) * ((self.bits() >> 8) as f32 / 16_777_216.0)
    }

    /// An integer, uniform in `from..=to`.
    pub(super) fn integer(&mut self, from: usize, to: usize) -> usize {
        from + ((u64::from(self.bits()) * (to - from + 1) as u64) >> 32) as usize
    }

    /// True with probability `share`.
    pub(super) fn chance(&mut self, share: f32) -> bool {
        self.between(0.0, 1.0) < share
    }

    /// One or minus one.
    pub(super) fn sign(&mut self) -> f32 {
        if self.chance(0.5) { 1.0 } else { -1.0 }
    }

    /// Shuffles in place.
    pub(super) fn shuffle<T>(&mut self, things: &mut [T]) {
        for i in (1..things.len()).rev() {
            things.swap(i, self.integer(0, i));
        }
    }

    /// Two nearly normal values (mean 0, variance 1), each from the sum of two uniform bytes.
    pub(super) fn normal_pair(&mut self) -> (f32, f32) {
        // A uniform value in 0..256 has variance 5461; the sum of two has twice that.
        const SCALE: f32 = 1.0 / 104.5;
        let [a, b, c, d] = self.bits().to_le_bytes().map(f32::from);
        ((a + b - 255.0) * SCALE, (c + d - 255.0) * SCALE)
    }
}

/// The cubic smoothstep, from 0 (at and below 0) to 1 (at and above 1).
pub(super) fn smoothstep(t: f32) -> f32 {
    let t = t.clamp(0.0, 1.0);
    t * t * (3.0 - 2.0 * t)
}

/// A smooth hill (the biweight kernel): 1 at 0, exactly 0 from ±1 outwards.
pub(super) fn hill(t: f32) -> f32 {
    let inside = (1.0 - t * t).max(0.0);
    inside * inside
}

/// A wave of period 1 between -1 and 1, close to a sine.
pub(super) fn wave(t: f32) -> f32 {
    let phase = t - t.floor();
    if phase < 0.5 { 16.0 * phase * (0.5 - phase) } else { -16.0 * (phase - 0.5) * (1.0 - phase) }
}

/// 1 inside `from..to`, falling smoothly to 0 over `soft` columns inwards of each end.
pub(super) fn window(x: f32, from: f32, to: f32, soft: f32) -> f32 {
    smoothstep((x - from) / soft) * smoothstep((to - x) / soft)
}

/// Value noise on the plane, in -1..1, with features about one unit in size.
#[derive(Clone, Copy)]
pub(super) struct Noise(u32);

impl Noise {
    /// A new noise.
    pub(super) fn new(rng: &mut Rng) -> Self {
        Self(rng.bits())
    }

    fn corner(self, x: i32, y: i32) -> f32 {
        let mut h = self.0 ^ (x as u32).wrapping_mul(0x9e37_79b1) ^ (y as u32).wrapping_mul(0x85eb_ca77);
        h = (h ^ (h >> 15)).wrapping_mul(0x2c1b_3c6d);
        h = (h ^ (h >> 12)).wrapping_mul(0x297a_2d39);
        ((h ^ (h >> 15)) >> 8) as f32 / 8_388_608.0 - 1.0
    }

    /// The value at a point.
    pub(super) fn at(self, x: f32, y: f32) -> f32 {
        let (left, top) = (x.floor(), y.floor());
        let (across, down) = (smoothstep(x - left), smoothstep(y - top));
        let (i, j) = (left as i32, top as i32);
        let upper = self.corner(i, j) * (1.0 - across) + self.corner(i + 1, j) * across;
        let lower = self.corner(i, j + 1) * (1.0 - across) + self.corner(i + 1, j + 1) * across;
        upper * (1.0 - down) + lower * down
    }

    /// The value on a line.
    pub(super) fn along(self, x: f32) -> f32 {
        self.at(x, 0.5)
    }
}
