//! A byte-pair tokenizer trained on the captions, for models that do not use CLIP's.

use tokenizers::models::bpe::{BPE, BpeTrainer};
use tokenizers::normalizers::Lowercase;
use tokenizers::pre_tokenizers::whitespace::Whitespace;
use tokenizers::{AddedToken, TokenizerBuilder};

use crate::error::{Error, Result};
use crate::tokenizer::{END_OF_TEXT, START_OF_TEXT, Tokenizer};

/// Stands for a character that occurs in no caption.
const UNKNOWN: &str = "<|unknown|>";
/// Enough for every word of a caption vocabulary to become one token.
const VOCAB_SIZE: usize = 512;

/// Learns merges from `captions`, lower-cased. The same captions always give the same ids; for this, words do not end in
/// `</w>` as in CLIP's vocabulary: the library numbers such tokens in the order of a randomly seeded hash map.
pub fn train(captions: &[String]) -> Result<Tokenizer> {
    let failed = |e: tokenizers::Error| Error::config(format!("the tokenizer cannot be trained ({e})"));
    let special = [START_OF_TEXT, END_OF_TEXT, UNKNOWN].map(|t| AddedToken::from(t, true));
    let mut trainer = BpeTrainer::builder()
        .vocab_size(VOCAB_SIZE)
        .min_frequency(1)
        .show_progress(false)
        .special_tokens(special.to_vec())
        .initial_alphabet((' '..='~').filter(|c| !c.is_ascii_uppercase()).collect())
        .build();
    let bpe = BPE::builder().unk_token(UNKNOWN.to_owned()).build().map_err(failed)?;
    let mut tokenizer = TokenizerBuilder::new()
        .with_model(bpe)
        .with_normalizer(Some(Lowercase))
        .with_pre_tokenizer(Some(Whitespace))
        .with_post_processor(None::<tokenizers::processors::template::TemplateProcessing>)
        .with_decoder(None::<tokenizers::decoders::bpe::BPEDecoder>)
        .build()
        .map_err(failed)?;
    tokenizer.train(&mut trainer, captions.iter().map(String::as_str)).map_err(failed)?;
    Tokenizer::from_json(&tokenizer.to_string(false).map_err(failed)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_the_captions_become_tokens_that_know_their_bytes() {
        let captions = ["AMD, soft drusen, fluid".to_owned(), "healthy".to_owned()];
        let tokenizer = train(&captions).unwrap();
        let text = "AMD, soft drusen";
        let tokens = tokenizer.encode(text).unwrap();
        let words: Vec<&str> = tokens.spans.iter().map(|s| &text[s.clone()]).collect();
        assert_eq!(words, ["", "AMD", ",", "soft", "drusen", ""]);
        assert_eq!(Tokenizer::from_json(&tokenizer.to_json().unwrap()).unwrap().encode(text).unwrap(), tokens);
    }

    #[test]
    fn the_same_captions_give_the_same_ids() {
        let captions = ["AMD, soft drusen, fluid", "AMD, hard drusen, choroidal folds", "healthy"].map(str::to_owned);
        let first = train(&captions).unwrap().to_json().unwrap();
        assert!((0..20).all(|_| train(&captions).unwrap().to_json().unwrap() == first));
    }

    #[test]
    fn any_text_can_be_read() {
        let tokenizer = train(&["healthy".to_owned()]).unwrap();
        for text in ["", "드루젠 🙂", "unseen words, Ω"] {
            let tokens = tokenizer.encode(text).unwrap();
            assert!(tokens.spans.iter().all(|s| text.get(s.clone()).is_some()), "{text}");
        }
    }
}
