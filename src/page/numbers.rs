//! Numbers and names as the page writes them in every language.

use crate::bundle::card::ModelCard;
use crate::protocol::Progress;
use crate::report::{Prediction, TimingsMs};

/// The probability of the class that is predicted.
pub fn probability_of_label(prediction: &Prediction) -> f32 {
    prediction.probabilities.get(&prediction.label).copied().unwrap_or_default()
}

/// A probability in two digits; never as certain as 0 or 1.
pub fn probability_text(probability: f32) -> String {
    match probability {
        p if p > 0.994 => "> .99".to_owned(),
        p if p < 0.006 => "< .01".to_owned(),
        p => format!("{p:.2}").replacen("0.", ".", 1),
    }
}

/// A band of probability, from and to.
pub fn band_text([from, to]: [f32; 2]) -> String {
    let end = |p: f32| if p >= 1. { "1".to_owned() } else { format!("{p:.2}").replacen("0.", ".", 1) };
    if from <= 0. { format!("< {}", end(to)) } else { format!("{}–{}", end(from), end(to)) }
}

/// A signed share in two digits, without the leading zero.
pub fn share_text(score: f32) -> String {
    let digits = format!("{:.2}", score.abs()).replacen("0.", ".", 1);
    if score < 0.0 { format!("−{digits}") } else { digits }
}

/// A factor on the odds in two significant digits, from a thousandth to a thousand.
pub fn odds_text(factor: f32) -> String {
    match factor {
        f if f < 0.001 => "< 0.001".to_owned(),
        f if f < 0.0095 => format!("{f:.4}"),
        f if f < 0.095 => format!("{f:.3}"),
        f if f < 0.95 => format!("{f:.2}"),
        f if f < 10.0 => format!("{f:.1}"),
        f if f < 1000.0 => format!("{f:.0}"),
        _ => "> 1000".to_owned(),
    }
}

/// A share in percent, with one digit behind the point.
pub fn percent_text(share: f64) -> String {
    format!("{:.1} %", share * 100.)
}

/// Bytes in megabytes.
pub fn megabytes(n_bytes: u64) -> f64 {
    n_bytes as f64 / 1e6
}

/// How much of a file has arrived, in percent.
pub fn percent(progress: Progress) -> u64 {
    progress.done_bytes * 100 / progress.total_bytes.max(1)
}

/// The first and last characters of a weights file's hash.
pub fn short_hash(card: &ModelCard) -> String {
    let ends = card.sha256.get(..4).zip(card.sha256.len().checked_sub(2).and_then(|at| card.sha256.get(at..)));
    ends.map_or_else(|| card.sha256.clone(), |(first, last)| format!("{first}…{last}"))
}

/// How long an answer took.
pub fn total_ms(timings: &TimingsMs) -> f64 {
    timings.decode + timings.preprocess + timings.image_encoder + timings.text_encoder + timings.explain
}

/// A number with two digits behind the point, and 0 without a sign.
pub(crate) fn two_digits(value: impl std::fmt::Display) -> String {
    let text = format!("{value:.2}");
    if text == "-0.00" { "0.00".to_owned() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::page::fixtures::card;

    #[test]
    fn nothing_has_no_sign() {
        assert_eq!([-0.004, 0.004, -0.006, 0.756].map(two_digits), ["0.00", "0.00", "-0.01", "0.76"]);
    }

    #[test]
    fn no_probability_is_written_as_certain() {
        let written = [1.0, 0.9941, 0.994, 0.5, 0.006, 0.0059, 0.0].map(probability_text);
        assert_eq!(written, ["> .99", "> .99", ".99", ".50", ".01", "< .01", "< .01"]);
    }

    #[test]
    fn a_band_names_its_ends() {
        assert_eq!([[0., 0.75], [0.75, 0.9], [0.9, 1.]].map(band_text), ["< .75", ".75–.90", ".90–1"]);
    }

    #[test]
    fn shares_keep_their_sign_and_odds_their_digits() {
        assert_eq!([0.25, -0.031, 1.0, 0.0].map(share_text), [".25", "−.03", "1.00", ".00"]);
        assert_eq!([1.26, 26.4, 4000.0].map(odds_text), ["1.3", "26", "> 1000"]);
        // A factor that lowers the odds is not nothing.
        let lowered = [0.97, 0.5, 0.0472, 0.00321, 0.0001];
        assert_eq!(lowered.map(odds_text), ["1.0", "0.50", "0.047", "0.0032", "< 0.001"]);
    }

    #[test]
    fn progress_is_whole_percents_and_never_divides_by_zero() {
        let percents =
            [(0, 0), (1, 3), (3, 3)].map(|(done_bytes, total_bytes)| percent(Progress { done_bytes, total_bytes }));
        assert_eq!(percents, [0, 33, 100]);
    }

    #[test]
    fn a_hash_is_shown_by_its_ends() {
        let mut card = card("m");
        card.sha256 = "0123456789abcdef".into();
        assert_eq!(short_hash(&card), "0123…ef");
        card.sha256 = "0".into();
        assert_eq!(short_hash(&card), "0");
    }
}
