//! One weights file is one model: tensors, and all that is needed to use them, in a safetensors file whose header
//! holds one JSON text. Reads bytes, writes bytes; knows no path and no URL.

use std::collections::HashMap;

use candle_core::{DType, Device, Tensor};
use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::caption::{Caption, Vocabulary};
use crate::clip::ClipConfig;
use crate::error::{Error, Result};
use crate::head::HeadConfig;
use crate::nn::params::{self, QuantizedTensor, SCALE_SUFFIX};
use crate::preprocess::Preprocess;

/// The version this program writes, and the only one it reads.
pub const FORMAT: u32 = 1;
/// The header's key under which the JSON stands.
const KEY: &str = "octlens";
/// L2-normalised embeddings of [`Metadata::captions`], (n, D).
pub const CAPTION_EMBEDS: &str = "caption_embeds";
/// Tensors that stay floats: positions and retrieval are sensitive and small.
const NEVER_QUANTIZED: [&str; 2] = [CAPTION_EMBEDS, "positional_embedding"];

/// What a header must know of itself.
pub trait Header: Serialize + DeserializeOwned {
    /// The kind of model: a file of another kind is refused with both names.
    const KIND: &'static str;

    /// Whether it can be built.
    ///
    /// # Errors
    /// Its sizes contradict each other.
    fn check(&self) -> Result<()>;
}

/// What a weights file says of its tensors.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Metadata {
    /// [`FORMAT`].
    pub format: u32,
    /// The model's name.
    pub name: String,
    /// A line for people.
    pub title: String,
    /// `int8` or `float`.
    pub precision: String,
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
    /// Of the weights.
    pub licence: String,
    /// Data and settings.
    pub training: serde_json::Value,
    /// Measured on held-out patients, in float and in int8, and the drift between them.
    pub metrics: serde_json::Value,
}

/// A weights file, read and checked.
pub struct Bundle<H: Header = Metadata> {
    /// What it says of itself.
    pub metadata: H,
    /// Every tensor as 32-bit floats.
    pub tensors: HashMap<String, Tensor>,
    /// SHA-256 of the file, in hex.
    pub sha256: String,
    /// Its size.
    pub n_bytes: u64,
}

/// SHA-256 of `bytes`, in hex.
pub fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|b| format!("{b:02x}")).collect()
}

impl<H: Header> Bundle<H> {
    /// Reads and checks a file; `name` is for messages.
    ///
    /// # Errors
    /// A file that is damaged, foreign, of another version or out of range is refused by name.
    pub fn read(name: &str, bytes: &[u8]) -> Result<Self> {
        let refused = |why: String| Error::weights(format!("{name}: {why}"));
        let (_, header) = SafeTensors::read_metadata(bytes)
            .map_err(|e| refused("is damaged or no weights file: fetch or export it again".into()).because(e))?;
        let json =
            header.metadata().as_ref().and_then(|m| m.get(KEY)).ok_or_else(|| {
                refused("holds tensors but no octlens model: use train import, then train export".into())
            })?;
        let said = serde_json::from_str::<serde_json::Value>(json).unwrap_or_default();
        let format = said["format"].as_u64();
        if format != Some(u64::from(FORMAT)) {
            let found = format.map_or("none".to_owned(), |f| f.to_string());
            return Err(refused(format!(
                "has format {found}, this program reads {FORMAT}: re-export with train export"
            )));
        }
        // The first kind there was does not name itself.
        let kind = said["kind"].as_str().unwrap_or(Metadata::KIND);
        if kind != H::KIND {
            return Err(refused(format!("holds the kind of model called {kind}, where {} is asked for", H::KIND)));
        }
        let metadata: H = serde_json::from_str(json)
            .map_err(|e| refused("its header is damaged: re-export with train export".into()).because(e))?;
        metadata.check().map_err(|e| refused("cannot be built".into()).because(e))?;
        let file = SafeTensors::deserialize(bytes)
            .map_err(|e| refused("is damaged or cut short: fetch or export it again".into()).because(e))?;
        let tensors = params::tensors(&file, &Device::Cpu).map_err(|e| refused("is damaged".into()).because(e))?;
        Ok(Self { metadata, tensors, sha256: sha256(bytes), n_bytes: bytes.len() as u64 })
    }

    /// A file of `tensors`; `quantize` stores matrices and kernels as 8-bit integers.
    pub fn write(metadata: &H, tensors: &HashMap<String, Tensor>, quantize: bool) -> Result<Vec<u8>> {
        let mut parts: Vec<(String, Dtype, Vec<usize>, Vec<u8>)> = Vec::new();
        for (name, tensor) in tensors {
            let spared = tensor.rank() < 2 || NEVER_QUANTIZED.iter().any(|n| name.ends_with(n));
            if quantize && !spared {
                let q = QuantizedTensor::quantize(tensor)?;
                let scales = q.scales.iter().flat_map(|s| s.to_le_bytes()).collect();
                parts.push((format!("{name}{SCALE_SUFFIX}"), Dtype::F32, vec![q.scales.len()], scales));
                parts.push((name.clone(), Dtype::I8, q.shape, q.values.iter().map(|v| *v as u8).collect()));
            } else {
                let flat = tensor.to_dtype(DType::F32)?.flatten_all()?.to_vec1::<f32>()?;
                let bytes = flat.iter().flat_map(|v| v.to_le_bytes()).collect();
                parts.push((name.clone(), Dtype::F32, tensor.dims().to_vec(), bytes));
            }
        }
        parts.sort_by(|a, b| a.0.cmp(&b.0));
        let failed = |e: safetensors::SafeTensorError| Error::weights("the weights file cannot be written").because(e);
        let views = parts
            .iter()
            .map(|(name, dtype, shape, bytes)| Ok((name, TensorView::new(*dtype, shape.clone(), bytes)?)))
            .collect::<Result<Vec<_>, _>>()
            .map_err(failed)?;
        let json = serde_json::to_string(metadata).map_err(|e| Error::weights("the header").because(e))?;
        safetensors::serialize(views, Some(HashMap::from([(KEY.to_owned(), json)]))).map_err(failed)
    }
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
            && !self.captions.is_empty();
        if fits { Ok(()) } else { Err(Error::config("its sizes contradict each other: re-export with train export")) }
    }
}
