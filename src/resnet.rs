//! ResNet (He et al. 2016) as torchvision builds it (the stride in a block's 3 × 3 convolution): the paper's baseline.
//! Key names are torchvision's. Split at the last feature map, where GradCAM starts. Knows no class and no file format.
//!
//! `candle-transformers` has this network too, but gives no access to the feature map, which GradCAM needs; tests compare
//! both.

use candle_core::Tensor;
use candle_nn::VarBuilder;
use serde::{Deserialize, Serialize};

use crate::error::Result;
use crate::nn::Mode;
use crate::nn::conv::{Activation, ConvBn, EXPANSION, conv_bn};

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

    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let mut y = x.clone();
        for conv in &self.convs {
            y = conv.forward(&y, Mode::Eval)?;
        }
        let identity = match &self.downsample {
            Some(downsample) => downsample.forward(x, Mode::Eval)?,
            None => x.clone(),
        };
        Ok((y + identity)?.relu()?)
    }
}

/// The network without its classifier; it is never trained here, so its batch norms keep their statistics.
#[derive(Clone, Debug)]
pub struct ResNet {
    stem: ConvBn,
    blocks: Vec<Bottleneck>,
    feature_layer: String,
}

impl ResNet {
    /// Keys as in torchvision: `conv1`, `bn1`, `layer1.0.conv1`, …
    pub fn new(config: &ResNetConfig, vb: VarBuilder<'_>) -> Result<Self> {
        let stem = conv_bn((3, config.width, 7, 2), Activation::Relu, ("conv1", "bn1"), &vb)?;
        let mut blocks = Vec::new();
        let mut feature_layer = String::new();
        let mut c_in = config.width;
        for (stage, n_blocks) in config.layers.into_iter().enumerate() {
            let planes = config.width << stage;
            let vb = vb.pp(format!("layer{}", stage + 1));
            for block in 0..n_blocks {
                let stride = if stage > 0 && block == 0 { 2 } else { 1 };
                blocks.push(Bottleneck::new(c_in, planes, stride, vb.pp(block))?);
                c_in = planes * EXPANSION;
            }
            feature_layer = vb.prefix();
        }
        Ok(Self { stem, blocks, feature_layer })
    }

    /// Where the feature map comes from, by its name in the file: `layer4`.
    pub fn feature_layer(&self) -> &str {
        &self.feature_layer
    }

    /// `pixel_values` (batch, 3, h, w), normalised → feature map (batch, C, h / 32, w / 32), ≥ 0.
    pub fn feature_map(&self, pixel_values: &Tensor) -> Result<Tensor> {
        let x = self.stem.forward(pixel_values, Mode::Eval)?;
        // Nothing is below 0 after the ReLU, so zeros pad a maximum as PyTorch's minus infinity does.
        let mut x = x.pad_with_zeros(2, 1, 1)?.pad_with_zeros(3, 1, 1)?.max_pool2d_with_stride(3, 2)?;
        for block in &self.blocks {
            x = block.forward(&x)?;
        }
        Ok(x)
    }

    /// Feature map (batch, C, rows, cols) → features (batch, C): the mean over cells.
    pub fn pool(&self, feature_map: &Tensor) -> Result<Tensor> {
        Ok(feature_map.mean((2, 3))?)
    }
}
