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
            Self::Int8(w) => rows(x, w.packed.n_out(), |x| Ok(x.apply_op1(Product::new(w, 1))?)),
        }
    }

    /// `x · Wᵀ + bias`: (…, n_in) → (…, n_out), `bias` (n_out).
    pub fn affine(&self, x: &Tensor, bias: &Tensor) -> Result<Tensor> {
        match self {
            Self::Float(..) => Ok(self.product(x)?.broadcast_add(bias)?),
            Self::Int8(w) => rows(x, w.packed.n_out(), |x| Ok(x.apply_op2(bias, Affine(w.clone()))?)),
        }
    }

    /// `x · W`: (…, n_out) → (…, n_in).
    pub fn transposed_product(&self, x: &Tensor) -> Result<Tensor> {
        match self {
            Self::Float(w, compute) => rows(x, w.dim(1)?, |x| product(*compute, x, w, Tensor::matmul)),
            Self::Int8(w) => rows(x, w.packed.n_in(), |x| Ok(x.apply_op1(TransposedProduct::new(w, 1))?)),
        }
    }

    /// `x · Wᵀ` where each output reads the row of its attention head: (batch, n_heads, n_in) → (batch, n_out).
    pub fn product_by_head(&self, x: &Tensor) -> Result<Tensor> {
        let (batch, n_heads, n_in) = x.dims3()?;
        Ok(match self {
            Self::Float(w, compute) => {
                // (n_heads, head_dim, n_in) · (n_heads, n_in, batch): a transposed weight's gradient would be added up by strides.
                let (x, w) = (x.transpose(0, 1)?.contiguous()?, w.reshape((n_heads, (), n_in))?);
                let y = product(*compute, &w, &x, |w, x| w.matmul(&x.t()?))?;
                y.permute((2, 0, 1))?.contiguous()?.reshape((batch, ()))?
            }
            Self::Int8(w) => x.contiguous()?.apply_op1(Product::new(w, n_heads))?,
        })
    }

    /// `x · W` in a row for each attention head, of its outputs alone: (batch, n_out) → (batch, n_heads, n_in).
    pub fn transposed_product_by_head(&self, x: &Tensor, n_heads: usize) -> Result<Tensor> {
        Ok(match self {
            Self::Float(w, compute) => {
                // (n_heads, batch, head_dim) · (n_heads, head_dim, n_in).
                let (n_out, n_in) = w.dims2()?;
                let w = w.reshape((n_heads, n_out / n_heads, n_in))?;
                let x = x.reshape(((), n_heads, n_out / n_heads))?.transpose(0, 1)?.contiguous()?;
                product(*compute, &x, &w, Tensor::matmul)?.transpose(0, 1)?.contiguous()?
            }
            // One head has no dimension of its own in the operation.
            Self::Int8(w) => {
                let y = x.contiguous()?.apply_op1(TransposedProduct::new(w, n_heads))?;
                y.reshape(((), n_heads, w.packed.n_in()))?
            }
        })
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

/// Declares an operation on a weight of integers and a number of heads; `x` has one head, and its dimension is left out, or
/// several. `$run` takes numbers, the integers, their scales and the number of heads; `$shape` the rows of `x`, the integers and
/// the number of heads; `$gradient` is the operation on the gradient.
macro_rules! operation {
    ($(#[$doc:meta])* $Op:ident, $name:literal, $run:expr, $shape:expr, $Gradient:ident) => {
        $(#[$doc])*
        struct $Op {
            weight: Arc<Int8Weight>,
            n_heads: usize,
        }

        impl $Op {
            fn new(weight: &Arc<Int8Weight>, n_heads: usize) -> Self {
                Self { weight: weight.clone(), n_heads }
            }
        }

        impl CustomOp1 for $Op {
            fn name(&self) -> &'static str {
                $name
            }

            fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> candle_core::Result<(CpuStorage, Shape)> {
                let Int8Weight { packed, scales } = &*self.weight;
                let y = $run(floats(storage, layout)?, packed, scales, self.n_heads);
                Ok((CpuStorage::F32(y), $shape(layout.dims()[0], packed, self.n_heads)))
            }

            fn bwd(&self, x: &Tensor, _: &Tensor, gradient: &Tensor) -> candle_core::Result<Option<Tensor>> {
                let of_x = gradient.contiguous()?.apply_op1($Gradient::new(&self.weight, self.n_heads))?;
                Ok(Some(of_x.reshape(x.shape())?))
            }
        }
    };
}

/// The shape of a row of outputs for each row.
fn of_outputs(n: usize, packed: &Packed, _: usize) -> Shape {
    Shape::from((n, packed.n_out()))
}

/// The shape of a row of inputs for each row and head.
fn of_inputs(n: usize, packed: &Packed, n_heads: usize) -> Shape {
    if n_heads == 1 { Shape::from((n, packed.n_in())) } else { Shape::from((n, n_heads, packed.n_in())) }
}

operation!(
    /// The rounded inputs times the integers; the gradient is the dequantized weights' own.
    Product,
    "int8-product",
    |x: &[f32], packed, scales: &[f32], n_heads| kernels::matmul(Kernel::best(), x, packed, scales, None, n_heads),
    of_outputs,
    TransposedProduct
);
operation!(
    /// Floats times the dequantized weights: the gradient of the two others.
    TransposedProduct,
    "int8-transposed-product",
    kernels::matmul_transposed,
    of_inputs,
    DequantizedProduct
);
operation!(
    /// Floats times the transposed dequantized weights: the gradient of [`TransposedProduct`].
    DequantizedProduct,
    "int8-dequantized-product",
    kernels::matmul_dequantized,
    of_outputs,
    TransposedProduct
);

/// The rounded inputs (n, n_in) times the integers, plus a bias (n_out), in one pass over the outputs. Gradients are those of
/// [`Product`] and of a sum.
struct Affine(Arc<Int8Weight>);

impl CustomOp2 for Affine {
    fn name(&self) -> &'static str {
        "int8-affine"
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        x_layout: &Layout,
        bias: &CpuStorage,
        bias_layout: &Layout,
    ) -> candle_core::Result<(CpuStorage, Shape)> {
        let Int8Weight { packed, scales } = &*self.0;
        let bias = Some(floats(bias, bias_layout)?);
        let y = kernels::matmul(Kernel::best(), floats(x, x_layout)?, packed, scales, bias, 1);
        Ok((CpuStorage::F32(y), of_outputs(x_layout.dims()[0], packed, 1)))
    }

    fn bwd(
        &self,
        x: &Tensor,
        bias: &Tensor,
        _: &Tensor,
        gradient: &Tensor,
    ) -> candle_core::Result<(Option<Tensor>, Option<Tensor>)> {
        let gradient = gradient.contiguous()?;
        let of_x = x.track_op().then(|| gradient.apply_op1(TransposedProduct::new(&self.0, 1))).transpose()?;
        let of_bias = bias.track_op().then(|| gradient.sum(0)).transpose()?;
        Ok((of_x, of_bias))
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
    fn an_affine_map_is_the_product_plus_the_bias_with_its_gradients() {
        let (int8, _) = pair(19, 10);
        let (x, bias) =
            (Var::randn(0f32, 1., (2, 3, 10), &Device::Cpu).unwrap(), Var::randn(0f32, 1., 19, &Device::Cpu).unwrap());
        let probe = Tensor::randn(0f32, 1., (2, 3, 19), &Device::Cpu).unwrap();
        let values = |t: &Tensor| t.flatten_all().unwrap().to_vec1::<f32>().unwrap();
        let [one, two] =
            [int8.affine(&x, &bias), Ok(int8.product(&x).unwrap().broadcast_add(&bias).unwrap())].map(|y| {
                let y = y.unwrap();
                let gradients = (&y * &probe).unwrap().sum_all().unwrap().backward().unwrap();
                (values(&y), [&x, &bias].map(|var| values(gradients.get(var).unwrap())))
            });
        assert_eq!(one.0, two.0);
        for (a, b) in one.1.iter().flatten().zip(two.1.iter().flatten()) {
            assert!((a - b).abs() <= TOLERANCE * (1. + b.abs()), "{a} where {b} is right");
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

    #[test]
    fn products_by_head_are_the_masked_ones_with_their_gradients() {
        for (n_heads, n_out, n_in) in [(3, 24, 10), (1, 24, 10)] {
            let (int8, float) = pair(n_out, n_in);
            let device = Device::Cpu;
            let is_of = |i: usize| if i % n_out / (n_out / n_heads) == i / n_out { 1f32 } else { 0. };
            let mask = Tensor::from_vec((0..n_heads * n_out).map(is_of).collect(), (n_heads, n_out), &device).unwrap();
            let rows = Var::randn(0f32, 1., (2, n_heads, n_in), &device).unwrap();
            let outputs = Var::randn(0f32, 1., (2, n_out), &device).unwrap();
            let values = |t: &Tensor| t.flatten_all().unwrap().to_vec1::<f32>().unwrap();
            let gradient = |y: &Tensor, x: &Var| {
                let probe = Tensor::arange(0f32, y.elem_count() as f32, &device).unwrap().reshape(y.shape()).unwrap();
                values(y.mul(&probe).unwrap().sum_all().unwrap().backward().unwrap().get(x).unwrap())
            };
            let close = |a: Vec<f32>, b: Vec<f32>, tolerance: f32| {
                assert_eq!(a.len(), b.len());
                for (a, b) in a.into_iter().zip(b) {
                    assert!((a - b).abs() <= tolerance * (1. + b.abs()), "{a} where {b} is right");
                }
            };
            let masked = float.product(&rows).unwrap().broadcast_mul(&mask).unwrap().sum(1).unwrap();
            let each = outputs.unsqueeze(1).unwrap().broadcast_mul(&mask).unwrap();
            let transposed = float.transposed_product(&each).unwrap();
            for (weight, rounded) in [(&float, TOLERANCE), (&int8, 0.1)] {
                let (there, back) = (
                    weight.product_by_head(&rows).unwrap(),
                    weight.transposed_product_by_head(&outputs, n_heads).unwrap(),
                );
                assert_eq!((there.dims(), back.dims()), (&[2, n_out][..], &[2, n_heads, n_in][..]));
                close(values(&there), values(&masked), rounded);
                close(values(&back), values(&transposed), TOLERANCE);
                close(gradient(&there, &rows), gradient(&masked, &rows), TOLERANCE);
                close(gradient(&back, &outputs), gradient(&transposed, &outputs), TOLERANCE);
            }
        }
    }
}
