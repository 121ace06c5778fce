//! The maximum pooling of a ResNet's stem. Composed here because candle has no gradient of a pooling whose windows overlap.

use candle_core::{D, Tensor};

use crate::error::Result;

/// The largest of each 3 × 3 pixels, every second row and column, of `x` (batch, channels, h, w) ≥ 0 →
/// (batch, channels, ⌈h / 2⌉, ⌈w / 2⌉). Nothing is below 0, so zeros pad as PyTorch's minus infinity does. Passes gradients;
/// equal values share them.
pub(crate) fn max_pool_3x3(x: &Tensor) -> Result<Tensor> {
    // Rows, then columns: each time along the last dimension.
    let rows = every_second_of_three(&x.transpose(2, 3)?)?;
    every_second_of_three(&rows.transpose(2, 3)?)
}

/// (batch, channels, a, n) → (batch, channels, a, ⌈n / 2⌉): output i is the largest of inputs 2i − 1, 2i and 2i + 1.
fn every_second_of_three(x: &Tensor) -> Result<Tensor> {
    let (batch, channels, a, n) = x.dims4()?;
    let half = n.div_ceil(2);
    let pairs = x.pad_with_zeros(D::Minus1, 0, n % 2)?.contiguous()?.reshape((batch, channels, a, half, 2))?;
    let (even, odd) = (pairs.narrow(4, 0, 1)?.squeeze(4)?, pairs.narrow(4, 1, 1)?.squeeze(4)?);
    let before = odd.pad_with_zeros(D::Minus1, 1, 0)?.narrow(3, 0, half)?;
    Ok(even.maximum(&odd)?.maximum(&before)?)
}

#[cfg(test)]
mod tests {
    use candle_core::{Device, Var};

    use super::*;

    #[test]
    fn it_is_candles_pooling_with_a_gradient_at_the_largest() {
        for size in [(2, 3, 6, 8), (1, 2, 5, 7)] {
            compare(size);
        }
    }

    fn compare(size: (usize, usize, usize, usize)) {
        let x = Tensor::rand(0f32, 1., size, &Device::Cpu).unwrap();
        let padded = x.pad_with_zeros(2, 1, 1).unwrap().pad_with_zeros(3, 1, 1).unwrap();
        let theirs = padded.max_pool2d_with_stride(3, 2).unwrap();
        let x = Var::from_tensor(&x).unwrap();
        let ours = max_pool_3x3(&x).unwrap();
        let flat = |t: &Tensor| t.flatten_all().unwrap().to_vec1::<f32>().unwrap();
        assert_eq!((ours.dims(), flat(&ours)), (theirs.dims(), flat(&theirs)));
        let gradient = ours.sum_all().unwrap().backward().unwrap().remove(&x).unwrap();
        // Each output has one largest input; which may be the largest of several windows.
        assert_eq!(flat(&gradient).iter().sum::<f32>(), ours.elem_count() as f32);
        let weighed = flat(&(gradient * x.as_tensor()).unwrap()).iter().sum::<f32>();
        assert!((weighed - flat(&theirs).iter().sum::<f32>()).abs() < 1e-3);
    }
}
