//! `train embed`: the embeddings of images and texts, from a weights file or from what `train import` wrote.

use std::path::{Path, PathBuf};

use candle_core::{DType, Device, Tensor};
use candle_nn::VarBuilder;
use clap::Args;
use serde_json::{Value, json};

use super::args::CpuArgs;
use super::output::{Failures, print, print_json};
use super::weights::load;
use crate::clip::Clip;
use crate::engine::Engine;
use crate::error::{Error, Result};
use crate::preprocess::Preprocess;
use crate::scan::Scan;
use crate::tokenizer::Tokenizer;
use crate::train::data::scan_file;
use crate::train::files::in_file;
use crate::train::import::{self, MANIFEST};
use crate::train::run::names;

#[derive(Args)]
pub(crate) struct EmbedArgs {
    /// A weights file, a folder that import wrote, or a run's folder.
    #[arg(long, default_value = "weights/compact.safetensors")]
    weights: PathBuf,
    /// A scan; may be given several times.
    #[arg(long)]
    image: Vec<PathBuf>,
    /// A text; may be given several times.
    #[arg(long)]
    text: Vec<String>,
    /// Print everything as JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    device: CpuArgs,
}

impl EmbedArgs {
    pub(crate) fn run(self) -> Result<()> {
        self.device.check()?;
        if self.image.is_empty() && self.text.is_empty() {
            return Err(Error::config("nothing to embed: give --image FILE or --text TEXT"));
        }
        let model = Model::load(&self.weights)?;
        let mut failures = Failures::of(self.image.len());
        let images = self.image.iter().map(|path| failures.keep(model.image(path)));
        let images: Vec<Value> = images.collect::<Result<Vec<_>>>()?.into_iter().flatten().collect();
        let texts = self.text.iter().map(|text| model.text(text)).collect::<Result<Vec<_>>>()?;
        if self.json {
            print_json(&json!({ "images": images, "texts": texts }))?;
        } else {
            images.iter().chain(&texts).try_for_each(print)?;
        }
        failures.finish()
    }
}

/// A source of embeddings.
enum Model {
    /// A weights file.
    Exported(Box<Engine>),
    /// Towers without heads, as import writes them.
    Towers(Box<Towers>),
}

struct Towers {
    clip: Clip,
    tokenizer: Tokenizer,
    preprocess: Preprocess,
}

impl Model {
    fn load(weights: &Path) -> Result<Self> {
        // A path to one of the files that import writes stands for its folder.
        let is_part = |name: &str| [names::TOWERS, names::TOKENIZER, MANIFEST].contains(&name);
        let folder = match (weights.file_name().and_then(|name| name.to_str()), weights.parent()) {
            _ if weights.is_dir() => weights,
            (Some(name), Some(folder)) if is_part(name) && folder.join(names::TOWERS).is_file() => folder,
            _ => return Ok(Self::Exported(Box::new(load(weights)?))),
        };
        let pretrained = import::folder::read(folder)?;
        let preprocess = pretrained.manifest.preprocess();
        let vb = VarBuilder::from_tensors(pretrained.towers, DType::F32, &Device::Cpu);
        let clip = Clip::new(&pretrained.manifest.clip, vb)?;
        Ok(Self::Towers(Box::new(Towers { clip, tokenizer: pretrained.tokenizer, preprocess })))
    }

    fn image(&self, path: &Path) -> Result<Value> {
        let scan = scan_file::decode(path)?;
        let embedding = match self {
            Self::Exported(engine) => engine.embed_scan(&scan),
            Self::Towers(towers) => towers.embed_scan(&scan),
        };
        let embedding = embedding.map_err(|e| in_file(path, e))?;
        Ok(json!({ "image": path.to_string_lossy(), "embedding": values(&embedding)? }))
    }

    fn text(&self, text: &str) -> Result<Value> {
        let (token_ids, embedding) = match self {
            Self::Exported(engine) => engine.embed_text(text)?,
            Self::Towers(towers) => towers.embed_text(text)?,
        };
        Ok(json!({ "text": text, "token_ids": token_ids, "embedding": values(&embedding)? }))
    }
}

impl Towers {
    /// L2-normalised embedding (1, D) of a scan.
    fn embed_scan(&self, scan: &Scan) -> Result<Tensor> {
        let Self { clip, preprocess, .. } = self;
        let pixel_values = preprocess.pixel_values(preprocess.grey(scan), &Device::Cpu)?;
        clip.image_embeds(&pixel_values)
    }

    /// Token ids of a text, and its L2-normalised embedding (1, D).
    fn embed_text(&self, text: &str) -> Result<(Vec<u32>, Tensor)> {
        let tokens = self.tokenizer.encode(text)?;
        let ids = Tensor::new(tokens.ids.as_slice(), &Device::Cpu)?.unsqueeze(0)?;
        let embedding = self.clip.text_embeds(&ids, &[tokens.end()])?;
        Ok((tokens.ids, embedding))
    }
}

/// The values of an embedding (1, D).
///
/// # Errors
/// A value is not finite.
fn values(embedding: &Tensor) -> Result<Vec<f32>> {
    let values = embedding.flatten_all()?.to_vec1::<f32>()?;
    if values.iter().all(|value| value.is_finite()) { Ok(values) } else { Err(Error::not_finite("embeddings")) }
}
