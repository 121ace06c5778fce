//! The paper's baseline: a frozen ResNet with a linear head, explained by a heatmap. It has no text tower.

use candle_core::{Device, Tensor};
use candle_nn::VarBuilder;
use serde::{Deserialize, Serialize};

use super::explanations::{class_of, heatmap, layer_name};
use super::prediction;
use crate::bundle::card::{BaselineMetrics, BaselineTraining};
use crate::bundle::{Bundle, Header, is_blank, sha256};
use crate::error::{Error, Result};
use crate::explain::{ImageModel, image_map};
use crate::nn::linear::Linear;
use crate::preprocess::Preprocess;
use crate::report::{BaselineReport, Heatmap, MapLayer, ModelRef, Options, Prediction, Report};
use crate::resnet::{ResNet, ResNetConfig};
use crate::scan::Scan;

/// The metadata of a baseline's file.
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
    /// The licence of the weights.
    pub licence: String,
    /// How it was trained.
    pub training: BaselineTraining,
    /// What was measured on held-out patients, if anything was.
    pub metrics: Option<BaselineMetrics>,
}

impl Header for BaselineMetadata {
    const KIND: &'static str = "baseline";

    fn check(&self) -> Result<()> {
        let sizes = self.resnet.layers.into_iter().chain([self.resnet.width]);
        let fits = self.labels.len() >= 2
            && self.preprocess.is_valid()
            && sizes.into_iter().all(|n| (1..=256).contains(&n))
            && [self.preprocess.image_height, self.preprocess.image_width].iter().all(|n| (32..=2048).contains(n));
        if fits { Ok(()) } else { Err(Error::config("its sizes are out of range: re-export with train baseline")) }
    }

    fn records(&self) -> Vec<(&'static str, bool)> {
        vec![
            ("name", is_blank(&self.name)),
            ("labels", self.labels.iter().any(|label| is_blank(label))),
            ("licence", is_blank(&self.licence)),
            ("training.settings", self.training.settings.is_empty()),
            ("metrics", self.metrics.as_ref().is_none_or(|m| m.float.is_empty())),
        ]
    }
}

/// What is needed to explain the same scan again.
pub struct BaselineAnalysis {
    report: BaselineReport,
    feature_map: Tensor,
}

