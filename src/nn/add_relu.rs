//! The end of a residual block, `max(0, a + b)`, in one pass. Composed of single operations, the CPU reads the block's
//! largest activations twice forward and four times backward, on one core.

use candle_core::{CpuStorage, CustomOp2, Layout, Shape, Tensor};
use rayon::prelude::*;

use super::cpu_floats::{floats, with_floats};
use crate::error::Result;

/// `max(0, a + b)` of two tensors of one shape.
pub(super) fn add_relu(a: &Tensor, b: &Tensor) -> Result<Tensor> {
    if !a.device().is_cpu() {
        return Ok((a + b)?.relu()?);
    }
    Ok(a.contiguous()?.apply_op2(&b.contiguous()?, AddRelu)?)
}

struct AddRelu;

impl CustomOp2 for AddRelu {
    fn name(&self) -> &'static str {
        "add-relu"
    }

    fn cpu_fwd(
        &self,
        a: &CpuStorage,
        a_layout: &Layout,
        b: &CpuStorage,
        b_layout: &Layout,
    ) -> candle_core::Result<(CpuStorage, Shape)> {
        let (a, b) = (floats(a, a_layout)?, floats(b, b_layout)?);
        let y = a.par_iter().zip(b).map(|(a, b)| (a + b).max(0.)).collect();
        Ok((CpuStorage::F32(y), a_layout.shape().clone()))
    }

    fn bwd(
        &self,
        _: &Tensor,
        _: &Tensor,
        y: &Tensor,
        gradient: &Tensor,
    ) -> candle_core::Result<(Option<Tensor>, Option<Tensor>)> {
        let passed = with_floats(&gradient.contiguous()?, y, |gradient, y| {
            let passed: Vec<f32> = gradient.par_iter().zip(y).map(|(g, y)| if *y > 0. { *g } else { 0. }).collect();
            Ok(passed)
        })?;
        let passed = Tensor::from_vec(passed, y.shape(), y.device())?;
        Ok((Some(passed.clone()), Some(passed)))
    }
}

#[cfg(test)]
mod tests {
    use candle_core::{Device, Var};

    use super::*;

    #[test]
    fn values_and_gradients_equal_the_composed_ones() {
        let [a, b] = [0, 1].map(|_| Var::randn(0f32, 1., (3, 5, 7), &Device::Cpu).unwrap());
        let probe = Tensor::randn(0f32, 1., (3, 5, 7), &Device::Cpu).unwrap();
        let values = |t: &Tensor| t.flatten_all().unwrap().to_vec1::<f32>().unwrap();
        let composed = (a.as_tensor() + b.as_tensor()).unwrap().relu().unwrap();
        let fused = add_relu(&a, &b).unwrap();
        assert_eq!(values(&fused), values(&composed));
        let [fused, composed] = [fused, composed].map(|y| (y * &probe).unwrap().sum_all().unwrap().backward().unwrap());
        for var in [&a, &b] {
            assert_eq!(values(fused.get(var).unwrap()), values(composed.get(var).unwrap()));
        }
    }
}
