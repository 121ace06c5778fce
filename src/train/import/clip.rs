//! CLIP's weights as OpenAI and open_clip publish them: TorchScript archives, state dicts and safetensors, with CLIP's
//! vocabulary. They become towers, sizes and tokenizer under the names that octlens uses.

use std::collections::HashMap;
use std::path::Path;

use candle_core::Tensor;

use super::manifest::{Manifest, SCHEMA, source_file};
use super::pretrained::{Pretrained, check_vocabulary};
use super::sizes::{self, StoredSizes};
use super::state_dict::{StateDict, refused};
use super::{bpe, shapes};
use crate::clip::ClipConfig;
use crate::error::{Error, Result};

/// What CLIP subtracts from each channel of values 0…1, and divides by (CLIP's `clip.py`, `_transform`).
const PIXEL_MEAN: [f32; 3] = [0.481_454_66, 0.457_827_5, 0.408_210_73];
const PIXEL_STD: [f32; 3] = [0.268_629_54, 0.261_302_6, 0.275_777_1];
/// Numbers that OpenAI's archives hold in addition to the weights (CLIP's `build_model` removes them too).
const STORED_SIZES: [&str; 3] = ["input_resolution", "context_length", "vocab_size"];

/// Reads weights and vocabulary. `text_heads` is needed where the text tower's width is no multiple of 64.
///
/// # Errors
/// One line that names the file and what is wrong with it: every tensor that is missing, unknown or of another shape;
/// names that a pickle would run; claims that the file cannot hold; a vocabulary of another size than the text tower's.
pub fn read(weights: &Path, vocabulary: &Path, text_heads: Option<usize>) -> Result<Pretrained> {
    let tokenizer = bpe::read(vocabulary)?;
    let read = || {
        let mut state_dict = StateDict::open(weights)?;
        // open_clip keeps the text tower under `text.` where it may be of another kind.
        state_dict.rename(|name| name.strip_prefix("text.").unwrap_or(name).to_owned());
        let mut stored = |name: &str| -> Result<Option<usize>> {
            let value = state_dict.integer(name)?;
            let size = |v| usize::try_from(v).map_err(|_| Error::weights(format!("its {name} is not a size")));
            value.map(size).transpose()
        };
        let [input_resolution, context_length, vocab_size] = STORED_SIZES.map(&mut stored);
        let stored = StoredSizes {
            input_resolution: input_resolution?,
            context_length: context_length?,
            vocab_size: vocab_size?,
        };
        let clip = sizes::of(&state_dict.shapes(), stored, text_heads)?;
        let towers = towers(&mut state_dict, &clip)?;
        Ok((clip, state_dict.format(), towers))
    };
    let (clip, format, towers) = read().map_err(|e| refused(weights, e))?;
    check_vocabulary(&tokenizer, &clip).map_err(|e| {
        Error::weights(format!("{} and {} do not fit", weights.display(), vocabulary.display())).because(e)
    })?;
    let name = if clip == ClipConfig::rn50() { "rn50" } else { "clip" };
    let manifest = Manifest {
        schema: SCHEMA.to_owned(),
        name: name.to_owned(),
        weights: source_file(weights, format)?,
        tokenizer: source_file(vocabulary, "byte-pair vocabulary")?,
        clip,
        pixel_mean: PIXEL_MEAN,
        pixel_std: PIXEL_STD,
    };
    Ok(Pretrained { manifest, tokenizer, towers, splits: None, has_norms: true })
}

/// Both towers of a state dict, all tensors of which must be known.
pub(super) fn towers(state_dict: &mut StateDict, clip: &ClipConfig) -> Result<HashMap<String, Tensor>> {
    let expected = shapes::of_clip(clip)?;
    shapes::compare(&state_dict.shapes(), &expected, |name| STORED_SIZES.contains(&name) || name == "attn_mask")?;
    state_dict.floats(&expected)
}
