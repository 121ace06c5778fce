//! Vectors less their mean and over their standard deviation, in one pass. Composed of single operations, it reads and writes
//! them eight times, and each operation walks over strides.

use candle_core::{CpuStorage, CustomOp1, D, Layout, Shape, Tensor};

use super::cpu_floats::floats;
use crate::error::Result;

/// Each vector of the last dimension of `x`, less its mean, over √(its variance + `eps`).
pub(super) fn standardize(x: &Tensor, eps: f64) -> Result<Tensor> {
    if x.device().is_cpu() {
        return Ok(x.contiguous()?.apply_op1(Standardize { eps })?);
    }
    let (centred, deviation) = parts(x, eps)?;
    Ok(centred.broadcast_div(&deviation)?)
}

/// `x` less its means, and its standard deviations.
fn parts(x: &Tensor, eps: f64) -> candle_core::Result<(Tensor, Tensor)> {
    let centred = x.broadcast_sub(&x.mean_keepdim(D::Minus1)?)?;
    let deviation = (centred.sqr()?.mean_keepdim(D::Minus1)? + eps)?.sqrt()?;
    Ok((centred, deviation))
}

struct Standardize {
    eps: f64,
}

impl CustomOp1 for Standardize {
    fn name(&self) -> &'static str {
        "standardize"
    }

    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> candle_core::Result<(CpuStorage, Shape)> {
        let width = layout.dims().last().copied().unwrap_or(1).max(1);
        let mut y = floats(storage, layout)?.to_vec();
        for row in y.chunks_exact_mut(width) {
            let mean = sum(row, |x| x) / width as f32;
            row.iter_mut().for_each(|x| *x -= mean);
            let deviation = (sum(row, |x| x * x) / width as f32 + self.eps as f32).sqrt();
            row.iter_mut().for_each(|x| *x /= deviation);
        }
        Ok((CpuStorage::F32(y), layout.shape().clone()))
    }

    fn bwd(&self, x: &Tensor, y: &Tensor, gradient: &Tensor) -> candle_core::Result<Option<Tensor>> {
        // What shifts or scales the whole vector changes nothing.
        let (_, deviation) = parts(x, self.eps)?;
        let along = (gradient * y)?.mean_keepdim(D::Minus1)?;
        let rest = gradient.broadcast_sub(&gradient.mean_keepdim(D::Minus1)?)?.sub(&y.broadcast_mul(&along)?)?;
        Ok(Some(rest.broadcast_div(&deviation)?))
    }
}

/// Of `f` of each value, in eight lanes, so that it is the same on every target and runs on vectors.
fn sum(values: &[f32], f: impl Fn(f32) -> f32) -> f32 {
    let mut lanes = [0f32; 8];
    let (chunks, rest) = values.as_chunks::<8>();
    for chunk in chunks {
        for (lane, value) in lanes.iter_mut().zip(chunk) {
            *lane += f(*value);
        }
    }
    lanes.into_iter().chain(rest.iter().map(|value| f(*value))).sum()
}

#[cfg(test)]
mod tests {
    use candle_core::{Device, Var};

    use super::*;

    /// Sums of a few dozen floats in another order.
    const TOLERANCE: f32 = 1e-5;

    #[test]
    fn values_and_gradients_are_those_of_the_formula() {
        let values: Vec<f32> = (0..3 * 21).map(|i| ((i * 37) % 41) as f32 * 0.3 - 2.).collect();
        let x = Var::from_tensor(&Tensor::from_vec(values, (1, 3, 21), &Device::Cpu).unwrap()).unwrap();
        let (centred, deviation) = parts(&x, 1e-5).unwrap();
        let composed = centred.broadcast_div(&deviation).unwrap();
        let fused = standardize(&x, 1e-5).unwrap();
        let probe = Tensor::randn(0f32, 1., (1, 3, 21), &Device::Cpu).unwrap();
        let numbers = |t: &Tensor| t.flatten_all().unwrap().to_vec1::<f32>().unwrap();
        let gradient = |y: &Tensor| {
            let gradients = (y * &probe).unwrap().sum_all().unwrap().backward().unwrap();
            numbers(gradients.get(&x).unwrap())
        };
        for (a, b) in [(numbers(&fused), numbers(&composed)), (gradient(&fused), gradient(&composed))] {
            for (a, b) in a.into_iter().zip(b) {
                assert!((a - b).abs() <= TOLERANCE * (1. + b.abs()), "{a} where {b} is right");
            }
        }
    }
}
