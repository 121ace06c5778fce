//! A run's folder: which file is where, and how it is read back.

use std::collections::HashMap;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use candle_core::{Device, Tensor};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::config::{ModelSpec, Settings};
use super::data::split::Splits;
use super::import::Imported;
use crate::error::{Error, Result};
use crate::tokenizer::Tokenizer;

/// The folder of one training run.
#[derive(Clone, Debug)]
pub struct Run {
    dir: PathBuf,
}

impl Run {
    /// The run in `dir`, which is made if it is missing.
    pub fn new(dir: &Path) -> Result<Self> {
        fs::create_dir_all(dir).map_err(|e| Error::io(format!("cannot make {}", dir.display())).because(e))?;
        Ok(Self { dir: dir.to_owned() })
    }

    /// A file of the run.
    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }

    /// Writes `value` as JSON; a half-written file never replaces a whole one.
    pub fn write_json(&self, name: &str, value: &impl Serialize) -> Result<()> {
        let text = serde_json::to_string_pretty(value)
            .map_err(|e| Error::io(format!("{name} cannot be written as JSON")).because(e))?;
        self.write_text(name, &text)
    }

    /// Writes `text` as it is; a half-written file never replaces a whole one.
    pub fn write_text(&self, name: &str, text: &str) -> Result<()> {
        self.replace(name, |path| fs::write(path, text.as_bytes()).map_err(|e| io(path, e)))
    }

    /// Reads JSON that [`Self::write_json`] wrote.
    pub fn read_json<T: DeserializeOwned>(&self, name: &str) -> Result<T> {
        let path = self.path(name);
        let text = fs::read_to_string(&path).map_err(|e| io(&path, e))?;
        serde_json::from_str(&text).map_err(|e| Error::data(format!("{} is damaged", path.display())).because(e))
    }

    /// Writes tensors, with a note in the file's header; a half-written file never replaces a whole one.
    pub fn write_tensors(&self, name: &str, tensors: &HashMap<String, Tensor>, note: Option<String>) -> Result<()> {
        let header = note.map(|note| HashMap::from([(NOTE.to_owned(), note)]));
        self.replace(name, |path| {
            safetensors::serialize_to_file(tensors, header, path)
                .map_err(|e| Error::io(format!("cannot write {}", path.display())).because(e))
        })
    }

    /// The note of a file that [`Self::write_tensors`] wrote.
    pub fn read_note(&self, name: &str) -> Result<Option<String>> {
        let path = self.path(name);
        let bytes = fs::read(&path).map_err(|e| io(&path, e))?;
        let (_, header) = safetensors::SafeTensors::read_metadata(&bytes)
            .map_err(|e| Error::data(format!("{} is damaged", path.display())).because(e))?;
        Ok(header.metadata().as_ref().and_then(|m| m.get(NOTE)).cloned())
    }

    /// Reads tensors that [`Self::write_tensors`] wrote.
    pub fn read_tensors(&self, name: &str, device: &Device) -> Result<HashMap<String, Tensor>> {
        let path = self.path(name);
        candle_core::safetensors::load(&path, device)
            .map_err(|e| Error::io(format!("cannot read {}: run the step before this one", path.display())).because(e))
    }

    /// Drops what the log says of steps after `n_steps`: they will be taken again.
    pub fn trim_log(&self, n_steps: usize) -> Result<()> {
        let path = self.path(files::LOG);
        if !path.exists() {
            return Ok(());
        }
        let text = fs::read_to_string(&path).map_err(|e| io(&path, e))?;
        let step = |line: &str| serde_json::from_str::<serde_json::Value>(line).ok()?["step"].as_u64();
        let kept: Vec<&str> = text.lines().filter(|l| step(l).is_some_and(|s| s <= n_steps as u64)).collect();
        self.replace(files::LOG, |path| {
            fs::write(path, kept.iter().flat_map(|l| [l, "\n"]).collect::<String>()).map_err(|e| io(path, e))
        })
    }

    /// Adds one line to the run's log.
    pub fn log(&self, line: &serde_json::Value) -> Result<()> {
        let path = self.path(files::LOG);
        let mut file = fs::OpenOptions::new().create(true).append(true).open(&path).map_err(|e| io(&path, e))?;
        writeln!(file, "{line}").map_err(|e| io(&path, e))
    }

    fn replace(&self, name: &str, write: impl FnOnce(&Path) -> Result<()>) -> Result<()> {
        let (path, part) = (self.path(name), self.path(&format!("{name}.part")));
        write(&part)?;
        fs::rename(&part, &path).map_err(|e| io(&path, e))
    }
}

fn io(path: &Path, source: std::io::Error) -> Error {
    Error::io(format!("cannot read or write {}", path.display())).because(source)
}

/// The key of a note in a tensor file's header.
const NOTE: &str = "octlens";

/// File names within a run.
pub mod files {
    /// One JSON object a line: of each epoch, then of the heads.
    pub const LOG: &str = "log.jsonl";
    /// [`super::Settings`].
    pub const SETTINGS: &str = "settings.json";
    /// [`super::ModelSpec`].
    pub const MODEL: &str = "model.json";
    /// [`super::Splits`].
    pub const SPLITS: &str = "splits.json";
    /// [`crate::train::import::Manifest`] of the weights that the run began with, if it began with imported ones.
    pub const START: &str = "start.json";
    /// Hugging Face's format.
    pub const TOKENIZER: &str = "tokenizer.json";
    /// Where to go on from: weights, averages, moments, position.
    pub const CHECKPOINT: &str = "checkpoint.safetensors";
    /// Averaged weights of both towers.
    pub const TOWERS: &str = "towers.safetensors";
    /// [`crate::train::heads::calibrate::Temperatures`] of the heads.
    pub const CALIBRATION: &str = "calibration.json";
    /// Both heads.
    pub const HEADS: &str = "heads.safetensors";
}

/// What a finished `finetune` leaves for the steps after it.
pub struct Prepared {
    /// How it was trained.
    pub settings: Settings,
    /// The model.
    pub spec: ModelSpec,
    /// Who is in which split.
    pub splits: Splits,
    /// Text → token ids.
    pub tokenizer: Tokenizer,
    /// What a new run begins from, if not from weights that are drawn.
    pub start: Option<Imported>,
}

impl Prepared {
    /// Reads them from a run's folder.
    pub fn read(run: &Run) -> Result<Self> {
        let tokenizer = run.path(files::TOKENIZER);
        Ok(Self {
            settings: run.read_json(files::SETTINGS)?,
            spec: run.read_json(files::MODEL)?,
            splits: Splits::load(&run.path(files::SPLITS))?,
            tokenizer: Tokenizer::from_json(&fs::read_to_string(&tokenizer).map_err(|e| io(&tokenizer, e))?)?,
            start: None,
        })
    }

    /// Writes them to a run's folder.
    pub fn write(&self, run: &Run) -> Result<()> {
        run.write_json(files::SETTINGS, &self.settings)?;
        run.write_json(files::MODEL, &self.spec)?;
        self.splits.save(&run.path(files::SPLITS))?;
        run.write_text(files::TOKENIZER, &self.tokenizer.to_json()?)
    }
}
