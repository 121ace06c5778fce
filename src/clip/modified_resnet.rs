//! CLIP's ResNet: a stem of three convolutions, anti-aliased strides (average pooling before the last
//! convolution of a strided block), attention pooling. Split at the last feature map, where GradCAM starts.

use std::sync::Arc;

use candle_core::Tensor;
use candle_nn::VarBuilder;

use super::attention_pool::AttentionPool;
use super::config::VisionConfig;
use crate::error::Result;
use crate::nn::Mode;
use crate::nn::activations::{Activations, Int8Activations};
use crate::nn::conv::{Activation, ConvBn, EXPANSION, PixelConv, conv_bn};
use crate::nn::straight_through::straight_through;

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

    fn randomized(&self, normal: &mut dyn FnMut() -> f32) -> Result<Self> {
        Ok(Self {
            conv1: self.conv1.randomized(normal)?,
            conv2: self.conv2.randomized(normal)?,
            conv3: self.conv3.randomized(normal)?,
            downsample: self.downsample.as_ref().map(|downsample| downsample.randomized(normal)).transpose()?,
            stride: self.stride,
        })
    }

    fn forward<A: Activations>(&self, x: &A, mode: Mode) -> Result<A> {
        let strided = |x: A| if self.stride > 1 { x.average_pool() } else { Ok(x) };
        let y = strided(x.conv(&self.conv1, mode)?.conv(&self.conv2, mode)?)?;
        let identity = match &self.downsample {
            Some(downsample) => strided(x.clone())?.conv(downsample, mode)?,
            None => x.clone(),
        };
        y.conv_add_relu(&self.conv3, &identity, mode)
    }
}

/// The image tower.
#[derive(Clone, Debug)]
pub struct ModifiedResNet {
    stem: [ConvBn; 3],
    blocks: Vec<Bottleneck>,
    /// The first block of the last stage.
    last_stage: usize,
    /// The first layer, where the tower runs on bytes.
    pixel_conv: Option<Arc<PixelConv>>,
    attnpool: AttentionPool,
    feature_layer: String,
}

impl ModifiedResNet {
    /// Keys as in OpenAI's `visual.`: `conv1`, `bn1`, …, `layer1.0.conv1`, …, `attnpool`.
    pub fn new(config: &VisionConfig, embed_dim: usize, vb: VarBuilder<'_>) -> Result<Self> {
        let half = config.width / 2;
        let mut blocks = Vec::new();
        let mut feature_layer = String::new();
        let mut last_stage = 0;
        let mut c_in = config.width;
        for (i, n_blocks) in config.layers.into_iter().enumerate() {
            let planes = config.width << i;
            let last = i + 1 == config.layers.len();
            let stage_stride = if i == 0 || (last && config.output_stride == 16) { 1 } else { 2 };
            let vb = vb.pp(format!("layer{}", i + 1));
            last_stage = blocks.len();
            for block in 0..n_blocks {
                let stride = if block == 0 { stage_stride } else { 1 };
                blocks.push(Bottleneck::new(c_in, planes, stride, vb.pp(block))?);
                c_in = planes * EXPANSION;
            }
            feature_layer = vb.prefix();
        }
        let (rows, cols) = config.feature_size();
        let stem = [
            conv_bn((3, half, 3, 2), Activation::Relu, ("conv1", "bn1"), &vb)?,
            conv_bn((half, half, 3, 1), Activation::Relu, ("conv2", "bn2"), &vb)?,
            conv_bn((half, config.width, 3, 1), Activation::Relu, ("conv3", "bn3"), &vb)?,
        ];
        Ok(Self {
            pixel_conv: stem[1].is_int8().then(|| stem[0].on_pixels()).transpose()?.map(Arc::new),
            stem,
            blocks,
            last_stage,
            feature_layer,
            attnpool: AttentionPool::new(
                rows * cols,
                config.feature_dim(),
                config.pool_heads(),
                embed_dim,
                vb.pp("attnpool"),
            )?,
        })
    }

    /// A copy whose last stage and attention pool have random weights of the same scale; norms, positions and biases stay.
    /// `normal` gives normal numbers with variance 1.
    ///
    /// # Errors
    /// A tensor operation fails.
    pub fn with_random_last_stage(&self, normal: &mut dyn FnMut() -> f32) -> Result<Self> {
        let mut copy = self.clone();
        for block in &mut copy.blocks[self.last_stage..] {
            *block = block.randomized(normal)?;
        }
        copy.attnpool = self.attnpool.randomized(normal)?;
        Ok(copy)
    }

    /// Every convolution, and the one whose output (pooled or not) it reads; none for the first, which reads pixels.
    pub fn inputs(&self) -> Vec<(&ConvBn, Option<&ConvBn>)> {
        let [first, second, third] = &self.stem;
        let mut pairs = vec![(first, None), (second, Some(first)), (third, Some(second))];
        let mut before = third;
        for block in &self.blocks {
            pairs.extend([(&block.conv1, Some(before)), (&block.conv2, Some(&block.conv1))]);
            pairs.extend(block.downsample.as_ref().map(|downsample| (downsample, Some(before))));
            pairs.push((&block.conv3, Some(&block.conv2)));
            before = &block.conv3;
        }
        pairs
    }

    /// Where the feature map comes from, by its name in the file: `visual.layer4`.
    pub fn feature_layer(&self) -> &str {
        &self.feature_layer
    }

    /// `pixel_values` (batch, 3, image_height, image_width), normalised → feature map (batch, C, rows, cols), ≥ 0.
    pub fn feature_map(&self, pixel_values: &Tensor, mode: Mode) -> Result<Tensor> {
        let Some(first) = self.pixel_conv.clone() else {
            return self.layers(&self.first(pixel_values, mode)?, mode);
        };
        let (on_bytes, on_floats) = (self.clone(), self.clone());
        straight_through(
            pixel_values,
            move |image, size| {
                let x = Int8Activations::from_pixels(&first, image, size, on_bytes.stem[0].output_scales()?);
                on_bytes.layers(&x, Mode::Eval)
            },
            move |x| on_floats.layers(&on_floats.first(x, Mode::Eval)?, Mode::Eval),
        )
    }

    /// The first convolution in floats: `pixel_values` are signed.
    pub fn first(&self, pixel_values: &Tensor, mode: Mode) -> Result<Tensor> {
        self.stem[0].forward(pixel_values, mode)
    }

    /// All layers after the first convolution, on any kind of activations.
    pub fn layers<A: Activations>(&self, x: &A, mode: Mode) -> Result<A> {
        let mut x = x.conv(&self.stem[1], mode)?.conv(&self.stem[2], mode)?.average_pool()?;
        for block in &self.blocks {
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
