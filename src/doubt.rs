//! Whether a model can speak about a scan: tests of the picture (`picture`), a detector on what the image tower makes of it
//! (`detector`), and thresholds on the answer. Knows pixels, embeddings and logits; no file.
//!
//! Every threshold is stored in the weights file. `train export` fits them on validation patients, each at a stated
//! false-alarm rate. Files from before have none: then only the picture is tested.

pub mod detector;
mod picture;

use serde::{Deserialize, Serialize};

use crate::report::{Doubt, Prediction, Warning, WarningKind};

pub use self::picture::{doubts_of_picture, doubts_of_suggestion};

/// Where an answer becomes doubtful. Stored in the weights file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Thresholds {
    /// Share of validation scans that each threshold is allowed to call doubtful, although the model knows their class.
    pub false_alarm_rate: f32,
    /// Largest probability that a picture is no scan as the model knows them ([`detector::Detector`]).
    pub oddity: f32,
    /// Largest probability of a disease that is neither healthy nor AMD; of two classes, the detector's.
    pub another_disease: f32,
    /// Smallest probability of the image head's label.
    pub probability: f32,
    /// Smallest cosine of the image embedding with the retrieved caption's.
    pub similarity: f32,
}

impl Thresholds {
    /// Whether every value is in range.
    pub fn is_valid(&self) -> bool {
        let shares = [self.false_alarm_rate, self.oddity, self.another_disease, self.probability];
        shares.iter().all(|p| (0. ..=1.).contains(p)) && (-1. ..=1.).contains(&self.similarity)
    }
}

/// What speaks for and against an answer.
#[derive(Clone, Copy, Debug)]
pub struct Evidence<'a> {
    /// What the picture alone shows.
    pub picture: &'a [Doubt],
    /// What the detector says; none without a detector.
    pub detected: Option<&'a detector::Detected>,
    /// The image head's answer.
    pub image: &'a Prediction,
    /// The text head's answer to the retrieved caption; none for a caption that a person wrote.
    pub text: Option<&'a Prediction>,
    /// Cosine of the image embedding with the closest training caption's.
    pub similarity: f32,
    /// The class words of healthy and AMD: any other class is another disease.
    pub known: [&'a str; 2],
}

impl Evidence<'_> {
    /// The probability of a disease that is neither healthy nor AMD: the image head's if it has such classes, else the
    /// detector's; none without either.
    pub fn another_disease(&self) -> Option<f32> {
        let known = |label: &String| self.known.contains(&label.as_str());
        if self.image.probabilities.keys().all(known) {
            return self.detected.map(|d| d.another_disease);
        }
        Some(self.image.probabilities.iter().filter(|(label, _)| !known(label)).map(|(_, p)| p).sum())
    }

    /// The warning that `thresholds` give; without them, the picture's.
    pub fn warning(&self, thresholds: Option<&Thresholds>) -> Warning {
        let mut reasons = self.picture.to_vec();
        let mut score = if reasons.is_empty() { 0. } else { 1. };
        let mut note = |doubt: Option<Doubt>, value: f32, threshold: f32| {
            let amount = amount(value, threshold);
            score = f32::max(score, amount);
            reasons.extend(doubt.filter(|_| amount >= AT_THRESHOLD));
        };
        if let Some(thresholds) = thresholds {
            if let Some(detected) = self.detected {
                note(Some(detected.oddity()), detected.probability_odd(), thresholds.oddity);
            }
            let p = self.image.probabilities.get(&self.image.label).copied().unwrap_or(0.);
            // Of a disease that is named, what counts is how sure its name is.
            if self.known.contains(&self.image.label.as_str())
                && let Some(other) = self.another_disease()
            {
                note(Some(Doubt::AnotherDisease), other, thresholds.another_disease);
            }
            note(Some(Doubt::LowProbability), 1. - p, 1. - thresholds.probability);
            note(Some(Doubt::CaptionFar), (1. - self.similarity) / 2., (1. - thresholds.similarity) / 2.);
            let disagree = if self.text.is_some_and(|text| text.label != self.image.label) { 1. } else { 0. };
            note(Some(Doubt::HeadsDisagree), disagree, AT_THRESHOLD);
        }
        reasons.sort_by_key(|doubt| Doubt::ALL.iter().position(|d| d == doubt));
        reasons.dedup();
        let kind = reasons.iter().map(|doubt| doubt.kind()).max().unwrap_or(WarningKind::None);
        Warning { kind, reasons, score }
    }
}

