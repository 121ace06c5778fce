//! CLIP's tokenizer from its merges (`bpe_simple_vocab_16e6.txt.gz`) or from Hugging Face's `tokenizer.json`.
//!
//! Both give the same tokenizer, with the token ids of CLIP's `SimpleTokenizer` (CLIP's `simple_tokenizer.py`): byte-pair
//! merges over bytes that are written as letters. How a text is cleaned before is in `cleaning`.

use std::collections::HashMap;
use std::io::Read;
use std::path::Path;

use flate2::read::GzDecoder;
use serde_json::Value;
use tokenizers::models::bpe::{BPE, Vocab};
use tokenizers::pre_tokenizers::PreTokenizerWrapper;
use tokenizers::pre_tokenizers::byte_level::ByteLevel;
use tokenizers::pre_tokenizers::sequence::Sequence;
use tokenizers::pre_tokenizers::split::{Split, SplitPattern};
use tokenizers::{AddedToken, SplitDelimiterBehavior, TokenizerBuilder};

use super::cleaning;
use crate::error::{Error, Kind, Result};
use crate::tokenizer::{END_OF_TEXT, START_OF_TEXT, Tokenizer};
use crate::train::files::{self, Action, failed};

/// Bytes of the largest vocabulary, unpacked; CLIP's has 3 MB, as merges or as JSON.
const MAX_BYTES: u64 = 64 << 20;
/// Merges that CLIP takes from its file, which holds more (`simple_tokenizer.py`: `merges[1:49152-256-2+1]`).
const N_MERGES: usize = 49_152 - 256 - 2;
/// Marks the last token of a word.
const END_OF_WORD: &str = "</w>";
/// What becomes a word: CLIP's pattern. Case does not matter, as in CLIP.
const WORDS: &str = r"(?i)'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+";

/// Reads a vocabulary file of either format, told apart by its first bytes.
///
/// # Errors
/// The file is damaged, too large, or not CLIP's kind of vocabulary.
pub fn read(path: &Path) -> Result<Tokenizer> {
    let refused = |e: Error| match e.kind() {
        // It names the file itself.
        Kind::Io => e,
        _ => Error::weights(format!("{} cannot be used as CLIP's vocabulary", path.display())).because(e),
    };
    let text = text(path).map_err(refused)?;
    let (vocabulary, merges) =
        if text.trim_start().starts_with('{') { from_json(&text) } else { from_merges(&text) }.map_err(refused)?;
    build(vocabulary, merges).map_err(refused)
}

fn text(path: &Path) -> Result<String> {
    let unreadable = |e| failed(Action::Read, path, e);
    let mut magic = Vec::new();
    files::open(path)?.take(2).read_to_end(&mut magic).map_err(unreadable)?;
    let mut bytes = Vec::new();
    let mut file = files::open(path)?;
    let reader: &mut dyn Read = if magic == [0x1f, 0x8b] { &mut GzDecoder::new(file) } else { &mut file };
    reader.take(MAX_BYTES + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(Error::weights("it is larger than any vocabulary"));
    }
    String::from_utf8(bytes)
        .map_err(|_| Error::weights("it is not text: give bpe_simple_vocab_16e6.txt.gz or a tokenizer.json"))
}

type Merges = Vec<(String, String)>;

/// The letters that stand for the 256 bytes, in CLIP's order (`bytes_to_unicode`): those that can be seen stand for
/// themselves, the others follow from 256 on.
fn byte_letters() -> Vec<char> {
    let seen: Vec<char> = ('!'..='~').chain('¡'..='¬').chain('®'..='ÿ').collect();
    let n_unseen = 256 - seen.len() as u32;
    seen.into_iter().chain((256..256 + n_unseen).filter_map(char::from_u32)).collect()
}

/// CLIP's numbering: bytes, bytes that end a word, merges, start and end token.
fn from_merges(text: &str) -> Result<(HashMap<String, u32>, Merges)> {
    // The first line is a heading.
    let lines = text.lines().skip(1).take(N_MERGES).filter(|line| !line.trim().is_empty());
    let merges = lines.enumerate().map(|(i, line)| pair(line, i)).collect::<Result<Merges>>()?;
    if merges.is_empty() {
        return Err(Error::weights("it holds no merges: give bpe_simple_vocab_16e6.txt.gz or a tokenizer.json"));
    }
    let letters = byte_letters();
    let tokens = letters
        .iter()
        .map(char::to_string)
        .chain(letters.iter().map(|c| format!("{c}{END_OF_WORD}")))
        .chain(merges.iter().map(|(a, b)| format!("{a}{b}")))
        .chain([START_OF_TEXT, END_OF_TEXT].map(str::to_owned));
    let vocabulary: HashMap<String, u32> = tokens.zip(0..).collect();
    if vocabulary.len() != 2 * letters.len() + merges.len() + 2 {
        return Err(Error::weights("it defines a token twice: fetch it again"));
    }
    Ok((vocabulary, merges))
}

fn pair(line: &str, i: usize) -> Result<(String, String)> {
    match line.split_whitespace().collect::<Vec<_>>()[..] {
        [a, b] => Ok((a.to_owned(), b.to_owned())),
        _ => Err(Error::weights(format!("merge {} does not have two parts: fetch it again", i + 1))),
    }
}

