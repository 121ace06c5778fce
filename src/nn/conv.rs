//! A convolution, its batch norm (Ioffe & Szegedy 2015) and usually a ReLU: the unit of which ResNets are built. Running
//! statistics are updated as in PyTorch.

#[cfg(feature = "train")]
pub(crate) mod frozen;

use std::sync::Arc;

use candle_core::{DType, Device, Tensor, Var};
use candle_nn::VarBuilder;

use super::Mode;
use super::conv_cpu::{FloatConv, Geometry};
use super::conv_norm_cpu::{ConvNorm, Statistics};
use super::norm::BATCH_NORM_EPS;
use super::params::{self, QuantizedTensor};
use super::precision::product;
use crate::error::{Error, Result};
pub(crate) use crate::kernels::PixelConv;
use crate::kernels::{Conv, Packed};

/// The share of a batch's statistics in the running ones: PyTorch's default, which CLIP uses.
const MOMENTUM: f64 = 0.1;
/// A bottleneck's output has four times its inner channels (He et al. 2016, table 1).
pub(crate) const EXPANSION: usize = 4;
/// The tensor with the scale of each output channel of a convolution: what a byte of 1 stands for. It is named with the
/// prefix of the convolution's weight; in files it is called `output_steps`.
pub(crate) const OUTPUT_SCALES: &str = "output_steps";
/// The same of its input. The weight is multiplied by it, so that a sum of bytes needs one scale only.
pub(crate) const INPUT_SCALES: &str = "input_steps";

/// What follows the norm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activation {
    /// Nothing.
    None,
    /// `max(0, x)`.
    Relu,
}

/// Sizes of a square convolution.
#[derive(Clone, Copy, Debug)]
pub struct ConvConfig {
    /// Channels in.
    pub c_in: usize,
    /// Channels out.
    pub c_out: usize,
    /// Odd: rows and columns alike, padded so that stride 1 keeps the size.
    pub kernel: usize,
    /// Pixels from one output to the next.
    pub stride: usize,
}

/// Convolution without bias, batch norm, activation.
#[derive(Clone, Debug)]
pub struct ConvBn {
    name: String,
    norm_name: String,
    weights: Weights,
    output_scales: Option<Arc<[f32]>>,
    kernel: usize,
    stride: usize,
    activation: Activation,
    /// The type in which its convolution is computed; the norm is computed in 32 bits.
    compute: DType,
}

#[derive(Clone, Debug)]
enum Weights {
    /// As trained.
    Float { kernel: Tensor, weight: Tensor, bias: Tensor, running_mean: Var, running_var: Var },
    /// As exported: the norm is folded into the convolution, and the input's scales into its weights.
    Int8 { conv: Arc<Conv>, input_scales: Tensor },
}

impl ConvBn {
    /// `conv` holds `weight` (c_out, c_in, kernel, kernel), `bn` holds `weight`, `bias`, `running_mean` and
    /// `running_var`, each (c_out). Where `conv` also has a `bias` (c_out) and [`INPUT_SCALES`] (c_in), the norm is folded in
    /// and the weights are 8-bit integers. Where it has [`OUTPUT_SCALES`] (c_out), the output is rounded to 7 bits.
    pub fn new(config: ConvConfig, activation: Activation, conv: VarBuilder<'_>, bn: VarBuilder<'_>) -> Result<Self> {
        let ConvConfig { c_in, c_out, kernel, stride } = config;
        let shape = [c_out, c_in, kernel, kernel];
        let is_ready = conv.contains_tensor(INPUT_SCALES);
        let weights = match is_ready.then(|| params::quantized(&conv, &shape, "weight")).transpose()?.flatten() {
            Some(q) => {
                let packed = Packed::new(&q.values, c_out, c_in, kernel * kernel);
                let bias = conv.get(c_out, "bias")?.to_vec1()?;
                let input_scales = conv.get(c_in, INPUT_SCALES)?;
                Weights::Int8 { conv: Arc::new(Conv::new(packed, q.scales, bias, kernel, stride)), input_scales }
            }
            None => Weights::Float {
                kernel: conv.get(&shape, "weight")?,
                weight: bn.get(c_out, "weight")?,
                bias: bn.get(c_out, "bias")?,
                running_mean: Var::from_tensor(&bn.get(c_out, "running_mean")?)?,
                running_var: Var::from_tensor(&bn.get(c_out, "running_var")?)?,
            },
        };
        let output_scales = match conv.contains_tensor(OUTPUT_SCALES) {
            true => Some(conv.get(c_out, OUTPUT_SCALES)?.to_vec1::<f32>()?.into()),
            false => None,
        };
        let (name, norm_name, compute) = (conv.prefix(), bn.prefix(), conv.dtype());
        Ok(Self { name, norm_name, weights, output_scales, kernel, stride, activation, compute })
    }

