//! From stored values to 8-bit grey: the modality's rescale, then the window of the file or the range that is used, and
//! inversion last and once (PS3.3, C.11.1 and C.11.2). The same integers on every target.

use super::lut::Lut;

/// From stored values to the device's (PS3.3, C.11.1).
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Modality {
    /// `slope * stored + intercept`; a negative slope means stored inverted.
    Rescale {
        slope: f64,
        intercept: f64,
    },
    Lut(Lut),
}

impl Default for Modality {
    fn default() -> Self {
        Self::Rescale { slope: 1., intercept: 0. }
    }
}

impl Modality {
    fn apply(&self, stored: i64) -> f64 {
        match self {
            Self::Rescale { slope, intercept } => stored as f64 * slope + intercept,
            Self::Lut(lut) => lut.get(stored as f64).into(),
        }
    }
}

/// From the device's values to what is shown (PS3.3, C.11.2).
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Voi {
    Window { function: Function, center: f64, width: f64 },
    Lut(Lut),
}

/// How a window maps its values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Function {
    Linear,
    LinearExact,
    Sigmoid,
}

impl Voi {
    /// A window, if its width is allowed.
    pub(super) fn window(function: Function, center: f64, width: f64) -> Option<Self> {
        let is_allowed = if function == Function::Linear { width >= 1. } else { width > 0. };
        is_allowed.then_some(Self::Window { function, center, width })
    }

    /// What is shown black and white, or nearly.
    fn edges(&self) -> [f64; 2] {
        match self {
            Self::Window { function: Function::Linear, center, width } => {
                let half = (width - 1.) / 2.;
                [center - 0.5 - half, center - 0.5 + half]
            }
            Self::Window { function: Function::LinearExact, center, width } => {
                [center - width / 2., center + width / 2.]
            }
            Self::Window { function: Function::Sigmoid, center, width } => [center - 2. * width, center + 2. * width],
            Self::Lut(_) => [f64::NEG_INFINITY, f64::INFINITY],
        }
    }

    fn apply(&self, value: f64) -> u8 {
        let [black, white] = self.edges();
        let share = match self {
            Self::Lut(lut) => return lut.get_u8(value),
            Self::Window { function: Function::Sigmoid, center, width } => {
                1. / (1. + (-4. * (value - center) / width).exp())
            }
            // A width of 1 is a threshold.
            _ if white <= black => f64::from(u8::from(value > black)),
            _ => (value - black) / (white - black),
        };
        // Halves go down, and by more than floating-point numbers err: a window over all of 8 bits changes nothing.
        (255. * share - 0.5 - 1e-9).ceil().clamp(0., 255.) as u8
    }
}

/// What is known of a frame's values beside themselves.
#[derive(Clone, Copy, Debug)]
pub(super) struct Range {
    /// The least and the greatest stored value, padding left out.
    pub(super) min: i64,
    pub(super) max: i64,
    /// Whether values have a sign.
    pub(super) is_signed: bool,
    /// Bits that count, if the file says so: fewer than it takes.
    pub(super) bits: Option<u32>,
}

/// The grey of each stored value, and whether the file's window was passed over because it lies outside of the data.
pub(super) fn grey(
    values: impl Iterator<Item = i64>,
    range: Range,
    modality: &Modality,
    voi: Option<&Voi>,
    is_inverted: bool,
) -> (Vec<u8>, bool) {
    let (first, last) = (modality.apply(range.min), modality.apply(range.max));
    let (least, greatest) = (first.min(last), first.max(last));
    let shows_nothing = |voi: &&Voi| {
        let [black, white] = voi.edges();
        least < greatest && (greatest <= black || least >= white)
    };
    let is_ignored = voi.is_some_and(|voi| shows_nothing(&voi));
    let voi = voi.filter(|_| !is_ignored);
    let default = UsedBits::new(range, modality);
    let grey = |stored: i64| {
        let grey = match voi {
            Some(voi) => voi.apply(modality.apply(stored)),
            None => default.apply(stored, modality),
        };
        if is_inverted { 255 - grey } else { grey }
    };
    /// Up to so many values each is computed once.
    const MAX_TABLE: u64 = 1 << 16;
    let pixels = if range.max.abs_diff(range.min) < MAX_TABLE {
        let table: Vec<u8> = (range.min..=range.max).map(grey).collect();
        // Padding may lie outside of the range.
        values.map(|stored| table[(stored.clamp(range.min, range.max) - range.min) as usize]).collect()
    } else {
        values.map(|stored| grey(stored.clamp(range.min, range.max))).collect()
    };
    (pixels, is_ignored)
}

/// Without a window: the bits that the file says are stored if they are fewer than it takes for a value, else as many as the
/// frame uses, at least 8; their upper 8 are shown, as of other deep pictures. Values with a sign begin at the least number
/// of so many bits, or at 0 if rescaling leaves none below.
struct UsedBits {
    /// Added to the stored value.
    offset: i64,
    /// −1 if a greater stored value is darker.
    sign: i64,
    /// Bits of the sum.
    bits: u32,
}

