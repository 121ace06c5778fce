//! OpenAI's approximation of GELU in one pass. Composed of single operations, it reads the widest layer of a block several
//! times, and its exponentials are not vectorised.

use candle_core::{CpuStorage, CustomOp1, Layout, Shape, Tensor};

use super::cpu_floats::floats;
use crate::error::Result;
use crate::kernels::ROUNDER;

/// CLIP's `model.py`.
const SLOPE: f32 = 1.702;

/// `x · sigmoid(1.702 x)`, element by element.
pub(crate) fn quick_gelu(x: &Tensor) -> Result<Tensor> {
    if x.device().is_cpu() {
        return Ok(x.contiguous()?.apply_op1(QuickGelu)?);
    }
    Ok((x * candle_nn::ops::sigmoid(&(x * f64::from(SLOPE))?)?)?)
}

struct QuickGelu;

impl CustomOp1 for QuickGelu {
    fn name(&self) -> &'static str {
        "quick-gelu"
    }

    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> candle_core::Result<(CpuStorage, Shape)> {
        let y = floats(storage, layout)?.iter().map(|x| x * sigmoid(SLOPE * x)).collect();
        Ok((CpuStorage::F32(y), layout.shape().clone()))
    }

    fn bwd(&self, x: &Tensor, _: &Tensor, gradient: &Tensor) -> candle_core::Result<Option<Tensor>> {
        // d/dx x σ(ax) = σ + ax σ (1 − σ)
        let ax = (x * f64::from(SLOPE))?;
        let s = candle_nn::ops::sigmoid(&ax)?;
        let slope = (&s + (ax * (&s * s.affine(-1., 1.)?)?)?)?;
        Ok(Some((gradient * slope)?))
    }
}

fn sigmoid(x: f32) -> f32 {
    1. / (1. + exp(-x))
}

/// `eˣ` within 2 ulp for |x| ≤ 87, clamped beyond: Cephes' `expf` (Moshier), without branches, so that it runs on vectors.
fn exp(x: f32) -> f32 {
    // ln 2 as a short part, whose products are exact, and the rest.
    const LN_2_HIGH: f32 = 0.693_359_4;
    const LN_2_LOW: f32 = -2.121_944_4e-4;
    let x = if x > 87. { 87. } else { x };
    let x = if x < -87. { -87. } else { x };
    let rounded = x * std::f32::consts::LOG2_E + ROUNDER;
    let n = rounded - ROUNDER;
    let r = x - n * LN_2_HIGH - n * LN_2_LOW;
    let p = [1.987_569_2e-4, 1.398_199_9e-3, 8.333_452e-3, 4.166_579_6e-2, 0.166_666_65, 0.5]
        .iter()
        .fold(0f32, |p, c| p * r + c);
    let power = f32::from_bits((rounded.to_bits() << 23).wrapping_add(0x3f80_0000));
    (p * r * r + r + 1.) * power
}

#[cfg(test)]
mod tests {
    use candle_core::{Device, Var};

    use super::*;

    #[test]
    fn the_exponential_is_right_to_the_last_digits() {
        for i in -8700..=8700 {
            let x = i as f32 * 0.01;
            let expected = f64::from(x).exp();
            assert!((f64::from(exp(x)) / expected - 1.).abs() < 3e-7, "e^{x} is {expected}, not {}", exp(x));
        }
        assert!(exp(-1e9) > 0. && exp(1e9).is_finite());
    }

    #[test]
    fn values_and_gradients_are_those_of_the_formula() {
        let values: Vec<f32> = (-40..40).map(|i| i as f32 * 0.3).collect();
        let x = Var::new(values, &Device::Cpu).unwrap();
        let composed = (x.as_tensor() * candle_nn::ops::sigmoid(&(x.as_tensor() * 1.702).unwrap()).unwrap()).unwrap();
        let fused = quick_gelu(&x).unwrap();
        let gradient = |y: &Tensor| y.sum_all().unwrap().backward().unwrap().get(&x).unwrap().to_vec1::<f32>().unwrap();
        let pairs = [(fused.to_vec1::<f32>().unwrap(), composed.to_vec1::<f32>().unwrap())];
        for (ours, theirs) in pairs.into_iter().chain([(gradient(&fused), gradient(&composed))]) {
            for (a, b) in ours.iter().zip(&theirs) {
                assert!((a - b).abs() <= 1e-6 * (1. + b.abs()), "{a} where {b} is right");
            }
        }
    }
}
