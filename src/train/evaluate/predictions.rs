//! A head's predictions, measured: figures, calibration, and the curves behind them. For any number of
//! classes; the first is healthy, and *disease* is any other.

use serde::Serialize;

use super::head_input::HeadInput;
use super::reading::Reading;
use crate::bundle::card::{HeadFigures, Interval};
use crate::head::log_odds;
use crate::train::metrics::calibration::{self, Bin};
use crate::train::metrics::ranking;
use crate::train::metrics::{self, bootstrap};

/// Everything that is measured of a head on one source of scans. A figure that is not defined is `None`: a class's without
/// a scan of it, an area's without a scan of another class.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct HeadStudy {
    /// What the head reads.
    pub reads: &'static str,
    /// Accuracy and the like.
    #[serde(flatten)]
    pub figures: HeadFigures,
    /// Average precision of disease, scored by one minus the probability of healthy.
    pub auprc: Option<Interval>,
    /// Mean over classes of each one's average precision against the rest.
    pub macro_auprc: Option<Interval>,
    /// Each class against the rest, in class order.
    pub classes: Vec<ClassFigures>,
    /// Scans by true class (rows) and predicted class (columns).
    pub confusion: Vec<Vec<usize>>,
    /// How well its probabilities are calibrated.
    pub calibration: Calibration,
}

/// One class against the rest.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct ClassFigures {
    /// Its class word.
    pub label: String,
    /// Scans of it.
    pub n_scans: usize,
    /// Share of its scans given its label.
    pub sensitivity: Option<Interval>,
    /// Share of the other scans given another label.
    pub specificity: Option<Interval>,
    /// By its probability.
    pub auroc: Option<Interval>,
    /// Average precision by its probability.
    pub auprc: Option<Interval>,
    /// Corners of its ROC curve, `[1 − specificity, sensitivity]`; empty with one class only.
    pub roc: Vec<[f64; 2]>,
}

/// Calibration before and after temperature scaling.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Calibration {
    /// Fitted on validation; none where there is no best one.
    pub temperature: Option<f64>,
    /// Scans it was fitted on.
    pub n_validation_scans: usize,
    /// Why there is no temperature.
    pub note: Option<String>,
    /// As the head answers.
    pub before: Calibrated,
    /// With logits divided by the temperature.
    pub after: Option<Calibrated>,
}

/// How far probabilities are from what happens.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Calibrated {
    /// Expected calibration error, in [`calibration::N_BINS`] bins.
    pub ece: Option<Interval>,
    /// Half of Brier's score, 0 to 1.
    pub brier: Option<Interval>,
    /// Mean negative log-likelihood, in nats.
    pub nll: Option<Interval>,
    /// The reliability diagram behind the error.
    pub reliability: Vec<Bin>,
}

/// What a head predicts for scans whose classes are known.
#[derive(Clone, Debug, Default)]
pub(crate) struct Predictions {
    /// The patient of each scan.
    pub patients: Vec<String>,
    /// Class indices.
    pub truth: Vec<usize>,
    /// Logits, K per scan.
    pub logits: Vec<Vec<f64>>,
}

fn pick<T: Copy>(scans: &[usize], of: &[T]) -> Vec<T> {
    scans.iter().map(|i| of[*i]).collect()
}

fn mean(values: impl Iterator<Item = f64>) -> Option<f64> {
    let (sum, n) = values.fold((0., 0u32), |(sum, n), v| (sum + v, n + 1));
    (n > 0).then(|| sum / f64::from(n))
}

/// Scans' membership in a class, and their scores for it.
struct Ranked {
    positive: Vec<bool>,
    scores: Vec<f64>,
}

impl Ranked {
    fn measure(&self, scans: &[usize], of: fn(&[bool], &[f64]) -> Option<f64>) -> Option<f64> {
        of(&pick(scans, &self.positive), &pick(scans, &self.scores))
    }
}

