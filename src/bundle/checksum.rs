//! The checksum in the header of a file of tensors: SHA-256 of the header's text and of every tensor, in hex. Weights files
//! and the files of a run have it, so that one flipped bit is found wherever the file goes. Knows bytes; knows no model.
//!
//! It tells damage, not intent: who changes a file on purpose can write its checksum anew. For that there is the list of
//! hashes, [`super::index`].

use safetensors::{SafeTensors, View};
use sha2::{Digest, Sha256};

use super::sha256::hex;

/// Digits of a checksum.
const N_DIGITS: usize = 64;
/// What stands between the text and its checksum: its last field.
const FIELD: &str = r#""sha256":""#;
/// What follows the checksum.
const END: &str = r#""}"#;

/// `json`, the text of an object, with the checksum of itself and of `tensors` as its last field.
pub fn sealed<'a, V: View>(json: &str, tensors: impl IntoIterator<Item = (&'a str, V)>) -> String {
    let fields = json.strip_suffix('}').unwrap_or(json);
    let comma = if fields.trim_end() == "{" { "" } else { "," };
    format!("{fields}{comma}{FIELD}{}{END}", of(json, tensors))
}

/// Whether a header's text and the file's tensors are those that were written. A text without a checksum is from before
/// there was one, and passes.
pub fn holds(text: &str, file: &SafeTensors<'_>) -> bool {
    let Some((json, checksum)) = unsealed(text) else { return true };
    of(&json, file.iter()) == checksum
}

/// The text before it was sealed, and its checksum; none if it has none.
fn unsealed(text: &str) -> Option<(String, &str)> {
    let text = text.strip_suffix(END)?;
    let (rest, checksum) = text.split_at_checked(text.len().checked_sub(N_DIGITS)?)?;
    let fields = rest.strip_suffix(FIELD)?;
    Some((format!("{}}}", fields.strip_suffix(',').unwrap_or(fields)), checksum))
}

/// SHA-256 of a text, and of name, type, shape and values of each tensor, in the order of names.
fn of<'a, V: View>(text: &str, tensors: impl IntoIterator<Item = (&'a str, V)>) -> String {
    let mut tensors: Vec<_> = tensors.into_iter().collect();
    tensors.sort_by_key(|(name, _)| *name);
    let mut hasher = Sha256::new();
    // With its length, so that no part can pass for the end of another.
    let mut add = |part: &[u8]| {
        hasher.update((part.len() as u64).to_le_bytes());
        hasher.update(part);
    };
    add(text.as_bytes());
    for (name, tensor) in tensors {
        add(name.as_bytes());
        add(format!("{} {:?}", tensor.dtype(), tensor.shape()).as_bytes());
        add(&tensor.data());
    }
    hex(&hasher.finalize())
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use safetensors::Dtype;
    use safetensors::tensor::TensorView;

    use super::*;

    const VALUES: [u8; 8] = [0, 0, 128, 63, 0, 0, 0, 64];

    fn file(json: &str) -> Vec<u8> {
        let view = || TensorView::new(Dtype::F32, vec![2], &VALUES).unwrap();
        let text = sealed(json, [("a", view()), ("b", view())]);
        let note = HashMap::from([("note".to_owned(), text)]);
        safetensors::serialize([("a", view()), ("b", view())], Some(note)).unwrap()
    }

    /// Whether a file can be read and its checksum holds.
    fn is_whole(bytes: &[u8]) -> bool {
        let Ok((_, header)) = SafeTensors::read_metadata(bytes) else { return false };
        let Some(text) = header.metadata().as_ref().and_then(|notes| notes.get("note")) else { return false };
        // A reader needs the fields, not only their text.
        serde_json::from_str::<serde_json::Value>(text).is_ok_and(|fields| fields["sha256"].is_string())
            && SafeTensors::deserialize(bytes).is_ok_and(|file| holds(text, &file))
    }

    #[test]
    fn any_flipped_bit_is_found() {
        for json in ["{}", r#"{"step":3,"name":"m"}"#] {
            let bytes = file(json);
            assert!(is_whole(&bytes));
            for bit in 0..bytes.len() * 8 {
                let mut flipped = bytes.clone();
                flipped[bit / 8] ^= 1 << (bit % 8);
                // Blanks fill the header up to a multiple of eight bytes, and another blank changes nothing.
                let is_same = SafeTensors::read_metadata(&flipped)
                    .is_ok_and(|(_, h)| h.metadata() == SafeTensors::read_metadata(&bytes).unwrap().1.metadata());
                let values = |b: &[u8]| {
                    SafeTensors::deserialize(b).ok().map(|f| {
                        let mut all: Vec<_> = f
                            .iter()
                            .map(|(n, v)| (n.to_owned(), v.dtype(), v.shape().to_vec(), v.data().to_vec()))
                            .collect();
                        all.sort_by(|a, b| a.0.cmp(&b.0));
                        all
                    })
                };
                assert!(!is_whole(&flipped) || is_same && values(&flipped) == values(&bytes), "bit {bit} of {json}");
            }
        }
    }

    #[test]
    fn a_text_without_a_checksum_passes_and_a_sealed_one_keeps_its_fields() {
        let bytes = file(r#"{"step":3}"#);
        let tensors = SafeTensors::deserialize(&bytes).unwrap();
        assert!(holds(r#"{"step":3}"#, &tensors) && holds("", &tensors) && holds("{}", &tensors));
        let (_, header) = SafeTensors::read_metadata(&bytes).unwrap();
        let fields: serde_json::Value = serde_json::from_str(&header.metadata().as_ref().unwrap()["note"]).unwrap();
        assert_eq!(fields["step"], 3);
        assert_eq!(fields["sha256"].as_str().map(str::len), Some(N_DIGITS));
    }
}
