//! CLIP's ResNet: a stem of three convolutions, anti-aliased strides (average pooling before a strided step's last
//! convolution), attention pooling. Split at the last feature map, where GradCAM starts.

use candle_core::Tensor;
use candle_nn::VarBuilder;

use super::attention_pool::AttentionPool;
use super::config::{EXPANSION, VisionConfig};
use crate::error::Result;
use crate::nn::Mode;
use crate::nn::conv::{Activation, ConvBn, conv_bn};

fn avg_pool(x: Tensor, stride: usize) -> Result<Tensor> {
    Ok(if stride > 1 { x.avg_pool2d(stride)? } else { x })
}

#[derive(Clone, Debug)]
struct Bottleneck {
    conv1: ConvBn,
    conv2: ConvBn,
    conv3: ConvBn,
    downsample: Option<ConvBn>,
    stride: usize,
}

impl Bottleneck {
    fn new(c_in: usize, planes: usize, stride: usize, vb: VarBuilder<'_>) -> Result<Self> {
        use Activation::{None as Plain, Relu};
        let c_out = planes * EXPANSION;
        let downsample = (stride > 1 || c_in != c_out)
            .then(|| conv_bn((c_in, c_out, 1, 1), Plain, ("0", "1"), &vb.pp("downsample")))
            .transpose()?;
        Ok(Self {
            conv1: conv_bn((c_in, planes, 1, 1), Relu, ("conv1", "bn1"), &vb)?,
            conv2: conv_bn((planes, planes, 3, 1), Relu, ("conv2", "bn2"), &vb)?,
            conv3: conv_bn((planes, c_out, 1, 1), Plain, ("conv3", "bn3"), &vb)?,
            downsample,
            stride,
        })
    }

    fn forward(&self, x: &Tensor, mode: Mode) -> Result<Tensor> {
        let y = self.conv2.forward(&self.conv1.forward(x, mode)?, mode)?;
        let y = self.conv3.forward(&avg_pool(y, self.stride)?, mode)?;
        let identity = match &self.downsample {
            Some(downsample) => downsample.forward(&avg_pool(x.clone(), self.stride)?, mode)?,
            None => x.clone(),
        };
        Ok((y + identity)?.relu()?)
    }
}

/// The image tower.
#[derive(Clone, Debug)]
pub struct ModifiedResNet {
    stem: [ConvBn; 3],
    stages: Vec<Vec<Bottleneck>>,
    attnpool: AttentionPool,
}

impl ModifiedResNet {
    /// Keys as in OpenAI's `visual.`: `conv1`, `bn1`, …, `layer1.0.conv1`, …, `attnpool`.
    pub fn new(config: &VisionConfig, embed_dim: usize, vb: VarBuilder<'_>) -> Result<Self> {
        let half = config.width / 2;
        let mut stages = Vec::with_capacity(config.layers.len());
        let mut c_in = config.width;
        for (i, n_blocks) in config.layers.into_iter().enumerate() {
            let planes = config.width << i;
            let last = i + 1 == config.layers.len();
            let stage_stride = if i == 0 || (last && config.output_stride == 16) { 1 } else { 2 };
            let vb = vb.pp(format!("layer{}", i + 1));
            let mut blocks = Vec::with_capacity(n_blocks);
            for block in 0..n_blocks {
                let stride = if block == 0 { stage_stride } else { 1 };
                blocks.push(Bottleneck::new(c_in, planes, stride, vb.pp(block))?);
                c_in = planes * EXPANSION;
            }
            stages.push(blocks);
        }
        let (rows, cols) = config.feature_size();
        Ok(Self {
            stem: [
                conv_bn((3, half, 3, 2), Activation::Relu, ("conv1", "bn1"), &vb)?,
                conv_bn((half, half, 3, 1), Activation::Relu, ("conv2", "bn2"), &vb)?,
                conv_bn((half, config.width, 3, 1), Activation::Relu, ("conv3", "bn3"), &vb)?,
            ],
            stages,
            attnpool: AttentionPool::new(
                rows * cols,
                config.feature_dim(),
                config.pool_heads(),
                embed_dim,
                vb.pp("attnpool"),
            )?,
        })
    }

    /// `pixel_values` (batch, 3, image_height, image_width), normalised → feature map (batch, C, rows, cols), ≥ 0.
    pub fn feature_map(&self, pixel_values: &Tensor, mode: Mode) -> Result<Tensor> {
        let mut x = pixel_values.clone();
        for step in &self.stem {
            x = step.forward(&x, mode)?;
        }
        x = x.avg_pool2d(2)?;
        for block in self.stages.iter().flatten() {
            x = block.forward(&x, mode)?;
        }
        Ok(x)
    }

    /// Feature map (batch, C, rows, cols) → image embedding (batch, D), not normalised.
    pub fn pool(&self, feature_map: &Tensor) -> Result<Tensor> {
        self.attnpool.forward(feature_map)
    }

    /// What each cell of a feature map adds to the embedding: (batch, C, rows, cols) → (batch, rows · cols, D).
    pub fn cell_embeds(&self, feature_map: &Tensor) -> Result<Tensor> {
        self.attnpool.cell_embeds(feature_map)
    }
}