impl Predictions {
    /// What a head answers to `readings`, on an input that needs no threshold.
    pub(crate) fn of<'r>(readings: impl IntoIterator<Item = &'r Reading<'r>>, input: HeadInput) -> Self {
        let mut predictions = Self::default();
        for reading in readings {
            predictions.push(reading, reading.logits[&input].clone());
        }
        predictions
    }

    /// Adds a scan with its logits (K).
    pub(crate) fn push(&mut self, reading: &Reading<'_>, logits: Vec<f64>) {
        self.patients.push(reading.record.patient.clone());
        self.truth.push(reading.class);
        self.logits.push(logits);
    }

    fn predicted(&self) -> Vec<usize> {
        self.logits.iter().map(|z| metrics::argmax(z)).collect()
    }

    fn interval(&self, statistic: impl Fn(&[usize]) -> Option<f64> + Sync) -> Option<Interval> {
        bootstrap(&self.patients, statistic)
    }

    /// Disease against healthy. Scored by the logit, not the probability, which close to 1 has no digits left to rank by.
    fn disease(&self) -> Ranked {
        Ranked {
            positive: self.truth.iter().map(|t| *t > 0).collect(),
            scores: self.logits.iter().map(|z| -log_odds(z, 0)).collect(),
        }
    }

    fn class(&self, class: usize) -> Ranked {
        Ranked {
            positive: self.truth.iter().map(|t| *t == class).collect(),
            scores: self.logits.iter().map(|z| log_odds(z, class)).collect(),
        }
    }

    fn classes(&self) -> Vec<Ranked> {
        (0..self.logits.first().map_or(0, Vec::len)).map(|c| self.class(c)).collect()
    }

    fn macro_mean(&self, classes: &[Ranked], of: fn(&[bool], &[f64]) -> Option<f64>) -> Option<Interval> {
        self.interval(|s| mean(classes.iter().filter_map(|c| c.measure(s, of))))
    }

    /// The figures that a weights file keeps.
    pub(crate) fn figures(&self) -> HeadFigures {
        let (truth, predicted) = (&self.truth, self.predicted());
        let binary = |of: &[usize]| of.iter().map(|c| usize::from(*c > 0)).collect::<Vec<_>>();
        let (ill, called_ill) = (binary(truth), binary(&predicted));
        let disease = self.disease();
        HeadFigures {
            accuracy: self.interval(|s| metrics::accuracy(&pick(s, truth), &pick(s, &predicted))),
            sensitivity: self.interval(|s| metrics::recall(&pick(s, &ill), &pick(s, &called_ill), 1)),
            specificity: self.interval(|s| metrics::recall(&pick(s, &ill), &pick(s, &called_ill), 0)),
            balanced_accuracy: self.interval(|s| metrics::balanced_accuracy(&pick(s, truth), &pick(s, &predicted))),
            auroc: self.interval(|s| disease.measure(s, ranking::auroc)),
            macro_auroc: self.macro_mean(&self.classes(), ranking::auroc),
        }
    }

    /// All figures of a head that reads `input`; the temperature is fitted on `validation`.
    pub(crate) fn study(&self, input: HeadInput, labels: &[String], validation: &Predictions) -> HeadStudy {
        let predicted = self.predicted();
        let classes = self.classes();
        let disease = self.disease();
        let of_class = |(c, label): (usize, &String)| ClassFigures {
            label: label.clone(),
            n_scans: self.truth.iter().filter(|t| **t == c).count(),
            sensitivity: self.interval(|s| metrics::recall(&pick(s, &self.truth), &pick(s, &predicted), c)),
            specificity: self.interval(|s| metrics::specificity(&pick(s, &self.truth), &pick(s, &predicted), c)),
            auroc: self.interval(|s| classes[c].measure(s, ranking::auroc)),
            auprc: self.interval(|s| classes[c].measure(s, ranking::average_precision)),
            roc: ranking::roc_curve(&classes[c].positive, &classes[c].scores),
        };
        HeadStudy {
            reads: input.description(),
            figures: self.figures(),
            auprc: self.interval(|s| disease.measure(s, ranking::average_precision)),
            macro_auprc: self.macro_mean(&classes, ranking::average_precision),
            classes: labels.iter().enumerate().map(of_class).collect(),
            confusion: metrics::confusion(&self.truth, &predicted, labels.len()),
            calibration: self.calibration(validation),
        }
    }

    fn calibration(&self, validation: &Predictions) -> Calibration {
        let fitted = calibration::temperature(&validation.logits, &validation.truth);
        Calibration {
            temperature: fitted.ok(),
            n_validation_scans: validation.truth.len(),
            note: fitted.err().map(|why| why.to_string()),
            before: self.calibrated(1.),
            after: fitted.ok().map(|t| self.calibrated(t)),
        }
    }

    /// With logits divided by `temperature`, which moves no label.
    fn calibrated(&self, temperature: f64) -> Calibrated {
        let predicted = self.predicted();
        let probabilities: Vec<Vec<f64>> =
            self.logits.iter().map(|z| calibration::probabilities(z, temperature)).collect();
        let confidence: Vec<f64> = probabilities.iter().zip(&predicted).map(|(p, best)| p[*best]).collect();
        let right: Vec<bool> = predicted.iter().zip(&self.truth).map(|(p, t)| p == t).collect();
        let brier: Vec<f64> = probabilities.iter().zip(&self.truth).map(|(p, t)| calibration::brier(p, *t)).collect();
        let nll: Vec<f64> = self
            .logits
            .iter()
            .zip(&self.truth)
            .map(|(z, t)| calibration::negative_log_likelihood(z, *t, temperature))
            .collect();
        Calibrated {
            ece: self.interval(|s| calibration::expected_calibration_error(&pick(s, &confidence), &pick(s, &right))),
            brier: self.interval(|s| mean(s.iter().map(|i| brier[*i]))),
            nll: self.interval(|s| mean(s.iter().map(|i| nll[*i]))),
            reliability: calibration::reliability(&confidence, &right),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn predictions(truth: &[usize], logits: &[&[f64]]) -> Predictions {
        Predictions {
            patients: (0..truth.len()).map(|i| i.to_string()).collect(),
            truth: truth.to_vec(),
            logits: logits.iter().map(|z| z.to_vec()).collect(),
        }
    }

    fn value(interval: Option<Interval>) -> Option<f64> {
        interval.map(|i| i.value)
    }

    #[test]
    fn two_classes_are_the_case_of_two_and_nothing_special() {
        let two = predictions(&[0, 0, 1, 1, 1], &[&[2., 0.], &[0., 1.], &[0., 3.], &[1., 0.], &[0., 2.]]);
        let study = two.study(HeadInput::Image, &["healthy".into(), "AMD".into()], &two);
        let amd = &study.classes[1];
        assert_eq!(amd.sensitivity, study.figures.sensitivity);
        assert_eq!(amd.specificity, study.figures.specificity);
        assert_eq!(amd.auroc, study.figures.auroc);
        assert_eq!(amd.auprc, study.auprc);
        assert_eq!(value(study.figures.macro_auroc), value(study.figures.auroc));
        assert_eq!(study.confusion, [[1, 1], [1, 2]]);
    }

    #[test]
    fn a_class_without_scans_has_no_figures_and_breaks_none() {
        let labels: Vec<String> = ["healthy", "AMD", "DME"].map(str::to_owned).to_vec();
        let three = predictions(&[0, 0, 1, 1], &[&[2., 0., 0.], &[0., 0., 1.], &[0., 3., 0.], &[0., 1., 0.]]);
        let study = three.study(HeadInput::Image, &labels, &Predictions::default());
        let absent = &study.classes[2];
        assert_eq!((absent.n_scans, absent.sensitivity, absent.auroc, absent.auprc), (0, None, None, None));
        assert_eq!(value(absent.specificity), Some(0.75));
        assert_eq!(value(study.figures.balanced_accuracy), Some(0.75));
        // Healthy wins 3.5 of its 4 pairs, AMD all; DME has none and does not count.
        assert_eq!(value(study.figures.macro_auroc), Some(f64::midpoint(3.5 / 4., 1.)));
        assert_eq!((study.calibration.temperature, study.calibration.n_validation_scans), (None, 0));
        let json = serde_json::to_value(&study).unwrap();
        assert!(json["classes"][2]["sensitivity"].is_null());
        assert!(json["calibration"]["after"].is_null());
        assert!(json["accuracy"]["value"].is_f64(), "figures stand at the top");
    }

    #[test]
    fn a_temperature_moves_probabilities_but_no_label() {
        let sure = predictions(&[0, 0, 0, 1], &[&[9., 0.][..]; 4]);
        let study = sure.study(HeadInput::Image, &["healthy".into(), "AMD".into()], &sure);
        let calibration = study.calibration;
        let ece = |c: &Calibrated| value(c.ece).unwrap();
        assert!(ece(&calibration.before) > 0.2);
        assert!(ece(calibration.after.as_ref().unwrap()) < 1e-6);
        assert_eq!(value(study.figures.accuracy), Some(0.75));
    }
}