    /// A copy with a random kernel: each output channel's values are normal, with mean 0 and the mean square of those that they
    /// replace. The norm, which says nothing of what a channel looks for, stays. `normal` gives normal numbers with variance 1.
    ///
    /// # Errors
    /// A tensor operation fails.
    pub fn randomized(&self, normal: &mut dyn FnMut() -> f32) -> Result<Self> {
        let mut copy = self.clone();
        match &mut copy.weights {
            Weights::Float { kernel, .. } => *kernel = params::randomized(kernel, normal)?,
            Weights::Int8 { conv, .. } => {
                let (n_out, n_in, taps) = (conv.weights().n_out(), conv.weights().n_in(), conv.weights().taps());
                let values = params::randomized_integers(&conv.weights().unpacked(), n_out, normal);
                let packed = Packed::new(&values, n_out, n_in, taps);
                let (scales, bias) = (conv.scales().to_vec(), conv.bias().to_vec());
                *conv = Arc::new(Conv::new(packed, scales, bias, self.kernel, self.stride));
            }
        }
        Ok(copy)
    }

    /// The layer as the first of those that run on bytes: floats in, bytes out.
    pub fn on_pixels(&self) -> Result<PixelConv> {
        let (kernel, bias) = self.folded()?;
        let n_in = kernel.dim(1)?;
        let kernel = kernel.flatten_all()?.to_vec1::<f32>()?;
        Ok(PixelConv::new(&kernel, bias.to_vec1()?, n_in, self.kernel, self.stride))
    }

    /// Names of its convolution and its norm in the file.
    pub fn names(&self) -> (&str, &str) {
        (&self.name, &self.norm_name)
    }

    /// Whether a ReLU follows the norm.
    pub fn has_relu(&self) -> bool {
        self.activation == Activation::Relu
    }

    /// The layer without the ReLU that follows its norm.
    pub(crate) fn without_activation(&self) -> Self {
        Self { activation: Activation::None, ..self.clone() }
    }

    /// The scale of each channel of its output.
    ///
    /// # Errors
    /// It has none.
    pub fn output_scales(&self) -> Result<&Arc<[f32]>> {
        self.output_scales.as_ref().ok_or_else(|| self.unquantized())
    }

    /// Whether it runs on bytes.
    pub fn is_int8(&self) -> bool {
        matches!(self.weights, Weights::Int8 { .. })
    }

    /// The layer for bytes.
    ///
    /// # Errors
    /// Its weights are floats.
    pub fn int8(&self) -> Result<&Conv> {
        match &self.weights {
            Weights::Int8 { conv, .. } => Ok(conv),
            Weights::Float { .. } => Err(self.unquantized()),
        }
    }

    fn unquantized(&self) -> Error {
        Error::weights(format!(
            "weight {} is not quantized as its neighbours are: re-export with train export",
            self.name
        ))
    }

    /// Kernel (c_out, c_in, k, k) and bias (c_out) of the one convolution that equals convolution and norm with running
    /// statistics.
    pub fn folded(&self) -> Result<(Tensor, Tensor)> {
        match &self.weights {
            Weights::Float { kernel, weight, bias, running_mean, running_var } => {
                let scale = (weight / (running_var.as_detached_tensor() + BATCH_NORM_EPS)?.sqrt()?)?;
                let bias = (bias - (running_mean.as_detached_tensor() * &scale)?)?;
                Ok((kernel.broadcast_mul(&scale.reshape(((), 1, 1, 1))?)?, bias))
            }
            Weights::Int8 { conv, input_scales } => {
                let (n_out, n_in) = (conv.weights().n_out(), conv.weights().n_in());
                let shape = vec![n_out, n_in, self.kernel, self.kernel];
                let (values, scales) = (conv.weights().unpacked(), conv.scales().to_vec());
                let kernel = QuantizedTensor { shape, values, scales }.dequantize(&Device::Cpu)?;
                let kernel = kernel.broadcast_div(&input_scales.reshape((1, (), 1, 1))?)?;
                Ok((kernel, Tensor::new(conv.bias(), &Device::Cpu)?))
            }
        }
    }

