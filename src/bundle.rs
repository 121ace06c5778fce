//! One weights file is one model: its tensors and everything needed to use them, in a safetensors file whose header holds
//! one JSON text. Reads and writes bytes; knows no path and no URL.
//!
//! Tensors have OpenAI's names. In an `int8` file a matrix or kernel is I8, -127…127, and has a tensor `….scale` (F32, one
//! value per output channel, dimension 0). The convolutions of the image tower, except the first, have their norm folded in:
//! they are `weight`, `bias` (c_out) and `input_steps` (c_in), the scales of the input, by which the weight was multiplied
//! before it was rounded. The float kernel is `weight · scale[c_out] / input_steps[c_in]`. `output_steps` (c_out) are the
//! scales of the output: what a byte of 1 means in each channel after the ReLU (for the last convolution of a block: after
//! the sum). A `float` file holds the tensors as they were trained.
//!
//! The JSON text ends with a checksum of itself and of the tensors ([`checksum`]). Files from before it have none.

pub mod card;
pub mod checksum;
pub mod index;
pub mod sha256;

use std::collections::HashMap;

use candle_core::Tensor;
use safetensors::SafeTensors;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::bundle::card::{ExplanationMetrics, Metrics, Training, WeightPrecision};
use crate::caption::{Caption, Vocabulary};
use crate::clip::ClipConfig;
use crate::doubt::Thresholds;
use crate::error::{Detail, Error, Result};
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

    /// What a published file says of its model, by field, and whether it is empty. A file in which one is empty is refused.
    fn records(&self) -> Vec<(&'static str, bool)>;
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
    /// What was measured of its heatmaps; none in files from before this field.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub explanations: Option<ExplanationMetrics>,
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
    /// A file that is damaged, foreign, of another version, out of range or silent about its model is refused by name.
    pub fn read(name: &str, bytes: Vec<u8>, sha256: String) -> Result<Self> {
        let bundle = Self::read_draft(name, bytes, sha256)?;
        let empty: Vec<&str> =
            bundle.metadata.records().into_iter().filter(|(_, e)| *e).map(|(field, _)| field).collect();
        if empty.is_empty() {
            return Ok(bundle);
        }
        Err(Error::weights(format!(
            "{name}: its header says nothing of {}: fetch or export it again",
            empty.join(", ")
        )))
    }

    /// The same for a model that is not published yet: it may lack what [`Header::records`] lists, such as figures.
    ///
    /// # Errors
    /// As [`Self::read`], otherwise.
    pub fn read_draft(name: &str, bytes: Vec<u8>, sha256: String) -> Result<Self> {
        let refused = |why: String| Error::weights(format!("{name}: {why}"));
        let damaged = |why: &str| {
            refused(format!("{why}: fetch or export it again"))
                .with_detail(Detail::DamagedWeights { file: name.to_owned() })
        };
        let (_, header) =
            SafeTensors::read_metadata(&bytes).map_err(|e| damaged("is damaged or no weights file").because(e))?;
        let json =
            header.metadata().as_ref().and_then(|m| m.get(KEY)).ok_or_else(|| {
                refused("holds tensors but no octlens model: use train import, then train export".into())
            })?;
        let unreadable = |e: serde_json::Error| damaged("its header is damaged").because(e);
        let fields: serde_json::Value = serde_json::from_str(json).map_err(unreadable)?;
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
        let metadata: H = serde_json::from_str(json).map_err(unreadable)?;
        metadata.check().map_err(|e| refused("cannot be built".into()).because(e))?;
        let file = SafeTensors::deserialize(&bytes).map_err(|e| damaged("is damaged").because(e))?;
        if !checksum::holds(json, &file) {
            return Err(damaged("is damaged, its checksum is another one"));
        }
        let n_bytes = bytes.len() as u64;
        let params = Params::new(bytes)
            .map_err(|e| refused(e.to_string()).with_detail(Detail::DamagedWeights { file: name.to_owned() }))?;
        Ok(Self { metadata, params, sha256, n_bytes })
    }

    /// A file of `tensors`; `quantize` stores those that [`is_quantized`] as 8-bit integers.
    ///
    /// # Errors
    /// A tensor holds values that are not finite.
    pub fn write(metadata: &H, tensors: &HashMap<String, Tensor>, quantize: bool) -> Result<Vec<u8>> {
        let json = serde_json::to_string(metadata).map_err(|e| Error::weights("the header").because(e))?;
        let is_int8 = |name: &str, tensor: &Tensor| quantize && is_quantized(name, tensor);
        params::write(
            tensors,
            is_int8,
            Some((KEY, &|views| checksum::sealed(&json, views.iter().map(|(n, v)| (*n, v))))),
        )
    }
}

