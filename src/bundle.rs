//! One weights file is one model: its tensors and everything needed to use them, in a safetensors file whose header holds
//! one JSON text. Reads and writes bytes; knows no path and no URL.
//!
//! Tensors have OpenAI's names. In an `int8` file a matrix or kernel is I8, -127…127, and has a tensor `….scale` (F32, one
//! value per output channel, dimension 0). The convolutions of the image tower, except the first, have their norm folded in:
//! they are `weight`, `bias` (c_out) and `input_steps` (c_in), the scales of the input, by which the weight was multiplied
//! before it was rounded. The float kernel is `weight · scale[c_out] / input_steps[c_in]`. `output_steps` (c_out) are the
//! scales of the output: what a byte of 1 means in each channel after the ReLU (for the last convolution of a block: after
//! the sum). A `float` file holds the tensors as they were trained.

pub mod card;
pub mod index;
pub mod sha256;

use std::collections::HashMap;

use candle_core::Tensor;
use safetensors::SafeTensors;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::bundle::card::{Metrics, Training, WeightPrecision};
use crate::caption::{Caption, Vocabulary};
use crate::clip::ClipConfig;
use crate::doubt::Thresholds;
use crate::error::{Error, Result};
use crate::head::HeadConfig;
use crate::nn::params::{self, Params};
use crate::preprocess::Preprocess;

/// The version this program writes, and the only one it reads.
pub const FORMAT: u32 = 2;
/// The key of the JSON text in the header's metadata.
const KEY: &str = "octlens";
/// L2-normalised embeddings of [`Metadata::captions`], (n, D).
pub const CAPTION_EMBEDS: &str = "caption_embeds";
/// The prefix of the detector's tensors.
pub const DOUBT: &str = "doubt";
/// Tensors that are always stored as floats: the first and last layers, positions and retrieval are sensitive and small.
const NEVER_QUANTIZED: [&str; 6] = [
    CAPTION_EMBEDS,
    "positional_embedding",
    "visual.conv1.weight",
    "_head.fc1.weight",
    "_head.fc2.weight",
    "doubt.weight",
];

/// The metadata of a kind of weights file.
pub trait Header: Serialize + DeserializeOwned {
    /// The kind of model. A file of another kind is refused, and the message names both kinds.
    const KIND: &'static str;

    /// Checks that a model of these sizes can be built.
    ///
    /// # Errors
    /// Its sizes contradict each other.
    fn check(&self) -> Result<()>;
}

/// The metadata of a weights file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Metadata {
    /// [`FORMAT`].
    pub format: u32,
    /// The model's name.
    pub name: String,
    /// A one-line description.
    pub title: String,
    /// How its weights are stored.
    pub precision: WeightPrecision,
    /// Sizes of both towers.
    pub clip: ClipConfig,
    /// Sizes of both heads.
    pub head: HeadConfig,
    /// Scan → `pixel_values`.
    pub preprocess: Preprocess,
    /// Class words and findings.
    pub vocabulary: Vocabulary,
    /// The captions that can be retrieved, in the order of [`CAPTION_EMBEDS`].
    pub captions: Vec<Caption>,
    /// Hugging Face's `tokenizer.json`.
    pub tokenizer: String,
    /// Where its answers become doubtful; none in files from before this field. With it, the file has the tensors of
    /// [`crate::doubt::detector::Detector`] under [`DOUBT`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub doubt: Option<Thresholds>,
    /// The licence of the weights.
    pub licence: String,
    /// How it was trained.
    pub training: Training,
    /// What was measured on held-out patients, if anything was.
    pub metrics: Option<Metrics>,
}

/// A weights file, read and checked.
pub struct Bundle<H: Header = Metadata> {
    /// Its metadata.
    pub metadata: H,
    /// Its tensors.
    pub params: Params,
    /// SHA-256 of the file, in hex.
    pub sha256: String,
    /// Its size.
    pub n_bytes: u64,
}

