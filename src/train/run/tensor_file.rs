//! The files of tensors that a run keeps: safetensors with a checksum and, beside it in the header, what else must be read
//! with them. A file in which a bit was flipped is refused.

use std::collections::HashMap;
use std::path::Path;

use candle_core::{Device, Tensor};
use safetensors::SafeTensors;

use crate::bundle::checksum;
use crate::error::{Error, Result};
use crate::train::files::{self, Action, failed};

/// The key of the text in a file's header.
const KEY: &str = "octlens";

/// Writes `tensors`; `fields` is the text of a JSON object that [`read`] gives back with the checksum as one more field.
pub(super) fn write(path: &Path, tensors: &HashMap<String, Tensor>, fields: &str) -> Result<()> {
    let text = checksum::sealed(fields, tensors.iter().map(|(name, tensor)| (name.as_str(), tensor)));
    let header = HashMap::from([(KEY.to_owned(), text)]);
    files::replace(path, |unfinished| {
        safetensors::serialize_to_file(tensors, Some(header), unfinished).map_err(|e| failed(Action::Write, path, e))
    })
}

/// The tensors of a file, and its fields; an empty text if it has none.
///
/// # Errors
/// The file cannot be read, is damaged, or its checksum does not hold.
pub(super) fn read(path: &Path, device: &Device) -> Result<(HashMap<String, Tensor>, String)> {
    let bytes = files::read(path)?;
    let fields = check(&bytes).map_err(|e| damaged(path, e))?;
    let tensors = candle_core::safetensors::load_buffer(&bytes, device).map_err(|e| damaged(path, e))?;
    Ok((tensors, fields))
}

fn damaged(path: &Path, source: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::data(format!(
        "{} is damaged: restore it from a copy, or remove it and repeat the step that writes it",
        path.display()
    ))
    .because(source)
}

/// Checks the bytes of a file, which may also be one that another program wrote. Returns its fields.
///
/// # Errors
/// It is cut short or no safetensors file, or its checksum does not hold.
pub(crate) fn check(bytes: &[u8]) -> Result<String> {
    let unreadable = |e| Error::data("it is cut short, or no file of tensors").because(e);
    let (_, header) = SafeTensors::read_metadata(bytes).map_err(unreadable)?;
    let text = header.metadata().as_ref().and_then(|notes| notes.get(KEY)).cloned().unwrap_or_default();
    let file = SafeTensors::deserialize(bytes).map_err(unreadable)?;
    if checksum::holds(&text, &file) { Ok(text) } else { Err(Error::data("its checksum is another one")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_with_a_flipped_bit_is_refused_with_what_to_do() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("checkpoint.safetensors");
        let tensors = HashMap::from([("w".to_owned(), Tensor::new(&[1f32, -2.], &Device::Cpu).unwrap())]);
        write(&path, &tensors, r#"{"n_steps":12}"#).unwrap();
        let (read_back, fields) = read(&path, &Device::Cpu).unwrap();
        assert_eq!(read_back["w"].to_vec1::<f32>().unwrap(), [1., -2.]);
        assert_eq!(serde_json::from_str::<serde_json::Value>(&fields).unwrap()["n_steps"], 12);

        let bytes = std::fs::read(&path).unwrap();
        let digit = bytes.windows(2).position(|w| w == b"12").unwrap();
        // A weight, and the position in the header.
        for at in [bytes.len() - 1, digit] {
            let mut flipped = bytes.clone();
            flipped[at] ^= 1;
            std::fs::write(&path, flipped).unwrap();
            let refused = read(&path, &Device::Cpu).unwrap_err().to_string();
            assert!(refused.contains("checkpoint.safetensors is damaged: restore it"), "{refused}");
        }
        std::fs::write(&path, &bytes[..bytes.len() - 3]).unwrap();
        assert!(read(&path, &Device::Cpu).unwrap_err().to_string().contains("cut short"));
    }

    #[test]
    fn a_file_from_before_checksums_is_read() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("checkpoint.safetensors");
        let tensors = HashMap::from([("w".to_owned(), Tensor::new(&[1f32], &Device::Cpu).unwrap())]);
        for note in [None, Some(HashMap::from([(KEY.to_owned(), "{\"n_steps\":3}".to_owned())]))] {
            safetensors::serialize_to_file(&tensors, note.clone(), &path).unwrap();
            let (_, fields) = read(&path, &Device::Cpu).unwrap();
            assert_eq!(fields, note.map_or(String::new(), |n| n[KEY].clone()));
        }
    }
}