    /// (batch, c_in, h, w) → (batch, c_out, h', w'), in floats.
    ///
    /// # Errors
    /// 8-bit weights cannot be trained.
    pub fn forward(&self, x: &Tensor, mode: Mode) -> Result<Tensor> {
        match (&self.weights, mode) {
            (Weights::Float { running_mean, running_var, .. }, Mode::Eval) => {
                Ok(self.conv_norm(x, Some([running_mean, running_var]))?.0)
            }
            (Weights::Float { running_mean, running_var, .. }, Mode::Train) => {
                let (y, [mean, variance]) = self.conv_norm(x, None)?;
                let n = (y.elem_count() / y.dim(1)?) as f64;
                let unbiased = (variance * (n / (n - 1.).max(1.)))?;
                for (running, new) in [(running_mean, mean), (running_var, unbiased)] {
                    running.set(&((running.as_detached_tensor() * (1. - MOMENTUM))? + (new * MOMENTUM)?)?)?;
                }
                Ok(y)
            }
            (Weights::Int8 { .. }, Mode::Eval) => {
                let (kernel, bias) = self.folded()?;
                self.activate(self.convolve(x, &kernel)?.broadcast_add(&bias.reshape((1, (), 1, 1))?)?)
            }
            (Weights::Int8 { .. }, Mode::Train) => {
                Err(Error::config("8-bit weights cannot be trained: start from a run's float weights"))
            }
        }
    }

    fn geometry(&self, x: &Tensor, kernel: &Tensor) -> Result<Geometry> {
        Ok(Geometry::new(x.dims4()?, kernel.dims4()?, self.kernel / 2, self.stride))
    }

    fn convolve(&self, x: &Tensor, kernel: &Tensor) -> Result<Tensor> {
        convolve(x, kernel, (self.kernel / 2, self.stride), self.compute)
    }

    fn activate(&self, x: Tensor) -> Result<Tensor> {
        Ok(if self.activation == Activation::Relu { x.relu()? } else { x })
    }

    /// The float layer's output, and the mean and the (biased) variance that it used, each (c_out): those in `frozen`, or the
    /// batch's.
    fn conv_norm(&self, x: &Tensor, frozen: Option<[&Var; 2]>) -> Result<(Tensor, [Tensor; 2])> {
        let Weights::Float { kernel, weight, bias, .. } = &self.weights else { return Err(self.unquantized()) };
        // The fused op does not round.
        if x.device().is_cpu() && self.compute == DType::F32 {
            let frozen = frozen.map(|[mean, variance]| Statistics::read(mean, variance)).transpose()?;
            let op = ConvNorm::new(self.geometry(x, kernel)?, self.activation == Activation::Relu, frozen);
            let saved = op.saved();
            let affine = Tensor::stack(&[weight, bias], 0)?;
            let y = x.contiguous()?.apply_op3(&kernel.contiguous()?, &affine, op)?;
            let Statistics { mean, variance } = saved.statistics();
            return Ok((y, [Tensor::new(mean, x.device())?, Tensor::new(variance, x.device())?]));
        }
        let per_channel = |t: &Tensor| t.reshape((1, (), 1, 1));
        let y = self.convolve(x, kernel)?;
        let mean = match frozen {
            Some([mean, _]) => per_channel(&mean.as_detached_tensor())?,
            None => y.mean_keepdim((0, 2, 3))?,
        };
        let centred = y.broadcast_sub(&mean)?;
        let variance = match frozen {
            Some([_, variance]) => per_channel(&variance.as_detached_tensor())?,
            None => centred.sqr()?.mean_keepdim((0, 2, 3))?,
        };
        let y = centred
            .broadcast_div(&(&variance + BATCH_NORM_EPS)?.sqrt()?)?
            .broadcast_mul(&per_channel(weight)?)?
            .broadcast_add(&per_channel(bias)?)?;
        Ok((self.activate(y)?, [mean.flatten_all()?.detach(), variance.flatten_all()?.detach()]))
    }
}

fn convolve(x: &Tensor, kernel: &Tensor, (padding, stride): (usize, usize), compute: DType) -> Result<Tensor> {
    let geometry = Geometry::new(x.dims4()?, kernel.dims4()?, padding, stride);
    product(compute, x, kernel, |x, kernel| match x.device() {
        Device::Cpu => x.contiguous()?.apply_op2(&kernel.contiguous()?, FloatConv(geometry)),
        _ => x.conv2d(kernel, padding, stride, 1, 1),
    })
}

/// `weight` (n_out, n_in) times each pixel of `x` (batch, n_in, rows, cols): (batch, n_out, rows, cols).
pub(crate) fn pointwise(x: &Tensor, weight: &Tensor, compute: DType) -> Result<Tensor> {
    convolve(x, &weight.unsqueeze(2)?.unsqueeze(3)?, (0, 1), compute)
}

