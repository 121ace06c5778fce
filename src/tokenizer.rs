//! Text to token ids, each with the range of bytes that it covers. Knows no rule of captions.

use std::ops::Range;

use crate::error::{Error, Result};

/// CLIP's first token.
pub const START_OF_TEXT: &str = "<|startoftext|>";
/// CLIP's last token, at which the text tower's output is taken.
pub const END_OF_TEXT: &str = "<|endoftext|>";

/// A byte-pair tokenizer with CLIP's start and end tokens.
#[derive(Clone, Debug)]
pub struct Tokenizer {
    inner: tokenizers::Tokenizer,
    start: u32,
    end: u32,
}

/// A tokenised text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tokens {
    /// Start token, the text's tokens, end token.
    pub ids: Vec<u32>,
    /// The range of bytes of the text that each token covers; empty for start and end.
    pub spans: Vec<Range<usize>>,
}

impl Tokens {
    /// The end token's position.
    pub fn end(&self) -> usize {
        self.ids.len() - 1
    }
}

impl Tokenizer {
    /// Reads Hugging Face's `tokenizer.json`.
    ///
    /// # Errors
    /// The JSON is damaged, or has no start or end token.
    pub fn from_json(json: &str) -> Result<Self> {
        let wrong = |what: String| Error::weights(format!("the tokenizer {what}: re-export with train export"));
        let inner: tokenizers::Tokenizer = json.parse().map_err(|e| wrong(format!("cannot be read ({e})")))?;
        let id = |token: &str| inner.token_to_id(token).ok_or_else(|| wrong(format!("has no {token}")));
        let (start, end) = (id(START_OF_TEXT)?, id(END_OF_TEXT)?);
        Ok(Self { inner, start, end })
    }

    /// The tokenizer as `tokenizer.json`.
    pub fn to_json(&self) -> Result<String> {
        self.inner.to_string(false).map_err(|e| Error::weights(format!("the tokenizer cannot be written ({e})")))
    }

    /// Token ids, with the bytes that they cover.
    pub fn encode(&self, text: &str) -> Result<Tokens> {
        let encoding = self
            .inner
            .encode(text, false)
            .map_err(|e| Error::caption(format!("the caption cannot be tokenised ({e}): use plain words")))?;
        let mut ids = vec![self.start];
        let mut spans = vec![Range::default()];
        for (id, (start, end)) in encoding.get_ids().iter().zip(encoding.get_offsets()) {
            ids.push(*id);
            spans.push(*start..*end);
        }
        ids.push(self.end);
        spans.push(text.len()..text.len());
        Ok(Tokens { ids, spans })
    }

    /// This tokenizer with each of `words` as one token more, numbered after its own in the order given.
    ///
    /// # Errors
    /// The library refuses a word.
    pub fn with_words(mut self, words: &[String]) -> Result<Self> {
        let tokens = words.iter().map(|word| tokenizers::AddedToken::from(word, false).single_word(true));
        let added = self.inner.add_tokens(tokens.collect::<Vec<_>>());
        added.map_err(|e| Error::caption(format!("the tokenizer cannot be given another word ({e})")))?;
        Ok(self)
    }

    /// Number of token ids.
    pub fn vocab_size(&self) -> usize {
        self.inner.get_vocab_size(true)
    }
}