impl UsedBits {
    fn new(range: Range, modality: &Modality) -> Self {
        let (sign, intercept) = match modality {
            Modality::Rescale { slope, intercept } => {
                (if *slope < 0. { -1 } else { 1 }, (intercept / slope.abs()).round())
            }
            Modality::Lut(lut) => return Self { offset: 0, sign: 1, bits: lut.bits },
        };
        let bits_for = |count: i64| (8..=32).find(|bits| count <= 1 << bits).unwrap_or(32);
        // Stored values times the sign, from which the range is counted.
        let (least, greatest) = if sign < 0 { (-range.max, -range.min) } else { (range.min, range.max) };
        let intercept = intercept as i64;
        if !range.is_signed {
            let bits = range.bits.unwrap_or_else(|| bits_for(range.max + 1));
            let offset = if sign < 0 { (1 << bits) - 1 } else { 0 };
            return Self { offset, sign, bits };
        }
        if least.saturating_add(intercept) >= 0 && intercept.unsigned_abs() < 1 << 32 {
            return Self { offset: intercept, sign, bits: bits_for(greatest + intercept + 1) };
        }
        let half = (-range.min).max(range.max + 1);
        let bits = range.bits.unwrap_or_else(|| bits_for(2 * half));
        let offset = if sign < 0 { (1_i64 << (bits - 1)) - 1 } else { 1 << (bits - 1) };
        Self { offset, sign, bits }
    }

    fn apply(&self, stored: i64, modality: &Modality) -> u8 {
        let value = match modality {
            Modality::Lut(lut) => lut.get(stored as f64).into(),
            Modality::Rescale { .. } => (self.sign * stored + self.offset).clamp(0, (1 << self.bits) - 1),
        };
        // Fewer than eight bits are spread over eight.
        let grey = if self.bits >= 8 { value >> (self.bits - 8) } else { value * 255 / ((1 << self.bits) - 1) };
        grey.min(255) as u8
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(values: &[i64], is_signed: bool, bits: Option<u32>, modality: &Modality, voi: Option<Voi>) -> Vec<u8> {
        let range = Range { min: *values.iter().min().unwrap(), max: *values.iter().max().unwrap(), is_signed, bits };
        grey(values.iter().copied(), range, modality, voi.as_ref(), false).0
    }

    fn rescale(slope: f64, intercept: f64) -> Modality {
        Modality::Rescale { slope, intercept }
    }

    #[test]
    fn without_a_window_the_upper_eight_of_the_used_bits_are_shown() {
        let plain = rescale(1., 0.);
        assert_eq!(shown(&[0, 7, 255], false, None, &plain, None), [0, 7, 255]);
        assert_eq!(shown(&[0, 7, 90], false, None, &plain, None), [0, 7, 90], "a dark picture stays dark");
        assert_eq!(
            shown(&[0, 16, 4080], false, None, &plain, None),
            [0, 1, 255],
            "12 bits in 16 that are not declared"
        );
        assert_eq!(shown(&[0, 16, 1600], false, Some(12), &plain, None), [0, 1, 100], "declared");
        assert_eq!(shown(&[0, 256, 65_535], false, None, &plain, None), [0, 1, 255]);
        assert_eq!(shown(&[0, 1 << 24, u32::MAX.into()], false, None, &plain, None), [0, 1, 255]);
        assert_eq!(shown(&[0, 1, 15], false, Some(4), &plain, None), [0, 17, 255]);
    }

    #[test]
    fn signs_and_slopes_are_undone() {
        assert_eq!(shown(&[-2048, 0, 2047], true, Some(12), &rescale(1., 0.), None), [0, 128, 255]);
        assert_eq!(shown(&[-2048, 0, 2047], true, None, &rescale(1., 0.), None), [0, 128, 255]);
        assert_eq!(shown(&[-1024, -1023, -769], true, None, &rescale(1., 1024.), None), [0, 1, 255]);
        assert_eq!(shown(&[0, 16, 4080], true, None, &rescale(1., 0.), None), [0, 1, 255]);
        assert_eq!(shown(&[0, 5, 255], false, None, &rescale(-1., 255.), None), [255, 250, 0]);
        assert_eq!(shown(&[0, 5, 255], false, None, &rescale(-0.1, 0.), None), [255, 250, 0]);
        assert_eq!(shown(&[-128, 0, 127], true, None, &rescale(-1., 0.), None), [255, 127, 0]);
    }

    #[test]
    fn a_window_over_all_values_changes_nothing_and_a_useless_one_is_passed_over() {
        let values: Vec<i64> = (0..256).collect();
        let window = |center, width| Voi::window(Function::Linear, center, width);
        let same: Vec<u8> = (0..=255).collect();
        for center in [127.5, 128.] {
            assert_eq!(shown(&values, false, None, &rescale(1., 0.), window(center, 256.)), same, "{center}");
        }
        assert_eq!(shown(&[0, 99, 100, 101], false, None, &rescale(1., 0.), window(100., 1.)), [0, 0, 255, 255]);
        assert_eq!(window(127.5, 0.), None);
        for (center, width) in [(10_000., 10.), (-500., 10.)] {
            let range = Range { min: 0, max: 255, is_signed: false, bits: None };
            let voi = window(center, width);
            let (pixels, is_ignored) = grey(values.iter().copied(), range, &rescale(1., 0.), voi.as_ref(), true);
            assert!(is_ignored);
            assert!(pixels.iter().rev().eq(&same), "inverted, once");
        }
        let sigmoid = Voi::window(Function::Sigmoid, 128., 64.);
        assert_eq!(shown(&[0, 128, 255], false, None, &rescale(1., 0.), sigmoid), [0, 127, 255]);
        let exact = Voi::window(Function::LinearExact, 127.5, 255.);
        assert_eq!(shown(&values, false, None, &rescale(1., 0.), exact), same);
    }
}
