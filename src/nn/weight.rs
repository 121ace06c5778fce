//! The weight matrix of a layer, in floats or in 8-bit integers. Both pass gradients to their input.

use std::sync::Arc;

use candle_core::{CpuStorage, CustomOp1, CustomOp2, D, DType, Device, Layout, Shape, Tensor};
use candle_nn::VarBuilder;

use super::conv_cpu::{Matrix, all_cores, multiply_on};
use super::cpu_floats::floats;
use super::params;
use super::precision::product;
use crate::error::Result;
use crate::kernels::{self, Kernel, Packed};

/// W (n_out, n_in).
#[derive(Clone, Debug)]
pub enum Weight {
    /// Trainable, and the type in which products with it are computed.
    Float(Tensor, DType),
    /// Integers, and the scale of each output.
    Int8(Arc<Int8Weight>),
}

/// `values · scales[output]`.
#[derive(Debug)]
pub struct Int8Weight {
    packed: Packed,
    scales: Vec<f32>,
}

impl Weight {
    /// `name` (n_out, n_in) under `vb`, as the file has it.
    pub fn new(n_out: usize, n_in: usize, name: &str, vb: &VarBuilder<'_>) -> Result<Self> {
        Ok(match params::quantized(vb, &[n_out, n_in], name)? {
            Some(q) => {
                let packed = Packed::new(&q.values, n_out, n_in, 1);
                Self::Int8(Arc::new(Int8Weight { packed, scales: q.scales }))
            }
            None => Self::Float(vb.get((n_out, n_in), name)?, vb.dtype()),
        })
    }

    /// A copy with random values: each output's are normal, with mean 0 and the mean square of those that they replace.
    /// `normal` gives normal numbers with variance 1.
    ///
    /// # Errors
    /// A tensor operation fails.
    pub fn randomized(&self, normal: &mut dyn FnMut() -> f32) -> Result<Self> {
        Ok(match self {
            Self::Float(w, compute) => Self::Float(params::randomized(w, normal)?, *compute),
            Self::Int8(w) => {
                let (n_out, n_in) = (w.packed.n_out(), w.packed.n_in());
                let values = params::randomized_integers(&w.packed.unpacked(), n_out, normal);
                let packed = Packed::new(&values, n_out, n_in, 1);
                Self::Int8(Arc::new(Int8Weight { packed, scales: w.scales.clone() }))
            }
        })
    }

    /// `x · Wᵀ`: (…, n_in) → (…, n_out).
    pub fn product(&self, x: &Tensor) -> Result<Tensor> {
        match self {
            Self::Float(w, compute) => rows(x, w.dim(0)?, |x| {
                product(*compute, x, w, |x, w| match x.device() {
                    Device::Cpu => x.apply_op2(&w.contiguous()?, FloatProduct),
                    _ => x.matmul(&w.t()?),
                })
            }),
            Self::Int8(w) => rows(x, w.packed.n_out(), |x| Ok(x.apply_op1(Product(w.clone()))?)),
        }
    }

    /// `x · W`: (…, n_out) → (…, n_in).
    pub fn transposed_product(&self, x: &Tensor) -> Result<Tensor> {
        match self {
            Self::Float(w, compute) => rows(x, w.dim(1)?, |x| product(*compute, x, w, Tensor::matmul)),
            Self::Int8(w) => rows(x, w.packed.n_in(), |x| Ok(x.apply_op1(TransposedProduct(w.clone()))?)),
        }
    }
}

/// Runs `f` on `x` as a matrix: (…, n) → (…, n_out).
fn rows(x: &Tensor, n_out: usize, f: impl Fn(&Tensor) -> Result<Tensor>) -> Result<Tensor> {
    let mut shape = x.dims().to_vec();
    let flat = x.contiguous()?.reshape(((), x.dim(D::Minus1)?))?;
    if let Some(last) = shape.last_mut() {
        *last = n_out;
    }
    Ok(f(&flat)?.reshape(shape)?)
}

/// `x · Wᵀ` of x (n, n_in) and W (n_out, n_in). Composed of a transpose and a product, candle adds the weight's gradient to zeros
/// by strides, on one core.
struct FloatProduct;

impl CustomOp2 for FloatProduct {
    fn name(&self) -> &'static str {
        "product"
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        x_layout: &Layout,
        w: &CpuStorage,
        w_layout: &Layout,
    ) -> candle_core::Result<(CpuStorage, Shape)> {
        let ((n, n_in), (n_out, _)) = (x_layout.shape().dims2()?, w_layout.shape().dims2()?);
        let mut y = vec![0f32; n * n_out];
        let (x, w) = (Matrix(floats(x, x_layout)?, n_in, 1), Matrix(floats(w, w_layout)?, 1, n_in));
        if !y.is_empty() && n_in > 0 {
            multiply_on(all_cores(), (&mut y, n_out), false, x, w, (n, n_out, n_in));
        }
        Ok((CpuStorage::F32(y), Shape::from((n, n_out))))
    }

    fn bwd(
        &self,
        x: &Tensor,
        w: &Tensor,
        _: &Tensor,
        gradient: &Tensor,
    ) -> candle_core::Result<(Option<Tensor>, Option<Tensor>)> {
        let gradient = gradient.contiguous()?;
        let of_x = x.track_op().then(|| gradient.matmul(w)).transpose()?;
        let of_w = w.track_op().then(|| gradient.t()?.matmul(x)).transpose()?;
        Ok((of_x, of_w))
    }
}

/// The rounded inputs times the integers; the gradient is the dequantized weights' own.
struct Product(Arc<Int8Weight>);