impl<H: Header> Bundle<H> {
    /// Reads and checks a file; `name` is for messages, `sha256` is the file's.
    ///
    /// # Errors
    /// A file that is damaged, foreign, of another version or out of range is refused by name.
    pub fn read(name: &str, bytes: Vec<u8>, sha256: String) -> Result<Self> {
        let refused = |why: String| Error::weights(format!("{name}: {why}"));
        let (_, header) = SafeTensors::read_metadata(&bytes)
            .map_err(|e| refused("is damaged or no weights file: fetch or export it again".into()).because(e))?;
        let json =
            header.metadata().as_ref().and_then(|m| m.get(KEY)).ok_or_else(|| {
                refused("holds tensors but no octlens model: use train import, then train export".into())
            })?;
        let damaged =
            |e: serde_json::Error| refused("its header is damaged: fetch or export it again".into()).because(e);
        let fields: serde_json::Value = serde_json::from_str(json).map_err(damaged)?;
        let format = fields["format"].as_u64();
        if format != Some(u64::from(FORMAT)) {
            let found = format.map_or("none".to_owned(), |f| f.to_string());
            return Err(refused(format!(
                "has format {found}, this program reads {FORMAT}: re-export with train export"
            )));
        }
        // The field is younger than the first kind, whose files lack it.
        let kind = fields["kind"].as_str().unwrap_or(Metadata::KIND);
        if kind != H::KIND {
            return Err(refused(format!("holds a model of kind {kind}, not {}", H::KIND)));
        }
        let metadata: H = serde_json::from_str(json).map_err(damaged)?;
        metadata.check().map_err(|e| refused("cannot be built".into()).because(e))?;
        let n_bytes = bytes.len() as u64;
        let params = Params::new(bytes).map_err(|e| Error::weights(format!("{name}: {e}")))?;
        Ok(Self { metadata, params, sha256, n_bytes })
    }

    /// A file of `tensors`; `quantize` stores those that [`is_quantized`] as 8-bit integers.
    pub fn write(metadata: &H, tensors: &HashMap<String, Tensor>, quantize: bool) -> Result<Vec<u8>> {
        let json = serde_json::to_string(metadata).map_err(|e| Error::weights("the header").because(e))?;
        params::write(tensors, |name, tensor| quantize && is_quantized(name, tensor), Some((KEY, json)))
    }
}

/// Whether a tensor is stored as 8-bit integers: matrices and kernels, except those that lose too much.
pub fn is_quantized(name: &str, tensor: &Tensor) -> bool {
    tensor.rank() >= 2 && !NEVER_QUANTIZED.iter().any(|n| name.ends_with(n))
}

impl Header for Metadata {
    const KIND: &'static str = "octlens";

    fn check(&self) -> Result<()> {
        self.clip.check()?;
        let (vision, labels) = (&self.clip.vision, self.vocabulary.labels.len());
        let fits = self.head.embed_dim == self.clip.embed_dim
            && self.head.n_classes == labels
            && labels >= 2
            && (1..=65_536).contains(&self.head.hidden)
            && self.preprocess.image_height == vision.image_height
            && self.preprocess.image_width == vision.image_width
            && self.preprocess.min_aspect > 0.
            && self.preprocess.cleaning.is_none_or(|cleaning| cleaning.is_valid())
            && self.doubt.as_ref().is_none_or(Thresholds::is_valid)
            && !self.captions.is_empty();
        if fits { Ok(()) } else { Err(Error::config("its sizes contradict each other: re-export with train export")) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A file of one tensor whose header holds `json`.
    fn file(json: &str) -> Vec<u8> {
        let tensors = HashMap::from([("x".to_owned(), Tensor::new(&[0f32], &candle_core::Device::Cpu).unwrap())]);
        params::write(&tensors, |_, _| false, Some((KEY, json.to_owned()))).unwrap()
    }

    fn refusal(json: &str) -> String {
        Bundle::<Metadata>::read("a file", file(json), String::new()).err().unwrap().to_string()
    }

    #[test]
    fn a_header_is_refused_for_what_is_wrong_with_it() {
        for json in ["", "{\"format\": 2", "{\"format\": 2}"] {
            assert!(refusal(json).starts_with("a file: its header is damaged"), "{}", refusal(json));
        }
        assert!(refusal("{}").contains("has format none"), "{}", refusal("{}"));
        assert!(refusal("{\"format\": 1}").contains("has format 1"));
        assert!(refusal("{\"format\": 2, \"kind\": \"baseline\"}").contains("kind baseline, not octlens"));
    }

    #[test]
    fn the_records_of_shipped_files_are_read_whole() {
        let dir = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("weights");
        let mut n_files = 0;
        for entry in std::fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_none_or(|extension| extension != "safetensors") {
                continue;
            }
            let bytes = std::fs::read(&path).unwrap();
            let header = SafeTensors::read_metadata(&bytes).unwrap().1.metadata().as_ref().unwrap()[KEY].clone();
            let written: serde_json::Value = serde_json::from_str(&header).unwrap();
            let metadata: Metadata = serde_json::from_str(&header).unwrap();
            assert_eq!(serde_json::to_value(&metadata.training).unwrap(), written["training"], "{}", path.display());
            assert_eq!(serde_json::to_value(&metadata.metrics).unwrap(), written["metrics"], "{}", path.display());
            assert!(metadata.metrics.is_some() && metadata.training.splits.is_some());
            n_files += 1;
        }
        assert!(n_files >= 2, "{n_files} weights files");
    }
}
