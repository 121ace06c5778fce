//! Tells pictures that are no scan as the model knows them, and scans of other diseases, from what the image tower makes of
//! them: a linear model on the mean feature map and the embedding, trained with generated oddities and with a few scans of
//! other diseases as outliers (outlier exposure, Hendrycks et al. 2019).

use candle_core::{D, Tensor};
use candle_nn::VarBuilder;

use crate::error::Result;
use crate::head::probabilities;
use crate::report::Doubt;

/// What a picture may be: the first is a scan as the model knows them, the others are reasons to doubt.
pub const MANNERS: [Option<Doubt>; 5] =
    [None, Some(Doubt::NoRetina), Some(Doubt::UnlikeTraining), Some(Doubt::Turned), Some(Doubt::Inverted)];
/// Standardised features are limited to this, so that a picture far from everything cannot outvote all others by one feature.
pub const LIMIT: f64 = 5.;

/// The features of a scan: the mean over cells of its feature map (1, C, rows, cols), as log(1 + x) because activations
/// have long tails, then its embedding (1, D). Returns (1, C + D).
pub fn features(feature_map: &Tensor, image_embeds: &Tensor) -> Result<Tensor> {
    let mean = feature_map.flatten_from(2)?.mean(D::Minus1)?;
    Ok(Tensor::cat(&[&(mean.relu()? + 1.)?.log()?, image_embeds], 1)?)
}

/// The linear model. Tensors `mean`, `scale` (F), `weight` (K + 1, F) and `bias` (K + 1): a row for each of [`MANNERS`], then
/// one for the log-odds of another disease.
#[derive(Clone, Debug)]
pub struct Detector {
    mean: Tensor,
    scale: Tensor,
    weight: Tensor,
    bias: Tensor,
}

/// What the detector says of a picture.
#[derive(Clone, Debug, PartialEq)]
pub struct Detected {
    /// The probability of each of [`MANNERS`]; they sum to 1.
    pub manners: Vec<f32>,
    /// The probability of a disease that is neither healthy nor AMD.
    pub another_disease: f32,
}

impl Detected {
    /// The probability that the picture is no scan as the model knows them.
    pub fn probability_odd(&self) -> f32 {
        (1. - self.manners[0]).max(0.)
    }

    /// What it is if it is none.
    pub fn oddity(&self) -> Doubt {
        let reasons = MANNERS.iter().zip(&self.manners).filter_map(|(doubt, p)| doubt.map(|doubt| (doubt, p)));
        reasons.max_by(|a, b| a.1.total_cmp(b.1)).map_or(Doubt::UnlikeTraining, |(doubt, _)| doubt)
    }
}

impl Detector {
    /// Keys `mean`, `scale`, `weight` and `bias`, of `n_features` features.
    pub fn new(n_features: usize, vb: VarBuilder<'_>) -> Result<Self> {
        let n_rows = MANNERS.len() + 1;
        Ok(Self {
            mean: vb.get(n_features, "mean")?,
            scale: vb.get(n_features, "scale")?,
            weight: vb.get((n_rows, n_features), "weight")?,
            bias: vb.get(n_rows, "bias")?,
        })
    }

    /// [`features`] (1, F) → what they say.
    pub fn detect(&self, features: &Tensor) -> Result<Detected> {
        let logits = self.logits(features)?;
        let manners = probabilities(&logits.narrow(1, 0, MANNERS.len())?)?.get(0)?.to_vec1()?;
        let log_odds = logits.get(0)?.get(MANNERS.len())?.to_scalar::<f32>()?;
        Ok(Detected { manners, another_disease: 1. / (1. + (-log_odds).exp()) })
    }

    /// Features (n, F) → (n, K + 1).
    fn logits(&self, features: &Tensor) -> Result<Tensor> {
        let standard = standardised(features, &self.mean, &self.scale)?;
        Ok(standard.matmul(&self.weight.t()?)?.broadcast_add(&self.bias)?)
    }
}

/// Features (n, F) minus `mean`, over `scale`, within [`LIMIT`].
pub fn standardised(features: &Tensor, mean: &Tensor, scale: &Tensor) -> Result<Tensor> {
    Ok(features.broadcast_sub(mean)?.broadcast_div(scale)?.clamp(-LIMIT, LIMIT)?)
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use candle_core::{DType, Device};

    use super::*;

    #[test]
    fn features_are_the_mean_map_and_the_embedding() {
        let device = Device::Cpu;
        let map = Tensor::new(&[[[[0f32, 2.], [4., 2.]], [[0., 0.], [0., 0.]]]], &device).unwrap();
        let embeds = Tensor::new(&[[0.6f32, -0.8]], &device).unwrap();
        let found = features(&map, &embeds).unwrap().get(0).unwrap().to_vec1::<f32>().unwrap();
        assert_eq!(found.len(), 4);
        assert!((found[0] - 3f32.ln()).abs() < 1e-6);
        assert_eq!(&found[1..], &[0., 0.6, -0.8]);
    }

    #[test]
    fn the_row_with_the_largest_logit_is_what_the_picture_is() {
        let device = Device::Cpu;
        let mut weight = vec![0f32; 6 * 2];
        // Feature 0 speaks for an inverted scan, feature 1 for another disease.
        weight[4 * 2] = 1.;
        weight[5 * 2 + 1] = 1.;
        let tensors = HashMap::from([
            ("mean".to_owned(), Tensor::new(&[1f32, 0.], &device).unwrap()),
            ("scale".to_owned(), Tensor::new(&[0.5f32, 1.], &device).unwrap()),
            ("weight".to_owned(), Tensor::from_vec(weight, (6, 2), &device).unwrap()),
            ("bias".to_owned(), Tensor::new(&[0f32, -9., -9., -9., 0., 0.], &device).unwrap()),
        ]);
        let detector = Detector::new(2, VarBuilder::from_tensors(tensors, DType::F32, &device)).unwrap();
        let detect = |x: [f32; 2]| detector.detect(&Tensor::new(&[x], &device).unwrap()).unwrap();
        let inverted = detect([2., -20.]);
        assert_eq!(inverted.oddity(), Doubt::Inverted);
        // (2 − 1) / 0.5 = 2, against 0 for a scan.
        assert!((inverted.probability_odd() - 1. / (1. + (-2f32).exp())).abs() < 1e-3, "{inverted:?}");
        // −20 is limited to −5.
        assert!((inverted.another_disease - 1. / (1. + 5f32.exp())).abs() < 1e-6);
        assert!(detect([0., 0.]).probability_odd() < 0.2);
    }
}
