//! CLIP's ResNet: a stem of three convolutions, anti-aliased strides (average pooling before the last
//! convolution of a strided block), attention pooling. Split after each stage, where maps that explain an answer start.

use std::ops::Range;
use std::sync::Arc;

use candle_core::Tensor;
use candle_nn::VarBuilder;

use super::attention_pool::AttentionPool;
use super::config::VisionConfig;
use crate::error::Result;
use crate::nn::Mode;
use crate::nn::activations::{Activations, Int8Activations};
use crate::nn::conv::{Activation, ConvBn, EXPANSION, PixelConv, conv_bn};
use crate::nn::guided::Guided;
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
    /// The first layer, where the tower runs on bytes.
    pixel_conv: Option<Arc<PixelConv>>,
    attnpool: AttentionPool,
    stages: Vec<Stage>,
}

/// Blocks of one resolution.
#[derive(Clone, Debug)]
struct Stage {
    /// Its name in the file.
    name: String,
    /// Blocks of the tower up to its end.
    end: usize,
}

impl ModifiedResNet {
    /// Keys as in OpenAI's `visual.`: `conv1`, `bn1`, …, `layer1.0.conv1`, …, `attnpool`.
    pub fn new(config: &VisionConfig, embed_dim: usize, vb: VarBuilder<'_>) -> Result<Self> {
        let half = config.width / 2;
        let mut blocks = Vec::new();
        let mut stages = Vec::new();
        let mut c_in = config.width;
        for (i, n_blocks) in config.layers.into_iter().enumerate() {
            let planes = config.width << i;
            let last = i + 1 == config.layers.len();
            let stage_stride = if i == 0 || (last && config.output_stride == 16) { 1 } else { 2 };
            let vb = vb.pp(format!("layer{}", i + 1));
            for block in 0..n_blocks {
                let stride = if block == 0 { stage_stride } else { 1 };
                blocks.push(Bottleneck::new(c_in, planes, stride, vb.pp(block))?);
                c_in = planes * EXPANSION;
            }
            stages.push(Stage { name: vb.prefix(), end: blocks.len() });
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

    /// A copy whose last stage and attention pool have random weights of the same scale; norms, positions and biases stay.
    /// `normal` gives normal numbers with variance 1.
    ///
    /// # Errors
    /// A tensor operation fails.
    pub fn with_random_last_stage(&self, normal: &mut dyn FnMut() -> f32) -> Result<Self> {
        let first = self.stages.len().checked_sub(2).map_or(0, |before| self.stages[before].end);
        let mut copy = self.clone();
        for block in &mut copy.blocks[first..] {
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

    /// The name of a stage in the file, `visual.layer4`; stages count from 1.
    pub fn stage_name(&self, stage: usize) -> &str {
        &self.stages[stage - 1].name
    }

    /// `pixel_values` (batch, 3, image_height, image_width), normalised → feature map (batch, C, rows, cols), ≥ 0.
    pub fn feature_map(&self, pixel_values: &Tensor, mode: Mode) -> Result<Tensor> {
        self.map_after(self.stages.len(), pixel_values, mode)
    }

    /// The map after a stage, from 1, of the same `pixel_values`: (batch, C, rows, cols), ≥ 0. The last one is the feature map.
    pub fn stage_map(&self, stage: usize, pixel_values: &Tensor) -> Result<Tensor> {
        self.map_after(stage, pixel_values, Mode::Eval)
    }

    fn map_after(&self, stage: usize, pixel_values: &Tensor, mode: Mode) -> Result<Tensor> {
        let run = move |tower: &Self, x: &Tensor, mode: Mode| {
            tower.blocks(0..stage, &tower.stem(&tower.first(x, mode)?, mode)?, mode)
        };
        let Some(first) = self.pixel_conv.clone() else {
            return run(self, pixel_values, mode);
        };
        let (on_bytes, on_floats) = (self.clone(), self.clone());
        straight_through(
            pixel_values,
            move |image, size| {
                let x = Int8Activations::from_pixels(&first, image, size, on_bytes.stem[0].output_scales()?);
                on_bytes.blocks(0..stage, &on_bytes.stem(&x, Mode::Eval)?, Mode::Eval)
            },
            move |x| run(&on_floats, x, Mode::Eval),
        )
    }

    /// The map after a stage, from 1 → the feature map: what [`ModifiedResNet::feature_map`] makes of the same scan.
    pub fn after_stage(&self, stage: usize, map: &Tensor) -> Result<Tensor> {
        let rest = stage..self.stages.len();
        if rest.is_empty() {
            return Ok(map.clone());
        }
        let last = &self.blocks[self.stages[stage - 1].end - 1].conv3;
        if self.pixel_conv.is_none() {
            return self.blocks(rest, map, Mode::Eval);
        }
        let (scales, on_bytes, on_floats) = (last.output_scales()?.clone(), self.clone(), self.clone());
        let of_floats = rest.clone();
        straight_through(
            map,
            move |values, size| {
                let x = Int8Activations::from_sums(values, size, &scales);
                on_bytes.blocks(rest.clone(), &x, Mode::Eval)
            },
            move |x| on_floats.blocks(of_floats.clone(), x, Mode::Eval),
        )
    }

    /// The feature map in floats, whose gradients are those of guided backpropagation.
    pub(crate) fn guided_feature_map(&self, pixel_values: &Tensor) -> Result<Tensor> {
        let first = Guided(pixel_values.clone()).conv(&self.stem[0], Mode::Eval)?;
        Ok(self.layers(&first, Mode::Eval)?.0)
    }

    /// The first convolution in floats: `pixel_values` are signed.
    pub fn first(&self, pixel_values: &Tensor, mode: Mode) -> Result<Tensor> {
        self.stem[0].forward(pixel_values, mode)
    }

    /// All layers after the first convolution, on any kind of activations.
    pub fn layers<A: Activations>(&self, x: &A, mode: Mode) -> Result<A> {
        self.blocks(0..self.stages.len(), &self.stem(x, mode)?, mode)
    }

    /// The rest of the stem.
    fn stem<A: Activations>(&self, x: &A, mode: Mode) -> Result<A> {
        x.conv(&self.stem[1], mode)?.conv(&self.stem[2], mode)?.average_pool()
    }

    /// The blocks of some stages, from 0.
    fn blocks<A: Activations>(&self, stages: Range<usize>, x: &A, mode: Mode) -> Result<A> {
        let end = |n_stages: usize| n_stages.checked_sub(1).map_or(0, |last| self.stages[last].end);
        let blocks = &self.blocks[end(stages.start)..end(stages.end)];
        blocks.iter().try_fold(x.clone(), |x, block| block.forward(&x, mode))
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
