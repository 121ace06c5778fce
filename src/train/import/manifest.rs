//! The manifest of a folder of pretrained weights: sources, sizes and normalisation. Reads no tensor.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::bundle::card::SourceFile;
use crate::bundle::sha256;
use crate::clip::ClipConfig;
use crate::error::Result;
use crate::preprocess::Preprocess;
use crate::train::files::{self, Action, failed};

/// The version of the folder that this program writes and reads.
pub(super) const SCHEMA: &str = "octlens.import/1";
/// The file of [`Manifest`]; towers and tokenizer are named as in a run.
pub(crate) const MANIFEST: &str = "clip.json";

/// The manifest of a folder of pretrained weights.
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

impl Manifest {
    /// How a B-scan becomes `pixel_values` of the size and range that the image tower was trained with.
    pub(crate) fn preprocess(&self) -> Preprocess {
        let vision = &self.clip.vision;
        let b_scan = Preprocess::b_scan(vision.image_height, vision.image_width);
        Preprocess { mean: self.pixel_mean, std: self.pixel_std, ..b_scan }
    }
}

/// Describes the file at `path`, which is of the sort `format`.
pub(super) fn source_file(path: &Path, format: &str) -> Result<SourceFile> {
    let sha256 = sha256::of_reader(files::open(path)?).map_err(|e| failed(Action::Read, path, e))?;
    let file = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    Ok(SourceFile { file, sha256, format: format.to_owned() })
}
