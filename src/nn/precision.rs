//! Mixed precision (Micikevicius et al. 2018): layers keep 32-bit weights and multiply in a narrower type. Norms, softmax,
//! biases and losses are computed in 32 bits.
//!
//! It is meant for bfloat16, whose exponent is as wide as a 32-bit float's, so that losses need no scaling (Kalamkar et al.
//! 2019). A layer multiplies in its builder's `dtype`, which [`builder`] sets; that of all other builders is f32, in which
//! [`product`] rounds nothing.
//!
//! What candle 0.11.1 does with bfloat16, by its sources (nothing here has run on a GPU):
//! - CUDA, from compute capability 8.0: matrix products run on tensor cores with 32-bit sums, forward and backward. So do
//!   convolutions, forward, as patches times kernel, and with cuDNN by its own kernels.
//! - The gradient of a convolution's input comes from a plain kernel without tensor cores; that of its weight is again
//!   patches times kernel, but with cuDNN a plain kernel too. Both sum in 32 bits, and read half the bytes.
//! - Metal has the same products and convolutions; but the gradient of a convolution's weight is wrong there, in any type:
//!   candle copies the transposed gradient into place and then multiplies by the original.
//! - On a CPU, bfloat16 is slow: there 32-bit products of rounded values stand in for it.

use candle_core::{DType, Device, Shape, Tensor};
use candle_nn::var_builder::SimpleBackend;
use candle_nn::{Init, VarBuilder, VarMap};

use crate::error::Result;

/// A builder of layers that keep 32-bit weights, in `weights`, and multiply in `compute`.
pub fn builder(weights: &VarMap, compute: DType, device: &Device) -> VarBuilder<'static> {
    VarBuilder::from_backend(Box::new(MasterWeights(weights.clone())), compute, device.clone())
}

/// `multiply(a, b)`, a convolution or a matrix product, with `a`, `b` and what comes out rounded to `compute`, sums in
/// between in 32 bits. Gradients are rounded as those of casts are: on their way into the product's backward pass, and
/// out of it. Takes and returns 32-bit floats.
pub fn product(
    compute: DType,
    a: &Tensor,
    b: &Tensor,
    multiply: impl FnOnce(&Tensor, &Tensor) -> candle_core::Result<Tensor>,
) -> Result<Tensor> {
    let (a, b) = (a.to_dtype(compute)?, b.to_dtype(compute)?);
    let y = match a.device() {
        Device::Cpu => multiply(&a.to_dtype(DType::F32)?, &b.to_dtype(DType::F32)?)?.to_dtype(compute)?,
        Device::Cuda(_) | Device::Metal(_) => multiply(&a, &b)?,
    };
    Ok(y.to_dtype(DType::F32)?)
}

/// Weights that are 32-bit floats, whatever type a builder has.
struct MasterWeights(VarMap);

impl SimpleBackend for MasterWeights {
    fn get(&self, shape: Shape, name: &str, init: Init, _: DType, device: &Device) -> candle_core::Result<Tensor> {
        self.0.get(shape, name, init, DType::F32, device)
    }

    fn get_unchecked(&self, name: &str, _: DType, device: &Device) -> candle_core::Result<Tensor> {
        self.0.get_unchecked(name, DType::F32, device)
    }

    fn contains_tensor(&self, name: &str) -> bool {
        self.0.contains_tensor(name)
    }
}

#[cfg(test)]
mod tests {
    use candle_core::Var;

    use super::*;

    /// bfloat16 has 8 significant bits.
    const HALF_A_STEP: f32 = 1. / 256.;

    fn values(t: &Tensor) -> Vec<f32> {
        t.flatten_all().unwrap().to_vec1().unwrap()
    }

    fn round(t: &Tensor) -> Tensor {
        t.to_dtype(DType::BF16).unwrap().to_dtype(DType::F32).unwrap()
    }

    #[test]
    fn a_product_and_its_gradients_are_those_of_casts_to_bfloat16() {
        let device = Device::Cpu;
        let a = Var::randn(0f32, 1., (5, 7), &device).unwrap();
        let b = Var::randn(0f32, 1., (7, 3), &device).unwrap();
        let probe = Tensor::randn(0f32, 1., (5, 3), &device).unwrap();
        let y = product(DType::BF16, &a, &b, Tensor::matmul).unwrap();
        let gradients = (&y * &probe).unwrap().sum_all().unwrap().backward().unwrap();
        let by_hand = [
            (y.clone(), round(&a).matmul(&round(&b)).unwrap()),
            (gradients.get(&a).unwrap().clone(), round(&probe).matmul(&round(&b).t().unwrap()).unwrap()),
            (gradients.get(&b).unwrap().clone(), round(&a).t().unwrap().matmul(&round(&probe)).unwrap()),
        ];
        for (ours, exact) in by_hand {
            assert_eq!(ours.dtype(), DType::F32);
            assert_eq!(values(&ours), values(&round(&exact)));
        }
        let exact = a.matmul(&b).unwrap();
        let off = values(&(&y - &exact).unwrap()).into_iter().fold(0f32, |m, v| m.max(v.abs()));
        let largest = values(&exact).into_iter().fold(0f32, |m, v| m.max(v.abs()));
        assert!(off > 0. && off < 7. * HALF_A_STEP * largest, "off by {off}, where the largest value is {largest}");
    }

    #[test]
    fn weights_are_32_bit_floats_and_layers_know_what_to_multiply_in() {
        let map = VarMap::new();
        let vb = builder(&map, DType::BF16, &Device::Cpu);
        let inner = vb.pp("inner");
        assert_eq!((inner.get(3, "weight").unwrap().dtype(), inner.dtype()), (DType::F32, DType::BF16));
        assert!(vb.contains_tensor("inner.weight"));
    }
}
