//! A run's folder: its files, and how they are written and read.

mod lock;
pub(super) mod tensor_file;

use std::collections::HashMap;
use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};

use candle_core::{Device, Tensor};
use serde::Serialize;
use serde::de::DeserializeOwned;

use self::lock::Lock;
use crate::error::{Error, Result};
use crate::tokenizer::Tokenizer;
use crate::train::config::{ModelSpec, Settings};
use crate::train::data::split::Splits;
use crate::train::files::{self, Action, failed};

/// The folder of one training run.
#[derive(Clone, Debug)]
pub struct Run {
    dir: PathBuf,
}

impl Run {
    /// A run in `dir`, which is made if it is missing.
    pub fn create(dir: &Path) -> Result<Self> {
        files::make_dir(dir)?;
        Ok(Self { dir: dir.to_owned() })
    }

    /// The run that `finetune` made in `dir`.
    ///
    /// # Errors
    /// There is none.
    pub fn open(dir: &Path) -> Result<Self> {
        let run = Self { dir: dir.to_owned() };
        if run.path(names::MODEL).is_file() {
            return Ok(run);
        }
        Err(Error::config(format!("{} holds no run: name a folder that train finetune wrote", dir.display())))
    }

    /// A file of the run.
    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }

    /// Writes `value` as JSON.
    pub fn write_json(&self, name: &str, value: &impl Serialize) -> Result<()> {
        files::write_json(&self.path(name), value)
    }

    /// Writes `text` as it is.
    pub fn write_text(&self, name: &str, text: &str) -> Result<()> {
        files::write(&self.path(name), text)
    }

    /// Reads JSON that [`Self::write_json`] wrote.
    pub fn read_json<T: DeserializeOwned>(&self, name: &str) -> Result<T> {
        files::read_json(&self.path(name))
    }

    /// Takes the run for this process and removes what killed processes left in its folder.
    ///
    /// # Errors
    /// Another process trains in the folder: it is named.
    pub fn lock(&self) -> Result<Lock> {
        Lock::take(&self.dir)
    }

    /// Writes tensors with a checksum; `fields` is the text of a JSON object that is read with them.
    pub fn write_tensors(&self, name: &str, tensors: &HashMap<String, Tensor>, fields: &str) -> Result<()> {
        tensor_file::write(&self.path(name), tensors, fields)
    }

    /// Reads what [`Self::write_tensors`] wrote: tensors, and the fields' text.
    ///
    /// # Errors
    /// The file is missing or damaged.
    pub fn read_tensors(&self, name: &str, device: &Device) -> Result<(HashMap<String, Tensor>, String)> {
        let path = self.path(name);
        if !path.exists() {
            return Err(Error::io(format!("{} is missing: run the step before this one", path.display())));
        }
        tensor_file::read(&path, device)
    }

    /// Removes the log's lines about steps after `n_steps`, which will be repeated.
    pub fn trim_log(&self, n_steps: usize) -> Result<()> {
        let path = self.path(names::LOG);
        if !path.exists() {
            return Ok(());
        }
        let text = files::read_text(&path)?;
        let step = |line: &str| serde_json::from_str::<serde_json::Value>(line).ok()?["step"].as_u64();
        let kept = text.lines().filter(|line| step(line).is_some_and(|step| step <= n_steps as u64));
        files::write(&path, kept.flat_map(|line| [line, "\n"]).collect::<String>())
    }

    /// Adds one line to the run's log.
    pub fn log(&self, line: &serde_json::Value) -> Result<()> {
        let path = self.path(names::LOG);
        let mut file =
            OpenOptions::new().create(true).append(true).open(&path).map_err(|e| failed(Action::Write, &path, e))?;
        // In one write, so that no line is half written.
        file.write_all(format!("{line}\n").as_bytes()).map_err(|e| failed(Action::Write, &path, e))
    }
}

/// File names within a run.
pub(super) mod names {
    /// One JSON object per line: of each epoch of the towers, then of the heads.
    pub(crate) const LOG: &str = "log.jsonl";
    /// [`super::Settings`].
    pub(crate) const SETTINGS: &str = "settings.json";
    /// [`super::ModelSpec`].
    pub(crate) const MODEL: &str = "model.json";
    /// [`super::Splits`].
    pub(crate) const SPLITS: &str = "splits.json";
    /// [`crate::train::import::Manifest`] of the weights that the run began with, if it began with imported ones.
    pub(crate) const START: &str = "start.json";
    /// Hugging Face's format.
    pub(crate) const TOKENIZER: &str = "tokenizer.json";
    /// The state to resume from: weights, averages, moments, position.
    pub(crate) const CHECKPOINT: &str = "checkpoint.safetensors";
    /// Averaged weights of both towers.
    pub(crate) const TOWERS: &str = "towers.safetensors";
    /// [`crate::bundle::card::Temperatures`] of the heads.
    pub(crate) const CALIBRATION: &str = "calibration.json";
    /// Both heads.
    pub(crate) const HEADS: &str = "heads.safetensors";
}

/// What `finetune` decides before it trains, and the steps after it need.
pub struct Prepared {
    /// Options of the training.
    pub settings: Settings,
    /// The model.
    pub spec: ModelSpec,
    /// The split of each patient.
    pub splits: Splits,
    /// Text → token ids.
    pub tokenizer: Tokenizer,
}

impl Prepared {
    /// Reads them from a run's folder.
    pub fn read(run: &Run) -> Result<Self> {
        Ok(Self {
            settings: run.read_json(names::SETTINGS)?,
            spec: run.read_json(names::MODEL)?,
            splits: run.read_json(names::SPLITS)?,
            tokenizer: Tokenizer::from_json(&files::read_text(&run.path(names::TOKENIZER))?)?,
        })
    }

    /// Writes them to a run's folder.
    pub fn write(&self, run: &Run) -> Result<()> {
        run.write_json(names::SETTINGS, &self.settings)?;
        run.write_json(names::MODEL, &self.spec)?;
        run.write_json(names::SPLITS, &self.splits)?;
        run.write_text(names::TOKENIZER, &self.tokenizer.to_json()?)
    }
}
