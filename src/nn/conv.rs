//! A convolution, its batch norm (Ioffe & Szegedy 2015) and, mostly, a ReLU: the step that CLIP's ResNet repeats.
//! Running statistics are kept as PyTorch keeps them.

use candle_core::{Tensor, Var};
use candle_nn::VarBuilder;

use super::Mode;
use super::conv_cpu::{Conv, Geometry};
use super::conv_norm_cpu::ConvNorm;
use crate::error::Result;

/// PyTorch's defaults, which CLIP uses.
pub(super) const EPS: f64 = 1e-5;
const MOMENTUM: f64 = 0.1;

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
    kernel: Tensor,
    weight: Tensor,
    bias: Tensor,
    running_mean: Var,
    running_var: Var,
    padding: usize,
    stride: usize,
    activation: Activation,
}

impl ConvBn {
    /// `conv` holds `weight` (c_out, c_in, kernel, kernel), `bn` holds `weight`, `bias`, `running_mean` and
    /// `running_var`, each (c_out).
    pub fn new(config: ConvConfig, activation: Activation, conv: VarBuilder<'_>, bn: VarBuilder<'_>) -> Result<Self> {
        let ConvConfig { c_in, c_out, kernel, stride } = config;
        Ok(Self {
            kernel: conv.get((c_out, c_in, kernel, kernel), "weight")?,
            weight: bn.get(c_out, "weight")?,
            bias: bn.get(c_out, "bias")?,
            running_mean: Var::from_tensor(&bn.get(c_out, "running_mean")?)?,
            running_var: Var::from_tensor(&bn.get(c_out, "running_var")?)?,
            padding: kernel / 2,
            stride,
            activation,
        })
    }

    /// (batch, c_in, h, w) → (batch, c_out, h', w').
    pub fn forward(&self, x: &Tensor, mode: Mode) -> Result<Tensor> {
        match mode {
            Mode::Train => self.forward_train(x),
            Mode::Eval => {
                let scale = (&self.weight / (self.running_var.as_detached_tensor() + EPS)?.sqrt()?)?;
                let shift = (&self.bias - (self.running_mean.as_detached_tensor() * &scale)?)?;
                let y = self.convolve(x, &self.kernel.broadcast_mul(&scale.reshape(((), 1, 1, 1))?)?)?;
                self.activate(y.broadcast_add(&shift.reshape((1, (), 1, 1))?)?)
            }
        }
    }

    fn geometry(&self, x: &Tensor) -> Result<Geometry> {
        Ok(Geometry::new(x.dims4()?, self.kernel.dims4()?, self.padding, self.stride))
    }

    fn convolve(&self, x: &Tensor, kernel: &Tensor) -> Result<Tensor> {
        if !x.device().is_cpu() {
            return Ok(x.conv2d(kernel, self.padding, self.stride, 1, 1)?);
        }
        Ok(x.contiguous()?.apply_op2(&kernel.contiguous()?, Conv(self.geometry(x)?))?)
    }

    fn activate(&self, x: Tensor) -> Result<Tensor> {
        Ok(if self.activation == Activation::Relu { x.relu()? } else { x })
    }

    fn forward_train(&self, x: &Tensor) -> Result<Tensor> {
        let (y, mean, variance, n) = if x.device().is_cpu() {
            let op = ConvNorm::new(self.geometry(x)?, self.activation == Activation::Relu);
            let saved = op.saved();
            let affine = Tensor::stack(&[&self.weight, &self.bias], 0)?;
            let y = x.contiguous()?.apply_op3(&self.kernel.contiguous()?, &affine, op)?;
            let (mean, variance) = saved.statistics();
            let n = y.elem_count() / mean.len();
            (y, Tensor::new(mean, x.device())?, Tensor::new(variance, x.device())?, n)
        } else {
            let y = self.convolve(x, &self.kernel)?;
            let n = y.elem_count() / y.dim(1)?;
            let mean = y.mean_keepdim((0, 2, 3))?;
            let centred = y.broadcast_sub(&mean)?;
            let variance = centred.sqr()?.mean_keepdim((0, 2, 3))?;
            let y = centred
                .broadcast_div(&(&variance + EPS)?.sqrt()?)?
                .broadcast_mul(&self.weight.reshape((1, (), 1, 1))?)?
                .broadcast_add(&self.bias.reshape((1, (), 1, 1))?)?;
            (self.activate(y)?, mean.flatten_all()?.detach(), variance.flatten_all()?.detach(), n)
        };
        let unbiased = (variance * (n as f64 / (n as f64 - 1.).max(1.)))?;
        for (running, new) in [(&self.running_mean, mean), (&self.running_var, unbiased)] {
            running.set(&((running.as_detached_tensor() * (1. - MOMENTUM))? + (new * MOMENTUM)?)?)?;
        }
        Ok(y)
    }
}

/// A convolution and its norm from under `vb`: in a checkpoint each has a name of its own.
pub fn conv_bn(
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
            kernel: kernel.as_tensor().clone(),
            weight: weight.as_tensor().clone(),
            bias: bias.as_tensor().clone(),
            running_mean: Var::zeros(c_out, candle_core::DType::F32, &device).unwrap(),
            running_var: Var::ones(c_out, candle_core::DType::F32, &device).unwrap(),
            padding: 1,
            stride: 1,
            activation,
        };
        (layer, [kernel, weight, bias])
    }

    fn composed(layer: &ConvBn, x: &Tensor) -> Tensor {
        let y = x.conv2d(&layer.kernel, 1, 1, 1, 1).unwrap();
        let y = y.broadcast_sub(&y.mean_keepdim((0, 2, 3)).unwrap()).unwrap();
        let variance = y.sqr().unwrap().mean_keepdim((0, 2, 3)).unwrap();
        let y = y.broadcast_div(&(variance + EPS).unwrap().sqrt().unwrap()).unwrap();
        let y = y.broadcast_mul(&layer.weight.reshape((1, (), 1, 1)).unwrap()).unwrap();
        layer.activate(y.broadcast_add(&layer.bias.reshape((1, (), 1, 1)).unwrap()).unwrap()).unwrap()
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
            let plain = composed(&layer, &x);
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
