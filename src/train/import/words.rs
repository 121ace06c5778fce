//! Words that a pretrained tokenizer splits, as tokens of their own. A tokenizer that was trained on a few captions splits
//! other words into letters, and a caption of them would not fit into the context.

use candle_core::Tensor;

use super::pretrained::Pretrained;
use crate::error::Result;

const TOKEN_EMBEDDING: &str = "token_embedding.weight";

impl Pretrained {
    /// Adds the words of `texts` that the tokenizer splits. The embedding of a new token is the mean of its parts'
    /// embeddings (as in Hewitt 2021, "Initializing new word embeddings for pretrained language models", over the parts
    /// instead of all tokens).
    ///
    /// # Errors
    /// A tensor operation fails.
    pub(crate) fn with_words(mut self, texts: &[String]) -> Result<Self> {
        let mut words: Vec<String> = texts
            .iter()
            .flat_map(|text| text.split(|c: char| !c.is_alphanumeric()))
            .map(str::to_lowercase)
            .filter(|word| !word.is_empty())
            .collect();
        words.sort();
        words.dedup();
        let mut split = vec![];
        if let Some(embedding) = self.towers.get_mut(TOKEN_EMBEDDING) {
            let mut rows = vec![embedding.clone()];
            for word in words {
                let tokens = self.tokenizer.encode(&word)?;
                // Without start and end.
                let parts = &tokens.ids[1..tokens.end()];
                if parts.len() > 1 {
                    rows.push(embedding.index_select(&Tensor::new(parts, embedding.device())?, 0)?.mean_keepdim(0)?);
                    split.push(word);
                }
            }
            *embedding = Tensor::cat(&rows, 0)?;
        }
        self.tokenizer = self.tokenizer.with_words(&split)?;
        self.manifest.clip.text.vocab_size = self.tokenizer.vocab_size();
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::tokenizer::Tokenizer;
    use crate::train::import::weights_file;

    #[test]
    fn a_word_that_was_split_is_one_token_and_begins_as_the_mean_of_its_parts() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("weights/compact.safetensors");
        let before = weights_file::read(&path).unwrap();
        let text = "AMD, soft drusen, quaxine";
        let after = weights_file::read(&path).unwrap().with_words(&[text.to_owned()]).unwrap();
        assert_eq!(after.tokenizer.vocab_size(), before.tokenizer.vocab_size() + 1);
        assert_eq!(after.manifest.clip.text.vocab_size, after.tokenizer.vocab_size());

        let read_again = Tokenizer::from_json(&after.tokenizer.to_json().unwrap()).unwrap();
        let tokens = read_again.encode(text).unwrap();
        let words: Vec<&str> = tokens.spans.iter().map(|s| &text[s.clone()]).collect();
        assert_eq!(words, ["", "AMD", ",", "soft", "drusen", ",", "quaxine", ""]);
        assert_eq!(read_again.encode("Quaxine, quaxines").unwrap().ids[1], tokens.ids[6]);
        assert_eq!(
            after.tokenizer.encode("AMD, soft drusen").unwrap(),
            before.tokenizer.encode("AMD, soft drusen").unwrap()
        );

        let parts = before.tokenizer.encode("quaxine").unwrap();
        let parts = Tensor::new(&parts.ids[1..parts.end()], &candle_core::Device::Cpu).unwrap();
        let mean = before.towers[TOKEN_EMBEDDING].index_select(&parts, 0).unwrap().mean(0).unwrap();
        let row = after.towers[TOKEN_EMBEDDING].get(tokens.ids[6] as usize).unwrap();
        assert_eq!(row.to_vec1::<f32>().unwrap(), mean.to_vec1::<f32>().unwrap());
    }
}
