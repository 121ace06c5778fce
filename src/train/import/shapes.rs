//! The tensors that a model consists of, and how a file's tensors differ from them. Reads no values.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use candle_core::{DType, Device, Shape, Tensor};
use candle_nn::{Init, VarBuilder, var_builder::SimpleBackend};

use super::excerpt::excerpt;
use crate::clip::{Clip, ClipConfig};
use crate::error::{Error, Result};

/// Tensors' shapes by name.
pub(super) type Shapes = BTreeMap<String, Vec<usize>>;

/// How many names of one sort a message lists.
const MAX_LISTED: usize = 60;

/// Every tensor that [`Clip`] asks for, in its shape.
pub(super) fn of_clip(config: &ClipConfig) -> Result<Shapes> {
    config.check()?;
    shapes_of(|vb| Clip::new(config, vb).map(drop))
}

/// Every tensor that `build` asks for, in its shape. It is recorded while the model is built, so that there is no second list.
pub(super) fn shapes_of(build: impl FnOnce(VarBuilder<'_>) -> Result<()>) -> Result<Shapes> {
    let asked = Arc::new(Mutex::new(Shapes::new()));
    let recorder = Box::new(Recorder(asked.clone()));
    build(VarBuilder::from_backend(recorder, DType::F32, Device::Cpu))?;
    let shapes = asked.lock().map_err(|_| Error::config("a thread panicked while it built the model"))?;
    Ok(shapes.clone())
}

/// Answers with zeros that take no memory, and records what was asked for.
struct Recorder(Arc<Mutex<Shapes>>);

impl SimpleBackend for Recorder {
    fn get(&self, s: Shape, name: &str, _: Init, dtype: DType, device: &Device) -> candle_core::Result<Tensor> {
        if let Ok(mut asked) = self.0.lock() {
            asked.insert(name.to_owned(), s.dims().to_vec());
        }
        Tensor::zeros((), dtype, device)?.broadcast_as(s)
    }

    fn get_unchecked(&self, name: &str, _: DType, _: &Device) -> candle_core::Result<Tensor> {
        Err(candle_core::Error::CannotFindTensor { path: name.to_owned() })
    }

    fn contains_tensor(&self, _: &str) -> bool {
        // What only a quantized file holds: the model must ask for its float tensors.
        false
    }
}

/// A shape in a message: `[64, 3, 3, 3]`.
pub(super) fn dims(shape: &[usize]) -> String {
    format!("{shape:?}")
}

/// Compares a file's tensors with a model's. A file may also have tensors for which `ignored` holds.
///
/// # Errors
/// One line that names every tensor that is missing, not known, or of another shape.
pub(super) fn compare(found: &Shapes, expected: &Shapes, ignored: impl Fn(&str) -> bool) -> Result<()> {
    let missing: Vec<String> = expected.keys().filter(|name| !found.contains_key(*name)).cloned().collect();
    let unknown: Vec<String> =
        found.keys().filter(|name| !expected.contains_key(*name) && !ignored(name)).map(|name| excerpt(name)).collect();
    let other: Vec<String> = expected
        .iter()
        .filter_map(|(name, shape)| Some((name, shape, found.get(name)?)))
        .filter(|(_, shape, found)| shape != found)
        .map(|(name, shape, found)| format!("{name} is {}, not {}", dims(found), dims(shape)))
        .collect();
    let parts: Vec<String> = [("missing", missing), ("not known", unknown), ("of another shape", other)]
        .into_iter()
        .filter(|(_, names)| !names.is_empty())
        .map(|(what, names)| format!("{} {what}: {}", names.len(), listed(&names)))
        .collect();
    if parts.is_empty() { Ok(()) } else { Err(Error::weights(format!("its tensors do not fit: {}", parts.join("; ")))) }
}

fn listed(names: &[String]) -> String {
    let first = names.iter().take(MAX_LISTED).map(String::as_str).collect::<Vec<_>>().join(", ");
    if names.len() > MAX_LISTED { format!("{first} and {} more", names.len() - MAX_LISTED) } else { first }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_model_names_its_own_tensors() {
        let shapes = of_clip(&ClipConfig::rn50()).unwrap();
        assert_eq!(shapes["visual.conv1.weight"], [32, 3, 3, 3]);
        assert_eq!(shapes["visual.attnpool.positional_embedding"], [50, 2048]);
        assert_eq!(shapes["transformer.resblocks.11.attn.in_proj_weight"], [1536, 512]);
        assert_eq!(shapes["logit_scale"], [0usize; 0]);
        let n: usize =
            shapes.iter().filter(|(n, _)| !n.contains("running_")).map(|(_, s)| s.iter().product::<usize>()).sum();
        assert_eq!(n, 102_007_137);
    }

    #[test]
    fn what_does_not_fit_is_named_in_one_line() {
        let shapes = |list: &[(&str, &[usize])]| -> Shapes {
            list.iter().map(|(name, shape)| ((*name).to_owned(), shape.to_vec())).collect()
        };
        let expected = shapes(&[("a", &[1]), ("b", &[2]), ("c", &[3])]);
        let found = shapes(&[("b", &[4]), ("c", &[3]), ("d", &[5]), ("e", &[6])]);
        let error = compare(&found, &expected, |name| name == "e").unwrap_err().to_string();
        assert_eq!(
            error,
            "its tensors do not fit: 1 missing: a; 1 not known: d; 1 of another shape: b is [4], not [2]"
        );
    }
}
