//! The text side of Grad-ECLIP (Zhao et al. 2024): the tokens' values in the last attention layer, weighed by the gradient at
//! the end token and by how much the end token's query resembles their keys.

use candle_core::{D, Tensor};

use super::caption_model::LastAttention;
use super::gradient::gradient_at;
use crate::error::Result;

/// For each token `λ · Σ_d g_d v_d`: v is its value (n, width), g the score's gradient at the attention's output for the end
/// token, and λ the cosine of the end token's query with its key, both after the output projection, scaled to 0…1 over the
/// tokens ("loosened attention": attention itself is nearly all on one token). Signed: the paper's ReLU would hide what speaks
/// against a class. `score` takes that output (1, width) to the score (1).
pub(crate) fn token_scores(attention: &LastAttention, score: impl Fn(&Tensor) -> Result<Tensor>) -> Result<Vec<f32>> {
    let gradient = gradient_at(&attention.output, score)?;
    let directed = attention.values.broadcast_mul(&gradient)?.sum(D::Minus1)?.to_vec1::<f32>()?;
    let cosines = attention.query_key_cosines.to_vec1::<f32>()?;
    let (low, high) = cosines.iter().fold((f32::INFINITY, f32::NEG_INFINITY), |(l, h), c| (l.min(*c), h.max(*c)));
    // Keys that are all alike are no reason to prefer a token.
    let loosened = |cosine: f32| if high > low { (cosine - low) / (high - low) } else { 1. };
    Ok(directed.iter().zip(cosines).map(|(value, cosine)| value * loosened(cosine)).collect())
}

#[cfg(test)]
mod tests {
    use candle_core::Device;

    use super::*;

    #[test]
    fn a_token_counts_by_its_value_along_the_gradient_and_by_its_key() {
        let attention = LastAttention {
            query_key_cosines: Tensor::new(&[0.2f32, 0.6, 1.], &Device::Cpu).unwrap(),
            values: Tensor::new(&[[9f32, 9.], [1., 3.], [-1., 5.]], &Device::Cpu).unwrap(),
            output: Tensor::new(&[[0f32, 0.]], &Device::Cpu).unwrap(),
            residual: Tensor::new(&[[0f32, 0.]], &Device::Cpu).unwrap(),
        };
        // The score rises with the first channel of the output only.
        let first = |output: &Tensor| Ok((output.narrow(1, 0, 1)?.squeeze(1)? * 2.)?);
        let scores = token_scores(&attention, first).unwrap();
        for (ours, expected) in scores.iter().zip([0., 1., -2.]) {
            assert!((ours - expected).abs() < 1e-6, "{scores:?}");
        }
        let alike = LastAttention { query_key_cosines: Tensor::new(&[0.5f32; 3], &Device::Cpu).unwrap(), ..attention };
        assert_eq!(token_scores(&alike, first).unwrap(), [18., 2., -2.]);
    }
}