impl<H: Header> Bundle<H> {
    /// The file of `bytes` with other metadata and the same tensors, byte for byte.
    ///
    /// # Errors
    /// As [`Self::read`] of either file.
    pub fn amend(name: &str, bytes: &[u8], change: impl FnOnce(&mut H)) -> Result<Vec<u8>> {
        let mut metadata = Self::read(name, bytes.to_vec(), String::new())?.metadata;
        change(&mut metadata);
        let json = serde_json::to_string(&metadata).map_err(|e| Error::weights("the header").because(e))?;
        let failed = |e| Error::weights(format!("{name} cannot be written")).because(e);
        let tensors = SafeTensors::deserialize(bytes).map_err(failed)?;
        let note = HashMap::from([(KEY.to_owned(), checksum::sealed(&json, tensors.iter()))]);
        let amended = safetensors::serialize(tensors.iter(), Some(note)).map_err(failed)?;
        Self::read(name, amended.clone(), String::new())?;
        Ok(amended)
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
            && self.preprocess.is_valid()
            && self.doubt.as_ref().is_none_or(Thresholds::is_valid)
            && !self.captions.is_empty();
        if fits { Ok(()) } else { Err(Error::config("its sizes contradict each other: re-export with train export")) }
    }

    fn records(&self) -> Vec<(&'static str, bool)> {
        let Self { name, title, vocabulary, tokenizer, licence, training, metrics, .. } = self;
        let words = || vocabulary.labels.iter().chain(&vocabulary.findings);
        let is_unmeasured = |m: &Metrics| m.float.is_empty() || m.int8.is_empty();
        vec![
            ("name", is_blank(name)),
            ("title", is_blank(title)),
            ("vocabulary", words().any(|word| is_blank(word))),
            ("tokenizer", is_blank(tokenizer)),
            ("licence", is_blank(licence)),
            ("training.data", training.data.is_empty() || training.data.values().any(|cited| is_blank(cited))),
            ("training.settings", training.settings.is_empty()),
            ("metrics", metrics.as_ref().is_none_or(is_unmeasured)),
        ]
    }
}

