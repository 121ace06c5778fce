//! Gradient × activation at the token representations: the paper's measure of a word's share of a class logit.
//!
//! Kept for comparison with the paper. Its sign does not say whether a phrase counts for or against the class
//! (`tests/word_scores.rs`). A likely reason: each block reads its tokens through a layer norm, which removes a token's
//! length, so the gradient is nearly orthogonal to the activation. `explain::shapley` measures what a phrase changes.

use candle_core::{D, Tensor, Var};

use super::phrases::Phrase;
use crate::error::Result;

/// `Σ_d ∂ logit[target] / ∂ x_d · x_d` for each token, signed. `tokens` x is (1, n, width), what enters the first block
/// (token plus position); `tail` takes it to logits (1, n_classes). This is the paper's GradCAM idea on tokens: a
/// token's activation weighted by its gradient (Cho, Park & Jeong), without ReLU, because a word may count against the class.
pub fn token_scores(tokens: &Tensor, tail: impl Fn(&Tensor) -> Result<Tensor>, target: usize) -> Result<Vec<f32>> {
    let tokens = Var::from_tensor(&tokens.detach())?;
    let gradients = tail(&tokens)?.get(0)?.get(target)?.backward()?;
    match gradients.get(&tokens) {
        Some(gradient) => Ok((gradient * tokens.as_detached_tensor())?.sum(D::Minus1)?.flatten_all()?.to_vec1()?),
        None => Ok(vec![0.; tokens.dim(1)?]),
    }
}

/// The sum of the scores of each phrase's tokens; commas, start and end tokens belong to no phrase.
pub fn phrase_scores(phrases: &[Phrase], token_scores: &[f32]) -> Vec<f64> {
    phrases.iter().map(|p| token_scores[p.tokens.clone()].iter().map(|s| f64::from(*s)).sum()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subwords_merge() {
        let phrases = [Phrase { bytes: 0..3, tokens: 1..2 }, Phrase { bytes: 5..16, tokens: 3..6 }];
        assert_eq!(phrase_scores(&phrases, &[9., -1., 7., 1., 1., 1., 9.]), [-1., 3.]);
    }
}
