//! The phrases of a caption: their places in it, their tokens, and captions of only some of them.

use std::ops::Range;

use super::shapley::Coalition;
use crate::tokenizer::Tokens;

/// The text between two commas, without surrounding space.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Phrase {
    /// Its bytes in the caption.
    pub bytes: Range<usize>,
    /// Its tokens.
    pub tokens: Range<usize>,
}

/// The phrases of `text` in order; `tokens` are those of `text`. Commas, start and end tokens belong to no phrase.
pub(crate) fn phrases(text: &str, tokens: &Tokens) -> Vec<Phrase> {
    let mut start = 0;
    let mut phrases = Vec::new();
    for part in text.split_inclusive([',', ';']) {
        let phrase = part.trim_end_matches([',', ';']);
        let lead = phrase.len() - phrase.trim_start().len();
        let trimmed = phrase.trim();
        if !trimmed.is_empty() {
            let bytes = start + lead..start + lead + trimmed.len();
            let is_inside =
                |span: &Range<usize>| span.start < span.end && span.start >= bytes.start && span.end <= bytes.end;
            let first = tokens.spans.iter().position(is_inside).unwrap_or(tokens.end());
            let n_inside = tokens.spans[first..].iter().take_while(|span| is_inside(span)).count();
            phrases.push(Phrase { bytes, tokens: first..first + n_inside });
        }
        start += part.len();
    }
    phrases
}

/// Token ids, from start to end token, of the caption with only the phrases in `kept`. Each phrase but the first comes with
/// the comma before it.
pub(crate) fn token_ids_of(tokens: &Tokens, phrases: &[Phrase], kept: Coalition) -> Vec<u32> {
    let mut ids = tokens.ids[..1].to_vec();
    for (i, phrase) in phrases.iter().enumerate().filter(|(i, _)| kept & 1 << i != 0) {
        let is_first = kept & ((1 << i) - 1) == 0;
        let from = if is_first { phrase.tokens.start } else { phrases[i - 1].tokens.end };
        ids.extend(&tokens.ids[from..phrase.tokens.end]);
    }
    ids.push(tokens.ids[tokens.end()]);
    ids
}

/// Divides by the sum of absolute values, so that the shares' absolute values sum to 1.
pub(crate) fn shares(scores: &[f64]) -> Vec<f32> {
    let total: f64 = scores.iter().map(|s| s.abs()).sum();
    scores.iter().map(|s| if total > 0. { (s / total) as f32 } else { 0. }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `AMD, soft drusen, fluid` as a tokenizer reads it that cuts "drusen" in two.
    fn tokens() -> Tokens {
        let spans = vec![0..0, 0..3, 3..4, 5..9, 10..13, 13..16, 16..17, 18..23, 23..23];
        Tokens { ids: (100..109).collect(), spans }
    }

    #[test]
    fn phrases_are_found_by_their_bytes() {
        let text = "AMD,  soft drusen ,, fluid";
        let none = Tokens { ids: vec![0, 1], spans: vec![0..0, 26..26] };
        let found = phrases(text, &none);
        let words: Vec<&str> = found.iter().map(|p| &text[p.bytes.clone()]).collect();
        assert_eq!(words, ["AMD", "soft drusen", "fluid"]);
        assert!(found.iter().all(|p| p.tokens.is_empty()));
        assert!(phrases(" , ", &none).is_empty());
    }

    #[test]
    fn a_phrase_knows_its_tokens_and_no_comma() {
        let found = phrases("AMD, soft drusen, fluid", &tokens());
        assert_eq!(found.iter().map(|p| p.tokens.clone()).collect::<Vec<_>>(), [1..2, 3..6, 7..8]);
    }

    #[test]
    fn a_caption_of_some_phrases_is_what_would_have_been_written() {
        let (tokens, text) = (tokens(), "AMD, soft drusen, fluid");
        let phrases = phrases(text, &tokens);
        let ids = |kept| token_ids_of(&tokens, &phrases, kept);
        assert_eq!(ids(0b111), tokens.ids);
        assert_eq!(ids(0b000), [100, 108]);
        assert_eq!(ids(0b110), [100, 103, 104, 105, 106, 107, 108]);
        assert_eq!(ids(0b101), [100, 101, 106, 107, 108]);
        assert_eq!(ids(0b100), [100, 107, 108]);
    }

    #[test]
    fn shares_keep_their_sign() {
        assert_eq!(shares(&[-1., 3.]), [-0.25, 0.75]);
        assert_eq!(shares(&[0., 0.]), [0., 0.]);
        assert!(shares(&[]).is_empty());
    }
}
