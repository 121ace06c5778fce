//! Weights of other people as the start of a run: OpenAI's CLIP archives, state dicts and safetensors of open_clip, with
//! CLIP's vocabulary, become a folder of towers, sizes and tokenizer under octlens's own names.
//!
//! The files are not trusted. Nothing in them is run, nothing is unpacked, and room is taken only for what lies in the
//! file: `archive` bounds the entries, `pickle` the values, `checkpoint` the tensors, `shapes` says what does not fit.
//!
//! A weights file of our own is a start too (`weights_file`), and any start can be given another input size (`positions`).
//!
//! The text tower has OpenAI's QuickGELU, which no weights file tells: of open_clip's models those named `-quickgelu`,
//! and all of OpenAI's, are right.

mod archive;
pub mod bpe;
mod checkpoint;
mod cleaning;
mod pickle;
mod positions;
pub mod resnet50;
mod shapes;
mod sizes;
pub mod start;
mod weights_file;

use std::collections::HashMap;
use std::fs::{self, File};
use std::path::Path;

use candle_core::Tensor;
use serde::{Deserialize, Serialize};

use self::checkpoint::Checkpoint;
use self::sizes::Stated;
use crate::bundle::card::SourceFile;
use crate::bundle::sha256;
use crate::clip::ClipConfig;
use crate::error::{Error, Result};
use crate::preprocess::Preprocess;
use crate::tokenizer::Tokenizer;
use crate::train::config::ModelSpec;
use crate::train::data::split::Splits;
use crate::train::files;
use crate::train::run::{Run, names};

/// The version of the folder that this program writes and reads.
const SCHEMA: &str = "octlens.import/1";
/// [`Manifest`], beside the towers and the tokenizer, which are named as in a run.
pub const MANIFEST: &str = "clip.json";
/// What CLIP subtracts from each channel of values 0…1, and divides by (CLIP's `clip.py`, `_transform`).
const PIXEL_MEAN: [f32; 3] = [0.481_454_66, 0.457_827_5, 0.408_210_73];
const PIXEL_STD: [f32; 3] = [0.268_629_54, 0.261_302_6, 0.275_777_1];
/// Numbers that OpenAI's archives hold beside the weights (CLIP's `build_model` removes them too).
const STATED: [&str; 3] = ["input_resolution", "context_length", "vocab_size"];

/// What an imported folder says of itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// The version of the folder.
    pub schema: String,
    /// The model's name: `rn50` for CLIP's RN50, else `clip`.
    pub name: String,
    /// Where the weights come from.
    pub weights: SourceFile,
    /// Where the vocabulary comes from.
    pub tokenizer: SourceFile,
    /// Sizes of both towers.
    pub clip: ClipConfig,
    /// What is subtracted from each channel of values 0…1.
    pub pixel_mean: [f32; 3],
    /// What each channel is divided by afterwards.
    pub pixel_std: [f32; 3],
}

/// A CLIP that others trained, ready to go on from.
#[derive(Debug)]
pub struct Imported {
    /// What it is.
    pub manifest: Manifest,
    /// Text → token ids.
    pub tokenizer: Tokenizer,
    /// Both towers and the temperature, 32-bit floats on the CPU, under the names that [`crate::clip::Clip`] asks for.
    pub towers: HashMap<String, Tensor>,
    /// Which patients it learnt from, if it is octlens's own.
    pub splits: Option<Splits>,
    /// Whether its batch norms are those that it was trained with; else their statistics must stay frozen.
    pub has_norms: bool,
}

/// Reads weights and vocabulary. `text_heads` is needed where the text tower's width is no multiple of 64.
///
/// # Errors
/// One line that names the file and what is wrong with it: every tensor that is missing, unknown or of another shape;
/// names that a pickle would run; claims that the file cannot hold; a vocabulary of another size than the text tower's.
pub fn import(weights: &Path, vocabulary: &Path, text_heads: Option<usize>) -> Result<Imported> {
    let tokenizer = bpe::read(vocabulary)?;
    let read = || {
        let mut checkpoint = Checkpoint::open(weights)?;
        // open_clip keeps the text tower under `text.` where it may be of another kind.
        checkpoint.rename(|name| name.strip_prefix("text.").unwrap_or(name).to_owned());
        let mut stated = |name: &str| -> Result<Option<usize>> {
            let value = checkpoint.integer(name)?;
            let size = |v| usize::try_from(v).map_err(|_| Error::weights(format!("its {name} is no size")));
            value.map(size).transpose()
        };
        let [input_resolution, context_length, vocab_size] = STATED.map(&mut stated);
        let stated =
            Stated { input_resolution: input_resolution?, context_length: context_length?, vocab_size: vocab_size? };
        let clip = sizes::of(&checkpoint.shapes(), stated, text_heads)?;
        let towers = towers(&mut checkpoint, &clip)?;
        Ok((clip, checkpoint.format(), towers))
    };
    let (clip, format, towers) = read().map_err(|e| refusal(weights, e))?;
    check_vocabulary(&tokenizer, &clip).map_err(|e| {
        Error::weights(format!("{} and {} do not fit", weights.display(), vocabulary.display())).because(e)
    })?;
    let name = if clip == ClipConfig::rn50() { "rn50" } else { "clip" };
    let manifest = Manifest {
        schema: SCHEMA.to_owned(),
        name: name.to_owned(),
        weights: SourceFile::of(weights, format)?,
        tokenizer: SourceFile::of(vocabulary, "byte-pair vocabulary")?,
        clip,
        pixel_mean: PIXEL_MEAN,
        pixel_std: PIXEL_STD,
    };
    Ok(Imported { manifest, tokenizer, towers, splits: None, has_norms: true })
}