/// The [`Warning::score`] at which a value reaches its threshold.
const AT_THRESHOLD: f32 = 0.5;

/// `value` 0…1 on a scale on which `threshold` is [`AT_THRESHOLD`], piecewise linear.
fn amount(value: f32, threshold: f32) -> f32 {
    let amount = if value < threshold {
        AT_THRESHOLD * value / threshold
    } else {
        AT_THRESHOLD + (1. - AT_THRESHOLD) * (value - threshold) / (1. - threshold).max(f32::EPSILON)
    };
    amount.clamp(0., 1.)
}

#[cfg(test)]
mod tests {
    use super::*;

    const THRESHOLDS: Thresholds =
        Thresholds { false_alarm_rate: 0.02, oddity: 0.6, another_disease: 0.4, probability: 0.7, similarity: 0.3 };

    fn prediction(classes: &[(&str, f32)]) -> Prediction {
        let best = classes.iter().max_by(|a, b| a.1.total_cmp(&b.1)).unwrap();
        Prediction {
            label: best.0.to_owned(),
            probabilities: classes.iter().map(|(label, p)| ((*label).to_owned(), *p)).collect(),
            logits: classes.iter().map(|(_, p)| p.ln()).collect(),
        }
    }

    fn warning(image: &Prediction, text: &Prediction, similarity: f32, picture: &[Doubt]) -> Warning {
        let evidence =
            Evidence { picture, detected: None, image, text: Some(text), similarity, known: ["healthy", "AMD"] };
        evidence.warning(Some(&THRESHOLDS))
    }

    #[test]
    fn a_sure_answer_on_which_both_heads_agree_is_not_doubted() {
        let amd = prediction(&[("healthy", 0.1), ("AMD", 0.9)]);
        let found = warning(&amd, &amd, 0.5, &[]);
        assert_eq!((found.kind, found.reasons.as_slice()), (WarningKind::None, &[][..]));
        assert!(found.score > 0. && found.score < 0.5, "{found:?}");
    }

    #[test]
    fn each_reason_stands_where_its_threshold_is_reached() {
        let amd = prediction(&[("healthy", 0.1), ("AMD", 0.9)]);
        let unsure = prediction(&[("healthy", 0.35), ("AMD", 0.65)]);
        let healthy = prediction(&[("healthy", 0.9), ("AMD", 0.1)]);
        let dme = prediction(&[("healthy", 0.1), ("AMD", 0.46), ("DME", 0.44)]);
        for (found, expected) in [
            (warning(&unsure, &unsure, 0.5, &[]), vec![Doubt::LowProbability]),
            (warning(&amd, &healthy, 0.5, &[]), vec![Doubt::HeadsDisagree]),
            (warning(&amd, &amd, 0.2, &[]), vec![Doubt::CaptionFar]),
            (warning(&dme, &dme, 0.5, &[]), vec![Doubt::AnotherDisease, Doubt::LowProbability]),
            (warning(&amd, &healthy, 0.5, &[Doubt::Noise]), vec![Doubt::Noise, Doubt::HeadsDisagree]),
        ] {
            assert_eq!(found.reasons, expected);
            assert_eq!(found.kind, expected[0].kind());
            assert!(found.score >= AT_THRESHOLD);
        }
    }

    #[test]
    fn a_disease_that_is_named_with_certainty_is_an_answer() {
        let dme = prediction(&[("healthy", 0.02), ("AMD", 0.03), ("DME", 0.95)]);
        assert!(warning(&dme, &dme, 0.5, &[]).is_none());
    }

    #[test]
    fn without_thresholds_only_the_picture_is_doubted() {
        let (amd, healthy) =
            (prediction(&[("healthy", 0.4), ("AMD", 0.6)]), prediction(&[("healthy", 0.9), ("AMD", 0.1)]));
        let evidence = |picture| Evidence {
            picture,
            detected: None,
            image: &amd,
            text: Some(&healthy),
            similarity: 0.,
            known: ["healthy", "AMD"],
        };
        assert!(evidence(&[]).warning(None).is_none());
        assert_eq!(evidence(&[Doubt::OneColour]).warning(None).kind, WarningKind::NotAScan);
    }
}
