//! Gradient × activation at the token representations: the words' share of a class logit.

use std::ops::Range;

use candle_core::{D, Tensor, Var};

use crate::error::Result;
use crate::report::Word;
use crate::tokenizer::Tokens;

/// `Σ_d ∂ logit[target] / ∂ x_d · x_d` for each token, signed. `tokens` x is (1, n, width), what enters the first block
/// (token plus position); `tail` takes it to logits (1, n_classes). This is the paper's GradCAM idea on tokens: a
/// token's activation weighed by its gradient (Cho, Park & Jeong); without ReLU, because a word may speak against.
pub fn token_scores(tokens: &Tensor, tail: impl Fn(&Tensor) -> Result<Tensor>, target: usize) -> Result<Vec<f32>> {
    let tokens = Var::from_tensor(&tokens.detach())?;
    let gradients = tail(&tokens)?.get(0)?.get(target)?.backward()?;
    match gradients.get(&tokens) {
        Some(gradient) => Ok((gradient * tokens.as_detached_tensor())?.sum(D::Minus1)?.flatten_all()?.to_vec1()?),
        None => Ok(vec![0.; tokens.dim(1)?]),
    }
}

/// The caption's phrases: what stands between commas, without surrounding space.
pub fn phrases(text: &str) -> Vec<Range<usize>> {
    let mut start = 0;
    let mut phrases = Vec::new();
    for part in text.split_inclusive([',', ';']) {
        let phrase = part.trim_end_matches([',', ';']);
        let lead = phrase.len() - phrase.trim_start().len();
        let trimmed = phrase.trim();
        if !trimmed.is_empty() {
            phrases.push(start + lead..start + lead + trimmed.len());
        }
        start += part.len();
    }
    phrases
}

/// Merges tokens into the phrases they stand in; commas, start and end tokens belong to none and are left out.
/// Scores are divided by the sum of their absolute values, so that shares of 1 are shown, signs kept.
pub fn words(text: &str, tokens: &Tokens, scores: &[f32]) -> Vec<Word> {
    let mut words: Vec<Word> = phrases(text)
        .into_iter()
        .map(|phrase| {
            let inside =
                |span: &Range<usize>| span.start < span.end && span.start >= phrase.start && span.end <= phrase.end;
            let score = tokens.spans.iter().zip(scores).filter(|(span, _)| inside(span)).map(|(_, s)| s).sum();
            Word { text: text[phrase.clone()].to_owned(), start: phrase.start, end: phrase.end, score }
        })
        .collect();
    let total: f32 = words.iter().map(|w| w.score.abs()).sum();
    if total > 0. {
        words.iter_mut().for_each(|w| w.score /= total);
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phrases_are_found_by_their_bytes() {
        let text = "AMD,  soft drusen ,, fluid";
        let found: Vec<&str> = phrases(text).into_iter().map(|p| &text[p]).collect();
        assert_eq!(found, ["AMD", "soft drusen", "fluid"]);
        assert!(phrases(" , ").is_empty());
    }

    #[test]
    fn subwords_merge_and_shares_keep_their_sign() {
        let text = "AMD, soft drusen";
        let tokens = Tokens { ids: vec![0; 7], spans: vec![0..0, 0..3, 3..4, 5..9, 10..13, 13..16, 16..16] };
        let words = words(text, &tokens, &[9., -1., 7., 1., 1., 1., 9.]);
        let scores: Vec<(&str, f32)> = words.iter().map(|w| (w.text.as_str(), w.score)).collect();
        assert_eq!(scores, [("AMD", -0.25), ("soft drusen", 0.75)]);
    }
}
