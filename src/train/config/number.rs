//! The numbers that options take, each checked where it is parsed: a wrong one ends the program with exit code 2.

use std::ops::RangeInclusive;

use clap::builder::RangedU64ValueParser;

/// A number of at least 0, and finite.
pub(crate) fn at_least_zero(text: &str) -> Result<f64, String> {
    within(text, 0. ..=f64::MAX)
}

/// A share, 0 to 1.
pub(super) fn share(text: &str) -> Result<f64, String> {
    within(text, 0. ..=1.)
}

/// The decay of a running mean, 0 to less than 1: at 1 nothing would ever be learnt.
pub(super) fn decay(text: &str) -> Result<f64, String> {
    within(text, 0. ..=1_f64.next_down())
}

/// A strength, 0 to 2.
pub(super) fn strength(text: &str) -> Result<f32, String> {
    within(text, 0. ..=2.).map(|strength| strength as f32)
}

/// A whole number of at least 1.
pub(crate) fn at_least_one() -> RangedU64ValueParser<usize> {
    RangedU64ValueParser::new().range(1..)
}

/// NaN is in no range.
fn within(text: &str, range: RangeInclusive<f64>) -> Result<f64, String> {
    let value: f64 = text.parse().map_err(|_| format!("{text} is no number"))?;
    let (least, most) = (range.start(), range.end());
    match value {
        value if range.contains(&value) => Ok(value),
        _ if *most == f64::MAX => Err(format!("give a number of at least {least}")),
        _ if *most == 1_f64.next_down() => Err(format!("give {least} to less than 1")),
        _ => Err(format!("give {least} to {most}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_out_of_range_are_refused_with_the_range() {
        for text in ["nan", "inf", "-inf", "-1e-9", "1e999", "", "one"] {
            for refused in [at_least_zero(text), share(text), decay(text), strength(text).map(f64::from)] {
                assert!(refused.is_err(), "{text}");
            }
        }
        assert_eq!([at_least_zero("0"), at_least_zero("5e-5"), share("1")], [Ok(0.), Ok(5e-5), Ok(1.)]);
        assert_eq!((share("1.1"), decay("1")), (Err("give 0 to 1".into()), Err("give 0 to less than 1".into())));
        assert_eq!((strength("2"), strength("2.1")), (Ok(2.), Err("give 0 to 2".into())));
        assert_eq!(at_least_zero("-1"), Err("give a number of at least 0".into()));
    }
}
