//! Deep samples become 8-bit grey by the range that is used: scanners write 10 or 12 bits into files of 16.

/// What is black and what is white in a picture's samples.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Depth {
    /// Unsigned integers of so many bits, of which the upper eight are shown.
    Bits(u8),
    /// From black to white.
    Range([f64; 2]),
}

/// The extent of a picture's finite samples.
#[derive(Clone, Copy, Debug)]
pub(super) struct Extent {
    min: f64,
    max: f64,
    is_integer: bool,
}

impl Default for Extent {
    fn default() -> Self {
        Self { min: f64::INFINITY, max: f64::NEG_INFINITY, is_integer: true }
    }
}

impl Extent {
    /// Takes a sample into account, unless it is NaN or infinite.
    pub(super) fn add(&mut self, sample: f64) {
        if sample.is_finite() {
            self.min = self.min.min(sample);
            self.max = self.max.max(sample);
            self.is_integer &= sample.fract() == 0.;
        }
    }

    /// Whether there is any finite sample.
    pub(super) fn is_empty(&self) -> bool {
        self.max < self.min
    }

    /// The bits that the largest sample needs, at least 8: a dark picture of eight bits stays dark.
    fn bits(&self) -> u8 {
        (8..32).find(|bits| self.max < f64::from(1_u32 << bits)).unwrap_or(32)
    }

    /// For unsigned integers: as many bits as the file declares, if it declares fewer than the samples could have and they
    /// keep to it; else as many as are used.
    pub(super) fn unsigned(&self, declared: Option<u8>) -> Depth {
        Depth::Bits(declared.filter(|bits| *bits >= self.bits()).unwrap_or_else(|| self.bits()))
    }

    /// For signed integers of `bits`: like unsigned ones if none is negative; all of the type's range if more than half of it
    /// is used; else the range that is used.
    pub(super) fn signed(&self, bits: u8) -> Depth {
        let half = 2_f64.powi(i32::from(bits.max(1)) - 1);
        if self.min >= 0. {
            self.unsigned(None)
        } else if self.max - self.min >= half {
            Depth::Range([-half, half - 1.])
        } else {
            Depth::Range([self.min, self.max])
        }
    }

    /// For floats: 0…1 if they lie within it, like integers if they are integers, else the range that is used.
    pub(super) fn float(&self) -> Depth {
        if self.min >= 0. && self.max <= 1. {
            Depth::Range([0., 1.])
        } else if self.min >= 0. && self.is_integer && self.max <= f64::from(u32::MAX) {
            self.unsigned(None)
        } else {
            Depth::Range([self.min, self.max])
        }
    }
}

/// Samples in 8 bits. What is not a number is black.
pub(super) fn to_u8(samples: impl Iterator<Item = f64>, depth: Depth) -> Vec<u8> {
    match depth {
        Depth::Bits(bits) => {
            let divisor = f64::from(1_u32 << (bits.clamp(8, 32) - 8));
            // `as` saturates, and makes 0 of NaN.
            samples.map(|sample| (sample / divisor) as u8).collect()
        }
        Depth::Range([black, white]) => {
            let scale = if white > black { 255. / (white - black) } else { 0. };
            samples.map(|sample| ((sample - black) * scale + 0.5).floor() as u8).collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn extent(samples: &[f64]) -> Extent {
        let mut extent = Extent::default();
        samples.iter().for_each(|sample| extent.add(*sample));
        extent
    }

    #[test]
    fn as_many_bits_count_as_are_used_or_declared() {
        assert_eq!(extent(&[0., 90.]).unsigned(None), Depth::Bits(8));
        assert_eq!(extent(&[0., 256.]).unsigned(None), Depth::Bits(9));
        assert_eq!(extent(&[0., 4080.]).unsigned(None), Depth::Bits(12));
        assert_eq!(extent(&[0., 900.]).unsigned(Some(12)), Depth::Bits(12));
        assert_eq!(extent(&[0., 65_520.]).unsigned(Some(12)), Depth::Bits(16), "justified to the left");
        assert_eq!(extent(&[4_278_190_080.]).unsigned(None), Depth::Bits(32));
        assert_eq!(to_u8([0., 16., 4080., 4095.].into_iter(), Depth::Bits(12)), [0, 1, 255, 255]);
    }

    #[test]
    fn signed_samples_and_floats_keep_their_range() {
        assert_eq!(extent(&[0., 32_640.]).signed(16), Depth::Bits(15));
        assert_eq!(extent(&[-32_768., 32_000.]).signed(16), Depth::Range([-32_768., 32_767.]));
        assert_eq!(extent(&[-100., 900.]).signed(16), Depth::Range([-100., 900.]));
        assert_eq!(extent(&[0.25, 0.5, f64::NAN]).float(), Depth::Range([0., 1.]));
        assert_eq!(extent(&[0., 255.]).float(), Depth::Bits(8));
        assert_eq!(extent(&[-1.5, 3.]).float(), Depth::Range([-1.5, 3.]));
    }

    #[test]
    fn what_is_not_a_number_is_black_and_one_value_is_no_division_by_zero() {
        let samples = [f64::NAN, f64::NEG_INFINITY, 0.5, f64::INFINITY];
        assert_eq!(to_u8(samples.into_iter(), Depth::Range([0., 1.])), [0, 0, 128, 255]);
        assert_eq!(to_u8([7., 7.].into_iter(), Depth::Range([7., 7.])), [0, 0]);
        assert!(extent(&[f64::NAN]).is_empty());
    }
}