/// A loaded baseline.
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
        let sha256 = sha256::of(&bytes);
        Self::load_verified(name, bytes, sha256)
    }

    /// The same for a file whose hash is known.
    ///
    /// # Errors
    /// As [`Baseline::load`].
    pub fn load_verified(name: &str, bytes: Vec<u8>, sha256: String) -> Result<Self> {
        let Bundle { metadata, params, sha256, .. } = Bundle::<BaselineMetadata>::read(name, bytes, sha256)?;
        Self::new(metadata, &params.into_builder(), sha256).map_err(|e| {
            Error::weights(format!("{name}: a weight is missing: re-export with train baseline")).because(e)
        })
    }

    /// Builds a baseline from tensors with torchvision's names.
    ///
    /// # Errors
    /// A tensor is missing or of another shape.
    pub fn new(metadata: BaselineMetadata, vb: &VarBuilder<'_>, sha256: String) -> Result<Self> {
        let resnet = ResNet::new(&metadata.resnet, vb.clone())?;
        let fc = Linear::new(metadata.resnet.feature_dim(), metadata.labels.len(), vb.pp("fc"))?;
        Ok(Self { metadata, sha256, resnet, fc })
    }

    /// The file's metadata.
    pub fn metadata(&self) -> &BaselineMetadata {
        &self.metadata
    }

    fn feature_map(&self, scan: &Scan) -> Result<Tensor> {
        Ok(self.resnet.feature_map(&self.pixel_values(scan)?)?.detach())
    }

    fn pixel_values(&self, scan: &Scan) -> Result<Tensor> {
        let preprocess = &self.metadata.preprocess;
        preprocess.pixel_values(preprocess.grey(scan), &Device::Cpu)
    }

    /// Features (C) of a scan, on which the head is trained.
    pub fn features(&self, scan: &Scan) -> Result<Vec<f32>> {
        Ok(self.resnet.pool(&self.feature_map(scan)?)?.get(0)?.to_vec1()?)
    }

    /// The head's prediction for features (C).
    pub fn prediction(&self, features: &[f32]) -> Result<Prediction> {
        let features = Tensor::new(features, &Device::Cpu)?.unsqueeze(0)?;
        prediction(&self.metadata.labels, &self.fc.forward(&features)?)
    }

    /// Adds the baseline's answer about the same scan and class to `report`, explained by the same method and at the same layer as
    /// `options` ask for. `kept` holds the scan's analysis from the first call on, so that the network does not run again when
    /// another class is asked about.
    ///
    /// A ResNet-50 in floats takes about a hundred times as long as a small tower in bytes: methods that ask it about dozens of
    /// changed scans ([`crate::report::MapMethod::asks_often`]) take a minute.
    ///
    /// # Errors
    /// The baseline does not know the class.
    pub fn add_answer(
        &self,
        report: &mut Report,
        scan: &Scan,
        options: &Options,
        kept: &mut Option<BaselineAnalysis>,
    ) -> Result<()> {
        let target = &report.heatmap.target;
        let answer = match kept {
            Some(analysis) => self.revise(analysis, scan, target, options)?,
            None => kept.insert(self.analyze(scan, target, options)?).report.clone(),
        };
        report.baseline = Some(answer);
        Ok(())
    }

    fn analyze(&self, scan: &Scan, target: &str, options: &Options) -> Result<BaselineAnalysis> {
        let feature_map = self.feature_map(scan)?;
        let image = prediction(&self.metadata.labels, &self.logits(&feature_map)?)?;
        let heatmap = self.heatmap(scan, &feature_map, target, options)?;
        let model = ModelRef { name: self.metadata.name.clone(), sha256: self.sha256.clone() };
        Ok(BaselineAnalysis { report: BaselineReport { model, image, heatmap }, feature_map })
    }

    fn revise(
        &self,
        analysis: &BaselineAnalysis,
        scan: &Scan,
        target: &str,
        options: &Options,
    ) -> Result<BaselineReport> {
        let BaselineAnalysis { report, feature_map } = analysis;
        let heatmap = self.heatmap(scan, feature_map, target, options)?;
        Ok(BaselineReport { heatmap, ..report.clone() })
    }

    /// Feature map (1, C, rows, cols) → logits (1, K).
    fn logits(&self, feature_map: &Tensor) -> Result<Tensor> {
        self.fc.forward(&self.resnet.pool(feature_map)?)
    }

    fn heatmap(&self, scan: &Scan, feature_map: &Tensor, target: &str, options: &Options) -> Result<Heatmap> {
        let class = class_of(&self.metadata.labels, target)?;
        let map = image_map(options.map, options.layer, &Asked { baseline: self, scan, feature_map, class })?;
        let layer = layer_name(options.map, options.layer, |stage| self.resnet.stage_name(stage));
        Ok(heatmap(map, options.map, target, layer, self.metadata.preprocess.region(scan)))
    }
}

/// A baseline that has seen a scan, asked about a class: the model that map methods explain.
struct Asked<'a> {
    baseline: &'a Baseline,
    scan: &'a Scan,
    /// The scan's last feature map (1, C, rows, cols).
    feature_map: &'a Tensor,
    class: usize,
}

impl Asked<'_> {
    /// Last feature maps (n, C, rows, cols) → the class's logits (n).
    fn logit(&self, feature_map: &Tensor) -> Result<Tensor> {
        Ok(self.baseline.logits(feature_map)?.narrow(1, self.class, 1)?.squeeze(1)?)
    }
}

impl ImageModel for Asked<'_> {
    fn pixel_values(&self) -> Result<Tensor> {
        self.baseline.pixel_values(self.scan)
    }

    fn feature_map(&self, layer: MapLayer) -> Result<Tensor> {
        match layer {
            MapLayer::Layer4 => Ok(self.feature_map.clone()),
            _ => Ok(self.baseline.resnet.stage_map(layer.stage(), &self.pixel_values()?)?.detach()),
        }
    }

    fn score_of_map(&self, layer: MapLayer, map: &Tensor) -> Result<Tensor> {
        self.logit(&self.baseline.resnet.after_stage(layer.stage(), map)?)
    }

    fn score(&self, pixel_values: &Tensor) -> Result<Tensor> {
        self.logit(&self.baseline.resnet.feature_map(pixel_values)?)
    }

    fn guided_score(&self, pixel_values: &Tensor) -> Result<Tensor> {
        // Above the last block there is no ReLU.
        self.logit(&self.baseline.resnet.guided_feature_map(pixel_values)?)
    }

    fn cell_scores(&self) -> Result<Tensor> {
        Err(Error::config("the baseline reads no text, so no cell resembles a finding: choose another method"))
    }
}
