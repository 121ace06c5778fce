//! Convolutions without bias, as CLIP's ResNet has them: a batch norm always follows.

use candle_core::Tensor;
use candle_nn::VarBuilder;

use super::conv_cpu::{Conv, Geometry};
use crate::error::Result;

/// A square convolution without bias.
#[derive(Clone, Debug)]
pub struct Conv2d {
    weight: Tensor,
    padding: usize,
    stride: usize,
}

impl Conv2d {
    /// A convolution of `c_in` to `c_out` channels; `weight` is (c_out, c_in, kernel, kernel).
    pub fn new(
        c_in: usize,
        c_out: usize,
        kernel: usize,
        padding: usize,
        stride: usize,
        vb: VarBuilder<'_>,
    ) -> Result<Self> {
        let weight = vb.get((c_out, c_in, kernel, kernel), "weight")?;
        Ok(Self { weight, padding, stride })
    }

    /// (batch, c_in, h, w) → (batch, c_out, h', w').
    pub fn forward(&self, x: &Tensor) -> Result<Tensor> {
        if !x.device().is_cpu() {
            return Ok(x.conv2d(&self.weight, self.padding, self.stride, 1, 1)?);
        }
        let geometry = Geometry::new(x.dims4()?, self.weight.dims4()?, self.padding, self.stride);
        Ok(x.contiguous()?.apply_op2(&self.weight.contiguous()?, Conv(geometry))?)
    }
}