/// A convolution and its norm under `vb`, where each has a name of its own.
pub(crate) fn conv_bn(
    (c_in, c_out, kernel, stride): (usize, usize, usize, usize),
    activation: Activation,
    (conv, bn): (&str, &str),
    vb: &VarBuilder<'_>,
) -> Result<ConvBn> {
    ConvBn::new(ConvConfig { c_in, c_out, kernel, stride }, activation, vb.pp(conv), vb.pp(bn))
}

#[cfg(test)]
mod tests {
    use candle_core::Device;

    use super::*;

    /// f32 sums of a few thousand terms in another order.
    const TOLERANCE: f32 = 1e-3;

    fn layer(c_in: usize, c_out: usize, activation: Activation) -> (ConvBn, [Var; 3]) {
        let device = Device::Cpu;
        let kernel = Var::randn(0f32, 0.3, (c_out, c_in, 3, 3), &device).unwrap();
        let weight = Var::rand(0.5f32, 1.5, c_out, &device).unwrap();
        let bias = Var::rand(-1f32, 1., c_out, &device).unwrap();
        let layer = ConvBn {
            name: "conv".into(),
            norm_name: "bn".into(),
            weights: Weights::Float {
                kernel: kernel.as_tensor().clone(),
                weight: weight.as_tensor().clone(),
                bias: bias.as_tensor().clone(),
                running_mean: Var::zeros(c_out, DType::F32, &device).unwrap(),
                running_var: Var::ones(c_out, DType::F32, &device).unwrap(),
            },
            output_scales: None,
            kernel: 3,
            stride: 1,
            activation,
            compute: DType::F32,
        };
        (layer, [kernel, weight, bias])
    }

    fn composed(layer: &ConvBn, [kernel, weight, bias]: &[Var; 3], x: &Tensor) -> Tensor {
        let y = x.conv2d(kernel, 1, 1, 1, 1).unwrap();
        let y = y.broadcast_sub(&y.mean_keepdim((0, 2, 3)).unwrap()).unwrap();
        let variance = y.sqr().unwrap().mean_keepdim((0, 2, 3)).unwrap();
        let y = y.broadcast_div(&(variance + BATCH_NORM_EPS).unwrap().sqrt().unwrap()).unwrap();
        let y = y.broadcast_mul(&weight.reshape((1, (), 1, 1)).unwrap()).unwrap();
        layer.activate(y.broadcast_add(&bias.reshape((1, (), 1, 1)).unwrap()).unwrap()).unwrap()
    }

    fn largest_difference(a: &Tensor, b: &Tensor) -> f32 {
        (a - b).unwrap().abs().unwrap().flatten_all().unwrap().max(0).unwrap().to_scalar().unwrap()
    }

    #[test]
    fn the_fused_step_equals_the_composed_one_forward_and_backward() {
        for activation in [Activation::None, Activation::Relu] {
            let (layer, parameters) = layer(4, 5, activation);
            let x = Var::randn(0.7f32, 2., (3, 4, 7, 6), &Device::Cpu).unwrap();
            let probe = Tensor::randn(0f32, 1., (3, 5, 7, 6), &Device::Cpu).unwrap();
            let fused = layer.forward(&x, Mode::Train).unwrap();
            let plain = composed(&layer, &parameters, &x);
            assert!(largest_difference(&fused, &plain) < TOLERANCE);
            let fused = (fused * &probe).unwrap().sum_all().unwrap().backward().unwrap();
            let plain = (plain * &probe).unwrap().sum_all().unwrap().backward().unwrap();
            for var in parameters.iter().chain([&x]) {
                let off = largest_difference(fused.get(var).unwrap(), plain.get(var).unwrap());
                assert!(off < TOLERANCE, "{:?} is off by {off}", var.shape());
            }
        }
    }

    #[test]
    fn evaluation_uses_running_statistics_which_approach_those_of_the_data() {
        let (layer, _) = layer(2, 3, Activation::None);
        let x = Tensor::randn(3f32, 2., (8, 2, 16, 16), &Device::Cpu).unwrap();
        for _ in 0..100 {
            layer.forward(&x, Mode::Train).unwrap();
        }
        let train = layer.forward(&x, Mode::Train).unwrap();
        let eval = layer.forward(&x, Mode::Eval).unwrap();
        assert!(largest_difference(&train, &eval) < 0.01);
    }
}
