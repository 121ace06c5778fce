//! CLIP's ResNet: a stem of three convolutions, anti-aliased strides (average pooling before a strided step's last
//! convolution), attention pooling. Split at the last feature map, where GradCAM starts.

use candle_core::Tensor;
use candle_nn::VarBuilder;

use super::attention_pool::AttentionPool;
use super::config::{EXPANSION, VisionConfig};
use crate::error::Result;
use crate::nn::Mode;
use crate::nn::batch_norm::BatchNorm2d;
use crate::nn::conv::Conv2d;

#[derive(Clone, Debug)]
struct Downsample {
    stride: usize,
    conv: Conv2d,
    bn: BatchNorm2d,
}

#[derive(Clone, Debug)]
struct Bottleneck {
    conv1: Conv2d,
    bn1: BatchNorm2d,
    conv2: Conv2d,
    bn2: BatchNorm2d,
    conv3: Conv2d,
    bn3: BatchNorm2d,
    stride: usize,
    downsample: Option<Downsample>,
}

fn avg_pool(x: Tensor, stride: usize) -> Result<Tensor> {
    Ok(if stride > 1 { x.avg_pool2d(stride)? } else { x })
}

impl Bottleneck {
    fn new(c_in: usize, planes: usize, stride: usize, vb: VarBuilder<'_>) -> Result<Self> {
        let c_out = planes * EXPANSION;
        let downsample = if stride > 1 || c_in != c_out {
            let vb = vb.pp("downsample");
            Some(Downsample {
                stride,
                conv: Conv2d::new(c_in, c_out, 1, 0, 1, vb.pp("0"))?,
                bn: BatchNorm2d::new(c_out, vb.pp("1"))?,
            })
        } else {
            None
        };
        Ok(Self {
            conv1: Conv2d::new(c_in, planes, 1, 0, 1, vb.pp("conv1"))?,
            bn1: BatchNorm2d::new(planes, vb.pp("bn1"))?,
            conv2: Conv2d::new(planes, planes, 3, 1, 1, vb.pp("conv2"))?,
            bn2: BatchNorm2d::new(planes, vb.pp("bn2"))?,
            conv3: Conv2d::new(planes, c_out, 1, 0, 1, vb.pp("conv3"))?,
            bn3: BatchNorm2d::new(c_out, vb.pp("bn3"))?,
            stride,
            downsample,
        })
    }

    fn forward(&self, x: &Tensor, mode: Mode) -> Result<Tensor> {
        let y = self.bn1.forward(&self.conv1.forward(x)?, mode)?.relu()?;
        let y = self.bn2.forward(&self.conv2.forward(&y)?, mode)?.relu()?;
        let y = avg_pool(y, self.stride)?;
        let y = self.bn3.forward(&self.conv3.forward(&y)?, mode)?;
        let identity = match &self.downsample {
            Some(d) => d.bn.forward(&d.conv.forward(&avg_pool(x.clone(), d.stride)?)?, mode)?,
            None => x.clone(),
        };
        Ok((y + identity)?.relu()?)
    }
}

/// The image tower.
#[derive(Clone, Debug)]
pub struct ModifiedResNet {
    conv1: Conv2d,
    bn1: BatchNorm2d,
    conv2: Conv2d,
    bn2: BatchNorm2d,
    conv3: Conv2d,
    bn3: BatchNorm2d,
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
            conv1: Conv2d::new(3, half, 3, 1, 2, vb.pp("conv1"))?,
            bn1: BatchNorm2d::new(half, vb.pp("bn1"))?,
            conv2: Conv2d::new(half, half, 3, 1, 1, vb.pp("conv2"))?,
            bn2: BatchNorm2d::new(half, vb.pp("bn2"))?,
            conv3: Conv2d::new(half, config.width, 3, 1, 1, vb.pp("conv3"))?,
            bn3: BatchNorm2d::new(config.width, vb.pp("bn3"))?,
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
        let x = self.bn1.forward(&self.conv1.forward(pixel_values)?, mode)?.relu()?;
        let x = self.bn2.forward(&self.conv2.forward(&x)?, mode)?.relu()?;
        let x = self.bn3.forward(&self.conv3.forward(&x)?, mode)?.relu()?;
        let mut x = x.avg_pool2d(2)?;
        for block in self.stages.iter().flatten() {
            x = block.forward(&x, mode)?;
        }
        Ok(x)
    }

    /// Feature map (batch, C, rows, cols) → image embedding (batch, D), not normalised.
    pub fn pool(&self, feature_map: &Tensor) -> Result<Tensor> {
        self.attnpool.forward(feature_map)
    }
}
