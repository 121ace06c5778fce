//! Activations whose ReLUs pass only positive gradients: guided backpropagation (Springenberg et al. 2015). Values are those
//! of the same layers in floats.

use candle_core::{CpuStorage, CustomOp1, DType, Layout, Shape, Tensor};

use super::Mode;
use super::activations::Activations;
use super::conv::ConvBn;
use super::cpu_floats::floats;
use crate::error::Result;

/// (batch, channels, rows, cols), on the CPU.
#[derive(Clone, Debug)]
pub(crate) struct Guided(pub(crate) Tensor);

impl Activations for Guided {
    fn conv(&self, layer: &ConvBn, mode: Mode) -> Result<Self> {
        let y = layer.without_activation().forward(&self.0, mode)?;
        Ok(Self(if layer.has_relu() { guided_relu(&y)? } else { y }))
    }

    fn conv_add_relu(&self, layer: &ConvBn, identity: &Self, mode: Mode) -> Result<Self> {
        Ok(Self(guided_relu(&(layer.forward(&self.0, mode)? + &identity.0)?)?))
    }

    fn average_pool(&self) -> Result<Self> {
        Ok(Self(self.0.avg_pool2d(2)?))
    }
}

/// `max(0, x)`, whose gradient passes where both the value and the gradient are above 0.
pub(crate) fn guided_relu(x: &Tensor) -> Result<Tensor> {
    Ok(x.contiguous()?.apply_op1(GuidedRelu)?)
}

struct GuidedRelu;

impl CustomOp1 for GuidedRelu {
    fn name(&self) -> &'static str {
        "guided-relu"
    }

    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> candle_core::Result<(CpuStorage, Shape)> {
        let y = floats(storage, layout)?.iter().map(|x| x.max(0.)).collect();
        Ok((CpuStorage::F32(y), layout.shape().clone()))
    }

    fn bwd(&self, _: &Tensor, y: &Tensor, gradient: &Tensor) -> candle_core::Result<Option<Tensor>> {
        Ok(Some((gradient.relu()? * y.gt(0f32)?.to_dtype(DType::F32)?)?))
    }
}

#[cfg(test)]
mod tests {
    use candle_core::{Device, Var};

    use super::*;

    #[test]
    fn only_positive_gradients_pass_and_only_where_the_value_is_positive() {
        let x = Var::new(&[2f32, 2., -1., 0.], &Device::Cpu).unwrap();
        let y = guided_relu(&x).unwrap();
        assert_eq!(y.to_vec1::<f32>().unwrap(), [2., 2., 0., 0.]);
        let probe = Tensor::new(&[3f32, -3., 3., 3.], &Device::Cpu).unwrap();
        let gradients = (y * probe).unwrap().sum_all().unwrap().backward().unwrap();
        assert_eq!(gradients.get(&x).unwrap().to_vec1::<f32>().unwrap(), [3., 0., 0., 0.]);
    }
}
