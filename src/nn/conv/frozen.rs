//! A convolution whose norm is fixed, as it is recorded for training on CPUs.

use candle_core::{DType, Tensor};

use super::{ConvBn, Weights};
use crate::error::Result;
use crate::nn::conv_norm_cpu::Statistics;
use crate::nn::direct::Plan;
use crate::nn::norm::BATCH_NORM_EPS;

/// A float convolution whose norm has fixed statistics, on the CPU: `scale · (x ∗ kernel) + shift`.
#[derive(Debug)]
pub(in crate::nn) struct FrozenConv {
    /// The parameters: (c_out, c_in, k, k), and (c_out) of the norm.
    pub(in crate::nn) kernel: Tensor,
    pub(in crate::nn) weight: Tensor,
    pub(in crate::nn) bias: Tensor,
    pub(in crate::nn) stride: usize,
    /// The norm's statistics, and what they make of its parameters.
    pub(in crate::nn) mean: Vec<f32>,
    pub(in crate::nn) inv_std: Vec<f32>,
    pub(in crate::nn) scale: Vec<f32>,
    pub(in crate::nn) shift: Vec<f32>,
}

impl ConvBn {
    /// Whether [`crate::nn::recorded::Recorded`] can compute it.
    pub(crate) fn can_be_recorded(&self) -> bool {
        let Weights::Float { kernel, .. } = &self.weights else { return false };
        let c_out = kernel.dims()[0];
        kernel.device().is_cpu() && self.compute == DType::F32 && Plan::exists(c_out, self.kernel, self.stride)
    }

    /// The layer with its running statistics; none where [`Self::can_be_recorded`] says no.
    pub(in crate::nn) fn frozen(&self) -> Result<Option<FrozenConv>> {
        let Weights::Float { kernel, weight, bias, running_mean, running_var } = &self.weights else { return Ok(None) };
        if !self.can_be_recorded() {
            return Ok(None);
        }
        let Statistics { mean, variance } = Statistics::read(running_mean, running_var)?;
        let inv_std: Vec<f32> = variance.iter().map(|v| 1. / (v + BATCH_NORM_EPS as f32).sqrt()).collect();
        let scale: Vec<f32> = weight.to_vec1::<f32>()?.iter().zip(&inv_std).map(|(w, s)| w * s).collect();
        let shift = bias.to_vec1::<f32>()?.iter().zip(&mean).zip(&scale).map(|((b, m), s)| b - m * s).collect();
        let (kernel, weight, bias) = (kernel.clone(), weight.clone(), bias.clone());
        Ok(Some(FrozenConv { kernel, weight, bias, stride: self.stride, mean, inv_std, scale, shift }))
    }
}