/// The gradient of [`Product`]: floats times the dequantized weights.
struct TransposedProduct(Arc<Int8Weight>);

impl CustomOp1 for Product {
    fn name(&self) -> &'static str {
        "int8-product"
    }

    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> candle_core::Result<(CpuStorage, Shape)> {
        let Int8Weight { packed, scales } = &*self.0;
        let y = kernels::matmul(Kernel::best(), floats(storage, layout)?, packed, scales);
        Ok((CpuStorage::F32(y), Shape::from((layout.dims()[0], packed.n_out()))))
    }

    fn bwd(&self, _: &Tensor, _: &Tensor, gradient: &Tensor) -> candle_core::Result<Option<Tensor>> {
        Ok(Some(gradient.contiguous()?.apply_op1(TransposedProduct(self.0.clone()))?))
    }
}

impl CustomOp1 for TransposedProduct {
    fn name(&self) -> &'static str {
        "int8-transposed-product"
    }

    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> candle_core::Result<(CpuStorage, Shape)> {
        let Int8Weight { packed, scales } = &*self.0;
        let y = kernels::matmul_transposed(floats(storage, layout)?, packed, scales);
        Ok((CpuStorage::F32(y), Shape::from((layout.dims()[0], packed.n_in()))))
    }

    fn bwd(&self, _: &Tensor, _: &Tensor, gradient: &Tensor) -> candle_core::Result<Option<Tensor>> {
        let Int8Weight { packed, scales } = &*self.0;
        let shape = vec![packed.n_out(), packed.n_in()];
        let weight = params::QuantizedTensor { shape, values: packed.unpacked(), scales: scales.clone() };
        let weight = weight.dequantize(gradient.device()).map_err(candle_core::Error::wrap)?;
        Ok(Some(gradient.matmul(&weight.t()?)?))
    }
}

#[cfg(test)]
mod tests {
    use candle_core::Var;

    use super::*;
    use crate::nn::params::QuantizedTensor;

    /// f32 sums of a few dozen terms in another order.
    const TOLERANCE: f32 = 1e-5;

    /// A quantized weight, and the float one that it stands for.
    fn pair(n_out: usize, n_in: usize) -> (Weight, Weight) {
        let device = Device::Cpu;
        let q = QuantizedTensor::quantize(&Tensor::randn(0f32, 1., (n_out, n_in), &device).unwrap()).unwrap();
        let float = Weight::Float(q.dequantize(&device).unwrap(), DType::F32);
        let packed = Packed::new(&q.values, n_out, n_in, 1);
        (Weight::Int8(Arc::new(Int8Weight { packed, scales: q.scales })), float)
    }

    #[test]
    fn gradients_are_those_of_the_dequantized_weights() {
        let (int8, float) = pair(19, 10);
        for transposed in [false, true] {
            let (n, m) = if transposed { (19, 10) } else { (10, 19) };
            let x = Var::randn(0f32, 1., (3, n), &Device::Cpu).unwrap();
            let probe = Tensor::randn(0f32, 1., (3, m), &Device::Cpu).unwrap();
            let gradient = |w: &Weight| {
                let y = if transposed { w.transposed_product(&x) } else { w.product(&x) }.unwrap();
                let gradients = (y * &probe).unwrap().sum_all().unwrap().backward().unwrap();
                gradients.get(&x).unwrap().flatten_all().unwrap().to_vec1::<f32>().unwrap()
            };
            for (a, b) in gradient(&int8).into_iter().zip(gradient(&float)) {
                assert!((a - b).abs() <= TOLERANCE * (1. + b.abs()), "{a} where {b} is right");
            }
        }
    }

    #[test]
    fn the_float_product_and_its_gradients_are_candles() {
        let x = Var::randn(0f32, 1., (5, 7), &Device::Cpu).unwrap();
        let w = Var::randn(0f32, 1., (3, 7), &Device::Cpu).unwrap();
        let probe = Tensor::randn(0f32, 1., (5, 3), &Device::Cpu).unwrap();
        let ours = Weight::Float(w.as_tensor().clone(), DType::F32).product(&x).unwrap();
        let theirs = x.matmul(&w.t().unwrap()).unwrap();
        let values = |t: &Tensor| t.flatten_all().unwrap().to_vec1::<f32>().unwrap();
        let close = |a: &Tensor, b: &Tensor| {
            for (a, b) in values(a).into_iter().zip(values(b)) {
                assert!((a - b).abs() <= TOLERANCE * (1. + b.abs()), "{a} where {b} is right");
            }
        };
        close(&ours, &theirs);
        let [ours, theirs] = [ours, theirs].map(|y| (y * &probe).unwrap().sum_all().unwrap().backward().unwrap());
        for var in [&x, &w] {
            close(ours.get(var).unwrap(), theirs.get(var).unwrap());
        }
    }

    #[test]
    fn the_rounded_product_is_close_to_the_float_one() {
        let (int8, float) = pair(33, 64);
        let x = Tensor::randn(0f32, 1., (2, 4, 64), &Device::Cpu).unwrap();
        let (a, b) = (int8.product(&x).unwrap(), float.product(&x).unwrap());
        assert_eq!(a.dims(), [2, 4, 33]);
        let norm = |t: &Tensor| t.sqr().unwrap().sum_all().unwrap().to_scalar::<f32>().unwrap().sqrt();
        assert!(norm(&(&a - &b).unwrap()) < 0.02 * norm(&b), "7 bits round each input to about 1 % of the range");
    }
}
