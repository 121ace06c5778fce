//! ResNet (He et al. 2016) as torchvision builds it (the stride in a block's 3 × 3 convolution): the paper's baseline.
//! Key names are torchvision's. Split after each stage, where maps that explain
//! an answer start. Knows no class and no file format.
//!
//! `candle-transformers` has this network too, but gives no access to the feature map, which GradCAM needs; tests compare
//! both.

use candle_core::Tensor;
use candle_nn::VarBuilder;
use serde::{Deserialize, Serialize};

use crate::error::Result;
use crate::nn::Mode;
use crate::nn::activations::Activations;
use crate::nn::conv::{Activation, ConvBn, EXPANSION, conv_bn};
use crate::nn::guided::Guided;
use crate::nn::max_pool::max_pool_3x3;

/// Sizes of the network.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResNetConfig {
    /// Bottlenecks in each of the four stages.
    pub layers: [usize; 4],
    /// Channels after the stem.
    pub width: usize,
}

impl ResNetConfig {
    /// ResNet-50.
    pub fn resnet50() -> Self {
        Self { layers: [3, 4, 6, 3], width: 64 }
    }

    /// Channels of the last feature map.
    pub fn feature_dim(&self) -> usize {
        self.width * 8 * EXPANSION
    }
}

#[derive(Clone, Debug)]
struct Bottleneck {
    convs: [ConvBn; 3],
    downsample: Option<ConvBn>,
}

impl Bottleneck {
    fn new(c_in: usize, planes: usize, stride: usize, vb: VarBuilder<'_>) -> Result<Self> {
        use Activation::{None as Plain, Relu};
        let c_out = planes * EXPANSION;
        let downsample = (stride > 1 || c_in != c_out)
            .then(|| conv_bn((c_in, c_out, 1, stride), Plain, ("0", "1"), &vb.pp("downsample")))
            .transpose()?;
        let convs = [
            conv_bn((c_in, planes, 1, 1), Relu, ("conv1", "bn1"), &vb)?,
            conv_bn((planes, planes, 3, stride), Relu, ("conv2", "bn2"), &vb)?,
            conv_bn((planes, c_out, 1, 1), Plain, ("conv3", "bn3"), &vb)?,
        ];
        Ok(Self { convs, downsample })
    }

    fn forward<A: Activations>(&self, x: &A) -> Result<A> {
        let [conv1, conv2, conv3] = &self.convs;
        let identity = match &self.downsample {
            Some(downsample) => x.conv(downsample, Mode::Eval)?,
            None => x.clone(),
        };
        x.conv(conv1, Mode::Eval)?.conv(conv2, Mode::Eval)?.conv_add_relu(conv3, &identity, Mode::Eval)
    }
}

fn run<A: Activations>(stages: &[(String, Vec<Bottleneck>)], x: A) -> Result<A> {
    stages.iter().flat_map(|(_, blocks)| blocks).try_fold(x, |x, block| block.forward(&x))
}

/// The network without its classifier; it is never trained here, so its batch norms keep their statistics.
#[derive(Clone, Debug)]
pub struct ResNet {
    stem: ConvBn,
    /// Name and blocks of each stage.
    stages: Vec<(String, Vec<Bottleneck>)>,
}

impl ResNet {
    /// Keys as in torchvision: `conv1`, `bn1`, `layer1.0.conv1`, …
    pub fn new(config: &ResNetConfig, vb: VarBuilder<'_>) -> Result<Self> {
        let stem = conv_bn((3, config.width, 7, 2), Activation::Relu, ("conv1", "bn1"), &vb)?;
        let mut stages = Vec::new();
        let mut c_in = config.width;
        for (stage, n_blocks) in config.layers.into_iter().enumerate() {
            let planes = config.width << stage;
            let vb = vb.pp(format!("layer{}", stage + 1));
            let mut blocks = Vec::new();
            for block in 0..n_blocks {
                let stride = if stage > 0 && block == 0 { 2 } else { 1 };
                blocks.push(Bottleneck::new(c_in, planes, stride, vb.pp(block))?);
                c_in = planes * EXPANSION;
            }
            stages.push((vb.prefix(), blocks));
        }
        Ok(Self { stem, stages })
    }

    /// The name of a stage in the file, `layer4`; stages count from 1.
    pub fn stage_name(&self, stage: usize) -> &str {
        &self.stages[stage - 1].0
    }

    /// `pixel_values` (batch, 3, h, w), normalised → feature map (batch, C, h / 32, w / 32), ≥ 0.
    pub fn feature_map(&self, pixel_values: &Tensor) -> Result<Tensor> {
        self.stage_map(self.stages.len(), pixel_values)
    }

    /// The map after a stage, from 1, of the same `pixel_values`: (batch, C, rows, cols), ≥ 0. The last one is the feature map.
    pub fn stage_map(&self, stage: usize, pixel_values: &Tensor) -> Result<Tensor> {
        run(&self.stages[..stage], max_pool_3x3(&self.stem.forward(pixel_values, Mode::Eval)?)?)
    }

    /// The map after a stage, from 1 → the feature map.
    pub fn after_stage(&self, stage: usize, map: &Tensor) -> Result<Tensor> {
        run(&self.stages[stage..], map.clone())
    }

    /// The feature map, whose gradients are those of guided backpropagation.
    pub(crate) fn guided_feature_map(&self, pixel_values: &Tensor) -> Result<Tensor> {
        let stem = Guided(pixel_values.clone()).conv(&self.stem, Mode::Eval)?;
        Ok(run(&self.stages, Guided(max_pool_3x3(&stem.0)?))?.0)
    }

    /// Feature map (batch, C, rows, cols) → features (batch, C): the mean over cells.
    pub fn pool(&self, feature_map: &Tensor) -> Result<Tensor> {
        Ok(feature_map.mean((2, 3))?)
    }
}