fn from_json(text: &str) -> Result<(HashMap<String, u32>, Merges)> {
    let wrong = |what: &str| Error::weights(format!("{what}: give a CLIP model's tokenizer.json"));
    let json: Value = serde_json::from_str(text).map_err(|e| wrong("its JSON is damaged").because(e))?;
    let model = &json["model"];
    if model["type"] != "BPE" || model["end_of_word_suffix"] != END_OF_WORD {
        return Err(wrong("it holds no byte-pair vocabulary with </w> at the ends of words"));
    }
    let entries = model["vocab"].as_object().ok_or_else(|| wrong("it has no vocab"))?;
    let n = entries.len();
    let mut vocabulary = HashMap::with_capacity(n);
    let mut taken = vec![false; n];
    for (token, id) in entries {
        let id = id.as_u64().and_then(|id| usize::try_from(id).ok()).filter(|id| *id < n && !taken[*id]);
        let id = id.ok_or_else(|| wrong("its tokens are not numbered from 0 on, each once"))?;
        taken[id] = true;
        vocabulary.insert(token.clone(), id as u32);
    }
    let mut needed = byte_letters().into_iter().flat_map(|c| [c.to_string(), format!("{c}{END_OF_WORD}")]);
    if !needed.all(|token| vocabulary.contains_key(&token)) {
        return Err(wrong("it does not know every byte"));
    }
    let merges = model["merges"].as_array().ok_or_else(|| wrong("it has no merges"))?;
    let merges = merges
        .iter()
        .enumerate()
        .map(|(i, merge)| match merge {
            Value::String(line) => pair(line, i),
            Value::Array(parts) => match &parts[..] {
                [Value::String(a), Value::String(b)] => Ok((a.clone(), b.clone())),
                _ => Err(wrong("its merges do not have two parts")),
            },
            _ => Err(wrong("its merges do not have two parts")),
        })
        .collect::<Result<Merges>>()?;
    Ok((vocabulary, merges))
}

fn build(vocabulary: HashMap<String, u32>, merges: Merges) -> Result<Tokenizer> {
    let failed =
        |e: tokenizers::Error| Error::weights(format!("its merges do not fit its tokens ({e}): fetch it again"));
    let special = [START_OF_TEXT, END_OF_TEXT];
    if let Some(token) = special.into_iter().find(|token| !vocabulary.contains_key(*token)) {
        return Err(Error::weights(format!("it has no {token}: give a CLIP model's vocabulary")));
    }
    let vocab: Vocab = vocabulary.into_iter().collect();
    let bpe = BPE::builder()
        .vocab_and_merges(vocab, merges)
        .end_of_word_suffix(END_OF_WORD.to_owned())
        .build()
        .map_err(failed)?;
    let split = Split::new(SplitPattern::Regex(WORDS.to_owned()), SplitDelimiterBehavior::Removed, true);
    let words: [PreTokenizerWrapper; 2] = [split.map_err(failed)?.into(), ByteLevel::new(false, true, false).into()];
    let mut tokenizer = TokenizerBuilder::new()
        .with_model(bpe)
        .with_normalizer(Some(cleaning::normalizer().map_err(failed)?))
        .with_pre_tokenizer(Some(Sequence::new(words.into())))
        .with_post_processor(None::<ByteLevel>)
        .with_decoder(Some(ByteLevel::default()))
        .build()
        .map_err(failed)?;
    let special = special.map(|token| AddedToken::from(token, true).normalized(true));
    tokenizer.add_special_tokens(special).map_err(failed)?;
    Tokenizer::from_json(&tokenizer.to_string(false).map_err(failed)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bytes, two merges, two special tokens.
    fn tokenizer() -> Tokenizer {
        let (vocabulary, merges) = from_merges("heading\na m\nam d</w>\n").unwrap();
        build(vocabulary, merges).unwrap()
    }

    #[test]
    fn tokens_are_numbered_as_clip_numbers_them() {
        let tokenizer = tokenizer();
        assert_eq!(tokenizer.vocab_size(), 512 + 2 + 2);
        // '!' is byte letter 0, so 'a' is 64, and ends a word as 256 + 64.
        assert_eq!(tokenizer.encode("AMD a aM").unwrap().ids, [514, 513, 320, 64, 256 + 76, 515]);
    }

    #[test]
    fn any_text_can_be_read_and_every_token_knows_its_letters() {
        for text in ["", " \t\u{3000}\n", "드루젠 🙂", "AMD, ﬁne “soft” drusen…", "a\u{300}\u{1F469}\u{200D}\u{1F52C}"]
        {
            let tokens = tokenizer().encode(text).unwrap();
            assert!(tokens.spans.iter().all(|s| text.get(s.clone()).is_some()), "{text}");
        }
    }

    #[test]
    fn damaged_vocabularies_are_refused() {
        let refusal = |text: &str| {
            let read = if text.starts_with('{') { from_json(text) } else { from_merges(text) };
            read.and_then(|(vocabulary, merges)| build(vocabulary, merges)).unwrap_err().to_string()
        };
        assert!(refusal("heading\n").contains("no merges"));
        assert!(refusal("heading\na b c\n").contains("merge 1"));
        assert!(refusal("heading\na b\na b\n").contains("twice"));
        assert!(refusal("heading\nab c\n").contains("do not fit"));
        assert!(refusal("{").contains("damaged"));
        assert!(refusal(r#"{"model": {"type": "WordPiece"}}"#).contains("byte-pair"));
        let json = r#"{"model": {"type": "BPE", "end_of_word_suffix": "</w>", "vocab": {"a": 0, "b": 0}}}"#;
        assert!(refusal(json).contains("numbered"));
        assert!(refusal(&json.replace("\"b\": 0", "\"b\": 1")).contains("byte"));
    }
}