/// PyTorch counts the batches that a norm has seen; nothing uses that.
fn is_counter(name: &str) -> bool {
    name.ends_with(".num_batches_tracked")
}

fn towers(checkpoint: &mut Checkpoint, clip: &ClipConfig) -> Result<HashMap<String, Tensor>> {
    let expected = shapes::of_clip(clip)?;
    shapes::compare(&checkpoint.shapes(), &expected, |name| {
        is_counter(name) || STATED.contains(&name) || name == "attn_mask"
    })?;
    checkpoint.floats(&expected)
}

fn check_vocabulary(tokenizer: &Tokenizer, clip: &ClipConfig) -> Result<()> {
    let (known, embedded) = (tokenizer.vocab_size(), clip.text.vocab_size);
    if known == embedded {
        return Ok(());
    }
    Err(Error::weights(format!(
        "the vocabulary has {known} tokens, the text tower {embedded}: give the vocabulary it was trained with"
    )))
}

fn refusal(path: &Path, why: Error) -> Error {
    Error::weights(format!("{} cannot be imported", path.display())).because(why)
}

impl SourceFile {
    fn of(path: &Path, format: &str) -> Result<Self> {
        let unreadable = |e| Error::io(format!("cannot read {}", path.display())).because(e);
        let sha256 = File::open(path).and_then(sha256::of_reader).map_err(unreadable)?;
        Ok(Self {
            file: path.file_name().unwrap_or_default().to_string_lossy().into_owned(),
            sha256,
            format: format.to_owned(),
        })
    }
}

fn unusable(dir: &Path) -> Error {
    Error::weights(format!("{} cannot be used: make it again with train import", dir.display()))
}

impl Manifest {
    /// Reads it from a folder that [`Imported::write`] wrote, or makes it of a run's or of a weights file's.
    ///
    /// # Errors
    /// There is none, or it is damaged or of another version.
    pub fn read(dir: &Path) -> Result<Self> {
        if dir.is_file() {
            return weights_file::manifest(dir);
        }
        if dir.join(names::MODEL).exists() {
            return Self::of_run(&Run::create(dir)?);
        }
        let text = fs::read_to_string(dir.join(MANIFEST)).map_err(|e| unusable(dir).because(e))?;
        let manifest: Self = serde_json::from_str(&text).map_err(|e| unusable(dir).because(e))?;
        if manifest.schema != SCHEMA {
            return Err(unusable(dir).because(Error::weights(format!("{MANIFEST} is not of version {SCHEMA}"))));
        }
        Ok(manifest)
    }

    /// How a B-scan becomes `pixel_values` of the size and range that the image tower was trained with.
    pub fn preprocess(&self) -> Preprocess {
        let vision = &self.clip.vision;
        let b_scan = Preprocess::b_scan(vision.image_height, vision.image_width);
        Preprocess { mean: self.pixel_mean, std: self.pixel_std, ..b_scan }
    }

    /// A run's own towers as a start for another run.
    fn of_run(run: &Run) -> Result<Self> {
        let spec: ModelSpec = run.read_json(names::MODEL)?;
        Ok(Self {
            schema: SCHEMA.to_owned(),
            name: spec.name,
            weights: SourceFile::of(&run.path(names::TOWERS), "a run's towers")?,
            tokenizer: SourceFile::of(&run.path(names::TOKENIZER), "a run's tokenizer")?,
            clip: spec.clip,
            pixel_mean: spec.preprocess.mean,
            pixel_std: spec.preprocess.std,
        })
    }
}

impl Imported {
    /// Writes `towers.safetensors`, `tokenizer.json` and `clip.json` to `dir`, which is made if it is missing.
    pub fn write(&self, dir: &Path) -> Result<()> {
        let folder = Run::create(dir)?;
        folder.write_tensors(names::TOWERS, &self.towers, None)?;
        folder.write_text(names::TOKENIZER, &self.tokenizer.to_json()?)?;
        // Last, so that a folder that has it is whole.
        folder.write_json(MANIFEST, &self.manifest)
    }

    /// Reads what [`Self::write`] wrote, or the towers and splits of a run or of a weights file.
    ///
    /// # Errors
    /// The folder is of another version, or its parts are damaged or do not fit each other.
    pub fn read(dir: &Path) -> Result<Self> {
        if dir.is_file() {
            return weights_file::read(dir);
        }
        let manifest = Manifest::read(dir)?;
        let read = || {
            let mut checkpoint = Checkpoint::open(&dir.join(names::TOWERS))?;
            let towers = towers(&mut checkpoint, &manifest.clip)?;
            let json = fs::read_to_string(dir.join(names::TOKENIZER))
                .map_err(|e| Error::io("its tokenizer cannot be read").because(e))?;
            let tokenizer = Tokenizer::from_json(&json)?;
            check_vocabulary(&tokenizer, &manifest.clip)?;
            let splits = dir.join(names::SPLITS);
            let splits = splits.exists().then(|| files::read_json(&splits)).transpose()?;
            Ok((tokenizer, towers, splits))
        };
        let (tokenizer, towers, splits) = read().map_err(|e: Error| unusable(dir).because(e))?;
        Ok(Self { manifest, tokenizer, towers, splits, has_norms: true })
    }

    /// Makes `spec` a model of this one's sizes, which sees pixels as this one was trained to.
    pub fn adapt(&self, spec: &mut ModelSpec) {
        let Manifest { name, clip, .. } = &self.manifest;
        spec.name.clone_from(name);
        spec.clip = clip.clone();
        spec.head.embed_dim = clip.embed_dim;
        spec.preprocess = self.manifest.preprocess();
    }
}