/// Whether a text says nothing.
pub fn is_blank(text: &str) -> bool {
    text.trim().is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A file of one tensor whose header holds `json`.
    fn file(json: &str) -> Vec<u8> {
        let tensors = HashMap::from([("x".to_owned(), Tensor::new(&[0f32], &candle_core::Device::Cpu).unwrap())]);
        params::write(&tensors, |_, _| false, Some((KEY, &|_| json.to_owned()))).unwrap()
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

    /// A shipped file, its header's fields, and the file with other fields instead, without a checksum.
    fn shipped() -> (Vec<u8>, serde_json::Value) {
        let bytes = std::fs::read(std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("weights/compact.safetensors"));
        let bytes = bytes.unwrap();
        let header = SafeTensors::read_metadata(&bytes).unwrap().1.metadata().as_ref().unwrap()[KEY].clone();
        (bytes, serde_json::from_str(&header).unwrap())
    }

    fn with_fields(bytes: &[u8], fields: &serde_json::Value) -> Vec<u8> {
        let tensors = SafeTensors::deserialize(bytes).unwrap();
        let mut fields = fields.clone();
        fields.as_object_mut().unwrap().remove("sha256");
        safetensors::serialize(tensors.iter(), Some(HashMap::from([(KEY.to_owned(), fields.to_string())]))).unwrap()
    }

    #[test]
    fn a_field_that_is_emptied_or_missing_is_refused_by_name() {
        let (bytes, fields) = shipped();
        let read = |fields: &serde_json::Value| {
            Bundle::<Metadata>::read("a file", with_fields(&bytes, fields), String::new()).err().map(|e| e.to_string())
        };
        assert_eq!(read(&fields), None);
        let empty = serde_json::json!("");
        let mut refused = Vec::new();
        for field in ["name", "title", "tokenizer", "licence"] {
            let mut emptied = fields.clone();
            emptied[field] = empty.clone();
            refused.push((field, read(&emptied)));
        }
        for (path, value) in [
            ("/metrics", serde_json::Value::Null),
            ("/metrics/int8", serde_json::json!({})),
            ("/training/data", serde_json::json!({})),
            ("/training/data/octdl", empty.clone()),
            ("/training/settings", serde_json::json!({})),
            ("/vocabulary/labels/1", empty.clone()),
        ] {
            let mut emptied = fields.clone();
            *emptied.pointer_mut(path).unwrap() = value;
            refused.push((path.split('/').nth(1).unwrap(), read(&emptied)));
        }
        for field in
            fields.as_object().unwrap().keys().filter(|k| !["doubt", "explanations", "sha256"].contains(&k.as_str()))
        {
            let mut cut = fields.clone();
            cut.as_object_mut().unwrap().remove(field);
            refused.push((field, read(&cut)));
        }
        assert!(refused.len() > 20);
        for (field, refused) in refused {
            assert!(
                refused.as_ref().is_some_and(|r| r.starts_with("a file: ") && r.contains(field)),
                "{field}: {refused:?}"
            );
        }
    }

    /// Whether two JSON values are the same but for the last digits of numbers: some fields are f32, and serde_json reads a
    /// decimal fraction to within an ulp.
    fn is_alike(a: &serde_json::Value, b: &serde_json::Value) -> bool {
        use serde_json::Value::{Array, Number, Object};
        match (a, b) {
            (Number(a), Number(b)) => match (a.as_f64(), b.as_f64()) {
                (Some(a), Some(b)) => (a - b).abs() <= f64::from(f32::EPSILON) * a.abs(),
                _ => a == b,
            },
            (Array(a), Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| is_alike(a, b)),
            (Object(a), Object(b)) => {
                a.len() == b.len() && a.iter().all(|(key, a)| b.get(key).is_some_and(|b| is_alike(a, b)))
            }
            _ => a == b,
        }
    }

    #[test]
    fn an_amended_file_has_other_metadata_and_the_same_tensors() {
        let (bytes, fields) = shipped();
        let amended = Bundle::<Metadata>::amend("a file", &bytes, |m| m.title = "amended".to_owned()).unwrap();
        let read = Bundle::<Metadata>::read("a file", amended.clone(), String::new()).unwrap();
        assert_eq!((read.metadata.title.as_str(), &read.metadata.name), ("amended", &"compact".to_owned()));
        assert!(is_alike(&serde_json::to_value(&read.metadata.metrics).unwrap(), &fields["metrics"]));
        let (before, after) = (SafeTensors::deserialize(&bytes).unwrap(), SafeTensors::deserialize(&amended).unwrap());
        assert_eq!(before.len(), after.len());
        for (name, tensor) in before.iter() {
            assert_eq!(tensor, after.tensor(name).unwrap(), "{name}");
        }
        let emptied = Bundle::<Metadata>::amend("a file", &bytes, |m| m.title.clear()).err().unwrap().to_string();
        assert!(emptied.contains("says nothing of title"), "{emptied}");
        let mut damaged = bytes;
        *damaged.last_mut().unwrap() ^= 1;
        assert!(Bundle::<Metadata>::amend("a file", &damaged, |_| ()).is_err());
    }

    #[test]
    fn a_written_file_with_a_flipped_bit_is_refused() {
        let (bytes, _) = shipped();
        let Bundle { metadata, params, .. } = Bundle::<Metadata>::read("a file", bytes, String::new()).unwrap();
        let vb = params.into_builder();
        let bias = vb.get(metadata.head.n_classes, "image_head.fc2.bias").unwrap();
        let tensors = HashMap::from([("image_head.fc2.bias".to_owned(), bias)]);
        let file = Bundle::write(&metadata, &tensors, true).unwrap();
        assert!(Bundle::<Metadata>::read("a file", file.clone(), String::new()).is_ok());
        let (n, _) = SafeTensors::read_metadata(&file).unwrap();
        let in_text = file.windows(9).position(|w| w == b"CC BY 4.0").unwrap();
        for (at, what) in [(8 + n, "a tensor"), (file.len() - 1, "a tensor"), (in_text, "the text")] {
            let mut flipped = file.clone();
            flipped[at] ^= 1;
            let refused = Bundle::<Metadata>::read("a file", flipped, String::new()).err().unwrap();
            assert!(refused.to_string().contains("a file: is damaged"), "{what}: {refused}");
            assert_eq!(refused.detail(), Some(&Detail::DamagedWeights { file: "a file".into() }));
        }
    }

    #[test]
    fn a_weight_that_is_not_finite_is_refused_by_the_name_of_file_and_weight() {
        let (bytes, fields) = shipped();
        let mut bytes = with_fields(&bytes, &fields);
        let at = {
            let file = SafeTensors::deserialize(&bytes).unwrap();
            file.tensor("text_head.fc2.bias").unwrap().data().as_ptr() as usize - bytes.as_ptr() as usize
        };
        bytes[at..at + 4].copy_from_slice(&f32::NAN.to_le_bytes());
        let refused = Bundle::<Metadata>::read("a file", bytes, String::new()).err().unwrap().to_string();
        assert!(refused.starts_with("a file: weight text_head.fc2.bias holds values that are not finite"), "{refused}");
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
            assert!(
                is_alike(&serde_json::to_value(&metadata.training).unwrap(), &written["training"]),
                "{}",
                path.display()
            );
            assert!(
                is_alike(&serde_json::to_value(&metadata.metrics).unwrap(), &written["metrics"]),
                "{}",
                path.display()
            );
            assert!(metadata.metrics.is_some() && metadata.training.splits.is_some());
            n_files += 1;
        }
        assert!(n_files >= 2, "{n_files} weights files");
    }
}
