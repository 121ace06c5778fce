//! From an embedding to class logits. Knows no tower.

use candle_core::{D, Tensor};
use candle_nn::VarBuilder;
use serde::{Deserialize, Serialize};

use crate::error::Result;
use crate::nn::guided::guided_relu;
use crate::nn::linear::Linear;
use crate::nn::norm::l2_normalize;

/// Sizes of a head.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeadConfig {
    /// Length of the embedding.
    pub embed_dim: usize,
    /// Hidden units.
    pub hidden: usize,
    /// Classes.
    pub n_classes: usize,
}

/// A feed-forward head: L2-normalised embedding → hidden, ReLU → logits.
#[derive(Clone, Debug)]
pub struct Head {
    fc1: Linear,
    fc2: Linear,
}

impl Head {
    /// Keys `fc1.weight`, `fc1.bias`, `fc2.weight`, `fc2.bias`.
    pub fn new(config: &HeadConfig, vb: VarBuilder<'_>) -> Result<Self> {
        Ok(Self {
            fc1: Linear::new(config.embed_dim, config.hidden, vb.pp("fc1"))?,
            fc2: Linear::new(config.hidden, config.n_classes, vb.pp("fc2"))?,
        })
    }

    /// A copy with random weights of the same scale and the same biases; `normal` gives normal numbers with variance 1.
    ///
    /// # Errors
    /// A tensor operation fails.
    pub fn randomized(&self, normal: &mut dyn FnMut() -> f32) -> Result<Self> {
        Ok(Self { fc1: self.fc1.randomized(normal)?, fc2: self.fc2.randomized(normal)? })
    }

    /// Embeddings (batch, D), normalised or not → logits (batch, n_classes).
    pub fn forward(&self, embeds: &Tensor) -> Result<Tensor> {
        self.fc2.forward(&self.hidden(embeds)?.relu()?)
    }

    /// The same logits, whose gradients are those of guided backpropagation.
    pub(crate) fn guided(&self, embeds: &Tensor) -> Result<Tensor> {
        self.fc2.forward(&guided_relu(&self.hidden(embeds)?)?)
    }

    fn hidden(&self, embeds: &Tensor) -> Result<Tensor> {
        self.fc1.forward(&l2_normalize(embeds)?)
    }
}

/// Logits (batch, K) → probabilities (batch, K).
pub fn probabilities(logits: &Tensor) -> Result<Tensor> {
    Ok(candle_nn::ops::softmax(logits, D::Minus1)?)
}

/// Logits (K) → the log-odds of class `target` against all others, `ln p / (1 − p)`: for two classes the difference of
/// both logits. As a score it ranks scans as the probability does, without ties where probabilities round to 0 or 1.
pub fn log_odds(logits: &[f64], target: usize) -> f64 {
    let others = || logits.iter().enumerate().filter(|(i, _)| *i != target).map(|(_, z)| *z);
    // The largest is factored out of the sum, so that no exponential overflows.
    let largest = others().fold(f64::NEG_INFINITY, f64::max);
    let of_others = largest + others().map(|z| (z - largest).exp()).sum::<f64>().ln();
    logits[target] - of_others
}

#[cfg(test)]
mod tests {
    use candle_core::Device;

    use super::*;

    #[test]
    fn log_odds_are_those_of_the_probability() {
        let logits = [0.3, -1.2, 2.5];
        let p = probabilities(&Tensor::new(&[logits], &Device::Cpu).unwrap()).unwrap();
        let p = p.to_vec2::<f64>().unwrap()[0][2];
        assert!((log_odds(&logits, 2) - (p / (1. - p)).ln()).abs() < 1e-12);
        assert_eq!(log_odds(&[1., -500.], 0), 501.);
        assert!((log_odds(&[0., 0., 0.], 0) + 2f64.ln()).abs() < 1e-12);
        assert!(log_odds(&[0., 60.], 1) > log_odds(&[0., 50.], 1), "both probabilities round to 1");
    }
}
