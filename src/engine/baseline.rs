//! The paper's baseline: a frozen ResNet, a linear head, a GradCAM of its own. It has no words.

use candle_core::{Device, Tensor};
use candle_nn::VarBuilder;
use serde::{Deserialize, Serialize};

use super::{class_of, heatmap, prediction};
use crate::bundle::{Bundle, Header, sha256};
use crate::error::{Error, Result};
use crate::explain::grad_cam::grad_cam;
use crate::nn::linear::Linear;
use crate::preprocess::Preprocess;
use crate::report::{BaselineReport, ModelRef, Prediction};
use crate::resnet::{ResNet, ResNetConfig};
use crate::scan::Scan;

/// Where GradCAM looks.
const LAYER: &str = "layer4";

/// What a baseline's file says of its tensors.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BaselineMetadata {
    /// [`crate::bundle::FORMAT`].
    pub format: u32,
    /// Always `baseline`.
    pub kind: String,
    /// The model's name.
    pub name: String,
    /// Sizes of the network.
    pub resnet: ResNetConfig,
    /// Scan → `pixel_values`.
    pub preprocess: Preprocess,
    /// Class words; the index is the class index of the logits.
    pub labels: Vec<String>,
    /// Of the weights.
    pub licence: String,
    /// Data and settings.
    pub training: serde_json::Value,
    /// Measured on held-out patients.
    pub metrics: serde_json::Value,
}

impl Header for BaselineMetadata {
    const KIND: &'static str = "baseline";

    fn check(&self) -> Result<()> {
        let sizes = self.resnet.layers.into_iter().chain([self.resnet.width]);
        let fits = self.labels.len() >= 2
            && self.preprocess.min_aspect > 0.
            && sizes.into_iter().all(|n| (1..=256).contains(&n))
            && [self.preprocess.image_height, self.preprocess.image_width].iter().all(|n| (32..=2048).contains(n));
        if fits { Ok(()) } else { Err(Error::config("its sizes are out of range: re-export with train baseline")) }
    }
}

/// The baseline, ready to answer.
pub struct Baseline {
    metadata: BaselineMetadata,
    sha256: String,
    resnet: ResNet,
    fc: Linear,
}

impl Baseline {
    /// Reads, checks and builds a model; `name` is for messages.
    ///
    /// # Errors
    /// A file that is damaged, of another version or kind, or whose tensors do not fit is refused by name.
    pub fn load(name: &str, bytes: Vec<u8>) -> Result<Self> {
        let sha256 = sha256(&bytes);
        let Bundle { metadata, params, sha256, .. } = Bundle::<BaselineMetadata>::read(name, bytes, sha256)?;
        Self::new(metadata, &params.into_builder(), sha256).map_err(|e| {
            Error::weights(format!("{name}: a weight is missing: re-export with train baseline")).because(e)
        })
    }

    /// From tensors by torchvision's names.
    ///
    /// # Errors
    /// A tensor is missing or of another shape.
    pub fn new(metadata: BaselineMetadata, vb: &VarBuilder<'_>, sha256: String) -> Result<Self> {
        let resnet = ResNet::new(&metadata.resnet, vb.clone())?;
        let fc = Linear::new(metadata.resnet.feature_dim(), metadata.labels.len(), vb.pp("fc"))?;
        Ok(Self { metadata, sha256, resnet, fc })
    }

    /// What the file says of itself.
    pub fn metadata(&self) -> &BaselineMetadata {
        &self.metadata
    }

    fn feature_map(&self, scan: &Scan) -> Result<Tensor> {
        let preprocess = &self.metadata.preprocess;
        let pixel_values = preprocess.pixel_values(preprocess.grey(scan), &Device::Cpu)?;
        Ok(self.resnet.feature_map(&pixel_values)?.detach())
    }

    /// Features (C) of a scan: what the head is trained on.
    pub fn features(&self, scan: &Scan) -> Result<Vec<f32>> {
        Ok(self.resnet.pool(&self.feature_map(scan)?)?.get(0)?.to_vec1()?)
    }

    /// What the head says of features (C).
    pub fn prediction(&self, features: &[f32]) -> Result<Prediction> {
        let features = Tensor::new(features, &Device::Cpu)?.unsqueeze(0)?;
        prediction(&self.metadata.labels, &self.fc.forward(&features)?)
    }

    /// What it says of a scan, and where it looked for `target`, or for its own answer.
    ///
    /// # Errors
    /// The target is none of its classes.
    pub fn analyze(&self, scan: &Scan, target: Option<&str>) -> Result<BaselineReport> {
        let map = self.feature_map(scan)?;
        let tail = |map: &Tensor| self.fc.forward(&self.resnet.pool(map)?);
        let image = prediction(&self.metadata.labels, &tail(&map)?)?;
        let target = target.unwrap_or(&image.label);
        let cam = grad_cam(&map, tail, class_of(&self.metadata.labels, target)?)?;
        let heatmap = heatmap(cam, target, LAYER, self.metadata.preprocess.region(scan));
        let model = ModelRef { name: self.metadata.name.clone(), sha256: self.sha256.clone() };
        Ok(BaselineReport { model, image, heatmap })
    }
}
